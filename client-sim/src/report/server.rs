//! What the report says of the server: its own figures within the window.
//!
//! Owns the names and units of these keys. Percentiles are estimated from the
//! buckets of its `/metrics`; `max` is the upper bound of the highest one that is
//! not empty.

use super::{Gaps, Memory, ratio};
use crate::cpu::{Busiest, Usage};
use crate::prometheus::Histogram;
use crate::scrape::ServerDelta;
use serde::{Deserialize, Serialize};

/// A part of the report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) cpu_s: Option<f64>,
    pub(crate) cpu_us_per_snapshot: Option<f64>,
    /// Its busiest thread; `null` if its process is not known here.
    pub(crate) busiest_thread: Option<Busiest>,
    /// At the end.
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) memory_bytes: Memory,
    /// A whole tick.
    pub(crate) tick_ms: Gaps,
    /// The tick's phases, in their order.
    pub(crate) phases: Vec<Phase>,
    /// From a tick's deadline to its beginning.
    pub(crate) tick_lateness_ms: Gaps,
    pub(crate) ticks: Option<u64>,
    pub(crate) ticks_skipped: Option<u64>,
    pub(crate) snapshots_skipped: Option<u64>,
}

/// One phase of the tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phase {
    /// Its name, as in the server's metrics.
    pub(crate) phase: String,
    /// Over all ticks of the window; the means of the phases add up to the tick's.
    pub(crate) mean_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
}

impl Server {
    pub(super) fn of(
        delta: &ServerDelta,
        usage: &Usage,
        memory_high: Option<f64>,
        stalled: u32,
    ) -> Self {
        let whole = |number: Option<f64>| number.map(|number| number.round() as u64);
        // By thread it is exact to the nanosecond, the metric to a hundredth of a second.
        let cpu_s = usage.server_s.or(delta.cpu_s);
        let per_snapshot = cpu_s.zip(delta.snapshots);
        Self {
            cpu_s,
            cpu_us_per_snapshot: per_snapshot.and_then(|(cpu, count)| ratio(cpu * 1e6, count)),
            busiest_thread: usage.server_thread.clone(),
            rss_bytes: whole(delta.rss_bytes),
            memory_bytes: Memory::of(delta.rss_start, memory_high, delta.rss_bytes, stalled),
            tick_ms: Gaps::of_server(&delta.tick),
            phases: delta.phases.iter().map(Phase::of).collect(),
            tick_lateness_ms: Gaps::of_server(&delta.lateness),
            ticks: whole(delta.ticks),
            ticks_skipped: whole(delta.ticks_skipped),
            snapshots_skipped: whole(delta.snapshots_skipped),
        }
    }

    /// The mean of the phases' sum, in milliseconds.
    pub(crate) fn mean_tick_ms(&self) -> Option<f64> {
        let means = self.phases.iter().map(|phase| phase.mean_ms);
        let means: Option<Vec<f64>> = means.collect();
        means
            .filter(|means| !means.is_empty())
            .map(|means| means.iter().sum())
    }
}

impl Phase {
    fn of((name, histogram): &(String, Histogram)) -> Self {
        let ms = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1e3);
        Self {
            phase: name.clone(),
            mean_ms: ms(histogram.mean()),
            p99_ms: ms(histogram.quantile(0.99)),
        }
    }
}

impl Gaps {
    /// From a histogram in seconds.
    fn of_server(histogram: &Histogram) -> Self {
        let ms = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1e3);
        Self {
            p50: ms(histogram.quantile(0.5)),
            p99: ms(histogram.quantile(0.99)),
            max: ms(histogram.max()),
        }
    }
}
