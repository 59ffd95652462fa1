//! What is measured of many bots: a few histograms per thread, a few counters per
//! bot. Bots that misbehave measure nothing but how that ended.
//!
//! A histogram takes about 150 kB, so bots share one per thread (which is why no
//! lock is needed) and they are merged at the end.

use crate::bot::Points;
use crate::ending::Ending;
use crate::scenario::Role;
use hdrhistogram::{CreationError, Histogram};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Durations, with a resolution of 1 µs or 0.1 %, up to a minute; longer ones
/// count as a minute. Between processes it travels as pairs of value and count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub(crate) struct Durations(Histogram<u64>);

impl Durations {
    const MOST: u64 = 60_000_000;

    fn new() -> Result<Self, CreationError> {
        Histogram::new_with_bounds(1, Self::MOST, 3).map(Self)
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(Self::MOST);
        self.0.saturating_record(micros.min(Self::MOST));
    }

    /// Records what one duration stands for: itself, and each of the `more` that
    /// should have come at intervals of `period` within it and waited the less.
    pub(crate) fn record_each(&mut self, longest: Duration, period: Duration, more: u64) {
        self.record(longest);
        let mut left = longest;
        for _ in 0..more {
            match left.checked_sub(period) {
                Some(less) if !less.is_zero() && !period.is_zero() => self.record(less),
                _ => return,
            }
            left -= period;
        }
    }

    /// Records a gap between things that are due once per `period`. A gap of a
    /// second in which thirty were due counts for each of the thirty, with the time
    /// it still had to wait: recorded as one value it would be lost among the
    /// many good ones (coordinated omission).
    pub(crate) fn record_due(&mut self, gap: Duration, period: Duration) {
        let due = gap.as_secs_f64() / period.as_secs_f64().max(1e-6);
        let most = Duration::from_micros(Self::MOST);
        self.record_each(gap.min(most), period, (due as u64).saturating_sub(1));
    }

    /// The duration in milliseconds that this part (0–1) of all does not exceed;
    /// `None` if there are none.
    pub(crate) fn quantile_ms(&self, part: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(part) as f64 / 1e3)
    }

    /// The longest, in milliseconds; `None` if there are none.
    pub(crate) fn max_ms(&self) -> Option<f64> {
        self.quantile_ms(1.0)
    }

    fn add(&mut self, other: &Self) {
        // Same bounds on both sides: it cannot fail.
        let _ = self.0.add(&other.0);
    }
}

impl From<Durations> for Vec<(u64, u64)> {
    fn from(durations: Durations) -> Self {
        let recorded = durations.0.iter_recorded();
        recorded
            .map(|step| (step.value_iterated_to(), step.count_at_value()))
            .collect()
    }
}

impl TryFrom<Vec<(u64, u64)>> for Durations {
    type Error = CreationError;

    fn try_from(recorded: Vec<(u64, u64)>) -> Result<Self, CreationError> {
        let mut durations = Self::new()?;
        for (value, count) in recorded {
            durations
                .0
                .saturating_record_n(value.min(Self::MOST), count);
        }
        Ok(durations)
    }
}

/// What the bots of one thread measure together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measure {
    /// From one snapshot's arrival to the next, for each that was due in between.
    pub(crate) gap: Durations,
    /// The same within the baseline.
    pub(crate) baseline_gap: Durations,
    /// From an input's scheduled moment to the snapshot that acknowledges it; one
    /// that was left out counts as well, with the one sent instead.
    pub(crate) latency: Durations,
    /// From an input's scheduled moment to its sending, or that of the one instead.
    pub(crate) lateness: Durations,
    /// From a returning bot's first try to its first snapshot.
    pub(crate) resume: Durations,
}

impl Measure {
    /// # Errors
    /// [`CreationError`], which the fixed bounds never give.
    pub(crate) fn new() -> Result<Self, CreationError> {
        Ok(Self {
            gap: Durations::new()?,
            baseline_gap: Durations::new()?,
            latency: Durations::new()?,
            lateness: Durations::new()?,
            resume: Durations::new()?,
        })
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.gap.add(&other.gap);
        self.baseline_gap.add(&other.baseline_gap);
        self.latency.add(&other.latency);
        self.lateness.add(&other.lateness);
        self.resume.add(&other.resume);
    }
}

