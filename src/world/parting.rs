//! How a room empties when the server goes: one session after the other.
//!
//! Who is sent away comes back, here or elsewhere; so that thousands do not do that
//! at once, they are told at moments spread evenly over a time. Until his moment
//! everybody plays on; nobody new comes in. With the tick after it he is in limbo. When
//! all are, the room is what may be saved, and is over.

use super::actor::World;
use super::core::Core;
use super::outlet::End;
use super::save::NotSaved;
use crate::game::Game;
use actix::{Context, Handler, Message, ResponseFuture};
use downbeat_protocol::{PlayerId, Tick};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::oneshot;

/// Ends every session, one after the other, and then the room: the server goes. The
/// answer comes when that is done: the room's save, if rooms are saved and somebody
/// may come back to it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Parted")]
pub struct Part {
    /// What everybody is told.
    pub end: End,
    /// Over how much time.
    pub over: Duration,
}

/// What is left of a room.
pub type Parted = Result<Option<Vec<u8>>, NotSaved>;

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

    /// Whether everybody has been told and is in limbo or gone.
    #[must_use]
    pub fn has_parted(&self) -> bool {
        let parting = self.parting.as_ref();
        let mut members = self.members.iter();
        parting.is_some_and(|parting| parting.turns.is_empty())
            && members.all(|member| member.link().is_none() && !member.is_evicted)
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
            // He may have left by himself.
            let Ok(index) = self.members.binary_search_by_key(&player, |m| m.id) else {
                continue;
            };
            let member = &mut self.members[index];
            member.is_dismissed = true;
            if let Some(link) = member.link() {
                link.end(parting.end.clone());
            }
        }
    }
}

impl<G: Game> Handler<Part> for World<G> {
    type Result = ResponseFuture<Parted>;

    fn handle(&mut self, Part { end, over }: Part, _: &mut Context<Self>) -> Self::Result {
        let ticks = over.as_secs_f64() * f64::from(self.core().config.tick_rate);
        // A float becomes the nearest integer there is.
        self.core_mut().part(end, ticks.ceil() as u32);
        let (parted, is_over) = oneshot::channel();
        self.await_parting(parted);
        Box::pin(async { is_over.await.unwrap_or(Err(NotSaved::Failed)) })
    }
}
