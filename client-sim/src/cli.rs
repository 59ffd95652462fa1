//! The command line: what can be asked for, and the exit code it ends with.
//!
//! Refuses what makes no sense before the first connection is opened. Called by
//! `main`; hands a plan to the swarm and its result to the report.

use crate::bot::{self, Bot};
use crate::compare::{self, Comparison};
use crate::crew;
use crate::play::{self, PlayArgs};
use crate::record::{self, RecordArgs};
use crate::report::Report;
use crate::scenario::{self, Flags, Plan, text};
use crate::show::{self, ShowArgs};
use crate::slo::{self, Objectives};
use crate::soak::{self, SoakArgs};
use crate::source::Sources;
use crate::swarm;
use crate::sweep::{self, SweepArgs};
use crate::table;
use crate::target::{Target, TrustArgs};
use crate::tokens::TokenArgs;
use anyhow::Context;
use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Everything went as it should.
pub(crate) const GOOD: u8 = 0;
/// A bot could not join, or an honest one suffered.
pub(crate) const BAD: u8 = 1;
/// The arguments make no sense here.
pub(crate) const USAGE: u8 = 2;

/// How long the measured window is, if nobody says.
const DURATION: Duration = Duration::from_secs(10);

/// Descriptors beside the bots' sockets: terminal, runtimes, report, the scrape.
const SPARE_FILES: u64 = 64;

const EXAMPLES: &str = "\
Examples:
  client-sim swarm --url ws://127.0.0.1:4000/ws --bots 200     # how this server does with 200
  client-sim sweep --quick                                     # how many this machine holds
  client-sim soak --minutes 30                                 # whether anything grows or leaks
  client-sim record - --url ws://127.0.0.1:4000/ws | client-sim show -

What the figures mean: docs/load-testing.md. Scenarios, networks, tokens: docs/scenarios.md.
Exit codes: 0 all was well, 1 something was not, 2 the arguments make no sense here.";

