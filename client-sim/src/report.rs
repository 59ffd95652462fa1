//! What a swarm reports: the figures of many bots as one value, ready for JSON.
//!
//! Owns the names and units of the report's keys. Unless said otherwise a figure is
//! of the bots that play honestly, those whose links are cut included. Times are in milliseconds
//! where the key says so; a figure that nothing was measured for is `null`.
//! Bytes are WebSocket messages with their frame headers, without TCP and IP.

mod groups;
mod load;
mod misbehaviour;
mod server;

pub(crate) use load::{Cores, Generator};
pub(crate) use misbehaviour::{Baseline, Memory, Misbehaviour, Seconds};
#[cfg(test)]
pub(crate) use server::Phase;
pub(crate) use server::Server;

pub(crate) use groups::GroupReport;

use crate::bot::IDLE;
use crate::diagnosis::{Finding, diagnose};
use crate::ending::Kind;
use crate::machine::Machine;
use crate::measure::{Durations, Inputs, Tally};
use crate::scenario::{Plan, Role};
use crate::slo::{Objectives, Verdict};
use crate::swarm::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name and version of the report's form. A reader refuses another version; new
/// keys may come without one.
pub(crate) const FORMAT: &str = "downbeat.swarm/1";

/// The report of a swarm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// The machine the bots are on.
    pub(crate) machine: Machine,
    pub(crate) cores: Cores,
    /// Bots that were to play, those that misbehave included.
    pub(crate) bots: u32,
    /// Bots of them that do not misbehave.
    pub(crate) honest: u32,
    /// Bots that got a welcome.
    pub(crate) joined: u32,
    /// Bots that did not.
    pub(crate) join_failures: u32,
    /// Honest bots that got one and lost their connection before the end.
    pub(crate) disconnects: u32,
    /// Honest bots that saw a wrong checksum, or a snapshot that does not fit.
    pub(crate) desyncs: u32,
    /// The measured window: from when all bots are in until the end.
    pub(crate) duration_s: f64,
    /// The server's, from the welcome.
    pub(crate) tick_rate: Option<u32>,
    /// The server's, from the welcome.
    pub(crate) snapshot_rate: Option<u32>,
    /// Snapshots that arrived within the window.
    pub(crate) snapshots: u64,
    /// Of each bot that joined, over the window.
    pub(crate) snapshot_rate_hz: Spread,
    /// From one snapshot's arrival to the next, of these bots together. The gap that
    /// a cut makes does not count.
    pub(crate) snapshot_gap_ms: Gaps,
    /// The same bots before the window; `null` if that was not asked for.
    pub(crate) baseline: Option<Baseline>,
    /// From an input's scheduled moment to the first snapshot that acknowledges it.
    pub(crate) input_to_snapshot_ms: Latency,
    pub(crate) bytes_down_per_bot_s: Option<f64>,
    pub(crate) bytes_up_per_bot_s: Option<f64>,
    /// Entities in sight, over all snapshots.
    pub(crate) visible_entities: Visible,
    /// Bytes of all snapshots over entities in sight, both within the window.
    pub(crate) bytes_per_visible_entity: Option<f64>,
    /// The server's own figures; `null` if its `/metrics` could not be read.
    pub(crate) server: Option<Server>,
    pub(crate) generator: Generator,
    #[serde(flatten)]
    pub(crate) misbehaviour: Misbehaviour,
    /// Why bots are not there at the end; not those that the server rightly ended.
    pub(crate) ends: BTreeMap<String, u32>,
    pub(crate) inputs: Inputs,
    /// Inputs per second of each bot; `null` if they differ, or there are none.
    pub(crate) input_rate: Option<f64>,
    /// Of all groups.
    pub(crate) behaviour: String,
    pub(crate) rooms: u32,
    /// The same for each group of bots.
    #[serde(default)]
    pub(crate) groups: Vec<GroupReport>,
    pub(crate) seed: u64,
    /// Whether each objective was kept; empty if there are none.
    #[serde(default)]
    pub(crate) objectives: Vec<Verdict>,
    /// What stands out in these figures, and whose fault it is.
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
    /// Ships that bots destroyed.
    pub(crate) kills: u64,
    /// Points that bots have.
    pub(crate) scores: Spread,
}

/// See the field of this type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) mean: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// Percentiles of gaps and of the server's times.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gaps {
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// Percentiles of latencies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visible {
    pub(crate) mean: Option<f64>,
    pub(crate) max: u64,
}

impl Report {
    /// The figures, held against the objectives, and what stands out in them.
    pub(crate) fn new(plan: &Plan, outcome: &Outcome, objectives: Option<&Objectives>) -> Self {
        let mut report = Self::figures(plan, outcome);
        report.objectives = objectives.map_or_else(Vec::new, |all| all.judge(&report));
        report.findings = diagnose(&report);
        report
    }

