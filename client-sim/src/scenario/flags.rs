//! The groups that flags ask for: the bots, and those of them that misbehave.

use super::{Group, Often, Role, Scenario, Strangers, text};
use crate::bot::Way;
use crate::net::Conditions;
use anyhow::{Context, ensure};
use clap::Args;
use std::time::Duration;

/// What a swarm is without a file.
#[derive(Clone, Debug, Args)]
pub(crate) struct Flags {
    /// How many bots, or how many a scenario's groups shrink or grow to [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(super::MOST_BOTS)))]
    bots: Option<u32>,

    /// How many bots connect per second [default: 200/s, or as a scenario says]
    #[arg(long, value_name = "N/s", value_parser = text::ramp)]
    ramp: Option<f64>,

    /// Inputs per second of each bot, up to 1000 [default: the server's tick rate]
    #[arg(long, value_name = "HZ", value_parser = text::input_rate)]
    input_rate: Option<f64>,

    /// How the bots play
    // Which ways there are is the bot's to say; so is the default.
    #[arg(long, value_name = "WAY", default_value = "")]
    behaviour: String,

    /// Spread the bots over this many rooms, swarm-0 and so on; 1 is the default room
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rooms: u32,

    /// What the bots' lines are like, each way: for instance
    /// delay=80ms,jitter=20ms,stall=2s@1%,rate=64KB/s (see docs/scenarios.md)
    #[arg(long, value_name = "CONDITIONS")]
    net: Option<Conditions>,

    /// N of the bots stop reading and acknowledging, this long after the window
    /// began; their sockets stay open
    #[arg(long, value_name = "N@TIME", value_parser = text::stall, help_heading = HEADING)]
    stall: Option<(u32, Duration)>,

    /// N of the bots read and send one byte a second
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000), help_heading = HEADING)]
    trickle: u32,

    /// The link of each other bot is cut at random K times a minute, without a
    /// close; the bot must get its player back
    #[arg(long, value_name = "K/min", value_parser = text::per_minute, help_heading = HEADING)]
    cut: Option<f64>,

    /// Each other bot leaves at random K times a minute, and comes again as somebody new
    #[arg(long, value_name = "K/min", value_parser = text::per_minute, help_heading = HEADING)]
    leave: Option<f64>,

    /// N connections beside the bots send garbage, and come again when ended
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000), help_heading = HEADING)]
    garbage: u32,

    /// N connections beside the bots send one byte of a request's head a second
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000), help_heading = HEADING)]
    slowloris: u32,
}

/// How many bots there are, if nobody says.
const BOTS: u32 = 100;

const HEADING: &str = "Misbehaviour, within the measured window";

impl Flags {
    /// The flags that a scenario takes the place of.
    pub(crate) const NAMES: [&str; 10] = [
        "input_rate",
        "behaviour",
        "rooms",
        "net",
        "stall",
        "trickle",
        "cut",
        "leave",
        "garbage",
        "slowloris",
    ];

    /// Lets a scenario have as many bots, joining as fast, as these flags say.
    pub(crate) fn scale(&self, scenario: &mut Scenario) {
        if let Some(bots) = self.bots {
            scale(&mut scenario.groups, bots);
        }
        let early = scenario.groups.iter_mut();
        for group in early.filter(|group| group.join_at.is_none()) {
            group.ramp = self.ramp.unwrap_or(group.ramp);
        }
    }

    /// The groups meant, of a game that can be played in these ways. The last bots
    /// misbehave: their numbers follow each other, so they are spread evenly over
    /// threads and rooms.
    ///
    /// # Errors
    /// If nobody would be left to be honest.
    pub(crate) fn scenario(&self, ways: &[Way]) -> anyhow::Result<Scenario> {
        let way = ways.iter().find(|way| way.name == self.behaviour);
        let way = way.context("no such behaviour")?.name;
        let stalled = self.stall.map_or(0, |(bots, _)| bots);
        let bots = self.bots.unwrap_or(BOTS);
        let honest = bots.checked_sub(self.trickle + stalled);
        let honest = honest.unwrap_or(0);
        ensure!(
            honest > 0,
            "--stall and --trickle must leave at least one of {bots} bots honest"
        );
        let group = |name, bots, role| Group {
            role,
            input_rate: self.input_rate,
            rooms: self.rooms,
            net: self.net,
            ..Group::new(name, bots, way)
        };
        let at_random = |per_minute| Often {
            per_minute,
            together: Vec::new(),
        };
        let mut groups = vec![Group {
            cuts: at_random(self.cut),
            leaves: at_random(self.leave),
            ..group("bots", honest, Role::Honest)
        }];
        if let Some((bots, after)) = self.stall {
            groups.push(group("stalled", bots, Role::Stalls(after)));
        }
        if self.trickle > 0 {
            groups.push(group("trickling", self.trickle, Role::Trickles));
        }
        let strangers = Strangers {
            garbage: self.garbage,
            slowloris: self.slowloris,
        };
        let mut scenario = Scenario {
            duration: None,
            baseline: None,
            seed: None,
            groups,
            strangers,
        };
        self.scale(&mut scenario);
        Ok(scenario)
    }
}

/// Makes them so many bots together: every group grows or shrinks alike, and none
/// vanishes.
fn scale(groups: &mut [Group], bots: u32) {
    let all: u32 = groups.iter().map(|group| group.bots).sum();
    let Some((first, others)) = groups.split_first_mut() else {
        return;
    };
    let mut left = bots;
    for group in others {
        let share = u64::from(group.bots) * u64::from(bots) / u64::from(all.max(1));
        group.bots = (share as u32).max(1);
        left = left.saturating_sub(group.bots);
    }
    first.bots = left.max(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_grow_and_shrink_in_proportion() {
        for (bots, parts) in [(100, [80, 20]), (200, [160, 40]), (10, [8, 2]), (3, [2, 1])] {
            let mut groups = [80, 20].map(|bots| Group::new("x", bots, "wander"));
            scale(&mut groups, bots);
            assert_eq!(groups.map(|group| group.bots), parts, "{bots}");
        }
    }
}
