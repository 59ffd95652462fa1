//! The page's curves: figures over the number of players, a line per tick rate.
//!
//! Owns which figures there are, what is said of them, and where their limits stand.

use super::chart::{COLOURS, Point, Series, lines};
use crate::report::Report;
use crate::sweep::report::{Run, Sweep};
use std::fmt::Write;

/// A chart of one figure over the number of players.
pub(super) struct Curve {
    title: &'static str,
    words: &'static str,
    unit: &'static str,
    /// The figure's name in objectives, for the line of its limit.
    objective: Option<&'static str>,
    of: fn(&Report) -> Option<f64>,
}

pub(super) const CURVES: [Curve; 8] = [
    Curve {
        title: "Tick, p99",
        words: "How long the server takes for a tick: at 100 % it falls behind.",
        unit: "% of the period",
        objective: Some("tick_p99"),
        of: |it| {
            let p99 = it.server.as_ref()?.tick_ms.p99?;
            Some(p99 / 10.0 * f64::from(it.tick_rate?))
        },
    },
    Curve {
        title: "Snapshot gap, p99",
        words: "From one snapshot to the next as a player sees it; one that is missing counts for each that was due.",
        unit: "periods",
        objective: Some("gap_p99"),
        of: |it| Some(it.snapshot_gap_ms.p99? / 1000.0 * f64::from(it.snapshot_rate?)),
    },
    Curve {
        title: "Input to snapshot, p50",
        words: "From the moment an input was to be sent to the snapshot that shows it: half a period on average where all is well.",
        unit: "ms",
        objective: Some("latency_p50"),
        of: |it| it.input_to_snapshot_ms.p50,
    },
    Curve {
        title: "Input to snapshot, p99",
        words: "The same for the unlucky one in a hundred.",
        unit: "ms",
        objective: Some("latency_p99"),
        of: |it| it.input_to_snapshot_ms.p99,
    },
    Curve {
        title: "Server's CPU per player",
        words: "All of its threads; the kernel's share for the sockets included.",
        unit: "ms per player and second",
        objective: None,
        of: |it| {
            let cpu_s = it.server.as_ref()?.cpu_s?;
            Some(cpu_s * 1000.0 / it.duration_s / f64::from(it.joined))
        },
    },
    Curve {
        title: "Bytes to a player",
        words: "WebSocket messages with their frame headers, without TCP and IP.",
        unit: "KiB per player and second",
        objective: None,
        of: |it| Some(it.bytes_down_per_bot_s? / 1024.0),
    },
    Curve {
        title: "Server's CPU",
        words: "All of its threads together: how the cores of a machine are used up.",
        unit: "% of a core",
        objective: Some("server_cpu"),
        of: |it| Some(it.server.as_ref()?.cpu_s? / it.duration_s * 100.0),
    },
    Curve {
        title: "The bots' own lateness, p99",
        words: "From the moment an input was to be sent to its sending. Where this grows, the figures above are the load generator's as well.",
        unit: "ms",
        objective: None,
        of: |it| it.generator.lateness_ms.p99,
    },
];

/// The section of the page.
pub(super) fn section(sweep: &Sweep) -> String {
    let mut text = String::from(
        "<h2>As players come</h2>\n\
         <p class=\"soft\">Each point is a run with a server of its own.</p>\n<ul class=\"legend\">",
    );
    for (index, rate) in sweep.rates.iter().enumerate() {
        let colour = index % COLOURS;
        let _ = write!(
            text,
            "<li><i class=\"c{colour}\"></i>{} Hz</li>",
            rate.tick_rate
        );
    }
    text.push_str(
        "<li><i class=\"ring\"></i>an objective was missed</li></ul>\n<div class=\"grid2\">\n",
    );
    for curve in &CURVES {
        let series: Vec<_> = sweep
            .rates
            .iter()
            .enumerate()
            .map(|(colour, rate)| Series {
                name: format!("{} Hz", rate.tick_rate),
                colour,
                points: rate
                    .curve()
                    .into_iter()
                    .filter_map(|run| curve.point(run))
                    .collect(),
            })
            .collect();
        if series.iter().all(|one| one.points.is_empty()) {
            continue;
        }
        let _ = writeln!(
            text,
            "<section><h3>{}</h3><p>{}</p>\n{}</section>",
            curve.title,
            curve.words,
            lines(&series, curve.limit(sweep), curve.unit)
        );
    }
    text.push_str("</div>\n");
    text
}

impl Curve {
    fn point(&self, run: &Run) -> Option<Point> {
        Some(Point {
            x: run.players.into(),
            y: (self.of)(&run.report).filter(|y| y.is_finite())?,
            is_kept: run.is_kept,
        })
    }

    /// The limit in the chart's unit, if its objective is written in it.
    pub(super) fn limit(&self, sweep: &Sweep) -> Option<f64> {
        let name = self.objective?;
        let all = sweep.objectives.split(',');
        let limit = all.filter_map(|one| one.strip_prefix(name)).next()?;
        let limit = limit.trim_start_matches(['<', '=', '>']);
        let suffix = match self.unit {
            "ms" => "ms",
            "periods" => "",
            _ => "%",
        };
        limit.strip_suffix(suffix)?.parse().ok()
    }
}
