//! How often each cell is told to each player.
//!
//! Owns the levels, when a cell of each is told, and which level a cell gets: near ones
//! first, as far as the budget goes, and none faster than the room's step of overload
//! allows. A level is told **in phase**: the number of the snapshot and that of the cell
//! decide, so that a cell's slow delta is encoded once for all who see it at that level.
//! Called by `snapshot` and `cells`; knows of a cell its number and its weight.

use super::overload::Step;
use crate::game::MAX_CELL;
use downbeat_protocol::CellId;

/// How often a cell is told: at every snapshot, every second, every fourth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(u8);

impl Level {
    pub(super) const FULL: Self = Self(0);
    pub(super) const HALF: Self = Self(1);
    pub(super) const QUARTER: Self = Self(2);
    pub(super) const COUNT: usize = 3;
    #[cfg(test)]
    const ALL: [Self; Self::COUNT] = [Self::FULL, Self::HALF, Self::QUARTER];
    /// Those that are not told at every snapshot.
    pub(super) const SLOW: [Self; 2] = [Self::HALF, Self::QUARTER];

    /// The slowest level at which this cell is told in this snapshot; all faster ones
    /// are told as well.
    pub(super) fn told(snapshot: u32, cell: CellId) -> Self {
        let turn = snapshot.wrapping_add(cell.0).trailing_zeros();
        Self(turn.min(u32::from(Self::QUARTER.0)) as u8)
    }

    /// Snapshots from one telling to the next.
    pub(super) const fn period(self) -> u32 {
        1 << self.0
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A cell that a player sees, and how often he is told of it. Small, because every
/// player has a dozen of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sight {
    /// Its number, at most [`MAX_CELL`].
    cell: u16,
    pub(super) level: Level,
}

const _: () = assert!(MAX_CELL == u16::MAX as u32, "a cell's number fits");

impl Sight {
    /// This cell, at its fastest. There is none beyond [`MAX_CELL`].
    pub(super) const fn new(cell: CellId) -> Self {
        Self {
            cell: cell.0 as u16,
            level: Level::FULL,
        }
    }

    pub(super) const fn cell(self) -> CellId {
        CellId(self.cell as u32)
    }
}

/// What a cell takes at each level: bytes per snapshot, smoothed over 16 of them.
///
/// Measured where somebody has the level, since it depends on the game: where
/// everything is told whole, half the rate takes half the bytes; where prediction
/// leaves only surprises to tell, they add up and hardly anything is saved. Where
/// nobody has it, it drifts toward a guess, so that what did not pay is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights([u32; Level::COUNT]);

/// Weights are in this part of a byte.
const FINE: u32 = 64;
/// How the levels are guessed to compare.
const GUESS: [u32; Level::COUNT] = [16, 12, 9];

impl Weights {
    /// Notes how many bytes were sent to those who have each level, if anybody has.
    pub(super) fn note(&mut self, sent: [Option<usize>; Level::COUNT]) {
        for (weight, sent) in self.0.iter_mut().zip(sent) {
            if let Some(bytes) = sent {
                *weight = *weight - weight.div_ceil(16) + bytes as u32 * FINE / 16;
            }
        }
        let Some(known) = sent.iter().position(Option::is_some) else {
            return;
        };
        let measure = self.0[known] / GUESS[known];
        for ((weight, sent), guess) in self.0.iter_mut().zip(sent).zip(GUESS) {
            if sent.is_none() {
                *weight = *weight - weight.div_ceil(64) + measure * guess / 64;
            }
        }
    }

