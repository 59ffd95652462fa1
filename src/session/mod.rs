//! One connection: from the upgrade to its one reason to end.
//!
//! ```text
//!  upgrade ──► driver ◄──► socket ◄── frames        bytes, judged by their headers
//!                 ▲ │         │
//!                 │ ▼         ▼
//!               actor ◄──── message                 whole messages
//!                 │ ▲
//!                 ▼ │
//!              conduct ◄─── inbound                 what a message means and leads to
//!                 │ ▲
//!                 ▼ │
//!             SessionLink                           the room
//! ```
//!
//! * `upgrade`: may this peer enter, and the handshake;
//! * `driver`: writes, waits, cuts; owns the end of the socket's life;
//! * `socket` and `frames`: reads no more than one judged frame at a time;
//! * `io`: its bytes, encrypted or not;
//! * `actor`: the actor of one socket, a thin shell, and the only file that names
//!   `actix_web_actors`;
//! * `message`, `inbound`, `conduct`: sans-IO, time is an argument;
//! * `line`: what driver and actor share: room to write, and the one reason.
//!
//! Refuses to hold more for a peer than its limits say, and to leave a connection
//! without an owner: everything a connection has is dropped with its driver.

mod actor;
mod conduct;
mod driver;
mod frames;
mod inbound;
mod io;
mod line;
mod message;
mod socket;
mod upgrade;

pub use io::Io;
pub use upgrade::{Entrance, upgrade};
