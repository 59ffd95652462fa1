//! Points and directions on the arena's plane, for deciding (never for
//! simulating: these are floats).

use downbeat_protocol::arena::{Entity, POSITION_ONE, SPEED_ONE, Ship, TURN};
use std::f64::consts::TAU;

/// A point or a vector, in units (per second, if it is a velocity).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Vector {
    /// Where something is.
    pub(super) fn place(x: i32, y: i32) -> Self {
        let one = f64::from(POSITION_ONE);
        Self {
            x: f64::from(x) / one,
            y: f64::from(y) / one,
        }
    }

    /// How fast something is.
    pub(super) fn speed(vx: i32, vy: i32) -> Self {
        let one = f64::from(SPEED_ONE);
        Self {
            x: f64::from(vx) / one,
            y: f64::from(vy) / one,
        }
    }

    pub(super) fn of(entity: &Entity) -> Self {
        match entity {
            Entity::Ship(ship) => Self::place(ship.x, ship.y),
            Entity::Shot(shot) => Self::place(shot.x, shot.y),
            Entity::Pickup(pickup) => Self::place(pickup.x, pickup.y),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }

    /// This and so many times the other.
    pub(super) fn plus(self, other: Self, times: f64) -> Self {
        Self {
            x: self.x + other.x * times,
            y: self.y + other.y * times,
        }
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    pub(super) fn length(self) -> f64 {
        self.x.hypot(self.y)
    }

    /// Its direction in steps of heading, 0–4095.
    pub(super) fn heading(self) -> u16 {
        let steps = self.y.atan2(self.x) / TAU * f64::from(TURN);
        (steps.round() as i32).rem_euclid(TURN) as u16
    }
}

/// How far apart two headings are, 0 to half a turn.
pub(super) fn apart(one: u16, two: u16) -> i32 {
    let difference = (i32::from(one) - i32::from(two)).rem_euclid(TURN);
    difference.min(TURN - difference)
}

/// The way back to the middle, if the ship is or will soon be within `margin`
/// units of the border of a plane of `size` steps.
pub(super) fn away_from_border(ship: &Ship, size: i32, margin: f64) -> Option<u16> {
    let side = f64::from(size) / f64::from(POSITION_ONE);
    let here = Vector::place(ship.x, ship.y);
    let soon = here.plus(Vector::speed(ship.vx, ship.vy), 0.8);
    let inside = |at: f64| (margin..=side - margin).contains(&at);
    if inside(soon.x) && inside(soon.y) {
        return None;
    }
    let middle = Vector {
        x: side / 2.0,
        y: side / 2.0,
    };
    Some(middle.minus(here).heading())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_grow_clockwise_on_a_screen() {
        for (x, y, heading) in [
            (1.0, 0.0, 0),
            (0.0, 1.0, 1024),
            (-1.0, 0.0, 2048),
            (0.0, -1.0, 3072),
        ] {
            assert_eq!(Vector { x, y }.heading(), heading, "of ({x}, {y})");
        }
    }

    #[test]
    fn headings_are_apart_the_short_way() {
        assert_eq!(apart(10, 4090), 16);
        assert_eq!(apart(4090, 10), 16);
        assert_eq!(apart(0, 2048), 2048);
    }
}
