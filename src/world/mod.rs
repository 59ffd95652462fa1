//! One room: its game, its members and the tick.

mod cells;
mod core;
mod drain;
mod inbox;
mod link;
mod member;
mod outlet;
mod snapshot;
mod watch;

pub use core::{Core, CoreConfig, Observer, Phase, Tally};
pub use inbox::Arrived;
pub use link::{LinkLimits, MemberLink, OutgoingStream, SessionLink, link};
pub use member::Join;
pub use outlet::{End, Outgoing};

#[cfg(test)]
mod puppet;
#[cfg(test)]
mod tests;
