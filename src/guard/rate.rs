//! How often something may happen: a token bucket in one instant, and what comes of
//! asking for more.
//!
//! Instead of tokens it keeps the time at which the bucket would be full again
//! (the generic cell rate algorithm, ITU-T I.371), so that nothing has to be
//! refilled. Time is an argument.

use crate::config::Settings;
use std::time::{Duration, Instant};

/// The rate and depth of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    period: Duration,
    depth: Duration,
}

impl Rate {
    /// `per_second` times a second sustained (at least once), and `burst` at once
    /// beyond one second's worth: what a link that stalled for a second delivers in
    /// one go is honest.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let period = Duration::from_secs(1) / per_second.max(1);
        Self {
            period,
            depth: Duration::from_secs(1) + period * burst,
        }
    }
}

/// One peer's bucket; full at first.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes `tokens`; `false` if there are not as many, and then none is taken.
    pub fn take(&mut self, rate: Rate, tokens: u32, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + rate.period * tokens;
        let allowed = full_at - now <= rate.depth;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

/// Within this time one excess after another is the same flood.
const PAUSE: Duration = Duration::from_secs(1);
/// How many times what a full bucket allows may be dropped of one flood: reading it
/// costs, whether it is used or not.
const MOST: u32 = 4;

/// What a session may send.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    messages: Rate,
    bytes: Rate,
    most: u32,
    patience: Duration,
}

impl Quota {
    /// By the settings of a server.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let (rate, burst) = (settings.messages_per_second(), settings.message_burst);
        let largest = u32::try_from(settings.max_message).unwrap_or(u32::MAX);
        Self {
            messages: Rate::new(rate, burst),
            bytes: Rate::new(settings.byte_rate, largest),
            most: rate.saturating_add(burst).saturating_mul(MOST),
            patience: settings.flood_timeout,
        }
    }
}

/// What becomes of something a session sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is used.
    Good,
    /// It is dropped, for the first time in this session or not.
    Drop {
        /// Worth a word in the log, once.
        first: bool,
    },
    /// It has gone on for too long: the session ends.
    End,
}

/// One session's consumption.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    messages: Bucket,
    bytes: Bucket,
    flood: Option<Flood>,
    warned: bool,
}

/// Excess without a pause.
#[derive(Clone, Copy, Debug)]
struct Flood {
    since: Instant,
    last: Instant,
    dropped: u32,
}

