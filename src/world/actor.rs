//! The actor around a room: it has what the core must not have, a clock, a
//! mailbox and the counters.
//!
//! Runs on a world thread, where no socket is. A panic of the game ends this room
//! only: its sessions are told, the lobby forgets it, the thread goes on.

use super::board::RoomPosting;
use super::clock::{Metronome, Schedule};
use super::core::{Core, CoreConfig};
use super::member::Join;
use super::meters::{Gauges, Stopwatch, count};
use super::outlet::End;
use super::parting::Parted;
use super::save::{Saved, Stamp};
use crate::game::{Game, Input};
use crate::telemetry::Telemetry;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, Recipient};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Lets somebody in; answered through his link.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Admit<I>(pub Join<I>);

/// Ends every session, and the room.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Close(pub End);

/// Which room speaks to the lobby: names come again, numbers do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u64,
}

/// What a room tells the lobby: it has been empty for a while, or it is over.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Vacant {
    /// Which room.
    pub room: Room,
    /// How many have been sent to it: if the lobby has sent more since, it is
    /// about to have somebody again. `None`: it is over whoever comes.
    pub admitted: Option<u64>,
}

/// What a room needs of the server.
pub struct Surroundings {
    /// Which one it is.
    pub room: Room,
    /// What the core needs to know.
    pub core: CoreConfig,
    /// How long it stays when it is empty.
    pub linger: Duration,
    /// Who calls at deadlines.
    pub metronome: Metronome,
    /// Where it counts.
    pub telemetry: Telemetry,
    /// Where it is seen.
    pub posting: RoomPosting,
    /// Who is told that it is empty.
    pub lobby: Recipient<Vacant>,
    /// What it is saved with when the server goes; `None`: not at all.
    pub stamp: Option<Stamp>,
}

/// A deadline has come.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Beat;

/// The actor of one room.
pub struct World<G: Game> {
    /// Boxed, because an actor must be movable and a game need not be.
    core: Box<Core<G>>,
    around: Surroundings,
    schedule: Schedule,
    stopwatch: Stopwatch,
    gauges: Gauges,
    admitted: u64,
    empty_since: Option<Instant>,
    /// Who waits for the room to be over, because the server goes.
    parted: Option<oneshot::Sender<Parted>>,
}

impl<G: Game> World<G> {
    /// A room around a game; it begins to tick when the actor starts.
    #[must_use]
    pub fn new(game: G, around: Surroundings) -> Self {
        Self::with(Core::new(around.core.clone(), game), around)
    }

    /// A room that was saved.
    #[must_use]
    pub fn restored(saved: Saved<G>, around: Surroundings) -> Self {
        Self::with(Core::restore(around.core.clone(), saved), around)
    }

    fn with(core: Core<G>, around: Surroundings) -> Self {
        Self {
            schedule: Schedule::new(Instant::now(), around.core.tick_rate),
            stopwatch: Stopwatch::new(&around.telemetry),
            gauges: Gauges::new(around.telemetry.clone()),
            core: Box::new(core),
            admitted: 0,
            empty_since: None,
            parted: None,
            around,
        }
    }

    pub(super) fn core(&self) -> &Core<G> {
        &self.core
    }

    pub(super) fn core_mut(&mut self) -> &mut Core<G> {
        &mut self.core
    }

    pub(super) fn await_parting(&mut self, parted: oneshot::Sender<Parted>) {
        self.parted = Some(parted);
    }

    /// Everybody has left because the server goes: answers with what is left.
    fn part(&mut self) {
        // Without anybody who may come back the room would soon have gone anyway.
        let is_kept = self.core.players() > 0;
        let stamp = self.around.stamp.as_ref().filter(|_| is_kept);
        let left = stamp.map(|stamp| self.core.save(stamp)).transpose();
        if let Some(parted) = self.parted.take() {
            // Nobody listens if the drain is out of time.
            let _ = parted.send(left);
        }
    }

    fn await_beat(&self, context: &Context<Self>) {
        let me = context.address();
        self.around
            .metronome
            .at(self.schedule.next(), Box::new(move || me.do_send(Beat)));
    }