/// Simulated clients for a downbeat server
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
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
    /// The report goes to stdout as a table.
    ///
    /// Exit code 1 if a bot could not join; if an honest one lost its connection, did
    /// not get its player back after a cut, or saw a wrong checksum; if an objective
    /// (--slo) was missed; or if a figure is worse than in an earlier report (--against).
    #[command(args_override_self = true, after_help = slo::help())]
    Swarm(Box<SwarmArgs>),

    /// Find out how many players a server holds at each tick rate
    ///
    /// For each rate the largest number of bots is searched with which every objective
    /// is kept: a fresh server and a swarm of its own per try. The table goes to stdout.
    ///
    /// Exit code 1 if a rate holds nobody.
    #[command(after_help = slo::help())]
    Sweep(SweepArgs),

    /// Let bots come and go for hours, and see whether anything grows, leaks or drifts
    ///
    /// Each bot leaves now and then and comes again as somebody new, and its link is cut
    /// now and then. Meanwhile the server's own counts are read: its memory must not
    /// grow beyond noise, its sessions must be those of the bots and gone when they
    /// are, and its ticks must keep to the clock within one an hour.
    ///
    /// Exit code 1 if any of that failed; the report says what.
    Soak(SoakArgs),

    /// Play in the terminal, or look over a bot's shoulder
    ///
    /// The arena around one ship, the leaderboard, the whole plane, and how the
    /// connection does: round trip, gaps, bytes, checksums. Comes back by itself when
    /// the link is lost.
    ///
    /// Exit code 1 if the server ended it for good.
    #[command(after_help = play::EXAMPLES)]
    Play(PlayArgs),

    /// Save everything one client says and hears
    ///
    /// Joins as a bot would, or looks on with --watch, and writes each message, in
    /// both directions, with its time. Ctrl-C ends it early and in good order. The
    /// file holds what was said, also tokens: it is readable by its owner alone. Its
    /// format: docs/protocol.md.
    ///
    /// Exit code 1 if the connection ended before its time.
    #[command(after_help = record::EXAMPLES)]
    Record(RecordArgs),

    /// Print a recording, message by message
    ///
    /// Each message with its time, direction and size; snapshots by cells, what left,
    /// entered and changed (what the prediction gave → what it became), bytes by
    /// part, and whether the checksum is right (✓ ✗). What cannot be decoded is
    /// shown in hex, and the rest goes on. docs/protocol.md tells what it means.
    ///
    /// Exit code 1 if anything was damaged, undecodable or wrong.
    #[command(after_help = show::EXAMPLES)]
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct SwarmArgs {
    /// The server's address, for instance ws://127.0.0.1:4000/ws
    #[arg(long)]
    url: Target,

    /// What the bots do, from a file instead of flags (see docs/scenarios.md)
    #[arg(long, value_name = "FILE", conflicts_with_all = Flags::NAMES)]
    scenario: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// How long the measured window is, at least 1s [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    duration: Option<Duration>,

    /// Measure this long before the window, too, without misbehaviour, and compare
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    baseline: Option<Duration>,

    /// Come back, as the same players, to a server that ends the links and says after how
    /// long; reported as cut links
    #[arg(long = "return")]
    returns: bool,

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

    /// This machine's addresses to connect from, in turn, separated by commas
    /// [default: the system's; on loopback several if ports run out]
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    source: Vec<IpAddr>,

    /// What must hold, for instance tick_p99<50%,gap_p99<1.5,skipped=0
    #[arg(long, value_name = "OBJECTIVES")]
    slo: Option<Objectives>,

    /// Compare with this earlier report of a swarm
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,

    /// How much worse than there a figure may be
    #[arg(long, value_name = "PERCENT", default_value = "10%", value_parser = percent)]
    tolerance: f64,

    /// The server's process on this machine: its CPU time is read by thread
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,

    /// Block the bots' thread for so long at each snapshot, to see that it is found out
    #[arg(long, value_name = "TIME", hide = true, value_parser = humantime::parse_duration)]
    drag: Option<Duration>,

    /// Which of the processes this is; told by the first one to the others
    #[arg(long, value_name = "K", hide = true)]
    part: Option<u32>,
}

/// Does what the command line says with bots of this kind, and gives the exit code.
#[must_use]
pub fn main<B: Bot>() -> ExitCode {
    ExitCode::from(run::<B>(std::env::args_os()))
}

/// The same with these arguments, of which the first is the program's name.
pub fn run<B: Bot>(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let matches = command::<B>().try_get_matches_from(arguments);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(Cli {
            command: Command::Swarm(args),
        }) => swarm::<B>(*args),
        Ok(Cli {
            command: Command::Sweep(args),
        }) => verdict(sweep::run(&args)),
        Ok(Cli {
            command: Command::Soak(args),
        }) => verdict(soak::run::<B>(&args)),
        Ok(Cli {
            command: Command::Play(args),
        }) => play::play::<B>(&args),
        Ok(Cli {
            command: Command::Record(args),
        }) => record::record::<B>(&args),
        Ok(Cli {
            command: Command::Show(args),
        }) => show::show::<B::Wire>(&args),
        Err(error) => {
            // Help is no error; that nobody reads it is none, either.
            let _ = error.print();
            error.exit_code() as u8
        }
    }
}

/// The exit code of what was good, was not, or failed.
fn verdict(outcome: anyhow::Result<bool>) -> u8 {
    match outcome {
        Ok(true) => GOOD,
        Ok(false) => BAD,
        Err(error) => complain(&error, BAD),
    }
}

/// The command line, with this bot's ways to play.
fn command<B: Bot>() -> clap::Command {
    let ways = || bot::ways::<B>().map(|way| PossibleValue::new(way.name).help(way.help));
    let behaviour = |command: clap::Command| {
        command.mut_arg("behaviour", |behaviour| {
            let default = bot::ways::<B>().next().map(|way| way.name);
            behaviour
                .value_parser(ways().collect::<Vec<_>>())
                .default_value(default)
        })
    };
    Cli::command()
        .mut_subcommand("swarm", behaviour)
        .mut_subcommand("record", behaviour)
        .mut_subcommand("play", |play| play.hide(!play::knows::<B>()))
}

