//! The wire format, held by bytes: what is written today is what was written when
//! the files were made, and what was written then is read today.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::samples::{self, Message};
use common::{golden, hold, json};
use downbeat_protocol::arena::Own;
use downbeat_protocol::codec::decode_prefix;
use downbeat_protocol::snapshot::{Head, SNAPSHOT};
use downbeat_protocol::{ServerMessage, Snapshot};
use serde_json::json as object;
use std::collections::BTreeSet;

fn value(message: &Message) -> serde_json::Value {
    match message {
        Message::Client(message) => json(message),
        Message::Server(message) => json(message),
    }
}

#[test]
fn every_message_is_written_as_its_golden_bytes_and_read_back() {
    for sample in samples::all() {
        let bytes = sample.message.encode().unwrap();
        hold(&format!("{}.bin", sample.name), &bytes);
        let back = sample.message.decode_like(&bytes);
        assert_eq!(back, Ok(sample.message), "{} comes back", sample.name);
    }
}

#[test]
fn a_snapshot_read_up_to_its_cells_says_the_same() {
    let mut found = 0;
    for sample in samples::all() {
        let bytes = sample.message.encode().unwrap();
        let Message::Server(message) = sample.message else {
            continue;
        };
        let ServerMessage::Snapshot(whole) = *message else {
            continue;
        };
        let rest = bytes.strip_prefix(&[SNAPSHOT]).unwrap();
        let (head, mut rest) = decode_prefix::<Head<Own>>(rest).unwrap();
        let mut cells = Vec::new();
        for _ in 0..head.cells {
            let (cell, left) = decode_prefix(rest).unwrap();
            cells.push(cell);
            rest = left;
        }
        assert_eq!(rest, b"", "{}: nothing follows the cells", sample.name);
        let together = Snapshot {
            elapsed: head.elapsed,
            applied: head.applied,
            waiting: head.waiting,
            pace: head.pace,
            own: head.own,
            checksum: head.checksum,
            reset: head.reset,
            hidden: head.hidden,
            cells,
        };
        assert_eq!(together, whole, "{}", sample.name);
        found += 1;
    }
    assert!(found > 2, "{found} snapshots");
}

#[test]
fn the_manifest_says_what_every_file_is() {
    let lines: Vec<_> = samples::all()
        .iter()
        .map(|sample| {
            object!({
                "file": format!("{}.bin", sample.name),
                "direction": sample.message.direction(),
                "kind": sample.message.kind(),
                "about": sample.about,
                "value": value(&sample.message),
            })
            .to_string()
        })
        .collect();
    let manifest = format!("[\n{}\n]\n", lines.join(",\n"));
    hold("manifest.json", manifest.as_bytes());
}

#[test]
fn no_golden_file_is_left_over() {
    let expected: BTreeSet<String> = samples::all()
        .iter()
        .map(|sample| format!("{}.bin", sample.name))
        .chain(
            [
                "README.md",
                "manifest.json",
                "mirror.bin",
                "mirror.json",
                "motion.json",
            ]
            .map(String::from),
        )
        .collect();
    let mut found: BTreeSet<_> = std::fs::read_dir(golden(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.retain(|file| !expected.contains(file));
    assert_eq!(found, BTreeSet::new(), "files that no test holds");
}

#[test]
fn every_variant_has_a_sample() {
    let kinds: BTreeSet<_> = samples::all()
        .iter()
        .map(|sample| {
            (
                sample.message.direction(),
                sample.message.encode().unwrap()[0],
            )
        })
        .collect();
    let expected = (0..5)
        .map(|variant| ("client", variant))
        .chain((0..5).map(|variant| ("server", variant)))
        .collect();
    assert_eq!(kinds, expected);
}
