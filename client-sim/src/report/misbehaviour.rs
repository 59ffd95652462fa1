//! What the report says of those who misbehave, and of those who came back.
//!
//! Owns the names and units of these keys. `…_ended` counts whom the server ended
//! before the run was over, `…_ended_by` says with which last word.

use super::{Gaps, ratio};
use crate::ending::Kind;
use crate::hostile::Hostile;
use crate::measure::{Hang, Tally};
use crate::scenario::Role;
use crate::swarm::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A part of the report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Misbehaviour {
    /// Bots that stopped reading and acknowledging.
    pub(crate) stalled: u32,
    pub(crate) stalled_ended: u32,
    /// From the moment they stopped.
    pub(crate) stalled_ended_s: Seconds,
    pub(crate) stalled_ended_by: BTreeMap<String, u32>,
    /// Bots that read and sent a byte a second.
    pub(crate) trickling: u32,
    pub(crate) trickling_ended: u32,
    /// From the moment they began to.
    pub(crate) trickling_ended_s: Seconds,
    pub(crate) trickling_ended_by: BTreeMap<String, u32>,
    /// Links cut on purpose.
    pub(crate) cuts: u32,
    /// Cuts after which the bot had the same player with no fewer points.
    pub(crate) resumes: u32,
    /// Bots that did not get their player back.
    pub(crate) resume_failures: u32,
    /// From a bot's first try to come back, the pause before it included, to its
    /// first snapshot.
    pub(crate) resume_ms: Option<Gaps>,
    /// Connections that sent garbage, each time one was made.
    pub(crate) garbage: u64,
    pub(crate) garbage_messages: u64,
    pub(crate) garbage_ended: BTreeMap<String, u32>,
    /// Connections that sent a byte of a request's head a second.
    pub(crate) loris: u32,
    pub(crate) loris_ended: u32,
    /// From their connection's beginning.
    pub(crate) loris_ended_s: Seconds,
    pub(crate) loris_ended_by: BTreeMap<String, u32>,
}

/// In seconds; `null` if there are none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seconds {
    pub(crate) p50: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The honest bots before anything misbehaved, beside the same afterwards.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) duration_s: f64,
    pub(crate) snapshot_gap_ms: Gaps,
    /// The p99 of the window over that of the baseline.
    pub(crate) gap_p99_ratio: Option<f64>,
}

/// Resident memory of the server, in bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// When the window began.
    pub(crate) start: Option<u64>,
    /// The most at any reading, one a second.
    pub(crate) highest: Option<u64>,
    /// When the window ended.
    pub(crate) end: Option<u64>,
    /// From the start to the highest, over the bots that stalled; everything else
    /// that grew counts against them.
    pub(crate) growth_per_stalled: Option<f64>,
}

impl Misbehaviour {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let tallies = &outcome.tallies;
        let hostile = &outcome.hostile;
        let stalled = Hangs::of(hangs(tallies, |role| matches!(role, Role::Stalls(_))));
        let trickling = Hangs::of(hangs(tallies, |role| role == Role::Trickles));
        let loris = Hangs::of(hostile.loris.iter());
        let Hostile {
            garbage_connections,
            garbage_messages,
            garbage_ended,
            ..
        } = hostile.clone();
        let failures = tallies
            .iter()
            .filter_map(|tally| tally.ending.as_ref())
            .filter(|ending| ending.kind == Kind::NoReturn);
        let resume = &outcome.measure.resume;
        Self {
            stalled: stalled.count,
            stalled_ended: stalled.ended,
            stalled_ended_s: stalled.seconds,
            stalled_ended_by: stalled.by,
            trickling: trickling.count,
            trickling_ended: trickling.ended,
            trickling_ended_s: trickling.seconds,
            trickling_ended_by: trickling.by,
            cuts: tallies.iter().map(|tally| tally.cuts).sum(),
            resumes: tallies.iter().map(|tally| tally.resumes).sum(),
            resume_failures: failures.count() as u32,
            resume_ms: resume.max_ms().map(|_| Gaps::of(resume)),
            garbage: garbage_connections,
            garbage_messages,
            garbage_ended,
            loris: loris.count,
            loris_ended: loris.ended,
            loris_ended_s: loris.seconds,
            loris_ended_by: loris.by,
        }
    }
}

