//! Who steers: a person at the keys, a bot, or nobody.
//!
//! Asked by `play` for each input.

use super::PlayArgs;
use super::keys::Keys;
use crate::arena::Pilot;
use crate::bot::{self, Bot, IDLE, Sight};
use crate::seeds;
use downbeat_protocol::arena::{ArenaWire, Input};
use std::time::Instant;

/// See the module.
pub(super) enum Hands {
    Person(Keys),
    Bot(Pilot, &'static str),
    /// A bot that sends no inputs.
    Idle,
    /// Who plays nobody.
    Spectator,
}

impl Hands {
    pub(super) fn new(args: &PlayArgs) -> Self {
        if args.watch {
            return Self::Spectator;
        }
        let Some(behaviour) = &args.behaviour else {
            return Self::Person(Keys::default());
        };
        match bot::ways::<Pilot>().find(|way| way.name == behaviour) {
            Some(way) if way != IDLE => Self::Bot(
                Pilot::new(way.name, seeds::seed(args.entry.seed, 0)),
                way.name,
            ),
            _ => Self::Idle,
        }
    }

    /// Whether there are inputs.
    pub(super) fn steer(&self) -> bool {
        matches!(self, Self::Person(_) | Self::Bot(..))
    }

    pub(super) fn input(&mut self, sight: Sight<'_, ArenaWire>) -> Option<Input> {
        match self {
            Self::Person(keys) => Some(keys.input(Instant::now())),
            Self::Bot(pilot, _) => pilot.decide(sight),
            Self::Idle | Self::Spectator => None,
        }
    }

    pub(super) fn describe(&self, name: &str) -> String {
        match self {
            Self::Person(_) => name.to_owned(),
            Self::Bot(_, behaviour) => format!("{name}, by {behaviour}"),
            Self::Idle => IDLE.name.to_owned(),
            Self::Spectator => "watch".to_owned(),
        }
    }

    /// The keys there are, in a line.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Person(_) => " ↑ thrust  ← → turn  ↓ brake  space fire  q leave ",
            Self::Bot(..) | Self::Idle => " q leave ",
            Self::Spectator => " tab follow the next  q leave ",
        }
    }
}
