//! Whether anything grew, leaked or drifted.
//!
//! Owns the limits. Each figure fails only beyond its own noise: a short soak says
//! little, and says so by a wide interval. Sans-IO, so that made-up soaks test it.

use super::trend::{Trend, median_of, trend};
use super::watch::{Sample, Seen};
use anyhow::Context;
use serde::Serialize;
use std::time::Duration;

/// Growth up to this part of the memory is none: allocators keep what they had.
const GROWTH: f64 = 0.02;
/// Nor is growth up to so many bytes.
const LEAST_GROWTH: f64 = 256.0 * 1024.0;
/// Ticks per hour that a server may be off.
const DRIFT: f64 = 1.0;
/// Sessions that may be on their way in or out, of all bots, at any one moment.
const ON_THE_WAY: f64 = 0.02;
/// Who comes or goes may be on his way for so many seconds.
const WAY: f64 = 0.2;

/// What is known beside the readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) bots: u32,
    /// Bots that leave, come or are cut, per second.
    pub(super) churn: f64,
    pub(super) tick_rate: Option<u32>,
    pub(super) warm_up: Duration,
}

/// See the fields.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judgement {
    /// Readings after the warm-up.
    pub(super) readings: usize,
    /// Readings that failed.
    pub(super) unread: u32,
    pub(super) memory: Memory,
    pub(super) sessions: Sessions,
    pub(super) ticks: Ticks,
}

/// Resident memory of the server, after the warm-up.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Memory {
    pub(super) median_bytes: f64,
    /// Bytes per hour, with its interval.
    pub(super) per_hour: Option<Trend>,
    /// What it grew by at least, if anything, with 99 %.
    pub(super) grown_bytes: f64,
    /// More than this fails.
    pub(super) allowed_bytes: f64,
}

/// Sessions and players, by the server's counts beside what the bots know.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sessions {
    /// Sessions of the server less bots that are connected: the median of the second
    /// half.
    pub(super) surplus: f64,
    pub(super) allowed_surplus: f64,
    /// Sessions left when all bots had left.
    pub(super) left_behind: f64,
    /// Players left in rooms, likewise, when nobody could come back any more.
    pub(super) players_left_behind: f64,
}

/// Ticks of the server beside this machine's clock.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ticks {
    pub(super) made: f64,
    /// Left out under overload: told, counted, and no drift.
    pub(super) skipped: f64,
    /// Ticks made or left out beyond those due, per hour, with its interval.
    pub(super) drift_per_hour: Option<Trend>,
}

/// Judges what was seen.
///
/// # Errors
/// If too little was seen.
pub(super) fn judge(seen: &Seen, known: &Known) -> anyhow::Result<Judgement> {
    let warm_up = known.warm_up.as_secs_f64();
    let after: Vec<_> = seen
        .samples
        .iter()
        .filter(|sample| sample.at >= warm_up)
        .copied()
        .collect();
    let last = after.last().context("no reading after the warm-up")?;
    let first = after.first().context("no reading after the warm-up")?;
    let hours = |sample: &Sample| (sample.at - first.at) / 3600.0;

    let points: Vec<_> = after
        .iter()
        .map(|sample| (hours(sample), sample.counts.memory))
        .collect();
    let per_hour = trend(&points);
    let median = median_of(points.iter().map(|(_, bytes)| *bytes));
    let memory = Memory {
        median_bytes: median,
        per_hour,
        grown_bytes: per_hour.map_or(0.0, |trend| trend.low.max(0.0) * hours(last)),
        allowed_bytes: (median * GROWTH).max(LEAST_GROWTH),
    };

    let strangers = seen.before.sessions;
    let surplus = after[after.len() / 2..]
        .iter()
        .map(|sample| sample.counts.sessions - strangers - sample.present);
    let sessions = Sessions {
        surplus: median_of(surplus),
        allowed_surplus: (f64::from(known.bots) * ON_THE_WAY)
            .max(known.churn * WAY)
            .max(3.0),
        left_behind: seen.after.sessions - seen.before.sessions,
        players_left_behind: seen.after.members - seen.before.members,
    };

    let due = |sample: &Sample| {
        let rate = f64::from(known.tick_rate?) * sample.counts.rooms;
        let is_same = sample.counts.rooms == first.counts.rooms;
        let made = sample.counts.ticks + sample.counts.skipped;
        let began = first.counts.ticks + first.counts.skipped;
        let off = made - began - rate * (sample.at - first.at);
        // Rooms that come and go tick for a part of the time.
        is_same.then(|| (hours(sample), off))
    };
    let off: Vec<_> = after.iter().filter_map(due).collect();
    let ticks = Ticks {
        made: last.counts.ticks - first.counts.ticks,
        skipped: last.counts.skipped - first.counts.skipped,
        drift_per_hour: trend(&off),
    };
    Ok(Judgement {
        readings: after.len(),
        unread: seen.failed,
        memory,
        sessions,
        ticks,
    })
}

impl Memory {
    pub(super) fn is_good(&self) -> bool {
        self.grown_bytes <= self.allowed_bytes
    }
}

