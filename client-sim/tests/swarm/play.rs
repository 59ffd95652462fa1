//! `play` in a terminal of its own, which script(1) provides and vt100 reads.
#![cfg(target_os = "linux")]

use crate::fake::{Fake, Fault, SCORE};
use downbeat_protocol::PlayerId;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);
const SIZE: (u16, u16) = (30, 100);

fn parser() -> vt100::Parser {
    let [rows, columns] = [SIZE.0, SIZE.1].map(|size| NonZero::new(size).unwrap());
    vt100::Parser::new(rows, columns, 0)
}

/// A terminal in which somebody plays.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    fn play(url: &str, more: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_client-sim");
        let (rows, columns) = SIZE;
        let play = format!(
            "stty rows {rows} cols {columns} && exec {program} play --name ada --url {url} {more}"
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &play, "/dev/null"])
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(parser()));
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let writer = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                writer.lock().unwrap().process(&bytes[..read]);
            }
        });
        Self {
            child,
            keyboard,
            screen,
        }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until all of this is on the screen.
    fn shows(&self, wanted: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            let Some(missing) = wanted.iter().find(|wanted| !text.contains(**wanted)) else {
                return;
            };
            assert!(Instant::now() < deadline, "{missing:?} never came:\n{text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until it is over; the terminal must be as it was. Gives the exit code,
    /// and what is on the screen then.
    fn ends(mut self) -> (i32, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it stays:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        };
        loop {
            {
                let parser = self.screen.lock().unwrap();
                let screen = parser.screen();
                if !screen.alternate_screen() && !screen.hide_cursor() {
                    return (status.code().unwrap(), screen.contents());
                }
            }
            assert!(Instant::now() < deadline, "the terminal is not given back");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn he_comes_in_sees_his_ship_and_q_gives_the_terminal_back() {
    let server = Fake::start(Fault::None);
    let mut terminal = Terminal::play(&server.url(), "");
    let score = format!("score         {SCORE}");
    terminal.shows(&[
        "health",
        " 100",
        &score,
        "in sight      5",
        "✓ ",
        "space fire",
    ]);
    // Braille dots of a ship, where the map's middle is.
    let middle = |text: String| -> Option<String> {
        Some(text.lines().nth(15)?.chars().skip(30).take(9).collect())
    };
    let seen = middle(terminal.text()).unwrap();
    let dots = seen.chars().filter(|sign| ('⠁'..='⣿').contains(sign));
    assert!(dots.count() >= 2, "{seen:?} in\n{}", terminal.text());
    terminal.press("q");
    let (code, left) = terminal.ends();
    assert_eq!(code, 0);
    assert!(!left.contains("health"), "nothing of it stays:\n{left}");
}

#[test]
fn a_spectator_follows_one_after_the_other_by_a_key() {
    let server = Fake::start(Fault::None);
    let mut terminal = Terminal::play(&server.url(), "--watch");
    terminal.shows(&[
        "looks on",
        "sees everything",
        "1 eve",
        "2 bob",
        "tab follow",
    ]);
    for shown in ["follows eve", "follows bob", "sees everything"] {
        terminal.press("\t");
        terminal.shows(&[shown]);
    }
    terminal.press("q");
    assert_eq!(terminal.ends().0, 0);
    let eve_bob_nobody = [Some(PlayerId(1)), Some(PlayerId(2)), None];
    assert_eq!(server.follows(), eve_bob_nobody);
}

#[test]
fn a_spectator_who_comes_back_follows_the_same_player() {
    let server = Fake::start(Fault::DropFollower(0));
    let mut terminal = Terminal::play(&server.url(), "--watch");
    terminal.shows(&["1 eve"]);
    terminal.press("\t");
    terminal.shows(&["came back     1 times", "follows eve"]);
    let deadline = Instant::now() + PATIENCE;
    while server.follows().len() < 2 {
        assert!(Instant::now() < deadline, "the server was not told");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.follows(), [Some(PlayerId(1)); 2]);
    terminal.press("q");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn an_ending_for_good_stays_on_the_screen_until_he_has_seen_it() {
    let server = Fake::start(Fault::Kick(0));
    let mut terminal = Terminal::play(&server.url(), "--as hunt");
    terminal.shows(&["kicked", "removed by an operator", "q leaves"]);
    terminal.press("\x03");
    let (code, left) = terminal.ends();
    assert_eq!(code, 1);
    assert!(left.contains("kicked"), "and is said at the end:\n{left}");
}

#[test]
fn a_lost_link_is_come_back_from() {
    let server = Fake::start(Fault::DropLink(0));
    let mut terminal = Terminal::play(&server.url(), "--as wander");
    terminal.shows(&["came back     1 times", "health"]);
    terminal.press("\x1b");
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_client-sim"))
        .args(["play", "--url", "ws://127.0.0.1:9/ws"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a terminal is needed"), "{said}");
}
