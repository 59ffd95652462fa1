//! When snapshots are due, and whether the sockets' threads keep up with them.
//!
//! A snapshot that was not taken makes its player's next one a whole one, which is many
//! times as long. That is right where one player is slow. Where the server itself is
//! late, and most outlets lie full because nobody has had the time to empty them, it would
//! make a starved server send more. So the room then waits with its snapshots for all,
//! which costs a tick or two of freshness and nothing else; and while it is late, the
//! clock stands that ends players who are too slow. A tail of a few is no reason to make
//! all wait: it is given the time that seeing and encoding takes, and looked at again
//! when its snapshots are about to be written.

use super::core::Core;
use super::overload::Step;
use crate::game::Game;

/// So many outlets full at once are not the fault of as many players.
const MANY: u32 = 8;
/// One in so many is a tail, which will have been fetched a moment later.
const TAIL: u32 = 4;
/// So many players are needed for most of them to say something about the server.
const FEW: u32 = 4;

/// What the last look at the outlets found, of players who had kept up until then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    /// How many there were.
    all: u32,
    /// How many of their outlets lay full.
    full: u32,
    /// How many were emptied since the look before, within the same wait.
    emptied: u32,
    /// Whether the sockets' threads are behind.
    pub(super) is_late: bool,
    /// How much of the time between two snapshots it takes to fetch one: 1 is all
    /// there is.
    pub(super) strain: f32,
}

impl Backlog {
    /// Whether it is the sockets' threads that are behind, and not a few players: most
    /// outlets lie full, or many do and are being emptied one after the other; then the
    /// last of them as well, if `is_waiting`. A few who are slow on purpose cannot hold
    /// up the others.
    fn is_theirs(self, is_waiting: bool) -> bool {
        let is_most = 2 * self.full > self.all;
        let is_many = is_waiting || (self.full >= MANY && TAIL * self.full > self.all);
        is_most || (is_many && self.full > 0 && 32 * self.emptied >= self.all)
    }

    /// How much of the time between two snapshots fetching takes, as far as `time` of it
    /// has shown: where a tenth is left, a tenth more. Nothing if all is fetched: within
    /// its time it is no matter when.
    fn strain(self, time: f32, is_theirs: bool) -> f32 {
        let all = self.all.max(1) as f32;
        if is_theirs {
            let fetched = self.all.saturating_sub(self.full).max(1);
            time * all / fetched as f32
        } else {
            self.full as f32 / all
        }
    }
}

impl<G: Game> Core<G> {
    /// Ticks from one snapshot to the next, as things are.
    pub(super) fn interval(&self) -> u32 {
        let is_slower = self.overload.step() >= Step::AllSlower;
        self.config.snapshot_interval * if is_slower { 2 } else { 1 }
    }

    /// Whether snapshots are made in this tick.
    pub(super) fn is_due(&mut self) -> bool {
        let elapsed = self.tick.since(self.shown);
        let Some(waited) = elapsed.checked_sub(self.interval()) else {
            return false;
        };
        let last = (waited > 0).then_some(self.backlog);
        self.look(last.map(|last| last.full));
        let is_theirs = self.backlog.is_theirs(last.is_some());
        let waits = is_theirs && waited < self.config.in_flight;
        let time = elapsed as f32 / self.interval() as f32;
        let strain = self.backlog.strain(time, is_theirs);
        // At the end of a wait all is fetched, and it has still taken what it took.
        self.backlog.strain = last.map_or(strain, |last| last.strain.max(strain));
        self.backlog.is_late |= waits;
        self.tally.postponed += u32::from(waits);
        !waits
    }

    /// Looks which outlets lie full; `before` is how many did at the last look of the
    /// same wait.
    fn look(&mut self, before: Option<u32>) {
        self.collect();
        let (mut all_live, mut full_live) = (0, 0);
        let mut backlog = Backlog::default();
        for member in &mut self.members {
            let Some(is_free) = member.is_free() else {
                continue;
            };
            member.told.is_free = is_free;
            all_live += 1;
            full_live += u32::from(!is_free);
            // Who was behind before says nothing about now.
            if !member.told.broken {
                backlog.all += 1;
                backlog.full += u32::from(!is_free);
            }
        }
        let before = before.unwrap_or(backlog.all);
        backlog.emptied = before.saturating_sub(backlog.full);
        backlog.is_late = all_live >= FEW && 2 * full_live > all_live;
        self.backlog = backlog;
    }
}