/// Runs a swarm and says how it went.
fn swarm<B: Bot>(mut args: SwarmArgs) -> u8 {
    if let Some(part) = args.part {
        // The report is the first process's.
        (args.json, args.against) = (None, None);
        let played = prepare::<B>(args).and_then(|(plan, ..)| crew::play_part::<B>(&plan, part));
        return verdict(played.map(|()| true));
    }
    let (plan, asked) = match prepare::<B>(args) {
        Ok(prepared) => prepared,
        Err(error) => return complain(&error, USAGE),
    };
    verdict(swarm::run::<B>(&plan).and_then(|outcome| tell(&plan, &outcome, asked)))
}

/// What is asked of a run beside playing.
struct Asked {
    sink: Sink,
    slo: Option<Objectives>,
    /// The earlier report, and what part a figure may be worse.
    against: Option<(Report, f64)>,
}

/// Where the JSON goes.
enum Sink {
    Nowhere,
    Stdout,
    File(File),
}

fn prepare<B: Bot>(args: SwarmArgs) -> anyhow::Result<(Plan, Asked)> {
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
    let earlier = args.against.as_deref().map(compare::read).transpose()?;
    let asked = Asked {
        sink,
        slo: args.slo,
        against: earlier.map(|report| (report, args.tolerance)),
    };
    allow_sockets(&plan)?;
    Ok((plan, asked))
}

/// What these arguments ask for.
fn plan<B: Bot>(args: &SwarmArgs) -> anyhow::Result<Plan> {
    let ways: Vec<_> = bot::ways::<B>().collect();
    let scenario = match &args.scenario {
        Some(path) => {
            let mut scenario = scenario::read(path, &ways)?;
            args.flags.scale(&mut scenario);
            scenario
        }
        None => args.flags.scenario(&ways)?,
    };
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
        usize::from,
    );
    let duration = args.duration.or(scenario.duration);
    let mut plan = Plan {
        target: args.url.clone().trusting(&args.trust)?,
        duration: duration.unwrap_or(DURATION),
        baseline: args.baseline.or(scenario.baseline),
        seed: args.seed.or(scenario.seed).unwrap_or(1),
        groups: scenario.groups,
        strangers: scenario.strangers,
        tokens: None,
        threads,
        processes: args.processes,
        server_pid: args.server_pid,
        returns: args.returns,
        sources: Sources::new(args.source.clone()),
        drag: args.drag,
    };
    plan.check()?;
    plan.tokens = args.token.read(plan.bots())?.map(Arc::new);
    plan.threads = threads.min(plan.bots() as usize);
    Ok(plan)
}

/// Lets this process open as many sockets as its bots need.
pub(crate) fn allow_sockets(plan: &Plan) -> anyhow::Result<()> {
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
fn tell(plan: &Plan, outcome: &swarm::Outcome, asked: Asked) -> anyhow::Result<bool> {
    let report = Report::new(plan, outcome, asked.slo.as_ref());
    let mut table = table::render(plan, outcome, &report);
    let mut is_good = report.is_good();
    if let Some((earlier, tolerance)) = &asked.against {
        let comparison = Comparison::of(earlier, &report, *tolerance);
        table.push_str(&comparison.render());
        is_good &= comparison.is_good();
    }
    match asked.sink {
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
    Ok(is_good)
}

pub(crate) fn complain(error: &anyhow::Error, code: u8) -> u8 {
    // Nothing can be said if stderr is closed; the exit code still speaks.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    code
}

/// `10%` → 0.1.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').ok_or("write it such as 10%")?;
    text::in_range(number, 0.0, 1000.0).map(|percent| percent / 100.0)
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
