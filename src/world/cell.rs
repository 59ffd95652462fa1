//! One cell: what is in it, and what those hold who see it.
//!
//! Owns the lists and what is written of them: a change for each level, who left and who
//! entered, a keyframe. Which of them anybody wants is in the cell's [`Note`]; called by
//! the room's [`Cells`](super::cells).

use super::note::Note;
use super::pace::Level;
use downbeat_protocol::codec::{EncodeError, FNV_START, fnv1a};
use downbeat_protocol::snapshot::{DeltaWriter, put_entities, write_keyframe};
use downbeat_protocol::{EntityId, Replicate};

/// A list's memory is never too much up to so many entities.
const KEPT: usize = 4;

/// Lists are ordered by id.
#[derive(Debug)]
pub(super) struct Cell<E> {
    /// What is.
    truth: Vec<(EntityId, E)>,
    /// What those hold who see the cell at each level.
    lanes: [Lane<E>; Level::COUNT],
    /// Over what is.
    sum: u32,
}

/// A cell as those know it who see it at one level.
#[derive(Debug)]
struct Lane<E> {
    /// What was told last, advanced to now by prediction. Empty while nobody holds it.
    held: Vec<(EntityId, E)>,
    /// Over what is held after a snapshot that did not tell what changed.
    sum: u32,
}

impl<E> Default for Cell<E> {
    fn default() -> Self {
        Self {
            truth: Vec::new(),
            lanes: Default::default(),
            sum: 0,
        }
    }
}

impl<E> Default for Lane<E> {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            sum: 0,
        }
    }
}

impl<E: Replicate> Cell<E> {
    /// Adds to what is; forgotten with the next turn.
    pub(super) fn show(&mut self, id: EntityId, entity: E) {
        self.truth.push((id, entity));
    }

    /// Brings what is into the order of ids.
    pub(super) fn settle(&mut self) {
        if !self.truth.is_sorted_by_key(|(id, _)| *id) {
            self.truth.sort_by_key(|(id, _)| *id);
        }
    }

    /// Makes what is the baseline of the next snapshot, `elapsed` ticks later. Whether
    /// that holds anything.
    pub(super) fn turn(&mut self, elapsed: u32, rules: &E::Rules) -> bool {
        let Self { truth, lanes, .. } = self;
        std::mem::swap(&mut lanes[0].held, truth);
        // Or each cell keeps the memory of the greatest crowd that ever met in it.
        truth.shrink_to((4 * truth.len()).max(KEPT));
        truth.clear();
        for (_, entity) in lanes.iter_mut().flat_map(|lane| &mut lane.held) {
            for _ in 0..elapsed {
                entity.predict(rules);
            }
        }
        // Whoever is in a cell is in each of its lanes that is held.
        !lanes[0].held.is_empty()
    }

    /// The sum of what those hold who hold the cell at the level `keeps` after this
    /// snapshot, which tells them what changed or not; `None` if nothing is in it.
    pub(super) fn sum(&self, keeps: Level, is_told: bool) -> Option<u32> {
        let sum = if is_told {
            self.sum
        } else {
            self.lanes[keeps.index()].sum
        };
        (!self.truth.is_empty()).then_some(sum)
    }

    /// Writes what is wanted of this cell, for the levels up to `told`, and brings the
    /// slow lanes to what will be held.
    pub(super) fn encode(
        &mut self,
        note: &mut Note,
        (told, with_sums): (Level, bool),
        bytes: &mut Vec<u8>,
        writer: &mut DeltaWriter,
        scratch: &mut Vec<(EntityId, E)>,
    ) -> Result<(), EncodeError> {
        let Self { truth, lanes, .. } = self;
        let wanted = std::mem::take(&mut note.is_wanted);
        let kept = std::mem::take(&mut note.is_kept);
        let wants_keyframe = std::mem::take(&mut note.wants_keyframe);
        let with_sums = with_sums && (wants_keyframe || wanted.contains(&true));

        for level in 0..=told.index() {
            let start = bytes.len();
            if wanted[level] {
                writer.write(&lanes[level].held, truth, bytes)?;
            }
            note.deltas[level] = (start..bytes.len()).into();
        }
        let start = bytes.len();
        if wanted[1 + told.index()..].contains(&true) {
            writer.write_members(&lanes[0].held, truth, bytes)?;
        }
        note.members = (start..bytes.len()).into();
        let start = bytes.len();
        if wants_keyframe && !truth.is_empty() {
            write_keyframe(truth, bytes)?;
        }
        note.keyframe = (start..bytes.len()).into();
        if with_sums {
            self.sum = sum(truth, bytes)?;
        }
        let sent: [Option<usize>; Level::COUNT] = std::array::from_fn(|level| {
            let is_told = level <= told.index();
            let part = if is_told {
                note.deltas[level]
            } else {
                note.members
            };
            wanted[level].then_some(part.len())
        });
        note.weights.note(sent);

        for level in Level::SLOW {
            let Lane {
                held, sum: its_sum, ..
            } = &mut lanes[level.index()];
            if !kept[level.index()] {
                held.clear();
            } else if level <= told {
                held.clone_from(truth);
            } else {
                follow(held, truth, scratch);
                if with_sums {
                    *its_sum = sum(held, bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// Makes `held` hold who is in `truth`: whoever stays is as he was held.
fn follow<E: Clone>(
    held: &mut Vec<(EntityId, E)>,
    truth: &[(EntityId, E)],
    scratch: &mut Vec<(EntityId, E)>,
) {
    let mut old = held.drain(..).peekable();
    scratch.clear();
    for (id, entity) in truth {
        while old.next_if(|(other, _)| other < id).is_some() {}
        let same = old.next_if(|(other, _)| other == id);
        scratch.push(same.unwrap_or_else(|| (*id, entity.clone())));
    }
    drop(old);
    std::mem::swap(held, scratch);
}

/// A cell's own sum; `bytes` is as before afterwards.
fn sum<E: Replicate>(entities: &[(EntityId, E)], bytes: &mut Vec<u8>) -> Result<u32, EncodeError> {
    let start = bytes.len();
    put_entities(entities, bytes)?;
    let sum = fnv1a(FNV_START, &bytes[start..]);
    bytes.truncate(start);
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::NoDiff;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Dot;

    impl Replicate for Dot {
        type Rules = ();
        type Diff = NoDiff;
    }

    #[test]
    fn what_a_crowd_needed_is_given_back_when_it_has_gone() {
        let mut cell = Cell::default();
        let mut show = |count| {
            cell.turn(1, &());
            for id in 0..count {
                cell.show(EntityId(id), Dot);
            }
            cell.truth.capacity() + cell.lanes[0].held.capacity()
        };
        assert!(show(100) >= 100);
        assert!(show(100) >= 200, "what is, and what was told");
        for _ in 0..4 {
            show(1);
        }
        assert!(show(1) <= 2 * KEPT);
    }
}
