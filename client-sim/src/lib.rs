//! Simulated clients for a downbeat server.
//!
//! `client-sim swarm` lets many bots play over binary WebSocket and reports how
//! well the server kept its rate. A bot knows of the server only what
//! `downbeat-protocol` says, like any other client. `client-sim sweep` finds out how
//! many of them a server holds at each tick rate.
//!
//! ```text
//!  cli ──► swarm ──► crew: threads, or processes of them ──► measure ──► report ──► table, JSON
//!            │         engine: one socket and one timer
//!            │           ├─ pacer      when is the next input due?
//!            │           ├─ bot        what does it say? (arena: the built-in game's)
//!            │           ├─ player     welcome, mirror, checksums, acknowledgements
//!            │           └─ scenario   does it stall, trickle, leave, is it cut, and when?
//!            ├─► hostile ──► garbage, slow requests: a thread beside the bots
//!            └─► scrape ──► prometheus: the server's own figures
//!      ├─► sweep: for each try a server and a swarm, as processes ──► words, html, JSON
//!      ├─► record, play ──► solo: one client, every message of it in a tape or on a screen
//!      └─► show ◄── tape
//! ```
//!
//! A swarm for a game of your own is one trait, [`Bot`], and one line, with the
//! whole command line of the arena's:
//!
//! ```no_run
//! # use client_sim::Bot;
//! # fn my_main<MyBot: Bot>() -> std::process::ExitCode {
//! client_sim::cli::main::<MyBot>()
//! # }
//! ```
//!
//! Exit code: 0 if every bot joined, and every honest one stayed and saw what it
//! should; 1 if not; 2 if the arguments make no sense.

pub mod arena;
mod bot;
pub mod cli;
mod compare;
mod cpu;
mod crew;
mod diagnosis;
mod ending;
mod engine;
mod entry;
mod hostile;
mod html;
mod join;
mod last_words;
mod link;
mod machine;
mod measure;
mod net;
mod pacer;
mod play;
mod player;
mod prometheus;
mod record;
mod report;
mod scenario;
mod scrape;
mod seeds;
mod show;
mod slo;
mod soak;
mod solo;
mod source;
mod stage;
mod swarm;
mod sweep;
mod table;
mod tape;
mod target;
mod tokens;
mod view;

pub use bot::{Bot, IDLE, Input, Points, Sight, Way};
pub use view::View;
