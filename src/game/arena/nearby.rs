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
#[derive(Clone, Debug)]
pub(super) struct Nearby {
    ships: Vec<Spot>,
    /// Where each row of buckets begins among them, and where the last one ends.
    rows: Vec<u32>,
}

/// A ship and its place.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// Row, column and id in one number: a search compares nothing else.
    key: u64,
    x: i32,
    y: i32,
}

impl Spot {
    fn new(id: EntityId, x: i32, y: i32) -> Self {
        let key = key(row(y), row(x), id);
        Self { key, x, y }
    }

    const fn row(self) -> usize {
        (self.key >> 48) as usize
    }

    const fn id(self) -> EntityId {
        EntityId(self.key as u32)
    }
}

/// The row of buckets of a place, or the column: 0 also for what lies before the plane.
fn row(place: i32) -> u16 {
    (place / BUCKET).clamp(0, i32::from(u16::MAX)) as u16
}

fn key(row: u16, column: u16, id: EntityId) -> u64 {
    u64::from(row) << 48 | u64::from(column) << 32 | u64::from(id.0)
}

impl Nearby {
    pub(super) fn new(ships: &BTreeMap<EntityId, Hull>) -> Self {
        let mut ships: Vec<_> = ships
            .iter()
            .map(|(id, hull)| Spot::new(*id, hull.ship.x, hull.ship.y))
            .collect();
        ships.sort_unstable_by_key(|spot| spot.key);
        let mut rows = Vec::new();
        for (place, spot) in (0..).zip(&ships) {
            rows.resize((spot.row() + 1).max(rows.len()), place);
        }
        rows.push(ships.len() as u32);
        Self { ships, rows }
    }

    /// One more ship.
    pub(super) fn add(&mut self, id: EntityId, x: i32, y: i32) {
        let spot = Spot::new(id, x, y);
        let place = self.ships.partition_point(|other| other.key < spot.key);
        self.ships.insert(place, spot);
        let end = self.ships.len() as u32;
        // Rows beyond the last one begin where all end.
        let rows = self.rows.len().max(spot.row() + 2);
        self.rows.resize(rows, end - 1);
        for start in &mut self.rows[spot.row() + 1..] {
            *start += 1;
        }
    }

    /// Ships whose place is within `reach` of (x, y) along both axes, by bucket
    /// and id.
    pub(super) fn around(
        &self,
        x: i32,
        y: i32,
        reach: i32,
    ) -> impl Iterator<Item = (EntityId, i32, i32)> + '_ {
        let columns = (row(x - reach), row(x + reach));
        (row(y - reach)..=row(y + reach))
            .flat_map(move |row| {
                let ships = self.row(usize::from(row));
                let first = key(row, columns.0, EntityId(0));
                let last = key(row, columns.1, EntityId(u32::MAX));
                let start = ships.partition_point(|spot| spot.key < first);
                let ships = ships[start..].iter();
                ships.take_while(move |spot| spot.key <= last)
            })
            .filter(move |spot| (spot.x - x).abs() <= reach && (spot.y - y).abs() <= reach)
            .map(|spot| (spot.id(), spot.x, spot.y))
    }

    fn row(&self, row: usize) -> &[Spot] {
        match self.rows.get(row..row + 2) {
            Some(&[start, end]) => &self.ships[start as usize..end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand_pcg::Pcg32;

    fn spots(spots: &[(u32, i32, i32)]) -> Nearby {
        let mut nearby = Nearby::new(&BTreeMap::new());
        for (id, x, y) in spots {
            nearby.add(EntityId(*id), *x, *y);
        }
        nearby
    }

    #[test]
    fn a_search_finds_what_a_look_at_all_finds() {
        let mut random = Pcg32::new(7, 1);
        let mut below = |bound: u32| (random.next_u32() % bound) as i32;
        for count in [0, 1, 5, 300] {
            let size = 3000 * POSITION_ONE;
            let all: Vec<(u32, i32, i32)> = (1..=count)
                .map(|id| (id, below(size as u32), below(size as u32)))
                .collect();
            let nearby = spots(&all);
            for _ in 0..200 {
                let (x, y) = (below(size as u32), below(size as u32));
                let reach = below(600 * POSITION_ONE as u32);
                let mut found: Vec<_> = nearby
                    .around(x, y, reach)
                    .map(|(id, x, y)| (id.0, x, y))
                    .collect();
                found.sort_unstable();
                let is_near = |(_, to_x, to_y): &(u32, i32, i32)| {
                    (to_x - x).abs() <= reach && (to_y - y).abs() <= reach
                };
                let expected: Vec<_> = all.iter().copied().filter(is_near).collect();
                assert_eq!(found, expected, "{count} ships, {reach} around {x}, {y}");
            }
        }
    }

    #[test]
    fn buckets_come_in_rows_and_ships_of_a_bucket_by_id() {
        let b = BUCKET;
        let nearby = spots(&[(1, b, b), (9, 0, b), (3, 9, 0), (2, 5, 5), (4, b + 1, b)]);
        let found: Vec<_> = nearby.around(b, b, 4 * b).map(|(id, _, _)| id.0).collect();
        assert_eq!(found, [2, 3, 9, 1, 4]);
    }
}
