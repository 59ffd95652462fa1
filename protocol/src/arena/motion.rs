//! How things move: one tick, in integers.
//!
//! Owns everything that server and clients must compute alike. Divisions truncate
//! toward zero and shifts are arithmetic, as in JavaScript's `|0` and `>>`; no
//! intermediate value leaves 32 bits.

use super::controls;
use super::entity::{Ship, Shot};
use serde::{Deserialize, Serialize};

/// A full turn, in steps of heading.
pub const TURN: i32 = 4096;
/// One unit of length, in steps of position.
pub const POSITION_ONE: i32 = 256;
/// One unit per second, in steps of velocity.
pub const SPEED_ONE: i32 = 4;

/// The largest velocity along an axis, either way.
pub(super) const SPEED_MAX: i32 = 32_767;
/// Steps of position per second that one step of velocity makes.
const DRIFT: i32 = POSITION_ONE / SPEED_ONE;

/// The constants of motion, derived by the server from its tick rate and sent in
/// the welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Ticks per second, 1–240.
    pub tick_rate: i32,
    /// The plane's side, in steps of position, below 2²⁴.
    pub size: i32,
    /// Steps of heading per tick.
    pub turn: i32,
    /// Steps of velocity that thrust adds per tick.
    pub thrust: i32,
    /// Part of its velocity that a ship loses per tick, in 1/4096.
    pub drag: i32,
    /// The same while it brakes.
    pub brake: i32,
}

impl Rules {
    /// The rules for a tick rate in Hz (1–240) and a plane of `size` units
    /// (1–65,535). The feel is the same at each rate: 420 units/s², drag 1.2/s,
    /// braking 4/s, 3.6 radians/s.
    #[must_use]
    pub fn new(tick_rate: u32, size: u32) -> Self {
        let rate = tick_rate.clamp(1, 240) as i32;
        let size = size.clamp(1, 65_535) as i32;
        let per_tick = |per_second: i32| (per_second + rate / 2) / rate;
        Self {
            tick_rate: rate,
            size: size * POSITION_ONE,
            turn: per_tick(2347),
            thrust: per_tick(420 * SPEED_ONE),
            drag: per_tick(4915).min(4096),
            brake: per_tick(16_384).min(4096),
        }
    }
}

impl Ship {
    /// One tick: the position follows the old velocity; then the controls turn
    /// the ship and change its velocity. In this order, because a change of
    /// controls then leaves the position as predicted.
    pub fn advance(&mut self, rules: &Rules) {
        (self.x, self.vx) = drift(self.x, self.vx, rules);
        (self.y, self.vy) = drift(self.y, self.vy, rules);

        self.heading = self.turned(rules);
        let held = |control| self.controls & control != 0;
        if held(controls::THRUST) {
            let (cos, sin) = direction(self.heading);
            let thrust = rules.thrust.clamp(0, SPEED_MAX);
            self.vx += cos * thrust / 4096;
            self.vy += sin * thrust / 4096;
        }
        let drag = if held(controls::BRAKE) {
            rules.brake
        } else {
            rules.drag
        };
        self.vx = slowed(self.vx, drag);
        self.vy = slowed(self.vy, drag);
    }

    fn turned(&self, rules: &Rules) -> u16 {
        let held = |control| self.controls & control != 0;
        let heading = i32::from(self.heading);
        let turn = rules.turn.clamp(0, TURN);
        let step = if held(controls::AIM) {
            let to_aim = ((i32::from(self.aim) - heading + TURN / 2) & (TURN - 1)) - TURN / 2;
            to_aim.clamp(-turn, turn)
        } else {
            match (held(controls::LEFT), held(controls::RIGHT)) {
                (true, false) => -turn,
                (false, true) => turn,
                _ => 0,
            }
        };
        ((heading + step) & (TURN - 1)) as u16
    }
}

impl Shot {
    /// One tick: straight on, also beyond the border, where the server ends it.
    pub fn advance(&mut self, rules: &Rules) {
        self.x = self.x.saturating_add(step(self.vx, rules));
        self.y = self.y.saturating_add(step(self.vy, rules));
    }
}

/// Cosine and sine of a heading, in 1/4096, by a parabola and one correction
/// (within 0.2 % of the truth, and the same everywhere).
#[must_use]
pub fn direction(heading: u16) -> (i32, i32) {
    let heading = i32::from(heading);
    (sine(heading + TURN / 4), sine(heading))
}

