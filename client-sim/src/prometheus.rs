//! Reads Prometheus text (exposition format 0.0.4), as far as it is needed.
//!
//! Owns the estimate of percentiles from a histogram's buckets. A percentile is
//! interpolated linearly within its bucket, as Prometheus' `histogram_quantile`
//! does; `max` is the **upper bound of the highest bucket that is not empty**, so
//! never below the truth and at most one bucket's width above it.

use std::collections::BTreeMap;

/// One reading of a metrics page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    /// Reads a page. Lines that are none are passed over: a page from a newer
    /// server may hold what this reader does not know.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let samples = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(samples.filter_map(sample).collect())
    }

    /// A series without labels.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The histogram `name`, of those series that carry `label` (`phase="total"`,
    /// say; empty for any).
    pub(crate) fn histogram(&self, name: &str, label: &str) -> Histogram {
        let prefix = format!("{name}_bucket{{");
        let buckets = self.0.range(prefix.clone()..);
        let buckets = buckets.take_while(|(series, _)| series.starts_with(&prefix));
        let sums = format!("{name}_sum");
        let sums = self.0.range(sums.clone()..).take_while(|(series, _)| {
            let labels = series.strip_prefix(&sums);
            labels.is_some_and(|labels| labels.is_empty() || labels.starts_with('{'))
        });
        let mut histogram = Histogram {
            sum: sums
                .filter(|(series, _)| series.contains(label))
                .map(|(_, sum)| sum)
                .sum(),
            ..Histogram::default()
        };
        for (series, count) in buckets {
            let labels = &series[prefix.len()..];
            if !labels.contains(label) {
                continue;
            }
            if let Some(bound) = bound(labels) {
                histogram.buckets.push((bound, *count));
            }
        }
        histogram
            .buckets
            .sort_by(|one, two| one.0.total_cmp(&two.0));
        histogram
    }
}

/// `name{labels} value timestamp` → the series and its value.
fn sample(line: &str) -> Option<(String, f64)> {
    let end = match line.rfind('}') {
        Some(brace) => brace + 1,
        None => line.find(char::is_whitespace)?,
    };
    let (series, rest) = line.split_at(end);
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((series.to_owned(), value))
}

/// The value of the label `le`.
fn bound(labels: &str) -> Option<f64> {
    let start = labels.find("le=\"")? + 4;
    let text = &labels[start..];
    text[..text.find('"')?].parse().ok()
}

/// Cumulative counts by upper bound, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    buckets: Vec<(f64, f64)>,
    /// Of all values.
    sum: f64,
}

