//! Steady load for hours, and whether anything grows, leaks or drifts meanwhile.
//!
//! ```text
//!  swarm  bots that leave, come anew and are cut ──────────┐
//!  watch  the server's counts, read every few seconds ─────┴─► judge ─► words, JSON
//! ```
//!
//! Owns the arguments and the order: start, play, let everybody leave, wait until the
//! server has forgotten them. Called by the command line.

mod judge;
mod trend;
mod watch;
mod words;

use crate::bot::{self, Bot};
use crate::report::Report;
use crate::scenario::{Group, Often, Plan, Strangers, text};
use crate::source::Sources;
use crate::swarm;
use crate::sweep::Launcher;
use crate::target::{Target, TrustArgs};
use crate::tokens::TokenArgs;
use anyhow::{Context, ensure};
use clap::Args;
use indicatif::ProgressBar;
use judge::{Judgement, Known};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use watch::Watch;

/// The longest part of a soak that is left out of its trends, in which a server takes
/// the memory it needs.
const LONGEST_WARM_UP: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// How many hours
    #[arg(long, value_name = "H", value_parser = hours, required_unless_present = "minutes", conflicts_with = "minutes")]
    hours: Option<Duration>,

    /// How many minutes
    #[arg(long, value_name = "M", value_parser = minutes)]
    minutes: Option<Duration>,

    /// How many bots
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,

    /// A server that runs already, instead of one started for this
    #[arg(long, conflicts_with_all = ["tick_rate", "server", "server_args"])]
    url: Option<Target>,

    /// That server's process on this machine, whose memory is then read from the
    /// system instead of the server's own metrics
    #[arg(long, value_name = "PID", requires = "url")]
    pid: Option<u32>,

    /// Ticks per second of the server that is started
    #[arg(long, value_name = "HZ", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    tick_rate: u32,

    /// The server's program [default: downbeat beside this one, built first under cargo]
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,

    /// One more argument for the server; may be repeated
    #[arg(long = "server-arg", value_name = "ARG", allow_hyphen_values = true)]
    server_args: Vec<String>,

    /// How the bots play [default: the bot's own]
    #[arg(long, value_name = "WAY")]
    behaviour: Option<String>,

    /// How often each bot leaves, and comes again as somebody new
    #[arg(long, value_name = "K/min", default_value = "1/min", value_parser = text::per_minute)]
    leave: f64,

    /// How often each bot's link is cut; it must get its player back
    #[arg(long, value_name = "K/min", default_value = "0.5/min", value_parser = text::per_minute)]
    cut: f64,

    /// What of the beginning is left out of the trends [default: a fifth, at most 10m]
    #[arg(long, value_name = "TIME", value_parser = text::moment)]
    warm_up: Option<Duration>,

    /// From one look at the server to the next
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = watch::between)]
    every: Duration,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// The same seed gives the same bots
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Threads that run bots
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    /// Write the report as JSON, too; `-` is stdout, and the table then goes to stderr
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What a soak reports.
#[derive(Debug, Serialize)]
struct SoakReport {
    minutes: f64,
    bots: u32,
    #[serde(flatten)]
    judgement: Judgement,
    /// What failed; empty if nothing did.
    failures: Vec<String>,
    swarm: Report,
}

impl SoakArgs {
    /// The plan against this server.
    fn plan<B: Bot>(&self, target: Target, server_pid: Option<u32>) -> anyhow::Result<Plan> {
        let wanted = self.behaviour.as_deref();
        let way = bot::ways::<B>().find(|way| wanted.is_none_or(|wanted| way.name == wanted));
        let way = way.context("no such behaviour")?;
        let often = |per_minute| Often {
            per_minute: Some(per_minute),
            together: Vec::new(),
        };
        let tokens = self.token.read(self.bots)?;
        let plan = Plan {
            target: target.trusting(&self.trust)?,
            duration: self.length(),
            baseline: None,
            seed: self.seed,
            groups: vec![Group {
                cuts: often(self.cut),
                leaves: often(self.leave),
                ..Group::new("bots", self.bots, way.name)
            }],
            strangers: Strangers::default(),
            tokens: tokens.map(Arc::new),
            threads: usize::from(self.threads).min(self.bots as usize),
            processes: 1,
            server_pid,
            returns: false,
            sources: Sources::default(),
            drag: None,
        };
        plan.check()?;
        Ok(plan)
    }

