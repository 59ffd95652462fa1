//! How the largest number of players is searched that keeps to the objectives.
//!
//! Upwards (or downwards), by as much as the last run left room for, until one number is
//! kept and a larger one is not, then bisection on a logarithmic scale, then repetition.
//! Noise is one-sided: a busy neighbour makes a run worse, none makes it better. So a
//! number that is narrowly missed is tried once more, and a number is believed when it
//! was kept twice, in four runs at most. Sans-IO: told the outcome of each run, says what
//! to run next. Called by the sweep.

use std::collections::BTreeMap;

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Every objective was kept.
    Kept {
        /// How much of what there is was used: about 1 is all.
        load: f64,
    },
    /// One was not.
    Missed {
        /// So little was missing that it may have been noise.
        is_narrow: bool,
    },
}

/// The limits of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The number to begin with.
    pub(super) first: u32,
    /// Whether it comes from experience: then the answer is near.
    pub(super) is_guess: bool,
    /// Players that are tried at most.
    pub(super) most: u32,
    /// The answer's grain: the smallest number missed over the largest kept.
    pub(super) grain: f64,
    /// Runs at most: what is known by then is the answer.
    pub(super) runs: u32,
}

/// A search; see the module's doc.
#[derive(Clone, Debug)]
pub(super) struct Search {
    bounds: Bounds,
    /// By number of players: runs that kept the objectives and runs that did not.
    runs: BTreeMap<u32, (u32, u32)>,
    /// To be tried once more.
    again: Option<u32>,
    /// Of the last run that kept the objectives.
    load: f64,
}

/// The load that is aimed at: rather a little below the answer than above it.
const AIM: f64 = 0.85;
/// The least and the greatest growth: at 200 players little is known about thousands.
const GROWTH: (f64, f64) = (1.2, 4.0);
/// Shrinking where nothing is known, and where the answer is near.
const HALF: f64 = 2.0;
const STEP: f64 = 1.4;
/// How often the answer must be kept before it is believed.
pub(super) const REPEATS: u32 = 2;
/// How often one number is run at most.
const RUNS: u32 = 4;

impl Search {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            runs: BTreeMap::new(),
            again: None,
            load: 1.0,
        }
    }

    /// The largest number that is believed to be kept; 0 if none is.
    pub(super) fn held(&self) -> u32 {
        let missed = self.missed().unwrap_or(u32::MAX);
        let kept = self.runs.range(..missed).rev();
        let kept = kept.filter(|(_, runs)| is_believed(**runs));
        kept.map(|(players, _)| *players).next().unwrap_or(0)
    }

    /// The smallest number that is believed to be missed.
    pub(super) fn missed(&self) -> Option<u32> {
        let missed = self.runs.iter().filter(|(_, runs)| !is_believed(**runs));
        missed.map(|(players, _)| *players).next()
    }

    /// How many players to run next; `None` when the answer is found.
    pub(super) fn next(&self) -> Option<u32> {
        let runs: u32 = self.runs.values().map(|(kept, missed)| kept + missed).sum();
        if runs >= self.bounds.runs {
            return None;
        }
        if self.again.is_some() {
            return self.again;
        }
        let Bounds { first, most, .. } = self.bounds;
        let growth = (AIM / self.load).clamp(GROWTH.0, GROWTH.1);
        let held = self.held();
        match (held, self.missed()) {
            (0, None) => Some(first.clamp(1, most)),
            (0, Some(1)) => None,
            (0, Some(missed)) => {
                // A guess is near; once it has proved wrong it is none.
                let is_near = self.bounds.is_guess && missed >= first;
                let shrink = if is_near { STEP } else { HALF };
                Some(round(f64::from(missed) / shrink).clamp(1, missed - 1))
            }
            (held, None) if held >= most => self.confirm(held),
            (held, None) => Some(round(f64::from(held) * growth).clamp(held + 1, most)),
            (held, Some(missed)) => {
                let is_fine = f64::from(missed) <= f64::from(held) * self.bounds.grain;
                let middle = round((f64::from(held) * f64::from(missed)).sqrt());
                match middle {
                    middle if !is_fine && middle > held && middle < missed => Some(middle),
                    _ => self.confirm(held),
                }
            }
        }
    }

    fn confirm(&self, held: u32) -> Option<u32> {
        let (kept, missed) = self.runs.get(&held).copied().unwrap_or_default();
        (kept < REPEATS && kept + missed < RUNS).then_some(held)
    }

    /// How a run with so many players went.
    pub(super) fn tell(&mut self, players: u32, outcome: Outcome) {
        let runs = self.runs.entry(players).or_default();
        let is_first = *runs == (0, 0);
        let is_again = match outcome {
            Outcome::Kept { load } => {
                self.load = load;
                runs.0 += 1;
                // It was missed before.
                runs.1 > 0
            }
            Outcome::Missed { is_narrow } => {
                runs.1 += 1;
                runs.0 > 0 || (is_first && is_narrow)
            }
        };
        let (kept, missed) = *runs;
        let is_open = kept < REPEATS && kept + missed < RUNS;
        self.again = (is_again && is_open).then_some(players);
    }
}