impl Histogram {
    /// What was added since `earlier`, a reading of the same histogram.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            let found = earlier.buckets.iter().find(|(other, _)| *other == bound);
            found.map_or(0.0, |(_, count)| *count)
        };
        let buckets = self.buckets.iter();
        Self {
            buckets: buckets
                .map(|(bound, count)| (*bound, count - before(*bound)))
                .collect(),
            sum: self.sum - earlier.sum,
        }
    }

    fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// The mean, which buckets do not blur; `None` if there are none.
    #[allow(
        dead_code,
        reason = "the bench, which shares this file, has its own way"
    )]
    pub(crate) fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0.0).then(|| self.sum / count)
    }

    /// The value that this part (0–1) of all does not exceed, interpolated;
    /// `None` if there are none.
    pub(crate) fn quantile(&self, part: f64) -> Option<f64> {
        let rank = part * self.count();
        let index = self
            .buckets
            .iter()
            .position(|(_, count)| *count > 0.0 && *count >= rank)?;
        let (upper, count) = self.buckets[index];
        let (lower, below) = index
            .checked_sub(1)
            .map_or((0.0, 0.0), |index| self.buckets[index]);
        if upper.is_infinite() {
            return Some(lower);
        }
        Some(lower + (upper - lower) * (rank - below) / (count - below))
    }

    /// The upper bound of the highest bucket that is not empty (of the last one
    /// with a bound, if values lie beyond it); `None` if there are none.
    pub(crate) fn max(&self) -> Option<f64> {
        let all = self.count();
        if all <= 0.0 {
            return None;
        }
        let index = self.buckets.iter().position(|(_, count)| *count >= all)?;
        match self.buckets[index].0 {
            bound if bound.is_finite() => Some(bound),
            _ => index.checked_sub(1).map(|index| self.buckets[index].0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
# HELP downbeat_ticks_total Ticks made.
# TYPE downbeat_ticks_total counter
downbeat_ticks_total 4242
process_cpu_seconds_total 12.625
process_resident_memory_bytes 1.5e7 1700000000000
downbeat_inputs_total{outcome="applied"} 7
downbeat_tick_seconds_bucket{phase="step",le="0.001"} 99
downbeat_tick_seconds_bucket{phase="total",le="0.001"} 10
downbeat_tick_seconds_bucket{phase="total",le="0.002"} 30
downbeat_tick_seconds_bucket{phase="total",le="0.004"} 40
downbeat_tick_seconds_bucket{phase="total",le="+Inf"} 40
downbeat_tick_seconds_sum{phase="total"} 0.06
downbeat_tick_seconds_count{phase="total"} 40
a line that means nothing
downbeat_tick_lateness_seconds_bucket{le="1e-05"} 1
downbeat_tick_lateness_seconds_bucket{le="+Inf"} 2
"#;

    #[test]
    fn values_and_histograms_are_found() {
        let page = Page::parse(PAGE);
        assert_eq!(page.value("downbeat_ticks_total"), Some(4242.0));
        assert_eq!(page.value("process_cpu_seconds_total"), Some(12.625));
        assert_eq!(page.value("process_resident_memory_bytes"), Some(1.5e7));
        assert_eq!(page.value("downbeat_ticks"), None, "a prefix is no name");
        let total = page.histogram("downbeat_tick_seconds", "phase=\"total\"");
        assert_eq!(total.buckets.len(), 4, "only the buckets of that label");
        let late = page.histogram("downbeat_tick_lateness_seconds", "");
        assert_eq!(late.buckets, [(1e-5, 1.0), (f64::INFINITY, 2.0)]);
    }

    #[test]
    fn percentiles_are_interpolated_within_their_bucket() {
        let total = Page::parse(PAGE).histogram("downbeat_tick_seconds", "phase=\"total\"");
        for (part, expected) in [
            (0.0, 0.0),
            (0.125, 0.0005),
            (0.25, 0.001),
            (0.5, 0.0015),
            (0.75, 0.002),
            (0.875, 0.003),
            (1.0, 0.004),
        ] {
            let got = total.quantile(part).unwrap();
            assert!(
                (got - expected).abs() < 1e-12,
                "{part}: {got}, not {expected}"
            );
        }
        assert_eq!(total.max(), Some(0.004));
        assert_eq!(total.mean(), Some(0.0015));
    }

    #[test]
    fn beyond_the_last_bound_the_last_bound_is_told() {
        let late = Page::parse(PAGE).histogram("downbeat_tick_lateness_seconds", "");
        assert_eq!(late.quantile(0.99), Some(1e-5));
        assert_eq!(late.max(), Some(1e-5));
    }

    #[test]
    fn an_empty_histogram_has_no_percentiles() {
        let total = Page::parse(PAGE).histogram("downbeat_tick_seconds", "phase=\"total\"");
        for empty in [Histogram::default(), total.since(&total)] {
            assert_eq!(empty.quantile(0.5), None);
            assert_eq!(empty.max(), None);
            assert_eq!(empty.mean(), None);
        }
    }

    #[test]
    fn only_what_was_added_counts() {
        let bucket = |counts: [f64; 3]| {
            let bounds = [1.0, 2.0, f64::INFINITY];
            Histogram {
                buckets: bounds.into_iter().zip(counts).collect(),
                sum: counts[0] * 0.5,
            }
        };
        let added = bucket([5.0, 9.0, 9.0]).since(&bucket([5.0, 5.0, 5.0]));
        assert_eq!(added, bucket([0.0, 4.0, 4.0]));
        assert_eq!(added.quantile(0.5), Some(1.5));
        assert_eq!(added.max(), Some(2.0));
    }
}
