//! The command line: what can be asked for, and the exit code it ends with.
//!
//! Refuses what makes no sense before the first connection is opened. Called by
//! `main`; hands a [`Plan`] to the swarm and its result to the report.

use crate::bot::{self, Bot};
use crate::crew;
use crate::scenario::{self, Flags, Plan, text};
use crate::swarm;
use crate::target::Target;
use crate::{report, table};
use anyhow::Context;
use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Everything went as it should.
const GOOD: u8 = 0;
/// A bot could not join, or an honest one suffered.
const BAD: u8 = 1;
/// The arguments make no sense here.
const USAGE: u8 = 2;

/// How long the measured window is, if nobody says.
const DURATION: Duration = Duration::from_secs(10);

/// Descriptors beside the bots' sockets: terminal, runtimes, report, the scrape.
const SPARE_FILES: u64 = 64;

/// Simulated clients for a downbeat server
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Command {
    /// Let many bots play and report how the server kept its rate
    ///
    /// The bots join along the ramp; when all are in, the measured window begins.
    /// The report goes to stdout as a table. Exit code 1 if a bot could not join, or
    /// an honest one lost its connection, did not get its player back after a cut, or
    /// saw a wrong checksum.
    #[command(args_override_self = true)]
    Swarm(SwarmArgs),
}

#[derive(Debug, Args)]
struct SwarmArgs {
    /// The server's address, for instance ws://127.0.0.1:4000/ws
    #[arg(long)]
    url: Target,

    /// What the bots do, from a file instead of flags (see docs/load-testing.md)
    #[arg(long, value_name = "FILE", conflicts_with_all = Flags::NAMES)]
    scenario: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,

    /// How long the measured window is, at least 1s [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    duration: Option<Duration>,

    /// Measure this long before the window, too, without misbehaviour, and compare
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    baseline: Option<Duration>,

    /// The same seed gives the same bots [default: 1]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// Write the report as JSON, too; `-` is stdout, and the table then goes to stderr
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Threads that run bots [default: half of the processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Spread the bots over this many processes, each with its own threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    processes: u32,

    /// The server's process on this machine: its CPU time is read by thread
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,

    /// Which of the processes this is; told by the first one to the others
    #[arg(long, value_name = "K", hide = true)]
    part: Option<u32>,
}

/// Does what the command line says with bots of this kind, and gives the exit code.
#[must_use]
pub fn main<B: Bot>() -> ExitCode {
    let arguments = command::<B>().get_matches();
    match Cli::from_arg_matches(&arguments) {
        Ok(Cli {
            command: Command::Swarm(args),
        }) => swarm::<B>(args),
        Err(error) => error.exit(),
    }
}

/// The command line, with this bot's ways to play.
fn command<B: Bot>() -> clap::Command {
    let ways = || bot::ways::<B>().map(|way| PossibleValue::new(way.name).help(way.help));
    Cli::command().mut_subcommand("swarm", |swarm| {
        swarm.mut_arg("behaviour", |behaviour| {
            let default = bot::ways::<B>().next().map(|way| way.name);
            behaviour
                .value_parser(ways().collect::<Vec<_>>())
                .default_value(default)
        })
    })
}

/// Runs a swarm and says how it went.
fn swarm<B: Bot>(mut args: SwarmArgs) -> ExitCode {
    if let Some(part) = args.part {
        // The report is the first process's.
        args.json = None;
        let played = prepare::<B>(args).and_then(|(plan, _)| crew::play_part::<B>(&plan, part));
        return match played {
            Ok(()) => ExitCode::from(GOOD),
            Err(error) => complain(&error, BAD),
        };
    }
    let (plan, sink) = match prepare::<B>(args) {
        Ok(prepared) => prepared,
        Err(error) => return complain(&error, USAGE),
    };
    let told = swarm::run::<B>(&plan).and_then(|outcome| tell(&plan, &outcome, sink));
    match told {
        Ok(true) => ExitCode::from(GOOD),
        Ok(false) => ExitCode::from(BAD),
        Err(error) => complain(&error, BAD),
    }
}

/// Where the JSON goes.
enum Sink {
    Nowhere,
    Stdout,
    File(File),
}

fn prepare<B: Bot>(args: SwarmArgs) -> anyhow::Result<(Plan, Sink)> {
    let plan = plan::<B>(&args)?;
    let sink = match args.json {
        None => Sink::Nowhere,
        Some(path) if path.as_os_str() == "-" => Sink::Stdout,
        // Created now: a run of minutes must not end with "no such directory".
        Some(path) => Sink::File(
            File::create(&path)
                .with_context(|| format!("cannot write the report to {}", path.display()))?,
        ),
    };
    allow_sockets(&plan)?;
    Ok((plan, sink))
}

/// What these arguments ask for.
fn plan<B: Bot>(args: &SwarmArgs) -> anyhow::Result<Plan> {
    let ways: Vec<_> = bot::ways::<B>().collect();
    let scenario = match &args.scenario {
        Some(path) => scenario::read(path, &ways)?,
        None => args.flags.scenario(&ways)?,
    };
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
        usize::from,
    );
    let duration = args.duration.or(scenario.duration);
    let mut plan = Plan {
        target: args.url.clone(),
        duration: duration.unwrap_or(DURATION),
        baseline: args.baseline.or(scenario.baseline),
        seed: args.seed.or(scenario.seed).unwrap_or(1),
        groups: scenario.groups,
        strangers: scenario.strangers,
        threads,
        processes: args.processes,
        server_pid: args.server_pid,
    };
    plan.check()?;
    plan.threads = threads.min(plan.bots() as usize);
    Ok(plan)
}

/// Lets this process open as many sockets as its bots need.
fn allow_sockets(plan: &Plan) -> anyhow::Result<()> {
    let here = plan.bots().div_ceil(plan.processes);
    let needed = u64::from(here) + u64::from(plan.more_sockets()) + SPARE_FILES;
    let limit = rlimit::increase_nofile_limit(needed.max(1 << 16)).unwrap_or(needed);
    anyhow::ensure!(
        limit >= needed,
        "{here} bots and their company need {needed} open files, the system allows {limit} (see ulimit -Hn and --processes)"
    );
    Ok(())
}

/// Writes the report and says whether the run was good.
fn tell(plan: &Plan, outcome: &swarm::Outcome, sink: Sink) -> anyhow::Result<bool> {
    let report = report::Report::new(plan, outcome);
    let table = table::render(plan, outcome, &report);
    match sink {
        Sink::Nowhere => write!(io::stdout().lock(), "{table}")?,
        Sink::Stdout => {
            write!(io::stderr().lock(), "{table}")?;
            let mut out = io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
        Sink::File(mut file) => {
            write!(io::stdout().lock(), "{table}")?;
            let mut text = serde_json::to_string_pretty(&report)?;
            text.push('\n');
            file.write_all(text.as_bytes())?;
        }
    }
    Ok(report.is_good())
}

fn complain(error: &anyhow::Error, code: u8) -> ExitCode {
    // Nothing can be said if stderr is closed; the exit code still speaks.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Pilot;

    #[test]
    fn the_command_line_is_well_formed() {
        command::<Pilot>().debug_assert();
    }
}
