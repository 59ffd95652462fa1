//! What a sweep reports, as one value, ready for JSON.
//!
//! Owns the names of its keys. A run's figures are the report of its swarm, whole:
//! nothing is said of a run that a reader could not look up.

use super::search::REPEATS;
use crate::diagnosis::{Culprit, Finding};
use crate::machine::Machine;
use crate::report::Report;
use crate::slo::Verdict;
use serde::{Deserialize, Serialize};

/// The name and version of the report's form. A reader refuses another version; new
/// keys may come without one.
pub(crate) const FORMAT: &str = "downbeat.sweep/1";

/// The report of a sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// This program's.
    pub(crate) version: String,
    /// When it began, as RFC 3339 has it.
    pub(crate) began: String,
    /// How long it took, in seconds.
    pub(crate) took_s: f64,
    /// The bots' machine, and the server's unless an address was given.
    pub(crate) machine: Machine,
    /// The server's program with its arguments, or its address.
    pub(crate) server: String,
    /// What the swarms were told beside what a sweep tells them.
    pub(crate) swarm: Vec<String>,
    /// What had to hold, as `--slo` has it.
    pub(crate) objectives: String,
    pub(crate) is_quick: bool,
    /// Made without optimisation: its figures mean little.
    pub(crate) is_debug: bool,
    /// In the order they were asked for.
    pub(crate) rates: Vec<Rate>,
}

/// What was found at one tick rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// Ticks per second.
    pub(crate) tick_rate: u32,
    /// The largest number of players that was tried and kept every objective; 0 if there
    /// was none. How many are held at most lies between it and the limit's.
    pub(crate) held: u32,
    /// Runs with that number: those that kept the objectives, and all.
    pub(crate) confirmed: (u32, u32),
    /// What came beyond it; `null` if more players were not tried.
    pub(crate) limit: Option<Limit>,
    /// All runs, in their order.
    pub(crate) runs: Vec<Run>,
}

/// The smallest number of players at which an objective was missed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) players: u32,
    /// The objectives that were missed there, the one missed by most first.
    pub(crate) missed: Vec<Verdict>,
    /// What stands out there, and whose fault it is.
    pub(crate) findings: Vec<Finding>,
    /// Whether it is the load generator, or the machine it shares with the server,
    /// that had no more to give: the server alone might hold more.
    pub(crate) is_generators: bool,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) players: u32,
    pub(crate) is_kept: bool,
    pub(crate) report: Report,
}

impl Rate {
    /// Whether the number held was kept often enough to be believed. If not, the
    /// sweep's runs were spent before it could be run again.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.held == 0 || self.confirmed.0 >= REPEATS
    }

    /// The run that tells most of the players held: of those kept, the one with the
    /// median p99 of its gaps.
    pub(crate) fn held_run(&self) -> Option<&Report> {
        let held = self.runs.iter();
        let held = held.filter(|run| run.players == self.held && run.is_kept);
        let mut held: Vec<_> = held.map(|run| &run.report).collect();
        held.sort_by(|one, two| {
            let gap = |report: &Report| report.snapshot_gap_ms.p99.unwrap_or(f64::MAX);
            gap(one).total_cmp(&gap(two))
        });
        held.get(held.len().saturating_sub(1) / 2).copied()
    }

    /// One run per number of players, ascending; kept ones where there are both.
    pub(crate) fn curve(&self) -> Vec<&Run> {
        let mut runs: Vec<&Run> = self.runs.iter().collect();
        runs.sort_by_key(|run| (run.players, !run.is_kept));
        runs.dedup_by_key(|run| run.players);
        runs
    }
}

impl Limit {
    /// What was missed with so many players, of the runs that missed it the last.
    pub(super) fn of(players: u32, runs: &[Run]) -> Option<Self> {
        let mut runs = runs.iter().rev();
        let run = runs.find(|run| run.players == players && !run.is_kept)?;
        let mut missed: Vec<_> = run.report.objectives.clone();
        missed.retain(|one| !one.is_kept);
        let by = |one: &Verdict| one.ratio.unwrap_or(f64::MAX);
        missed.sort_by(|one, two| by(two).total_cmp(&by(one)));
        let blamed = |culprit| run.report.findings.iter().any(|one| one.culprit == culprit);
        Some(Self {
            players,
            missed,
            findings: run.report.findings.clone(),
            is_generators: blamed(Culprit::Generator)
                || (blamed(Culprit::Machine) && !blamed(Culprit::Server)),
        })
    }

    /// What broke, in a line.
    pub(crate) fn words(&self) -> String {
        match &self.missed[..] {
            [] => "a bot could not join or was lost".into(),
            [first, ..] => format!("{}: {}", first.objective, first.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(players: u32, is_kept: bool, gap: f64) -> Run {
        let mut report = Report::default();
        report.snapshot_gap_ms.p99 = Some(gap);
        Run {
            players,
            is_kept,
            report,
        }
    }

    #[test]
    fn the_run_told_of_is_the_middle_one_of_those_kept() {
        let rate = Rate {
            tick_rate: 20,
            held: 200,
            confirmed: (3, 4),
            limit: None,
            runs: vec![
                run(100, true, 1.0),
                run(200, true, 9.0),
                run(200, false, 2.0),
                run(200, true, 5.0),
                run(400, false, 30.0),
                run(200, true, 4.0),
            ],
        };
        let told = rate
            .held_run()
            .and_then(|report| report.snapshot_gap_ms.p99);
        assert_eq!(told, Some(5.0));
        let curve: Vec<_> = rate
            .curve()
            .iter()
            .map(|run| (run.players, run.is_kept))
            .collect();
        assert_eq!(curve, [(100, true), (200, true), (400, false)]);
    }

    #[test]
    fn the_objective_missed_by_most_comes_first() {
        let verdict = |objective: &str, ratio, is_kept| Verdict {
            objective: objective.into(),
            figure: None,
            text: "so much".into(),
            is_kept,
            ratio,
        };
        let mut missed = run(400, false, 1.0);
        missed.report.objectives = vec![
            verdict("tick_p99<50%", Some(1.2), false),
            verdict("gap_p99<1.5", Some(2.0), false),
            verdict("desyncs=0", None, true),
        ];
        let limit = Limit::of(400, &[missed]).unwrap();
        assert_eq!(limit.words(), "gap_p99<1.5: so much");
        assert_eq!(limit.missed.len(), 2);
        assert!(!limit.is_generators);
    }
}
