//! The figures that objectives can be about: names, units and meanings.
//!
//! Refuses nothing; a figure that was not measured is `None`. Called by the
//! objectives, and by `--help`, which lists them.

use crate::report::{Report, Server};

/// A figure that an objective can be about.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) meaning: &'static str,
    /// Times are in milliseconds, shares 0–1.
    pub(super) figure: fn(&Report) -> Option<f64>,
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A time, whose period is the tick's.
    Tick,
    /// A time, whose period is that of the snapshots.
    Snapshot,
    /// A number of things.
    Count,
    /// A part of a whole, in percent.
    Share,
    /// Mebibytes.
    Memory,
    /// Bytes per second.
    Rate,
}

impl Unit {
    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Tick => "% of the tick period, periods, or ms",
            Self::Snapshot => "% of the snapshot period, periods, or ms",
            Self::Count => "a count",
            Self::Share => "%",
            Self::Memory => "MiB",
            Self::Rate => "B/s",
        }
    }
}

/// All there are.
#[rustfmt::skip] // A table: a line for each.
pub(super) const METRICS: &[Metric] = &[
    metric("tick_p50", Unit::Tick, "a tick's duration, the median", |it| server(it)?.tick_ms.p50),
    metric("tick_p99", Unit::Tick, "the same at the 99th percentile", |it| server(it)?.tick_ms.p99),
    metric("tick_max", Unit::Tick, "the longest tick", |it| server(it)?.tick_ms.max),
    metric("late_p99", Unit::Tick, "from a tick's deadline to its beginning", |it| server(it)?.tick_lateness_ms.p99),
    metric("gap_p50", Unit::Snapshot, "from one snapshot to the next", |it| it.snapshot_gap_ms.p50),
    metric("gap_p99", Unit::Snapshot, "the same at the 99th percentile", |it| it.snapshot_gap_ms.p99),
    metric("gap_max", Unit::Snapshot, "the longest of them", |it| it.snapshot_gap_ms.max),
    metric("latency_p50", Unit::Tick, "from an input to the snapshot with it", |it| it.input_to_snapshot_ms.p50),
    metric("latency_p95", Unit::Tick, "the same at the 95th percentile", |it| it.input_to_snapshot_ms.p95),
    metric("latency_p99", Unit::Tick, "the same at the 99th percentile", |it| it.input_to_snapshot_ms.p99),
    metric("latency_max", Unit::Tick, "the longest of them", |it| it.input_to_snapshot_ms.max),
    metric("rate_min", Unit::Share, "snapshots of the bot with the fewest, of those due", least_rate),
    metric("skipped", Unit::Count, "ticks that the server left out", |it| count(server(it)?.ticks_skipped)),
    metric("snapshots_skipped", Unit::Count, "snapshots it left out", |it| count(server(it)?.snapshots_skipped)),
    metric("unacknowledged", Unit::Count, "inputs never acknowledged", |it| count(Some(it.inputs.unacknowledged))),
    metric("desyncs", Unit::Count, "bots that saw a wrong checksum", |it| Some(it.desyncs.into())),
    metric("disconnects", Unit::Count, "bots that lost their connection", |it| Some(it.disconnects.into())),
    metric("join_failures", Unit::Count, "bots that could not join", |it| Some(it.join_failures.into())),
    metric("server_cpu", Unit::Share, "the server's CPU time, of one core", server_cpu),
    metric("server_memory", Unit::Memory, "its resident memory at most", server_memory),
    metric("bytes_down", Unit::Rate, "bytes to each bot", |it| it.bytes_down_per_bot_s),
];

fn server(report: &Report) -> Option<&Server> {
    report.server.as_ref()
}

fn count(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

fn least_rate(report: &Report) -> Option<f64> {
    Some(report.snapshot_rate_hz.min? / f64::from(report.snapshot_rate?))
}

fn server_cpu(report: &Report) -> Option<f64> {
    let seconds = server(report)?.cpu_s?;
    (report.duration_s > 0.0).then(|| seconds / report.duration_s)
}

fn server_memory(report: &Report) -> Option<f64> {
    let bytes = server(report)?.memory_bytes.highest?;
    Some(bytes as f64 / f64::from(1 << 20))
}

const fn metric(
    name: &'static str,
    unit: Unit,
    meaning: &'static str,
    figure: fn(&Report) -> Option<f64>,
) -> Metric {
    Metric {
        name,
        unit,
        meaning,
        figure,
    }
}

/// Says that there is no such figure, and which there are.
pub(super) fn unknown(name: &str) -> String {
    let names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
    format!(
        "{name:?} is no figure of the report; there are {}",
        names.join(", ")
    )
}

/// The figures with their units, for `--help`.
pub(crate) fn help() -> String {
    let widest = METRICS.iter().map(|metric| metric.name.len()).max();
    let width = widest.unwrap_or(0);
    let lines = METRICS.iter().map(|metric| {
        let unit = metric.unit.words();
        format!("  {:width$}  {} ({unit})", metric.name, metric.meaning)
    });
    let lines: Vec<_> = lines.collect();
    format!(
        "Figures for --slo, compared by < <= = >= >:\n{}",
        lines.join("\n")
    )
}
