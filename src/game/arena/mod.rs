//! The built-in game: ships, shots, drones and pickups on a bounded plane.
//!
//! Owns the arena's state and the order of its tick. How things move is
//! [`downbeat_protocol::arena`]'s, because clients do the same; who is hit, who
//! scores and who flies again is decided here, in integers, from one generator.

mod balance;
mod drones;
mod fight;
mod nearby;
mod news;
mod pickups;
mod space;

pub use balance::Config;

use crate::game::{Audience, Game, Leave, Profile, Refusal, Rejected, Scene};
use balance::Balance;
use downbeat_protocol::arena::{
    ArenaWire, Entity, Event, Input, Name, Own, Pickup, Row, Rules, Ship, Shot, Status, controls,
    effects,
};
use downbeat_protocol::{CellId, EntityId, PlayerId, Tick};
use nearby::Nearby;
use rand::Rng;
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The arena's state. Everything in it is saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arena {
    rules: Rules,
    balance: Balance,
    /// PCG XSH RR 64/32 (O'Neill 2014), the arena's only randomness.
    random: Pcg32,
    tick: Tick,
    players: BTreeMap<PlayerId, Player>,
    ships: BTreeMap<EntityId, Hull>,
    shots: BTreeMap<EntityId, Bolt>,
    pickups: BTreeMap<EntityId, Pickup>,
    /// The number given last; see [`Arena::new_id`].
    last_id: u32,
    drones_due: Vec<Tick>,
    pickups_due: Vec<Tick>,
    board: Board,
    /// What happened since the game was asked last; always empty between ticks.
    #[serde(skip)]
    happened: Vec<(Audience, Event)>,
    /// Where ships are, once somebody looks for a place within this tick; `None` between
    /// ticks.
    #[serde(skip)]
    nearby: Option<Nearby>,
}

/// One player.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Player {
    name: Name,
    score: u32,
    kills: u32,
    deaths: u32,
    /// What he holds; goes into the next ship too.
    input: Input,
    life: Life,
}

/// Whether a player flies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Life {
    /// In this ship.
    Flying(EntityId),
    /// Not until this tick; he looks at the place where he lost his ship.
    Waiting { until: Tick, x: i32, y: i32 },
}

/// A ship and what only the server knows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hull {
    ship: Ship,
    is_firing: bool,
    /// When the gun is ready again.
    ready: Tick,
    shield_until: Option<Tick>,
    rapid_until: Option<Tick>,
}

/// A shot and what only the server knows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Bolt {
    shot: Shot,
    /// The ship that fired it.
    by: EntityId,
    until: Tick,
}

/// What everyone was told last about the standings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Board {
    players: u32,
    rows: Vec<Row>,
    /// Somebody came who has not heard it.
    is_stale: bool,
}

/// The largest entity number: three bytes on the wire.
const MAX_ID: u32 = 65_535;

impl Game for Arena {
    type Wire = ArenaWire;
    type Config = Config;

    fn check(config: &Config) -> Result<(), Vec<String>> {
        config.check()
    }

    fn new(config: &Config, tick_rate: u32, seed: u64) -> Self {
        let mut arena = Self {
            rules: Rules::new(tick_rate, config.size),
            balance: Balance::new(tick_rate),
            random: Pcg32::new(seed, 0x0a02_bdbf_7bb3_c0a7),
            tick: Tick(0),
            players: BTreeMap::new(),
            ships: BTreeMap::new(),
            shots: BTreeMap::new(),
            pickups: BTreeMap::new(),
            last_id: 0,
            drones_due: Vec::new(),
            pickups_due: Vec::new(),
            board: Board::default(),
            happened: Vec::new(),
            nearby: None,
        };
        for _ in 0..config.drones {
            arena.add_drone();
        }
        for _ in 0..config.pickups {
            arena.add_pickup();
        }
        arena.nearby = None;
        arena
    }

    fn rules(&self) -> Rules {
        self.rules
    }

