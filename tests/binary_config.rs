//! The binary and its configuration: layers, problems, `--print-config`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn downbeat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_downbeat"));
    command.env_clear();
    command
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The printed configuration of a run that must succeed.
fn printed(command: &mut Command) -> (String, toml::Table) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.arg("--print-config").output().unwrap();
    assert!(status.success(), "{}", text(&stderr));
    let stdout = text(&stdout);
    let table = stdout.parse().expect("a TOML file");
    (stdout, table)
}

/// The lines on stderr of a run that must be refused.
fn refused(command: &mut Command) -> Vec<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = text(&stderr);
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert_eq!(text(&stdout), "", "problems go to stderr");
    stderr.lines().map(str::to_owned).collect()
}

#[test]
fn each_layer_overrides_the_one_below() {
    let path = file(
        "layers.toml",
        "tick_rate = 10\ninbox = 5\nlimbo = \"7s\"\n[game]\ndrones = 1\npickups = 2\nsize = 2000\n",
    );
    let (_, table) = printed(
        downbeat()
            .arg("--config")
            .arg(path)
            .env("DOWNBEAT_TICK_RATE", "20")
            .env("DOWNBEAT_INBOX", "6")
            .env("DOWNBEAT_GAME_DRONES", "3")
            .env("DOWNBEAT_GAME_PICKUPS", "4")
            .env("UNRELATED", "1")
            .args(["--tick-rate", "40", "--game", "drones=5"]),
    );
    let number = |key: &str| table[key].as_integer().unwrap();
    assert_eq!(number("tick_rate"), 40, "the flag wins");
    assert_eq!(number("inbox"), 6, "the variable wins over the file");
    assert_eq!(
        table["limbo"].as_str(),
        Some("7s"),
        "the file wins over the default"
    );
    assert_eq!(number("outbox"), 64, "the default is left");
    let game = |key: &str| table["game"][key].as_integer().unwrap();
    assert_eq!(
        (game("drones"), game("pickups"), game("size")),
        (5, 4, 2000),
        "so with the game's own"
    );
}

#[test]
fn what_is_printed_means_the_same_when_it_is_read() {
    let flags = [
        "--snapshot-rate",
        "15",
        "--bind",
        "[::1]:9",
        "--limbo",
        "1m 30s",
        "--log",
        "warn",
    ];
    let (first, _) = printed(downbeat().args(flags).args(["--game", "drones=9"]));
    assert!(first.contains("\nlimbo = \"1m 30s\"\n"), "{first}");
    let path = file("printed.toml", &first);
    let (second, _) = printed(downbeat().arg("--config").arg(path));
    assert_eq!(first, second);
}

#[test]
fn all_problems_are_told_at_once_with_their_origin() {
    let path = file(
        "bad.toml",
        "tick_rate = \"fast\"\ntick_rat = 30\nlimbo = 5\n[game]\nwings = 2\n",
    );
    let lines = refused(
        downbeat()
            .arg("--config")
            .arg(&path)
            .env("DOWNBEAT_MAX_ROOMS", "0")
            .env("DOWNBEAT_NOTHING", "1")
            .env("DOWNBEAT_GAME_DRONES", "many")
            .args(["--bind", "here", "--log", "loud", "--game", "drones"]),
    );
    let file = format!("file {}", path.display());
    let expected = [
        (
            file.as_str(),
            "tick_rate",
            "a whole number from 1 to 240 (Hz)",
        ),
        (file.as_str(), "tick_rat:", "unknown key"),
        (file.as_str(), "limbo", "a time such as"),
        (file.as_str(), "game.wings", "drones"),
        ("variable DOWNBEAT_MAX_ROOMS", "max_rooms", "from 1 to"),
        ("variable DOWNBEAT_NOTHING", "nothing", "unknown key"),
        ("variable DOWNBEAT_GAME_DRONES", "game.drones", "many"),
        ("flag --bind", "bind", "an address and a port"),
        ("flag --log", "log", "trace"),
        ("flag --game", "drones", "key=value"),
    ];
    for (origin, key, allowed) in expected {
        let tells =
            |line: &&String| line.contains(origin) && line.contains(key) && line.contains(allowed);
        assert_eq!(
            lines.iter().filter(tells).count(),
            1,
            "{origin}, {key}: {lines:#?}"
        );
    }
    assert_eq!(lines.len(), expected.len(), "a line each: {lines:#?}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (flags, told) in [
        (
            ["--tick-rate", "30", "--snapshot-rate", "20"],
            "a divisor of the tick rate",
        ),
        (
            ["--in-flight", "3s", "--behind-timeout", "2s"],
            "a longer time than in_flight",
        ),
    ] {
        let lines = refused(downbeat().args(flags));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(told), "{lines:?}");
    }
}

#[test]
fn a_bad_value_causes_no_second_problem() {
    let lines = refused(downbeat().args(["--tick-rate", "1000", "--snapshot-rate", "20"]));
    assert_eq!(
        lines.len(),
        1,
        "20 divides no tick rate of 30, but nobody asked for 30: {lines:?}"
    );
}

#[test]
fn the_games_own_check_is_told_with_its_origin() {
    let lines = refused(downbeat().env("DOWNBEAT_GAME_DRONES", "100000"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("variable DOWNBEAT_GAME_DRONES: game.drones"),
        "{lines:?}"
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_one_line() {
    let lines = refused(downbeat().args(["--config", "/nonexistent/downbeat.toml"]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("/nonexistent/downbeat.toml: cannot be read"),
        "{lines:?}"
    );

    let path = file("broken.toml", "inbox = 5\ntick_rate = = 3\n");
    let lines = refused(downbeat().arg("--config").arg(path));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("line 2"), "{lines:?}");
}

#[test]
fn an_unknown_flag_ends_with_2_and_help_with_0() {
    let lines = refused(downbeat().arg("--tick-rat=3"));
    assert!(lines[0].contains("--tick-rat"), "{lines:?}");
    let help = downbeat().arg("--help").output().unwrap();
    assert!(help.status.success());
    let help = text(&help.stdout);
    for row in downbeat::config::ROWS {
        assert!(
            help.contains(&format!("--{} <", row.flag())),
            "{} in the help",
            row.key
        );
        assert!(
            help.contains(&row.variable()),
            "{} in the help",
            row.variable()
        );
    }
}
