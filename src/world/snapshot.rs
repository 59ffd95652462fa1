//! Steps 4 to 6 of the tick: who is due, what he may see, how it is written.
//!
//! Owns the rule that makes a crowd cheap: a player's snapshot is a few bytes of
//! his own and copies of what is encoded once per cell.

use super::core::Core;
use super::member::Role;
use super::outlet::Ring;
use super::pace::{Level, Sight, assign, reach};
use super::posts::Posts;
use super::told::Told;
use crate::game::{Game, MAX_CELL};
use downbeat_protocol::CellId;
use downbeat_protocol::codec::{EncodeError, FNV_START};
use downbeat_protocol::mirror::add_cell;
use downbeat_protocol::snapshot::{Header, Pace, write_snapshot};
use std::ops::Range;

impl<G: Game> Core<G> {
    /// Step 4: who is due, and which cells he sees, and how often.
    pub(super) fn view(&mut self) {
        let step = self.overload.step();
        let budget = self.budget();
        let Self {
            members,
            cells,
            game,
            config,
            tick,
            tally,
            scratch,
            ..
        } = self;
        cells.turn(tick.since(self.shown), &game.rules());
        game.scene(cells);
        cells.settle();
        self.shown = *tick;

        for member in members {
            let lag = member.lag(*tick);
            if member.link().is_none() {
                continue;
            }
            let told = &mut member.told;
            // Who has kept up until now may yet make it.
            told.due = lag <= config.in_flight && (told.is_free || !told.broken);
            if !told.due {
                told.broken = true;
                tally.skipped += 1;
                continue;
            }
            let seen = &mut scratch.seen;
            seen.clear();
            seen.push(CellId::EVERYWHERE);
            match (member.role, member.follows) {
                (Role::Player, _) => game.view(member.id, seen),
                (Role::Spectator, Some(player)) => game.view(player, seen),
                (Role::Spectator, None) => seen.extend(cells.occupied()),
            }
            seen.retain(|cell| cell.0 <= MAX_CELL);
            // The first one is the player's own.
            let nearest = seen.len().min(2);
            seen[..nearest].reverse();
            seen.truncate(reach(step, seen.len()));

            let Told {
                view,
                next_view,
                seen: seen_before,
                home,
                ..
            } = told;
            // Most see what they saw, and hold it as they are to.
            let is_same = !told.broken && told.settled == Some(step) && seen_before == seen;
            told.stays = is_same && cells.want_again(view, budget);
            if told.stays {
                told.is_home_told = view
                    .iter()
                    .find(|sight| Some(sight.cell()) == *home)
                    .is_none_or(|sight| cells.tells(sight.cell(), sight.level));
                continue;
            }
            seen_before.clone_from(seen);
            next_view.clear();
            next_view.extend(seen.iter().map(|cell| Sight::new(*cell)));
            let is_bound = assign(next_view, step, budget, |cell| cells.weights(cell));
            // Of a cell that is named twice the faster one stays.
            next_view.sort_unstable();
            next_view.dedup_by_key(|sight| sight.cell());
            let is_same_home = home.replace(seen[0]) == Some(seen[0]);
            told.is_home_told = !is_same_home;
            let mut known = Known::new(view, told.broken);
            let mut is_settled = !is_bound;
            for sight in next_view {
                let held = known.level(sight.cell());
                let wish = sight.level;
                sight.level = cells.want(sight.cell(), held, wish);
                is_settled &= sight.level == wish;
                if sight.cell() == seen[0] {
                    told.is_home_told |= held.is_none_or(|held| cells.tells(sight.cell(), held));
                }
            }
            told.settled = is_settled.then_some(step);
        }
    }

    /// Bytes of a snapshot that a player is to be sent; 0: no limit.
    fn budget(&self) -> u32 {
        let bytes = u64::from(self.config.byte_rate) * u64::from(self.interval());
        // 0 is no limit, and a small one still is one.
        bytes.div_ceil(u64::from(self.config.tick_rate.max(1))) as u32
    }

    /// Step 5: each wanted cell, once.
    pub(super) fn encode(&mut self) -> Result<(), EncodeError> {
        self.cells.encode(self.has_checksum())
    }

