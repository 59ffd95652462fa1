//! The table's rows on who misbehaved, and what became of them.

use super::{number, thousands};
use crate::report::{Memory, Report, Seconds};
use std::collections::BTreeMap;

/// Name and value of each row there is something to say in.
pub(super) fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let it = &report.misbehaviour;
    let mut rows = Vec::new();
    let mut hung = |name, count: u32, ended: u32, seconds: &Seconds, by| {
        if count > 0 {
            let when = format!(
                "after {} s (max {})",
                number(seconds.p50, 1),
                number(seconds.max, 1)
            );
            let value = match ended {
                0 => format!("{}, none ended", thousands(count.into())),
                _ => format!(
                    "{}, {ended} ended {when}: {}",
                    thousands(count.into()),
                    list(by)
                ),
            };
            rows.push((name, value));
        }
    };
    hung(
        "stalled",
        it.stalled,
        it.stalled_ended,
        &it.stalled_ended_s,
        &it.stalled_ended_by,
    );
    hung(
        "trickling",
        it.trickling,
        it.trickling_ended,
        &it.trickling_ended_s,
        &it.trickling_ended_by,
    );
    hung(
        "slow requests",
        it.loris,
        it.loris_ended,
        &it.loris_ended_s,
        &it.loris_ended_by,
    );
    if it.garbage > 0 || !it.garbage_ended.is_empty() {
        let value = format!(
            "{} messages on {} connections, ended: {}",
            thousands(it.garbage_messages),
            thousands(it.garbage),
            list(&it.garbage_ended)
        );
        rows.push(("garbage", value));
    }
    if it.cuts > 0 {
        let value = format!(
            "{} links, {} resumed, {} bots did not get their player back",
            thousands(it.cuts.into()),
            thousands(it.resumes.into()),
            it.resume_failures
        );
        rows.push(("cut", value));
    }
    if let Some(memory) = report.server.as_ref().map(|server| &server.memory_bytes) {
        rows.push(("server memory", self::memory(memory)));
    }
    if let Some(baseline) = &report.baseline {
        let value = format!(
            "p99 snapshot gap {} × that of the {} s before",
            number(baseline.gap_p99_ratio, 2),
            number(Some(baseline.duration_s), 0)
        );
        rows.push(("harm done", value));
    }
    rows
}

fn memory(memory: &Memory) -> String {
    let mib = |bytes: Option<u64>| number(bytes.map(|bytes| bytes as f64 / f64::from(1 << 20)), 1);
    let each = match memory.growth_per_stalled {
        Some(bytes) => format!(", {} KiB per stalled", number(Some(bytes / 1024.0), 1)),
        None => String::new(),
    };
    format!(
        "{} MiB, at most {}, {} at the end{each}",
        mib(memory.start),
        mib(memory.highest),
        mib(memory.end)
    )
}

fn list(counts: &BTreeMap<String, u32>) -> String {
    let counts = counts
        .iter()
        .map(|(label, count)| format!("{count} {label}"));
    counts.collect::<Vec<_>>().join(", ")
}
