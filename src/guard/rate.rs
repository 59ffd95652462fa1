//! How often something may happen: a token bucket in one instant.
//!
//! Instead of tokens it keeps the time at which the bucket would be full again
//! (the generic cell rate algorithm, ITU-T I.371), so that nothing has to be
//! refilled. Time is an argument.

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

    /// Takes a token; `false` if there is none, and then nothing is taken.
    pub fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + rate.period;
        let allowed = full_at - now <= rate.depth;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_gives_a_seconds_worth_and_the_burst() {
        let (rate, now) = (Rate::new(10, 5), Instant::now());
        let mut bucket = Bucket::new(now);
        let taken = (0..100).filter(|_| bucket.take(rate, now)).count();
        assert_eq!(taken, 15, "ten per second and five beyond");
    }

    #[test]
    fn an_empty_bucket_fills_at_the_rate() {
        let (rate, start) = (Rate::new(10, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        while bucket.take(rate, start) {}
        let later = start + Duration::from_millis(305);
        let taken = (0..100).filter(|_| bucket.take(rate, later)).count();
        assert_eq!(taken, 3, "one each 100 ms");
    }

    #[test]
    fn the_sustained_rate_never_runs_dry() {
        let (rate, start) = (Rate::new(60, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        for step in 0..10_000u32 {
            assert!(bucket.take(rate, start + rate.period * step), "step {step}");
        }
    }

    #[test]
    fn a_long_silence_saves_no_more_than_the_depth() {
        let (rate, start) = (Rate::new(10, 0), Instant::now());
        let mut bucket = Bucket::new(start);
        let later = start + Duration::from_secs(3600);
        let taken = (0..100).filter(|_| bucket.take(rate, later)).count();
        assert_eq!(taken, 10);
    }
}
