//! How a room empties when the server goes: one session after the other.
//!
//! Who is sent away comes back, here or elsewhere; so that thousands do not do that
//! at once, they are told at moments spread evenly over a time. Until his moment
//! everybody plays on; nobody new comes in.

use super::core::Core;
use super::outlet::End;
use crate::game::Game;
use downbeat_protocol::{PlayerId, Tick};
use std::collections::VecDeque;

/// Who is still to be told, and what.
pub(super) struct Parting {
    pub(super) end: End,
    /// When whose turn is, ascending.
    turns: VecDeque<(Tick, PlayerId)>,
}

impl<G: Game> Core<G> {
    /// Begins to end every session, spread over `ticks`.
    pub fn part(&mut self, end: End, ticks: u32) {
        for join in self.knocking.drain(..) {
            join.link.end(end.clone());
        }
        let live = || self.members.iter().filter(|member| member.link().is_some());
        let (count, first) = (live().count() as u64, self.tick.next());
        let turns = live().zip(0..).map(|(member, place): (_, u64)| {
            // Below `ticks`, since the place is below the count.
            let after = u64::from(ticks) * place / count.max(1);
            (first.plus(after as u32), member.id)
        });
        let turns = turns.collect();
        self.parting = Some(Parting { end, turns });
    }

    /// Whether everybody has been told.
    #[must_use]
    pub fn has_parted(&self) -> bool {
        let parting = self.parting.as_ref();
        parting.is_some_and(|parting| parting.turns.is_empty())
    }

    /// Tells those whose turn has come.
    pub(super) fn tell_parting(&mut self) {
        let Some(parting) = &mut self.parting else {
            return;
        };
        while let Some((turn, player)) = parting.turns.front().copied()
            && !turn.is_after(self.tick)
        {
            parting.turns.pop_front();
            let member = self.members.binary_search_by_key(&player, |m| m.id);
            // He may have left by himself.
            if let Some(link) = member.ok().and_then(|index| self.members[index].link()) {
                link.end(parting.end.clone());
            }
        }
    }
}
