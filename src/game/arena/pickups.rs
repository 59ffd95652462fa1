//! Things to pick up.

use super::balance::{PICKUP_SCORE, REACH, REPAIR, SHIP_HEALTH};
use super::nearby::Nearby;
use super::space::square;
use super::{Arena, Hull};
use downbeat_protocol::EntityId;
use downbeat_protocol::arena::{Pickup, PickupKind, effects};

impl Arena {
    /// Lays something down at a random place.
    pub(super) fn add_pickup(&mut self) {
        let Some(id) = self.new_id() else { return };
        let (x, y) = self.any_place();
        let kind = match self.below(4) {
            0 | 1 => PickupKind::Repair,
            2 => PickupKind::Rapid,
            _ => PickupKind::Shield,
        };
        self.pickups.insert(id, Pickup { x, y, kind });
    }

    /// Whoever is near enough takes it; the nearest, if several are.
    pub(super) fn collect(&mut self, nearby: &Nearby) {
        let Self { pickups, ships, .. } = self;
        let mut taken: Vec<(EntityId, PickupKind)> = Vec::new();
        pickups.retain(|_, pickup| {
            let taker = nearby
                .around(pickup.x, pickup.y, REACH)
                .map(|(id, x, y)| (square(x - pickup.x, y - pickup.y), id))
                .filter(|(distance, id)| {
                    *distance <= i64::from(REACH) * i64::from(REACH)
                        && ships.get(id).is_some_and(|hull| hull.can_use(pickup.kind))
                })
                .min();
            taken.extend(taker.map(|(_, id)| (id, pickup.kind)));
            taker.is_none()
        });
        for (id, kind) in taken {
            self.pickups_due
                .push(self.tick.plus(self.balance.pickup_respawn));
            let Some(hull) = self.ships.get_mut(&id) else {
                continue;
            };
            match kind {
                PickupKind::Repair => {
                    hull.ship.health = hull.ship.health.saturating_add(REPAIR).min(SHIP_HEALTH);
                }
                PickupKind::Rapid => {
                    hull.ship.effects |= effects::RAPID;
                    hull.rapid_until = Some(self.tick.plus(self.balance.rapid));
                }
                PickupKind::Shield => {
                    hull.ship.effects |= effects::SHIELD;
                    hull.shield_until = Some(self.tick.plus(self.balance.shield));
                }
            }
            if let Some(player) = self.players.get_mut(&hull.ship.player) {
                player.score = player.score.saturating_add(PICKUP_SCORE);
            }
        }
    }
}

impl Hull {
    /// Drones take nothing, and nobody takes a repair he does not need.
    fn can_use(&self, kind: PickupKind) -> bool {
        !self.is_drone() && (kind != PickupKind::Repair || self.ship.health < SHIP_HEALTH)
    }
}
