//! One room: its game, its members and the tick.

mod board;
mod inbox;
mod link;
mod outlet;

pub use board::{RoomBoard, RoomPosting, RoomStatus};
pub use inbox::Arrived;
pub use link::{LinkLimits, MemberLink, OutgoingStream, SessionLink, link};
pub use outlet::{End, Outgoing};
