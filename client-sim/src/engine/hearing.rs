//! What a bot hears, and what is measured of it.
//!
//! Owns which snapshots, gaps and latencies count: those of the window, and of bots that
//! do nothing out of the ordinary. Called by the bot with what its socket yields, and
//! once when it has heard everything out.

use super::Life;
use crate::bot::Bot;
use crate::ending::Ending;
use crate::join::not_binary;
use crate::measure::Measure;
use crate::player::Heard;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Instant;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

impl<B: Bot> Life<'_, B> {
    /// Whether everything has arrived that counts for the window.
    pub(super) fn is_complete(&self) -> bool {
        let Some(window) = self.measured() else {
            return true;
        };
        self.player.open().all(|intended| intended >= window.end)
            && self.arrival.is_none_or(|arrival| arrival >= window.end)
    }

    /// Takes what came from the socket.
    pub(super) fn take(
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
        let mut measure = self.shared.measures[self.tally.group].borrow_mut();
        let heard = self.player.hear(bytes, |intended| {
            if window.is_some_and(|window| window.contains(intended)) {
                let more = left_out_with(&mut self.left_out, intended);
                measure
                    .latency
                    .record_each(now - intended, self.pacer.period(), more);
            }
        })?;
        let size = frame_size(bytes.len());
        if is_measured {
            self.tally.bytes_down += size;
        }
        match heard {
            Heard::Snapshot { visible, waiting } => {
                if let Some(drag) = self.shared.plan.drag {
                    std::thread::sleep(drag);
                }
                self.shared.stage.snapshot();
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
                if self.bot.is_some() && self.pacer.waiting(now, waiting) && is_measured {
                    self.tally.inputs.held += 1;
                }
                Ok(())
            }
            Heard::Event(event) => {
                if let Some(bot) = &mut self.bot {
                    bot.hear(&event);
                }
                Ok(())
            }
            Heard::Other => Ok(()),
            Heard::Bye {
                code,
                text,
                retry_after,
            } => {
                self.invited = retry_after.filter(|_| self.shared.plan.returns);
                Err(Ending::from_code(code, &text))
            }
        }
    }

    /// From one snapshot to the next.
    fn gap(&self, measure: &mut Measure, before: Instant, now: Instant) {
        let Some(times) = self.shared.stage.times().filter(|_| self.is_honest()) else {
            return;
        };
        if times.baseline.contains(now) {
            measure.baseline_gap.record_due(now - before, self.period());
        } else if before < times.window.end && now >= times.window.start {
            measure.gap.record_due(now - before, self.period());
        }
    }

    /// Counts what is still open at the end with its age so far: a server that
    /// falls silent must not look better than one that is slow.
    pub(super) fn settle(&mut self, now: Instant) {
        if let Some(window) = self.measured() {
            let mut measure = self.shared.measures[self.tally.group].borrow_mut();
            for intended in self.player.open().filter(|moment| window.contains(*moment)) {
                let more = left_out_with(&mut self.left_out, intended);
                measure
                    .latency
                    .record_each(now - intended, self.pacer.period(), more);
                self.tally.inputs.unacknowledged += 1;
            }
            if let Some(arrival) = self.arrival.filter(|arrival| *arrival < window.end) {
                measure.gap.record_due(now - arrival, self.period());
            }
        }
        if let Some(own) = self.player.own() {
            self.tally.points = B::points(own);
        }
    }
}

/// How many inputs were left out when the one for this moment was sent; they are
/// then forgotten, and so are those before.
pub(super) fn left_out_with(left_out: &mut VecDeque<(Instant, u64)>, intended: Instant) -> u64 {
    while let Some((moment, count)) = left_out.front().copied() {
        if moment > intended {
            break;
        }
        left_out.pop_front();
        if moment == intended {
            return count;
        }
    }
    0
}

/// Bytes of a message with its frame header (RFC 6455 section 5.2), without the
/// mask.
pub(super) fn frame_size(payload: usize) -> u64 {
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
    use std::time::Duration;

    #[test]
    fn what_was_left_out_is_found_with_the_input_sent_instead() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut left_out = VecDeque::from([(at(10), 3), (at(50), 7), (at(90), 1)]);
        assert_eq!(left_out_with(&mut left_out, at(0)), 0);
        assert_eq!(left_out_with(&mut left_out, at(50)), 7);
        assert_eq!(left_out_with(&mut left_out, at(10)), 0, "passed over");
        assert_eq!(left_out_with(&mut left_out, at(90)), 1);
        assert!(left_out.is_empty());
    }

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
