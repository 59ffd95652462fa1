//! What a run is to do: the plan, and the groups of bots it consists of.
//!
//! There is one plan, whether it comes from flags or from a file: `flags` and `file`
//! write the same groups, and [`Plan::check`] judges both. Bots are numbered through
//! all groups, in order; a bot's number and the seed decide everything it does.

mod exits;
mod file;
mod flags;
pub(crate) mod text;

pub(crate) use exits::{Exit, Exits, Going};
pub(crate) use file::{Scenario, read};
pub(crate) use flags::Flags;

use crate::net::Conditions;
use crate::source::Sources;
use crate::target::Target;
use crate::tokens::Tokens;
use anyhow::ensure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The most bots of a run.
pub(crate) const MOST_BOTS: u32 = 100_000;

/// What a run is to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    /// The measured window.
    pub(crate) duration: Duration,
    /// How long to measure before the window.
    pub(crate) baseline: Option<Duration>,
    pub(crate) seed: u64,
    pub(crate) groups: Vec<Group>,
    pub(crate) strangers: Strangers,
    /// Who the bots say they are; `None`: anybody.
    pub(crate) tokens: Option<Arc<Tokens>>,
    /// Threads that run bots, in each process.
    pub(crate) threads: usize,
    /// Processes that run bots; one is this one.
    pub(crate) processes: u32,
    /// The server's process, if it is on this machine.
    pub(crate) server_pid: Option<u32>,
    /// Whether bots come back, as the same players, to a server that ends their link and
    /// says after how long.
    pub(crate) returns: bool,
    /// From which addresses they connect.
    pub(crate) sources: Sources,
    /// For how long a bot blocks its thread at each snapshot; only to be found out.
    pub(crate) drag: Option<Duration>,
}

/// Bots that do alike.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) bots: u32,
    /// How they play: the name of one of the bot's ways.
    pub(crate) way: &'static str,
    pub(crate) role: Role,
    /// Inputs per second; `None`: the server's tick rate.
    pub(crate) input_rate: Option<f64>,
    /// Which room they are in; empty for the default room.
    pub(crate) room: String,
    /// Over so many rooms they are spread, whose names are then numbered.
    pub(crate) rooms: u32,
    /// Connections per second.
    pub(crate) ramp: f64,
    /// From the window's beginning; `None`: before it.
    pub(crate) join_at: Option<Duration>,
    /// How their links are cut, without a close; each must get its player back.
    pub(crate) cuts: Often,
    /// How they leave; each comes again as somebody new.
    pub(crate) leaves: Often,
    /// How long who has left stays away.
    pub(crate) away: Duration,
    /// What their lines are like; `None`: as they are.
    pub(crate) net: Option<Conditions>,
}

/// How often something happens to each bot of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Often {
    /// So many times a minute, at random.
    pub(crate) per_minute: Option<f64>,
    /// To all of them at once, from the window's beginning, ascending: a storm.
    pub(crate) together: Vec<Duration>,
}

/// Connections beside the bots that never mean to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strangers {
    /// They send garbage.
    pub(crate) garbage: u32,
    /// They send a byte of a request's head a second.
    pub(crate) slowloris: u32,
}

/// What a bot is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// It plays, and is measured.
    #[default]
    Honest,
    /// It plays until it stops reading and acknowledging, so long after the window
    /// began.
    Stalls(Duration),
    /// It plays until the window begins, then reads and sends a byte a second.
    Trickles,
}

