//! Objectives: what a run must keep to, and whether it did.
//!
//! Owns the language of `--slo` and the names of the figures in it. An objective
//! is a figure of the report, a comparison and a limit; several are separated by
//! commas: `tick_p99<50%,gap_p99<1.5,skipped=0`. Times are written as a share of
//! their period (`50%`), in periods (`1.5`) or in milliseconds (`80ms`), so that
//! one objective fits every tick rate. What was not measured is not kept. Called by
//! the command line and the sweep.

use crate::report::Report;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What `sweep` holds a server to, if not told otherwise: half of each period is
/// left to a tick, no snapshot comes half a period late, and nothing is lost.
pub(crate) const DEFAULT: &str = "tick_p99<50%,gap_p99<1.5,skipped=0,desyncs=0";

/// A figure that an objective can be about.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) meaning: &'static str,
    /// Times are in milliseconds, shares 0–1.
    figure: fn(&Report) -> Option<f64>,
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
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
    pub(crate) fn words(self) -> &'static str {
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
pub(crate) const METRICS: &[Metric] = &[
    metric(
        "tick_p50",
        Unit::Tick,
        "a tick's duration, the median",
        |it| it.server.as_ref()?.tick_ms.p50,
    ),
    metric(
        "tick_p99",
        Unit::Tick,
        "the same at the 99th percentile",
        |it| it.server.as_ref()?.tick_ms.p99,
    ),
    metric("tick_max", Unit::Tick, "the longest tick", |it| {
        it.server.as_ref()?.tick_ms.max
    }),
    metric(
        "late_p99",
        Unit::Tick,
        "from a tick's deadline to its beginning",
        |it| it.server.as_ref()?.tick_lateness_ms.p99,
    ),
    metric(
        "gap_p50",
        Unit::Snapshot,
        "from one snapshot to the next",
        |it| it.snapshot_gap_ms.p50,
    ),
    metric(
        "gap_p99",
        Unit::Snapshot,
        "the same at the 99th percentile",
        |it| it.snapshot_gap_ms.p99,
    ),
    metric("gap_max", Unit::Snapshot, "the longest of them", |it| {
        it.snapshot_gap_ms.max
    }),
    metric(
        "latency_p50",
        Unit::Tick,
        "from an input to the snapshot with it",
        |it| it.input_to_snapshot_ms.p50,
    ),
    metric(
        "latency_p95",
        Unit::Tick,
        "the same at the 95th percentile",
        |it| it.input_to_snapshot_ms.p95,
    ),
    metric(
        "latency_p99",
        Unit::Tick,
        "the same at the 99th percentile",
        |it| it.input_to_snapshot_ms.p99,
    ),
    metric("latency_max", Unit::Tick, "the longest of them", |it| {
        it.input_to_snapshot_ms.max
    }),
    metric(
        "rate_min",
        Unit::Share,
        "snapshots of the bot with the fewest, of those due",
        |it| Some(it.snapshot_rate_hz.min? / f64::from(it.snapshot_rate?)),
    ),
    metric(
        "skipped",
        Unit::Count,
        "ticks that the server left out",
        |it| Some(it.server.as_ref()?.ticks_skipped? as f64),
    ),
    metric(
        "snapshots_skipped",
        Unit::Count,
        "snapshots it left out",
        |it| Some(it.server.as_ref()?.snapshots_skipped? as f64),
    ),
    metric(
        "unacknowledged",
        Unit::Count,
        "inputs never acknowledged",
        |it| Some(it.inputs.unacknowledged as f64),
    ),
    metric(
        "desyncs",
        Unit::Count,
        "bots that saw a wrong checksum",
        |it| Some(f64::from(it.desyncs)),
    ),
    metric(
        "disconnects",
        Unit::Count,
        "bots that lost their connection",
        |it| Some(f64::from(it.disconnects)),
    ),
    metric(
        "join_failures",
        Unit::Count,
        "bots that could not join",
        |it| Some(f64::from(it.join_failures)),
    ),
    metric(
        "server_cpu",
        Unit::Share,
        "the server's CPU time, of one core",
        |it| {
            let seconds = it.server.as_ref()?.cpu_s?;
            (it.duration_s > 0.0).then(|| seconds / it.duration_s)
        },
    ),
    metric(
        "server_memory",
        Unit::Memory,
        "its resident memory at most",
        |it| {
            let bytes = it.server.as_ref()?.memory_bytes.highest?;
            Some(bytes as f64 / f64::from(1 << 20))
        },
    ),
    metric("bytes_down", Unit::Rate, "bytes to each bot", |it| {
        it.bytes_down_per_bot_s
    }),
];

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

/// One objective.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objective {
    metric: &'static Metric,
    comparison: Comparison,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Equal,
    AtLeast,
    Above,
}