/// Whether a number of which so many runs were kept and missed is taken for held; one
/// that was kept once and never missed is, until it is run again.
fn is_believed((kept, missed): (u32, u32)) -> bool {
    kept >= REPEATS || kept > missed
}

/// To two digits, and steps of five in the second: numbers people remember.
pub(super) fn round(players: f64) -> u32 {
    let digits = players.max(1.0).log10().floor() as i32;
    let step = (10f64.powi(digits - 1) / 2.0).max(1.0);
    ((players / step).round() * step) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        first: 100,
        is_guess: false,
        most: 20_000,
        grain: 1.08,
        runs: 40,
    };

    /// Searches a machine that holds `true_limit`, where `is_disturbed` says which
    /// runs fail although they should not. Gives the answer and the number of runs.
    fn search(bounds: Bounds, limit: u32, is_disturbed: impl Fn(u32) -> bool) -> (u32, u32) {
        let mut search = Search::new(bounds);
        let mut runs = 0;
        while let Some(players) = search.next() {
            assert!((1..=bounds.most).contains(&players));
            let outcome = if players > limit || is_disturbed(runs) {
                Outcome::Missed {
                    is_narrow: players < limit * 2,
                }
            } else {
                Outcome::Kept {
                    load: f64::from(players) / f64::from(limit),
                }
            };
            search.tell(players, outcome);
            runs += 1;
            assert!(runs < 60, "it ends");
        }
        (search.held(), runs)
    }

    #[test]
    fn the_limit_is_found_within_the_grain() {
        for limit in [1, 2, 7, 50, 99, 100, 101, 640, 3333, 12_345, 20_000] {
            for (first, is_guess) in [(100, false), (1000, true), (3000, true)] {
                let bounds = Bounds {
                    first,
                    is_guess,
                    ..BOUNDS
                };
                let (held, runs) = search(bounds, limit, |_| false);
                let close = f64::from(limit) / f64::from(held.max(1));
                assert!(
                    held <= limit && (close < 1.08 + 0.07 || limit - held <= 1),
                    "{limit} from {first}: {held}"
                );
                assert!(runs <= 30, "{limit} from {first}: {runs} runs");
            }
        }
    }

    #[test]
    fn with_experience_it_takes_few_runs() {
        let bounds = Bounds {
            first: 900,
            is_guess: true,
            ..BOUNDS
        };
        let (held, runs) = search(bounds, 1000, |_| false);
        assert!((920..=1000).contains(&held), "{held}");
        assert!(runs <= 8, "{runs} runs");
    }

    #[test]
    fn one_disturbed_run_does_not_change_the_answer() {
        let (undisturbed, runs) = search(BOUNDS, 3333, |_| false);
        for disturbed in 0..runs {
            let (held, _) = search(BOUNDS, 3333, |run| run == disturbed);
            assert_eq!(held, undisturbed, "run {disturbed} was disturbed");
        }
    }

    #[test]
    fn a_number_kept_twice_is_held_however_often_it_was_missed_besides() {
        let bounds = Bounds {
            first: 1000,
            is_guess: true,
            ..BOUNDS
        };
        let missed = Outcome::Missed { is_narrow: true };
        let kept = Outcome::Kept { load: 0.9 };
        for (outcomes, is_held) in [
            (&[kept][..], true),
            (&[missed, kept], false),
            (&[missed, kept, missed, kept], true),
            (&[missed, kept, missed, missed], false),
            (&[missed, missed], false),
        ] {
            let mut search = Search::new(bounds);
            for outcome in outcomes {
                assert_eq!(search.next(), Some(1000), "{outcomes:?}");
                search.tell(1000, *outcome);
            }
            assert_eq!(search.held() == 1000, is_held, "{outcomes:?}");
        }
    }

    #[test]
    fn how_much_a_run_used_says_where_the_answer_is() {
        let mut search = Search::new(BOUNDS);
        search.tell(1000, Outcome::Kept { load: 0.4 });
        assert_eq!(search.next(), Some(2150));
        search.tell(2150, Outcome::Kept { load: 0.95 });
        assert_eq!(search.next(), Some(2600), "the least growth");
    }

    #[test]
    fn it_ends_when_its_runs_are_spent_with_what_is_known() {
        let bounds = Bounds { runs: 5, ..BOUNDS };
        let (held, runs) = search(bounds, 3333, |_| false);
        assert_eq!(runs, 5);
        assert!((1600..=3333).contains(&held), "{held}");
    }

    #[test]
    fn nothing_held_is_nothing() {
        assert_eq!(search(BOUNDS, 0, |_| false).0, 0);
    }

    #[test]
    fn a_ceiling_is_not_passed() {
        let bounds = Bounds {
            most: 1500,
            ..BOUNDS
        };
        let mut search = Search::new(bounds);
        while let Some(players) = search.next() {
            search.tell(players, Outcome::Kept { load: 0.0 });
        }
        assert_eq!((search.held(), search.missed()), (1500, None));
    }

    #[test]
    fn numbers_are_round() {
        for (players, rounded) in [
            (0.6, 1),
            (7.4, 7),
            (47.6, 48),
            (131.0, 130),
            (1234.0, 1250),
            (98_765.0, 99_000),
        ] {
            assert_eq!(round(players), rounded);
        }
    }
}
