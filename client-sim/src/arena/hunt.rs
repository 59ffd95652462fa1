//! Fights: the traffic of people who mean it.
//!
//! A few times a second it looks about and chooses what to go for: a repair when it
//! is hurt, a pickup on its way, else the nearest ship. At each input it does the
//! first of these that there is a reason for: turn round before the border, get out of
//! the way of a shot, retreat from a fight it would lose, and otherwise chase: lead
//! its aim by the target's motion, come close, keep a distance, fire when its nose
//! points right.

use super::Sight;
use super::aim::{Threat, is_meant, lead, threat};
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
/// How far off its target it turns to be no easy one, in steps of heading (about 50°).
const WEAVE: i32 = 570;
/// How far it shoots, in units.
const RANGE: f64 = 420.0;
/// How exactly its nose must point to fire, in steps of heading (about 5°).
const AIMED: i32 = 56;
/// Smaller changes of aim are not worth telling everyone about (about 1°).
const STEADY: i32 = 12;
/// Below this health it looks for a repair.
const HURT: u8 = 45;
/// Below this one it does not fight at all: two shots more and it is gone.
pub(super) const BEATEN: u8 = 25;
/// From how far away it flees, in units.
const FEAR: f64 = 600.0;
/// The speed of a shot beside its ship's, in units per second, until it has seen one
/// of its own.
const SHOT_SPEED: f64 = 820.0;

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
    weave: i32,
}

impl Hunt {
    pub(super) fn new(mut rng: Lcg64Xsh32) -> Self {
        Self {
            fight: rng.random_range(FIGHT),
            weave: 0,
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
            self.weave = *[0, 0, 0, WEAVE, -WEAVE].choose(&mut self.rng).unwrap_or(&0);
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
        if let Some(Threat { aside, .. }) = threat(ship, sight) {
            return self.steer(controls::AIM | controls::THRUST, aside);
        }
        let is_repair = matches!(goal, Some(Entity::Pickup(_)));
        if ship.health < BEATEN
            && !is_repair
            && let Some(aim) = flight(ship, sight)
        {
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
                Entity::Ship(other) if !is_foe(other, sight) => continue,
                Entity::Ship(other) if ship.health < HURT => distance + 600.0 + hardness(other),
                Entity::Ship(other) => distance + hardness(other),
                Entity::Pickup(pickup) => match pickup.kind {
                    PickupKind::Repair if ship.health < HURT => distance * 0.3,
                    PickupKind::Repair if ship.health > 80 => continue,
                    _ => distance * 1.2,
                },
                Entity::Shot(shot) => {
                    if shot.player == sight.me {
                        // Its shots carry the ship's own speed: take the gun's share.
                        let own = Vector::speed(ship.vx, ship.vy);
                        let seen = Vector::speed(shot.vx, shot.vy).minus(own).length();
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
        let aim = lead(offset, motion, self.shot_speed).heading();

        let closing = -offset.dot(motion) / distance.max(1.0);
        if self.weave != 0 && distance < self.fight * 1.5 {
            let aside = (i32::from(aim) + self.weave).rem_euclid(TURN) as u16;
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

/// The way out of a fight: away from all that is near, the nearest most; `None` if
/// nobody is.
fn flight(ship: &Ship, sight: Sight<'_>) -> Option<u16> {
    let here = Vector::place(ship.x, ship.y);
    let mut away = Vector { x: 0.0, y: 0.0 };
    for (_, entity) in sight.view.entities() {
        let Entity::Ship(other) = entity else {
            continue;
        };
        let offset = here.minus(Vector::place(other.x, other.y));
        let distance = offset.length();
        if is_foe(other, sight) && distance < FEAR && distance > 0.0 {
            away = away.plus(offset, 1.0 / (distance * distance));
        }
    }
    (away.length() > 0.0).then(|| away.heading())
}

fn is_foe(other: &Ship, sight: Sight<'_>) -> bool {
    is_meant(other.player, sight.me)
}

/// Drones are easy, shielded ships a waste of time; in units of distance.
fn hardness(ship: &Ship) -> f64 {
    if ship.effects & effects::SHIELD != 0 {
        500.0
    } else {
        f64::from(ship.health)
    }
}
