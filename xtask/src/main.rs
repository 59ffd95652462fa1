//! The project's chores. `cargo xtask test` is the whole check, as CI runs it;
//! `cargo xtask bench` and `cargo xtask sweep` measure; `cargo xtask fuzz` tries out what peers may send.
//!
//! A step is one row of [`STEPS`]; the first that fails ends the run.

mod bench;
mod look;
mod process;
mod swarm;
mod sweep;
mod web;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use process::{cargo, present};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A step of the check: its name, what it is for, and how it is done.
struct Step(&'static str, &'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    Step("fmt", "sources are formatted", || {
        present("fmt", "rustfmt")?;
        cargo("fmt --all --check")
    }),
    Step("clippy", "no lints", || {
        present("clippy", "clippy")?;
        cargo("clippy --workspace --all-targets -- -D warnings")
    }),
    Step("doc", "no warnings from rustdoc", || {
        process::cargo_with("RUSTDOCFLAGS", "-D warnings", "doc --workspace --no-deps")
    }),
    Step("unit", "tests of the workspace", || {
        cargo("test --workspace")
    }),
    Step("example", "the example game", || cargo("test --examples")),
    Step(
        "swarm",
        "200 bots, a recording and a terminal against a release server",
        swarm::run,
    ),
    Step(
        "web",
        "the SDK in Node, types and words of the pages",
        web::run,
    ),
    Step(
        "browser",
        "the pages in Chromium against a release server",
        web::browser,
    ),
];

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The project's chores"
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check everything, as CI does.
    #[command(after_help = steps())]
    Test {
        /// Only this step; may be repeated.
        #[arg(long, value_name = "STEP", value_parser = names(), hide_possible_values = true)]
        only: Vec<String>,
    },
    /// Fuzz everything that reads a peer's bytes.
    Fuzz {
        /// How long in all, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measure everything and write docs/performance.md and its charts.
    Bench {
        /// Short windows and one pair each: to try it out.
        #[arg(long)]
        quick: bool,
    },
    /// Find out how many players this machine holds, and write it into the README.
    Sweep {
        /// In under five minutes instead of about half an hour.
        #[arg(long)]
        quick: bool,
    },
}

/// What each step is for, for `--help`.
fn steps() -> String {
    let lines = STEPS
        .iter()
        .map(|Step(name, what, _)| format!("\n  {name:<8} {what}"));
    format!("Steps, in this order:{}", lines.collect::<String>())
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.iter().map(|step| step.0))
}

fn main() -> ExitCode {
    match Arguments::parse().chore {
        Chore::Test { only } => test(&only),
        Chore::Fuzz { seconds } => fuzz(seconds),
        Chore::Bench { quick } => done("bench", bench::run(quick)),
        Chore::Sweep { quick } => done("sweep", sweep::run(quick)),
    }
}

/// Says what went wrong, if something did.
fn done(chore: &str, outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{chore}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the steps of that name, or all of them.
fn test(only: &[String]) -> ExitCode {
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.0);
    let mut times = Vec::new();
    for Step(name, what, run) in STEPS.iter().filter(wanted) {
        eprintln!("\n=== {name}: {what}");
        let begin = Instant::now();
        let outcome = run();
        let time = begin.elapsed();
        if let Err(error) = outcome {
            // One line: the step's own output above says the rest.
            eprintln!("\n=== {name}: FAILED after {}: {error:#}", seconds(time));
            return ExitCode::FAILURE;
        }
        eprintln!("=== {name}: ok, {}", seconds(time));
        times.push((name, time));
    }
    eprintln!();
    for (name, time) in times {
        eprintln!("{name:<10}{:>10}", seconds(time));
    }
    ExitCode::SUCCESS
}

fn fuzz(seconds: u64) -> ExitCode {
    let words = format!("run --release --package downbeat-fuzz -- --seconds {seconds}");
    match cargo(&words) {
        Ok(()) => ExitCode::SUCCESS,
        // It has said itself which case it was.
        Err(_) => ExitCode::FAILURE,
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
