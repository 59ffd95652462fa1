//! The command line: what can be asked for, and the exit code it ends with.
//!
//! Each subcommand's arguments are with what it does; those of `swarm` are in a file
//! beside this one. Called by `main`.

mod swarm;

pub(crate) use swarm::allow_sockets;

use crate::bot::{self, Bot};
use crate::play::{self, PlayArgs};
use crate::record::{self, RecordArgs};
use crate::show::{self, ShowArgs};
use crate::slo;
use crate::soak::{self, SoakArgs};
use crate::sweep::{self, SweepArgs};
use clap::builder::PossibleValue;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use swarm::SwarmArgs;

/// Everything went as it should.
pub(crate) const GOOD: u8 = 0;
/// A bot could not join, or an honest one suffered.
pub(crate) const BAD: u8 = 1;
/// The arguments make no sense here.
pub(crate) const USAGE: u8 = 2;

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
        }) => swarm::swarm::<B>(*args),
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

pub(crate) fn complain(error: &anyhow::Error, code: u8) -> u8 {
    // Nothing can be said if stderr is closed; the exit code still speaks.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    code
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
