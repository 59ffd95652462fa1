//! The arena's numbers: what a shot does, how long a shield lasts.
//!
//! Owns the settings an operator may change ([`Config`]) and the tuning nobody
//! should have to, as times in ticks of the room's rate ([`Balance`]).

use downbeat_protocol::arena::{POSITION_ONE, SPEED_ONE};
use serde::{Deserialize, Serialize};

/// The arena's settings: the `[game]` table of the config file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The plane's side in units, 1024–60000. A screen shows about 1280 × 720.
    pub size: u32,
    /// Drones flown by the server, 0–2000.
    pub drones: u32,
    /// Pickups lying about, 0–2000.
    pub pickups: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            size: 6144,
            drones: 32,
            pickups: 40,
        }
    }
}

impl Config {
    pub(super) fn check(&self) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        for (key, value, least, most) in [
            ("size", self.size, 1024, 60_000),
            ("drones", self.drones, 0, 2000),
            ("pickups", self.pickups, 0, 2000),
        ] {
            if !(least..=most).contains(&value) {
                problems.push(format!("{key} = {value}: allowed is {least} to {most}"));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}

/// Health of a player's ship.
pub(super) const SHIP_HEALTH: u8 = 100;
/// Health of a drone.
pub(super) const DRONE_HEALTH: u8 = 40;
/// What one shot takes.
pub(super) const DAMAGE: u8 = 20;
/// What a repair gives.
pub(super) const REPAIR: u8 = 50;
/// Points for a player's ship.
pub(super) const SHIP_SCORE: u32 = 100;
/// Points for a drone.
pub(super) const DRONE_SCORE: u32 = 25;
/// Points for a pickup.
pub(super) const PICKUP_SCORE: u32 = 5;

/// A ship's radius, in steps of position.
pub(super) const SHIP_RADIUS: i32 = 18 * POSITION_ONE;
/// How near a ship must come to pick something up.
pub(super) const REACH: i32 = 34 * POSITION_ONE;
/// How far ahead of its ship a shot begins.
pub(super) const MUZZLE: i32 = 22 * POSITION_ONE;
/// A shot's speed, added to its ship's.
pub(super) const SHOT_SPEED: i32 = 820 * SPEED_ONE;
/// How far a drone sees.
pub(super) const DRONE_SIGHT: i32 = 800 * POSITION_ONE;
/// From here on a drone shoots.
pub(super) const DRONE_RANGE: i32 = 520 * POSITION_ONE;

/// Times in ticks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Balance {
    pub(super) second: u32,
    /// From one shot of a gun to the next.
    pub(super) reload: u32,
    pub(super) reload_rapid: u32,
    pub(super) reload_drone: u32,
    pub(super) shot_life: u32,
    pub(super) respawn: u32,
    pub(super) drone_respawn: u32,
    pub(super) pickup_respawn: u32,
    pub(super) spawn_shield: u32,
    pub(super) shield: u32,
    pub(super) rapid: u32,
    /// From one thought of a drone to the next.
    pub(super) thought: u32,
}

impl Balance {
    /// The times at a tick rate in Hz.
    pub(super) fn new(tick_rate: u32) -> Self {
        let ticks = |milliseconds: u32| (milliseconds * tick_rate / 1000).max(1);
        Self {
            second: tick_rate.max(1),
            reload: ticks(300),
            reload_rapid: ticks(150),
            reload_drone: ticks(900),
            shot_life: ticks(1000),
            respawn: ticks(2500),
            drone_respawn: ticks(4000),
            pickup_respawn: ticks(8000),
            spawn_shield: ticks(2000),
            shield: ticks(6000),
            rapid: ticks(8000),
            thought: ticks(250),
        }
    }
}