impl Sessions {
    pub(super) fn is_good(&self) -> bool {
        self.surplus.abs() <= self.allowed_surplus
            && self.left_behind <= 0.0
            && self.players_left_behind <= 0.0
    }
}

impl Ticks {
    pub(super) fn is_good(&self) -> bool {
        let drift = self.drift_per_hour;
        drift.is_some_and(|drift| {
            let is_small = drift.slope.abs() <= DRIFT;
            is_small || (drift.low <= DRIFT && drift.high >= -DRIFT)
        })
    }
}

impl Judgement {
    /// A line for each thing that failed.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let Self {
            memory,
            sessions,
            ticks,
            ..
        } = self;
        if !memory.is_good() {
            failures.push(format!(
                "memory grew by at least {:.0} KiB, allowed are {:.0}",
                memory.grown_bytes / 1024.0,
                memory.allowed_bytes / 1024.0
            ));
        }
        if !sessions.is_good() {
            failures.push(format!(
                "sessions leaked: {:+.0} while the bots played, {:+.0} after they left, {:+.0} players",
                sessions.surplus, sessions.left_behind, sessions.players_left_behind
            ));
        }
        if !ticks.is_good() {
            failures.push(match ticks.drift_per_hour {
                Some(drift) => format!("ticks drift: {:+.2} an hour", drift.slope),
                None => "ticks drift: too few readings to tell".into(),
            });
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;
    use crate::soak::watch::Counts;
    use rand::RngExt;

    const MIB: f64 = 1024.0 * 1024.0;

    /// Half an hour at 30 Hz with 500 bots, read every second, changed by `change`.
    fn soak(change: impl Fn(&mut Sample)) -> Seen {
        let mut rng = generator(1, 1);
        let samples = (0..1800).map(|second| {
            let at = f64::from(second) + rng.random_range(0.0..0.02);
            // The first minutes it grows, as every server does.
            let warm = 4.0 * MIB * (-at / 60.0).exp();
            let present = 490.0 + f64::from(rng.random_range(0..10));
            let mut sample = Sample {
                at,
                present,
                counts: Counts {
                    memory: 12.0 * MIB - warm + rng.random_range(-60_000.0..60_000.0),
                    sessions: present + f64::from(rng.random_range(0..3)),
                    members: 505.0,
                    limbo: 5.0,
                    rooms: 1.0,
                    ticks: (at * 30.0).floor() - 8.0,
                    skipped: 8.0,
                },
            };
            change(&mut sample);
            sample
        });
        Seen {
            samples: samples.collect(),
            ..Seen::default()
        }
    }

    fn failures(seen: &Seen) -> String {
        failures_with(seen, 12.5)
    }

    fn failures_with(seen: &Seen, churn: f64) -> String {
        let known = Known {
            bots: 500,
            churn,
            tick_rate: Some(30),
            warm_up: Duration::from_secs(360),
        };
        judge(seen, &known).unwrap().failures().join("; ")
    }

    #[test]
    fn a_good_soak_has_no_failures() {
        assert_eq!(failures(&soak(|_| ())), "");
    }

    #[test]
    fn what_goes_wrong_is_named() {
        let seen = soak(|sample| sample.counts.memory += sample.at * 1000.0);
        assert!(
            failures(&seen).starts_with("memory grew by at least 1"),
            "a MB in half an hour"
        );
        let seen = soak(|sample| sample.counts.sessions += sample.at / 60.0);
        assert!(failures(&seen).starts_with("sessions leaked: +2"));
        let seen = soak(|sample| sample.counts.ticks += (sample.at / 200.0).floor());
        assert!(failures(&seen).starts_with("ticks drift: +"));
        let seen = soak(|sample| sample.counts.ticks -= (sample.at * 0.003).floor());
        assert!(failures(&seen).starts_with("ticks drift: -10."));
    }

    #[test]
    fn ticks_left_out_are_counted_and_no_drift() {
        let seen = soak(|sample| {
            let lost = (sample.at / 10.0).floor();
            sample.counts.ticks -= lost;
            sample.counts.skipped += lost;
        });
        assert_eq!(failures(&seen), "");
    }

    #[test]
    fn who_is_on_his_way_has_not_leaked_however_many_come_and_go() {
        let seen = soak(|sample| sample.counts.sessions += 12.0);
        assert!(failures(&seen).starts_with("sessions leaked: +1"));
        assert_eq!(failures_with(&seen, 250.0), "");
    }

    #[test]
    fn who_is_left_behind_at_the_end_has_leaked() {
        let mut seen = soak(|_| ());
        seen.after.sessions = 1.0;
        assert!(failures(&seen).contains("+1 after they left"));
        seen.after.sessions = 0.0;
        seen.after.members = 2.0;
        assert!(failures(&seen).contains("+2 players"));
        seen.before.members = 2.0;
        assert_eq!(failures(&seen), "", "they were there before");
    }

    #[test]
    fn a_soak_without_readings_is_no_good_soak() {
        let known = Known {
            bots: 1,
            churn: 0.0,
            tick_rate: Some(30),
            warm_up: Duration::ZERO,
        };
        assert!(judge(&Seen::default(), &known).is_err());
    }
}
