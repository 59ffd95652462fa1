//! A sweep in words: lines while it runs, the table at its end, Markdown.
//!
//! Owns words, units and alignment; the figures come from the report.

use super::report::{Rate, Run, Sweep};
use crate::report::Report;
use crate::slo::Verdict;
use crate::table::{number, thousands};
use comfy_table::{CellAlignment, LineStyle, Table, presets};

/// A run, while the sweep goes on.
pub(super) fn run(run: &Run) -> String {
    let word = if run.is_kept { "kept  " } else { "missed" };
    let objectives = run.report.objectives.iter();
    let figures: Vec<_> = if run.is_kept {
        let limits = objectives.filter(|one| one.ratio.is_some());
        limits.map(figure).collect()
    } else if run.report.is_whole() {
        objectives.filter(|one| !one.is_kept).map(figure).collect()
    } else {
        let ends = run.report.ends.iter();
        ends.map(|(label, count)| format!("{count} × {label}"))
            .collect()
    };
    let players = thousands(run.players.into());
    let mut text = format!("  {players:>7} bots  {word}  {}", figures.join(", "));
    for finding in run.report.findings.iter().filter(|_| !run.is_kept) {
        text.push_str(&format!("\n                {finding}"));
    }
    text
}

/// `tick_p99 23.1 %`.
fn figure(verdict: &Verdict) -> String {
    let name = verdict.objective.find(['<', '>', '=']);
    let name = &verdict.objective[..name.unwrap_or(verdict.objective.len())];
    format!("{name} {}", verdict.text)
}

/// What one rate came to, in a line.
pub(super) fn line(rate: &Rate) -> String {
    let (kept, all) = rate.confirmed;
    let held = match rate.held {
        0 => "nobody held".into(),
        held if rate.is_confirmed() => {
            format!(
                "{} players held ({kept} of {all} runs)",
                thousands(held.into())
            )
        }
        held => format!(
            "{} players held, not confirmed (kept in {kept} of {all} runs)",
            thousands(held.into())
        ),
    };
    format!(
        "{} Hz: {held}{}",
        rate.tick_rate,
        match &rate.limit {
            Some(limit) => format!(
                ", {} broke {}",
                thousands(limit.players.into()),
                limit.words()
            ),
            None => ", more were not tried".into(),
        }
    )
}