impl Meter {
    /// Of a session that has sent nothing yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            messages: Bucket::new(now),
            bytes: Bucket::new(now),
            flood: None,
            warned: false,
        }
    }

    /// Something of this many bytes was sent.
    pub fn take(&mut self, quota: &Quota, bytes: usize, now: Instant) -> Verdict {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if self.messages.take(quota.messages, 1, now) && self.bytes.take(quota.bytes, bytes, now) {
            return Verdict::Good;
        }
        let last = self.flood.filter(|flood| now < flood.last + PAUSE);
        let (since, dropped) = last.map_or((now, 0), |flood| (flood.since, flood.dropped));
        if now.duration_since(since) >= quota.patience || dropped >= quota.most {
            return Verdict::End;
        }
        self.flood = Some(Flood {
            since,
            last: now,
            dropped: dropped + 1,
        });
        Verdict::Drop {
            first: !std::mem::replace(&mut self.warned, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many one by one as come `every` so often for `time`; what became of
    /// them, and when it ended.
    fn send(
        change: impl FnOnce(&mut Settings),
        every: Duration,
        time: Duration,
    ) -> (u32, u32, Option<Duration>) {
        let mut settings = Settings {
            message_rate: Some(60),
            message_burst: 20,
            ..Settings::default()
        };
        change(&mut settings);
        let (quota, start) = (Quota::new(&settings), Instant::now());
        let mut meter = Meter::new(start);
        let (mut good, mut dropped, mut at) = (0, 0, Duration::ZERO);
        while at <= time {
            match meter.take(&quota, 1000, start + at) {
                Verdict::Good => good += 1,
                Verdict::Drop { first } => {
                    assert_eq!(first, dropped == 0, "told once");
                    dropped += 1;
                }
                Verdict::End => return (good, dropped, Some(at)),
            }
            at += every;
        }
        (good, dropped, None)
    }

    #[test]
    fn excess_is_dropped_and_ends_only_if_it_goes_on() {
        let minute = Duration::from_secs(60);
        let ms = Duration::from_millis;
        let (_, dropped, end) = send(|s| s.byte_rate = 1 << 20, ms(17), minute);
        assert_eq!((dropped, end), (0, None), "within the rate");

        // Twice the rate: a second and a bit on credit, then three seconds' patience.
        let (_, dropped, end) = send(|s| s.byte_rate = 1 << 20, ms(8), minute);
        let end = end.expect("it goes on");
        assert!(end > ms(4000) && end < ms(5000), "{end:?}");
        assert!(dropped > 100, "{dropped}");

        // Everything at once: as much as is worth reading.
        let (good, dropped, end) = send(|s| s.byte_rate = 1 << 20, ms(0), ms(0).max(ms(1)));
        assert_eq!((good, dropped, end), (80, 320, Some(ms(0))));

        let (good, dropped, end) = send(|s| s.flood_timeout = ms(0), ms(0), ms(1));
        assert_eq!((good, dropped, end), (80, 0, Some(ms(0))), "no patience");
    }

    #[test]
    fn bytes_count_apart_from_messages() {
        let slow = Duration::from_millis(100);
        let by_bytes = |s: &mut Settings| {
            s.byte_rate = 5000;
            s.max_message = 2000;
        };
        let (good, _, end) = send(by_bytes, slow, Duration::from_secs(60));
        let end = end.expect("twice the bytes");
        // Seven kilobytes on credit, and five per second since.
        let expected = 7.0 + 5.0 * end.as_secs_f64();
        assert!(
            (f64::from(good) - expected).abs() < 2.0,
            "{good} in {end:?}"
        );
    }

    #[test]
    fn a_pause_ends_a_flood() {
        let settings = Settings::default();
        let (quota, start) = (Quota::new(&settings), Instant::now());
        let mut meter = Meter::new(start);
        // A flood of a moment each two seconds, for minutes.
        for round in 0..100u32 {
            let now = start + Duration::from_secs(2) * round;
            for _ in 0..200 {
                assert_ne!(meter.take(&quota, 10, now), Verdict::End, "round {round}");
            }
        }
    }

    #[test]
    fn a_full_bucket_gives_a_seconds_worth_and_the_burst() {
        let (rate, now) = (Rate::new(10, 5), Instant::now());
        let mut bucket = Bucket::new(now);
        let taken = (0..100).filter(|_| bucket.take(rate, 1, now)).count();
        assert_eq!(taken, 15, "ten per second and five beyond");
    }

    #[test]
    fn an_empty_bucket_fills_at_the_rate() {
        let (rate, start) = (Rate::new(10, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        while bucket.take(rate, 1, start) {}
        let later = start + Duration::from_millis(305);
        let taken = (0..100).filter(|_| bucket.take(rate, 1, later)).count();
        assert_eq!(taken, 3, "one each 100 ms");
    }

    #[test]
    fn the_sustained_rate_never_runs_dry() {
        let (rate, start) = (Rate::new(60, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        for step in 0..10_000u32 {
            assert!(
                bucket.take(rate, 1, start + rate.period * step),
                "step {step}"
            );
        }
    }

    #[test]
    fn a_long_silence_saves_no_more_than_the_depth() {
        let (rate, start) = (Rate::new(10, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        let later = start + Duration::from_secs(3600);
        let taken = (0..100).filter(|_| bucket.take(rate, 1, later)).count();
        assert_eq!(taken, 10);
    }
}
