//! `record` and `show` as their users see them; recordings come from a client, or are
//! written by hand.

mod by_hand;

use crate::fake::{Fake, Fault, RATE, SHIPS};
use by_hand::{history, pings, tape};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn client_sim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_client-sim"))
}

/// A file's path, for this test alone.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.tape"))
}

fn record(name: &str, url: &str, more: &[&str]) -> (PathBuf, Output) {
    let path = path(name);
    // An earlier run's must not pass for this one's.
    let _ = std::fs::remove_file(&path);
    let output = client_sim()
        .args(["record", path.to_str().unwrap(), "--url", url])
        .args(["--duration", "1s"])
        .args(more)
        .output()
        .unwrap();
    (path, output)
}

/// Shows these bytes by way of stdin.
fn show(tape: &[u8], more: &[&str]) -> (i32, String) {
    let mut child = client_sim()
        .args(["show", "-"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let tape = tape.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&tape));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn what_a_client_said_and_heard_is_all_there() {
    let server = Fake::start(Fault::None);
    let (path, output) = record("all", &server.url(), &["--behaviour", "hunt"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let tape = std::fs::read(&path).unwrap();

    let (code, text) = show(&tape, &["--json"]);
    assert_eq!(code, 0, "{text}");
    let lines = lines(&text);
    assert_eq!(lines[0]["about"]["game"], "arena/1");
    assert_eq!(
        lines[0]["about"]["client"]
            .as_str()
            .unwrap()
            .rsplit_once(", ")
            .unwrap()
            .1,
        "hunt"
    );
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[1..3], ["hello", "welcome"], "{kinds:?}");
    let count = |kind| kinds.iter().filter(|other| **other == kind).count();
    assert!(count("snapshot") > RATE as usize / 2, "{kinds:?}");
    assert!(count("input") > RATE as usize / 2, "{kinds:?}");
    assert_eq!(count("bad"), 0);
    // Snapshots may still come after it.
    let closes = lines.iter().filter(|line| line["kind"] == "close");
    assert_eq!(closes.clone().count(), 1, "{text}");
    assert!(closes.clone().all(|line| line["code"] == 1000), "{text}");
    assert!(
        said.contains(&format!("{} messages", lines.len() - 1)),
        "{said}"
    );
    let sights = lines.iter().filter(|line| line["kind"] == "snapshot");
    assert!(sights.clone().all(|line| line["sight"] == SHIPS), "{text}");
    let checked = sights
        .filter(|line| line["checksum"]["right"] == true)
        .count();
    assert!(checked >= count("snapshot") / 5, "every fifth is verified");

    let (code, summary) = show(&tape, &["--json", "--summary"]);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(code, 0);
    assert_eq!(summary["checksums"]["right"], checked);
    let snapshots = &summary["messages"]["snapshot"];
    assert_eq!(snapshots["count"], count("snapshot"));
    let parts = summary["snapshot_parts"].as_object().unwrap().values();
    let parts: u64 = parts.map(|part| part["bytes"].as_u64().unwrap()).sum();
    assert_eq!(
        snapshots["bytes"], parts,
        "the parts are the whole: {summary:#}"
    );
    let fields = summary["changed_fields"].as_object().unwrap().values();
    let fields: u64 = fields.map(|field| field["bytes"].as_u64().unwrap()).sum();
    assert_eq!(
        summary["snapshot_parts"]["changed"]["bytes"], fields,
        "{summary:#}"
    );
}

#[test]
fn filters_leave_out_what_was_not_asked_for() {
    let server = Fake::start(Fault::None);
    let (path, _) = record("filters", &server.url(), &[]);
    let tape = std::fs::read(path).unwrap();
    let some = |more: &[&str]| lines(&show(&tape, &[&["--json"], more].concat()).1)[1..].to_vec();

    let kinds = some(&["--only", "hello,close"]);
    let kinds: Vec<_> = kinds
        .iter()
        .map(|line| (&line["kind"], &line["from"]))
        .collect();
    assert_eq!(
        kinds[..2],
        [
            (&"hello".into(), &"client".into()),
            (&"close".into(), &"client".into())
        ]
    );
    let late = some(&["--from", "0.5"]);
    assert!(
        late.iter()
            .all(|line| line["us"].as_u64().unwrap() >= 500_000)
    );
    let early = some(&["--to", "0.499999"]);
    assert_eq!(early.len() + late.len(), some(&[]).len());
    let one = some(&["--entity", "2"]);
    let first = &one[0]["cells"];
    assert_eq!(first.as_array().unwrap().len(), 1, "{first}");
    assert_eq!(first[0]["entered"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(first[0]["entered"][0]["id"], 2);
}

#[test]
fn a_wrong_checksum_is_recorded_and_shown() {
    let server = Fake::start(Fault::WrongChecksum(0));
    let (path, output) = record("wrong", &server.url(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("desync"),
        "{output:?}"
    );
    let (code, text) = show(&std::fs::read(path).unwrap(), &[]);
    assert_eq!(code, 1);
    assert!(
        text.contains('✓') && text.contains("✗, here it is 0x"),
        "{text}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let messages: Vec<_> = (0..20_000).map(|_| (0, pings(1))).collect();
    let file = path("long");
    std::fs::write(&file, tape(&messages)).unwrap();
    let mut child = client_sim()
        .args(["show", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("recording of arena/1"), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stderr.is_empty(),
        "{:?}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_snapshot_is_told_through_the_mirror() {
    let (code, text) = show(&tape(&history()), &[]);
    assert_eq!(code, 0, "{text}");
    let expected = "\
recording of arena/1 (protocol 1) at ws://x/ws, 2026-01-01T00:00:00Z, by a test
→ said by the client, ← by the server; changed: as predicted → as it is

   0.000000 ←    47 welcome   p7 \"ada\"  room \"main\"  t1000  applied #40  tick rate 30  snapshot rate 30  resume …  rules: size 1024000, turn 78, thrust 56, drag 164, brake 546
   0.100000 ←    51 snapshot  t1001 (+1)  applied #40 (+0)  waiting 0  reset  2 in sight
                   bytes     header 6, own 6, checksum 1, hidden 1, cells 37
                   own       score 5, kills 0, deaths 0, flying e3
                   c4        keyframe of 2, 36 B
                   + e3           ship p7 \"ada\"  x 1000, y 2000, vx 40, vy 0, heading 0, aim 0, controls none, health 100, effects shield
                   + e9           pickup rapid  x 5, y 6
   0.200000 →    10 input     #41  for t1002  received t1001  thrust+fire  aim 12
   0.300000 ←    31 snapshot  t1002 (+1)  applied #41 (+1)  waiting 2  1 in sight  checksum 0x@SUM ✓
                   bytes     header 6, own 6, checksum 6, hidden 2, cells 11
                   own       score 5 → 9
                   hidden    c5
                   c4        delta: 1 left, 1 changed, 0 entered, 10 B
                   - e9 [1]       pickup rapid
                   ~ e3 [0]       ship p7 \"ada\"  vx 38 → 92, controls none → thrust
   0.400000 →     9 close     1000 left  \"goodbye\"
";
    let sum = text.split("checksum 0x").nth(1).unwrap();
    let expected = expected.replace("@SUM", &sum[..8]);
    assert_eq!(text, expected);
}

#[test]
fn what_is_not_a_message_is_shown_with_its_place_and_the_rest_goes_on() {
    let mut messages = history();
    messages.insert(2, (1, vec![1, 1, 0, 0, 0, 0, 0, 7, 1, 2]));
    messages.insert(0, (0, vec![99]));
    let (code, text) = show(&tape(&messages), &[]);
    assert_eq!(code, 1);
    for wanted in [
        "✗ cannot be decoded: malformed message",
        "at byte 0, in variant",
        "✗ cannot be decoded as snapshot",
        "at byte 7, in reset",
        "00000000  01 01 00 00 00 00 00>07  01 02 ",
        "! may be wrong until a reset: a message before it cannot be decoded",
        "~ e3 [0]       ship p7 \"ada\"",
        "close     1000 left",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is missing in\n{text}");
    }
}

#[test]
fn a_damaged_or_cut_recording_is_shown_as_far_as_it_is_whole() {
    let whole = tape(&history());
    let (code, text) = show(&whole[..whole.len() - 3], &["--only", "input,close"]);
    assert_eq!(code, 0, "a cut is no fault");
    assert!(
        text.contains("#41") && text.contains("✗ cut off: 29 B at"),
        "{text}"
    );

    let mut damaged = whole.clone();
    let place = whole
        .windows(3)
        .position(|bytes| bytes == [0xDB, 0xA7, 0])
        .unwrap();
    damaged[place + 5] ^= 1;
    let (code, text) = show(&damaged, &[]);
    assert_eq!(code, 1);
    assert!(
        text.contains(&format!("✗ damaged: 33 B at {place} in the file")),
        "{text}"
    );
    assert!(
        text.contains("✓") && text.contains("close     1000"),
        "{text}"
    );

    for file in [&b""[..], b"#!/bin/sh\nexit 0\n"] {
        let (code, _) = show(file, &[]);
        assert_ne!(code, 0, "{file:?} is no recording");
    }
}

#[test]
fn no_recording_makes_it_panic() {
    // Every byte of a recording replaced, one at a time, by a few others.
    let whole = tape(&history());
    let places = 0..whole.len();
    let mut files: Vec<u8> = Vec::new();
    for place in places {
        let mut bodies = history();
        let number = place % bodies.len();
        let body = &mut bodies[number].1;
        let at = place % body.len();
        body[at] = [0, 1, 250, 251, 252, 253, 255][place % 7];
        // One after the other, in one recording: the second welcome starts over.
        let one = tape(&bodies);
        match files.is_empty() {
            true => files = one,
            false => files.extend_from_slice(&one[8 + 4 + 97..]),
        }
    }
    let (code, text) = show(&files, &[]);
    assert_eq!(code, 1);
    let closes = text.matches("close     ").count();
    assert!(
        closes >= whole.len() * 9 / 10,
        "it goes on to the end: {closes}"
    );
}
