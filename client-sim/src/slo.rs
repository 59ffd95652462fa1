//! Objectives: what a run must keep to, and whether it did.
//!
//! Owns the language of `--slo` and the names of the figures in it. An objective
//! is a figure of the report, a comparison and a limit; several are separated by
//! commas: `tick_p99<50%,gap_p99<1.5,skipped=0`. Times are written as a share of
//! their period (`50%`), in periods (`1.5`) or in milliseconds (`80ms`), so that
//! one objective fits every tick rate. What was not measured is not kept. Called by
//! the command line and the sweep.

mod metrics;

pub(crate) use metrics::help;

use crate::report::Report;
use metrics::{METRICS, Metric, Unit, unknown};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What `sweep` holds a server to, if not told otherwise: half of each period is
/// left to a tick, no snapshot comes half a period late, and nothing is lost.
pub(crate) const DEFAULT: &str = "tick_p99<50%,gap_p99<1.5,skipped=0,desyncs=0";

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

#[cfg(test)]
mod tests;
