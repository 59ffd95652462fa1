//! What the command line understands, made from the table of settings.
//!
//! clap only takes the flags apart; their values are texts that [`config::load`]
//! judges together with the file and the environment, so that all problems are
//! reported at once.

use super::token;
use crate::config::{Layers, ROWS, Row};
use crate::game::Game;
use crate::protocol::Wire;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::fs;
use std::path::PathBuf;

/// The command line, taken apart.
pub(super) struct Arguments {
    pub(super) print_config: bool,
    /// Make a token instead of serving.
    pub(super) token: Option<token::Wish>,
    pub(super) layers: Layers,
}

/// Takes the process's command line and environment apart. Ends the process for
/// `--help` and `--version` (exit code 0) and for an unknown flag (2).
pub(super) fn parse<G: Game>() -> Arguments {
    let matches = command::<G>().get_matches();
    let sub = matches.subcommand_matches(token::NAME);
    // What both take is handed down to the subcommand.
    let path: Option<&PathBuf> = sub.unwrap_or(&matches).get_one("config");
    let flag = |row: &Row| {
        let matches = sub.filter(|_| is_global(row)).unwrap_or(&matches);
        Some((row.key.to_owned(), text(matches, row.key)?))
    };
    let utf8 = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    Arguments {
        print_config: matches.get_flag("print-config"),
        token: sub.map(token::wish),
        layers: Layers {
            file: path.map(|path| (path.clone(), fs::read_to_string(path))),
            variables: std::env::vars_os()
                .map(|(k, v)| (utf8(k), utf8(v)))
                .collect(),
            flags: ROWS.iter().filter_map(flag).collect(),
            game: matches
                .get_many("game")
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        },
    }
}

fn text(matches: &ArgMatches, id: &str) -> Option<String> {
    matches.get_one(id).cloned()
}

fn command<G: Game>() -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("A config file in TOML; --print-config writes one")
        .global(true)
        .help_heading("Configuration");
    let print = Arg::new("print-config")
        .long("print-config")
        .action(ArgAction::SetTrue)
        .help("Print the effective configuration as a config file, and end")
        .help_heading("Configuration");
    let game = Arg::new("game")
        .long("game")
        .value_name("KEY=VALUE")
        .action(ArgAction::Append)
        .help("A setting of the game itself, such as --game key=7; may be repeated")
        .long_help(game_help::<G>())
        .help_heading("Configuration");
    Command::new("downbeat")
        .version(env!("CARGO_PKG_VERSION"))
        .about(format!(
            "Serves the game {} over binary WebSocket at ws://ADDRESS:PORT/ws",
            G::Wire::SCHEMA
        ))
        .long_about(format!(
            "Serves the game {} over binary WebSocket at ws://ADDRESS:PORT/ws.\n\n\
             Clients send inputs; the server advances each room at a fixed tick rate and sends \
             every player snapshots of what he sees. On the same port: /healthz, /readyz, \
             /metrics and /api/rooms.\n\n\
             Every setting has a default. A config file overrides the defaults, an environment \
             variable (DOWNBEAT_TICK_RATE for --tick-rate) the file, and a flag all of them.",
            G::Wire::SCHEMA
        ))
        .after_help(
            "SIGTERM and SIGINT drain: no new players, everyone is told, the process ends. \
             A second signal ends it at once.",
        )
        .args([config, print, game])
        .args(ROWS.iter().map(argument))
        .subcommand(token::command())
}

/// Whether a subcommand needs it, too.
fn is_global(row: &Row) -> bool {
    row.group == "Players"
}

fn argument(row: &Row) -> Arg {
    let (doc, default) = (row.doc.trim(), row.default_text());
    let short = format!("{doc} [default: {default}]");
    let long = format!(
        "{doc}\n\nDefault: {default}\nAllowed: {}\nVariable: {}",
        (row.allowed)(),
        row.variable()
    );
    Arg::new(row.key)
        .long(row.flag())
        .value_name((row.noun)())
        .allow_hyphen_values(true)
        .help(short)
        .long_help(long)
        .help_heading(row.group)
        .global(is_global(row))
}

/// The keys of the game's config with their defaults, if it has any.
fn game_help<G: Game>() -> String {
    let keys = toml::to_string(&G::Config::default()).unwrap_or_default();
    format!(
        "A setting of the game itself; may be repeated. Also in the file's table [game], and as \
         DOWNBEAT_GAME_KEY in the environment. The defaults:\n\n{keys}"
    )
}
