//! What clients see in the arena: ships, shots, pickups.
//!
//! A ship is about 30 bytes in whole and two to five when its pilot changes his
//! mind; as long as he does not, it costs nothing, because everyone predicts it.

use super::motion::{Rules, SPEED_MAX, TURN};
use super::name::Name;
use super::packed;
use crate::fields::FieldDiff;
use crate::id::PlayerId;
use crate::replicate::{BadDiff, Change, Replicate};
use serde::{Deserialize, Serialize};

/// One thing in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entity {
    /// A ship, flown by a player or by the server.
    Ship(Ship),
    /// A shot on its way.
    Shot(Shot),
    /// Something to pick up.
    Pickup(Pickup),
}

/// A ship. Units as in [`crate::arena`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ship {
    /// Position along x.
    #[serde(with = "packed::u24")]
    pub x: i32,
    /// Position along y.
    #[serde(with = "packed::u24")]
    pub y: i32,
    /// Velocity along x.
    #[serde(with = "packed::i16")]
    pub vx: i32,
    /// Velocity along y.
    #[serde(with = "packed::i16")]
    pub vy: i32,
    /// Where the nose points.
    #[serde(with = "packed::u16")]
    pub heading: u16,
    /// Where it turns to while `AIM` is held.
    #[serde(with = "packed::u16")]
    pub aim: u16,
    /// What the pilot holds: bits of [`controls::MOTION`](super::controls::MOTION).
    pub controls: u8,
    /// 1–100.
    pub health: u8,
    /// Bits of [`effects`](super::effects).
    pub effects: u8,
    /// Who flies it; 0 for a drone.
    pub player: PlayerId,
    /// The pilot's name.
    pub name: Name,
}

/// A shot. Flies straight on until the server ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// Position along x.
    #[serde(with = "packed::u24")]
    pub x: i32,
    /// Position along y.
    #[serde(with = "packed::u24")]
    pub y: i32,
    /// Velocity along x.
    #[serde(with = "packed::i16")]
    pub vx: i32,
    /// Velocity along y.
    #[serde(with = "packed::i16")]
    pub vy: i32,
    /// Who fired it; 0 for a drone.
    pub player: PlayerId,
}

/// Something to pick up. Stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// Position along x.
    #[serde(with = "packed::u24")]
    pub x: i32,
    /// Position along y.
    #[serde(with = "packed::u24")]
    pub y: i32,
    /// What it is good for.
    pub kind: PickupKind,
}

/// What a pickup is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupKind {
    /// Restores health.
    Repair,
    /// Doubles the rate of fire for a while.
    Rapid,
    /// Takes no damage for a while.
    Shield,
}

/// The changeable values of an entity, those that change most often first, so
/// that a usual difference has a one-byte mask.
const FIELDS: usize = 9;
type Row = [i32; FIELDS];

impl Ship {
    fn row(&self) -> Row {
        [
            i32::from(self.controls),
            i32::from(self.heading),
            self.vx,
            self.vy,
            i32::from(self.aim),
            i32::from(self.health),
            i32::from(self.effects),
            self.x,
            self.y,
        ]
    }

    fn set(&mut self, row: Row) {
        let [controls, heading, vx, vy, aim, health, effects, x, y] = row;
        // Casts and bounds cut what only a broken peer can send.
        self.controls = controls as u8;
        self.heading = (heading & (TURN - 1)) as u16;
        (self.vx, self.vy) = (speed(vx), speed(vy));
        self.aim = (aim & (TURN - 1)) as u16;
        self.health = health as u8;
        self.effects = effects as u8;
        (self.x, self.y) = (place(x), place(y));
    }
}

impl Shot {
    fn row(&self) -> Row {
        [0, 0, self.vx, self.vy, 0, 0, 0, self.x, self.y]
    }

    fn set(&mut self, row: Row) {
        let [_, _, vx, vy, _, _, _, x, y] = row;
        (self.vx, self.vy) = (speed(vx), speed(vy));
        (self.x, self.y) = (place(x), place(y));
    }
}

/// What fits the wire's two bytes of a velocity.
fn speed(velocity: i32) -> i32 {
    velocity.clamp(-SPEED_MAX, SPEED_MAX)
}

/// What fits the wire's three bytes of a position.
fn place(position: i32) -> i32 {
    position.clamp(0, 0xFF_FFFF)
}

impl Replicate for Entity {
    type Rules = Rules;
    type Diff = FieldDiff<FIELDS>;

    fn predict(&mut self, rules: &Rules) {
        match self {
            Self::Ship(ship) => ship.advance(rules),
            Self::Shot(shot) => shot.advance(rules),
            Self::Pickup(_) => {}
        }
    }

    fn diff(&self, predicted: &Self) -> Change<Self::Diff> {
        if self == predicted {
            return Change::None;
        }
        let (old, new) = match (predicted, self) {
            (Self::Ship(old), Self::Ship(new))
                if (old.player, old.name) == (new.player, new.name) =>
            {
                (old.row(), new.row())
            }
            (Self::Shot(old), Self::Shot(new)) if old.player == new.player => {
                (old.row(), new.row())
            }
            _ => return Change::Replace,
        };
        FieldDiff::between(&old, &new).map_or(Change::None, Change::Diff)
    }

    fn apply(&mut self, diff: &Self::Diff) -> Result<(), BadDiff> {
        match self {
            Self::Ship(ship) => {
                let mut row = ship.row();
                diff.apply(&mut row);
                ship.set(row);
            }
            Self::Shot(shot) => {
                let mut row = shot.row();
                diff.apply(&mut row);
                shot.set(row);
            }
            Self::Pickup(_) => return Err(BadDiff),
        }
        Ok(())
    }
}
