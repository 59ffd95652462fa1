//! Measures downbeat: one command per measurement, and `all` for the page of them.

mod run;
mod server;

// The reader of metrics that the bots have, too; it is private to them.
#[path = "../../client-sim/src/prometheus.rs"]
#[allow(dead_code)]
mod prometheus;

use anyhow::Result;
use clap::{Parser, Subcommand};
use downbeat_bench::floor::Floor;
use run::{Case, Pace};
use std::net::{Ipv4Addr, SocketAddr};
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
    Pairs {
        /// Sockets.
        #[arg(long, default_value_t = 1000)]
        players: usize,
        /// Rooms that they are dealt out to.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
        /// Players that each one sees, about.
        #[arg(long, default_value_t = 30.0)]
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
    },
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
        Command::Floor { bind, rate, sizes } => {
            let floor = Floor::bind(bind, rate, &sizes)?;
            eprintln!("listening on {}", floor.address()?);
            floor.run(&AtomicBool::new(false))
        }
        Command::Pairs {
            players,
            rooms,
            visible,
            tick_rate,
            idle,
            pairs,
            seconds,
        } => {
            let case = Case {
                tick_rate,
                is_idle: idle,
                ..Case::seeing(players, rooms, visible)
            };
            let pace = Pace {
                warm_up: Duration::from_secs(2),
                window: Duration::from_secs(seconds),
                pairs,
            };
            for pair in run::pairs(&case, pace)? {
                println!("{:#?}", pair.downbeat.served);
                for (name, run) in [("downbeat", &pair.downbeat), ("floor", &pair.floor)] {
                    println!(
                        "{name}: {:.2} µs, user {:.2}, system {:.2}, load {:.2}, gaps {:?}, rate {:.2}, memory {:.0}, input bytes {:.1}",
                        run.cost(),
                        run.per_snapshot(run.cpu.user),
                        run.per_snapshot(run.cpu.system),
                        run.per_snapshot(run.seen.cpu_seconds),
                        run.seen.gap_ms,
                        run.seen.snapshots as f64 / run.seen.seconds / case.players as f64,
                        run.memory,
                        run.seen.input_bytes
                    );
                    for (thread, cpu) in &run.cpu.threads {
                        println!("   {thread}: {:.2}", run.per_snapshot(*cpu));
                    }
                }
            }
            Ok(())
        }
    }
}
