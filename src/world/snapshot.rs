//! Steps 4 to 6 of the tick: who is due, what he may see, how it is written.
//!
//! Owns the rule that makes a crowd cheap: a player's snapshot is a few bytes of
//! his own and copies of what is encoded once per cell.

use super::core::Core;
use super::member::{Role, Told};
use super::outlet::Ring;
use crate::game::{Game, MAX_CELL};
use bytes::Bytes;
use downbeat_protocol::CellId;
use downbeat_protocol::codec::{EncodeError, FNV_START};
use downbeat_protocol::mirror::add_cell;
use downbeat_protocol::snapshot::{Header, write_snapshot};
use std::ops::Range;

impl<G: Game> Core<G> {
    /// Step 4: who is due, and which cells he sees.
    pub(super) fn view(&mut self) {
        let Self {
            members,
            cells,
            game,
            config,
            tick,
            tally,
            ..
        } = self;
        cells.turn(tick.since(self.shown), &game.rules());
        game.scene(cells);
        cells.settle();
        self.shown = *tick;

        for member in members {
            let lag = member.lag(*tick);
            let Some(link) = member.link() else { continue };
            let is_due = lag <= config.in_flight && link.is_free();
            let told = &mut member.told;
            told.due = is_due;
            if !is_due {
                told.broken = true;
                tally.skipped += 1;
                continue;
            }
            told.next_view.clear();
            told.next_view.push(CellId::EVERYWHERE);
            match (member.role, member.follows) {
                (Role::Player, _) => game.view(member.id, &mut told.next_view),
                (Role::Spectator, Some(player)) => game.view(player, &mut told.next_view),
                (Role::Spectator, None) => told.next_view.extend(cells.occupied()),
            }
            told.next_view.sort_unstable();
            told.next_view.dedup();
            let known = told.next_view.partition_point(|cell| cell.0 <= MAX_CELL);
            told.next_view.truncate(known);
            for (cell, is_known) in told.cells() {
                if is_known {
                    cells.want_delta(cell)
                } else {
                    cells.want_keyframe(cell)
                }
            }
        }
    }

    /// Step 5: each wanted cell, once.
    pub(super) fn encode(&mut self) -> Result<(), EncodeError> {
        self.cells.encode(self.has_checksum())
    }

    /// The second half of step 6: each due player's snapshot.
    pub(super) fn send_snapshots(&mut self) -> Result<(), EncodeError> {
        let with_checksum = self.has_checksum();
        let Self {
            members,
            cells,
            game,
            tick,
            tally,
            scratch,
            ..
        } = self;
        for member in members {
            if !std::mem::take(&mut member.told.due) {
                continue;
            }
            let own = member.is_player().then(|| game.own(member.id));
            let told = &mut member.told;

            scratch.hidden.clear();
            // Most players see the same cells as at the last snapshot.
            if !told.broken && told.view != told.next_view {
                let hidden = told.view.iter().filter(|cell| {
                    told.next_view.binary_search(cell).is_err() && cells.was_shown(**cell)
                });
                scratch.hidden.extend(hidden);
            }
            scratch.parts.clear();
            for (cell, is_known) in told.cells() {
                let part = if is_known {
                    cells.delta(cell)
                } else {
                    cells.keyframe(cell)
                };
                if !part.is_empty() {
                    scratch.parts.push((cell, part));
                }
            }

            let header = Header {
                elapsed: tick.since(told.tick),
                applied: member.pending.applied.since(told.applied),
                waiting: member.pending.len(),
                own: own
                    .as_ref()
                    .filter(|own| told.broken || told.own.as_ref() != Some(own)),
                checksum: with_checksum.then(|| {
                    told.next_view
                        .iter()
                        .fold(FNV_START, |sum, cell| match cells.sum(*cell) {
                            Some(cell_sum) => add_cell(sum, *cell, cell_sum),
                            None => sum,
                        })
                }),
                reset: told.broken,
            };
            scratch.bytes.clear();
            let parts = scratch.parts.iter();
            let parts = parts.map(|(cell, part)| (*cell, cells.bytes(part)));
            write_snapshot(header, &scratch.hidden, parts, &mut scratch.bytes)?;

            told.tick = *tick;
            told.applied = member.pending.applied;
            told.own = own;
            told.broken = false;
            std::mem::swap(&mut told.view, &mut told.next_view);
            if let Some(link) = member.link() {
                // The one allocation of a snapshot, of exactly its size.
                let bytes = Bytes::copy_from_slice(&scratch.bytes);
                scratch.rings.push(link.snapshot(bytes));
                tally.snapshots += 1;
            }
        }
        self.count_checksum();
        Ok(())
    }

    const fn has_checksum(&self) -> bool {
        self.config.checksum_interval != 0 && self.until_checksum == 0
    }

    fn count_checksum(&mut self) {
        self.until_checksum = match self.until_checksum {
            0 => self.config.checksum_interval.saturating_sub(1),
            more => more - 1,
        };
    }
}

/// Buffers for one player's snapshot, kept between players, and whom to wake at the end.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) rings: Vec<Ring>,
    hidden: Vec<CellId>,
    /// Where the encoded change of each cell lies.
    parts: Vec<(CellId, Range<usize>)>,
    bytes: Vec<u8>,
}

impl<G: Game> Told<G> {
    /// The cells of the view in the making, ascending, and whether the player
    /// holds the cell as of the last snapshot.
    fn cells(&self) -> impl Iterator<Item = (CellId, bool)> {
        let mut known = self.view.iter().peekable();
        let is_broken = self.broken;
        self.next_view.iter().map(move |cell| {
            while known.next_if(|other| *other < cell).is_some() {}
            (*cell, !is_broken && known.next_if_eq(&cell).is_some())
        })
    }
}
