//! Names for what is counted: players, entities, cells, ticks, input sequences.
//!
//! Owns the arithmetic of numbers that wrap. [`Tick`] and [`Seq`] count up for
//! ever and come round to zero after 2³² steps (4.5 years at 30 Hz), so they have
//! no total order: compare them with `is_after`, which is right as long as the
//! two are less than 2³¹ apart (RFC 1982, serial number arithmetic).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub u32);

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

macro_rules! serial {
    ($(#[$doc:meta])* $type:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub u32);

        impl $type {
            /// The one that follows; after `u32::MAX` comes 0.
            #[must_use]
            pub const fn next(self) -> Self {
                self.plus(1)
            }

            /// The one that comes `steps` later.
            #[must_use]
            pub const fn plus(self, steps: u32) -> Self {
                Self(self.0.wrapping_add(steps))
            }

            /// The one that came `steps` earlier.
            #[must_use]
            pub const fn minus(self, steps: u32) -> Self {
                Self(self.0.wrapping_sub(steps))
            }

            /// How many steps lead from `earlier` to this one.
            #[must_use]
            pub const fn since(self, earlier: Self) -> u32 {
                self.0.wrapping_sub(earlier.0)
            }

            /// Whether this one comes after `other` (RFC 1982: within 2³¹ steps).
            #[must_use]
            pub const fn is_after(self, other: Self) -> bool {
                let steps = self.since(other);
                steps != 0 && steps < 1 << 31
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

name! {
    /// A player of a room. Unique within the room for the room's whole life;
    /// 0 is nobody.
    PlayerId, "p"
}
name! {
    /// One thing that clients see. Unique among the things that exist now; the
    /// game gives it and decides when a number may come round again.
    EntityId, "e"
}
name! {
    /// A part of the game's world, the unit of interest. The game numbers its
    /// cells as it likes, from 1 and without large gaps (the server indexes by
    /// the number); [`CellId::EVERYWHERE`] is seen by every player.
    CellId, "c"
}
serial! {
    /// A fixed step of a room, the server's only notion of time inside it.
    Tick, "t"
}
serial! {
    /// The number of an input of one player, counted by the client from 1.
    Seq, "#"
}

impl CellId {
    /// The cell that every player sees, wherever he is.
    pub const EVERYWHERE: Self = Self(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_holds_across_the_wrap() {
        for (a, b, after) in [
            (1, 0, true),
            (0, 1, false),
            (0, 0, false),
            (0, u32::MAX, true),
            (u32::MAX, 0, false),
            (5, u32::MAX - 5, true),
            (1 << 31, 0, false),
            ((1 << 31) - 1, 0, true),
        ] {
            assert_eq!(Tick(a).is_after(Tick(b)), after, "{a} after {b}");
            assert_eq!(Seq(a).is_after(Seq(b)), after, "{a} after {b}");
        }
    }

    #[test]
    fn distance_and_steps_agree_across_the_wrap() {
        let start = Tick(u32::MAX - 2);
        assert_eq!(start.plus(5), Tick(2));
        assert_eq!(start.plus(5).since(start), 5);
        assert_eq!(Tick(2).minus(5), start);
        assert_eq!(Tick(u32::MAX).next(), Tick(0));
    }
}
