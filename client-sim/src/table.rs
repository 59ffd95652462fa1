//! The report for people: one screen of text.
//!
//! Owns words, units and alignment; the figures come from the report.

mod groups;
mod misbehaviour;

use crate::bot::IDLE;
use crate::report::{Gaps, Report};
use crate::scenario::Plan;
use crate::swarm::Outcome;
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use std::fmt::Write;

/// The whole text, ending with a line break.
pub(crate) fn render(plan: &Plan, outcome: &Outcome, report: &Report) -> String {
    let mut text = String::new();
    let inputs = match report.input_rate {
        Some(rate) => format!("{} Hz inputs", number(Some(rate), 2)),
        None if report.behaviour == IDLE.name => "no inputs".into(),
        None => "inputs at several rates".into(),
    };
    let rooms = match report.rooms {
        1 => String::new(),
        rooms => format!(" in {rooms} rooms"),
    };
    // Writing into a string cannot fail.
    let _ = write!(
        text,
        "\n {} bots{rooms} at {}, {} s measured\n {}, {inputs}, seed {}\n\n{}\n\n{}{}\n",
        thousands(u64::from(report.bots)),
        plan.target,
        number(Some(report.duration_s), 1),
        report.behaviour,
        report.seed,
        facts(report),
        groups::render(report),
        times(report),
    );
    for note in notes(outcome, report) {
        let _ = writeln!(text, "\n note: {note}");
    }
    let _ = writeln!(text, "\n {}", verdict(outcome, report));
    text
}

fn facts(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row(
        "bots",
        format!(
            "{} joined, {} could not, {} lost, {} saw a wrong checksum",
            thousands(report.joined.into()),
            report.join_failures,
            report.disconnects,
            report.desyncs
        ),
    );
    let rate = &report.snapshot_rate_hz;
    row(
        "snapshots",
        format!(
            "{}, per bot {} Hz (min {}, max {}) of {}",
            thousands(report.snapshots),
            number(rate.mean, 2),
            number(rate.min, 2),
            number(rate.max, 2),
            report
                .snapshot_rate
                .map_or("–".into(), |rate| rate.to_string()),
        ),
    );
    row(
        "inputs",
        format!(
            "{} sent, {} skipped, {} held back, {} never acknowledged",
            thousands(report.inputs.sent),
            thousands(report.inputs.skipped),
            thousands(report.inputs.held),
            thousands(report.inputs.unacknowledged),
        ),
    );
    row(
        "traffic",
        format!(
            "{} B/s down, {} B/s up per bot",
            number(report.bytes_down_per_bot_s, 0),
            number(report.bytes_up_per_bot_s, 0)
        ),
    );
    row(
        "in sight",
        format!(
            "{} entities (max {}), {} bytes each per snapshot",
            number(report.visible_entities.mean, 1),
            report.visible_entities.max,
            number(report.bytes_per_visible_entity, 2)
        ),
    );
    row(
        "fight",
        format!(
            "{} kills, {} points per bot (max {})",
            thousands(report.kills),
            number(report.scores.mean, 1),
            number(report.scores.max, 0)
        ),
    );
    if let Some(server) = &report.server {
        row(
            "server",
            format!(
                "{} ticks at {} Hz, {} skipped; {} snapshots skipped",
                server.ticks.map_or("–".into(), thousands),
                report.tick_rate.map_or("–".into(), |rate| rate.to_string()),
                server.ticks_skipped.map_or("–".into(), thousands),
                server.snapshots_skipped.map_or("–".into(), thousands),
            ),
        );
        row(
            "server cost",
            format!(
                "{} s CPU ({} of a core), {} µs per snapshot",
                number(server.cpu_s, 2),
                percent(server.cpu_s, report.duration_s),
                number(server.cpu_us_per_snapshot, 1),
            ),
        );
    }
    for (name, value) in misbehaviour::rows(report) {
        row(name, value);
    }
    row(
        "bots' cost",
        format!(
            "{} s CPU ({} of a core) on {} thread{}",
            number(report.generator.cpu_s, 2),
            percent(report.generator.cpu_s, report.duration_s),
            report.generator.threads,
            if report.generator.threads == 1 {
                ""
            } else {
                "s"
            },
        ),
    );
    table.trim_fmt()
}

fn times(report: &Report) -> String {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(presets::NOTHING.header_separator(line));
    table.set_header(["milliseconds", "p50", "p95", "p99", "max"]);
    let mut row = |name: &str, p50, p95: Option<f64>, p99, max| {
        let p95 = p95.map_or(String::new(), |p95| number(Some(p95), 2));
        table.add_row([
            name.to_owned(),
            number(p50, 2),
            p95,
            number(p99, 2),
            number(max, 2),
        ]);
    };
    let latency = &report.input_to_snapshot_ms;
    row(
        "input to snapshot",
        latency.p50,
        latency.p95,
        latency.p99,
        latency.max,
    );
    let mut three = |name: &str, gaps: &Gaps| row(name, gaps.p50, None, gaps.p99, gaps.max);
    three("snapshot gap", &report.snapshot_gap_ms);
    if let Some(baseline) = &report.baseline {
        three("… in the baseline", &baseline.snapshot_gap_ms);
    }
    if let Some(resume) = &report.misbehaviour.resume_ms {
        three("cut to resumed", resume);
    }
    if let Some(server) = &report.server {
        three("server tick", &server.tick_ms);
        three("server tick lateness", &server.tick_lateness_ms);
    }
    three("bots' lateness", &report.generator.lateness_ms);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// What puts the figures in doubt.
fn notes(outcome: &Outcome, report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if let Err(error) = &outcome.server {
        notes.push(format!("no figures from the server's /metrics: {error}"));
    }
    notes.extend(report.findings.iter().map(ToString::to_string));
    notes
}

fn verdict(outcome: &Outcome, report: &Report) -> String {
    if report.is_good() {
        let kept: Vec<_> = report
            .objectives
            .iter()
            .map(|one| format!("\n   {}: it is {}", one.objective, one.text))
            .collect();
        return format!(
            "ok: every bot joined, stayed and saw what it should{}",
            kept.concat()
        );
    }
    let mut text = String::from("failed:");
    for broken in report.objectives.iter().filter(|one| !one.is_kept) {
        // Writing into a string cannot fail.
        let _ = write!(text, "\n   {}: it is {}", broken.objective, broken.text);
    }
    for (label, count) in &report.ends {
        let endings = outcome
            .tallies
            .iter()
            .filter_map(|tally| tally.ending.as_ref());
        let first = endings.into_iter().find(|ending| ending.label == *label);
        let detail = first.map_or("", |ending| ending.detail.as_str());
        // Writing into a string cannot fail.
        let _ = write!(text, "\n   {count} × {label}: {detail}");
    }
    text
}

/// A figure with at most so many decimals; a dash if there is none.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value else {
        return "–".into();
    };
    if decimals == 0 {
        return thousands(value.round() as u64);
    }
    format!("{value:.decimals$}")
}

/// A count with separators.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(part: Option<f64>, whole: f64) -> String {
    match part {
        Some(part) if whole > 0.0 => format!("{:.0} %", part / whole * 100.0),
        _ => "–".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_separated_in_threes() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(count), text);
        }
    }
}
