//! `client-sim sweep` over real processes: who is slow is found and named.
//!
//! This program is the server that it sweeps: called with a server's arguments it
//! serves the arena, with a step as slow as the variable `LAB_STEP_MS` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod slow;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--bind") {
        return downbeat::cli::main::<slow::Slow>();
    }
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let trials = vec![
        trial("a_slow_step_is_the_servers_fault", a_slow_step),
        trial("a_bot_that_blocks_is_the_generators_fault", a_slow_bot),
        trial("what_holds_is_told_in_every_form", what_holds),
        trial("what_makes_no_sense_is_refused", refusals),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Sweeps this program at 30 Hz, quickly.
fn sweep(step_ms: u32, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_client-sim"))
        .args(["sweep", "--quick", "--tick-rates", "30", "--server"])
        .arg(std::env::current_exe().unwrap())
        .args(arguments)
        .env("LAB_STEP_MS", step_ms.to_string())
        .output()
        .unwrap()
}

/// The only rate of the report, the exit code, and what was told meanwhile.
fn rate(output: &Output) -> (Value, Option<i32>, String) {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error} in the report; told: {told}"));
    assert_eq!(report["format"], "downbeat.sweep/1");
    assert_eq!(report["rates"].as_array().unwrap().len(), 1);
    (report["rates"][0].clone(), output.status.code(), told)
}

fn findings(rate: &Value) -> Vec<(String, String)> {
    let findings = rate["limit"]["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .map(|finding| (text(&finding["culprit"]), text(&finding["text"])))
        .collect()
}

fn a_slow_step() {
    let slo = ["--slo", "tick_p99<50%", "--first", "1", "--most", "1"];
    let (rate, code, told) = rate(&sweep(30, &[&slo[..], &["--json", "-"]].concat()));
    assert_eq!(code, Some(1), "nobody is held: {told}");
    assert_eq!((&rate["held"], &rate["tick_rate"]), (&0.into(), &30.into()));
    assert_eq!(rate["limit"]["missed"][0]["objective"], "tick_p99<50%");
    let found = findings(&rate);
    let is_step = |(who, text): &(String, String)| who == "server" && text.contains("step takes");
    assert!(found.iter().any(is_step), "{found:?}");
    assert!(told.contains("server: step takes"), "{told}");
    let phases = &rate["runs"][0]["report"]["server"]["phases"];
    let step = phases
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["phase"] == "step");
    let mean = step.unwrap()["mean_ms"].as_f64().unwrap();
    assert!(mean >= 30.0, "the step sleeps 30 ms: {mean}");
}

fn a_slow_bot() {
    let slo = ["--slo", "gap_p99<1.5", "--first", "1", "--most", "1"];
    let drag = ["--json", "-", "--", "--drag", "150ms"];
    let (rate, code, told) = rate(&sweep(0, &[&slo[..], &drag].concat()));
    assert_eq!(code, Some(1), "{told}");
    let found = findings(&rate);
    let is_bots =
        |(who, text): &(String, String)| who == "generator" && text.contains("the bots act");
    assert!(found.iter().any(is_bots), "{found:?}");
    assert!(
        !found.iter().any(|(_, text)| text.contains("step takes")),
        "{found:?}"
    );
    assert_eq!(rate["limit"]["is_generators"], true);
    assert!(told.contains("do not blame the server"), "{told}");
}

fn what_holds() {
    let file = |ending: &str| {
        let name = format!("client-sim-sweep-{}.{ending}", std::process::id());
        std::env::temp_dir().join(name)
    };
    let [json, html, markdown, chart] = ["json", "html", "md", "svg"].map(file);
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let json_path = path(&json);
    let outputs = [
        ("--html", &html),
        ("--markdown", &markdown),
        ("--chart", &chart),
    ];
    let outputs: Vec<_> = outputs
        .iter()
        .flat_map(|(flag, file)| [(*flag).to_owned(), path(file)])
        .collect();
    let outputs: Vec<_> = outputs.iter().map(String::as_str).collect();
    let slo = [
        "--slo",
        "desyncs=0",
        "--first",
        "3",
        "--most",
        "3",
        "--processes",
        "2",
    ];
    let written = [&slo[..], &["--json", &json_path], &outputs].concat();
    let output = sweep(0, &written);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("30 Hz: 3 players held (2 of 2 runs)"),
        "{table}"
    );

    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let first = [&html, &markdown, &chart].map(read);
    assert!(first[0].starts_with("<!doctype html>"));
    assert!(first[1].contains("| **3** |"), "{}", first[1]);
    assert!(first[2].starts_with("<svg "));
    // The same again from the file, without measuring.
    let again = [&["--from", &json_path], &outputs[..]].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_client-sim"))
        .arg("sweep")
        .args(again)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), table);
    assert_eq!([&html, &markdown, &chart].map(read), first);
    for file in [json, html, markdown, chart] {
        std::fs::remove_file(file).unwrap();
    }
}

fn refusals() {
    let me = std::env::current_exe().unwrap();
    let me = me.to_str().unwrap();
    for (arguments, word) in [
        (&["--slo", "tick_p98<1"][..], "no figure of the report"),
        (&["--tick-rates", "0"], "0"),
        (&["--server", "/no/such/server"], "/no/such/server"),
        (&["--server", me, "--first", "5", "--most", "4"], "--first"),
        (
            &["--server", me, "--json", "/no/such/folder/x"],
            "/no/such/folder/x",
        ),
        (&["--from", "/no/such/report.json"], "/no/such/report.json"),
        (
            &["--server", me, "--server-arg", "--no-such-flag"],
            "--no-such-flag",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_client-sim"))
            .arg("sweep")
            .args(arguments)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{arguments:?}: {told}"
        );
        assert!(told.contains(word), "{arguments:?}: {told}");
    }
}
