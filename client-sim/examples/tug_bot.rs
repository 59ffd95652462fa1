//! A bot for tug of war, the game of `examples/tug.rs`: one trait, one line.
//!
//! `cargo run --release --example tug` serves the game, and
//! `cargo run --release -p client-sim --example tug_bot -- swarm --url ws://127.0.0.1:4000/ws`
//! lets a hundred of these play it. docs/writing-a-game.md says more.

use client_sim::{Bot, Input, Points, Sight, Way};
use downbeat_protocol::EntityId;
use rand::{RngExt, SeedableRng};
use rand_pcg::Lcg64Xsh32;
use tug::{News, Pull, Rope, Side, TugWire};

#[path = "../../examples/tug.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the game itself is served elsewhere"
)]
pub mod tug;

/// Pulls, some more often than others.
#[derive(Debug)]
pub struct Puller {
    rng: Lcg64Xsh32,
    is_eager: bool,
    /// Rounds it has seen the end of.
    rounds: u32,
}

impl Bot for Puller {
    type Wire = TugWire;

    const WAYS: &'static [Way] = &[
        Way {
            name: "steady",
            help: "Pulls every third time or so",
        },
        Way {
            name: "eager",
            help: "Pulls whenever its side is behind",
        },
    ];

    fn new(way: &'static str, seed: u64) -> Self {
        Self {
            rng: Lcg64Xsh32::seed_from_u64(seed),
            is_eager: way == "eager",
            rounds: 0,
        }
    }

    fn decide(&mut self, sight: Sight<'_, TugWire>) -> Option<Input<TugWire>> {
        let side = (*sight.own?)?;
        let Rope(rope) = *sight.view.get(EntityId(1))?;
        let is_behind = match side {
            Side::Left => rope > 0,
            Side::Right => rope < 0,
        };
        let pulls = self.is_eager && is_behind || self.rng.random_bool(0.3);
        pulls.then_some(Pull)
    }

    fn hear(&mut self, news: &News) {
        let News::Won(_) = news;
        self.rounds += 1;
    }

    fn points(own: &Option<Side>) -> Points {
        // Nothing is counted in this game but who is on which side.
        Points {
            score: u32::from(own.is_some()),
            ..Points::default()
        }
    }
}

#[allow(dead_code, reason = "a test takes this file for its bot alone")]
fn main() -> std::process::ExitCode {
    client_sim::cli::main::<Puller>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use client_sim::View;
    use downbeat_protocol::{PlayerId, Tick};

    #[test]
    fn the_eager_pull_whenever_their_side_is_behind() {
        let pulls = |way, rope, side| {
            let view = View::showing(Tick(1), (), [(EntityId(1), Rope(rope))]);
            let own = Some(side);
            let mut bot = Puller::new(way, 7);
            let sight = Sight {
                me: PlayerId(1),
                own: Some(&own),
                view: &view,
            };
            (0..100).filter(|_| bot.decide(sight).is_some()).count()
        };
        assert_eq!(pulls("eager", 3, Side::Left), 100);
        assert_eq!(pulls("eager", -3, Side::Right), 100);
        for (way, rope, side) in [("eager", -3, Side::Left), ("steady", 3, Side::Left)] {
            let pulls = pulls(way, rope, side);
            assert!((15..50).contains(&pulls), "{way} at {rope}: {pulls}");
        }
    }
}
