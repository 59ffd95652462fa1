//! What one player is told after one tick, and how it is written.
//!
//! A WebSocket is ordered and reliable, so a snapshot says what changed since the
//! one before it **to this player**. A cell's part is the same for all who see it:
//! the server encodes it once and copies it. [`Snapshot`] is the layout for
//! readers; the functions below write the same bytes from parts, and a test holds
//! the two together.
//!
//! | field | bytes | meaning |
//! |---|---|---|
//! | elapsed | varint | ticks since the previous snapshot (first: since the welcome's tick) |
//! | applied | varint | inputs applied since then: adds to the last applied sequence |
//! | waiting | varint | inputs that wait at the server now |
//! | pace | 0, or 1 and two varints | how often the player is told from now on, if it changed: ticks, step |
//! | own | 0, or 1 and the value | the player's own part, if it changed |
//! | checksum | 0, or 1 and a varint | what [`Mirror::checksum`](crate::Mirror::checksum) must give after this snapshot |
//! | reset | 0 or 1 | 1: forget all entities first, and do not predict |
//! | hidden | length, varint each | cells that are out of sight now: forget their entities. First the id, then differences |
//! | cells | length, each a varint and a change | the id (first) or the difference to the one before, then the change |
//!
//! A change is one of
//!
//! | change | bytes | meaning |
//! |---|---|---|
//! | 0 delta | left: length, varint each | indices into the cell's list (ordered by entity id) of those that are gone or elsewhere. First the index, then differences |
//! | | changed: length, each a varint and a difference | indices into what remains, likewise, and how each differs from its prediction |
//! | | entered: length, each a varint and an entity | the id (first) or the difference to the one before, and the entity |
//! | 1 keyframe | length, each a varint and an entity | replaces the cell's whole list; as entered |
//!
//! Before a change is applied, the reader advances **every** entity it holds by
//! `elapsed` predictions (unless `reset`).
//!
//! A cell may be told in full only at every second or fourth snapshot. Who is in it
//! is told each time none the less: a delta in between has nothing in `changed`.

use crate::codec::{EncodeError, encode_to, put_u32};
use crate::id::{CellId, EntityId};
use crate::replicate::{Change, Replicate};
use serde::{Deserialize, Serialize};

/// A snapshot as a reader gets it. `E` is the game's entity, `O` its own part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "E: Replicate, O: Serialize",
    deserialize = "E: Replicate, O: serde::de::DeserializeOwned"
))]
pub struct Snapshot<E: Replicate, O> {
    /// Ticks since the previous snapshot to this client.
    pub elapsed: u32,
    /// By how much the last applied input sequence went on: the inputs whose effect
    /// the reader now sees.
    pub applied: u32,
    /// Inputs waiting at the server, for a client to steer its clock by.
    pub waiting: u32,
    /// How often the client is told from now on, if it changed.
    pub pace: Option<Pace>,
    /// The player's own part, if it changed.
    pub own: Option<O>,
    /// The checksum of what the client now sees, every now and then.
    pub checksum: Option<u32>,
    /// Whether the client forgets everything first.
    pub reset: bool,
    /// Cells out of sight, as differences.
    pub hidden: Vec<u32>,
    /// Changes of cells in sight, cell ids as differences.
    pub cells: Vec<(u32, CellChange<E>)>,
}

/// A [`Snapshot`] up to its cells, for a reader that takes the cells one by one: so
/// many pairs of a difference and a [`CellChange`] follow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Head<O> {
    /// See [`Snapshot::elapsed`].
    pub elapsed: u32,
    /// See [`Snapshot::applied`].
    pub applied: u32,
    /// See [`Snapshot::waiting`].
    pub waiting: u32,
    /// See [`Snapshot::pace`].
    pub pace: Option<Pace>,
    /// See [`Snapshot::own`].
    pub own: Option<O>,
    /// See [`Snapshot::checksum`].
    pub checksum: Option<u32>,
    /// See [`Snapshot::reset`].
    pub reset: bool,
    /// See [`Snapshot::hidden`].
    pub hidden: Vec<u32>,
    /// How many changes follow.
    pub cells: u32,
}

