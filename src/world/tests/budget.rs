//! The budget, in a game in which nothing can be predicted and everything changes.

use crate::game::{Game, Leave, Profile, Refusal, Rejected, Scene};
use crate::world::puppet::{Puppet, config};
use crate::world::{Core, CoreConfig};
use downbeat_protocol::{CellId, EntityId, NoDiff, Pace, PlayerId, Replicate, Tick, Wire};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq)]
struct NoiseWire;

/// Ten numbers below 100, all of them new at each tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Noise([u8; 10]);

impl Replicate for Noise {
    type Rules = ();
    type Diff = NoDiff;
}

impl Wire for NoiseWire {
    const SCHEMA: &'static str = "noise/1";
    type Input = ();
    type Entity = Noise;
    type Own = ();
    type Event = ();
}

/// A row of cells with a few noises in each; everyone sits at its beginning.
#[derive(Serialize, Deserialize)]
struct Row(u32);

const CELLS: u32 = 12;
const PER_CELL: u32 = 10;
/// Bytes of a cell, all told: the number, the variant, three lengths; which of the
/// ten left; and the ten that entered, with their numbers.
const CELL_BYTES: u32 = 5 + PER_CELL + PER_CELL * 11;

impl Game for Row {
    type Wire = NoiseWire;
    type Config = ();

    fn new((): &(), _: u32, _: u64) -> Self {
        Self(0)
    }

    fn rules(&self) {}

    fn join(&mut self, _: PlayerId, _: &Profile) -> Result<(), Refusal> {
        Ok(())
    }

    fn input(&mut self, _: PlayerId, (): &()) -> Result<(), Rejected> {
        Ok(())
    }

    fn leave(&mut self, _: PlayerId, _: Leave) {}

    fn step(&mut self, tick: Tick) {
        self.0 = tick.0;
    }

    fn scene(&self, scene: &mut impl Scene<Noise>) {
        for id in 0..CELLS * PER_CELL {
            let noise = Noise([(self.0.wrapping_add(id) % 100) as u8; 10]);
            scene.show_in(CellId(1 + id / PER_CELL), EntityId(id), noise);
        }
    }

    fn own(&self, _: PlayerId) {}

    fn view(&self, _: PlayerId, cells: &mut Vec<CellId>) {
        cells.extend((1..=CELLS).map(CellId));
    }
}

/// What a second of snapshots takes after a while, per snapshot; and how many of the
/// first and of the last cell's noises were as they are, of 100; and the pace.
fn told(byte_rate: u32) -> (u32, [u32; 2], Option<Pace>) {
    let config = CoreConfig {
        byte_rate,
        ..config()
    };
    let mut core: Core<Row> = Core::new(config, Row(0));
    let mut puppet = Puppet::join(&mut core, "ada");
    let (mut bytes, mut exact) = (0, [0; 2]);
    for now in 0..400 {
        core.tick(&mut ()).unwrap();
        let before = puppet.bytes;
        puppet.take_and_acknowledge();
        if now < 300 {
            continue;
        }
        bytes += puppet.bytes - before;
        let mirror = puppet.mirror.as_ref().unwrap();
        for (exact, id) in exact.iter_mut().zip([0, CELLS * PER_CELL - 1]) {
            let noise = mirror.get(EntityId(id)).unwrap();
            *exact += u32::from(u32::from(noise.0[0]) == (core.now().0 + id) % 100);
        }
    }
    (bytes as u32 / 100, exact, puppet.pace)
}

#[test]
fn without_a_budget_or_with_enough_everything_is_told() {
    let all = CELLS * CELL_BYTES;
    for byte_rate in [0, 30 * (all + 100), 1 << 26] {
        let (bytes, exact, pace) = told(byte_rate);
        assert!((all..all + 20).contains(&bytes), "{bytes}, not {all}");
        assert_eq!((exact, pace), ([100, 100], None));
    }
}

#[test]
fn a_budget_is_kept_and_the_nearest_profit_from_it() {
    let all = CELLS * CELL_BYTES;
    for (percent, exact, ticks) in [
        (75, [100, 50], 2),
        (50, [100, 25], 4),
        (33, [100, 25], 4),
        (27, [50, 25], 4),
        (1, [25, 25], 4),
    ] {
        let budget = all * percent / 100;
        let (bytes, got, pace) = told(30 * budget);
        let least = all / 4 + 20;
        assert!(
            bytes <= budget.max(least) + 20,
            "{percent} %: {bytes} bytes at a budget of {budget}"
        );
        assert!(
            bytes + CELL_BYTES >= budget.min(all),
            "{percent} %: {bytes} bytes at a budget of {budget}"
        );
        assert_eq!(got, exact, "{percent} %");
        assert_eq!(pace, Some(Pace { ticks, step: 0 }), "{percent} %");
    }
}

#[test]
fn the_pace_is_taken_back() {
    let config = CoreConfig {
        byte_rate: 1,
        ..config()
    };
    let mut core: Core<Row> = Core::new(config, Row(0));
    let mut puppet = Puppet::join(&mut core, "ada");
    let mut run = |core: &mut Core<Row>, ticks| {
        for _ in 0..ticks {
            core.tick(&mut ()).unwrap();
            puppet.take_and_acknowledge();
        }
        puppet.pace
    };
    assert_eq!(run(&mut core, 60), Some(Pace { ticks: 4, step: 0 }));
    core.config.byte_rate = 0;
    assert_eq!(run(&mut core, 4), Some(Pace { ticks: 1, step: 0 }));
}
