//! The groups of a run, a line each, if there are several.

use super::number;
use crate::report::{GroupReport, Report};
use comfy_table::{CellAlignment, LineStyle, Table, presets};

/// The table, with a blank line after it; nothing of a single group.
pub(super) fn render(report: &Report) -> String {
    if report.groups.len() < 2 {
        return String::new();
    }
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(presets::NOTHING.header_separator(line));
    table.set_header([
        "group",
        "way",
        "joined",
        "lost",
        "cut",
        "back",
        "left",
        "Hz",
        "gap p99",
        "input p50",
        "input p99",
    ]);
    for group in &report.groups {
        table.add_row(row(group));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n\n", table.trim_fmt())
}

fn row(group: &GroupReport) -> [String; 11] {
    // Who misbehaves has no figures of his own.
    let figure = |value: Option<f64>| match group.honest {
        true => number(value, 2),
        false => String::new(),
    };
    [
        group.name.clone(),
        group.behaviour.clone(),
        format!("{}/{}", group.joined, group.bots),
        (group.disconnects + group.desyncs).to_string(),
        group.cuts.to_string(),
        group.resumes.to_string(),
        group.leaves.to_string(),
        figure(group.snapshot_rate_hz.mean),
        figure(group.snapshot_gap_ms.p99),
        figure(group.input_to_snapshot_ms.p50),
        figure(group.input_to_snapshot_ms.p99),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_groups_have_a_line_each_and_one_has_none() {
        let group = |name: &str, honest| GroupReport {
            name: name.into(),
            behaviour: "hunt".into(),
            honest,
            bots: 5,
            joined: 4,
            cuts: 77,
            ..GroupReport::default()
        };
        let mut report = Report {
            groups: vec![group("ones", true)],
            ..Report::default()
        };
        assert_eq!(render(&report), "");
        report.groups.push(group("twos", false));
        let text = render(&report);
        for word in ["ones", "twos", "4/5", "77", "gap p99"] {
            assert!(text.contains(word), "{word} is not in\n{text}");
        }
        assert_eq!(text.lines().filter(|line| line.contains('–')).count(), 1);
    }
}