/// How often a client is told what it sees. Until the first one: every snapshot, and
/// no overload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Ticks from one telling of a cell in sight to the next, for the cell that is
    /// told least often; at least 1. A client that shows things smoothly stays so
    /// far behind.
    pub ticks: u32,
    /// How far the room has degraded under overload: 0 not at all, 1 far cells are
    /// told less often, 2 snapshots come half as often, 3 less is in sight, 4 nobody
    /// new comes in. Each step holds those before it.
    pub step: u32,
}

/// The change of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "E: Replicate")]
pub enum CellChange<E: Replicate> {
    /// Against what the reader holds.
    Delta {
        /// Indices of those that are gone, as differences.
        left: Vec<u32>,
        /// Indices among the remaining ones, as differences, and how they differ.
        changed: Vec<(u32, E::Diff)>,
        /// Ids as differences, and the new ones.
        entered: Vec<(u32, E)>,
    },
    /// Everything in the cell: ids as differences, and the entities.
    Keyframe(Vec<(u32, E)>),
}

/// The part of a snapshot that is the player's alone.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a, O> {
    /// See [`Snapshot::elapsed`].
    pub elapsed: u32,
    /// See [`Snapshot::applied`].
    pub applied: u32,
    /// See [`Snapshot::waiting`].
    pub waiting: u32,
    /// See [`Snapshot::pace`].
    pub pace: Option<Pace>,
    /// See [`Snapshot::own`].
    pub own: Option<&'a O>,
    /// See [`Snapshot::checksum`].
    pub checksum: Option<u32>,
    /// See [`Snapshot::reset`].
    pub reset: bool,
}

/// The first byte of a `ServerMessage::Snapshot`: its variant's number.
pub const SNAPSHOT: u8 = 1;

/// Appends a whole `ServerMessage::Snapshot` made of a header, the hidden cells
/// and changes already encoded by [`DeltaWriter::write`] or [`write_keyframe`].
/// Cells must come in ascending order.
///
/// # Errors
/// [`EncodeError`] if the own part cannot be encoded.
pub fn write_snapshot<'a, O: Serialize>(
    header: Header<'_, O>,
    hidden: &[CellId],
    cells: impl ExactSizeIterator<Item = (CellId, &'a [u8])>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    out.push(SNAPSHOT);
    put_u32(header.elapsed, out);
    put_u32(header.applied, out);
    put_u32(header.waiting, out);
    encode_to(&header.pace, out)?;
    encode_to(&header.own, out)?;
    encode_to(&header.checksum, out)?;
    out.push(u8::from(header.reset));

    let mut gap = Gap::default();
    put_len(hidden.len(), out);
    for cell in hidden {
        put_u32(gap.to(cell.0), out);
    }

    let mut gap = Gap::default();
    put_len(cells.len(), out);
    for (cell, change) in cells {
        put_u32(gap.to(cell.0), out);
        out.extend_from_slice(change);
    }
    Ok(())
}

/// Appends a [`CellChange::Keyframe`] of `entities`, which are ordered by id.
///
/// # Errors
/// [`EncodeError`] if an entity cannot be encoded.
pub fn write_keyframe<E: Replicate>(
    entities: &[(EntityId, E)],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    out.push(1);
    put_entities(entities, out)
}

/// Appends a list of entities: its length, then id differences and entities.
/// It is also what a cell's checksum is taken over.
///
/// # Errors
/// [`EncodeError`] if an entity cannot be encoded.
pub fn put_entities<E: Replicate>(
    entities: &[(EntityId, E)],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut gap = Gap::default();
    put_len(entities.len(), out);
    for (id, entity) in entities {
        put_u32(gap.to(id.0), out);
        encode_to(entity, out)?;
    }
    Ok(())
}

