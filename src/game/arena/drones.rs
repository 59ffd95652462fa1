//! Ships flown by the server, so that a lone player has something to do.
//!
//! A drone thinks a few times a second: it hunts the nearest player in sight, and
//! roams where there is none. Between its thoughts it holds its controls, so that
//! clients predict it for nothing.

use super::Arena;
use super::balance::{DRONE_HEALTH, DRONE_RANGE, DRONE_SIGHT};
use super::nearby::Nearby;
use super::space::square;
use downbeat_protocol::arena::{Input, Name, controls, effects};
use downbeat_protocol::{EntityId, PlayerId};

impl Arena {
    /// Puts one more drone into the plane.
    pub(super) fn add_drone(&mut self) {
        self.add_ship(
            PlayerId(0),
            Name::new("drone"),
            effects::DRONE,
            DRONE_HEALTH,
        );
    }

    /// Those whose turn it is think.
    pub(super) fn steer_drones(&mut self) {
        let thought = self.balance.thought;
        let thinking: Vec<EntityId> = self
            .ships
            .iter()
            .filter(|(id, hull)| hull.is_drone() && self.tick.plus(id.0).0.is_multiple_of(thought))
            .map(|(id, _)| *id)
            .collect();
        if thinking.is_empty() {
            return;
        }
        let nearby = Nearby::new(&self.ships);
        for id in thinking {
            let input = self.think(id, &nearby);
            if let (Some(input), Some(hull)) = (input, self.ships.get_mut(&id)) {
                hull.steer(input);
            }
        }
    }

    /// What a drone does next; `None` to go on as before.
    fn think(&mut self, id: EntityId, nearby: &Nearby) -> Option<Input> {
        let drone = self.ships.get(&id)?.ship;
        let prey = nearby
            .around(drone.x, drone.y, DRONE_SIGHT)
            .filter(|(other, _, _)| {
                self.ships.get(other).is_some_and(|hull| {
                    !hull.is_drone() && hull.ship.effects & effects::SHIELD == 0
                })
            })
            .map(|(other, x, y)| (square(x - drone.x, y - drone.y), other, x, y))
            .min();

        match prey {
            Some((distance, _, x, y)) => {
                let range = i64::from(DRONE_RANGE) * i64::from(DRONE_RANGE);
                let aim = toward(x - drone.x, y - drone.y);
                // Not every drone turns at once, and none flies straight into its prey.
                let fly = if distance > range / 4 {
                    controls::THRUST
                } else {
                    controls::BRAKE
                };
                let off = i32::from(aim) - i32::from(drone.heading);
                let is_on_target = ((off + 2048) & 4095).abs_diff(2048) < 200;
                let fire = if distance < range && is_on_target {
                    controls::FIRE
                } else {
                    0
                };
                Some(Input {
                    controls: controls::AIM | fly | fire,
                    aim,
                })
            }
            // Once in a while somewhere else, inward if the border is near.
            None if self.below(8) == 0 || drone.controls == 0 => {
                let (x, y) = self.any_place();
                let aim = toward(x - drone.x, y - drone.y);
                Some(Input {
                    controls: controls::AIM | controls::THRUST,
                    aim,
                })
            }
            None => Some(Input {
                controls: drone.controls,
                aim: drone.aim,
            }),
        }
    }
}

/// The heading that leads along (dx, dy), within half a degree.
fn toward(dx: i32, dy: i32) -> u16 {
    /// The arc tangent of a ratio in 1/1024 from −1024 to 1024, in 1/4096 of a turn.
    fn arctangent(ratio: i64) -> i64 {
        ratio * (512 * 1024 + 178 * (1024 - ratio.abs())) / (1024 * 1024)
    }
    let (x, y) = (i64::from(dx), i64::from(dy));
    let heading = if (x, y) == (0, 0) {
        0
    } else if x.abs() >= y.abs() {
        arctangent(y * 1024 / x) + if x < 0 { 2048 } else { 0 }
    } else {
        1024 - arctangent(x * 1024 / y) + if y < 0 { 2048 } else { 0 }
    };
    (heading & 4095) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toward_is_within_half_a_degree() {
        for degree in 0..360 {
            let angle = f64::from(degree).to_radians();
            let (dx, dy) = ((angle.cos() * 1e6) as i32, (angle.sin() * 1e6) as i32);
            let expected = f64::from(degree) / 360.0 * 4096.0;
            let off = (f64::from(toward(dx, dy)) - expected + 2048.0).rem_euclid(4096.0) - 2048.0;
            assert!(off.abs() < 6.0, "{degree}°: off by {off} of 4096");
        }
    }
}
