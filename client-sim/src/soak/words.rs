//! A soak for people: a table of what was watched, and the verdict.

use super::SoakReport;
use comfy_table::{Table, presets};
use std::fmt::Write;

const KIB: f64 = 1024.0;

pub(super) fn table(report: &SoakReport) -> String {
    let SoakReport {
        minutes,
        bots,
        judgement,
        failures,
        swarm,
    } = report;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut row = |name: &str, is_good: bool, text: String| {
        table.add_row([name, if is_good { "ok" } else { "FAILED" }, &text]);
    };
    let memory = &judgement.memory;
    let slope = memory.per_hour.map_or("no trend".into(), |trend| {
        format!(
            "{:+.0} KiB an hour (99 %: {:+.0} to {:+.0})",
            trend.slope / KIB,
            trend.low / KIB,
            trend.high / KIB
        )
    });
    row(
        "memory",
        memory.is_good(),
        format!("{:.2} MiB, {slope}", memory.median_bytes / KIB / KIB),
    );
    let sessions = &judgement.sessions;
    row(
        "sessions",
        sessions.is_good(),
        format!(
            "{:+.0} beside the bots' own count, {:+.0} left behind, {:+.0} players",
            sessions.surplus, sessions.left_behind, sessions.players_left_behind
        ),
    );
    let ticks = &judgement.ticks;
    let drift = ticks.drift_per_hour.map_or("no trend".into(), |trend| {
        format!(
            "{:+.3} an hour off (99 %: {:+.3} to {:+.3})",
            trend.slope, trend.low, trend.high
        )
    });
    row(
        "ticks",
        ticks.is_good(),
        format!(
            "{:.0} made, {:.0} skipped, {drift}",
            ticks.made, ticks.skipped
        ),
    );
    let group = swarm.groups.first();
    row(
        "bots",
        swarm.is_whole(),
        format!(
            "{} joined, {} lost, {} desyncs; {} left and came anew; {} links cut, {} came back",
            swarm.joined,
            swarm.disconnects,
            swarm.desyncs,
            group.map_or(0, |group| group.leaves),
            swarm.misbehaviour.cuts,
            swarm.misbehaviour.resumes,
        ),
    );
    let mut text = format!(
        "\n {bots} bots for {minutes:.1} minutes, {} readings ({} failed)\n\n{}\n\n",
        judgement.readings,
        judgement.unread,
        table.trim_fmt()
    );
    // Writing into a string cannot fail.
    if failures.is_empty() {
        let _ = writeln!(text, " ok: nothing grew, leaked or drifted");
    }
    for failure in failures {
        let _ = writeln!(text, " failed: {failure}");
    }
    text
}