    /// Makes the tick of this deadline and counts it; `false` if the room is lost.
    fn tick(&mut self, deadline: Instant) -> bool {
        let begin = Instant::now();
        self.stopwatch.start(begin);
        // The core is not used again after a panic, so no broken state is seen.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.core.tick(&mut self.stopwatch)));
        let tally = match outcome {
            Ok(Ok(tally)) => tally,
            Ok(Err(error)) => {
                tracing::error!(room = self.around.room.name, %error, "the room failed");
                return false;
            }
            Err(panic) => {
                let panic = panic_text(&*panic);
                tracing::error!(room = self.around.room.name, panic, "the room panicked");
                return false;
            }
        };
        let end = Instant::now();
        self.stopwatch.took(end - begin);
        self.around
            .posting
            .ticked(self.core.now(), self.core.players(), end, end - begin);
        let took = end.saturating_duration_since(deadline);
        self.core
            .took(took.as_secs_f32() * self.around.core.tick_rate as f32);
        self.note_step();
        self.gauges.set(self.core.players(), self.core.in_limbo());
        count(&self.around.telemetry, &tally);
        true
    }

    /// Makes it seen how far the room has degraded.
    fn note_step(&mut self) {
        let step = self.core.step_of_overload();
        let before = self.gauges.set_step(step);
        if step == before {
            return;
        }
        self.around.posting.degraded(step);
        let room = &self.around.room.name;
        if step > before {
            tracing::warn!(room, step = step.label(), "the room is overloaded");
        } else {
            tracing::info!(room, step = step.label(), "the room recovers");
        }
    }

    /// Tells the lobby when nobody has been here for a while.
    fn watch_emptiness(&mut self, now: Instant) {
        if !self.core.is_empty() {
            self.empty_since = None;
            return;
        }
        let since = *self.empty_since.get_or_insert(now);
        if now.duration_since(since) >= self.around.linger {
            self.empty_since = Some(now);
            let room = self.around.room.clone();
            self.around.lobby.do_send(Vacant {
                room,
                admitted: Some(self.admitted),
            });
        }
    }
}

impl<G: Game> Actor for World<G> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        tracing::info!(room = self.around.room.name, "room opened");
        self.await_beat(context);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        tracing::info!(room = self.around.room.name, tick = %self.core.now(), "room closed");
    }
}

impl<G: Game> Handler<Beat> for World<G> {
    type Result = ();

    fn handle(&mut self, Beat: Beat, context: &mut Self::Context) {
        let now = Instant::now();
        let due = self.schedule.due(now);
        if due.ticks > 0 {
            self.around
                .telemetry
                .tick_lateness
                .observe(due.lateness.as_secs_f64());
        }
        if due.skipped > 0 {
            self.around.telemetry.ticks_skipped.inc_by(due.skipped);
            let room = &self.around.room.name;
            tracing::warn!(
                room,
                skipped = due.skipped,
                "ticks left out, the room is overloaded"
            );
        }
        let period = self.schedule.period();
        for behind in (0..due.ticks).rev() {
            // The last of them is the latest deadline there was.
            let deadline = due.latest - behind * period;
            if !self.tick(deadline) {
                self.around.telemetry.rooms_failed.inc();
                let room = self.around.room.clone();
                self.around.lobby.do_send(Vacant {
                    room,
                    admitted: None,
                });
                // Dropping the core tells every session.
                context.stop();
                return;
            }
        }
        if self.core.has_parted() {
            self.part();
            context.stop();
            return;
        }
        self.watch_emptiness(now);
        self.await_beat(context);
    }
}

impl<G: Game> Handler<Admit<Input<G>>> for World<G> {
    type Result = ();

    fn handle(&mut self, Admit(join): Admit<Input<G>>, _: &mut Self::Context) {
        self.admitted += 1;
        self.core.join(join);
    }
}

impl<G: Game> Handler<Close> for World<G> {
    type Result = ();

    fn handle(&mut self, Close(end): Close, context: &mut Self::Context) {
        self.core.end_all(&end);
        if let Some(parted) = self.parted.take() {
            // Nothing is left that somebody wants back.
            let _ = parted.send(Ok(None));
        }
        context.stop();
    }
}

/// What a panic said, if it said anything.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