fn sine(angle: i32) -> i32 {
    let half = angle & (TURN / 2 - 1);
    // 0 → 0, a quarter turn → 4096, half a turn → 0.
    let parabola = (half * (TURN / 2 - half)) >> 8;
    let sine = (parabola * (3174 + ((922 * parabola) >> 12))) >> 12;
    if angle & (TURN / 2) == 0 { sine } else { -sine }
}

/// How far a velocity leads in one tick.
fn step(velocity: i32, rules: &Rules) -> i32 {
    velocity.clamp(-SPEED_MAX, SPEED_MAX) * DRIFT / rules.tick_rate.max(1)
}

/// Position and velocity after a tick; the border throws back at half the speed.
fn drift(position: i32, velocity: i32, rules: &Rules) -> (i32, i32) {
    let position = position.saturating_add(step(velocity, rules));
    if position < 0 {
        (0, -velocity / 2)
    } else if position > rules.size {
        (rules.size, -velocity / 2)
    } else {
        (position, velocity)
    }
}

/// A velocity after drag, rounded so that it always comes to rest.
fn slowed(velocity: i32, drag: i32) -> i32 {
    let velocity = velocity.clamp(-SPEED_MAX, SPEED_MAX);
    let loss = (velocity.abs() * drag.clamp(0, 4096) + 4095) >> 12;
    velocity - velocity.signum() * loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Name;
    use crate::id::PlayerId;

    fn ship(controls: u8) -> Ship {
        Ship {
            x: 1000 * POSITION_ONE,
            y: 1000 * POSITION_ONE,
            vx: 0,
            vy: 0,
            heading: 0,
            aim: 0,
            controls,
            health: 100,
            effects: 0,
            player: PlayerId(1),
            name: Name::new("a"),
        }
    }

    #[test]
    fn sine_is_within_a_fifth_of_a_percent() {
        for heading in 0..TURN {
            let (cos, sin) = direction(heading as u16);
            let angle = f64::from(heading) * std::f64::consts::TAU / f64::from(TURN);
            assert!(
                (f64::from(sin) / 4096.0 - angle.sin()).abs() < 0.002,
                "sine of {heading}"
            );
            assert!(
                (f64::from(cos) / 4096.0 - angle.cos()).abs() < 0.002,
                "cosine of {heading}"
            );
        }
    }

    #[test]
    fn top_speed_is_alike_at_every_tick_rate() {
        for rate in [1, 10, 20, 30, 60, 128, 240] {
            let rules = Rules::new(rate, 65_535);
            let mut ship = ship(controls::THRUST);
            for _ in 0..rate * 10 {
                ship.advance(&rules);
            }
            let speed = ship.vx / SPEED_ONE;
            let expected = if rate == 1 { 0..=420 } else { 270..=360 };
            assert!(expected.contains(&speed), "{speed} units/s at {rate} Hz");
        }
    }

    #[test]
    fn a_ship_without_thrust_comes_to_rest_at_every_tick_rate() {
        for rate in [10, 30, 240] {
            let rules = Rules::new(rate, 65_535);
            let mut ship = Ship {
                vx: 1400,
                vy: -1400,
                ..ship(0)
            };
            for _ in 0..rate * 10 {
                ship.advance(&rules);
            }
            assert_eq!((ship.vx, ship.vy), (0, 0), "at {rate} Hz");
        }
    }

    #[test]
    fn aim_turns_the_short_way_and_stops_there() {
        let rules = Rules::new(30, 4096);
        let mut ship = Ship {
            heading: 100,
            aim: 4000,
            ..ship(controls::AIM)
        };
        ship.advance(&rules);
        assert_eq!(
            ship.heading,
            (100 - rules.turn) as u16,
            "through zero, not around"
        );
        for _ in 0..10 {
            ship.advance(&rules);
        }
        assert_eq!(ship.heading, 4000);
    }

    #[test]
    fn the_border_throws_back() {
        let rules = Rules::new(30, 1000);
        let mut ship = Ship {
            x: 1,
            vx: -1000,
            ..ship(0)
        };
        ship.advance(&rules);
        assert_eq!(ship.x, 0);
        assert!(ship.vx > 0, "moves away from the border");
    }
}
