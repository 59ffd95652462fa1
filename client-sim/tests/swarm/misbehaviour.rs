//! Swarms of which some misbehave, or whose links are cut.

use crate::fake::{Fake, Fault, RATE};
use crate::number;
use serde_json::{Value, json};
use std::process::Command;

/// The exit code and the report of ten bots.
fn report(fault: Fault, more: &[&str]) -> (i32, Value) {
    let server = Fake::start(fault);
    let output = Command::new(env!("CARGO_BIN_EXE_client-sim"))
        .args(["swarm", "--url", &server.url(), "--bots", "10"])
        .args(["--ramp", "1000/s", "--json", "-"])
        .args(more)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error} in the report; stderr: {text}"));
    (output.status.code().unwrap(), report)
}

#[track_caller]
fn assert_is(report: &Value, expected: &[(&str, Value)]) {
    for (key, expected) in expected {
        assert_eq!(report.get(key), Some(expected), "{key} in {report:#}");
    }
}

#[test]
fn cut_links_come_back_as_the_same_players() {
    let (code, report) = report(Fault::None, &["--duration", "3s", "--cut", "60/min"]);
    assert_eq!(code, 0, "{report:#}");
    let cuts = number(&report, "/cuts");
    assert!((20.0..=30.0).contains(&cuts), "{cuts} cuts");
    assert_is(
        &report,
        &[
            ("resumes", json!(report["cuts"])),
            ("resume_failures", json!(0)),
            ("disconnects", json!(0)),
            ("desyncs", json!(0)),
            ("ends", json!({})),
        ],
    );
    assert!(
        number(&report, "/resume_ms/p50") >= 50.0,
        "a pause comes first"
    );
    // The fake server drops a cut player's inputs, so some are always open.
    assert!(number(&report, "/inputs/cut") > 0.0, "{report:#}");
}

#[test]
fn who_comes_back_as_somebody_else_has_not_come_back() {
    for (fault, label) in [
        (Fault::ForgetPlayers, "another_player"),
        (Fault::LosePoints, "points_lost"),
    ] {
        let (code, report) = report(fault, &["--duration", "2s", "--cut", "60/min"]);
        assert_eq!(code, 1, "{fault:?}");
        assert_is(
            &report,
            &[
                ("cuts", json!(10)),
                ("resumes", json!(0)),
                ("resume_failures", json!(10)),
                ("disconnects", json!(0)),
                ("ends", json!({ label: 10 })),
            ],
        );
    }
}

#[test]
fn who_stalls_or_trickles_and_is_ended_is_no_failure() {
    let arguments = ["--stall", "3@200ms", "--trickle", "2", "--duration", "3s"];
    let (code, report) = report(Fault::EndSilent, &arguments);
    assert_eq!(code, 0, "{report:#}");
    assert_is(
        &report,
        &[
            ("bots", json!(10)),
            ("honest", json!(5)),
            ("joined", json!(10)),
            ("stalled", json!(3)),
            ("stalled_ended", json!(3)),
            ("stalled_ended_by", json!({ "too_slow": 3 })),
            ("trickling", json!(2)),
            ("trickling_ended", json!(2)),
            ("trickling_ended_by", json!({ "too_slow": 2 })),
            ("disconnects", json!(0)),
            ("ends", json!({})),
        ],
    );
    for path in ["/stalled_ended_s/p50", "/trickling_ended_s/max"] {
        let seconds = number(&report, path);
        assert!((0.9..=2.95).contains(&seconds), "{path} is {seconds}");
    }
    // Five honest bots at full rate; with the others it would be far less.
    let slowest = number(&report, "/snapshot_rate_hz/min");
    assert!(slowest > f64::from(RATE) * 0.6, "{slowest} Hz");
}

#[test]
fn who_hangs_on_to_the_end_is_told_so() {
    let arguments = ["--stall", "3@100ms", "--trickle", "2", "--duration", "1s"];
    let (code, report) = report(Fault::None, &arguments);
    assert_eq!(code, 0, "no honest bot suffered: {report:#}");
    assert_is(
        &report,
        &[
            ("stalled", json!(3)),
            ("stalled_ended", json!(0)),
            ("stalled_ended_s", json!({ "p50": null, "max": null })),
            ("trickling_ended", json!(0)),
        ],
    );
}

#[test]
fn garbage_and_slow_requests_are_counted_beside_the_bots() {
    let arguments = ["--garbage", "4", "--slowloris", "6", "--duration", "3s"];
    let (code, report) = report(Fault::None, &arguments);
    assert_eq!(code, 0, "{report:#}");
    assert_is(
        &report,
        &[
            ("joined", json!(10)),
            ("loris", json!(6)),
            // The fake server waits for ever.
            ("loris_ended", json!(0)),
        ],
    );
    // How the fake server ends garbage is its library's business.
    assert!(number(&report, "/garbage") >= 4.0, "{report:#}");
    assert!(number(&report, "/garbage_messages") >= number(&report, "/garbage"));
}

#[test]
fn the_baseline_stands_beside_what_came_after() {
    // Only in the window does the server fall silent to those who fall silent.
    let arguments = ["--baseline", "1s", "--duration", "2s", "--stall", "2@0s"];
    let (code, report) = report(Fault::EndSilent, &arguments);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(number(&report, "/baseline/duration_s"), 1.0);
    assert!((number(&report, "/duration_s") - 2.0).abs() < 0.1);
    assert_is(&report, &[("stalled_ended", json!(2))]);
    let ratio =
        number(&report, "/snapshot_gap_ms/p99") / number(&report, "/baseline/snapshot_gap_ms/p99");
    assert!((number(&report, "/baseline/gap_p99_ratio") - ratio).abs() < 1e-9);
    // Readings of the memory: before, when the window begins, a second later, at the end.
    let memory = &report["server"]["memory_bytes"];
    assert_eq!(memory["start"], json!(5_001_000));
    assert_eq!(memory["end"], json!(5_003_000));
    assert_eq!(memory["highest"], memory["end"]);
    assert_eq!(memory["growth_per_stalled"], json!(1000.0));
}
