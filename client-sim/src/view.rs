//! What a bot sees, shared with the other bots of its thread.
//!
//! Owns the rule of reading snapshots once more, as [`Mirror`](downbeat_protocol::Mirror)
//! does for one client: predict, hide, apply, verify. Many bots in one process see the same
//! cells and are told the same bytes of them, so what becomes of a cell is computed
//! once and remembered: the same state, the same ticks and the same bytes always lead
//! to the same state. Each bot still follows its own snapshots alone and verifies
//! each of its own checksums; one who was told something else has a state of its own.
//! A test holds this file and the mirror together.
//!
//! ```text
//!  bot 1 ─► state at tick 7 ──(1 tick, bytes)──► state at tick 8 ◄─ bot 2
//! ```
//!
//! A state lives as long as a bot is at it, so a bot that falls behind holds what it
//! sees and nothing else.

use crate::player::Trouble;
use downbeat_protocol::codec::{DecodeError, EncodeError, FNV_START, decode_prefix};
use downbeat_protocol::mirror::{MAX_ELAPSED, MirrorError, add_cell, cell_sum};
use downbeat_protocol::snapshot::{CellChange, Gap, Head};
use downbeat_protocol::{CellId, EntityId, Replicate, Tick};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// Everything a bot sees, as of one tick. `E` is the game's entity.
#[derive(Clone, Debug)]
pub struct View<E: Replicate> {
    tick: Tick,
    rules: E::Rules,
    /// Only cells with something in them, in ascending order.
    cells: Vec<(CellId, Rc<State<E>>)>,
    pool: Pool<E>,
}

/// What is in one cell at one tick.
#[derive(Debug)]
struct State<E> {
    /// Ordered by id.
    entities: Vec<(EntityId, E)>,
    /// The cell's sum, once somebody has asked for it.
    sum: OnceCell<u32>,
    /// What became of it, for whoever went on from here last.
    next: RefCell<Option<Next<E>>>,
}

/// Where one state leads to.
#[derive(Debug)]
struct Next<E> {
    elapsed: u32,
    /// The change's bytes; none if nothing was told of the cell.
    change: Box<[u8]>,
    /// Weak: it lives only as long as a bot is there.
    state: Weak<State<E>>,
}

/// The newest state of each cell of one room that any bot of the thread has come to,
/// by which those who came to it on different ways find together.
#[derive(Debug)]
pub(crate) struct Pool<E>(Rc<RefCell<Newest<E>>>);

/// A cell after a change, and the bytes that said it; `None` if it is empty then.
type Changed<E> = (Option<Rc<State<E>>>, usize);

type Newest<E> = BTreeMap<CellId, (Tick, Weak<State<E>>)>;

impl<E> Clone for Pool<E> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<E> Default for Pool<E> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<E: Replicate> Pool<E> {
    /// The state of this cell at this tick: the one that another bot has come to, if
    /// it is the same.
    fn state(&self, cell: CellId, tick: Tick, entities: Vec<(EntityId, E)>) -> Rc<State<E>> {
        let mut newest = self.0.borrow_mut();
        if let Some((at, state)) = newest.get(&cell)
            && *at == tick
            && let Some(state) = state.upgrade()
            && state.entities == entities
        {
            return state;
        }
        let state = Rc::new(State {
            entities,
            sum: OnceCell::new(),
            next: RefCell::default(),
        });
        newest.insert(cell, (tick, Rc::downgrade(&state)));
        state
    }
}

impl<E: Replicate> View<E> {
    /// An empty view at the welcome's tick.
    pub(crate) fn new(tick: Tick, rules: E::Rules, pool: Pool<E>) -> Self {
        Self {
            tick,
            rules,
            cells: Vec::new(),
            pool,
        }
    }

    /// A view of these entities, for a test of a bot. They need not be in order; of
    /// several with one id the last one counts.
    #[must_use]
    pub fn showing(
        tick: Tick,
        rules: E::Rules,
        entities: impl IntoIterator<Item = (EntityId, E)>,
    ) -> Self {
        let mut view = Self::new(tick, rules, Pool::default());
        let ordered: BTreeMap<_, _> = entities.into_iter().collect();
        let state = view
            .pool
            .state(CellId(1), tick, ordered.into_iter().collect());
        view.cells.push((CellId(1), state));
        view
    }

    /// The tick of what is shown.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// What prediction knows of the game.
    #[must_use]
    pub fn rules(&self) -> &E::Rules {
        &self.rules
    }

    /// All entities in sight, by cell and then by id.
    pub fn entities(&self) -> impl Iterator<Item = &(EntityId, E)> {
        self.cells.iter().flat_map(|(_, state)| &state.entities)
    }

