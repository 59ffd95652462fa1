//! A sweep as a page that needs nothing else: no script, no network, no font.
//!
//! Owns the page's words and order: the answer first, then what limited it, then
//! the curves behind it, then every run. Called by the sweep.

mod chart;

use crate::diagnosis::{Culprit, Finding};
use crate::report::Report;
use crate::slo::Verdict;
use crate::sweep::report::{Rate, Run, Sweep};
use crate::sweep::{notes, words};
use crate::table::{number, thousands};
use chart::{Bar, COLOURS, Point, Series, Stack, bars, escape, lines, short, stacks};
use std::fmt::Write;

const PAGE_STYLE: &str = include_str!("page.css");
const CHART_STYLE: &str = include_str!("chart.css");

/// The whole page.
pub(crate) fn page(sweep: &Sweep) -> String {
    let parts = [
        head(sweep),
        limits(sweep),
        held(sweep),
        phases(sweep),
        curves(sweep),
        runs(sweep),
        foot(sweep),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Players held per tick rate</title>\n<style>\n{PAGE_STYLE}{CHART_STYLE}</style>\n\
         </head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        parts.concat()
    )
}

/// The chart of players held, as a file of its own.
pub(crate) fn held_chart(sweep: &Sweep) -> String {
    let svg = bars(&held_bars(sweep));
    match svg.split_once('\n') {
        Some((tag, rest)) => format!("{tag}\n<style>\n{CHART_STYLE}</style>\n{rest}"),
        None => svg,
    }
}

