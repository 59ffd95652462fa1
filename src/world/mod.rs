//! One room: its game, its members and the tick.

mod inbox;
mod link;
mod outlet;

pub use inbox::{Arrived, Mail};
pub use link::{LinkLimits, MemberLink, OutgoingStream, SessionLink, link};
pub use outlet::{End, Outgoing};
