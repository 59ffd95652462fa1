//! Where things are: cells, what a player sees, where there is room.

use super::nearby::Nearby;
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
/// How far around it a place is looked at before a ship is put there.
const LONELY: i32 = 512 * POSITION_ONE;

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
        let (own_column, own_row) = (along(x), along(y));
        let (left, right) = (along(x - SIGHT_X), along(x + SIGHT_X));
        let (top, bottom) = (along(y - SIGHT_Y), along(y + SIGHT_Y));
        for ring in 0..=SIGHT_X / CELL + 1 {
            let (first, last) = (own_column - ring, own_column + ring);
            for row in top.max(own_row - ring)..=bottom.min(own_row + ring) {
                let mut see = |column| cells.push(CellId((1 + row * columns + column) as u32));
                if row.abs_diff(own_row) == ring as u32 {
                    (left.max(first)..=right.min(last)).for_each(see);
                } else {
                    let ends = [first, last].into_iter();
                    ends.filter(|column| (left..=right).contains(column))
                        .for_each(&mut see);
                }
            }
        }
    }

    fn columns(&self) -> i32 {
        (self.rules.size + CELL - 1) / CELL
    }

    /// The loneliest of eight random places, as far as one looks around.
    pub(super) fn free_place(&mut self) -> (i32, i32) {
        let places: [(i32, i32); 8] = std::array::from_fn(|_| self.any_place());
        let nearby = self.nearby.get_or_insert_with(|| Nearby::new(&self.ships));
        let loneliness = |&(x, y): &(i32, i32)| {
            let ships = nearby.around(x, y, LONELY);
            let nearest = ships.map(|(_, ship_x, ship_y)| square(ship_x - x, ship_y - y));
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
