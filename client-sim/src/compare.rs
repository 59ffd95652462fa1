//! A report held against an earlier one: `--against`.
//!
//! Owns which figures are compared and what counts as worse: more than the
//! tolerance, and more than the figure's own grain. Differences in what was run are
//! told, for they explain a ratio better than the code does. Called by the command
//! line.

use crate::report::{FORMAT, Report};
use anyhow::{Context, ensure};
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use std::path::Path;

/// A figure of which less is better.
struct Figure {
    name: &'static str,
    decimals: usize,
    /// A change of no more than this is none.
    grain: f64,
    of: fn(&Report) -> Option<f64>,
}

const fn figure(
    name: &'static str,
    decimals: usize,
    grain: f64,
    of: fn(&Report) -> Option<f64>,
) -> Figure {
    Figure {
        name,
        decimals,
        grain,
        of,
    }
}

const FIGURES: &[Figure] = &[
    figure("bots that could not join", 0, 0.0, |it| {
        Some(it.join_failures.into())
    }),
    figure("bots lost", 0, 0.0, |it| Some(it.disconnects.into())),
    figure("bots with a wrong checksum", 0, 0.0, |it| {
        Some(it.desyncs.into())
    }),
    figure("ticks skipped", 0, 0.0, |it| {
        Some(it.server.as_ref()?.ticks_skipped? as f64)
    }),
    figure("snapshots skipped", 0, 0.0, |it| {
        Some(it.server.as_ref()?.snapshots_skipped? as f64)
    }),
    figure("snapshot gap p50, ms", 2, 1.0, |it| it.snapshot_gap_ms.p50),
    figure("snapshot gap p99, ms", 2, 1.0, |it| it.snapshot_gap_ms.p99),
    figure("input to snapshot p50, ms", 2, 1.0, |it| {
        it.input_to_snapshot_ms.p50
    }),
    figure("input to snapshot p95, ms", 2, 1.0, |it| {
        it.input_to_snapshot_ms.p95
    }),
    figure("input to snapshot p99, ms", 2, 1.0, |it| {
        it.input_to_snapshot_ms.p99
    }),
    figure("server tick, mean, ms", 3, 0.05, |it| {
        it.server.as_ref()?.mean_tick_ms()
    }),
    figure("server tick p99, ms", 3, 0.05, |it| {
        it.server.as_ref()?.tick_ms.p99
    }),
    figure("server CPU per snapshot, µs", 2, 0.1, |it| {
        it.server.as_ref()?.cpu_us_per_snapshot
    }),
    figure("server memory at most, MiB", 1, 1.0, |it| {
        let bytes = it.server.as_ref()?.memory_bytes.highest?;
        Some(bytes as f64 / f64::from(1 << 20))
    }),
    figure("bytes to each bot, per s", 0, 1.0, |it| {
        it.bytes_down_per_bot_s
    }),
    figure("bytes from each bot, per s", 0, 1.0, |it| {
        it.bytes_up_per_bot_s
    }),
];

/// See the module's doc.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// What was not the same in both runs.
    differences: Vec<String>,
    rows: Vec<Row>,
    tolerance: f64,
}

#[derive(Debug, PartialEq)]
struct Row {
    name: &'static str,
    decimals: usize,
    before: f64,
    now: f64,
    is_worse: bool,
}

impl Comparison {
    /// `tolerance` is a part: 0.1 allows a tenth more.
    pub(crate) fn of(before: &Report, now: &Report, tolerance: f64) -> Self {
        let rows = FIGURES.iter().filter_map(|figure| {
            let (before, now) = ((figure.of)(before)?, (figure.of)(now)?);
            let allowed = before * (1.0 + tolerance) + figure.grain;
            Some(Row {
                name: figure.name,
                decimals: figure.decimals,
                before,
                now,
                is_worse: now > allowed,
            })
        });
        Self {
            differences: differences(before, now),
            rows: rows.collect(),
            tolerance,
        }
    }

