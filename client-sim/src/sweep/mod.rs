//! How many players one server holds at each tick rate.
//!
//! For each rate a search says how many bots to try; each try is a fresh server and
//! a swarm in a process of its own, held against the objectives. Owns the order of
//! these, and what is told meanwhile. Called by the command line.
//!
//! ```text
//!  args ──► for each tick rate: search ◄──► trial: launch ──► server
//!                                              └───────────► swarm ──► its report
//!           ──► report ──► words (terminal, Markdown), html, JSON
//! ```

mod args;
mod launch;
pub(crate) mod report;
mod search;
mod trial;
pub(crate) mod words;

pub(crate) use args::{SweepArgs, run};
pub(crate) use words::notes;

use crate::machine::Machine;
use crate::target::Target;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub(crate) use launch::Launcher;
use report::{FORMAT, Limit, Rate, Run, Sweep};
use search::{Bounds, Outcome, Search};
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};
use trial::Runs;

/// Runs at most per tick rate. Quick ones take seven seconds: four rates stay below
/// five minutes.
const QUICK_RUNS: u32 = 10;
const RUNS: u32 = 30;

/// What a sweep is to do.
#[derive(Clone, Debug)]
struct Plan {
    server: Source,
    runs: Runs,
    is_quick: bool,
    /// What to begin with, and at most.
    first: u32,
    most: u32,
}

/// Where the server comes from.
#[derive(Clone, Debug)]
enum Source {
    /// It is started for each run, at each of these rates.
    Launched(Launcher, Vec<u32>),
    /// It is there already, at the rate it has.
    Given(Target),
}

/// Measures at every rate, and tells on stderr how it goes.
///
/// # Errors
/// If a server or a swarm cannot be run at all.
fn measure(plan: &Plan) -> anyhow::Result<Sweep> {
    let machine = Machine::here();
    let began = SystemTime::now();
    let start = Instant::now();
    let teller = Teller::new();
    teller.line(&format!("{machine}\nobjectives: {}", plan.runs.slo));
    let rates: &[u32] = match &plan.server {
        Source::Launched(_, rates) => rates,
        Source::Given(_) => &[0],
    };
    let mut found: Vec<Rate> = Vec::new();
    for rate in rates {
        let rate = search(plan, *rate, guess(&found, *rate), &teller)?;
        teller.line(&words::line(&rate));
        found.push(rate);
    }
    teller.end();
    Ok(Sweep {
        format: FORMAT.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        began: humantime::format_rfc3339_seconds(began).to_string(),
        took_s: start.elapsed().as_secs_f64(),
        machine,
        server: match &plan.server {
            Source::Launched(launcher, _) => launcher.name(),
            Source::Given(target) => target.to_string(),
        },
        swarm: plan.runs.more.clone(),
        objectives: plan.runs.slo.clone(),
        is_quick: plan.is_quick,
        is_debug: cfg!(debug_assertions),
        rates: found,
    })
}

/// What may be held at this rate, by what was held at the one before: the cost of
/// players grows a little faster than their number times the rate. A round number, as
/// all are that a search thinks of: what is held is one of them.
fn guess(found: &[Rate], rate: u32) -> Option<u32> {
    let last = found.last().filter(|last| last.held > 0)?;
    let ratio = f64::from(last.tick_rate) / f64::from(rate.max(1));
    Some(search::round(f64::from(last.held) * ratio * 0.9).max(1))
}

/// Finds what is held at one rate.
fn search(
    plan: &Plan,
    tick_rate: u32,
    guess: Option<u32>,
    teller: &Teller,
) -> anyhow::Result<Rate> {
    let mut search = Search::new(Bounds {
        first: guess.unwrap_or(plan.first).clamp(1, plan.most),
        is_guess: guess.is_some(),
        most: plan.most,
        grain: if plan.is_quick { 1.1 } else { 1.05 },
        runs: if plan.is_quick { QUICK_RUNS } else { RUNS },
    });
    let mut runs: Vec<Run> = Vec::new();
    let mut tick_rate = tick_rate;
    while let Some(players) = search.next() {
        teller.trying(tick_rate, players);
        let report = try_out(plan, tick_rate, players)?;
        tick_rate = report.tick_rate.unwrap_or(tick_rate);
        let outcome = trial::outcome(&report);
        search.tell(players, outcome);
        let run = Run {
            players,
            is_kept: matches!(outcome, Outcome::Kept { .. }),
            report,
        };
        teller.line(&words::run(&run));
        runs.push(run);
    }
    let held = search.held();
    let confirmed = runs.iter().filter(|run| run.players == held);
    Ok(Rate {
        tick_rate,
        held,
        confirmed: (
            confirmed.clone().filter(|run| run.is_kept).count() as u32,
            confirmed.count() as u32,
        ),
        limit: search
            .missed()
            .and_then(|players| Limit::of(players, &runs)),
        runs,
    })
}

fn try_out(plan: &Plan, tick_rate: u32, players: u32) -> anyhow::Result<crate::report::Report> {
    match &plan.server {
        Source::Given(target) => plan.runs.run(&target.to_string(), None, players),
        Source::Launched(launcher, _) => {
            let mut server = launcher.start(tick_rate)?;
            let report = plan.runs.run(&server.url, Some(server.pid()), players);
            anyhow::ensure!(
                !server.has_ended(),
                "the server ended by itself with {players} players at {tick_rate} Hz"
            );
            report
        }
    }
}

/// Tells on stderr how it goes: a line per run, and while one is under way a
/// spinner if that is a terminal.
#[derive(Debug)]
struct Teller(ProgressBar);

impl Teller {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self(bar)
    }

    fn trying(&self, tick_rate: u32, players: u32) {
        let rate = match tick_rate {
            0 => String::new(),
            rate => format!("{rate} Hz, "),
        };
        self.0.reset_elapsed();
        self.0.set_message(format!("{rate}{players} bots …"));
        self.0.enable_steady_tick(Duration::from_millis(200));
    }

    fn line(&self, text: &str) {
        // Nothing can be told if stderr is closed.
        self.0.suspend(|| writeln!(io::stderr(), "{text}").ok());
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_rate_begins_near_what_the_last_one_held() {
        let rate = |tick_rate, held| Rate {
            tick_rate,
            held,
            confirmed: (1, 1),
            limit: None,
            runs: Vec::new(),
        };
        assert_eq!(guess(&[], 20), None);
        assert_eq!(guess(&[rate(20, 2000)], 40), Some(900));
        assert_eq!(guess(&[rate(30, 2950)], 60), Some(1350), "not 1,327");
        assert_eq!(guess(&[rate(20, 1)], 240), Some(1));
        assert_eq!(guess(&[rate(20, 2000), rate(40, 0)], 60), None);
    }
}
