//! Every byte that crosses the wire of a downbeat server, and nothing else.
//!
//! ```text
//!  client                                                        server
//!  ClientMessage ──── codec ────► bytes ────► codec ────► ClientMessage
//!  Mirror ◄── Snapshot ◄── codec ◄──── bytes ◄──── SnapshotWriter ◄── cells
//! ```
//!
//! The crate knows no socket, no clock and no async runtime: bytes go in, values
//! come out, so that a server, a bot, a test and a fuzzer use the same code.
//!
//! In reading order:
//!
//! * [`id`]: names for players, entities, cells, ticks and input sequences;
//! * [`codec`]: bytes ↔ values, with a limit on every decode;
//! * [`message`]: what a client and a server say to each other;
//! * [`reason`]: the ways a connection can end;
//! * [`replicate`] and [`fields`]: what makes a thing of a game fit for the wire;
//! * [`snapshot`]: what one player is told after one tick, and its writer;
//! * [`mirror`]: the client's copy of what it sees;
//! * [`arena`]: the types and the motion of the built-in game.

pub mod arena;
pub mod codec;
pub mod fields;
pub mod id;
pub mod message;
pub mod mirror;
pub mod reason;
pub mod replicate;
pub mod snapshot;

pub use id::{CellId, EntityId, PlayerId, Seq, Tick};
pub use message::{ClientMessage, ResumeToken, ServerMessage, Wire};
pub use mirror::Mirror;
pub use reason::Reason;
pub use replicate::{Change, NoDiff, Replicate};
pub use snapshot::{Pace, Snapshot};

/// The WebSocket subprotocol of this version (RFC 6455 section 1.9).
pub const SUBPROTOCOL: &str = "downbeat.v1";

/// The version in every hello. It changes when a message's layout does.
pub const PROTOCOL_VERSION: u16 = 1;
