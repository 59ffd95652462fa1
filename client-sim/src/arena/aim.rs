//! Where shots and ships meet: to hit, and not to be hit.
//!
//! Floats are for deciding, never for simulating.

use super::Sight;
use super::space::{Vector, apart};
use downbeat_protocol::PlayerId;
use downbeat_protocol::arena::{Entity, Ship};

/// A shot that passes nearer than this hits, or nearly, in units: a ship's radius and
/// some.
const NEAR: f64 = 30.0;
/// How far ahead shots are looked at, in seconds: a ship gets out of its own way in
/// about a third of it.
const AHEAD: f64 = 0.9;

/// A shot that is about to hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Threat {
    /// In so many seconds.
    pub(super) time: f64,
    /// The way out: across its path, to the side that the ship turns to sooner.
    pub(super) aside: u16,
}

/// Where to aim at something at `offset` that moves with `motion`, both beside the own
/// ship's, with shots of this speed.
pub(super) fn lead(offset: Vector, motion: Vector, speed: f64) -> Vector {
    offset.plus(motion, meeting_time(offset, motion, speed))
}

/// The most pressing of the shots that are about to hit this ship.
pub(super) fn threat(ship: &Ship, sight: Sight<'_>) -> Option<Threat> {
    let here = Vector::place(ship.x, ship.y);
    let drift = Vector::speed(ship.vx, ship.vy);
    let mut most: Option<Threat> = None;
    for (_, entity) in sight.view.entities() {
        let Entity::Shot(shot) = entity else {
            continue;
        };
        if !is_meant(shot.player, sight.me) {
            continue;
        }
        let offset = here.minus(Vector::place(shot.x, shot.y));
        let motion = Vector::speed(shot.vx, shot.vy).minus(drift);
        let Some((time, miss)) = passing(offset, motion) else {
            continue;
        };
        if miss.length() < NEAR && time < AHEAD && most.is_none_or(|most| time < most.time) {
            most = Some(Threat {
                time,
                aside: aside(ship, motion, miss),
            });
        }
    }
    most
}

/// Whether this player's ships and shots are meant for `me`: all but the own. Drones
/// and their shots are nobody's.
pub(super) fn is_meant(player: PlayerId, me: PlayerId) -> bool {
    player != me
}

/// When something that moves with `motion` comes nearest to a place at `offset`, and
/// where the place is then beside it; `None` if it has passed already.
fn passing(offset: Vector, motion: Vector) -> Option<(f64, Vector)> {
    let time = offset.dot(motion) / motion.dot(motion).max(1e-6);
    (time > 0.0).then(|| (time, offset.plus(motion, -time)))
}

/// Across the path of a shot, on the side where the ship is already, or, if it is in
/// the middle, where its nose points rather.
fn aside(ship: &Ship, motion: Vector, miss: Vector) -> u16 {
    let left = Vector {
        x: motion.y,
        y: -motion.x,
    };
    let right = Vector {
        x: -motion.y,
        y: motion.x,
    };
    let sides = [left, right];
    let [left, right] = sides.map(|side| apart(ship.heading, side.heading()));
    let by_nose = if left < right { sides[0] } else { sides[1] };
    if miss.length() < NEAR / 3.0 {
        return by_nose.heading();
    }
    let on_left = miss.dot(sides[0]) > 0.0;
    if on_left { sides[0] } else { sides[1] }.heading()
}

/// When a shot of this speed, fired now, meets something at `offset` that moves
/// with `motion`: the smaller positive root of |offset + motion·t| = speed·t.
/// Half a second if it never does.
fn meeting_time(offset: Vector, motion: Vector, speed: f64) -> f64 {
    let a = motion.dot(motion) - speed * speed;
    let b = 2.0 * offset.dot(motion);
    let c = offset.dot(offset);
    let discriminant = b * b - 4.0 * a * c;
    if a.abs() < 1e-6 || discriminant < 0.0 {
        return 0.5;
    }
    let root = discriminant.sqrt();
    [(-b - root) / (2.0 * a), (-b + root) / (2.0 * a)]
        .into_iter()
        .filter(|time| *time > 0.0)
        .fold(None, |least: Option<f64>, time| {
            Some(least.map_or(time, |least| least.min(time)))
        })
        .unwrap_or(0.5)
        .min(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fires along the lead and flies both, tick by tick: how near they come.
    fn nearest(offset: Vector, motion: Vector, speed: f64) -> f64 {
        let aim = lead(offset, motion, speed);
        let way = aim.length().max(1e-9);
        let zero = Vector { x: 0.0, y: 0.0 };
        (0..3000)
            .map(|step| {
                let time = f64::from(step) / 1000.0;
                let shot = zero.plus(aim, speed * time / way);
                offset.plus(motion, time).minus(shot).length()
            })
            .fold(f64::MAX, f64::min)
    }

    #[test]
    fn a_led_shot_hits_a_target_in_steady_flight() {
        for x in [-400.0, -150.0, 80.0, 300.0] {
            for y in [-350.0, 40.0, 220.0] {
                for (vx, vy) in [(0.0, 0.0), (200.0, 0.0), (-90.0, 260.0), (150.0, -310.0)] {
                    let (offset, motion) = (Vector { x, y }, Vector { x: vx, y: vy });
                    let miss = nearest(offset, motion, 820.0);
                    // Within the millisecond that the simulation takes.
                    assert!(miss < 1.0, "{miss} off at ({x}, {y}) with ({vx}, {vy})");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_caught_is_aimed_at_all_the_same() {
        let offset = Vector { x: 100.0, y: 0.0 };
        let motion = Vector { x: 900.0, y: 0.0 };
        let aim = lead(offset, motion, 820.0);
        assert!(aim.x > 100.0 && aim.y == 0.0, "{aim:?}");
    }

    #[test]
    fn what_has_passed_is_no_threat() {
        let motion = Vector { x: 100.0, y: 0.0 };
        let behind = Vector { x: -50.0, y: 0.0 };
        assert_eq!(passing(behind, motion), None);
        let (time, miss) = passing(Vector { x: 50.0, y: 7.0 }, motion).unwrap();
        assert_eq!((time, miss), (0.5, Vector { x: 0.0, y: 7.0 }));
    }
}
