//! What the report says of the load generator and the machine within the window.
//!
//! Owns the names and units of these keys: by them a reader knows whether a late
//! answer was the server's fault. Shares are 0–1 of one core.

use super::{Gaps, ratio};
use crate::cpu::{Busiest, Usage};
use crate::scenario::Plan;
use crate::swarm::Outcome;
use serde::{Deserialize, Serialize};

/// The bots' processes: if they were late, so were their inputs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Generator {
    pub(crate) processes: u32,
    /// In each process.
    pub(crate) threads: usize,
    pub(crate) cpu_s: Option<f64>,
    pub(crate) cpu_us_per_snapshot: Option<f64>,
    pub(crate) busiest_thread: Option<Busiest>,
    /// From an input's scheduled moment to its sending, for those left out, too.
    pub(crate) lateness_ms: Gaps,
}

/// The processors of the machine the bots are on, in cores: 2 is two of them all
/// the time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cores {
    /// Busy with anything.
    pub(crate) busy: Option<f64>,
    /// Busy with neither the bots nor the server. With a server whose process is not
    /// known here it is `null`: it may be on this machine or not.
    pub(crate) others: Option<f64>,
    /// Taken away by a hypervisor.
    pub(crate) stolen: Option<f64>,
}

impl Generator {
    pub(super) fn of(plan: &Plan, outcome: &Outcome, snapshots: u64) -> Self {
        let usage = &outcome.usage;
        let cpu_us = usage.generator_s.map(|seconds| seconds * 1e6);
        Self {
            processes: plan.processes,
            threads: plan.threads,
            cpu_s: usage.generator_s,
            cpu_us_per_snapshot: cpu_us.and_then(|cpu| ratio(cpu, snapshots as f64)),
            busiest_thread: usage.generator_thread.clone(),
            lateness_ms: Gaps::of(&outcome.measure.lateness),
        }
    }
}

impl Cores {
    pub(super) fn of(usage: &Usage, seconds: f64) -> Self {
        let cores = |cpu: Option<f64>| cpu.and_then(|cpu| ratio(cpu, seconds));
        let known = usage.generator_s.zip(usage.server_s);
        let others = usage
            .machine_s
            .zip(known)
            // The two are counted differently: a tick of the clock, a nanosecond.
            .map(|(all, (bots, server))| (all - bots - server).max(0.0));
        Self {
            busy: cores(usage.machine_s),
            others: cores(others),
            stolen: cores(usage.steal_s),
        }
    }
}
