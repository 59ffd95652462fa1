//! The client's copy of what it sees.
//!
//! Owns the one rule of reading snapshots: predict, hide, apply, verify. Sans-IO:
//! a bot, a test, a fuzzer and the browser's twin of this file do the same steps.

use crate::codec::{EncodeError, FNV_START, fnv1a};
use crate::id::{CellId, EntityId, Tick};
use crate::replicate::Replicate;
use crate::snapshot::{CellChange, Gap, Snapshot, put_entities};
use std::collections::BTreeMap;

/// The most ticks one snapshot may ask a client to predict: ten seconds at the
/// highest tick rate. More than that is told as a reset.
pub const MAX_ELAPSED: u32 = 2400;

/// Everything a client sees, as of one tick. `E` is the game's entity.
#[derive(Clone, Debug)]
pub struct Mirror<E: Replicate> {
    tick: Tick,
    rules: E::Rules,
    /// Only cells with something in them; each list is ordered by id.
    cells: BTreeMap<CellId, Vec<(EntityId, E)>>,
}

/// Why a snapshot could not be applied. The mirror is then of no use any more:
/// connect again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// More than [`MAX_ELAPSED`] ticks to predict.
    #[error("{0} ticks to predict are too many")]
    TooFar(u32),
    /// Ids or indices that do not ascend, or name something that is not there.
    #[error("the snapshot does not fit what it is applied to: {0}")]
    Misfit(&'static str),
    /// The mirror differs from what the server says it shows.
    #[error("checksum is {got:#010x}, the server says {expected:#010x}")]
    Desync {
        /// The server's sum.
        expected: u32,
        /// The mirror's.
        got: u32,
    },
    /// An entity cannot be encoded for the checksum.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl<E: Replicate> Mirror<E> {
    /// An empty mirror at the welcome's tick, with its rules.
    #[must_use]
    pub fn new(tick: Tick, rules: E::Rules) -> Self {
        Self {
            tick,
            rules,
            cells: BTreeMap::new(),
        }
    }

    /// The tick of what is shown.
    #[must_use]
    pub const fn tick(&self) -> Tick {
        self.tick
    }

    /// What prediction knows of the game.
    #[must_use]
    pub const fn rules(&self) -> &E::Rules {
        &self.rules
    }

    /// Applies one snapshot, and verifies its checksum if it carries one.
    ///
    /// # Errors
    /// [`MirrorError`]; never panics, whatever the snapshot says.
    pub fn apply<O>(&mut self, snapshot: Snapshot<E, O>) -> Result<(), MirrorError> {
        self.tick = self.tick.plus(snapshot.elapsed);
        if snapshot.reset {
            self.cells.clear();
        } else {
            self.predict(snapshot.elapsed)?;
        }

        let mut gap = Gap::default();
        for step in snapshot.hidden {
            let cell = gap
                .follow(step)
                .ok_or(MirrorError::Misfit("hidden cells must ascend"))?;
            self.cells.remove(&CellId(cell));
        }

        let mut gap = Gap::default();
        for (step, change) in snapshot.cells {
            let cell = gap
                .follow(step)
                .ok_or(MirrorError::Misfit("cells must ascend"))?;
            self.change(CellId(cell), change)?;
        }

        match snapshot.checksum {
            Some(expected) => {
                let got = self.checksum()?;
                if got == expected {
                    Ok(())
                } else {
                    Err(MirrorError::Desync { expected, got })
                }
            }
            None => Ok(()),
        }
    }

    /// The checksum of everything shown: FNV-1a (32 bits) over, for each cell that
    /// is not empty, in ascending order, its id and its own sum, four bytes each,
    /// little endian. A cell's own sum is [`cell_sum`].
    ///
    /// # Errors
    /// [`EncodeError`] if an entity cannot be encoded.
    pub fn checksum(&self) -> Result<u32, EncodeError> {
        let mut sum = FNV_START;
        for (cell, entities) in &self.cells {
            sum = add_cell(sum, *cell, cell_sum(entities)?);
        }
        Ok(sum)
    }

    /// All entities in sight, by cell and then by id.
    pub fn entities(&self) -> impl Iterator<Item = &(EntityId, E)> {
        self.cells.values().flatten()
    }

    /// What is in sight of one cell, by id. A snapshot's indices count in it.
    #[must_use]
    pub fn cell(&self, cell: CellId) -> &[(EntityId, E)] {
        self.cells.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// How many entities are in sight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.values().map(Vec::len).sum()
    }

    /// Whether nothing is in sight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The entity with this id, if it is in sight.
    #[must_use]
    pub fn get(&self, id: EntityId) -> Option<&E> {
        self.cells.values().find_map(|entities| {
            let index = entities.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(&entities[index].1)
        })
    }

    fn predict(&mut self, ticks: u32) -> Result<(), MirrorError> {
        if ticks > MAX_ELAPSED {
            return Err(MirrorError::TooFar(ticks));
        }
        for (_, entity) in self.cells.values_mut().flatten() {
            for _ in 0..ticks {
                entity.predict(&self.rules);
            }
        }
        Ok(())
    }

    fn change(&mut self, cell: CellId, change: CellChange<E>) -> Result<(), MirrorError> {
        let list = self.cells.entry(cell).or_default();
        change.apply(list)?;
        if list.is_empty() {
            self.cells.remove(&cell);
        }
        Ok(())
    }
}

