//! Which ships are near a place: an index made anew each tick.
//!
//! Sorted by bucket and then by id, so that a search finds the same ships in the
//! same order on every machine.

use super::Hull;
use downbeat_protocol::EntityId;
use downbeat_protocol::arena::POSITION_ONE;
use std::collections::BTreeMap;

/// A bucket's side, in steps of position.
const BUCKET: i32 = 128 * POSITION_ONE;

/// The ships as they stand now.
pub(super) struct Nearby {
    /// (row, column) of the bucket, then the ship and its place.
    ships: Vec<((i32, i32), EntityId, i32, i32)>,
}

impl Nearby {
    pub(super) fn new(ships: &BTreeMap<EntityId, Hull>) -> Self {
        let mut ships: Vec<_> = ships
            .iter()
            .map(|(id, hull)| {
                let (x, y) = (hull.ship.x, hull.ship.y);
                ((y / BUCKET, x / BUCKET), *id, x, y)
            })
            .collect();
        ships.sort_unstable();
        Self { ships }
    }

    /// Ships whose place is within `reach` of (x, y) along both axes, by bucket
    /// and id.
    pub(super) fn around(
        &self,
        x: i32,
        y: i32,
        reach: i32,
    ) -> impl Iterator<Item = (EntityId, i32, i32)> + '_ {
        let columns = (x - reach) / BUCKET..=(x + reach) / BUCKET;
        let rows = (y - reach) / BUCKET..=(y + reach) / BUCKET;
        rows.flat_map(move |row| {
            let start = self
                .ships
                .partition_point(|ship| ship.0 < (row, *columns.start()));
            let end = *columns.end();
            self.ships[start..]
                .iter()
                .take_while(move |ship| ship.0 <= (row, end))
        })
        .filter(move |(_, _, ship_x, ship_y)| {
            (ship_x - x).abs() <= reach && (ship_y - y).abs() <= reach
        })
        .map(|(_, id, x, y)| (*id, *x, *y))
    }
}
