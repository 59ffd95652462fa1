//! The wire types and the motion of the built-in game, shared by server and
//! clients.
//!
//! Ships fly over a bounded plane, shoot, and pick things up. Everything is in
//! integers, so that a browser, a bot and the server compute the same bits:
//!
//! | quantity | unit | range |
//! |---|---|---|
//! | position | 1/256 unit | 0 to the plane's size; x to the right, y down |
//! | velocity | 1/4 unit per second | ±32,767 |
//! | heading, aim | 1/4096 of a turn | 0–4095; 0 is along x, growing clockwise on a screen |
//! | health | points | 0–100 |
//!
//! The rules of the fight (hits, score, respawn) are the server's alone and live
//! with its game.

mod entity;
mod motion;
mod name;
mod packed;

pub use entity::{Entity, Pickup, PickupKind, Ship, Shot};
pub use motion::{POSITION_ONE, Rules, SPEED_ONE, TURN, direction};
pub use name::Name;

use crate::id::{EntityId, PlayerId, Tick};
use crate::message::Wire;
use serde::{Deserialize, Serialize};

/// The marker of the arena's wire types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArenaWire;

impl Wire for ArenaWire {
    const SCHEMA: &'static str = "arena/1";
    type Input = Input;
    type Entity = Entity;
    type Own = Own;
    type Event = Event;
}

/// What a pilot does; bits of [`Input::controls`] and [`Ship::controls`].
pub mod controls {
    /// Accelerate where the nose points.
    pub const THRUST: u8 = 1;
    /// Turn counter-clockwise.
    pub const LEFT: u8 = 2;
    /// Turn clockwise.
    pub const RIGHT: u8 = 4;
    /// Turn toward the aim; `LEFT` and `RIGHT` do nothing then.
    pub const AIM: u8 = 8;
    /// Lose speed quickly.
    pub const BRAKE: u8 = 16;
    /// Shoot as fast as the gun allows. Not part of a ship: others see the shots.
    pub const FIRE: u8 = 32;
    /// The bits that move a ship.
    pub const MOTION: u8 = THRUST | LEFT | RIGHT | AIM | BRAKE;
    /// The bits that mean something.
    pub const ALL: u8 = MOTION | FIRE;
}

/// What is special about a ship; bits of [`Ship::effects`].
pub mod effects {
    /// Flown by the server.
    pub const DRONE: u8 = 1;
    /// Takes no damage.
    pub const SHIELD: u8 = 2;
    /// Shoots twice as fast.
    pub const RAPID: u8 = 4;
}

/// One tick's wish of a player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Bits of [`controls`].
    pub controls: u8,
    /// Where to turn to while `AIM` is set, 0–4095.
    pub aim: u16,
}

/// What only the player himself sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Points so far.
    pub score: u32,
    /// Ships and drones destroyed.
    pub kills: u32,
    /// Ships lost.
    pub deaths: u32,
    /// Whether he flies.
    pub status: Status,
}

/// Whether a player flies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// He flies this ship.
    Flying {
        /// The ship.
        ship: EntityId,
    },
    /// He waits for a new one.
    Waiting {
        /// The tick at which it comes.
        until: Tick,
    },
}

/// What happens and is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The best players, best first; to everyone, when it changed and every 3 s.
    Leaderboard {
        /// How many players are in the room.
        players: u32,
        /// At most ten.
        rows: Vec<Row>,
    },
    /// A coarse picture of the whole plane for a minimap; to everyone, once a second.
    Radar {
        /// At most 128.
        blips: Vec<Blip>,
    },
    /// The player destroyed somebody; to him alone.
    Kill {
        /// Whom.
        victim: Name,
    },
    /// The player lost his ship; to him alone.
    Death {
        /// By whom.
        by: Name,
    },
}

/// One line of the leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub player: PlayerId,
    /// His name.
    pub name: Name,
    /// His points.
    pub score: u32,
}

/// One dot on the minimap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blip {
    /// Position along x in 1/256 of the plane.
    pub x: u8,
    /// Position along y in 1/256 of the plane.
    pub y: u8,
    /// Whether it is a drone.
    pub drone: bool,
}
