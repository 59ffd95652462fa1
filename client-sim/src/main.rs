//! Simulated clients for a downbeat server.
//!
//! `client-sim swarm` lets many bots play over binary WebSocket and reports how
//! well the server kept its rate. A bot knows of the server only what
//! `downbeat-protocol` says, like any other client.
//!
//! ```text
//!  cli ──► swarm ──► crew: threads, or processes of them ──► measure ──► report ──► table, JSON
//!            │         bot: one socket and one timer
//!            │           ├─ pacer      when is the next input due?
//!            │           ├─ behaviour  what does it say?
//!            │           └─ player     welcome, mirror, checksums, acknowledgements
//!            │         mischief: which of them stall, trickle or are cut, and when
//!            ├─► hostile ──► garbage, slow requests: a thread beside the bots
//!            └─► scrape ──► prometheus: the server's own figures
//! ```
//!
//! Exit code: 0 if every bot joined, and every honest one stayed and saw what it
//! should; 1 if not; 2 if the arguments make no sense.

mod behaviour;
mod bot;
mod cli;
mod cpu;
mod crew;
mod ending;
mod hostile;
mod join;
mod last_words;
mod machine;
mod measure;
mod mischief;
mod pacer;
mod player;
mod prometheus;
mod report;
mod scrape;
mod stage;
mod swarm;
mod table;
mod target;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli::Command::Swarm(args) = cli::Cli::parse().command;
    cli::swarm(args)
}