/// A cell's own sum: FNV-1a over its list as [`put_entities`] writes it.
///
/// # Errors
/// [`EncodeError`] if an entity cannot be encoded.
pub fn cell_sum<E: Replicate>(entities: &[(EntityId, E)]) -> Result<u32, EncodeError> {
    let mut bytes = Vec::new();
    put_entities(entities, &mut bytes)?;
    Ok(fnv1a(FNV_START, &bytes))
}

/// Adds one cell's sum to the checksum of all that is in sight.
#[must_use]
pub fn add_cell(sum: u32, cell: CellId, cell_sum: u32) -> u32 {
    fnv1a(fnv1a(sum, &cell.0.to_le_bytes()), &cell_sum.to_le_bytes())
}

impl<E: Replicate> CellChange<E> {
    /// Changes a cell's list, ordered by id, which has been predicted.
    ///
    /// # Errors
    /// [`MirrorError::Misfit`]; the list is then of no use any more.
    pub fn apply(self, list: &mut Vec<(EntityId, E)>) -> Result<(), MirrorError> {
        match self {
            Self::Keyframe(entities) => {
                list.clear();
                enter(list, entities)
            }
            Self::Delta {
                left,
                changed,
                entered,
            } => {
                leave(list, left)?;
                let mut gap = Gap::default();
                for (step, diff) in changed {
                    let entity = gap
                        .follow(step)
                        .and_then(|index| list.get_mut(index as usize))
                        .ok_or(MirrorError::Misfit("a changed entity is not there"))?;
                    entity
                        .1
                        .apply(&diff)
                        .map_err(|_| MirrorError::Misfit("a difference does not fit"))?;
                }
                enter(list, entered)
            }
        }
    }
}

/// Removes the entities at the given indices, as differences.
fn leave<E>(list: &mut Vec<(EntityId, E)>, left: Vec<u32>) -> Result<(), MirrorError> {
    if left.is_empty() {
        return Ok(());
    }
    let mut gap = Gap::default();
    let mut gone = Vec::with_capacity(left.len());
    for step in left {
        let index = gap
            .follow(step)
            .filter(|index| (*index as usize) < list.len());
        gone.push(index.ok_or(MirrorError::Misfit("an entity that left is not there"))?);
    }
    let mut gone = gone.into_iter().peekable();
    let mut index = 0;
    list.retain(|_| {
        let stays = gone.next_if_eq(&index).is_none();
        index += 1;
        stays
    });
    Ok(())
}

/// Adds entities, ids as differences, keeping the order.
fn enter<E>(list: &mut Vec<(EntityId, E)>, entered: Vec<(u32, E)>) -> Result<(), MirrorError> {
    let mut gap = Gap::default();
    for (step, entity) in entered {
        let id = gap
            .follow(step)
            .ok_or(MirrorError::Misfit("entered ids must ascend"))?;
        let id = EntityId(id);
        match list.last() {
            Some((last, _)) if *last >= id => match list.binary_search_by_key(&id, |(id, _)| *id) {
                Ok(_) => return Err(MirrorError::Misfit("an entity entered twice")),
                Err(index) => list.insert(index, (id, entity)),
            },
            _ => list.push((id, entity)),
        }
    }
    Ok(())
}
