//! Measures downbeat: one command per measurement, and `all` for the page of them.

mod charts;
mod codecs;
mod page;
mod polling;
// The reader of metrics that the bots have, too; it is private to them.
#[path = "../../client-sim/src/prometheus.rs"]
#[allow(dead_code)]
mod prometheus;
mod run;
mod server;
mod suite;

use anyhow::Result;
use clap::{Parser, Subcommand};
use downbeat_bench::floor::Floor;
use run::{Case, Pace};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(name = "downbeat-bench", about = "Measures downbeat")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure everything and write the page and its charts.
    All {
        /// Short windows and one pair each: to try the command out.
        #[arg(long)]
        quick: bool,
        /// The folder of `performance.md`.
        #[arg(long, default_value = "docs")]
        docs: PathBuf,
    },
    /// Serve frames without a meaning: the price of the system calls alone.
    Floor {
        /// Where to listen.
        #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
        bind: SocketAddr,
        /// Frames per second to each socket.
        #[arg(long, default_value_t = 20)]
        rate: u32,
        /// Bytes per frame, in turn.
        #[arg(long, value_delimiter = ',', default_value = "204")]
        sizes: Vec<usize>,
    },
    /// Compare downbeat with the floor at one size.
    Pairs(Pairs),
}

#[derive(Debug, clap::Args)]
struct Pairs {
    /// Sockets.
    #[arg(long, default_value_t = 1000)]
    players: usize,
    /// Rooms that they are dealt out to.
    #[arg(long, default_value_t = 1)]
    rooms: usize,
    /// Players that each one sees, about.
    #[arg(long, default_value_t = suite::VISIBLE)]
    visible: f64,
    /// Ticks, snapshots and inputs per second.
    #[arg(long, default_value_t = 20)]
    tick_rate: u32,
    /// Only acknowledge.
    #[arg(long)]
    idle: bool,
    /// How many pairs.
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("downbeat-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    // Thousands of sockets; what the system does not give, the first of them too
    // many will say.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match command {
        Command::All { quick, docs } => {
            let suite = suite::measure(quick)?;
            charts::draw(&suite, &docs)?;
            page::write(&suite, &docs.join("performance.md"))
        }
        Command::Floor { bind, rate, sizes } => {
            let floor = Floor::bind(bind, rate, &sizes)?;
            eprintln!("listening on {}", floor.address()?);
            floor.run(&AtomicBool::new(false))
        }
        Command::Pairs(pairs) => compare(&pairs),
    }
}

/// Prints what a profile is begun with: user and kernel time, and that of each
/// thread, per snapshot.
fn compare(pairs: &Pairs) -> Result<()> {
    let case = Case {
        tick_rate: pairs.tick_rate,
        is_idle: pairs.idle,
        ..Case::seeing(pairs.players, pairs.rooms, pairs.visible)
    };
    let pace = Pace {
        warm_up: Duration::from_secs(2),
        window: Duration::from_secs(pairs.seconds),
        pairs: pairs.pairs,
    };
    let pairs = run::pairs(&case, pace)?;
    for pair in &pairs {
        for (name, run) in [("downbeat", &pair.downbeat), ("floor", &pair.floor)] {
            println!(
                "{name}: {:.2} µs (user {:.2}, system {:.2}), gaps p50 {:.1}, p99 {:.1}, most {:.1} ms, {:.2} snapshots per second, \
                 {:.0} bytes of memory per session, {:.1} bytes per input, load {:.2} µs",
                run.cost(),
                run.per_snapshot(run.cpu.user),
                run.per_snapshot(run.cpu.system),
                run.seen.gap_ms[0],
                run.seen.gap_ms[1],
                run.seen.gap_ms[2],
                run.seen.snapshots as f64 / run.seen.seconds / case.players as f64,
                run.memory,
                run.seen.input_bytes,
                run.per_snapshot(run.seen.cpu_seconds),
            );
            for (thread, cpu) in &run.cpu.threads {
                println!("  thread {thread}: {:.2} µs", run.per_snapshot(*cpu));
            }
            if let Some(served) = &run.served {
                println!("  tick, ms at the mean: {:.3?}", served.means);
                println!("  snapshots skipped: {}", served.snapshots_skipped);
            }
        }
    }
    let ratio = run::median(pairs.iter().map(run::Pair::ratio));
    println!("ratio {ratio:.2}");
    Ok(())
}