/// Longer signs first: `<=` begins with `<`.
const SIGNS: [(&str, Comparison); 5] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Equal),
];

/// A limit as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// In periods, or of a whole, written in percent.
    Percent(f64),
    /// In periods, or a plain number.
    Plain(f64),
    Millis(f64),
}

/// Whether an objective was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// As it was written.
    pub(crate) objective: String,
    /// The figure in the limit's unit; `null` if it was not measured.
    pub(crate) figure: Option<f64>,
    /// The same with its unit, for people.
    pub(crate) text: String,
    pub(crate) is_kept: bool,
    /// The figure over the limit where both are above 0: by how much it was missed.
    pub(crate) ratio: Option<f64>,
}

/// All that must hold.
#[derive(Clone, Debug)]
pub(crate) struct Objectives(Vec<Objective>);

impl Objectives {
    /// Holds a report against every objective, in the order they were given.
    pub(crate) fn judge(&self, report: &Report) -> Vec<Verdict> {
        self.0.iter().map(|one| one.judge(report)).collect()
    }
}

impl Objective {
    fn judge(&self, report: &Report) -> Verdict {
        let period_ms = match self.metric.unit {
            Unit::Tick => report.tick_rate,
            Unit::Snapshot => report.snapshot_rate,
            _ => None,
        };
        let period_ms = period_ms.map(|rate| 1000.0 / f64::from(rate.max(1)));
        let figure = (self.metric.figure)(report);
        let in_periods = || Some(figure? / period_ms?);
        let is_time = matches!(self.metric.unit, Unit::Tick | Unit::Snapshot);
        let (figure, limit) = match self.limit {
            Limit::Millis(limit) => (figure, limit),
            Limit::Percent(limit) if is_time => (in_periods().map(|it| it * 100.0), limit),
            Limit::Plain(limit) if is_time => (in_periods(), limit),
            Limit::Percent(limit) => (figure.map(|share| share * 100.0), limit),
            Limit::Plain(limit) => (figure, limit),
        };
        Verdict {
            objective: self.to_string(),
            figure,
            text: match figure {
                Some(figure) => self.limit.write(figure, is_time),
                None => "not measured".into(),
            },
            is_kept: figure.is_some_and(|figure| self.comparison.holds(figure, limit)),
            ratio: figure.filter(|_| limit > 0.0).map(|figure| figure / limit),
        }
    }
}

impl Comparison {
    fn holds(self, figure: f64, limit: f64) -> bool {
        match self {
            Self::Below => figure < limit,
            Self::AtMost => figure <= limit,
            Self::Equal => (figure - limit).abs() < 1e-9,
            Self::AtLeast => figure >= limit,
            Self::Above => figure > limit,
        }
    }
}

impl Limit {
    /// A figure in this limit's unit.
    fn write(self, figure: f64, is_time: bool) -> String {
        match self {
            Self::Percent(_) => format!("{figure:.1} %"),
            Self::Millis(_) => format!("{figure:.1} ms"),
            Self::Plain(_) if is_time => format!("{figure:.2} periods"),
            Self::Plain(_) if figure.fract() == 0.0 => format!("{figure:.0}"),
            Self::Plain(_) => format!("{figure:.1}"),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signs = SIGNS.iter();
        let sign = signs.clone().find(|(_, it)| *it == self.comparison);
        f.write_str(self.metric.name)?;
        f.write_str(sign.map_or("", |(sign, _)| sign))?;
        match self.limit {
            Limit::Percent(limit) => write!(f, "{limit}%"),
            Limit::Plain(limit) => write!(f, "{limit}"),
            Limit::Millis(limit) => write!(f, "{limit}ms"),
        }
    }
}

impl fmt::Display for Objectives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join(","))
    }
}

impl FromStr for Objectives {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = text.split(',').map(str::trim).map(str::parse);
        all.collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an objective is missing; write one such as tick_p99<50%".into());
        }
        let at = text
            .find(['<', '>', '='])
            .ok_or_else(|| format!("{text:?} compares nothing; write it such as tick_p99<50%"))?;
        let (name, rest) = text.split_at(at);
        let name = name.trim();
        let metric = METRICS.iter().find(|metric| metric.name == name);
        let metric = metric.ok_or_else(|| unknown(name))?;
        let (comparison, limit) = SIGNS
            .iter()
            .find_map(|(sign, it)| Some((*it, rest.strip_prefix(sign)?)))
            .ok_or_else(|| format!("{text:?} compares nothing"))?;
        Ok(Self {
            metric,
            comparison,
            limit: Limit::parse(limit.trim(), metric)?,
        })
    }
}