impl Baseline {
    pub(super) fn of(seconds: f64, outcome: &Outcome) -> Self {
        let snapshot_gap_ms = Gaps::of(&outcome.measure.baseline_gap);
        let pair = outcome
            .measure
            .gap
            .quantile_ms(0.99)
            .zip(snapshot_gap_ms.p99);
        Self {
            duration_s: seconds,
            gap_p99_ratio: pair.and_then(|(now, before)| ratio(now, before)),
            snapshot_gap_ms,
        }
    }
}

impl Memory {
    /// `start` and `end` are readings, `highest` that of all between.
    pub(super) fn of(
        start: Option<f64>,
        highest: Option<f64>,
        end: Option<f64>,
        stalled: u32,
    ) -> Self {
        let highest = [start, highest, end].into_iter().flatten().reduce(f64::max);
        let growth = highest.zip(start).map(|(highest, start)| highest - start);
        let whole = |bytes: Option<f64>| bytes.map(|bytes| bytes as u64);
        Self {
            start: whole(start),
            highest: whole(highest),
            end: whole(end),
            growth_per_stalled: growth.and_then(|growth| ratio(growth, stalled.into())),
        }
    }
}

fn hangs(tallies: &[Tally], is_meant: fn(Role) -> bool) -> impl Iterator<Item = &Hang> {
    tallies
        .iter()
        .filter(move |tally| is_meant(tally.role))
        .filter_map(|tally| tally.hang.as_ref())
}

/// Connections of one kind, counted.
#[derive(Debug, Default)]
struct Hangs {
    count: u32,
    ended: u32,
    seconds: Seconds,
    by: BTreeMap<String, u32>,
}

impl Hangs {
    fn of<'a>(hangs: impl Iterator<Item = &'a Hang>) -> Self {
        let mut all = Self::default();
        let mut seconds = Vec::new();
        for hang in hangs {
            all.count += 1;
            if let Some(ended) = &hang.ended {
                all.ended += 1;
                seconds.push(ended.after.as_secs_f64());
                *all.by.entry(ended.label.clone().into_owned()).or_default() += 1;
            }
        }
        seconds.sort_by(f64::total_cmp);
        all.seconds = Seconds {
            p50: seconds.get(seconds.len().saturating_sub(1) / 2).copied(),
            max: seconds.last().copied(),
        };
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Ended;
    use std::time::Duration;

    #[test]
    fn those_who_were_ended_are_told_from_those_who_hang_on() {
        let hang = |seconds: u64, label: &'static str| Hang {
            ended: Some(Ended {
                after: Duration::from_secs(seconds),
                label: label.into(),
            }),
        };
        let hangs = [
            hang(9, "silent"),
            hang(5, "too_slow"),
            Hang::default(),
            hang(6, "too_slow"),
        ];
        let counted = Hangs::of(hangs.iter());
        assert_eq!((counted.count, counted.ended), (4, 3));
        assert_eq!(counted.seconds.p50, Some(6.0));
        assert_eq!(counted.seconds.max, Some(9.0));
        let expected = [("silent".to_owned(), 1), ("too_slow".to_owned(), 2)];
        assert_eq!(counted.by, BTreeMap::from(expected));
        assert_eq!(Hangs::of([].iter()).seconds.p50, None);
    }

    #[test]
    fn memory_is_told_per_stalled_peer() {
        let memory = Memory::of(Some(1000.0), Some(5000.0), Some(2000.0), 8);
        assert_eq!(memory.growth_per_stalled, Some(500.0));
        assert_eq!((memory.start, memory.end), (Some(1000), Some(2000)));
        let memory = Memory::of(Some(1000.0), None, Some(2000.0), 0);
        assert_eq!(memory.highest, Some(2000), "the end counts, too");
        assert_eq!(memory.growth_per_stalled, None, "nobody stalled");
    }
}