    /// The second half of step 6: each due player's snapshot.
    pub(super) fn send_snapshots(&mut self) -> Result<(), EncodeError> {
        // What came home since the last look counts for who was not ready then.
        self.collect();
        let with_checksum = self.has_checksum();
        let step = self.overload.step().number();
        let interval = self.interval();
        let Self {
            members,
            cells,
            game,
            config,
            tick,
            tally,
            scratch,
            ..
        } = self;
        for member in members {
            if !std::mem::take(&mut member.told.due) {
                continue;
            }
            if !member.told.is_free && member.is_free() == Some(false) {
                member.told.broken = true;
                tally.skipped += 1;
                continue;
            }
            let own = member.is_player().then(|| game.own(member.id));
            let told = &mut member.told;

            scratch.hidden.clear();
            let view = if told.stays {
                &told.view
            } else {
                &told.next_view
            };
            // Most players see the same cells as at the last snapshot.
            if !told.broken && !told.stays {
                let hidden = told.view.iter().map(|sight| sight.cell()).filter(|cell| {
                    let place = view.binary_search_by_key(cell, |next| next.cell());
                    place.is_err() && cells.was_shown(*cell)
                });
                scratch.hidden.extend(hidden);
            }
            scratch.parts.clear();
            let mut known = Known::new(&told.view, told.broken);
            let mut slowest = Level::FULL;
            for sight in view {
                slowest = slowest.max(sight.level);
                let part = cells.change(sight.cell(), known.level(sight.cell()));
                if !part.is_empty() {
                    scratch.parts.push((sight.cell(), part));
                }
            }

            let pace = Pace {
                ticks: interval * slowest.period(),
                step,
            };
            let known_pace = told.pace.replace(pace).unwrap_or(Pace {
                ticks: config.snapshot_interval,
                step: 0,
            });
            // Inputs are applied as far as the player sees what they did.
            let applied = if told.is_home_told {
                member.pending.applied
            } else {
                told.applied
            };
            let header = Header {
                elapsed: tick.since(told.tick),
                applied: applied.since(told.applied),
                waiting: member.pending.len(),
                pace: (pace != known_pace).then_some(pace),
                own: own
                    .as_ref()
                    .filter(|own| told.broken || told.own.as_ref() != Some(own)),
                checksum: with_checksum.then(|| {
                    view.iter().fold(FNV_START, |sum, sight| {
                        match cells.sum(sight.cell(), sight.level) {
                            Some(cell_sum) => add_cell(sum, sight.cell(), cell_sum),
                            None => sum,
                        }
                    })
                }),
                reset: told.broken,
            };
            // Whoever is due has a link.
            if let Some(link) = member.presence.link() {
                let parts = scratch.parts.iter();
                let parts = parts.map(|(cell, part)| (*cell, cells.bytes(part)));
                let write = |bytes: &mut _| write_snapshot(header, &scratch.hidden, parts, bytes);
                let posts = &mut scratch.posts;
                told.parcel = posts.write(link, member.id, told.has_news, write)?;
                told.has_news = false;
                tally.snapshots += 1;
            }

            told.tick = *tick;
            told.applied = applied;
            told.own = own;
            told.broken = false;
            if !told.stays {
                std::mem::swap(&mut told.view, &mut told.next_view);
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
    pub(super) posts: Posts,
    pub(super) rings: Vec<Ring>,
    /// The cells in sight, the nearest first.
    seen: Vec<CellId>,
    hidden: Vec<CellId>,
    /// Where the encoded change of each cell lies.
    parts: Vec<(CellId, Range<usize>)>,
}

/// What a player holds: his view at the last snapshot, asked for in ascending order.
struct Known<'a>(&'a [Sight]);

impl<'a> Known<'a> {
    fn new(view: &'a [Sight], is_broken: bool) -> Self {
        Self(if is_broken { &[] } else { view })
    }

    /// At which level he holds this cell, if at all.
    fn level(&mut self, cell: CellId) -> Option<Level> {
        while let [first, rest @ ..] = self.0
            && first.cell() < cell
        {
            self.0 = rest;
        }
        let first = self.0.first().filter(|first| first.cell() == cell)?;
        Some(first.level)
    }
}
