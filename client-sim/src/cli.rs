//! The command line: what can be asked for, and the exit code it ends with.
//!
//! Refuses what makes no sense before the first connection is opened. Called by
//! `main`; hands a [`Plan`] to the swarm and its result to the report.

use crate::behaviour::Behaviour;
use crate::mischief::Mischief;
use crate::swarm::{self, Plan};
use crate::target::Target;
use crate::{report, table};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
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

/// Descriptors beside the bots' sockets: terminal, runtimes, report, the scrape.
const SPARE_FILES: u64 = 64;

/// Simulated clients for a downbeat server
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
pub(crate) struct SwarmArgs {
    /// The server's address, for instance ws://127.0.0.1:4000/ws
    #[arg(long)]
    url: Target,

    /// How many bots
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,

    /// How long the measured window is, at least 1s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    duration: Duration,

    /// Measure this long before the window, too, without misbehaviour, and compare
    #[arg(long, value_name = "TIME", value_parser = duration)]
    baseline: Option<Duration>,

    /// How many bots connect per second
    #[arg(long, value_name = "N/s", default_value = "200/s", value_parser = ramp)]
    ramp: f64,

    /// Inputs per second of each bot, up to 1000 [default: the server's tick rate]
    #[arg(long, value_name = "HZ", value_parser = input_rate)]
    input_rate: Option<f64>,

    /// How the bots play
    #[arg(long, value_enum, default_value_t = Behaviour::Wander)]
    behaviour: Behaviour,

    /// Spread the bots over this many rooms, swarm-0 and so on; 1 is the default room
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rooms: u32,

    /// Come back, as the same players, to a server that ends a connection and says after
    /// how long; reported as cut links
    #[arg(long = "return")]
    returns: bool,

    /// The same seed gives the same bots
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Write the report as JSON, too; `-` is stdout, and the table then goes to stderr
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Threads that run bots [default: half of the processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    #[command(flatten)]
    mischief: Mischief,
}

/// Runs a swarm and says how it went.
pub(crate) fn swarm(args: SwarmArgs) -> ExitCode {
    let (plan, sink) = match prepare(args) {
        Ok(prepared) => prepared,
        Err(error) => return complain(&error, USAGE),
    };
    let told = swarm::run(&plan).and_then(|outcome| tell(&plan, &outcome, sink));
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

fn prepare(args: SwarmArgs) -> anyhow::Result<(Plan, Sink)> {
    args.mischief.check(args.bots, args.duration)?;
    let sink = match args.json {
        None => Sink::Nowhere,
        Some(path) if path.as_os_str() == "-" => Sink::Stdout,
        // Created now: a run of minutes must not end with "no such directory".
        Some(path) => Sink::File(
            File::create(&path)
                .with_context(|| format!("cannot write the report to {}", path.display()))?,
        ),
    };
    let more = args.mischief.more_sockets(args.bots);
    let needed = u64::from(args.bots) + more + SPARE_FILES;
    let limit = rlimit::increase_nofile_limit(needed.max(1 << 16)).unwrap_or(needed);
    anyhow::ensure!(
        limit >= needed,
        "{} bots and their company need {needed} open files, the system allows {limit} (see ulimit -Hn)",
        args.bots
    );
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
        usize::from,
    );
    let plan = Plan {
        target: args.url,
        bots: args.bots,
        duration: args.duration,
        baseline: args.baseline,
        ramp: args.ramp,
        input_rate: args.input_rate,
        behaviour: args.behaviour,
        rooms: args.rooms,
        returns: args.returns,
        seed: args.seed,
        threads: threads.min(args.bots as usize),
        mischief: args.mischief,
    };
    Ok((plan, sink))
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

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_secs(1)..=Duration::from_secs(7 * 86_400)).contains(&duration) {
        Ok(duration)
    } else {
        Err("allowed is 1s to 7days".into())
    }
}

fn ramp(text: &str) -> Result<f64, String> {
    in_range(text.strip_suffix("/s").unwrap_or(text), 0.1, 100_000.0)
}

fn input_rate(text: &str) -> Result<f64, String> {
    in_range(text, 0.01, 1000.0)
}

fn in_range(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("allowed is {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        assert_eq!(ramp("200/s"), Ok(200.0));
        assert_eq!(ramp("200"), Ok(200.0));
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        for text in ["", "0/s", "-1", "nan", "inf", "200/m"] {
            assert!(ramp(text).is_err(), "ramp {text:?}");
        }
        for text in ["", "10", "0s", "999ms", "8days"] {
            assert!(duration(text).is_err(), "duration {text:?}");
        }
        for text in ["0", "-20", "1001"] {
            assert!(input_rate(text).is_err(), "input rate {text:?}");
        }
    }
}
