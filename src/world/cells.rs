//! The room's entities by cell, and each cell's bytes, encoded once per tick.
//!
//! Owns the baselines: what was told at each level of slowness, advanced by the same
//! prediction that clients make. All who see a cell at one level hold the same, since
//! levels are told in phase; so a cell's delta for a level, and its keyframe, are
//! written at most once per snapshot, into one shared buffer, however many players see
//! it. When a level is not told, those who have it hear none the less who left and who
//! entered, which is the same for all of them: only *what changed* waits.

use super::pace::{Level, Weights};
use crate::game::{MAX_CELL, Scene};
use downbeat_protocol::codec::{EncodeError, FNV_START, fnv1a};
use downbeat_protocol::snapshot::{DeltaWriter, put_entities, write_keyframe};
use downbeat_protocol::{CellId, EntityId, Replicate};
use std::ops::Range;

/// All cells of a room.
#[derive(Debug)]
pub(super) struct Cells<E> {
    /// Indexed by the cell's number.
    table: Vec<Cell<E>>,
    /// Numbers of the cells that hold something now or held it at the baseline.
    active: Vec<u32>,
    /// The number of the snapshot in the making.
    snapshot: u32,
    bytes: Vec<u8>,
    writer: DeltaWriter,
    /// A list that is being put together.
    scratch: Vec<(EntityId, E)>,
}

/// Lists are ordered by id.
#[derive(Debug)]
struct Cell<E> {
    /// What is.
    truth: Vec<(EntityId, E)>,
    /// What those hold who see the cell at each level.
    lanes: [Lane<E>; Level::COUNT],
    is_active: bool,
    wants_keyframe: bool,
    /// Who left and who entered.
    members: Range<usize>,
    keyframe: Range<usize>,
    /// Over what is.
    sum: u32,
    weights: Weights,
}

/// A cell as those know it who see it at one level.
#[derive(Debug)]
struct Lane<E> {
    /// What was told last, advanced to now by prediction. Empty while nobody holds it.
    held: Vec<(EntityId, E)>,
    /// Somebody who holds it is told in this snapshot.
    is_wanted: bool,
    /// Somebody holds it after this snapshot.
    is_kept: bool,
    delta: Range<usize>,
    /// Over what is held after a snapshot that did not tell what changed.
    sum: u32,
}

impl<E> Default for Cell<E> {
    fn default() -> Self {
        Self {
            truth: Vec::new(),
            lanes: Default::default(),
            is_active: false,
            wants_keyframe: false,
            members: 0..0,
            keyframe: 0..0,
            sum: 0,
            weights: Weights::default(),
        }
    }
}

impl<E> Default for Lane<E> {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            is_wanted: false,
            is_kept: false,
            delta: 0..0,
            sum: 0,
        }
    }
}

impl<E: Replicate> Cells<E> {
    pub(super) fn new() -> Self {
        Self {
            table: Vec::new(),
            active: Vec::new(),
            snapshot: 0,
            bytes: Vec::new(),
            writer: DeltaWriter::default(),
            scratch: Vec::new(),
        }
    }

    /// Makes what was shown last the baseline of the next snapshot, `elapsed`
    /// ticks later, and forgets what is: the game shows it anew.
    pub(super) fn turn(&mut self, elapsed: u32, rules: &E::Rules) {
        self.snapshot = self.snapshot.wrapping_add(1);
        let table = &mut self.table;
        self.active.retain(|&number| {
            let Cell {
                truth,
                lanes,
                is_active,
                ..
            } = &mut table[number as usize];
            std::mem::swap(&mut lanes[0].held, truth);
            truth.clear();
            for (_, entity) in lanes.iter_mut().flat_map(|lane| &mut lane.held) {
                for _ in 0..elapsed {
                    entity.predict(rules);
                }
            }
            // Whoever is in a cell is in each of its lanes that is held.
            *is_active = !lanes[0].held.is_empty();
            *is_active
        });
    }

    /// Ends the showing: brings each cell into the order of ids.
    pub(super) fn settle(&mut self) {
        for &number in &self.active {
            let truth = &mut self.table[number as usize].truth;
            if !truth.is_sorted_by_key(|(id, _)| *id) {
                truth.sort_by_key(|(id, _)| *id);
            }
        }
    }

