//! `client-sim swarm`: its arguments, and what is told at its end.
//!
//! Refuses what makes no sense before the first connection is opened. Called by the
//! command line; hands a plan to the swarm and its result to the report.

use super::{USAGE, complain, verdict};
use crate::bot::{self, Bot};
use crate::compare::{self, Comparison};
use crate::crew;
use crate::report::Report;
use crate::scenario::{self, Flags, Plan, text};
use crate::slo::Objectives;
use crate::source::Sources;
use crate::swarm;
use crate::table;
use crate::target::{Target, TrustArgs};
use crate::tokens::TokenArgs;
use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long the measured window is, if nobody says.
const DURATION: Duration = Duration::from_secs(10);

/// Descriptors beside the bots' sockets: terminal, runtimes, report, the scrape.
const SPARE_FILES: u64 = 64;

#[derive(Debug, Args)]
pub(super) struct SwarmArgs {
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

/// Runs a swarm and says how it went.
pub(super) fn swarm<B: Bot>(mut args: SwarmArgs) -> u8 {
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

/// `10%` → 0.1.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').ok_or("write it such as 10%")?;
    text::in_range(number, 0.0, 1000.0).map(|percent| percent / 100.0)
}
