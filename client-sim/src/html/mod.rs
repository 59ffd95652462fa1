//! A sweep as a page that needs nothing else: no script, no network, no font.
//!
//! Owns the page's words and order: the answer first, then what limited it, then
//! the curves behind it, then every run. Called by the sweep.

mod chart;
mod curves;

use crate::diagnosis::{Culprit, Finding};
use crate::slo::Verdict;
use crate::sweep::report::{Rate, Sweep};
use crate::sweep::{notes, words};
use crate::table::{number, thousands};
use chart::{Bar, Stack, bars, escape, short, stacks};
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
        curves::section(sweep),
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
         <p class=\"lead\">The largest number of simulated players with which every objective was kept, and what came beyond it. The limit lies between the two.</p>\n\
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
