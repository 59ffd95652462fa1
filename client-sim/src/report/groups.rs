//! What the report says of each group of bots.
//!
//! Owns the names and units of these keys; they mean what those of the whole report
//! mean.

use super::{Gaps, Latency, Spread, ratio};
use crate::ending::Kind;
use crate::measure::Tally;
use crate::scenario::{Plan, Role};
use crate::swarm::Outcome;
use serde::{Deserialize, Serialize};

/// One group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct GroupReport {
    pub(crate) name: String,
    pub(crate) behaviour: String,
    /// Whether it plays to the end as it should.
    pub(crate) honest: bool,
    pub(crate) bots: u32,
    pub(crate) joined: u32,
    pub(crate) join_failures: u32,
    pub(crate) disconnects: u32,
    pub(crate) desyncs: u32,
    pub(crate) cuts: u32,
    pub(crate) resumes: u32,
    /// Left, to come again as somebody new.
    pub(crate) leaves: u32,
    pub(crate) snapshot_rate_hz: Spread,
    pub(crate) snapshot_gap_ms: Gaps,
    pub(crate) input_to_snapshot_ms: Latency,
}

/// In the plan's order.
pub(super) fn of(plan: &Plan, outcome: &Outcome) -> Vec<GroupReport> {
    let seconds = outcome.duration.as_secs_f64();
    let groups = plan.groups.iter().zip(&outcome.groups).enumerate();
    groups
        .map(|(index, (group, measure))| {
            let tallies = || {
                let all = outcome.tallies.iter();
                all.filter(move |tally| tally.group == index)
            };
            let joined = || tallies().filter(|tally| tally.rates.is_some());
            let honest = group.role == Role::Honest;
            let ended = |kind| {
                let endings = joined().filter_map(|tally| tally.ending.as_ref());
                endings
                    .filter(|ending| honest && ending.kind == kind)
                    .count() as u32
            };
            let sum = |of: fn(&Tally) -> u32| tallies().map(of).sum();
            let there = |tally: &Tally| seconds - tally.away.as_secs_f64();
            let rates = joined()
                .filter(|_| honest)
                .filter_map(|tally| ratio(tally.snapshots as f64, there(tally)));
            GroupReport {
                name: group.name.clone(),
                behaviour: group.way.to_owned(),
                honest,
                bots: group.bots,
                joined: joined().count() as u32,
                join_failures: (tallies().count() - joined().count()) as u32,
                disconnects: ended(Kind::Lost),
                desyncs: ended(Kind::Desync),
                cuts: sum(|tally| tally.cuts),
                resumes: sum(|tally| tally.resumes),
                leaves: sum(|tally| tally.leaves),
                snapshot_rate_hz: Spread::of(rates),
                snapshot_gap_ms: Gaps::of(&measure.gap),
                input_to_snapshot_ms: Latency::of(&measure.latency),
            }
        })
        .collect()
}
