//! One room: its game, its members and the tick.
//!
//! ```text
//!  session ──SessionLink──► inbox ─┐                      ┌─► posts ──batch──► thread of sockets
//!                                  │                      ├─► outlet ──SessionLink──► session
//!                                  ▼                      │
//!  metronome ──beat──► actor ──► core: drain, journal, step, view, encode, send, watch
//! ```
//!
//! `core` and what it is made of know no actix, no clock and no socket; `actor` is a
//! thin shell that has them.

mod actor;
mod backlog;
mod board;
mod cell;
mod cells;
mod clock;
mod core;
mod drain;
mod inbox;
mod link;
mod member;
mod meters;
mod note;
mod observe;
mod outlet;
mod overload;
mod oversight;
mod pace;
mod parting;
mod pending;
mod posts;
mod save;
mod snapshot;
mod told;
mod watch;

pub use actor::{Admit, Close, Room, Surroundings, Vacant, World};
pub use board::{RoomBoard, RoomPosting, RoomStatus};
pub use clock::{Beat, CATCH_UP, Due, Metronome, Schedule};
pub use core::{Core, CoreConfig};
pub use inbox::{Arrived, Mail};
pub use link::{LinkLimits, MemberLink, OutgoingStream, SessionLink, link};
pub use member::{Join, Role};
pub use observe::{Observer, Phase, Tally};
pub use outlet::{End, Outgoing, Ring};
pub use overload::Step;
pub use oversight::{Evict, Inspect, Inspection, MemberStatus, Whom};
pub use parting::{Part, Parted};
pub use save::{BadSave, Misfit, NotSaved, SAVE_LIMIT, Saved, Stamp};

#[cfg(test)]
mod puppet;
#[cfg(test)]
mod tests;
