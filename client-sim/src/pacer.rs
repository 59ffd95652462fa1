//! When the next input is due.
//!
//! Owns the schedule of one bot: `start + n × period`, absolute, so that neither
//! a late wake-up nor a slow server shifts it. Every latency is taken from the
//! scheduled moment, not from the one the bot got round to it: an input that a
//! stall delayed counts with the whole stall (no coordinated omission).
//!
//! Two things move the schedule, and both are counted. A bot more than
//! [`CATCH_UP`] inputs behind leaves out the rest; the first one it then sends
//! counts from the oldest missed moment, and for each one left out from its own. And it steers as a real client
//! does: inputs that wait at the server tick after tick only add delay, so it
//! *holds* one back. Sans-IO: called by the bot with the time as an argument.

use std::time::{Duration, Instant};

/// Inputs sent at once after a stall; half of what a server lets wait.
pub(crate) const CATCH_UP: u64 = 8;

/// How long inputs must have waited at every tick before one is held back.
const STEER: Duration = Duration::from_secs(1);

/// A bot's schedule.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    start: Instant,
    rate: f64,
    next: u64,
    /// The fewest inputs that waited at the server since `steer_from`.
    least_waiting: u32,
    steer_from: Instant,
}

/// One input that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// When it was to be sent.
    pub(crate) intended: Instant,
    /// How many inputs before it are left out.
    pub(crate) skipped: u64,
}

impl Pacer {
    /// `rate` inputs per second; the first is due at `start`.
    pub(crate) fn new(start: Instant, rate: f64) -> Self {
        Self {
            start,
            rate,
            next: 0,
            least_waiting: u32::MAX,
            steer_from: start,
        }
    }

    /// From one input to the next.
    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate)
    }

    /// Begins anew after a cut: what would have been due meanwhile never was.
    pub(crate) fn restart(&mut self, start: Instant) {
        *self = Self::new(start, self.rate);
    }

    /// When the next input is due.
    pub(crate) fn next(&self) -> Instant {
        self.at(self.next)
    }

    /// The next input, if it is due.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        let intended = self.next();
        let late = now.checked_duration_since(intended)?;
        let behind = (late.as_secs_f64() * self.rate) as u64;
        // Of `behind + 1` due inputs the last ones are sent, at most so many.
        let skipped = (behind + 1).saturating_sub(CATCH_UP);
        self.next += skipped + 1;
        Some(Due { intended, skipped })
    }

    /// So many inputs wait at the server. Says whether one is held back for it.
    pub(crate) fn waiting(&mut self, now: Instant, inputs: u32) -> bool {
        self.least_waiting = self.least_waiting.min(inputs);
        if now < self.steer_from + STEER {
            return false;
        }
        let hold = self.least_waiting > 0;
        if hold {
            self.next += 1;
        }
        self.least_waiting = u32::MAX;
        self.steer_from = now;
        hold
    }

    fn at(&self, number: u64) -> Instant {
        self.start + Duration::from_secs_f64(number as f64 / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at_20_hz() -> (Pacer, Instant) {
        let start = Instant::now();
        (Pacer::new(start, 20.0), start)
    }

    #[test]
    fn a_late_wake_up_does_not_shift_the_schedule() {
        let (mut pacer, start) = at_20_hz();
        assert_eq!(pacer.due(start - MS), None, "not yet");
        for (now, intended) in [(0, 0), (70, 50), (101, 100), (150, 150)] {
            let due = pacer.due(start + now * MS).unwrap();
            assert_eq!(due.intended, start + intended * MS, "at {now} ms");
            assert_eq!(due.skipped, 0);
        }
        assert_eq!(pacer.next(), start + 200 * MS);
    }

    #[test]
    fn what_a_stall_delayed_is_sent_late_and_none_is_lost() {
        let (mut pacer, start) = at_20_hz();
        let now = start + 330 * MS;
        let sent: Vec<_> = std::iter::from_fn(|| pacer.due(now)).collect();
        let intended: Vec<_> = (0..7).map(|n| start + n * 50 * MS).collect();
        assert_eq!(
            sent.iter().map(|due| due.intended).collect::<Vec<_>>(),
            intended
        );
        assert!(sent.iter().all(|due| due.skipped == 0));
    }

    #[test]
    fn a_long_stall_is_caught_up_in_part_and_the_rest_counted() {
        let (mut pacer, start) = at_20_hz();
        let now = start + 10_000 * MS;
        let sent: Vec<_> = std::iter::from_fn(|| pacer.due(now)).collect();
        assert_eq!(sent.len() as u64, CATCH_UP);
        assert_eq!(
            sent.iter().map(|due| due.skipped).sum::<u64>(),
            201 - CATCH_UP
        );
        assert_eq!(sent[0].intended, start, "the whole stall is in its latency");
        assert_eq!(pacer.next(), start + 10_050 * MS, "back on the schedule");
    }

    #[test]
    fn after_a_cut_nothing_is_caught_up() {
        let (mut pacer, start) = at_20_hz();
        pacer.due(start);
        let back = start + 10_010 * MS;
        pacer.restart(back);
        let due = pacer.due(back);
        assert_eq!(due.map(|due| (due.intended, due.skipped)), Some((back, 0)));
        assert_eq!(pacer.next(), back + 50 * MS);
    }

    #[test]
    fn an_input_is_held_back_only_if_one_waited_at_every_tick() {
        for (waiting, held) in [([1, 1, 2], true), ([1, 0, 2], false), ([0, 0, 0], false)] {
            let (mut pacer, start) = at_20_hz();
            let holds: Vec<_> = (0..3)
                .map(|n| pacer.waiting(start + n * 500 * MS, waiting[n as usize]))
                .collect();
            assert_eq!(holds, [false, false, held], "{waiting:?}");
            assert_eq!(pacer.next() > start, held, "{waiting:?}");
        }
    }
}
