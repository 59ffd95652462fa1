//! What a bot says, and when.
//!
//! Called by the bot at each of its timer's rings.

use super::Life;
use super::hearing::{frame_size, left_out_with};
use crate::bot::Bot;
use crate::ending::Ending;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

/// A bot that has said nothing for this long pings: half of what a server lets
/// acknowledgements lag by default before it skips snapshots.
const PING_INTERVAL: Duration = Duration::from_millis(500);

impl<B: Bot> Life<'_, B> {
    /// When there is something to do next.
    pub(super) fn wake_at(&self) -> Instant {
        let ping = self.sent + PING_INTERVAL;
        let next = match self.bot {
            Some(_) => self.pacer.next().min(ping),
            None => ping,
        };
        match self.shared.stage.window() {
            Some(window) => next.min(window.end),
            None => next,
        }
    }

    /// Sends every input that is due, or a ping if nothing was said for long.
    pub(super) fn speak(&mut self, now: Instant) -> Result<(), Ending> {
        if self.bot.is_some() {
            while let Some(due) = self.pacer.due(now) {
                self.input(due.intended, due.skipped, now)?;
            }
        }
        if now.duration_since(self.sent) >= PING_INTERVAL {
            self.pings = self.pings.wrapping_add(1);
            self.scratch.clear();
            self.player.ping(self.pings, &mut self.scratch)?;
            self.send(now)?;
        }
        // Without waiting: what the socket does not take now goes out next time.
        match self.socket.flush().now_or_never() {
            Some(flushed) => flushed.map_err(Ending::from_socket),
            None => Ok(()),
        }
    }

    fn input(&mut self, intended: Instant, skipped: u64, now: Instant) -> Result<(), Ending> {
        let wish = self
            .bot
            .as_mut()
            .and_then(|bot| bot.decide(self.player.sight()));
        let Some(wish) = wish else {
            return Ok(());
        };
        let old = self
            .arrival
            .map_or(0.0, |arrival| (now - arrival).as_secs_f64());
        let ahead = 1 + (old * f64::from(self.player.tick_rate())) as u32;
        self.scratch.clear();
        let given_up = self
            .player
            .input(intended, ahead, wish, &mut self.scratch)?;

        if let Some(window) = self.measured() {
            let mut measure = self.shared.measures[self.tally.group].borrow_mut();
            if window.contains(intended) {
                let period = self.pacer.period();
                measure
                    .lateness
                    .record_each(now - intended, period, skipped);
                self.tally.inputs.sent += 1;
                self.tally.inputs.skipped += skipped;
                if skipped > 0 {
                    self.left_out.push_back((intended, skipped));
                }
            }
            if let Some(old) = given_up.filter(|old| window.contains(*old)) {
                let more = left_out_with(&mut self.left_out, old);
                measure
                    .latency
                    .record_each(now - old, self.pacer.period(), more);
                self.tally.inputs.unacknowledged += 1;
            }
        }
        self.send(now)
    }

    /// Puts what is in the scratch buffer in line to be written. If too much waits
    /// there, the server takes nothing and the bot ends.
    fn send(&mut self, now: Instant) -> Result<(), Ending> {
        self.sent = now;
        if self.measured().is_some_and(|window| window.contains(now)) {
            self.tally.bytes_up += frame_size(self.scratch.len()) + 4;
        }
        let message = Message::Binary(Bytes::copy_from_slice(&self.scratch));
        self.socket
            .start_send_unpin(message)
            .map_err(Ending::from_socket)
    }
}
