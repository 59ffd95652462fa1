//! The arguments of `sweep`, and what is written at its end.
//!
//! Refuses what makes no sense before the first server is started. Called by the
//! command line.

use super::launch::Launcher;
use super::report::{FORMAT, Sweep};
use super::trial::Runs;
use super::{Plan, Source, measure, words};
use crate::html;
use crate::slo::{self, Objectives};
use crate::target::Target;
use anyhow::{Context, ensure};
use clap::Args;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Ticks per second to measure at, separated by commas
    #[arg(long, value_name = "HZ,…", default_value = "20,30,60,128", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=240))]
    tick_rates: Vec<u32>,

    /// What must hold, for instance tick_p99<50%,gap_p99<1.5,skipped=0
    #[arg(long, value_name = "OBJECTIVES", default_value = slo::DEFAULT)]
    slo: Objectives,

    /// Short runs and a coarser answer: under five minutes for four rates
    #[arg(long)]
    quick: bool,

    /// A server that runs already, instead of one started for each run; measured at its own rate
    #[arg(long, conflicts_with_all = ["tick_rates", "server", "server_args"])]
    url: Option<Target>,

    /// The server's program [default: downbeat beside this one, built first under cargo]
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,

    /// One more argument for the server; may be repeated
    #[arg(long = "server-arg", value_name = "ARG", allow_hyphen_values = true)]
    server_args: Vec<String>,

    /// Spread the bots over this many processes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    processes: u32,

    /// Bots to begin with
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    first: u32,

    /// Bots at most
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    most: u32,

    /// Write the report as JSON; `-` is stdout, and the table then goes to stderr
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write it as a page with charts, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the table as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Write the chart of players held as SVG
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,

    /// Measure nothing: write what is asked for from an earlier sweep's JSON
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "quick", "server"])]
    from: Option<PathBuf>,

    /// What every swarm is told besides, after `--`: for instance -- --behaviour hunt
    #[arg(last = true, value_name = "SWARM ARGUMENTS")]
    swarm: Vec<String>,
}

/// Measures, or reads what was measured, and writes what was asked for. Says whether
/// every rate held somebody.
///
/// # Errors
/// If a server, a swarm or a file fails.
pub(crate) fn run(args: &SweepArgs) -> anyhow::Result<bool> {
    let is_stdout = |path: &PathBuf| path.as_os_str() == "-";
    // Created now: a run of minutes must not end with "no such directory".
    let open = |path: &Option<PathBuf>| {
        let path = path.as_ref().filter(|path| !is_stdout(path));
        path.map(|path| create(path)).transpose()
    };
    let (json, page) = (open(&args.json)?, open(&args.html)?);
    let (markdown, chart) = (open(&args.markdown)?, open(&args.chart)?);

    let sweep = match &args.from {
        Some(path) => read(path)?,
        None => measure(&plan(args)?)?,
    };
    let table = words::table(&sweep);
    let value = || serde_json::to_string_pretty(&sweep).map(|text| text + "\n");
    if args.json.as_ref().is_some_and(is_stdout) {
        io::stderr().lock().write_all(table.as_bytes())?;
        io::stdout().lock().write_all(value()?.as_bytes())?;
    } else {
        io::stdout().lock().write_all(table.as_bytes())?;
    }
    let write = |file: Option<File>, text: &str| match file {
        Some(mut file) => file.write_all(text.as_bytes()),
        None => Ok(()),
    };
    write(json, &value()?)?;
    write(page, &html::page(&sweep))?;
    write(markdown, &words::markdown(&sweep))?;
    write(chart, &html::held_chart(&sweep))?;
    Ok(sweep.rates.iter().all(|rate| rate.held > 0))
}

fn plan(args: &SweepArgs) -> anyhow::Result<Plan> {
    ensure!(args.first <= args.most, "--first is more than --most");
    let server = match &args.url {
        Some(target) => Source::Given(target.clone()),
        None => Source::Launched(
            Launcher::find(args.server.clone(), args.server_args.clone())?,
            args.tick_rates.clone(),
        ),
    };
    let (duration, settle, ramp_s) = match args.quick {
        true => ("4s", "1s", 1.5),
        false => ("15s", "3s", 5.0),
    };
    Ok(Plan {
        server,
        runs: Runs {
            duration: duration.into(),
            settle: settle.into(),
            ramp_s,
            slo: args.slo.to_string(),
            processes: args.processes,
            more: args.swarm.clone(),
        },
        is_quick: args.quick,
        first: args.first,
        most: args.most,
    })
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("cannot write to {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Sweep> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the report {}", path.display()))?;
    let sweep: Sweep = serde_json::from_str(&text)
        .with_context(|| format!("{} is no report of a sweep", path.display()))?;
    ensure!(
        sweep.format == FORMAT,
        "the format of {} is {}, not {FORMAT}",
        path.display(),
        sweep.format
    );
    Ok(sweep)
}
