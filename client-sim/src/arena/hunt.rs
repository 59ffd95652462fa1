//! Fights: the traffic of people who mean it.
//!
//! A few times a second it looks about and chooses what to go for: a repair when
//! it is hurt, a pickup on its way, else the nearest ship. In between it steers:
//! leads its aim by the target's motion, comes close and keeps a distance, fires
//! when its nose points right, and turns round before the border.

use super::Sight;
use super::space::{Vector, apart, away_from_border};
use downbeat_protocol::arena::{Entity, Input, PickupKind, Ship, TURN, controls, effects};
use downbeat_protocol::{EntityId, Tick};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Lcg64Xsh32;
use std::ops::Range;

/// How near to the border it turns round, in units.
const MARGIN: f64 = 100.0;
/// The distances hunters like to fight at, in units; each has its own.
const FIGHT: Range<f64> = 120.0..240.0;
/// How far off its target it turns to dodge, in steps of heading (about 50°).
const DODGE: i32 = 570;
/// How far it shoots, in units.
const RANGE: f64 = 420.0;
/// How exactly its nose must point to fire, in steps of heading (about 5°).
const AIMED: i32 = 56;
/// Smaller changes of aim are not worth telling everyone about (about 1°).
const STEADY: i32 = 12;
/// Below this health it looks for a repair.
const HURT: u8 = 45;
/// The speed of a shot, in units per second, until it has seen one of its own.
const SHOT_SPEED: f64 = 700.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Hunt {
    rng: Lcg64Xsh32,
    goal: Option<EntityId>,
    /// When it looks about again; `None` before the first time.
    until: Option<Tick>,
    aim: u16,
    shot_speed: f64,
    fight: f64,
    /// Until it looks about again it turns so far off its target, 0 most times: a
    /// ship that only aims is hit.
    dodge: i32,
}

impl Hunt {
    pub(super) fn new(mut rng: Lcg64Xsh32) -> Self {
        Self {
            fight: rng.random_range(FIGHT),
            dodge: 0,
            rng,
            goal: None,
            until: None,
            aim: 0,
            shot_speed: SHOT_SPEED,
        }
    }

    pub(super) fn decide(&mut self, ship: &Ship, sight: Sight<'_>) -> Input {
        let now = sight.view.tick();
        let rules = sight.view.rules();
        if self.until.is_none_or(|until| !until.is_after(now)) {
            self.goal = self.look_about(ship, sight);
            self.dodge = *[0, 0, 0, DODGE, -DODGE].choose(&mut self.rng).unwrap_or(&0);
            let seconds = self.rng.random_range(0.2..0.4);
            let ticks = f64::from(rules.tick_rate) * seconds;
            self.until = Some(now.plus((ticks as u32).max(1)));
        }
        let goal = self.goal.and_then(|id| sight.view.get(id));
        if goal.is_none() {
            // Gone: look about at the next input.
            self.until = None;
        }

        if let Some(aim) = away_from_border(ship, rules.size, MARGIN) {
            return self.steer(controls::AIM | controls::THRUST, aim);
        }
        match goal {
            Some(Entity::Ship(foe)) => self.fight(ship, foe),
            Some(other) => self.fetch(ship, Vector::of(other)),
            None => self.roam(ship),
        }
    }

