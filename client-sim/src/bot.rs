//! One bot's connection: a socket, a timer, a player.
//!
//! Owns the order of a bot's life: connect, hello, play, linger, close; in between
//! it may be cut off and come back, or hang. Every wait has an end. Counts into its
//! own [`Tally`] and into the histograms of its thread; called by the swarm, one
//! task per bot.

mod comeback;
mod hang;
mod speech;

use crate::behaviour::{Pilot, generator};
use crate::ending::Ending;
use crate::join::{Socket, join, not_binary};
use crate::measure::{Measure, Rates, Tally};
use crate::mischief::{Cuts, Role};
use crate::pacer::Pacer;
use crate::player::{Heard, Player};
use crate::stage::{Stage, Window};
use crate::swarm::Plan;
use bytes::Bytes;
use downbeat_protocol::Reason;
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

/// How long after the window a bot waits for what belongs into it.
const LINGER: Duration = Duration::from_secs(1);
/// How long a bot waits for the answer to its close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the bots of one thread share.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) plan: Plan,
    pub(crate) address: SocketAddr,
    pub(crate) stage: Arc<Stage>,
    /// Turns true when the bots shall leave.
    pub(crate) leave: watch::Receiver<bool>,
    pub(crate) measure: RefCell<Measure>,
}

/// Runs bot `number` from its connection to its end.
pub(crate) async fn run(group: &Group, number: u32) -> Tally {
    let (socket, player) = match join(&group.plan, group.address, number, None).await {
        Ok(joined) => joined,
        Err(ending) => return refused(group, ending),
    };
    group.stage.joined();
    let mut bot = Bot::new(group, number, socket, player);
    loop {
        let turn = bot.play().await;
        // To the player it is the same who ended the link.
        let turn = if bot.invited.is_some() {
            Ok(Turn::Cut)
        } else {
            turn
        };
        let ended = match turn {
            Ok(Turn::Over) => bot.linger().await,
            Ok(Turn::Hang) => return bot.hang().await,
            Ok(Turn::Cut) => match bot.come_back().await {
                Ok(back) => {
                    bot = back;
                    continue;
                }
                Err(tally) => {
                    group.stage.ended();
                    return *tally;
                }
            },
            Err(ending) => Err(ending),
        };
        match ended {
            Ok(()) => bot.settle(Instant::now()),
            Err(ending) => {
                group.stage.ended();
                bot.tally.ending = Some(ending);
            }
        }
        bot.close().await;
        return bot.tally;
    }
}

fn refused(group: &Group, ending: Ending) -> Tally {
    group.stage.failed();
    Tally {
        ending: Some(ending),
        ..Tally::default()
    }
}

/// Why a bot stops playing.
enum Turn {
    /// The window is over.
    Over,
    /// Its link is to be cut, or was ended by a server that wants it back.
    Cut,
    /// It is there to hang, and now it does.
    Hang,
}

/// Salt for a bot's cuts: how it plays does not depend on them.
const CUTS: u64 = 0xC075;

/// A bot that has joined.
struct Bot<'a> {
    group: &'a Group,
    number: u32,
    socket: Socket,
    player: Box<Player>,
    pilot: Option<Pilot>,
    pacer: Pacer,
    tally: Tally,
    /// When the last snapshot came.
    arrival: Option<Instant>,
    /// When something was sent last.
    sent: Instant,
    pings: u32,
    /// What is being sent; kept for its memory.
    scratch: Vec<u8>,
    /// When its link is cut, if ever.
    cuts: Option<Cuts>,
    /// The next of them, from the window's beginning.
    next_cut: Option<Duration>,
    /// Set when the server has ended the connection and said after how long to come back,
    /// and the bot is to do so.
    invited: Option<Duration>,
}

impl<'a> Bot<'a> {
    fn new(group: &'a Group, number: u32, socket: Socket, player: Box<Player>) -> Self {
        let plan = &group.plan;
        let now = Instant::now();
        let rate = plan.input_rate.unwrap_or(f64::from(player.tick_rate()));
        // Real clients are not in step with each other, nor with the server.
        let phase = generator(plan.seed, number).random_range(0.0..1.0) / rate;
        let role = plan.mischief.role(plan.bots, number);
        let cuts = plan.mischief.cut.filter(|_| role == Role::Honest);
        let mut cuts = cuts.map(|rate| Cuts::new(generator(plan.seed ^ CUTS, number), rate));
        Self {
            group,
            number,
            next_cut: cuts.as_mut().map(Cuts::next),
            cuts,
            pilot: Pilot::new(plan.behaviour, plan.seed, number),
            pacer: Pacer::new(now + Duration::from_secs_f64(phase), rate),
            tally: Tally {
                role,
                rates: Some(Rates {
                    tick: player.tick_rate(),
                    snapshot: player.snapshot_rate(),
                }),
                ..Tally::default()
            },
            socket,
            player,
            arrival: None,
            sent: now,
            pings: 0,
            scratch: Vec::with_capacity(64),
            invited: None,
        }
    }

    /// Plays until it is this bot's turn to do something else.
    async fn play(&mut self) -> Result<Turn, Ending> {
        let mut timer = pin!(sleep_until(self.wake_at().into()));
        loop {
            tokio::select! {
                biased;
                message = self.socket.next() => {
                    self.take(message, Instant::now())?;
                }
                () = &mut timer => {
                    let now = Instant::now();
                    if let Some(turn) = self.turn(now) {
                        return Ok(turn);
                    }
                    self.speak(now)?;
                    timer.as_mut().reset(self.wake_at().into());
                }
            }
        }
    }