    fn join(&mut self, id: PlayerId, profile: &Profile) -> Result<(), Refusal> {
        let name = match Name::new(&profile.name) {
            name if name.as_str().is_empty() => Name::new(&format!("pilot {}", id.0)),
            name => name,
        };
        let ship = self
            .add_ship(id, name, 0, balance::SHIP_HEALTH)
            .ok_or_else(|| Refusal("the arena is full".into()))?;
        let player = Player {
            name,
            score: 0,
            kills: 0,
            deaths: 0,
            input: Input::default(),
            life: Life::Flying(ship),
        };
        self.players.insert(id, player);
        self.board.is_stale = true;
        Ok(())
    }

    fn input(&mut self, player: PlayerId, input: &Input) -> Result<(), Rejected> {
        let input = Input {
            controls: input.controls & controls::ALL,
            aim: input.aim & (4096 - 1),
        };
        let player = self.players.get_mut(&player).ok_or(Rejected)?;
        player.input = input;
        // Held keys count in the next ship; until then they move nothing.
        let Life::Flying(ship) = player.life else {
            return Err(Rejected);
        };
        let hull = self.ships.get_mut(&ship).ok_or(Rejected)?;
        hull.steer(input);
        Ok(())
    }

    fn leave(&mut self, id: PlayerId, leave: Leave) {
        let Some(player) = self.players.get_mut(&id) else {
            return;
        };
        player.input = Input::default();
        if let Life::Flying(ship) = player.life {
            match leave {
                // Nobody is at the controls: the ship drifts.
                Leave::Quiet => {
                    if let Some(hull) = self.ships.get_mut(&ship) {
                        hull.steer(Input::default());
                    }
                }
                Leave::Gone => {
                    self.ships.remove(&ship);
                }
            }
        }
        if leave == Leave::Gone {
            self.players.remove(&id);
        }
    }

    fn rejoin(&mut self, _: PlayerId) {
        self.board.is_stale = true;
    }

    fn step(&mut self, tick: Tick) {
        self.tick = tick;
        self.expire();
        self.steer_drones();
        for hull in self.ships.values_mut() {
            hull.ship.advance(&self.rules);
        }
        let nearby = Nearby::new(&self.ships);
        self.fly_shots(&nearby);
        self.fire();
        self.collect(&nearby);
        self.nearby = Some(nearby);
        self.revive();
        self.nearby = None;
        self.announce();
    }

    fn scene(&self, scene: &mut impl Scene<Entity>) {
        for (id, pickup) in &self.pickups {
            scene.show_in(self.cell(pickup.x, pickup.y), *id, Entity::Pickup(*pickup));
        }
        for (id, hull) in &self.ships {
            let ship = hull.ship;
            scene.show_in(self.cell(ship.x, ship.y), *id, Entity::Ship(ship));
        }
        for (id, bolt) in &self.shots {
            let shot = bolt.shot;
            scene.show_in(self.cell(shot.x, shot.y), *id, Entity::Shot(shot));
        }
    }

    fn own(&self, id: PlayerId) -> Own {
        let nobody = Own {
            score: 0,
            kills: 0,
            deaths: 0,
            status: Status::Waiting { until: self.tick },
        };
        self.players.get(&id).map_or(nobody, |player| Own {
            score: player.score,
            kills: player.kills,
            deaths: player.deaths,
            status: match player.life {
                Life::Flying(ship) => Status::Flying { ship },
                Life::Waiting { until, .. } => Status::Waiting { until },
            },
        })
    }

    fn view(&self, id: PlayerId, cells: &mut Vec<CellId>) {
        if let Some((x, y)) = self.eye(id) {
            self.cells_around(x, y, cells);
        }
    }

    fn events(&mut self, tell: &mut dyn FnMut(Audience, Event)) {
        for (audience, event) in self.happened.drain(..) {
            tell(audience, event);
        }
    }
}