    /// The best thing to go for.
    fn look_about(&mut self, ship: &Ship, sight: Sight<'_>) -> Option<EntityId> {
        let here = Vector::place(ship.x, ship.y);
        let mut best = None;
        for (id, entity) in sight.view.entities() {
            let distance = Vector::of(entity).minus(here).length();
            let cost = match entity {
                Entity::Ship(other) if other.player == sight.me && !is_drone(other) => continue,
                Entity::Ship(other) if ship.health < HURT => distance + 600.0 + hardness(other),
                Entity::Ship(other) => distance + hardness(other),
                Entity::Pickup(pickup) => match pickup.kind {
                    PickupKind::Repair if ship.health < HURT => distance * 0.3,
                    PickupKind::Repair if ship.health > 80 => continue,
                    _ => distance * 1.2,
                },
                Entity::Shot(shot) => {
                    if shot.player == sight.me {
                        // Its shots carry the ship's own speed: take the muzzle's share.
                        let seen = Vector::speed(shot.vx, shot.vy).length();
                        self.shot_speed = self.shot_speed * 0.9 + seen.max(100.0) * 0.1;
                    }
                    continue;
                }
            };
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, *id));
            }
        }
        best.map(|(_, id)| id)
    }

    fn fight(&mut self, ship: &Ship, foe: &Ship) -> Input {
        let offset = Vector::place(foe.x, foe.y).minus(Vector::place(ship.x, ship.y));
        let motion = Vector::speed(foe.vx, foe.vy).minus(Vector::speed(ship.vx, ship.vy));
        let distance = offset.length();
        let ahead = meeting_time(offset, motion, self.shot_speed);
        let aim = offset.plus(motion, ahead).heading();

        let closing = -offset.dot(motion) / distance.max(1.0);
        if self.dodge != 0 && distance < self.fight * 1.5 {
            let aside = (i32::from(aim) + self.dodge).rem_euclid(TURN) as u16;
            return self.steer(controls::AIM | controls::THRUST, aside);
        }
        let mut held = controls::AIM;
        if distance > self.fight + closing * 0.5 {
            held |= controls::THRUST;
        } else if distance < self.fight * 0.7 && closing > 40.0 {
            held |= controls::BRAKE;
        }
        let is_protected = foe.effects & effects::SHIELD != 0;
        if distance < RANGE && apart(ship.heading, aim) < AIMED && !is_protected {
            held |= controls::FIRE;
        }
        self.steer(held, aim)
    }

    /// Flies to a place: aims against its own drift, so that it does not circle.
    fn fetch(&mut self, ship: &Ship, place: Vector) -> Input {
        let offset = place.minus(Vector::place(ship.x, ship.y));
        let drift = Vector::speed(ship.vx, ship.vy);
        let aim = offset.plus(drift, -0.4).heading();
        let held = match apart(ship.heading, aim) {
            0..700 => controls::AIM | controls::THRUST,
            _ => controls::AIM | controls::BRAKE,
        };
        self.steer(held, aim)
    }

    /// Nothing in sight: straight on, with a slow change of mind.
    fn roam(&mut self, ship: &Ship) -> Input {
        if self.rng.random_bool(0.02) {
            let turned = i32::from(ship.heading) + self.rng.random_range(-600..600);
            self.aim = turned.rem_euclid(TURN) as u16;
        }
        let aim = self.aim;
        self.steer(controls::AIM | controls::THRUST, aim)
    }

    fn steer(&mut self, held: u8, aim: u16) -> Input {
        if apart(self.aim, aim) > STEADY {
            self.aim = aim;
        }
        Input {
            controls: held,
            aim: self.aim,
        }
    }
}

/// Drones are easy, shielded ships a waste of time; in units of distance.
fn hardness(ship: &Ship) -> f64 {
    if ship.effects & effects::SHIELD != 0 {
        500.0
    } else {
        f64::from(ship.health)
    }
}

fn is_drone(ship: &Ship) -> bool {
    ship.effects & effects::DRONE != 0
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

    #[test]
    fn shot_and_target_meet() {
        for (x, y, vx, vy) in [
            (300.0, 0.0, 0.0, 200.0),
            (0.0, -200.0, 150.0, -50.0),
            (100.0, 100.0, 0.0, 0.0),
        ] {
            let (offset, motion) = (Vector { x, y }, Vector { x: vx, y: vy });
            let time = meeting_time(offset, motion, 700.0);
            let met = offset.plus(motion, time).length();
            assert!(
                (met - 700.0 * time).abs() < 0.01,
                "({x}, {y}) at ({vx}, {vy})"
            );
        }
    }
}