    /// How many entities are in sight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells
            .iter()
            .map(|(_, state)| state.entities.len())
            .sum()
    }

    /// Whether nothing is in sight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The entity with this id, if it is in sight.
    #[must_use]
    pub fn get(&self, id: EntityId) -> Option<&E> {
        self.cells.iter().find_map(|(_, state)| {
            let found = state.entities.binary_search_by_key(&id, |(id, _)| *id);
            Some(&state.entities[found.ok()?].1)
        })
    }

    /// Applies one snapshot, whose changes of cells are all of `rest`, and verifies its
    /// checksum if it carries one.
    ///
    /// # Errors
    /// [`Trouble`]; the view is then of no use any more.
    pub(crate) fn apply<O>(&mut self, head: &Head<O>, mut rest: &[u8]) -> Result<(), Trouble> {
        self.tick = self.tick.plus(head.elapsed);
        if head.reset {
            self.cells.clear();
        } else if head.elapsed > MAX_ELAPSED {
            return Err(Trouble::Mirror(MirrorError::TooFar(head.elapsed)));
        }

        let mut gap = Gap::default();
        for step in &head.hidden {
            let cell = gap
                .follow(*step)
                .ok_or(misfit("hidden cells must ascend"))?;
            self.cells.retain(|(id, _)| *id != CellId(cell));
        }

        // Cells before `at` are done.
        let (mut at, mut gap) = (0, Gap::default());
        for _ in 0..head.cells {
            let (step, change) = decode_prefix::<u32>(rest).map_err(Trouble::Decode)?;
            let cell = CellId(gap.follow(step).ok_or(misfit("cells must ascend"))?);
            while self.cells.get(at).is_some_and(|(id, _)| *id < cell) {
                self.go_on(at, head.elapsed)?;
                at += 1;
            }
            let is_there = self.cells.get(at).is_some_and(|(id, _)| *id == cell);
            let before = is_there.then(|| &self.cells[at].1);
            let (state, used) = self.change(cell, before, head.elapsed, change)?;
            rest = &change[used..];
            match (state, is_there) {
                (Some(state), true) => self.cells[at].1 = state,
                (Some(state), false) => self.cells.insert(at, (cell, state)),
                (None, true) => drop(self.cells.remove(at)),
                (None, false) => {}
            }
            at += usize::from(self.cells.get(at).is_some_and(|(id, _)| *id == cell));
        }
        if !rest.is_empty() {
            return Err(Trouble::Decode(DecodeError::Trailing(rest.len())));
        }
        for at in at..self.cells.len() {
            self.go_on(at, head.elapsed)?;
        }

        if let Some(expected) = head.checksum {
            let got = self.checksum().map_err(MirrorError::from);
            let got = got.map_err(Trouble::Mirror)?;
            if got != expected {
                return Err(Trouble::Mirror(MirrorError::Desync { expected, got }));
            }
        }
        Ok(())
    }

    /// What one cell becomes by the change at the front of `bytes`.
    fn change(
        &self,
        cell: CellId,
        before: Option<&Rc<State<E>>>,
        elapsed: u32,
        bytes: &[u8],
    ) -> Result<Changed<E>, Trouble> {
        // A change says itself where it ends, so bytes that begin with a known one are it.
        if let Some(next) = before.and_then(|before| {
            let next = before.next.borrow();
            let next = next.as_ref()?;
            let is_known = next.elapsed == elapsed && !next.change.is_empty();
            let is_it = is_known && bytes.starts_with(&next.change);
            Some((is_it.then(|| next.state.upgrade())??, next.change.len()))
        }) {
            return Ok((Some(next.0), next.1));
        }
        let (change, rest) = decode_prefix::<CellChange<E>>(bytes).map_err(Trouble::Decode)?;
        let used = bytes.len() - rest.len();
        let mut entities = match (&change, before) {
            (CellChange::Delta { .. }, Some(before)) => self.predicted(before, elapsed),
            _ => Vec::new(),
        };
        change.apply(&mut entities).map_err(Trouble::Mirror)?;
        if entities.is_empty() {
            return Ok((None, used));
        }
        let state = self.pool.state(cell, self.tick, entities);
        if let Some(before) = before {
            before.leads_to(&state, elapsed, &bytes[..used]);
        }
        Ok((Some(state), used))
    }

    /// A cell of which nothing was told goes on by itself.
    fn go_on(&mut self, at: usize, elapsed: u32) -> Result<(), Trouble> {
        let (cell, before) = &self.cells[at];
        let known = before.next.borrow().as_ref().and_then(|next| {
            let is_it = next.elapsed == elapsed && next.change.is_empty();
            is_it.then(|| next.state.upgrade())?
        });
        let state = match known {
            Some(state) => state,
            None => {
                let entities = self.predicted(before, elapsed);
                let state = self.pool.state(*cell, self.tick, entities);
                before.leads_to(&state, elapsed, &[]);
                state
            }
        };
        self.cells[at].1 = state;
        Ok(())
    }

    fn predicted(&self, state: &State<E>, ticks: u32) -> Vec<(EntityId, E)> {
        let mut entities = state.entities.clone();
        for (_, entity) in &mut entities {
            for _ in 0..ticks {
                entity.predict(&self.rules);
            }
        }
        entities
    }

    /// As [`Mirror::checksum`](downbeat_protocol::Mirror::checksum).
    fn checksum(&self) -> Result<u32, EncodeError> {
        let mut sum = FNV_START;
        for (cell, state) in &self.cells {
            let own = match state.sum.get() {
                Some(own) => *own,
                None => {
                    let own = cell_sum(&state.entities)?;
                    *state.sum.get_or_init(|| own)
                }
            };
            sum = add_cell(sum, *cell, own);
        }
        Ok(sum)
    }
}

impl<E> State<E> {
    fn leads_to(&self, state: &Rc<Self>, elapsed: u32, change: &[u8]) {
        *self.next.borrow_mut() = Some(Next {
            elapsed,
            change: change.into(),
            state: Rc::downgrade(state),
        });
    }
}

fn misfit(what: &'static str) -> Trouble {
    Trouble::Mirror(MirrorError::Misfit(what))
}

#[cfg(test)]
mod tests;
