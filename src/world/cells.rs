//! The room's entities by cell, and each cell's bytes, encoded once per tick.
//!
//! Owns the baselines: what was told at each level of slowness, advanced by the same
//! prediction that clients make. All who see a cell at one level hold the same, since
//! levels are told in phase; so a cell's delta for a level, and its keyframe, are
//! written at most once per snapshot, into one shared buffer, however many players see
//! it. When a level is not told, those who have it hear none the less who left and who
//! entered, which is the same for all of them: only *what changed* waits.

use super::cell::Cell;
use super::note::Note;
use super::pace::{Level, Sight, Weights};
use crate::game::{MAX_CELL, Scene};
use downbeat_protocol::codec::EncodeError;
use downbeat_protocol::snapshot::DeltaWriter;
use downbeat_protocol::{CellId, EntityId, Replicate};
use std::ops::Range;

/// All cells of a room.
#[derive(Debug)]
pub(super) struct Cells<E> {
    /// Indexed by the cell's number.
    table: Vec<Cell<E>>,
    /// The same, apart from the lists: each player asks for a dozen of them twice per
    /// snapshot, and finds each in one line of the cache.
    notes: Vec<Note>,
    /// Numbers of the cells that hold something now or held it at the baseline.
    active: Vec<u32>,
    /// The number of the snapshot in the making.
    snapshot: u32,
    bytes: Vec<u8>,
    writer: DeltaWriter,
    /// A list that is being put together.
    scratch: Vec<(EntityId, E)>,
}

impl<E: Replicate> Cells<E> {
    pub(super) fn new() -> Self {
        Self {
            table: Vec::new(),
            notes: Vec::new(),
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
        let Self { table, notes, .. } = self;
        self.active.retain(|&number| {
            let (Some(cell), Some(note)) = (
                table.get_mut(number as usize),
                notes.get_mut(number as usize),
            ) else {
                return false;
            };
            note.is_active = cell.turn(elapsed, rules);
            note.was_shown = note.is_active;
            note.is_active
        });
    }

    /// Ends the showing: brings each cell into the order of ids.
    pub(super) fn settle(&mut self) {
        for &number in &self.active {
            self.table[number as usize].settle();
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
        if let Some(note) = self.note_mut(cell) {
            match held {
                None => note.wants_keyframe = true,
                Some(held) => note.is_wanted[held.index()] = true,
            }
            note.is_kept[keeps.index()] = true;
        }
        keeps
    }

    /// Somebody goes on seeing what he holds. Notes what he needs, unless telling it
    /// takes more than `budget` bytes, which it says; 0: no limit.
    pub(super) fn want_again(&mut self, view: &[Sight], budget: u32) -> bool {
        if budget != 0 {
            let bytes = view.iter().filter_map(|sight| {
                let note = self.note(sight.cell())?;
                Some(note.weights.at(sight.level))
            });
            if bytes.sum::<u32>() > budget {
                return false;
            }
        }
        for sight in view {
            if let Some(note) = self.note_mut(sight.cell()) {
                note.is_wanted[sight.level.index()] = true;
                note.is_kept[sight.level.index()] = true;
            }
        }
        true
    }

    /// Whether who holds the cell at this level is told what changed in this snapshot.
    pub(super) fn tells(&self, cell: CellId, held: Level) -> bool {
        held <= Level::told(self.snapshot, cell)
    }

    /// Encodes what is wanted, and the sums of those cells if `with_sums`.
    pub(super) fn encode(&mut self, with_sums: bool) -> Result<(), EncodeError> {
        let Self {
            table,
            notes,
            active,
            snapshot,
            bytes,
            writer,
            scratch,
        } = self;
        bytes.clear();
        for &number in &*active {
            let told = Level::told(*snapshot, CellId(number));
            let number = number as usize;
            let (cell, note) = (&mut table[number], &mut notes[number]);
            cell.encode(note, (told, with_sums), bytes, writer, scratch)?;
        }
        Ok(())
    }

    /// Where the change lies for who holds the cell at this level; empty if nothing
    /// differs.
    pub(super) fn change(&self, cell: CellId, held: Option<Level>) -> Range<usize> {
        let Some(note) = self.note(cell) else {
            return 0..0;
        };
        let part = match held {
            None => note.keyframe,
            Some(held) if self.tells(cell, held) => note.deltas[held.index()],
            Some(_) => note.members,
        };
        part.range()
    }

    /// What lies there.
    pub(super) fn bytes(&self, part: &Range<usize>) -> &[u8] {
        &self.bytes[part.clone()]
    }

    /// The sum of what those hold who hold the cell at this level after this snapshot,
    /// if anything is in it.
    pub(super) fn sum(&self, cell: CellId, keeps: Level) -> Option<u32> {
        self.note(cell)?;
        let found = self.table.get(cell.0 as usize)?;
        found.sum(keeps, self.tells(cell, keeps))
    }

    /// What telling this cell takes.
    pub(super) fn weights(&self, cell: CellId) -> Weights {
        self.note(cell)
            .map_or_else(Weights::default, |note| note.weights)
    }

    /// Whether those who saw the last snapshot hold something of this cell.
    pub(super) fn was_shown(&self, cell: CellId) -> bool {
        self.note(cell).is_some_and(|note| note.was_shown)
    }

    /// Of an active cell: what is noted of others is of an earlier tick.
    fn note(&self, cell: CellId) -> Option<&Note> {
        let note = self.notes.get(cell.0 as usize);
        note.filter(|note| note.is_active)
    }

    fn note_mut(&mut self, cell: CellId) -> Option<&mut Note> {
        let note = self.notes.get_mut(cell.0 as usize);
        note.filter(|note| note.is_active)
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
            self.notes.resize_with(index + 1, Note::default);
        }
        let note = &mut self.notes[index];
        if !note.is_active {
            // Who was in it went, and so did its lanes.
            note.is_active = true;
            note.was_shown = false;
            self.active.push(number);
        }
        self.table[index].show(id, entity);
    }
}
