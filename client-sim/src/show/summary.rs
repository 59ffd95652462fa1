//! What a recording comes to: bytes by kind of message, by part of a snapshot and
//! by field, gaps between snapshots, round trips, what was wrong.
//!
//! Called by `show`.

use super::Kind;
use super::arena;
use super::reading::{Meaning, Understood};
use super::snapshot::{Check, Fate, Seen};
use crate::tape::What;
use crate::tape::read::Record;
use downbeat_protocol::message::Wire;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many, and how many bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    count: u64,
    bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes as u64;
    }
}

/// Collects as the recording goes by.
#[derive(Debug, Default)]
pub(super) struct Summary {
    first: Option<u64>,
    last: u64,
    messages: BTreeMap<Kind, Count>,
    up: u64,
    down: u64,
    /// Of snapshots, by part.
    parts: BTreeMap<&'static str, Count>,
    /// Of differences, by field.
    fields: BTreeMap<&'static str, Count>,
    /// µs from one snapshot to the next; µs of round trips.
    gaps: Vec<u64>,
    trips: Vec<u64>,
    last_snapshot: Option<u64>,
    right: u64,
    wrong: u64,
    undecodable: u64,
    damaged: u64,
    cut: bool,
    remarks: u64,
}

impl Summary {
    /// Adds a record.
    pub(super) fn add<W: Wire>(&mut self, record: &Record, understood: &Understood<W>) {
        let bytes = record.body.len();
        self.first.get_or_insert(record.micros);
        self.last = self.last.max(record.micros);
        let kind = Kind::of(&understood.meaning);
        self.messages.entry(kind).or_default().add(bytes);
        match record.what {
            What::Client => self.up += bytes as u64,
            What::Server => self.down += bytes as u64,
            _ => {}
        }
        self.remarks += understood.remarks.len() as u64;
        match &understood.meaning {
            Meaning::Snapshot(seen) => {
                if let Some(last) = self.last_snapshot.replace(record.micros) {
                    self.gaps.push(record.micros.saturating_sub(last));
                }
                self.snapshot(seen, bytes);
            }
            Meaning::Pong {
                after: Some(after), ..
            } => self.trips.push(*after),
            Meaning::Undecodable(_) => self.undecodable += 1,
            _ => {}
        }
    }

    /// Adds a damaged place, or the cut at the end.
    pub(super) fn damage(&mut self, is_cut: bool) {
        self.damaged += u64::from(!is_cut);
        self.cut |= is_cut;
    }

    /// Whether nothing was damaged, undecodable or wrong. A cut is no fault.
    pub(super) fn is_good(&self) -> bool {
        self.wrong + self.undecodable + self.damaged + self.remarks == 0
    }

    fn snapshot<W: Wire>(&mut self, seen: &Seen<W>, bytes: usize) {
        match seen.checksum {
            Check::Right(_) => self.right += 1,
            Check::Wrong { .. } => self.wrong += 1,
            Check::None | Check::Unknown(_) => {}
        }
        let parts = &mut self.parts;
        let mut add = |part, bytes: usize| parts.entry(part).or_default().add(bytes);
        add("header", seen.header_bytes);
        // An absent option is one byte.
        add("own", seen.own_bytes);
        add("checksum", seen.checksum_bytes);
        add("hidden", seen.hidden_bytes);
        let mut rest = bytes - (seen.header_bytes + seen.own_bytes).min(bytes);
        rest = rest.saturating_sub(seen.checksum_bytes + seen.hidden_bytes);
        for entry in seen.cells.iter().flat_map(|cell| {
            let keyframe = cell.keyframe;
            cell.entries.iter().map(move |entry| (entry, keyframe))
        }) {
            let (entry, keyframe) = entry;
            if entry.bytes == 0 {
                continue;
            }
            rest = rest.saturating_sub(entry.bytes);
            let part = match (&entry.fate, keyframe) {
                (Fate::Left(_), _) => "left",
                (Fate::Changed { .. }, _) => "changed",
                (Fate::Entered(_), false) => "entered",
                (Fate::Entered(_), true) => "keyframes",
            };
            add(part, entry.bytes);
            if let Fate::Changed { fields, .. } = &entry.fate {
                let told: usize = fields.iter().map(|(_, bytes)| bytes).sum();
                let index = entry.bytes.saturating_sub(told);
                self.fields.entry("index").or_default().add(index);
                for (field, bytes) in fields {
                    self.fields.entry(field).or_default().add(*bytes);
                }
            }
        }
        add("cells", rest);
    }

    fn seconds(&self) -> f64 {
        self.last.saturating_sub(self.first.unwrap_or(0)) as f64 / 1e6
    }

