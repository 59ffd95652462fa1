//! One WebSocket connection (RFC 6455), below whatever is said over it.
//!
//! ```text
//!  handshake ──► driver ◄──► socket ◄── frames ◄── utf8    bytes, judged by their headers
//!                  ▲ │        │ ▲ ▲
//!                  │ ▼        ▼ │ └──► lane                inputs and snapshots
//!                 actor ◄─ message └── hub                 whole messages
//! ```
//!
//! * `handshake`: the HTTP side, and refusing;
//! * `connection`: everything one connection has, put together;
//! * `driver`: writes, waits, cuts; owns the end of the socket's life;
//! * `hub`: all connections of a thread, looked at in turns;
//! * `lane`: the two frames of every tick, which need no actor;
//! * `outbox`: what is to be written;
//! * `io`, `tcp`: its bytes, encrypted or not, and where they come from;
//! * `socket`, `frames`, `utf8`: read no more than one judged frame at a time;
//! * `context`: what an actor is here, and the only file that names
//!   `actix_web_actors`;
//! * `message`: puts frames together to whole messages;
//! * `line`: what driver and actor share: room to write, and the one reason.
//!
//! There is no game in it: a session and `examples/echo.rs`, at which a conformance
//! suite can be pointed, are two actors over the same layer. It refuses to hold more
//! for a peer than its limits say, and to leave a connection without an owner:
//! everything a connection has is dropped with its driver.

mod connection;
mod context;
mod driver;
mod frames;
mod handshake;
mod hub;
mod io;
mod lane;
mod line;
mod message;
mod outbox;
mod socket;
mod tcp;
mod utf8;

pub use connection::{Limits, Raw, bound_kernel, open};
pub use context::{Context, outlet};
pub use driver::Counted;
pub use frames::{Scan, Scanner, Texts};
pub use handshake::{Refusal, accept, check, refuse};
pub use hub::Hub;
pub use io::Io;
pub use lane::Lane;
pub use line::Line;
pub use message::{Assembler, Whole, close, close_answer};
pub use socket::Inlet;
pub use tcp::Tcp;
