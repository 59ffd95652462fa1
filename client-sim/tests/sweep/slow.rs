//! The arena with a step that takes as long as the environment says.

use downbeat::game::arena::Arena;
use downbeat::game::{
    Audience, Entity, Event, Game, Input, Leave, Own, Profile, Refusal, Rejected, Scene,
};
use downbeat::protocol::arena::ArenaWire;
use downbeat::protocol::message::Rules;
use downbeat::protocol::{CellId, PlayerId, Tick};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// See the module's doc.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slow {
    arena: Arena,
    delay: Duration,
}

impl Game for Slow {
    type Wire = ArenaWire;
    type Config = <Arena as Game>::Config;

    fn check(config: &Self::Config) -> Result<(), Vec<String>> {
        Arena::check(config)
    }

    fn new(config: &Self::Config, tick_rate: u32, seed: u64) -> Self {
        let ms = std::env::var("LAB_STEP_MS").map_or(0, |text| text.parse().unwrap());
        Self {
            arena: Game::new(config, tick_rate, seed),
            delay: Duration::from_millis(ms),
        }
    }

    fn rules(&self) -> Rules<ArenaWire> {
        Game::rules(&self.arena)
    }

    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), Refusal> {
        self.arena.join(player, profile)
    }

    fn input(&mut self, player: PlayerId, input: &Input<Self>) -> Result<(), Rejected> {
        self.arena.input(player, input)
    }

    fn leave(&mut self, player: PlayerId, leave: Leave) {
        self.arena.leave(player, leave);
    }

    fn rejoin(&mut self, player: PlayerId) {
        self.arena.rejoin(player);
    }

    fn step(&mut self, tick: Tick) {
        std::thread::sleep(self.delay);
        self.arena.step(tick);
    }

    fn scene(&self, scene: &mut impl Scene<Entity<Self>>) {
        self.arena.scene(scene);
    }

    fn own(&self, player: PlayerId) -> Own<Self> {
        self.arena.own(player)
    }

    fn view(&self, player: PlayerId, cells: &mut Vec<CellId>) {
        self.arena.view(player, cells);
    }

    fn events(&mut self, tell: &mut dyn FnMut(Audience, Event<Self>)) {
        self.arena.events(tell);
    }

    fn checksum(&self) -> u32 {
        self.arena.checksum()
    }
}
