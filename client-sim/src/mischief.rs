//! What of a swarm misbehaves, and when.
//!
//! Owns the arguments for it and the schedules they give; refuses more misbehaving
//! bots than there are bots. Sans-IO: moments are counted from the measured
//! window's beginning. Called by the command line, the bots and the hostiles.

use anyhow::ensure;
use clap::Args;
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most cuts of one link per minute: one a second.
const MOST_CUTS: f64 = 60.0;

/// What misbehaves; by default nothing does.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Misbehaviour, within the measured window")]
pub(crate) struct Mischief {
    /// N of the bots stop reading and acknowledging, this long after the window
    /// began; their sockets stay open
    #[arg(long, value_name = "N@TIME", value_parser = stall)]
    pub(crate) stall: Option<Stall>,

    /// N of the bots read and send one byte a second
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) trickle: u32,

    /// The link of each other bot is cut at random K times a minute, without a
    /// close; the bot must get its player back
    #[arg(long, value_name = "K/min", value_parser = cuts)]
    pub(crate) cut: Option<f64>,

    /// N connections beside the bots send garbage, and come again when ended
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub(crate) garbage: u32,

    /// N connections beside the bots send one byte of a request's head a second
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) slowloris: u32,
}

/// Bots that stop reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stall {
    pub(crate) bots: u32,
    /// From the window's beginning.
    pub(crate) after: Duration,
}

/// What a bot is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// It plays, and is measured.
    #[default]
    Honest,
    /// It plays until it stops reading.
    Stalls(Duration),
    /// It plays until the window begins, then reads and sends a byte a second.
    Trickles,
}

impl Mischief {
    /// The role of bot `number` of so many. The last ones misbehave: their numbers
    /// follow each other, so they are spread evenly over threads and rooms.
    pub(crate) fn role(&self, bots: u32, number: u32) -> Role {
        let from_the_end = bots - number;
        if from_the_end <= self.trickle {
            return Role::Trickles;
        }
        match self.stall {
            Some(stall) if from_the_end <= self.trickle + stall.bots => Role::Stalls(stall.after),
            _ => Role::Honest,
        }
    }

    /// How many bots misbehave.
    pub(crate) fn bots(&self) -> u32 {
        self.trickle + self.stall.map_or(0, |stall| stall.bots)
    }

    /// Sockets beside one for each bot. A cut link may hang until its bot is back.
    pub(crate) fn more_sockets(&self, bots: u32) -> u64 {
        let hanging = if self.cut.is_some() { bots } else { 0 };
        u64::from(hanging) + u64::from(self.garbage) + u64::from(self.slowloris)
    }

    /// # Errors
    /// If these bots cannot misbehave so within this window.
    pub(crate) fn check(&self, bots: u32, duration: Duration) -> anyhow::Result<()> {
        ensure!(
            self.bots() < bots,
            "--stall and --trickle must leave at least one of {bots} bots honest"
        );
        if let Some(stall) = self.stall {
            ensure!(
                stall.after < duration,
                "--stall must begin before --duration is over"
            );
        }
        Ok(())
    }
}

/// When the link of one bot is cut: once in every period, at a random moment of
/// it, so that a minute holds exactly as many cuts as were asked for.
#[derive(Clone, Debug)]
pub(crate) struct Cuts {
    rng: Lcg64Xsh32,
    period: Duration,
    made: u32,
}

impl Cuts {
    pub(crate) fn new(rng: Lcg64Xsh32, per_minute: f64) -> Self {
        Self {
            rng,
            period: Duration::from_secs_f64(60.0 / per_minute),
            made: 0,
        }
    }

    /// The next cut, from the window's beginning.
    pub(crate) fn next(&mut self) -> Duration {
        let part = self.rng.random_range(0.0..1.0);
        let moment = self.period.mul_f64(f64::from(self.made) + part);
        self.made += 1;
        moment
    }

    /// What the rest of a cut draws from.
    pub(crate) fn rng(&mut self) -> &mut Lcg64Xsh32 {
        &mut self.rng
    }
}

fn stall(text: &str) -> Result<Stall, String> {
    let (bots, after) = text
        .split_once('@')
        .ok_or("it is written N@TIME, for instance 100@5s")?;
    let bots = match bots.trim().parse() {
        Ok(bots @ 1..=100_000) => bots,
        _ => return Err("allowed are 1 to 100000 bots".into()),
    };
    let after = humantime::parse_duration(after.trim()).map_err(|error| error.to_string())?;
    Ok(Stall { bots, after })
}

fn cuts(text: &str) -> Result<f64, String> {
    match text.strip_suffix("/min").unwrap_or(text).trim().parse() {
        Ok(number) if (0.1..=MOST_CUTS).contains(&number) => Ok(number),
        _ => Err(format!("allowed is 0.1/min to {MOST_CUTS}/min")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn arguments_are_read_or_refused() {
        let hundred = Stall {
            bots: 100,
            after: 5 * S,
        };
        assert_eq!(stall("100@5s"), Ok(hundred));
        assert_eq!(
            stall("1@0s"),
            Ok(Stall {
                bots: 1,
                after: Duration::ZERO
            })
        );
        for text in ["", "100", "@5s", "0@5s", "-1@5s", "100@", "100@5", "x@5s"] {
            assert!(stall(text).is_err(), "stall {text:?}");
        }
        assert_eq!(cuts("5/min"), Ok(5.0));
        assert_eq!(cuts("0.5"), Ok(0.5));
        for text in ["", "0", "0/min", "-1/min", "nan", "inf", "61/min", "5/s"] {
            assert!(cuts(text).is_err(), "cuts {text:?}");
        }
    }

    #[test]
    fn as_many_bots_misbehave_as_were_asked_for() {
        let mischief = Mischief {
            stall: Some(Stall {
                bots: 3,
                after: 5 * S,
            }),
            trickle: 2,
            ..Mischief::default()
        };
        let roles: Vec<_> = (0..8).map(|number| mischief.role(8, number)).collect();
        assert_eq!(roles[..3], [Role::Honest; 3]);
        assert_eq!(roles[3..6], [Role::Stalls(5 * S); 3]);
        assert_eq!(roles[6..], [Role::Trickles; 2]);
        assert_eq!(mischief.bots(), 5);
        assert_eq!(Mischief::default().role(1, 0), Role::Honest);
    }

    #[test]
    fn somebody_must_be_honest_and_a_stall_must_happen() {
        let mischief = |stalled, after| Mischief {
            stall: Some(Stall {
                bots: stalled,
                after,
            }),
            trickle: 1,
            ..Mischief::default()
        };
        for (stalled, after, is_fine) in [(8, S, true), (9, S, false), (1, 10 * S, false)] {
            let checked = mischief(stalled, after).check(10, 10 * S);
            assert_eq!(checked.is_ok(), is_fine, "{stalled} of 10 after {after:?}");
        }
    }

    #[test]
    fn a_minute_holds_exactly_as_many_cuts_as_were_asked_for() {
        for number in 0..50 {
            let mut cuts = Cuts::new(generator(1, number), 5.0);
            let moments: Vec<_> = (0..10).map(|_| cuts.next()).collect();
            assert!(moments.is_sorted(), "{moments:?}");
            assert!(moments[4] < 60 * S && moments[5] >= 60 * S, "{moments:?}");
            assert!(moments[9] < 120 * S, "{moments:?}");
        }
        let first = |number| Cuts::new(generator(1, number), 5.0).next();
        assert_ne!(first(1), first(2), "not all links at once");
    }
}