impl Group {
    /// What a group is of which nothing else was said.
    pub(crate) fn new(name: &str, bots: u32, way: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            bots,
            way,
            role: Role::Honest,
            input_rate: None,
            room: String::new(),
            rooms: 1,
            ramp: 200.0,
            join_at: None,
            cuts: Often::default(),
            leaves: Often::default(),
            away: Duration::from_secs(1),
            net: None,
        }
    }

    /// The room of the bot with this number; empty for the default room.
    pub(crate) fn room(&self, number: u32) -> String {
        match (self.rooms, self.room.as_str()) {
            (1, room) => room.to_owned(),
            (rooms, "") => format!("swarm-{}", number % rooms),
            (rooms, room) => format!("{room}-{}", number % rooms),
        }
    }

    /// How long it takes until all have joined.
    fn joining(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.bots) / self.ramp)
    }

    /// What makes no sense, if anything; `duration` is that of the window.
    fn check(&self, duration: Duration) -> Result<(), String> {
        let moments = [&self.cuts, &self.leaves]
            .into_iter()
            .flat_map(|often| &often.together);
        let begins = match self.role {
            Role::Stalls(after) => Some(after),
            Role::Honest | Role::Trickles => None,
        };
        let latest = moments.copied().chain(begins).chain(self.join_at).max();
        let is_honest = self.role == Role::Honest;
        let goes = [&self.cuts, &self.leaves].map(|often| *often != Often::default());
        match () {
            () if self.bots == 0 => Err("no bots".into()),
            () if latest.is_some_and(|latest| latest >= duration) => Err(format!(
                "what is to happen after {:?} does not happen within {duration:?}",
                latest.unwrap_or_default()
            )),
            () if !is_honest && goes.contains(&true) => {
                Err("who stalls or trickles is neither cut nor leaves".into())
            }
            () if !is_honest && self.join_at.is_some() => {
                Err("who stalls or trickles joins before the window".into())
            }
            () => Ok(()),
        }
    }
}

impl Plan {
    /// All bots.
    pub(crate) fn bots(&self) -> u32 {
        self.groups.iter().map(|group| group.bots).sum()
    }

    /// Those that do not misbehave.
    pub(crate) fn honest(&self) -> u32 {
        let honest = self
            .groups
            .iter()
            .filter(|group| group.role == Role::Honest);
        honest.map(|group| group.bots).sum()
    }

    /// Those that join before the window.
    pub(crate) fn early(&self) -> u32 {
        let early = self.groups.iter().filter(|group| group.join_at.is_none());
        early.map(|group| group.bots).sum()
    }

    /// The group of bot `number`, and which one it is; of a number too large the last.
    pub(crate) fn group(&self, number: u32) -> (usize, &Group) {
        let (index, first) = self.first_of(number);
        debug_assert!(first <= number);
        (index, &self.groups[index])
    }

    fn first_of(&self, number: u32) -> (usize, u32) {
        let (mut index, mut first) = (0, 0);
        while index + 1 < self.groups.len() && number >= first + self.groups[index].bots {
            first += self.groups[index].bots;
            index += 1;
        }
        (index, first)
    }

    /// When bot `number` connects: from the run's beginning, or from the window's if
    /// its group joins there. Groups that join before the window do so one after the
    /// other.
    pub(crate) fn connects(&self, number: u32) -> Duration {
        let (index, first) = self.first_of(number);
        let group = &self.groups[index];
        let within = Duration::from_secs_f64(f64::from(number - first) / group.ramp);
        let before = match group.join_at {
            Some(after) => after,
            None => self.groups[..index]
                .iter()
                .filter(|group| group.join_at.is_none())
                .map(Group::joining)
                .sum(),
        };
        before + within
    }

    /// The room of bot `number`; empty for the default room.
    pub(crate) fn room(&self, number: u32) -> String {
        self.group(number).1.room(number)
    }

    /// How many rooms the bots are in.
    pub(crate) fn rooms(&self) -> u32 {
        let mut all = BTreeSet::new();
        for group in &self.groups {
            all.extend((0..group.rooms.min(group.bots)).map(|number| group.room(number)));
        }
        all.len() as u32
    }

    /// Sockets beside one for each bot. A cut link may hang until its bot is back.
    pub(crate) fn more_sockets(&self) -> u32 {
        let is_cut = |group: &&Group| group.cuts != Often::default();
        let hanging = self.groups.iter().filter(is_cut).map(|group| group.bots);
        hanging.sum::<u32>() + self.strangers.garbage + self.strangers.slowloris
    }

    /// # Errors
    /// What makes no sense.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for group in &self.groups {
            let checked = group.check(self.duration);
            checked.map_err(|what| anyhow::anyhow!("group {}: {what}", group.name))?;
        }
        ensure!(
            (1..=MOST_BOTS).contains(&self.bots()),
            "allowed are 1 to {MOST_BOTS} bots, not {}",
            self.bots()
        );
        let trickles = self.groups.iter().any(|group| group.role == Role::Trickles);
        ensure!(
            !self.target.is_secure() || !(trickles || self.strangers != Strangers::default()),
            "garbage, slow requests and a byte a second are not spoken under TLS"
        );
        ensure!(self.honest() > 0, "at least one bot must be honest");
        ensure!(
            self.early() > 0,
            "at least one bot must join before the window"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