    fn figures(plan: &Plan, outcome: &Outcome) -> Self {
        let tallies = &outcome.tallies;
        let seconds = outcome.duration.as_secs_f64();
        let has_joined = |tally: &&Tally| tally.rates.is_some();
        let joined = tallies.iter().filter(has_joined).count();
        let honest: Vec<_> = tallies
            .iter()
            .filter(|tally| has_joined(tally) && tally.role == Role::Honest)
            .collect();
        let rates = tallies.iter().find_map(|tally| tally.rates);
        let ended = |kind| {
            let endings = honest.iter().filter_map(|tally| tally.ending.as_ref());
            endings.filter(|ending| ending.kind == kind).count() as u32
        };
        let misbehaviour = Misbehaviour::of(outcome);
        let baseline = plan.baseline.map(|baseline| baseline.as_secs_f64());
        let sum = |of: fn(&Tally) -> u64| honest.iter().map(|tally| of(tally)).sum::<u64>();

        let snapshots = sum(|tally| tally.snapshots);
        let visible = sum(|tally| tally.visible);
        let per_bot_s = |bytes: u64| ratio(bytes as f64, honest.len() as f64 * seconds);
        let rate =
            |tally: &&&Tally| ratio(tally.snapshots as f64, seconds - tally.away.as_secs_f64());
        let sending = plan.groups.iter().filter(|group| group.way != IDLE.name);
        let tick_rate = rates.map(|rates| f64::from(rates.tick));
        let mut input_rates: Vec<_> = sending
            .map(|group| group.input_rate.or(tick_rate))
            .collect();
        input_rates.dedup();
        let mut ways: Vec<_> = plan.groups.iter().map(|group| group.way).collect();
        ways.dedup();
        Self {
            format: FORMAT.into(),
            machine: outcome.machine.clone(),
            cores: Cores::of(&outcome.usage, seconds),
            bots: plan.bots(),
            honest: plan.honest(),
            joined: joined as u32,
            join_failures: (tallies.len() - joined) as u32,
            disconnects: ended(Kind::Lost),
            desyncs: ended(Kind::Desync),
            duration_s: seconds,
            tick_rate: rates.map(|rates| rates.tick),
            snapshot_rate: rates.map(|rates| rates.snapshot),
            snapshots,
            snapshot_rate_hz: Spread::of(honest.iter().filter_map(|tally| rate(&tally))),
            snapshot_gap_ms: Gaps::of(&outcome.measure.gap),
            baseline: baseline.map(|seconds| Baseline::of(seconds, outcome)),
            input_to_snapshot_ms: Latency::of(&outcome.measure.latency),
            bytes_down_per_bot_s: per_bot_s(sum(|tally| tally.bytes_down)),
            bytes_up_per_bot_s: per_bot_s(sum(|tally| tally.bytes_up)),
            visible_entities: Visible {
                mean: ratio(visible as f64, snapshots as f64),
                max: honest
                    .iter()
                    .map(|tally| tally.visible_max)
                    .max()
                    .unwrap_or(0),
            },
            bytes_per_visible_entity: ratio(
                sum(|tally| tally.snapshot_bytes) as f64,
                visible as f64,
            ),
            server: outcome.server.as_ref().ok().map(|server| {
                Server::of(
                    server,
                    &outcome.usage,
                    outcome.memory_high,
                    misbehaviour.stalled,
                )
            }),
            generator: Generator::of(plan, outcome, snapshots),
            ends: ends(tallies),
            misbehaviour,
            inputs: honest.iter().map(|tally| tally.inputs).sum(),
            input_rate: match input_rates[..] {
                [rate] => rate,
                _ => None,
            },
            behaviour: ways.join(", "),
            rooms: plan.rooms(),
            groups: groups::of(plan, outcome),
            seed: plan.seed,
            objectives: Vec::new(),
            findings: Vec::new(),
            kills: sum(|tally| tally.points.kills.into()),
            scores: Spread::of(honest.iter().map(|tally| f64::from(tally.points.score))),
        }
    }

    /// Whether every bot joined, and every honest one stayed, came back where its
    /// link was cut, and saw what it should, and every objective was kept.
    pub(crate) fn is_good(&self) -> bool {
        self.is_whole() && self.objectives.iter().all(|one| one.is_kept)
    }

    /// The same without the objectives.
    pub(crate) fn is_whole(&self) -> bool {
        self.joined == self.bots
            && self.disconnects == 0
            && self.desyncs == 0
            && self.misbehaviour.resume_failures == 0
    }
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut sum) = (0.0, 0.0);
        let mut spread = Self::default();
        for value in values {
            count += 1.0;
            sum += value;
            spread.min = Some(spread.min.map_or(value, |min| min.min(value)));
            spread.max = Some(spread.max.map_or(value, |max| max.max(value)));
        }
        spread.mean = ratio(sum, count);
        spread
    }
}

impl Gaps {
    fn of(durations: &Durations) -> Self {
        Self {
            p50: durations.quantile_ms(0.5),
            p99: durations.quantile_ms(0.99),
            max: durations.max_ms(),
        }
    }
}

impl Latency {
    fn of(durations: &Durations) -> Self {
        Self {
            p50: durations.quantile_ms(0.5),
            p95: durations.quantile_ms(0.95),
            p99: durations.quantile_ms(0.99),
            max: durations.max_ms(),
        }
    }
}

/// `None` instead of a division by zero.
fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

fn ends(tallies: &[Tally]) -> BTreeMap<String, u32> {
    let mut ends = BTreeMap::new();
    for ending in tallies.iter().filter_map(|tally| tally.ending.as_ref()) {
        *ends.entry(ending.label.clone().into_owned()).or_default() += 1;
    }
    ends
}
