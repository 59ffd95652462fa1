//! A snapshot, taken apart: who left, entered and changed, and what it cost.
//!
//! Owns the steps of docs/protocol.md, "Reading snapshots", done slowly: indices
//! become ids, differences become old and new values. The mirror then applies the
//! whole as every client does; both must come to the same. Called by the reading.

use super::arena;
use downbeat_protocol::codec;
use downbeat_protocol::message::Wire;
use downbeat_protocol::mirror::MirrorError;
use downbeat_protocol::snapshot::CellChange;
use downbeat_protocol::{CellId, EntityId, Mirror, Pace, Replicate, Seq, Snapshot, Tick};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a snapshot's checksum came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// It has none.
    None,
    /// There is no mirror to compare with.
    Unknown(u32),
    Right(u32),
    Wrong {
        expected: u32,
        got: u32,
    },
}

impl Check {
    pub(super) fn is_right(self) -> bool {
        matches!(self, Self::Right(_))
    }
}

/// A snapshot as a client sees it.
#[derive(Clone, Debug)]
pub(super) struct Seen<W: Wire> {
    /// `None` without a welcome.
    pub(super) tick: Option<Tick>,
    pub(super) elapsed: u32,
    pub(super) applied: Option<Seq>,
    pub(super) applied_step: u32,
    pub(super) waiting: u32,
    pub(super) pace: Option<Pace>,
    /// The player's own part if it is told: before, and now.
    pub(super) own: Option<(Option<W::Own>, W::Own)>,
    pub(super) checksum: Check,
    pub(super) reset: bool,
    pub(super) hidden: Vec<u32>,
    pub(super) cells: Vec<Cell<W::Entity>>,
    /// Entities in sight afterwards.
    pub(super) sight: Option<usize>,
    /// Bytes of the variant, `elapsed`, `applied`, `waiting`, `pace` and `reset`.
    pub(super) header_bytes: usize,
    pub(super) own_bytes: usize,
    pub(super) checksum_bytes: usize,
    pub(super) hidden_bytes: usize,
}

impl<W: Wire> Seen<W> {
    /// Whether it says anything about this entity.
    pub(super) fn tells_of(&self, id: EntityId) -> bool {
        let entries = self.cells.iter().flat_map(|cell| &cell.entries);
        entries.into_iter().any(|entry| entry.id == Some(id))
    }
}

/// What a snapshot says about one cell.
#[derive(Clone, Debug)]
pub(super) struct Cell<E> {
    /// `None` if the numbers do not ascend.
    pub(super) cell: Option<u32>,
    pub(super) keyframe: bool,
    /// All of it, with its number and the three lengths.
    pub(super) bytes: usize,
    pub(super) entries: Vec<Entry<E>>,
}

/// One thing that left, changed or entered.
#[derive(Clone, Debug)]
pub(super) struct Entry<E> {
    /// In its cell's list, if it was named by that.
    pub(super) index: Option<u32>,
    /// `None` if nothing is known at that place.
    pub(super) id: Option<EntityId>,
    pub(super) bytes: usize,
    pub(super) fate: Fate<E>,
}