    /// Bytes per snapshot at this level.
    pub(super) fn at(self, level: Level) -> u32 {
        self.0[level.index()].div_ceil(FINE)
    }
}

/// The first cells of a view: the player's own, and what everyone sees.
const NEAR: usize = 2;

/// How many cells of a view of `all`, the nearest first, are still told at this step.
pub(super) fn reach(step: Step, all: usize) -> usize {
    if step >= Step::SmallerView {
        near_half(all)
    } else {
        all
    }
}

/// Gives each cell of a view, the nearest first, its level. `budget` is in bytes per
/// snapshot; 0: no limit. Says whether it was more than that.
pub(super) fn assign(
    view: &mut [Sight],
    step: Step,
    budget: u32,
    weights: impl Fn(CellId) -> Weights,
) -> bool {
    if step >= Step::FarSlower {
        let near = near_half(view.len());
        for sight in &mut view[near..] {
            sight.level = Level::HALF;
        }
    }
    if budget == 0 {
        return false;
    }
    let bytes = |sight: &Sight| weights(sight.cell()).at(sight.level);
    let mut total: u32 = view.iter().map(bytes).sum();
    let is_bound = total > budget;
    let near = NEAR.min(view.len());
    let far = near..view.len();
    for (cells, level) in [
        (far.clone(), Level::HALF),
        (far, Level::QUARTER),
        (0..near, Level::HALF),
        (0..near, Level::QUARTER),
    ] {
        for sight in view[cells].iter_mut().rev() {
            if total <= budget {
                return is_bound;
            }
            let slower = Sight { level, ..*sight };
            if level > sight.level && bytes(&slower) < bytes(sight) {
                total = total - bytes(sight) + bytes(&slower);
                *sight = slower;
            }
        }
    }
    is_bound
}

/// Where the farther half of a view begins.
fn near_half(all: usize) -> usize {
    all.div_ceil(2).max(NEAR).min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAVY: Weights = Weights([100 * FINE, 60 * FINE, 40 * FINE]);

    /// The levels of a view of `cells` cells.
    fn levels(cells: u32, step: Step, budget: u32) -> Vec<u8> {
        levels_of(HEAVY, cells, step, budget)
    }

    fn levels_of(weights: Weights, cells: u32, step: Step, budget: u32) -> Vec<u8> {
        let mut view: Vec<_> = (0..cells).map(|cell| Sight::new(CellId(cell))).collect();
        assign(&mut view, step, budget, |_| weights);
        view.iter().map(|sight| sight.level.0).collect()
    }

    #[test]
    fn the_budget_goes_to_the_nearest_and_the_own_cell_is_slowed_last() {
        for (budget, expected) in [
            (0, [0, 0, 0, 0, 0]),
            (500, [0, 0, 0, 0, 0]),
            (499, [0, 0, 0, 0, 1]),
            (420, [0, 0, 0, 1, 1]),
            (379, [0, 0, 1, 1, 2]),
            (320, [0, 0, 2, 2, 2]),
            (319, [0, 1, 2, 2, 2]),
            (239, [1, 2, 2, 2, 2]),
            (200, [2, 2, 2, 2, 2]),
            (1, [2, 2, 2, 2, 2]),
        ] {
            assert_eq!(levels(5, Step::Normal, budget), expected, "{budget} bytes");
        }
    }

    #[test]
    fn the_slower_of_budget_and_overload_counts() {
        assert_eq!(levels(6, Step::FarSlower, 0), [0, 0, 0, 1, 1, 1]);
        assert_eq!(levels(6, Step::FarSlower, 480), [0, 0, 0, 1, 1, 1]);
        assert_eq!(levels(6, Step::FarSlower, 470), [0, 0, 1, 1, 1, 1]);
        assert_eq!(levels(1, Step::NoJoins, 0), [0], "the own cell stays");
        assert!(levels(0, Step::NoJoins, 9).is_empty());
    }

    #[test]
    fn what_saves_nothing_is_not_slowed() {
        let same = Weights([100 * FINE, 110 * FINE, 100 * FINE]);
        assert_eq!(levels_of(same, 3, Step::Normal, 1), [0, 0, 0]);
        let late = Weights([100 * FINE, 110 * FINE, 70 * FINE]);
        assert_eq!(levels_of(late, 3, Step::Normal, 270), [0, 0, 2]);
    }

    #[test]
    fn weights_are_measured_where_they_can_be_and_guessed_where_not() {
        let mut weights = Weights::default();
        for _ in 0..500 {
            weights.note([Some(160), None, None]);
        }
        let all = |weights: Weights| Level::ALL.map(|level| weights.at(level));
        let near = |weights: Weights, expected: [u32; 3]| {
            let off = all(weights)
                .into_iter()
                .zip(expected)
                .map(|(a, b)| a.abs_diff(b));
            assert!(off.max() <= Some(2), "{:?}, not {expected:?}", all(weights));
        };
        near(weights, [160, 120, 90]);
        for now in 0..500 {
            // Every second one tells it all.
            weights.note([Some(160), Some(320 * (now % 2)), None]);
        }
        assert!((150..170).contains(&weights.at(Level::HALF)), "{weights:?}");
        for _ in 0..500 {
            weights.note([Some(160), None, None]);
        }
        near(weights, [160, 120, 90]);
        for _ in 0..500 {
            weights.note([None; 3]);
        }
        near(weights, [160, 120, 90]);
        for _ in 0..500 {
            weights.note([Some(0), None, None]);
        }
        near(weights, [0, 0, 0]);
    }

    #[test]
    fn half_of_a_view_stays_and_always_what_is_near() {
        let reaches = [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (16, 8)];
        for (all, near) in reaches {
            assert_eq!(reach(Step::AllSlower, all), all);
            assert_eq!(reach(Step::SmallerView, all), near, "of {all}");
        }
    }

    #[test]
    fn levels_are_told_in_phase_and_neighbours_in_turn() {
        let told = |cell| (0..8).map(move |now| Level::told(now, CellId(cell)).0);
        assert!(told(0).eq([2, 0, 1, 0, 2, 0, 1, 0]));
        assert!(told(1).eq([0, 1, 0, 2, 0, 1, 0, 2]));
        assert_eq!(Level::told(u32::MAX, CellId(1)), Level::QUARTER, "it wraps");
    }
}
