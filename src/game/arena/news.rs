//! What everyone is told once a second: the leaderboard and the minimap.

use super::Arena;
use crate::game::Audience;
use downbeat_protocol::arena::{Blip, Event, Row};

/// Lines of the leaderboard.
const ROWS: usize = 10;
/// Seconds after which the leaderboard is told even if it is the same.
const REPEAT: u32 = 3;
/// Dots on the minimap.
const BLIPS: usize = 64;

impl Arena {
    pub(super) fn announce(&mut self) {
        let phase = self.tick.0 % self.balance.second;
        // Half a second apart, so that they do not add up in one tick.
        if phase == 0 {
            self.announce_board();
        } else if phase == self.balance.second / 2 {
            self.announce_radar();
        }
    }

    fn announce_board(&mut self) {
        let mut rows: Vec<Row> = self
            .players
            .iter()
            .map(|(id, player)| Row {
                player: *id,
                name: player.name,
                score: player.score,
            })
            .collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.score), row.player));
        rows.truncate(ROWS);
        let players = self.players.len() as u32;
        // Repeated, because the arena does not know of spectators who have come since.
        let is_due = (self.tick.0 / self.balance.second).is_multiple_of(REPEAT);
        if is_due || self.board.is_stale || self.board.players != players || self.board.rows != rows
        {
            self.happened.push((
                Audience::All,
                Event::Leaderboard {
                    players,
                    rows: rows.clone(),
                },
            ));
            self.board.is_stale = false;
            self.board.players = players;
            self.board.rows = rows;
        }
    }

    /// Every ship, or an even choice of them if there are many.
    fn announce_radar(&mut self) {
        if self.players.is_empty() {
            return;
        }
        let step = self.ships.len().div_ceil(BLIPS).max(1);
        let size = i64::from(self.rules.size) + 1;
        let coarse = |place: i32| (i64::from(place) * 256 / size).clamp(0, 255) as u8;
        let blips = self
            .ships
            .values()
            .step_by(step)
            .map(|hull| Blip {
                x: coarse(hull.ship.x),
                y: coarse(hull.ship.y),
                drone: hull.is_drone(),
            })
            .collect();
        self.happened.push((Audience::All, Event::Radar { blips }));
    }
}
