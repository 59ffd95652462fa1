//! The binary while it runs: the start line, a port in use, signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; killed when the test is over, however it ends.
struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    start_line: String,
    address: String,
}

impl Server {
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_downbeat"))
            .env_clear()
            .args(["--bind", "127.0.0.1:0"])
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut start_line = String::new();
        while !start_line.contains("listening on ws://") {
            start_line.clear();
            let read = log.read_line(&mut start_line).unwrap();
            assert!(read > 0, "the server ended before its start line");
        }
        let url = start_line.split("ws://").nth(1).unwrap();
        let address = url.split("/ws").next().unwrap().to_owned();
        Self {
            child,
            log,
            start_line,
            address,
        }
    }

    /// Status line and body.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(status.success(), "kill -s {name}");
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_start_line_names_address_game_rates_and_seed() {
    let server = Server::start(&["--tick-rate", "20", "--snapshot-rate", "10", "--seed", "42"]);
    for part in [
        "game=",
        "arena",
        "tick_rate=20",
        "snapshot_rate=10",
        "seed=42",
    ] {
        assert!(
            server.start_line.contains(part),
            "{part} in {}",
            server.start_line
        );
    }
    assert_eq!(
        server.get("/healthz"),
        ("HTTP/1.1 200 OK".into(), "ok\n".into())
    );
    assert_eq!(server.get("/readyz").1, "ready\n");
}

#[test]
fn a_seed_is_chosen_and_told_if_none_is_given() {
    let seed = |server: &Server| -> u64 {
        let tail = server
            .start_line
            .split("seed=")
            .nth(1)
            .expect("a seed")
            .to_owned();
        tail.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (one, two) = (Server::start(&[]), Server::start(&[]));
    assert_ne!(seed(&one), seed(&two), "a different game each time");
}

#[test]
fn json_logs_are_an_object_per_line() {
    let mut server = Server::start(&["--log-format", "json", "--seed", "42"]);
    let line: serde_json::Value = serde_json::from_str(&server.start_line).unwrap();
    let message = line["message"].as_str().unwrap();
    assert_eq!(message, format!("listening on ws://{}/ws", server.address));
    assert_eq!(line["seed"], 42);
    server.signal("TERM");
    server.wait();
    for line in server.log.by_ref().lines() {
        let line = line.unwrap();
        assert!(
            serde_json::from_str::<serde_json::Value>(&line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn a_port_in_use_is_one_line_and_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_downbeat"))
        .env_clear()
        .args(["--bind", &address, "--log", "error"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains(&address) && stderr.contains("in use"),
        "{stderr}"
    );
}

#[test]
fn sigterm_and_sigint_drain_and_end_with_0() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "after SIG{signal}");
        let mut log = String::new();
        server.log.read_to_string(&mut log).unwrap();
        assert!(log.contains(&format!("signal=SIG{signal}")), "{log}");
    }
}

#[test]
fn a_second_signal_ends_the_drain_at_once() {
    let mut server = Server::start(&["--drain", "60s"]);
    // A session whose peer never answers the close keeps the drain waiting.
    let mut peer = TcpStream::connect(&server.address).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    peer.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    peer.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");

    server.signal("TERM");
    let mut line = String::new();
    while !line.contains("draining") {
        line.clear();
        assert!(
            server.log.read_line(&mut line).unwrap() > 0,
            "ended too early"
        );
    }
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(128 + 2));
}