    /// As tables.
    pub(super) fn text(mut self) -> String {
        let seconds = self.seconds();
        let mut text = format!("{seconds:.3} s, {} B up, {} B down\n\n", self.up, self.down);
        let messages = self.messages.iter();
        let messages = messages
            .map(|(kind, count)| (kind.name(), *count))
            .collect();
        table("messages", messages, seconds, &mut text);
        table(
            "of snapshots",
            ordered(&self.parts, &PARTS),
            seconds,
            &mut text,
        );
        let mut names = vec!["index", arena::MASK, arena::DIFFERENCE];
        names.extend(arena::DIFF_FIELDS);
        table(
            "of what changed",
            ordered(&self.fields, &names),
            seconds,
            &mut text,
        );
        for (name, values) in [
            ("snapshot gap", &mut self.gaps),
            ("round trip", &mut self.trips),
        ] {
            values.sort_unstable();
            if let Some([p50, p99, most]) = percentiles(values) {
                let _ = writeln!(
                    text,
                    "{name:<16} p50 {:.1}, p99 {:.1}, max {:.1} ms",
                    p50 / 1e3,
                    p99 / 1e3,
                    most / 1e3
                );
            }
        }
        let _ = writeln!(
            text,
            "{:<16} {} ✓, {} ✗",
            "checksums", self.right, self.wrong
        );
        if self.remarks > 0 {
            let _ = writeln!(text, "{:<16} {}", "remarks (!)", self.remarks);
        }
        if self.undecodable > 0 {
            let _ = writeln!(text, "{:<16} {}", "undecodable", self.undecodable);
        }
        if self.damaged > 0 {
            let _ = writeln!(text, "{:<16} {}", "damaged places", self.damaged);
        }
        if self.cut {
            let _ = writeln!(text, "the recording is cut off");
        }
        text
    }

    /// As one object.
    pub(super) fn json(mut self) -> Value {
        self.gaps.sort_unstable();
        self.trips.sort_unstable();
        let counts = |all: &BTreeMap<&'static str, Count>| {
            let all = all.iter();
            all.map(|(name, count)| ((*name).to_owned(), count.json()))
                .collect::<serde_json::Map<_, _>>()
        };
        let messages = self.messages.iter();
        let messages: serde_json::Map<_, _> = messages
            .map(|(kind, count)| (kind.name().to_owned(), count.json()))
            .collect();
        let times = |values: &[u64]| {
            percentiles(values).map(
                |[p50, p99, max]| json!({ "p50": p50 / 1e3, "p99": p99 / 1e3, "max": max / 1e3 }),
            )
        };
        json!({
            "kind": "summary",
            "seconds": self.seconds(),
            "bytes_up": self.up,
            "bytes_down": self.down,
            "messages": messages,
            "snapshot_parts": counts(&self.parts),
            "changed_fields": counts(&self.fields),
            "snapshot_gap_ms": times(&self.gaps),
            "round_trip_ms": times(&self.trips),
            "checksums": { "right": self.right, "wrong": self.wrong },
            "remarks": self.remarks,
            "undecodable": self.undecodable,
            "damaged": self.damaged,
            "cut": self.cut,
        })
    }
}

impl Count {
    fn json(self) -> Value {
        json!({ "count": self.count, "bytes": self.bytes })
    }
}

/// In the order of a snapshot; `cells` are numbers and lengths of cells and lists.
const PARTS: [&str; 9] = [
    "header",
    "own",
    "checksum",
    "hidden",
    "cells",
    "left",
    "changed",
    "entered",
    "keyframes",
];

fn ordered(
    counts: &BTreeMap<&'static str, Count>,
    order: &[&'static str],
) -> Vec<(&'static str, Count)> {
    let counted = order.iter().map(|name| Some((*name, *counts.get(name)?)));
    counted.flatten().collect()
}

fn table(title: &str, rows: Vec<(&'static str, Count)>, seconds: f64, text: &mut String) {
    let all: u64 = rows.iter().map(|(_, count)| count.bytes).sum();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "{title:<16} {:>9} {:>11} {:>9} {:>9} {:>7}",
        "count", "bytes", "B each", "B/s", "share"
    );
    for (name, Count { count, bytes }) in rows {
        let each = bytes as f64 / count.max(1) as f64;
        let rate = if seconds > 0.0 {
            bytes as f64 / seconds
        } else {
            0.0
        };
        let share = 100.0 * bytes as f64 / all.max(1) as f64;
        let _ = writeln!(
            text,
            "  {name:<14} {count:>9} {bytes:>11} {each:>9.2} {rate:>9.0} {share:>5.1} %"
        );
    }
    text.push('\n');
}

/// Median, 99th percentile and maximum of sorted values.
fn percentiles(values: &[u64]) -> Option<[f64; 3]> {
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize] as f64;
    (!values.is_empty()).then(|| [at(0.5), at(0.99), at(1.0)])
}
