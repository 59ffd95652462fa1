//! What is wanted of a cell in the snapshot in the making, and where it lies.
//!
//! Kept apart from the cell's lists by [`cells`](super::cells): each player asks for a
//! dozen notes twice per snapshot, and finds each in a line or two of the cache.

use super::pace::{Level, Weights};
use std::ops::Range;

/// What is wanted of a cell in this snapshot, and where it lies.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    /// The cell holds something now, or held it at the baseline.
    pub(super) is_active: bool,
    /// Those who saw the last snapshot hold something of it.
    pub(super) was_shown: bool,
    pub(super) wants_keyframe: bool,
    /// Somebody who holds it at this level is told in this snapshot.
    pub(super) is_wanted: [bool; Level::COUNT],
    /// Somebody holds it at this level after this snapshot.
    pub(super) is_kept: [bool; Level::COUNT],
    pub(super) weights: Weights,
    pub(super) deltas: [Part; Level::COUNT],
    /// Who left and who entered.
    pub(super) members: Part,
    pub(super) keyframe: Part,
}

/// A piece of the shared buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    start: u32,
    end: u32,
}

impl Part {
    pub(super) const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl From<Range<usize>> for Part {
    fn from(Range { start, end }: Range<usize>) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }
}