fn head(sweep: &Sweep) -> String {
    let mut text = format!(
        "<h1>How many players, at which tick rate</h1>\n\
         <p class=\"lead\">The largest number of simulated players with which every objective was kept, and what came beyond it.</p>\n\
         <div class=\"hero\">\n{}</div>\n",
        bars(&held_bars(sweep))
    );
    for note in notes(sweep) {
        let _ = writeln!(text, "<p class=\"note\">{}</p>", escape(&note));
    }
    text.push_str("<dl>\n");
    let swarm = match sweep.swarm.join(" ") {
        arguments if arguments.is_empty() => "as it is by default".into(),
        arguments => arguments,
    };
    for (name, value) in [
        ("Objectives", sweep.objectives.clone()),
        ("Machine", sweep.machine.to_string()),
        ("Server", sweep.server.clone()),
        ("Bots", swarm),
        (
            "Measured",
            format!(
                "{}, in {:.0} s{}",
                sweep.began,
                sweep.took_s,
                if sweep.is_quick { ", quickly" } else { "" }
            ),
        ),
    ] {
        let _ = writeln!(text, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    text.push_str("</dl>\n");
    text
}

fn held_bars(sweep: &Sweep) -> Vec<Bar> {
    let rates = sweep.rates.iter();
    rates
        .map(|rate| Bar {
            name: format!("{} Hz", rate.tick_rate),
            value: f64::from(rate.held),
            words: match &rate.limit {
                Some(limit) => format!("then {}", limit.words().replacen(": ", " was ", 1)),
                None => "more were not tried".into(),
            },
        })
        .collect()
}

fn limits(sweep: &Sweep) -> String {
    let mut text = String::from(
        "<h2>What broke first</h2>\n\
         <p class=\"soft\">The smallest number of players beyond, the objectives missed there, and what stood out.</p>\n\
         <ol class=\"limits\">\n",
    );
    for rate in &sweep.rates {
        let _ = write!(text, "<li><strong>{} Hz</strong><div>", rate.tick_rate);
        match &rate.limit {
            None => text.push_str("Nothing: more players were not tried."),
            Some(limit) => {
                let missed: Vec<_> = limit.missed.iter().map(verdict).collect();
                let missed = match &missed[..] {
                    [] => "a bot could not join or was lost".into(),
                    missed => missed.join(", "),
                };
                let players = thousands(limit.players.into());
                let _ = write!(text, "With {players} players {missed}.");
                text.push_str(&findings(&limit.findings));
            }
        }
        text.push_str("</div></li>\n");
    }
    text.push_str("</ol>\n");
    text
}

fn verdict(verdict: &Verdict) -> String {
    format!(
        "<code>{}</code> was <span class=\"missed\">{}</span>",
        escape(&verdict.objective),
        escape(&verdict.text)
    )
}

fn findings(findings: &[Finding]) -> String {
    let mut text = String::from("<ul>");
    for finding in findings {
        let (class, who) = match finding.culprit {
            Culprit::Server => ("who server", "server"),
            Culprit::Generator => ("who", "load generator"),
            Culprit::Machine => ("who", "machine"),
            Culprit::Delivery => ("who", "delivery"),
        };
        let _ = write!(
            text,
            "<li><span class=\"{class}\">{who}</span>{}. <span class=\"soft\">{}.</span></li>",
            escape(&capital(&finding.text)),
            escape(&capital(&finding.advice))
        );
    }
    text.push_str("</ul>");
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn held(sweep: &Sweep) -> String {
    let mut text =
        String::from("<h2>With the players held</h2>\n<div class=\"scroll\"><table>\n<thead><tr>");
    let columns = &words::COLUMNS[..words::COLUMNS.len() - 1];
    for (name, _) in columns {
        let _ = write!(text, "<th>{}</th>", escape(name));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for rate in &sweep.rates {
        text.push_str("<tr>");
        for (index, (_, figure)) in columns.iter().enumerate() {
            let figure = escape(&figure(rate));
            let _ = match index {
                1 => write!(text, "<td><strong>{figure}</strong></td>"),
                _ => write!(text, "<td>{figure}</td>"),
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    text
}

fn phases(sweep: &Sweep) -> String {
    let stack = |rate: &Rate| {
        let report = rate.held_run()?;
        let server = report.server.as_ref()?;
        let period_ms = 1000.0 / f64::from(report.tick_rate?.max(1));
        let phases = server.phases.iter();
        Some(Stack {
            name: format!("{} Hz", rate.tick_rate),
            parts: phases
                .filter_map(|phase| Some((phase.phase.clone(), phase.mean_ms? / period_ms)))
                .collect(),
            words: format!(
                "{} of {} ms",
                number(server.mean_tick_ms(), 2),
                short(period_ms)
            ),
        })
    };
    let all: Vec<_> = sweep.rates.iter().filter_map(stack).collect();
    let Some(first) = all.first() else {
        return String::new();
    };
    let names = first.parts.iter().enumerate();
    let legend: Vec<_> = names
        .map(|(index, (name, _))| format!("<li><i class=\"p{index}\"></i>{}</li>", escape(name)))
        .collect();
    format!(
        "<h2>A tick by phase</h2>\n\
         <p class=\"soft\">The mean tick with the players held, as a part of its period. <em>step</em> is the game's own code; \
         <em>view</em>, <em>encode</em> and <em>send</em> grow with what players see.</p>\n\
         {}<ul class=\"legend\">{}</ul>\n",
        stacks(&all, None),
        legend.concat()
    )
}

/// A chart of one figure over the number of players.
struct Curve {
    title: &'static str,
    words: &'static str,
    unit: &'static str,
    /// The figure's name in objectives, for the line of its limit.
    objective: Option<&'static str>,
    of: fn(&Report) -> Option<f64>,
}

const CURVES: [Curve; 8] = [
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

fn curves(sweep: &Sweep) -> String {
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
    fn limit(&self, sweep: &Sweep) -> Option<f64> {
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

fn runs(sweep: &Sweep) -> String {
    let mut text = String::from(
        "<details><summary>All runs, in their order</summary>\n<div class=\"scroll\"><table>\n<thead><tr>\
         <th>tick rate</th><th>players</th><th class=\"text\"></th><th>tick p99, ms</th><th>gap p99, ms</th>\
         <th>input to snapshot p99, ms</th><th>ticks skipped</th><th>cores busy</th><th>of it others</th>\
         <th>bots late p99, ms</th></tr></thead>\n<tbody>\n",
    );
    for rate in &sweep.rates {
        for run in &rate.runs {
            let report = &run.report;
            let server = report.server.as_ref();
            let word = if run.is_kept { "kept" } else { "missed" };
            let _ = writeln!(
                text,
                "<tr><td>{} Hz</td><td>{}</td><td class=\"text {word}\">{word}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                rate.tick_rate,
                thousands(run.players.into()),
                number(server.and_then(|server| server.tick_ms.p99), 2),
                number(report.snapshot_gap_ms.p99, 1),
                number(report.input_to_snapshot_ms.p99, 1),
                server
                    .and_then(|server| server.ticks_skipped)
                    .map_or("–".into(), thousands),
                number(report.cores.busy, 2),
                number(report.cores.others, 2),
                number(report.generator.lateness_ms.p99, 1),
            );
        }
    }
    text.push_str("</tbody></table></div></details>\n");
    text
}

fn foot(sweep: &Sweep) -> String {
    format!(
        "<footer>client-sim {} · bots and server share the machine unless an address was given · what the figures mean: docs/load-testing.md</footer>\n",
        escape(&sweep.version)
    )
}

#[cfg(test)]
mod tests;