    fn length(&self) -> Duration {
        self.hours.or(self.minutes).unwrap_or_default()
    }

    fn warm_up(&self) -> Duration {
        let usual = (self.length() / 5).min(LONGEST_WARM_UP);
        self.warm_up.unwrap_or(usual)
    }
}

/// Runs a soak and says whether nothing grew, leaked or drifted.
///
/// # Errors
/// If there is no server, or it gives no figures.
pub(crate) fn run<B: Bot>(args: &SoakArgs) -> anyhow::Result<bool> {
    let json = match &args.json {
        Some(path) if path.as_os_str() != "-" => {
            let file = File::create(path);
            Some(file.with_context(|| format!("cannot write the report to {}", path.display()))?)
        }
        _ => None,
    };
    ensure!(
        args.warm_up() < args.length(),
        "--warm-up must be over before the end"
    );
    let launched = match &args.url {
        Some(_) => None,
        None => {
            let launcher = Launcher::find(args.server.clone(), args.server_args.clone())?;
            Some(launcher.start(args.tick_rate)?)
        }
    };
    let target = match (&args.url, &launched) {
        (Some(target), _) => target.clone(),
        (None, Some(server)) => {
            let parsed = server.url().parse::<Target>();
            parsed.map_err(|error| anyhow::anyhow!("the server is at {}: {error}", server.url()))?
        }
        (None, None) => anyhow::bail!("no server"),
    };
    let pid = args.pid.or(launched.as_ref().map(|server| server.pid()));
    let plan = args.plan::<B>(target, pid)?;
    crate::cli::allow_sockets(&plan)?;

    let watch = Watch::start(&plan, args.every, args.pid)?;
    let outcome = swarm::run_with::<B>(&plan, watch.stage(), ProgressBar::hidden())?;
    let swarm = Report::new(&plan, &outcome, None);
    let seen = watch.end()?;
    let known = Known {
        bots: args.bots,
        churn: f64::from(args.bots) * (args.leave + args.cut) / 60.0,
        tick_rate: swarm.tick_rate,
        warm_up: args.warm_up(),
    };
    let judgement = judge::judge(&seen, &known)?;
    let mut failures = judgement.failures();
    if !swarm.is_whole() {
        let ends: Vec<_> = swarm.ends.iter().collect();
        failures.push(format!("bots did not stay or come back: {ends:?}"));
    }
    let report = SoakReport {
        minutes: args.length().as_secs_f64() / 60.0,
        bots: args.bots,
        judgement,
        failures,
        swarm,
    };
    tell(&report, json, args.json.is_some())?;
    Ok(report.failures.is_empty())
}

fn tell(report: &SoakReport, json: Option<File>, is_json: bool) -> anyhow::Result<()> {
    let table = words::table(report);
    let text = || serde_json::to_string_pretty(report).map(|text| text + "\n");
    match json {
        Some(mut file) => {
            write!(io::stdout().lock(), "{table}")?;
            file.write_all(text()?.as_bytes())?;
        }
        None if is_json => {
            write!(io::stderr().lock(), "{table}")?;
            write!(io::stdout().lock(), "{}", text()?)?;
        }
        None => write!(io::stdout().lock(), "{table}")?,
    }
    Ok(())
}

fn hours(text: &str) -> Result<Duration, String> {
    let hours = text::in_range(text, 0.01, 24.0 * 7.0)?;
    Ok(Duration::from_secs_f64(hours * 3600.0))
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes = text::in_range(text, 0.05, 60.0 * 24.0 * 7.0)?;
    Ok(Duration::from_secs_f64(minutes * 60.0))
}
