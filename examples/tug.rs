//! Tug of war: a whole game in a hundred lines.
//!
//! Two teams pull a rope; whoever gets it ten steps to his side wins the round.
//! Nothing in it has a place, so it uses neither cells nor prediction. Run it with
//! `cargo run --release --example tug`; docs/writing-a-game.md builds it step by
//! step.

use downbeat::game::{Audience, Game, Leave, Profile, Refusal, Rejected, Scene};
use downbeat::protocol::{EntityId, NoDiff, PlayerId, Replicate, Tick, Wire};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The types that cross the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct TugWire;

/// What a player does: pull, once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pull;

/// The one thing there is to see: steps to the right, negative to the left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rope(pub i8);

/// Which side somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Side {
    /// Pulls to the left.
    Left,
    /// Pulls to the right.
    Right,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// A side has won; the rope is back in the middle.
    Won(Side),
}

impl Replicate for Rope {
    type Rules = ();
    type Diff = NoDiff;
}

impl Wire for TugWire {
    const SCHEMA: &'static str = "tug/1";
    type Input = Pull;
    type Entity = Rope;
    type Own = Option<Side>;
    type Event = News;
}

/// The game's state, and what is saved of it.
#[derive(Default, Serialize, Deserialize)]
pub struct Tug {
    rope: i8,
    sides: BTreeMap<PlayerId, Side>,
    won: Option<Side>,
}

impl Game for Tug {
    type Wire = TugWire;
    type Config = ();

    fn new(_config: &(), _tick_rate: u32, _seed: u64) -> Self {
        Self::default()
    }

    fn rules(&self) {}

    fn join(&mut self, player: PlayerId, _profile: &Profile) -> Result<(), Refusal> {
        let sides = self.sides.values();
        let right = sides.filter(|side| **side == Side::Right).count();
        let side = match self.sides.len() > 2 * right {
            true => Side::Right,
            false => Side::Left,
        };
        self.sides.insert(player, side);
        Ok(())
    }

    fn input(&mut self, player: PlayerId, _pull: &Pull) -> Result<(), Rejected> {
        match self.sides.get(&player).ok_or(Rejected)? {
            Side::Left => self.rope -= 1,
            Side::Right => self.rope += 1,
        }
        self.rope = self.rope.clamp(-10, 10);
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, leave: Leave) {
        if leave == Leave::Gone {
            self.sides.remove(&player);
        }
    }

    fn step(&mut self, _tick: Tick) {
        self.won = match self.rope {
            -10 => Some(Side::Left),
            10 => Some(Side::Right),
            _ => return,
        };
        self.rope = 0;
    }

    fn scene(&self, scene: &mut impl Scene<Rope>) {
        scene.show(EntityId(1), Rope(self.rope));
    }

    fn own(&self, player: PlayerId) -> Option<Side> {
        self.sides.get(&player).copied()
    }

    fn events(&mut self, tell: &mut dyn FnMut(Audience, News)) {
        if let Some(side) = self.won.take() {
            tell(Audience::All, News::Won(side));
        }
    }
}

fn main() -> std::process::ExitCode {
    downbeat::cli::main::<Tug>()
}