    /// Whether nothing got worse beyond the tolerance.
    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| !row.is_worse)
    }

    /// The table of ratios, ending with a line break.
    pub(crate) fn render(&self) -> String {
        let mut table = Table::new();
        let line = LineStyle::none().fill('─').junction('─');
        table.load_style(presets::NOTHING.header_separator(line));
        table.set_header(["against the earlier report", "before", "now", "ratio", ""]);
        for row in &self.rows {
            let number = |value: f64| format!("{value:.*}", row.decimals);
            let ratio = match row.before {
                before if before > 0.0 => format!("{:.2} ×", row.now / before),
                _ => "–".into(),
            };
            let word = if row.is_worse { "worse" } else { "" };
            table.add_row([
                row.name,
                &number(row.before),
                &number(row.now),
                &ratio,
                word,
            ]);
        }
        for column in table.column_iter_mut().skip(1).take(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text = format!("\n{}\n", table.trim_fmt());
        for difference in &self.differences {
            text.push_str(&format!("\n note: the runs differ in {difference}"));
        }
        if !self.differences.is_empty() {
            text.push('\n');
        }
        let percent = self.tolerance * 100.0;
        let worse = self.rows.iter().filter(|row| row.is_worse).count();
        text.push_str(&match worse {
            0 => format!("\n ok: nothing is worse by more than {percent:.0} %\n"),
            1 => format!("\n failed: one figure is worse by more than {percent:.0} %\n"),
            _ => format!("\n failed: {worse} figures are worse by more than {percent:.0} %\n"),
        });
        text
    }
}

/// Reads an earlier report.
///
/// # Errors
/// If there is none, or it is of another form.
pub(crate) fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the report {}", path.display()))?;
    let read = || {
        let value: serde_json::Value = serde_json::from_str(&text)?;
        let format = value["format"].as_str().unwrap_or("none");
        ensure!(format == FORMAT, "its format is {format}, not {FORMAT}");
        Ok(serde_json::from_value(value)?)
    };
    read().with_context(|| format!("{} is no report of a swarm", path.display()))
}

fn differences(before: &Report, now: &Report) -> Vec<String> {
    fn differ<T: PartialEq + std::fmt::Debug>(name: &str, before: T, now: T) -> Option<String> {
        (before != now).then(|| format!("{name}: {before:?}, now {now:?}"))
    }
    let rate = |rate: Option<u32>| rate.unwrap_or(0);
    [
        differ("bots", before.bots, now.bots),
        differ("tick rate", rate(before.tick_rate), rate(now.tick_rate)),
        differ(
            "snapshot rate",
            rate(before.snapshot_rate),
            rate(now.snapshot_rate),
        ),
        differ("behaviour", &before.behaviour, &now.behaviour),
        differ("rooms", before.rooms, now.rooms),
        differ("cores", before.machine.cores, now.machine.cores),
        differ("processor", &before.machine.model, &now.machine.model),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Gaps, Server};

    fn report(gap_p99: f64, bytes: f64, skipped: u64) -> Report {
        Report {
            snapshot_gap_ms: Gaps {
                p99: Some(gap_p99),
                ..Gaps::default()
            },
            bytes_down_per_bot_s: Some(bytes),
            server: Some(Server {
                ticks_skipped: Some(skipped),
                ..Server::default()
            }),
            ..Report::default()
        }
    }

    #[test]
    fn only_what_is_worse_beyond_tolerance_and_grain_fails() {
        let before = report(20.0, 3000.0, 0);
        for (name, now, worse) in [
            ("the same", report(20.0, 3000.0, 0), &[][..]),
            ("better", report(10.0, 1500.0, 0), &[]),
            ("within the tolerance", report(21.9, 3290.0, 0), &[]),
            ("within tolerance and grain", report(22.9, 3300.0, 0), &[]),
            (
                "a longer gap",
                report(23.1, 3000.0, 0),
                &["snapshot gap p99, ms"],
            ),
            (
                "more bytes",
                report(20.0, 3302.0, 0),
                &["bytes to each bot, per s"],
            ),
            (
                "a tick where there was none",
                report(20.0, 3000.0, 1),
                &["ticks skipped"],
            ),
        ] {
            let comparison = Comparison::of(&before, &now, 0.1);
            let rows = comparison.rows.iter().filter(|row| row.is_worse);
            let names: Vec<_> = rows.map(|row| row.name).collect();
            assert_eq!(names, worse, "{name}");
            assert_eq!(comparison.is_good(), worse.is_empty(), "{name}");
            let text = comparison.render();
            assert_eq!(text.contains("failed"), !worse.is_empty(), "{text}");
        }
    }

    #[test]
    fn ratios_and_differences_are_told() {
        let (before, mut now) = (report(20.0, 3000.0, 0), report(30.0, 1500.0, 0));
        now.bots = 500;
        let text = Comparison::of(&before, &now, 1.0).render();
        for word in ["1.50 ×", "0.50 ×", "bots: 0, now 500", "ok:"] {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
    }
}