    /// The cells that hold something, or held it at the baseline.
    pub(super) fn occupied(&self) -> impl Iterator<Item = CellId> + '_ {
        self.active.iter().map(|number| CellId(*number))
    }

    /// Somebody is to see this cell at the level `wish`, and holds it at `held`, if at
    /// all. Notes what he needs, and says at which level he will hold it: a slower one
    /// only once that is told.
    pub(super) fn want(&mut self, cell: CellId, held: Option<Level>, wish: Level) -> Level {
        let told = Level::told(self.snapshot, cell);
        let keeps = match held {
            Some(held) if held > told => held,
            _ => wish.min(told),
        };
        if let Some(cell) = self.active_cell_mut(cell) {
            match held {
                None => cell.wants_keyframe = true,
                Some(held) => cell.lanes[held.index()].is_wanted = true,
            }
            cell.lanes[keeps.index()].is_kept = true;
        }
        keeps
    }

    /// Whether who holds the cell at this level is told what changed in this snapshot.
    pub(super) fn tells(&self, cell: CellId, held: Level) -> bool {
        held <= Level::told(self.snapshot, cell)
    }

    /// Encodes what is wanted, and the sums of those cells if `with_sums`.
    pub(super) fn encode(&mut self, with_sums: bool) -> Result<(), EncodeError> {
        let Self {
            table,
            active,
            snapshot,
            bytes,
            writer,
            scratch,
        } = self;
        bytes.clear();
        for &number in &*active {
            let told = Level::told(*snapshot, CellId(number));
            table[number as usize].encode(told, with_sums, bytes, writer, scratch)?;
        }
        Ok(())
    }

    /// Where the change lies for who holds the cell at this level; empty if nothing
    /// differs.
    pub(super) fn change(&self, cell: CellId, held: Option<Level>) -> Range<usize> {
        let Some(found) = self.active_cell(cell) else {
            return 0..0;
        };
        match held {
            None => found.keyframe.clone(),
            Some(held) if self.tells(cell, held) => found.lanes[held.index()].delta.clone(),
            Some(_) => found.members.clone(),
        }
    }

    /// What lies there.
    pub(super) fn bytes(&self, part: &Range<usize>) -> &[u8] {
        &self.bytes[part.clone()]
    }

    /// The sum of what those hold who hold the cell at this level after this snapshot,
    /// if anything is in it.
    pub(super) fn sum(&self, cell: CellId, keeps: Level) -> Option<u32> {
        let found = self.active_cell(cell)?;
        let sum = if self.tells(cell, keeps) {
            found.sum
        } else {
            found.lanes[keeps.index()].sum
        };
        (!found.truth.is_empty()).then_some(sum)
    }

    /// What telling this cell takes.
    pub(super) fn weights(&self, cell: CellId) -> Weights {
        self.active_cell(cell)
            .map_or_else(Weights::default, |cell| cell.weights)
    }

    /// Whether those who saw the last snapshot hold something of this cell.
    pub(super) fn was_shown(&self, cell: CellId) -> bool {
        self.active_cell(cell)
            .is_some_and(|cell| !cell.lanes[0].held.is_empty())
    }

    fn active_cell(&self, cell: CellId) -> Option<&Cell<E>> {
        // The ranges of an inactive cell are those of an earlier tick.
        let cell = self.table.get(cell.0 as usize);
        cell.filter(|cell| cell.is_active)
    }

    fn active_cell_mut(&mut self, cell: CellId) -> Option<&mut Cell<E>> {
        let cell = self.table.get_mut(cell.0 as usize);
        cell.filter(|cell| cell.is_active)
    }
}

impl<E: Replicate> Cell<E> {
    /// Writes what is wanted of this cell, for the levels up to `told`, and brings the
    /// slow lanes to what will be held.
    fn encode(
        &mut self,
        told: Level,
        with_sums: bool,
        bytes: &mut Vec<u8>,
        writer: &mut DeltaWriter,
        scratch: &mut Vec<(EntityId, E)>,
    ) -> Result<(), EncodeError> {
        let Self { truth, lanes, .. } = self;
        let wanted: [bool; Level::COUNT] =
            std::array::from_fn(|level| std::mem::take(&mut lanes[level].is_wanted));
        let wants_keyframe = std::mem::take(&mut self.wants_keyframe);
        let with_sums = with_sums && (wants_keyframe || wanted.contains(&true));

        for (lane, is_wanted) in lanes.iter_mut().zip(wanted).take(1 + told.index()) {
            let start = bytes.len();
            if is_wanted {
                writer.write(&lane.held, truth, bytes)?;
            }
            lane.delta = start..bytes.len();
        }
        let start = bytes.len();
        if wanted[1 + told.index()..].contains(&true) {
            writer.write_members(&lanes[0].held, truth, bytes)?;
        }
        self.members = start..bytes.len();
        let start = bytes.len();
        if wants_keyframe && !truth.is_empty() {
            write_keyframe(truth, bytes)?;
        }
        self.keyframe = start..bytes.len();
        if with_sums {
            self.sum = sum(truth, bytes)?;
        }
        let sent: [Option<usize>; Level::COUNT] = std::array::from_fn(|level| {
            let is_told = level <= told.index();
            let part = if is_told {
                &lanes[level].delta
            } else {
                &self.members
            };
            wanted[level].then_some(part.len())
        });
        self.weights.note(sent);

        for level in Level::SLOW {
            let Lane {
                held,
                is_kept,
                sum: its_sum,
                ..
            } = &mut lanes[level.index()];
            if !std::mem::take(is_kept) {
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

impl<E: Replicate> Scene<E> for Cells<E> {
    fn show_in(&mut self, cell: CellId, id: EntityId, entity: E) {
        let number = if cell.0 <= MAX_CELL {
            cell.0
        } else {
            CellId::EVERYWHERE.0
        };
        let index = number as usize;
        if index >= self.table.len() {
            self.table.resize_with(index + 1, Cell::default);
        }
        let cell = &mut self.table[index];
        if !cell.is_active {
            // Who was in it went, and so did its lanes.
            cell.is_active = true;
            self.active.push(number);
        }
        cell.truth.push((id, entity));
    }
}
