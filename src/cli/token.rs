//! `downbeat token`: a token for a player, for development and tests.
//!
//! Signed with the keys of the same settings and variables as the server's, so that
//! what it prints is what that server takes. In production whoever knows the players
//! makes their tokens, and the server needs public keys only.

use super::Failure;
use crate::config::{Secrets, Settings};
use crate::guard::{Grant, Tokens};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

/// The subcommand's name.
pub(super) const NAME: &str = "token";

/// What is wished for.
pub(super) struct Wish {
    grant: Grant,
    kid: Option<String>,
}

/// The subcommand.
pub(super) fn command() -> Command {
    let arg = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new(NAME)
        .about("Print a token for a player, signed with the server's keys")
        .long_about(
            "Prints a token (JWT) for a player, signed with the keys that auth_key_file or \
             DOWNBEAT_AUTH_KEYS gives. Clients send it in their hello.",
        )
        .arg(arg("sub", "ACCOUNT", "Whose it is: the same in every session").required(true))
        .arg(arg(
            "name",
            "NAME",
            "His name; without it the hello's counts",
        ))
        .arg(
            arg(
                "room",
                "ROOM",
                "A room it admits to; may be repeated [default: any]",
            )
            .action(ArgAction::Append),
        )
        .arg(
            arg("ttl", "TIME", "How long it is valid, such as 15m")
                .default_value("1h")
                .value_parser(value_parser!(humantime::Duration)),
        )
        .arg(arg(
            "kid",
            "KEY",
            "Which key signs [default: the first that can]",
        ))
}

/// What the subcommand's arguments wish for.
pub(super) fn wish(matches: &ArgMatches) -> Wish {
    let text = |name| matches.get_one::<String>(name).cloned();
    let ttl = matches.get_one::<humantime::Duration>("ttl");
    Wish {
        grant: Grant {
            account: text("sub").unwrap_or_default(),
            name: text("name"),
            rooms: matches
                .get_many("room")
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            ttl: ttl.map_or(Duration::ZERO, |ttl| **ttl),
        },
        kid: text("kid"),
    }
}

/// Prints the token, and nothing else, to stdout.
pub(super) fn print(wish: Wish, settings: &Settings, secrets: &Secrets) -> Result<(), Failure> {
    let secret = |error: &dyn std::fmt::Display| Failure::Unusable(format!("token: {error}"));
    let Some(keys) = &secrets.auth_keys else {
        return Err(secret(&"no keys; give auth_key_file or DOWNBEAT_AUTH_KEYS"));
    };
    let tokens =
        Tokens::new(keys, settings.auth_audience.clone()).map_err(|error| secret(&error))?;
    let token = tokens
        .sign(wish.grant, wish.kid.as_deref(), SystemTime::now())
        .map_err(|error| secret(&error))?;
    writeln!(io::stdout(), "{token}").map_err(|error| Failure::Failed(error.to_string()))
}