/// What one bot counts, within the measured window unless said otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) role: Role,
    /// Which group it belongs to.
    pub(crate) group: usize,
    /// How often it left, to come again as somebody new.
    pub(crate) leaves: u32,
    /// How long it was away by its own will.
    pub(crate) away: Duration,
    /// How its misbehaviour went; `None` if it never came to it. At any time.
    pub(crate) hang: Option<Hang>,
    /// Links cut on purpose.
    pub(crate) cuts: u32,
    /// Those of them after which it had its player back.
    pub(crate) resumes: u32,
    /// What the server told at the welcome; `None` if there was none.
    pub(crate) rates: Option<Rates>,
    /// Why it did not stay to the end; `None` if it did. At any time.
    pub(crate) ending: Option<Ending>,
    pub(crate) snapshots: u64,
    /// Bytes of the snapshots alone.
    pub(crate) snapshot_bytes: u64,
    /// Entities in sight, summed over the snapshots.
    pub(crate) visible: u64,
    pub(crate) visible_max: u64,
    /// Bytes of all messages from the server, with their frame headers.
    pub(crate) bytes_down: u64,
    /// The same to the server.
    pub(crate) bytes_up: u64,
    pub(crate) inputs: Inputs,
    /// At the end.
    pub(crate) points: Points,
}

/// What the server told a bot of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rates {
    pub(crate) tick: u32,
    pub(crate) snapshot: u32,
}

/// What became of inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs {
    pub(crate) sent: u64,
    /// Left out because the bot was too far behind.
    pub(crate) skipped: u64,
    /// Held back because inputs waited at the server all the time.
    pub(crate) held: u64,
    /// Sent and not acknowledged by the end; they count with their age.
    pub(crate) unacknowledged: u64,
    /// Not acknowledged when the link was cut.
    pub(crate) cut: u64,
}

impl std::iter::Sum for Inputs {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |all, one| Self {
            sent: all.sent + one.sent,
            skipped: all.skipped + one.skipped,
            held: all.held + one.held,
            unacknowledged: all.unacknowledged + one.unacknowledged,
            cut: all.cut + one.cut,
        })
    }
}

/// What became of a connection that hung on without playing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hang {
    /// The server's way out of it; `None` if there was none.
    pub(crate) ended: Option<Ended>,
}

/// The end of a misbehaving connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// How long it lasted.
    pub(crate) after: Duration,
    /// The label of the server's last word.
    pub(crate) label: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_timeline_are_right() {
        let mut durations = Durations::new().unwrap();
        assert_eq!(
            durations.max_ms(),
            None,
            "nothing recorded, nothing claimed"
        );
        for ms in 1..=1000 {
            durations.record(Duration::from_millis(ms));
        }
        for (part, expected) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1000.0)] {
            let got = durations.quantile_ms(part).unwrap();
            assert!((got / expected - 1.0).abs() < 0.002, "{part}: {got} ms");
        }
    }

    #[test]
    fn one_long_gap_counts_for_all_that_was_due_in_it() {
        const PERIOD: Duration = Duration::from_millis(50);
        let mut gaps = Durations::new().unwrap();
        for _ in 0..90 {
            gaps.record_due(PERIOD, PERIOD);
        }
        gaps.record_due(Duration::from_millis(74), PERIOD);
        assert_eq!(gaps.0.len(), 91, "a late one is one");
        // Ten were due in this half second: a tenth of all, not a hundredth.
        gaps.record_due(Duration::from_millis(500), PERIOD);
        assert_eq!(gaps.0.len(), 101);
        let p99 = gaps.quantile_ms(0.99).unwrap();
        assert!((450.0..=500.5).contains(&p99), "{p99} ms");
        let p95 = gaps.quantile_ms(0.95).unwrap();
        assert!((200.0..=300.5).contains(&p95), "{p95} ms");
        gaps.record_due(Duration::from_secs(86_400), PERIOD);
        assert!(gaps.0.len() < 2000, "a day is a minute");
    }

    #[test]
    fn a_histogram_survives_the_way_to_another_process() {
        let mut durations = Durations::new().unwrap();
        for ms in (1..=3000).step_by(7) {
            durations.record(Duration::from_millis(ms));
        }
        let text = serde_json::to_string(&durations).unwrap();
        let back: Durations = serde_json::from_str(&text).unwrap();
        assert_eq!(back.0.len(), durations.0.len());
        for part in [0.0, 0.5, 0.99, 1.0] {
            assert_eq!(back.quantile_ms(part), durations.quantile_ms(part));
        }
    }

    #[test]
    fn two_threads_merge_into_one() {
        let (mut one, mut two) = (Measure::new().unwrap(), Measure::new().unwrap());
        one.gap.record(Duration::from_millis(10));
        two.gap.record(Duration::from_secs(3600));
        one.add(&two);
        assert!((one.gap.quantile_ms(0.5).unwrap() - 10.0).abs() < 0.1);
        assert!(
            (one.gap.max_ms().unwrap() / 60_000.0 - 1.0).abs() < 0.002,
            "cut at a minute"
        );
    }
}
