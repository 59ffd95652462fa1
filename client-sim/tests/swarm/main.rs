//! `client-sim swarm` as its users see it: arguments in, report and exit code out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fake;
mod misbehaviour;
mod play;
mod tape;

use fake::{Fake, Fault, RATE, SHIPS};
use serde_json::Value;
use std::process::{Command, Output};

/// Runs a swarm of five bots for a second, with these further arguments.
fn swarm(url: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_client-sim"))
        .args(["swarm", "--url", url, "--bots", "5", "--duration", "1s"])
        .args(["--ramp", "1000/s"])
        .args(more)
        .output()
        .unwrap()
}

/// The exit code and the report.
fn report(fault: Fault, more: &[&str]) -> (i32, Value) {
    let server = Fake::start(fault);
    let output = swarm(&server.url(), &[&["--json", "-"], more].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error} in the report; stderr: {text}"));
    (output.status.code().unwrap(), report)
}

fn number(report: &Value, path: &str) -> f64 {
    let value = report.pointer(path);
    let value = value.unwrap_or_else(|| panic!("{path} is missing in {report:#}"));
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{path} is no number in {report:#}"))
}

fn assert_within(report: &Value, path: &str, least: f64, most: f64) {
    let got = number(report, path);
    assert!(
        (least..=most).contains(&got),
        "{path} is {got}, not within {least} to {most}"
    );
}

#[test]
fn a_good_server_is_told_so_with_true_figures() {
    let (code, report) = report(Fault::None, &[]);
    assert_eq!(code, 0, "{report:#}");
    for (path, expected) in [
        ("/bots", 5.0),
        ("/joined", 5.0),
        ("/join_failures", 0.0),
        ("/disconnects", 0.0),
        ("/desyncs", 0.0),
        ("/duration_s", 1.0),
        ("/tick_rate", f64::from(RATE)),
        ("/input_rate", f64::from(RATE)),
        ("/visible_entities/mean", SHIPS as f64),
        ("/visible_entities/max", SHIPS as f64),
        ("/inputs/unacknowledged", 0.0),
        ("/kills", 10.0),
        ("/scores/mean", 10.0),
    ] {
        let got = number(&report, path);
        assert!(
            (got - expected).abs() < 0.01,
            "{path} is {got}, not {expected}"
        );
    }
    // What holds on a busy machine, too: the server and the bots both catch up.
    let rate = f64::from(RATE);
    let period = 1000.0 / rate;
    assert_within(&report, "/snapshot_rate_hz/mean", rate * 0.6, rate * 1.4);
    assert_within(&report, "/snapshot_gap_ms/p50", 0.0, period * 3.0);
    assert_within(&report, "/snapshot_gap_ms/max", period * 0.7, 1000.0);
    assert_within(&report, "/input_to_snapshot_ms/p50", 0.1, 500.0);
    assert_within(&report, "/bytes_up_per_bot_s", rate * 5.0, rate * 30.0);
    let inputs =
        ["sent", "skipped", "held"].map(|what| number(&report, &format!("/inputs/{what}")));
    let inputs: f64 = inputs.iter().sum();
    assert!(
        (inputs - 5.0 * rate).abs() <= 10.0,
        "{inputs} inputs were due in a second"
    );
    let snapshots = number(&report, "/snapshots");
    let sum = number(&report, "/snapshot_rate_hz/mean") * 5.0 * number(&report, "/duration_s");
    assert!(
        (snapshots - sum).abs() < 0.1,
        "{snapshots} snapshots, by rate {sum}"
    );
    let per_entity = number(&report, "/bytes_per_visible_entity");
    let down = number(&report, "/bytes_down_per_bot_s");
    let by_rate = per_entity * SHIPS as f64 * number(&report, "/snapshot_rate_hz/mean");
    assert!(
        (down - by_rate).abs() < 1.0,
        "{down} B/s, by entity {by_rate}"
    );
}

#[test]
fn the_servers_figures_are_what_changed_between_both_readings() {
    let (_, report) = report(Fault::None, &["--behaviour", "idle"]);
    for (path, expected) in [
        ("/server/cpu_s", 0.25),
        ("/server/cpu_us_per_snapshot", 250.0),
        ("/server/rss_bytes", 5_001_000.0),
        ("/server/ticks", 30.0),
        ("/server/ticks_skipped", 2.0),
        ("/server/snapshots_skipped", 4.0),
        ("/server/tick_ms/p50", 1.25),
        ("/server/tick_ms/max", 2.0),
        ("/server/tick_lateness_ms/p50", 0.25),
    ] {
        let got = number(&report, path);
        assert!(
            (got - expected).abs() < 1e-6,
            "{path} is {got}, not {expected}"
        );
    }
    assert_eq!(report["input_rate"], Value::Null, "the idle send no inputs");
    assert_eq!(number(&report, "/inputs/sent"), 0.0);
    assert!(
        number(&report, "/bytes_up_per_bot_s") > 0.0,
        "but they acknowledge"
    );
}

#[test]
fn what_goes_wrong_with_one_bot_is_counted_and_ends_with_code_1() {
    for (fault, key, label) in [
        (Fault::Refuse(2), "join_failures", "full"),
        (Fault::Unavailable(2), "join_failures", "http_503"),
        (Fault::WrongChecksum(2), "desyncs", "desync"),
        (Fault::DropLink(2), "disconnects", "link_lost"),
        (Fault::Kick(2), "disconnects", "kicked"),
    ] {
        let (code, report) = report(fault, &["--behaviour", "hunt"]);
        assert_eq!(code, 1, "{fault:?}");
        for other in ["join_failures", "desyncs", "disconnects"] {
            let expected = u32::from(other == key);
            assert_eq!(
                report[other], expected,
                "{other} after {fault:?}: {report:#}"
            );
        }
        assert_eq!(report["ends"], serde_json::json!({ label: 1 }), "{fault:?}");
        let joined = if key == "join_failures" { 4 } else { 5 };
        assert_eq!(report["joined"], joined, "{fault:?}");
    }
}

#[test]
fn a_server_that_falls_silent_does_not_look_fast() {
    let (_, report) = report(Fault::FallSilent, &[]);
    assert!(
        number(&report, "/input_to_snapshot_ms/max") > 900.0,
        "{report:#}"
    );
    assert!(
        number(&report, "/snapshot_gap_ms/max") > 900.0,
        "{report:#}"
    );
    // The silence is one gap per bot, but of all snapshots due in it.
    assert!(
        number(&report, "/snapshot_gap_ms/p50") > 300.0,
        "{report:#}"
    );
    assert!(
        number(&report, "/inputs/unacknowledged") > 0.0,
        "{report:#}"
    );
}

#[test]
fn inputs_that_wait_at_the_server_count_with_their_wait_and_are_steered_against() {
    let (code, report) = report(Fault::Delay, &["--duration", "3s"]);
    assert_eq!(code, 0);
    // Six inputs always wait: 200 ms, and up to a tick more.
    assert_within(&report, "/input_to_snapshot_ms/p50", 150.0, 1000.0);
    assert!(
        number(&report, "/inputs/held") >= 5.0,
        "each bot holds back now and then"
    );
}

#[test]
fn bots_are_spread_over_rooms() {
    for (rooms, expected) in [
        ("1", vec![""]),
        ("3", vec!["swarm-0", "swarm-1", "swarm-2"]),
    ] {
        let server = Fake::start(Fault::None);
        let output = swarm(&server.url(), &["--rooms", rooms, "--threads", "2"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(server.rooms(), expected);
    }
}

#[test]
fn the_table_goes_to_stdout_and_no_bar_into_a_pipe() {
    let server = Fake::start(Fault::None);
    let output = swarm(&server.url(), &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    for word in [
        "5 joined",
        "snapshot gap",
        "p99",
        "server tick",
        "ok: every bot",
    ] {
        assert!(table.contains(word), "{word:?} is not in\n{table}");
    }
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_file_gets_the_same_report() {
    let server = Fake::start(Fault::None);
    let file = std::env::temp_dir().join(format!("client-sim-{}.json", std::process::id()));
    let output = swarm(&server.url(), &["--json", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(report["joined"], 5);
}

#[test]
fn nobody_there_is_one_line_and_code_1() {
    // Bound and dropped: a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", free.local_addr().unwrap());
    drop(free);
    let output = swarm(&url, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: cannot connect to 127.0.0.1:"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn arguments_that_make_no_sense_end_with_code_2() {
    let url = "ws://127.0.0.1:1/ws";
    for arguments in [
        &["--bots", "0"][..],
        &["--duration", "10"],
        &["--ramp", "fast"],
        &["--behaviour", "dance"],
        &["--json", "/no/such/directory/report.json"],
        &["--url", "http://127.0.0.1/"],
        &["--stall", "5"],
        &["--stall", "5@0s"],
        &["--stall", "1@1s"],
        &["--trickle", "5"],
        &["--cut", "5/s"],
        &["--garbage", "-1"],
        &["--baseline", "10ms"],
    ] {
        let output = swarm(url, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        let is_blamed = arguments
            .iter()
            .any(|argument| text.contains(argument.trim_start_matches("--")));
        assert!(is_blamed, "{arguments:?}: {text}");
    }
}

#[test]
fn bots_in_several_processes_are_one_swarm() {
    let (code, report) = report(Fault::None, &["--processes", "3", "--baseline", "1s"]);
    assert_eq!(code, 0, "{report:#}");
    for (path, expected) in [
        ("/joined", 5.0),
        ("/disconnects", 0.0),
        ("/duration_s", 1.0),
        ("/kills", 10.0),
        ("/inputs/unacknowledged", 0.0),
    ] {
        assert_within(&report, path, expected - 0.01, expected + 0.01);
    }
    let rate = f64::from(RATE);
    assert_within(&report, "/snapshot_rate_hz/mean", rate * 0.6, rate * 1.4);
    let period = 1000.0 / rate;
    assert_within(&report, "/snapshot_gap_ms/p50", 0.0, period * 3.0);
    assert_within(&report, "/baseline/snapshot_gap_ms/max", 1.0, 1000.0);
    let (code, report) = self::report(Fault::Kick(2), &["--processes", "2"]);
    assert_eq!((code, report["disconnects"].as_u64()), (1, Some(1)));
    assert_eq!(report["ends"], serde_json::json!({ "kicked": 1 }));
}

#[test]
fn objectives_decide_the_exit_code_and_the_broken_one_is_named() {
    let server = Fake::start(Fault::None);
    for (slo, code, words) in [
        (
            "desyncs=0,gap_p99<1000",
            0,
            &["ok:", "desyncs=0: it is 0"][..],
        ),
        (
            "desyncs=0,skipped=0,bytes_down<1",
            1,
            &["failed:", "skipped=0: it is 2", "bytes_down<1: it is"],
        ),
        ("server_memory>0", 0, &["server_memory>0: it is 4.8"]),
    ] {
        let output = swarm(&server.url(), &["--slo", slo]);
        let table = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{slo}: {table}");
        for word in words {
            assert!(table.contains(word), "{word:?} is not in\n{table}");
        }
        assert!(!table.contains("desyncs=0: it is 1"));
    }
    let output = swarm(&server.url(), &["--slo", "gap_p98<1.5"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("there are tick_p50, tick_p99"), "{text}");
}

#[test]
fn a_run_is_held_against_an_earlier_one() {
    let server = Fake::start(Fault::None);
    let name = format!("client-sim-base-{}.json", std::process::id());
    let file = std::env::temp_dir().join(name);
    let path = file.to_str().unwrap();
    let output = swarm(&server.url(), &["--json", path]);
    assert_eq!(output.status.code(), Some(0));
    let mut base: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let against = |base: &Value, tolerance: &str| {
        std::fs::write(&file, base.to_string()).unwrap();
        let more = ["--against", path, "--tolerance", tolerance];
        let output = swarm(&server.url(), &more);
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (code, text) = against(&base, "1000%");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ratio") && text.contains("ok: nothing is worse"));

    base["bytes_down_per_bot_s"] = 1.0.into();
    base["bots"] = 4.into();
    let (code, text) = against(&base, "1000%");
    assert_eq!(code, Some(1), "{text}");
    for word in ["failed: one figure is worse", "differ in bots: 4, now 5"] {
        assert!(text.contains(word), "{word:?} is not in\n{text}");
    }
    base["format"] = "downbeat.swarm/0".into();
    assert_eq!(against(&base, "10%").0, Some(2));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_bot_that_is_late_says_so_and_what_it_left_out_counts() {
    let (_, report) = report(Fault::None, &["--bots", "1", "--drag", "200ms"]);
    assert_within(&report, "/generator/lateness_ms/max", 150.0, 60_000.0);
    // At 30 Hz several inputs are due while the bot sleeps: more than half are late.
    assert_within(&report, "/generator/lateness_ms/p50", 40.0, 60_000.0);
    let findings = report["findings"].as_array().unwrap();
    let blamed: Vec<_> = findings.iter().map(|it| &it["culprit"]).collect();
    assert!(blamed.contains(&&Value::from("generator")), "{findings:?}");
}