impl Limit {
    fn parse(text: &str, metric: &Metric) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{:?} is no limit for {}, which is in {}",
                text,
                metric.name,
                metric.unit.words()
            )
        };
        let number = |text: &str| {
            let number = text.trim().parse::<f64>().ok();
            number
                .filter(|it| it.is_finite() && *it >= 0.0)
                .ok_or_else(wrong)
        };
        let is_time = matches!(metric.unit, Unit::Tick | Unit::Snapshot);
        match metric.unit {
            _ if is_time && text.ends_with("ms") => {
                number(&text[..text.len() - 2]).map(Self::Millis)
            }
            Unit::Tick | Unit::Snapshot | Unit::Share if text.ends_with('%') => {
                number(&text[..text.len() - 1]).map(Self::Percent)
            }
            Unit::Share => Err(wrong()),
            Unit::Memory => number(text.strip_suffix("MiB").unwrap_or(text)).map(Self::Plain),
            _ => number(text).map(Self::Plain),
        }
    }
}

fn unknown(name: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Gaps, Server};

    /// 20 Hz, snapshots at 10 Hz.
    fn report() -> Report {
        let times = |p99: f64| Gaps {
            p50: Some(p99 / 2.0),
            p99: Some(p99),
            max: Some(p99 * 2.0),
        };
        Report {
            tick_rate: Some(20),
            snapshot_rate: Some(10),
            duration_s: 10.0,
            desyncs: 1,
            snapshot_gap_ms: times(150.0),
            server: Some(Server {
                tick_ms: times(20.0),
                ticks_skipped: Some(3),
                cpu_s: Some(7.5),
                ..Server::default()
            }),
            ..Report::default()
        }
    }

    #[test]
    fn figures_are_held_against_limits_in_their_unit() {
        for (text, is_kept, figure) in [
            ("tick_p99<50%", true, "40.0 %"),
            ("tick_p99<40%", false, "40.0 %"),
            ("tick_p99<=40%", true, "40.0 %"),
            ("tick_p99 < 0.3", false, "0.40 periods"),
            ("tick_p99<=20ms", true, "20.0 ms"),
            ("tick_max<20ms", false, "40.0 ms"),
            ("gap_p99<1.5", false, "1.50 periods"),
            ("gap_p99<=1.5", true, "1.50 periods"),
            ("gap_p50<100%", true, "75.0 %"),
            ("skipped=0", false, "3"),
            ("skipped<=3", true, "3"),
            ("desyncs=1", true, "1"),
            ("disconnects=0", true, "0"),
            ("server_cpu<80%", true, "75.0 %"),
            ("server_cpu>=80%", false, "75.0 %"),
            ("late_p99<10%", false, "not measured"),
            ("server_memory<100MiB", false, "not measured"),
            ("rate_min>95%", false, "not measured"),
        ] {
            let objectives: Objectives = text.parse().unwrap();
            let [verdict] = &objectives.judge(&report())[..] else {
                panic!("one objective, one verdict");
            };
            assert_eq!(
                (verdict.is_kept, verdict.text.as_str()),
                (is_kept, figure),
                "{text}"
            );
        }
    }

    #[test]
    fn how_far_a_limit_was_missed_is_told() {
        let objectives: Objectives = "tick_p99<10%,skipped=0".parse().unwrap();
        let verdicts = objectives.judge(&report());
        let ratios: Vec<_> = verdicts.iter().map(|it| it.ratio.map(f64::round)).collect();
        assert_eq!(ratios, [Some(4.0), None]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            DEFAULT,
            "latency_p95<=80ms,rate_min>=95%",
            "bytes_down<4000",
        ] {
            assert_eq!(text.parse::<Objectives>().unwrap().to_string(), text);
        }
        assert_eq!(
            " gap_p99 < 1.5 , skipped = 0 "
                .parse::<Objectives>()
                .unwrap()
                .to_string(),
            "gap_p99<1.5,skipped=0"
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, word) in [
            ("", "missing"),
            ("tick_p99<50%,", "missing"),
            ("tick_p99", "compares nothing"),
            ("tick_p98<50%", "there are tick_p50, tick_p99"),
            ("<50%", "no figure"),
            ("tick_p99<", "% of the tick period"),
            ("tick_p99<fast", "% of the tick period"),
            ("tick_p99<-1", "no limit"),
            ("tick_p99<nan", "no limit"),
            ("tick_p99<inf", "no limit"),
            ("tick_p99<1s", "no limit"),
            ("tick_p99==50%", "no limit"),
            ("skipped=0%", "a count"),
            ("skipped<1ms", "a count"),
            ("server_cpu<2", "in %"),
        ] {
            let error = text.parse::<Objectives>().unwrap_err();
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        for (index, metric) in METRICS.iter().enumerate() {
            let same = METRICS.iter().position(|other| other.name == metric.name);
            assert_eq!(same, Some(index), "{}", metric.name);
            assert!(help().contains(metric.meaning));
        }
    }
}