    /// Whose turn it is now, if not that of playing on.
    fn turn(&self, now: Instant) -> Option<Turn> {
        let window = self.group.stage.window()?;
        if now >= window.end {
            return Some(Turn::Over);
        }
        let is_due = |after| now >= window.start + after;
        match self.tally.role {
            Role::Honest => self.next_cut.is_some_and(is_due).then_some(Turn::Cut),
            Role::Stalls(after) => is_due(after).then_some(Turn::Hang),
            Role::Trickles => is_due(Duration::ZERO).then_some(Turn::Hang),
        }
    }

    /// Hears out what belongs into the window, until it is time to leave.
    async fn linger(&mut self) -> Result<(), Ending> {
        let mut leave = self.group.leave.clone();
        let mut over = pin!(async {
            // An error means that the swarm itself is gone: leave, too.
            let _ = leave.wait_for(|leave| *leave).await;
        });
        let mut told = false;
        let mut late = pin!(tokio::time::sleep(LINGER));
        loop {
            if told && self.is_complete() {
                return Ok(());
            }
            tokio::select! {
                biased;
                message = self.socket.next() => {
                    self.take(message, Instant::now())?;
                }
                () = &mut over, if !told => told = true,
                () = &mut late, if told => return Ok(()),
            }
        }
    }

    /// Whether everything has arrived that counts for the window.
    fn is_complete(&self) -> bool {
        let Some(window) = self.measured() else {
            return true;
        };
        self.player.open().all(|intended| intended >= window.end)
            && self.arrival.is_none_or(|arrival| arrival >= window.end)
    }

    /// Takes what came from the socket.
    fn take(
        &mut self,
        message: Option<Result<Message, WsError>>,
        now: Instant,
    ) -> Result<(), Ending> {
        match message {
            Some(Ok(Message::Binary(bytes))) => self.hear(&bytes, now),
            Some(Ok(other)) => not_binary(other),
            Some(Err(error)) => Err(Ending::from_socket(error)),
            None => Err(Ending::link_lost()),
        }
    }

    fn hear(&mut self, bytes: &Bytes, now: Instant) -> Result<(), Ending> {
        let window = self.measured();
        let is_measured = window.is_some_and(|window| window.contains(now));
        let mut measure = self.group.measure.borrow_mut();
        let heard = self.player.hear(bytes, |intended| {
            if window.is_some_and(|window| window.contains(intended)) {
                measure.latency.record(now - intended);
            }
        })?;
        let size = frame_size(bytes.len());
        if is_measured {
            self.tally.bytes_down += size;
        }
        match heard {
            Heard::Snapshot { visible, waiting } => {
                self.group.stage.snapshot();
                if is_measured {
                    self.tally.snapshots += 1;
                    self.tally.snapshot_bytes += size;
                    self.tally.visible += visible as u64;
                    self.tally.visible_max = self.tally.visible_max.max(visible as u64);
                }
                if let Some(before) = self.arrival.replace(now) {
                    self.gap(&mut measure, before, now);
                }
                drop(measure);
                if self.pilot.is_some() && self.pacer.waiting(now, waiting) && is_measured {
                    self.tally.inputs.held += 1;
                }
                Ok(())
            }
            Heard::Other => Ok(()),
            Heard::Bye {
                code,
                text,
                retry_after,
            } => {
                self.invited = retry_after.filter(|_| self.group.plan.returns);
                Err(Ending::from_code(code, &text))
            }
        }
    }

    /// From one snapshot to the next.
    fn gap(&self, measure: &mut Measure, before: Instant, now: Instant) {
        let Some(times) = self.group.stage.times().filter(|_| self.is_honest()) else {
            return;
        };
        if times.baseline.contains(now) {
            measure.baseline_gap.record(now - before);
        } else if before < times.window.end && now >= times.window.start {
            measure.gap.record(now - before);
        }
    }

    /// Ends the connection in good order, unless it has ended already.
    async fn close(&mut self) {
        let frame = CloseFrame {
            code: Reason::Left.code().into(),
            reason: Reason::Left.text().into(),
        };
        let goodbye = async {
            // Errors here only say that the other side was faster.
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    /// Counts what is still open at the end with its age so far: a server that
    /// falls silent must not look better than one that is slow.
    fn settle(&mut self, now: Instant) {
        if let Some(window) = self.measured() {
            let mut measure = self.group.measure.borrow_mut();
            for intended in self.player.open().filter(|moment| window.contains(*moment)) {
                measure.latency.record(now - intended);
                self.tally.inputs.unacknowledged += 1;
            }
            if let Some(arrival) = self.arrival.filter(|arrival| *arrival < window.end) {
                measure.gap.record(now - arrival);
            }
        }
        if let Some(own) = self.player.own() {
            (self.tally.score, self.tally.kills) = (own.score, own.kills);
        }
    }

    /// The window in which this bot is measured.
    fn measured(&self) -> Option<Window> {
        self.group.stage.window().filter(|_| self.is_honest())
    }

    fn is_honest(&self) -> bool {
        self.tally.role == Role::Honest
    }
}

/// Bytes of a message with its frame header (RFC 6455 section 5.2), without the
/// mask.
fn frame_size(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    };
    payload as u64 + header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_with_their_headers() {
        for (payload, size) in [
            (0, 2),
            (125, 127),
            (126, 130),
            (65_535, 65_539),
            (65_536, 65_546),
        ] {
            assert_eq!(frame_size(payload), size);
        }
    }
}