/// Writes [`CellChange::Delta`]s. Keeps its buffers, so that writing allocates
/// nothing once they have grown.
#[derive(Debug, Default)]
pub struct DeltaWriter {
    left: Part,
    changed: Part,
    entered: Part,
}

impl DeltaWriter {
    /// Appends the delta that leads from `predicted` (the reader's list, advanced)
    /// to `truth`, both ordered by id. Appends nothing and returns `false` if
    /// there is no difference.
    ///
    /// # Errors
    /// [`EncodeError`] if an entity or a difference cannot be encoded.
    pub fn write<E: Replicate>(
        &mut self,
        predicted: &[(EntityId, E)],
        truth: &[(EntityId, E)],
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        self.write_by(E::diff, predicted, truth, out)
    }

    /// The same without what changed: only who left and who entered.
    ///
    /// # Errors
    /// [`EncodeError`] if an entity cannot be encoded.
    pub fn write_members<E: Replicate>(
        &mut self,
        predicted: &[(EntityId, E)],
        truth: &[(EntityId, E)],
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        self.write_by(|_, _| Change::None, predicted, truth, out)
    }

    fn write_by<E: Replicate>(
        &mut self,
        diff: impl Fn(&E, &E) -> Change<E::Diff>,
        predicted: &[(EntityId, E)],
        truth: &[(EntityId, E)],
        out: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        let Self {
            left,
            changed,
            entered,
        } = self;
        left.clear();
        changed.clear();
        entered.clear();

        let mut new = truth.iter().peekable();
        let mut remaining = 0;
        for (index, (id, old)) in (0u32..).zip(predicted) {
            while let Some((id, entity)) = new.next_if(|(new_id, _)| new_id < id) {
                entered.item(id.0, entity)?;
            }
            match new.next_if(|(new_id, _)| new_id == id) {
                None => left.index(index),
                Some((_, entity)) => match diff(entity, old) {
                    Change::None => remaining += 1,
                    Change::Diff(diff) => {
                        changed.item(remaining, &diff)?;
                        remaining += 1;
                    }
                    Change::Replace => {
                        left.index(index);
                        entered.item(id.0, entity)?;
                    }
                },
            }
        }
        for (id, entity) in new {
            entered.item(id.0, entity)?;
        }

        let any = left.count + changed.count + entered.count > 0;
        if any {
            out.push(0);
            for part in [left, changed, entered] {
                put_u32(part.count, out);
                out.extend_from_slice(&part.bytes);
            }
        }
        Ok(any)
    }
}

/// One list of a delta while it is being written.
#[derive(Debug, Default)]
struct Part {
    count: u32,
    gap: Gap,
    bytes: Vec<u8>,
}

impl Part {
    fn clear(&mut self) {
        self.count = 0;
        self.gap = Gap::default();
        self.bytes.clear();
    }

    fn index(&mut self, number: u32) {
        self.count += 1;
        put_u32(self.gap.to(number), &mut self.bytes);
    }

    fn item<T: Serialize>(&mut self, number: u32, item: &T) -> Result<(), EncodeError> {
        self.index(number);
        encode_to(item, &mut self.bytes)
    }
}

/// Ascending numbers as the first one and then differences.
#[derive(Debug, Default)]
pub struct Gap(Option<u32>);

impl Gap {
    /// The difference that leads to `number`.
    fn to(&mut self, number: u32) -> u32 {
        number - self.0.replace(number).unwrap_or(0)
    }

    /// The number a difference leads to; `None` if it does not ascend.
    #[must_use]
    pub fn follow(&mut self, gap: u32) -> Option<u32> {
        let number = match self.0 {
            None => gap,
            Some(_) if gap == 0 => return None,
            Some(last) => last.checked_add(gap)?,
        };
        self.0 = Some(number);
        Some(number)
    }
}

fn put_len(len: usize, out: &mut Vec<u8>) {
    // More than 2³² items cannot exist: ids are 32 bits and unique.
    put_u32(u32::try_from(len).unwrap_or(u32::MAX), out);
}