/// What happened to it.
#[derive(Clone, Debug)]
pub(super) enum Fate<E> {
    /// It is elsewhere, or gone.
    Left(Option<E>),
    /// It is not as predicted.
    Changed {
        /// As predicted, and as it is.
        values: Option<(E, E)>,
        /// Bytes by field.
        fields: Vec<(&'static str, usize)>,
    },
    /// It is new here; in a keyframe, all are.
    Entered(E),
}

/// Takes a snapshot apart and applies it. Says what does not fit, too.
pub(super) fn see<W: Wire>(
    snapshot: Snapshot<W::Entity, W::Own>,
    mirror: &mut Option<Mirror<W::Entity>>,
    own: &mut Option<W::Own>,
) -> (Seen<W>, Option<String>) {
    let predicted = mirror
        .as_ref()
        .and_then(|mirror| predicted(mirror, &snapshot));
    let mut number = Ascending::default();
    let cells = snapshot.cells.iter();
    let cells = cells
        .map(|(step, change)| {
            let cell = number.follow(*step);
            let list = match (&predicted, cell) {
                (Some(mirror), Some(cell)) => mirror.cell(CellId(cell)),
                _ => &[],
            };
            Cell {
                cell,
                keyframe: matches!(change, CellChange::Keyframe(_)),
                bytes: size(&(step, change)),
                entries: entries(change, list),
            }
        })
        .collect();
    let mut number = Ascending::default();
    let hidden = snapshot.hidden.iter();
    let mut seen = Seen {
        tick: None,
        elapsed: snapshot.elapsed,
        applied: None,
        applied_step: snapshot.applied,
        waiting: snapshot.waiting,
        pace: snapshot.pace,
        own: snapshot
            .own
            .clone()
            .map(|now| (own.replace(now.clone()), now)),
        checksum: snapshot.checksum.map_or(Check::None, Check::Unknown),
        reset: snapshot.reset,
        hidden: hidden.filter_map(|step| number.follow(*step)).collect(),
        cells,
        sight: None,
        header_bytes: 2 + size(&(
            snapshot.elapsed,
            snapshot.applied,
            snapshot.waiting,
            snapshot.pace,
        )),
        own_bytes: size(&snapshot.own),
        checksum_bytes: size(&snapshot.checksum),
        hidden_bytes: size(&snapshot.hidden),
    };
    let Some(mirror) = mirror else {
        return (seen, Some("no welcome came before it".into()));
    };
    let applied = mirror.apply(snapshot);
    seen.tick = Some(mirror.tick());
    seen.sight = Some(mirror.len());
    let trouble = match applied {
        Ok(()) => {
            if let Check::Unknown(sum) = seen.checksum {
                seen.checksum = Check::Right(sum);
            }
            None
        }
        Err(MirrorError::Desync { expected, got }) => {
            seen.checksum = Check::Wrong { expected, got };
            None
        }
        Err(error) => Some(error.to_string()),
    };
    (seen, trouble)
}

/// What a client holds before it reads the cells. `None` if that takes too many
/// ticks; applying the snapshot says so, too.
fn predicted<E: Replicate, O>(mirror: &Mirror<E>, snapshot: &Snapshot<E, O>) -> Option<Mirror<E>> {
    let mut predicted = mirror.clone();
    let only_time = Snapshot::<E, ()> {
        elapsed: snapshot.elapsed,
        applied: 0,
        waiting: 0,
        pace: None,
        own: None,
        checksum: None,
        reset: snapshot.reset,
        hidden: snapshot.hidden.clone(),
        cells: Vec::new(),
    };
    predicted.apply(only_time).ok()?;
    Some(predicted)
}

fn entries<E: Replicate>(change: &CellChange<E>, list: &[(EntityId, E)]) -> Vec<Entry<E>> {
    match change {
        CellChange::Keyframe(all) => {
            let entered = entered(all);
            let ids: BTreeSet<_> = entered.iter().filter_map(|entry| entry.id).collect();
            let missing = list.iter().filter(|(id, _)| !ids.contains(id));
            let mut entries: Vec<_> = missing
                .map(|(id, entity)| Entry {
                    index: None,
                    id: Some(*id),
                    bytes: 0,
                    fate: Fate::Left(Some(entity.clone())),
                })
                .collect();
            entries.extend(entered);
            entries
        }
        CellChange::Delta {
            left,
            changed,
            entered: new,
        } => {
            let mut entries = Vec::new();
            let mut number = Ascending::default();
            let mut gone = Vec::new();
            for step in left {
                let index = number.follow(*step);
                let held = index.and_then(|index| list.get(index as usize));
                gone.extend(index);
                entries.push(Entry {
                    index,
                    id: held.map(|(id, _)| *id),
                    bytes: size(step),
                    fate: Fate::Left(held.map(|(_, entity)| entity.clone())),
                });
            }
            let rest = (0u32..).zip(list);
            let rest: Vec<_> = rest
                .filter(|(index, _)| gone.binary_search(index).is_err())
                .map(|(_, held)| held)
                .collect();
            let mut number = Ascending::default();
            for (step, diff) in changed {
                let index = number.follow(*step);
                let held = index.and_then(|index| rest.get(index as usize));
                let bytes = codec::encode(diff).unwrap_or_default();
                entries.push(Entry {
                    index,
                    id: held.map(|(id, _)| *id),
                    bytes: size(step) + bytes.len(),
                    fate: Fate::Changed {
                        values: held.and_then(|(_, old)| {
                            let mut new = old.clone();
                            new.apply(diff).ok()?;
                            Some((old.clone(), new))
                        }),
                        fields: arena::diff_bytes::<E>(&bytes),
                    },
                });
            }
            entries.extend(entered(new));
            entries
        }
    }
}

fn entered<E: Replicate>(new: &[(u32, E)]) -> Vec<Entry<E>> {
    let mut number = Ascending::default();
    let entries = new.iter().map(|(step, entity)| Entry {
        index: None,
        id: number.follow(*step).map(EntityId),
        bytes: size(&(step, entity)),
        fate: Fate::Entered(entity.clone()),
    });
    entries.collect()
}

/// Bytes on the wire.
pub(super) fn size<T: Serialize>(value: &T) -> usize {
    codec::encode(value).map_or(0, |bytes| bytes.len())
}

/// Numbers told as the first and then differences.
#[derive(Debug, Default)]
pub(super) struct Ascending(Option<u32>);

impl Ascending {
    /// `None` if it does not ascend.
    pub(super) fn follow(&mut self, step: u32) -> Option<u32> {
        let number = match self.0 {
            None => step,
            Some(_) if step == 0 => return None,
            Some(last) => last.checked_add(step)?,
        };
        self.0 = Some(number);
        Some(number)
    }
}
