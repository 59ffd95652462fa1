//! One direction of a line, without a socket: bytes go in, and come out when they
//! would have arrived.
//!
//! Owns the arithmetic of arrival. A piece leaves the sender when the pieces before it
//! are through (rate), travels for the delay and its jitter, waits out a stall, and
//! never overtakes. Sans-IO and seeded.

use super::Conditions;
use bytes::Bytes;
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes that may be on their way; more are not taken. As much as a receive buffer of
/// this size lets a sender have in flight.
pub(super) const CAPACITY: usize = 64 << 10;

/// A direction.
#[derive(Debug)]
pub(super) struct Lane {
    conditions: Conditions,
    rng: Lcg64Xsh32,
    queue: VecDeque<(Instant, Bytes)>,
    bytes: usize,
    /// When the line's sender is free again.
    free: Instant,
    /// Nothing arrives before what was sent earlier.
    last: Instant,
}

impl Lane {
    pub(super) fn new(conditions: Conditions, rng: Lcg64Xsh32, now: Instant) -> Self {
        Self {
            conditions,
            rng,
            queue: VecDeque::new(),
            bytes: 0,
            free: now,
            last: now,
        }
    }

    /// How many bytes more it takes.
    pub(super) fn room(&self) -> usize {
        CAPACITY.saturating_sub(self.bytes)
    }

    /// Sends a piece.
    pub(super) fn put(&mut self, now: Instant, piece: Bytes, stalled: &mut Stalled) {
        self.bytes += piece.len();
        let due = self.arrival(now, piece.len(), stalled);
        self.queue.push_back((due, piece));
    }

    /// When something of this size, sent now, arrives.
    pub(super) fn arrival(&mut self, now: Instant, size: usize, stalled: &mut Stalled) -> Instant {
        let Conditions {
            delay,
            jitter,
            rate,
            ..
        } = self.conditions;
        self.free = self.free.max(now);
        if let Some(rate) = rate {
            self.free += Duration::from_secs_f64(size as f64 / rate);
        }
        // From `delay - jitter` to `delay + jitter`, but not before it was sent.
        let spread = (jitter * 2).mul_f64(self.rng.random_range(0.0..1.0));
        let travel = (delay + spread).saturating_sub(jitter);
        self.last = stalled.over(self.free + travel).max(self.last);
        self.last
    }

    /// When the next piece arrives.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.front().map(|(due, _)| *due)
    }

    /// What has arrived and was not taken yet.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<&mut Bytes> {
        let (due, piece) = self.queue.front_mut()?;
        (*due <= now).then_some(piece)
    }

    /// So many bytes of it were taken.
    pub(super) fn took(&mut self, bytes: usize) {
        self.bytes -= bytes;
        if self
            .queue
            .front()
            .is_some_and(|(_, piece)| piece.is_empty())
        {
            self.queue.pop_front();
        }
    }
}

/// The times in which a line stands still, both lanes alike.
#[derive(Debug)]
pub(super) struct Stalled {
    conditions: Conditions,
    rng: Lcg64Xsh32,
    /// Whole seconds up to here have been drawn.
    drawn: Instant,
    /// Drawn and not over, as far as is known.
    ahead: VecDeque<(Instant, Instant)>,
}

impl Stalled {
    pub(super) fn new(conditions: Conditions, rng: Lcg64Xsh32, now: Instant) -> Self {
        Self {
            conditions,
            rng,
            drawn: now,
            ahead: VecDeque::new(),
        }
    }

    /// The first moment from this one on at which the line does not stand still.
    fn over(&mut self, moment: Instant) -> Instant {
        const SECOND: Duration = Duration::from_secs(1);
        let Some(stalls) = self.conditions.stalls else {
            return moment;
        };
        while self.drawn <= moment {
            if self.rng.random_bool(stalls.chance) {
                let from = self.drawn + SECOND.mul_f64(self.rng.random_range(0.0..1.0));
                self.ahead.push_back((from, from + stalls.length));
            }
            self.drawn += SECOND;
        }
        // Long stalls overlap: the end of one may lie within the next.
        let mut open = moment;
        for (from, to) in &self.ahead {
            if (*from..*to).contains(&open) {
                open = *to;
            }
        }
        // The lanes differ by a delay and a full buffer at most; a minute is plenty.
        let past = |(_, to): &(Instant, Instant)| *to + Duration::from_secs(60) < moment;
        while self.ahead.front().is_some_and(past) {
            self.ahead.pop_front();
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;

    const MS: Duration = Duration::from_millis(1);

    /// Arrivals in ms of pieces sent every `gap` ms.
    fn arrivals(text: &str, size: usize, gap: u32, count: u32) -> Vec<f64> {
        let conditions = text.parse().unwrap();
        let start = Instant::now();
        let mut stalled = Stalled::new(conditions, generator(5, 1), start);
        let mut lane = Lane::new(conditions, generator(5, 2), start);
        (0..count)
            .map(|n| {
                let due = lane.arrival(start + gap * n * MS, size, &mut stalled);
                (due - start).as_secs_f64() * 1e3
            })
            .collect()
    }

    #[test]
    fn a_delay_shifts_and_nothing_else() {
        assert_eq!(
            arrivals("delay=80ms", 100, 50, 4),
            [80.0, 130.0, 180.0, 230.0]
        );
    }

    #[test]
    fn jitter_spreads_and_keeps_the_order() {
        let all = arrivals("delay=80ms,jitter=40ms", 100, 5, 2000);
        assert!(all.is_sorted(), "somebody overtook");
        let delays = all.iter().enumerate().map(|(n, at)| at - 5.0 * n as f64);
        let (least, most) = delays.fold((f64::MAX, 0.0_f64), |(least, most), delay| {
            (least.min(delay), most.max(delay))
        });
        assert!((40.0..60.0).contains(&least), "{least}");
        assert!((100.0..=120.0).contains(&most), "{most}");
    }

    #[test]
    fn a_rate_lets_so_many_bytes_through_and_no_more() {
        // 10 pieces of 1,000 bytes at once at 10 KB/s: one every 100 ms.
        let all = arrivals("rate=10KB/s,delay=7ms", 1000, 0, 10);
        let expected: Vec<_> = (1..=10).map(|n| 100.0 * f64::from(n) + 7.0).collect();
        for (got, expected) in all.iter().zip(expected) {
            assert!((got - expected).abs() < 0.01, "{got}, not {expected}");
        }
        // Below the rate nothing waits.
        let all = arrivals("rate=10KB/s", 100, 50, 3);
        assert!((all[2] - 110.0).abs() < 0.01, "{all:?}");
    }

    #[test]
    fn stalls_hold_everything_back_as_often_as_was_asked_for() {
        let all = arrivals("stall=500ms@20%", 100, 10, 100_000);
        assert!(all.is_sorted());
        // A thousand seconds, of which about every fifth begins a stall.
        let held = all.windows(2).filter(|two| two[1] - two[0] > 300.0).count();
        assert!((120..=230).contains(&held), "{held} stalls");
        let late = all.iter().enumerate().map(|(n, at)| at - 10.0 * n as f64);
        let most = late.fold(0.0, f64::max);
        assert!((499.0..4000.0).contains(&most), "{most}");
        assert!(arrivals("stall=500ms@0%", 100, 10, 10_000).last() == Some(&99_990.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_line() {
        let text = "delay=50ms,jitter=30ms,stall=1s@5%,rate=20KB/s";
        assert_eq!(arrivals(text, 300, 20, 500), arrivals(text, 300, 20, 500));
    }
}