impl Arena {
    /// Where a player looks.
    fn eye(&self, id: PlayerId) -> Option<(i32, i32)> {
        match self.players.get(&id)?.life {
            Life::Flying(ship) => self.ships.get(&ship).map(|hull| (hull.ship.x, hull.ship.y)),
            Life::Waiting { x, y, .. } => Some((x, y)),
        }
    }

    /// Puts a ship where there is room. `None` if there are too many things.
    fn add_ship(
        &mut self,
        player: PlayerId,
        name: Name,
        effects: u8,
        health: u8,
    ) -> Option<EntityId> {
        let id = self.new_id()?;
        let (x, y) = self.free_place();
        let heading = self.below(4096) as u16;
        let until = self.tick.plus(self.balance.spawn_shield);
        let ship = Ship {
            x,
            y,
            vx: 0,
            vy: 0,
            heading,
            aim: heading,
            controls: 0,
            health,
            effects: effects | effects::SHIELD,
            player,
            name,
        };
        let hull = Hull {
            ship,
            is_firing: false,
            ready: self.tick,
            shield_until: Some(until),
            rapid_until: None,
        };
        self.ships.insert(id, hull);
        if let Some(nearby) = &mut self.nearby {
            nearby.add(id, x, y);
        }
        Some(id)
    }

    /// Ends what lasts only a while.
    fn expire(&mut self) {
        for hull in self.ships.values_mut() {
            hull.expire(self.tick);
        }
    }

    /// Gives ships to those whose wait is over, players and drones.
    fn revive(&mut self) {
        let waiting: Vec<_> = self
            .players
            .iter()
            .filter_map(|(id, player)| match player.life {
                Life::Waiting { until, .. } if !until.is_after(self.tick) => {
                    Some((*id, player.name))
                }
                _ => None,
            })
            .collect();
        for (id, name) in waiting {
            if let Some(ship) = self.add_ship(id, name, 0, balance::SHIP_HEALTH)
                && let Some(player) = self.players.get_mut(&id)
            {
                player.life = Life::Flying(ship);
                let input = player.input;
                if let Some(hull) = self.ships.get_mut(&ship) {
                    hull.steer(input);
                }
            }
        }
        for _ in 0..take_due(&mut self.drones_due, self.tick) {
            self.add_drone();
        }
        for _ in 0..take_due(&mut self.pickups_due, self.tick) {
            self.add_pickup();
        }
    }

    /// A number that nothing has now, and that nothing had for a while: a client
    /// would take its next owner for the old one.
    fn new_id(&mut self) -> Option<EntityId> {
        for _ in 0..MAX_ID {
            self.last_id = self.last_id % MAX_ID + 1;
            let id = EntityId(self.last_id);
            let is_taken = self.ships.contains_key(&id)
                || self.shots.contains_key(&id)
                || self.pickups.contains_key(&id);
            if !is_taken {
                return Some(id);
            }
        }
        None
    }

    /// A random number below `bound` (Lemire's multiplication, without his
    /// rejection: the bias is below one in a hundred thousand here).
    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.random.next_u32()) * u64::from(bound)) >> 32) as u32
    }
}

impl Hull {
    fn steer(&mut self, input: Input) {
        self.ship.controls = input.controls & controls::MOTION;
        self.ship.aim = input.aim;
        self.is_firing = input.controls & controls::FIRE != 0;
    }

    fn is_drone(&self) -> bool {
        self.ship.effects & effects::DRONE != 0
    }

    fn expire(&mut self, tick: Tick) {
        for (until, effect) in [
            (&mut self.shield_until, effects::SHIELD),
            (&mut self.rapid_until, effects::RAPID),
        ] {
            if until.is_some_and(|until| !until.is_after(tick)) {
                *until = None;
                self.ship.effects &= !effect;
            }
        }
    }
}

/// Takes out the ticks that have come; says how many.
fn take_due(due: &mut Vec<Tick>, now: Tick) -> usize {
    let before = due.len();
    due.retain(|tick| tick.is_after(now));
    before - due.len()
}

#[cfg(test)]
mod tests;
