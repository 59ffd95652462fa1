//! One run of the search: a swarm of its own against the server.
//!
//! The swarm is this same program as a process: nothing of one run is left for the
//! next, and whatever a swarm can be told can be told to all of them. Owns the
//! arguments of these runs and reads what comes of them. Called by the sweep.

use super::search::Outcome;
use crate::report::Report;
use anyhow::{Context, bail};
use std::process::{Command, Stdio};

/// What all runs of a sweep have in common.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    /// The measured window, as an argument.
    pub(super) duration: String,
    /// From the last join to the window.
    pub(super) settle: String,
    /// Seconds in which all bots join.
    pub(super) ramp_s: f64,
    pub(super) slo: String,
    pub(super) processes: u32,
    /// Handed on as they are.
    pub(super) more: Vec<String>,
}

/// Slower than this no ramp is, in bots per second.
const LEAST_RAMP: f64 = 200.0;
/// A figure this much over its limit may be noise.
const NARROW: f64 = 1.6;
/// The same where others used the machine meanwhile, and from how many cores on.
const DISTURBED: (f64, f64) = (3.0, 0.25);

impl Runs {
    /// Lets so many bots play.
    ///
    /// # Errors
    /// If the swarm gives no report.
    pub(super) fn run(
        &self,
        url: &str,
        server_pid: Option<u32>,
        bots: u32,
    ) -> anyhow::Result<Report> {
        let ramp = (f64::from(bots) / self.ramp_s).max(LEAST_RAMP);
        let program = std::env::current_exe().context("where is this program?")?;
        let mut command = Command::new(program);
        command
            .args(["swarm", "--url", url, "--json", "-"])
            .args(["--bots", &bots.to_string()])
            .args(["--duration", &self.duration, "--baseline", &self.settle])
            .args(["--ramp", &format!("{ramp:.0}")])
            .args(["--slo", &self.slo])
            .args(["--processes", &self.processes.to_string()])
            .stdin(Stdio::null());
        if let Some(pid) = server_pid {
            command.args(["--server-pid", &pid.to_string()]);
        }
        let output = command.args(&self.more).output()?;
        serde_json::from_slice(&output.stdout).or_else(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("the swarm gave no report: {}", said.trim())
        })
    }
}

/// What a run means for the search.
pub(super) fn outcome(report: &Report) -> Outcome {
    if report.is_good() {
        return Outcome::Kept { load: load(report) };
    }
    let broken = report.objectives.iter().filter(|one| !one.is_kept);
    // A count that must be 0 has no ratio: a few ticks in a second of noise are few.
    let others = report.cores.others.unwrap_or(0.0) + report.cores.stolen.unwrap_or(0.0);
    let narrow = match DISTURBED {
        (narrow, cores) if others >= cores => narrow,
        _ => NARROW,
    };
    let is_narrow = broken.clone().all(|one| match one.ratio {
        Some(ratio) => ratio < narrow,
        None => one.figure.is_some_and(|count| count <= 10.0),
    });
    Outcome::Missed {
        is_narrow: is_narrow && report.is_whole(),
    }
}

/// How much of what there is was used: of the objectives' limits, of the time of the
/// busiest threads, of the cores.
fn load(report: &Report) -> f64 {
    // Gaps and latencies never fall below their period: they tell nothing of it.
    let work = report.objectives.iter();
    let work = work.filter(|one| !one.objective.starts_with(['g', 'l']));
    let worst = work.filter_map(|one| one.ratio).fold(0.0, f64::max);
    let server = report.server.as_ref();
    let threads = [
        report.generator.busiest_thread.as_ref(),
        server.and_then(|server| server.busiest_thread.as_ref()),
    ];
    let threads = threads.into_iter().flatten().map(|thread| thread.share);
    let cores = report.machine.cores as f64;
    let busy = report.cores.busy.unwrap_or(cores) - report.cores.others.unwrap_or(0.0);
    threads.fold(worst.max(busy / cores), f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Busiest;
    use crate::slo::Verdict;

    fn report(figures: &[(&str, Option<f64>, bool)]) -> Report {
        let verdict = |(objective, ratio, is_kept): &(&str, Option<f64>, bool)| Verdict {
            objective: (*objective).into(),
            figure: Some(ratio.unwrap_or(f64::from(u8::from(!is_kept)) * 5.0)),
            text: String::new(),
            is_kept: *is_kept,
            ratio: *ratio,
        };
        let mut report = Report {
            objectives: figures.iter().map(verdict).collect(),
            ..Report::default()
        };
        report.machine.cores = 2;
        report.cores.busy = Some(0.5);
        report
    }

    #[test]
    fn how_far_a_run_was_from_its_limits_decides_what_is_next() {
        let kept = |load| Outcome::Kept { load };
        let missed = |is_narrow| Outcome::Missed { is_narrow };
        for (figures, expected) in [
            (&[("tick_p99<50%", Some(0.1), true)][..], kept(0.25)),
            (&[("tick_p99<50%", Some(0.7), true)], kept(0.7)),
            (&[("tick_p99<50%", Some(1.2), false)], missed(true)),
            (&[("tick_p99<50%", Some(3.0), false)], missed(false)),
            (&[("skipped=0", None, false)], missed(true)),
            (
                &[
                    ("skipped=0", None, false),
                    ("gap_p99<1.5", Some(9.0), false),
                ],
                missed(false),
            ),
        ] {
            assert_eq!(outcome(&report(figures)), expected, "{figures:?}");
        }
        let mut lost = report(&[("tick_p99<50%", Some(0.1), true)]);
        lost.disconnects = 1;
        assert_eq!(outcome(&lost), missed(false), "a lost bot is no noise");
        let mut disturbed = report(&[("tick_p99<50%", Some(2.5), false)]);
        assert_eq!(outcome(&disturbed), missed(false));
        disturbed.cores.others = Some(0.8);
        assert_eq!(outcome(&disturbed), missed(true), "others were there");
        let mut busy = report(&[("tick_p99<50%", Some(0.1), true)]);
        busy.cores.busy = Some(1.5);
        assert_eq!(outcome(&busy), kept(0.75), "of two cores");
        busy.generator.busiest_thread = Some(Busiest {
            name: "bots-0".into(),
            share: 0.9,
            waited: 0.0,
        });
        assert_eq!(outcome(&busy), kept(0.9), "one thread is one core at most");
    }
}