/// The table's columns: name, unit, and the figure of a rate.
pub(crate) type Column = (&'static str, fn(&Rate) -> String);

pub(crate) const COLUMNS: [Column; 10] = [
    ("tick rate", |rate| format!("{} Hz", rate.tick_rate)),
    ("players held", |rate| {
        let held = thousands(rate.held.into());
        match rate.is_confirmed() {
            true => held,
            false => format!("{held}, not confirmed"),
        }
    }),
    ("tick p50 / p99, ms", |rate| {
        of(rate, |it| {
            let tick = &it.server.as_ref()?.tick_ms;
            Some(format!("{} / {}", number(tick.p50, 1), number(tick.p99, 1)))
        })
    }),
    ("p99 of the period", |rate| {
        of(rate, |it| {
            let p99 = it.server.as_ref()?.tick_ms.p99?;
            let share = p99 / 1000.0 * f64::from(it.tick_rate?);
            Some(format!("{:.0} %", share * 100.0))
        })
    }),
    ("snapshot gap p99, ms", |rate| {
        of(rate, |it| Some(number(it.snapshot_gap_ms.p99, 1)))
    }),
    ("input to snapshot p50 / p99, ms", |rate| {
        of(rate, |it| {
            let latency = &it.input_to_snapshot_ms;
            Some(format!(
                "{} / {}",
                number(latency.p50, 1),
                number(latency.p99, 1)
            ))
        })
    }),
    ("KiB/s to a player", |rate| {
        of(rate, |it| {
            Some(format!("{:.1}", it.bytes_down_per_bot_s? / 1024.0))
        })
    }),
    ("server CPU, of a core", |rate| {
        of(rate, |it| {
            let share = it.server.as_ref()?.cpu_s? / it.duration_s;
            Some(format!("{:.0} %", share * 100.0))
        })
    }),
    ("server memory, MiB", |rate| {
        of(rate, |it| {
            let bytes = it.server.as_ref()?.memory_bytes.highest?;
            Some(format!("{:.0}", bytes as f64 / f64::from(1 << 20)))
        })
    }),
    ("broke first", |rate| match &rate.limit {
        Some(limit) => format!(
            "{} with {}",
            limit.words().replace(": ", " was "),
            thousands(limit.players.into())
        ),
        None => "nothing".into(),
    }),
];

fn of(rate: &Rate, figure: fn(&Report) -> Option<String>) -> String {
    rate.held_run()
        .and_then(figure)
        .unwrap_or_else(|| "–".into())
}

/// The table, for a terminal, ending with a line break. Rates are columns: a
/// terminal is narrow.
pub(super) fn table(sweep: &Sweep) -> String {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(presets::NOTHING.header_separator(line));
    for (index, (name, figure)) in COLUMNS[..COLUMNS.len() - 1].iter().enumerate() {
        let cells = sweep.rates.iter().map(figure);
        let row: Vec<_> = std::iter::once((*name).to_owned()).chain(cells).collect();
        match index {
            0 => table.set_header(row),
            _ => table.add_row(row),
        };
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = format!("\n{}\n", table.trim_fmt());
    text.push_str(&format!("\n {}\n", sweep.machine));
    text.push_str(&format!(" objectives {}\n", sweep.objectives));
    text.push_str(
        " held is the largest number tried and kept: the limit lies between it and what broke\n",
    );
    for rate in &sweep.rates {
        text.push_str(&format!("\n {}\n", self::line(rate)));
        let findings = rate.limit.iter().flat_map(|limit| &limit.findings);
        for finding in findings {
            text.push_str(&format!("   {finding}\n"));
        }
    }
    for note in notes(sweep) {
        text.push_str(&format!("\n note: {note}\n"));
    }
    text
}

/// What puts the figures in doubt.
pub(crate) fn notes(sweep: &Sweep) -> Vec<String> {
    let mut notes = Vec::new();
    if sweep.is_debug {
        notes.push("made without optimisation: the figures mean little".into());
    }
    let rates = |is_meant: fn(&Rate) -> bool| {
        let rates = sweep.rates.iter().filter(|rate| is_meant(rate));
        let rates: Vec<_> = rates.map(|rate| format!("{} Hz", rate.tick_rate)).collect();
        rates.join(", ")
    };
    let unconfirmed = rates(|rate| !rate.is_confirmed());
    if !unconfirmed.is_empty() {
        notes.push(format!(
            "at {unconfirmed} the sweep's runs were spent before the number held could be confirmed by another: \
             take it for a first guess, and sweep again, from near it (--first) or without --quick"
        ));
    }
    let doubtful = rates(|rate| rate.limit.as_ref().is_some_and(|it| it.is_generators));
    if !doubtful.is_empty() {
        notes.push(format!(
            "at {doubtful} it was not the server alone that had no more to give, but the bots or the machine they share with it: \
             it holds at least so many. For its own limit, run the bots on another machine (--url), or more of them at once (--processes)"
        ));
    }
    if sweep
        .machine
        .load_average
        .is_some_and(|load| load > 0.5 * sweep.machine.cores as f64)
    {
        notes.push("the machine was busy before the sweep began: repeat it in peace".into());
    }
    notes
}

/// The table as Markdown.
pub(super) fn markdown(sweep: &Sweep) -> String {
    let mut text = String::new();
    let cells = |text: &mut String, cells: &mut dyn Iterator<Item = String>| {
        for cell in cells {
            text.push_str("| ");
            text.push_str(&cell);
            text.push(' ');
        }
        text.push_str("|\n");
    };
    for (index, (name, figure)) in COLUMNS.iter().enumerate() {
        let figures = sweep.rates.iter().map(|rate| match index {
            // The names of objectives, and what must not be a tag.
            9 => figure(rate).replace('<', "&lt;"),
            1 => format!("**{}**", figure(rate)),
            _ => figure(rate),
        });
        cells(
            &mut text,
            &mut std::iter::once((*name).to_owned()).chain(figures),
        );
        if index == 0 {
            let rule = sweep.rates.iter().map(|_| "---:".to_owned());
            cells(
                &mut text,
                &mut std::iter::once("---".to_owned()).chain(rule),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(held: u32, confirmed: (u32, u32)) -> Rate {
        Rate {
            tick_rate: 60,
            held,
            confirmed,
            limit: None,
            runs: Vec::new(),
        }
    }

    #[test]
    fn only_what_was_kept_twice_is_confirmed() {
        for (held, confirmed, words) in [
            (
                1700,
                (2, 2),
                "60 Hz: 1,700 players held (2 of 2 runs), more",
            ),
            (
                1700,
                (2, 3),
                "60 Hz: 1,700 players held (2 of 3 runs), more",
            ),
            (
                1700,
                (1, 1),
                "60 Hz: 1,700 players held, not confirmed (kept in 1 of 1 runs), more",
            ),
            (0, (0, 0), "60 Hz: nobody held, more"),
        ] {
            let line = line(&rate(held, confirmed));
            assert!(line.starts_with(words), "{line}");
        }
    }
}
