//! Where things are: cells, what a player sees, where there is room.

use super::{Arena, balance};
use downbeat_protocol::CellId;
use downbeat_protocol::arena::POSITION_ONE;

/// A cell's side, in steps of position. The default plane has 12 × 12 cells, so
/// that a cell's number is one byte on the wire.
const CELL: i32 = 512 * POSITION_ONE;
/// How far a player sees at least to the left and to the right: half a screen and
/// a margin for what comes flying.
const SIGHT_X: i32 = 720 * POSITION_ONE;
/// The same upward and downward.
const SIGHT_Y: i32 = 480 * POSITION_ONE;

impl Arena {
    /// The cell of a place; row by row from 1.
    pub(super) fn cell(&self, x: i32, y: i32) -> CellId {
        let columns = self.columns();
        let column = (x / CELL).clamp(0, columns - 1);
        let row = (y / CELL).clamp(0, columns - 1);
        CellId((1 + row * columns + column) as u32)
    }

    /// The cells that are at least partly in sight from a place, in rings around its
    /// own.
    pub(super) fn cells_around(&self, x: i32, y: i32, cells: &mut Vec<CellId>) {
        let columns = self.columns();
        let along = |at: i32| (at / CELL).clamp(0, columns - 1);
        let span = |center: i32, sight: i32| along(center - sight)..=along(center + sight);
        for ring in 0..=SIGHT_X / CELL + 1 {
            for row in span(y, SIGHT_Y) {
                for column in span(x, SIGHT_X) {
                    let distance = row.abs_diff(along(y)).max(column.abs_diff(along(x)));
                    if distance == ring as u32 {
                        cells.push(CellId((1 + row * columns + column) as u32));
                    }
                }
            }
        }
    }

    fn columns(&self) -> i32 {
        (self.rules.size + CELL - 1) / CELL
    }

    /// The loneliest of eight random places.
    pub(super) fn free_place(&mut self) -> (i32, i32) {
        let places: [(i32, i32); 8] = std::array::from_fn(|_| self.any_place());
        let loneliness = |&(x, y): &(i32, i32)| {
            let nearest = self
                .ships
                .values()
                .map(|hull| square(hull.ship.x - x, hull.ship.y - y));
            nearest.min().unwrap_or(i64::MAX)
        };
        places
            .into_iter()
            .max_by_key(loneliness)
            .unwrap_or(places[0])
    }

    /// A random place, not too near the border.
    pub(super) fn any_place(&mut self) -> (i32, i32) {
        let margin = 2 * balance::REACH;
        let room = (self.rules.size - 2 * margin).max(1) as u32;
        let x = margin + self.below(room) as i32;
        let y = margin + self.below(room) as i32;
        (x, y)
    }
}

/// The square of a distance.
pub(super) fn square(dx: i32, dy: i32) -> i64 {
    i64::from(dx) * i64::from(dx) + i64::from(dy) * i64::from(dy)
}
