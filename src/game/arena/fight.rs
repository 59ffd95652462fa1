//! Shots, hits, and what follows from them.

use super::balance::{self, DAMAGE, MUZZLE, SHIP_RADIUS, SHOT_SPEED};
use super::nearby::Nearby;
use super::space::square;
use super::{Arena, Bolt, Life};
use crate::game::Audience;
use downbeat_protocol::EntityId;
use downbeat_protocol::arena::{Event, Name, Shot, direction, effects};

impl Arena {
    /// Every gun that is held and ready fires.
    pub(super) fn fire(&mut self) {
        let ready: Vec<EntityId> = self
            .ships
            .iter()
            .filter(|(_, hull)| hull.is_firing && !hull.ready.is_after(self.tick))
            .map(|(id, _)| *id)
            .collect();
        for by in ready {
            // Without a free number there is no shot; the gun stays ready.
            let Some(id) = self.new_id() else { return };
            let Some(hull) = self.ships.get_mut(&by) else {
                continue;
            };
            let reload = if hull.is_drone() {
                self.balance.reload_drone
            } else if hull.ship.effects & effects::RAPID != 0 {
                self.balance.reload_rapid
            } else {
                self.balance.reload
            };
            hull.ready = self.tick.plus(reload);
            let ship = &hull.ship;
            let (cos, sin) = direction(ship.heading);
            let shot = Shot {
                x: ship.x + cos * MUZZLE / 4096,
                y: ship.y + sin * MUZZLE / 4096,
                vx: ship.vx + cos * SHOT_SPEED / 4096,
                vy: ship.vy + sin * SHOT_SPEED / 4096,
                player: ship.player,
            };
            if self.is_inside(shot.x, shot.y) {
                let until = self.tick.plus(self.balance.shot_life);
                self.shots.insert(id, Bolt { shot, by, until });
            }
        }
    }

    /// Shots fly, hit, and end.
    pub(super) fn fly_shots(&mut self, nearby: &Nearby) {
        let mut hits = Vec::new();
        let Self {
            shots,
            ships,
            rules,
            tick,
            ..
        } = self;
        shots.retain(|_, bolt| {
            let from = (bolt.shot.x, bolt.shot.y);
            bolt.shot.advance(rules);
            let to = (bolt.shot.x, bolt.shot.y);
            let reach = (to.0 - from.0).abs().max((to.1 - from.1).abs()) + SHIP_RADIUS;
            let is_target = |id: EntityId| {
                id != bolt.by
                    && ships.get(&id).is_some_and(|hull| {
                        // Drones do not shoot each other.
                        !(hull.is_drone() && bolt.shot.player.0 == 0)
                    })
            };
            // The target nearest to the shot's old place, as it flies.
            let hit = nearby
                .around(to.0, to.1, reach)
                .filter(|(id, x, y)| is_target(*id) && passes(from, to, (*x, *y)))
                .min_by_key(|(id, x, y)| (square(x - from.0, y - from.1), *id));
            match hit {
                Some((victim, _, _)) => {
                    hits.push((bolt.by, bolt.shot.player, victim));
                    false
                }
                None => bolt.until.is_after(*tick) && is_inside(to, rules.size),
            }
        });
        for (by, player, victim) in hits {
            self.hit(by, player, victim);
        }
    }

    fn hit(&mut self, by: EntityId, player: downbeat_protocol::PlayerId, victim: EntityId) {
        let Some(hull) = self.ships.get_mut(&victim) else {
            return;
        };
        if hull.ship.effects & effects::SHIELD != 0 {
            return;
        }
        if hull.ship.health > DAMAGE {
            hull.ship.health -= DAMAGE;
            return;
        }
        let Some(lost) = self.ships.remove(&victim) else {
            return;
        };
        let by_name = self
            .players
            .get(&player)
            .map(|player| player.name)
            .or_else(|| self.ships.get(&by).map(|hull| hull.ship.name))
            .unwrap_or_else(|| Name::new("drone"));

        let score = if lost.is_drone() {
            self.drones_due
                .push(self.tick.plus(self.balance.drone_respawn));
            balance::DRONE_SCORE
        } else {
            let until = self.tick.plus(self.balance.respawn);
            if let Some(loser) = self.players.get_mut(&lost.ship.player) {
                loser.deaths += 1;
                loser.life = Life::Waiting {
                    until,
                    x: lost.ship.x,
                    y: lost.ship.y,
                };
                let event = Event::Death { by: by_name };
                self.happened
                    .push((Audience::Player(lost.ship.player), event));
            }
            balance::SHIP_SCORE
        };
        if let Some(winner) = self.players.get_mut(&player) {
            winner.kills += 1;
            winner.score = winner.score.saturating_add(score);
            let event = Event::Kill {
                victim: lost.ship.name,
            };
            self.happened.push((Audience::Player(player), event));
        }
    }

    fn is_inside(&self, x: i32, y: i32) -> bool {
        is_inside((x, y), self.rules.size)
    }
}

fn is_inside((x, y): (i32, i32), size: i32) -> bool {
    (0..=size).contains(&x) && (0..=size).contains(&y)
}

/// Whether the way from `from` to `to` comes within a ship's radius of `center`.
fn passes(from: (i32, i32), to: (i32, i32), center: (i32, i32)) -> bool {
    let way = (i64::from(to.0 - from.0), i64::from(to.1 - from.1));
    let off = (i64::from(center.0 - from.0), i64::from(center.1 - from.1));
    let length = way.0 * way.0 + way.1 * way.1;
    let along = (way.0 * off.0 + way.1 * off.1).clamp(0, length);
    // The nearest point of the way, as a fraction along / length of it.
    let near = match length {
        0 => (0, 0),
        _ => (way.0 * along / length, way.1 * along / length),
    };
    let (dx, dy) = (off.0 - near.0, off.1 - near.1);
    let radius = i64::from(SHIP_RADIUS);
    dx * dx + dy * dy <= radius * radius
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_shot_does_not_pass_through_a_ship() {
        let r = SHIP_RADIUS;
        for (from, to, center, hits) in [
            ((0, 0), (40 * r, 0), (20 * r, 0), true),
            ((0, 0), (40 * r, 0), (20 * r, r), true),
            ((0, 0), (40 * r, 0), (20 * r, r + 1), false),
            ((0, 0), (40 * r, 0), (42 * r, 0), false),
            ((0, 0), (40 * r, 0), (-2 * r, 0), false),
            ((0, 0), (0, 0), (r, 0), true),
            ((0, 0), (10 * r, 10 * r), (5 * r, 5 * r), true),
        ] {
            assert_eq!(
                passes(from, to, center),
                hits,
                "{from:?} to {to:?} at {center:?}"
            );
        }
    }
}
