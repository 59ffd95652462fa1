//! The room's entities by cell, and each cell's bytes, encoded once per tick.
//!
//! Owns the baseline: what was shown at the last snapshot, advanced by the same
//! prediction that clients make. A cell's delta and keyframe are written at most
//! once per snapshot, into one shared buffer, however many players see it.

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
    bytes: Vec<u8>,
    writer: DeltaWriter,
}

#[derive(Debug)]
struct Cell<E> {
    /// What was shown last, advanced to now by prediction; ordered by id.
    predicted: Vec<(EntityId, E)>,
    /// What is; ordered by id.
    truth: Vec<(EntityId, E)>,
    is_active: bool,
    wants: Wants,
    delta: Range<usize>,
    keyframe: Range<usize>,
    sum: u32,
}

/// What somebody needs of a cell in this tick.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    delta: bool,
    keyframe: bool,
}

impl<E> Default for Cell<E> {
    fn default() -> Self {
        Self {
            predicted: Vec::new(),
            truth: Vec::new(),
            is_active: false,
            wants: Wants::default(),
            delta: 0..0,
            keyframe: 0..0,
            sum: 0,
        }
    }
}

impl<E: Replicate> Cells<E> {
    pub(super) fn new() -> Self {
        Self {
            table: Vec::new(),
            active: Vec::new(),
            bytes: Vec::new(),
            writer: DeltaWriter::default(),
        }
    }

    /// Makes what was shown last the baseline of the next snapshot, `elapsed`
    /// ticks later, and forgets what is: the game shows it anew.
    pub(super) fn turn(&mut self, elapsed: u32, rules: &E::Rules) {
        let table = &mut self.table;
        self.active.retain(|&number| {
            let cell = &mut table[number as usize];
            std::mem::swap(&mut cell.predicted, &mut cell.truth);
            cell.truth.clear();
            for (_, entity) in &mut cell.predicted {
                for _ in 0..elapsed {
                    entity.predict(rules);
                }
            }
            cell.is_active = !cell.predicted.is_empty();
            cell.is_active
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

    /// Somebody has the baseline of this cell and needs what differs.
    pub(super) fn want_delta(&mut self, cell: CellId) {
        if let Some(cell) = self.table.get_mut(cell.0 as usize) {
            cell.wants.delta = true;
        }
    }

    /// Somebody needs everything in this cell.
    pub(super) fn want_keyframe(&mut self, cell: CellId) {
        if let Some(cell) = self.table.get_mut(cell.0 as usize) {
            cell.wants.keyframe = true;
        }
    }

    /// Encodes what is wanted, and the sums of those cells if `with_sums`.
    pub(super) fn encode(&mut self, with_sums: bool) -> Result<(), EncodeError> {
        let Self {
            table,
            active,
            bytes,
            writer,
        } = self;
        bytes.clear();
        for &number in &*active {
            let cell = &mut table[number as usize];
            let wants = std::mem::take(&mut cell.wants);
            let start = bytes.len();
            if wants.delta {
                writer.write(&cell.predicted, &cell.truth, bytes)?;
            }
            let middle = bytes.len();
            if wants.keyframe && !cell.truth.is_empty() {
                write_keyframe(&cell.truth, bytes)?;
            }
            cell.delta = start..middle;
            cell.keyframe = middle..bytes.len();
            if with_sums && (wants.delta || wants.keyframe) && !cell.truth.is_empty() {
                let end = bytes.len();
                put_entities(&cell.truth, bytes)?;
                cell.sum = fnv1a(FNV_START, &bytes[end..]);
                bytes.truncate(end);
            }
        }
        Ok(())
    }

    /// Where the encoded delta lies; empty if nothing differs.
    pub(super) fn delta(&self, cell: CellId) -> Range<usize> {
        self.active_cell(cell)
            .map_or(0..0, |cell| cell.delta.clone())
    }

    /// Where the encoded keyframe lies; empty if the cell is.
    pub(super) fn keyframe(&self, cell: CellId) -> Range<usize> {
        self.active_cell(cell)
            .map_or(0..0, |cell| cell.keyframe.clone())
    }

    /// What lies there.
    pub(super) fn bytes(&self, part: &Range<usize>) -> &[u8] {
        &self.bytes[part.clone()]
    }

    /// The sum of what is in the cell, if anything is.
    pub(super) fn sum(&self, cell: CellId) -> Option<u32> {
        self.active_cell(cell)
            .filter(|cell| !cell.truth.is_empty())
            .map(|cell| cell.sum)
    }

    /// Whether those who saw the last snapshot hold something of this cell.
    pub(super) fn was_shown(&self, cell: CellId) -> bool {
        self.active_cell(cell)
            .is_some_and(|cell| !cell.predicted.is_empty())
    }

    fn active_cell(&self, cell: CellId) -> Option<&Cell<E>> {
        // The ranges of an inactive cell are those of an earlier tick.
        self.table
            .get(cell.0 as usize)
            .filter(|cell| cell.is_active)
    }
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
            // What lay here was cleared when the cell went out of use.
            cell.is_active = true;
            cell.predicted.clear();
            self.active.push(number);
        }
        cell.truth.push((id, entity));
    }
}
