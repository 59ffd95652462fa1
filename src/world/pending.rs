//! A player's inputs from their arrival to the tick that uses them.
//!
//! Owns their order, and that none is used twice.

use super::inbox::Arrived;
use downbeat_protocol::Seq;
use std::collections::VecDeque;

/// A player's inputs that wait to be used, one per tick, in the order of their
/// numbers.
#[derive(Debug)]
pub(super) struct Pending<I> {
    /// Ordered by number, all after `applied`.
    waiting: VecDeque<Arrived<I>>,
    /// The last one used.
    pub(super) applied: Seq,
}

/// What became of an input on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It waits.
    Waits,
    /// It was seen before, or a later one was already used.
    Duplicate,
}

impl<I> Pending<I> {
    /// Of a player whose last input used was this one.
    pub(super) const fn after(applied: Seq) -> Self {
        Self {
            waiting: VecDeque::new(),
            applied,
        }
    }

    /// Puts an input in its place.
    pub(super) fn arrive(&mut self, arrived: Arrived<I>) -> Arrival {
        if !arrived.seq.is_after(self.applied) {
            return Arrival::Duplicate;
        }
        // Nearly always the newest: look from the back.
        let place = self
            .waiting
            .iter()
            .rposition(|other| !other.seq.is_after(arrived.seq))
            .map_or(0, |before| before + 1);
        let is_known = place
            .checked_sub(1)
            .is_some_and(|i| self.waiting[i].seq == arrived.seq);
        if is_known {
            return Arrival::Duplicate;
        }
        self.waiting.insert(place, arrived);
        Arrival::Waits
    }

    /// Drops the oldest until at most `capacity` wait; says how many.
    pub(super) fn bound(&mut self, capacity: usize) -> u32 {
        let excess = self.waiting.len().saturating_sub(capacity);
        self.waiting.drain(..excess);
        excess as u32
    }

    /// The next one to use.
    pub(super) fn next(&mut self) -> Option<I> {
        let arrived = self.waiting.pop_front()?;
        self.applied = arrived.seq;
        Some(arrived.input)
    }

    /// How many wait.
    pub(super) fn len(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// Drops what waits; what was used stays used.
    pub(super) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::Tick;

    fn arrived(seq: u32) -> Arrived<u32> {
        Arrived {
            seq: Seq(seq),
            tick: Tick(0),
            input: seq,
        }
    }

    #[test]
    fn inputs_are_used_in_the_order_of_their_numbers() {
        let mut pending = Pending::after(Seq(0));
        for seq in [3, 1, 2] {
            assert_eq!(pending.arrive(arrived(seq)), Arrival::Waits);
        }
        assert_eq!(
            [pending.next(), pending.next(), pending.next()],
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(pending.next(), None);
    }

    #[test]
    fn what_was_seen_or_overtaken_is_a_duplicate() {
        let mut pending = Pending::after(Seq(0));
        pending.arrive(arrived(2));
        assert_eq!(
            pending.arrive(arrived(2)),
            Arrival::Duplicate,
            "waits already"
        );
        pending.next();
        assert_eq!(pending.arrive(arrived(2)), Arrival::Duplicate, "was used");
        assert_eq!(
            pending.arrive(arrived(1)),
            Arrival::Duplicate,
            "a later one was used"
        );
        assert_eq!(
            pending.arrive(arrived(0)),
            Arrival::Duplicate,
            "zero is before the first"
        );
    }

    #[test]
    fn the_oldest_goes_when_too_many_wait() {
        let mut pending = Pending::after(Seq(0));
        for seq in 1..=5 {
            pending.arrive(arrived(seq));
        }
        assert_eq!(pending.bound(3), 2);
        assert_eq!(pending.next(), Some(3));
    }

    #[test]
    fn numbers_may_wrap() {
        let mut pending = Pending {
            applied: Seq(u32::MAX - 1),
            ..Pending::after(Seq(0))
        };
        pending.arrive(arrived(0));
        pending.arrive(arrived(u32::MAX));
        assert_eq!([pending.next(), pending.next()], [Some(u32::MAX), Some(0)]);
    }
}
