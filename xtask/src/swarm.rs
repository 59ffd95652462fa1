//! A swarm of bots against a release server on a free port, and a drain.

use crate::look::look;
use crate::process::{Guarded, cargo, release};
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const START: Duration = Duration::from_secs(20);
const PLAY: Duration = Duration::from_secs(60);
const DRAIN: Duration = Duration::from_secs(15);

/// 200 bots for 5 seconds, then one client alone; their exit codes and then the
/// server's decide.
pub(crate) fn run() -> Result<()> {
    cargo("build --release --package downbeat --package client-sim")?;
    let mut server = Command::new(release("downbeat"));
    server
        .args(["--bind", "127.0.0.1:0"])
        .stderr(Stdio::piped());
    let mut server = Guarded(server.spawn().context("cannot start the server")?);
    let log = server.0.stderr.take().context("the server's log")?;
    let url = url(&follow(log))?;

    let mut swarm = Command::new(release("client-sim"));
    swarm.args([
        "swarm",
        "--url",
        &url,
        "--bots",
        "200",
        "--duration",
        "5s",
        "--json",
        "-",
    ]);
    let mut swarm = Guarded(swarm.spawn().context("cannot start the swarm")?);
    let status = swarm.wait(PLAY)?;
    ensure!(status.success(), "the swarm ended with {status}");
    look(&url)?;

    if let Some(status) = server.0.try_wait()? {
        bail!("the server ended by itself with {status}");
    }
    server.signal("TERM")?;
    let status = server.wait(DRAIN)?;
    ensure!(
        status.success(),
        "the server ended with {status} after SIGTERM"
    );
    Ok(())
}

/// Shows the server's log, and hands each line on.
fn follow(log: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            eprintln!("server: {line}");
            // Nobody listens any longer once the address is known.
            let _ = send.send(line);
        }
    });
    lines
}

/// The address in the start line (docs/operations.md, logs).
fn url(lines: &Receiver<String>) -> Result<String> {
    loop {
        let line = lines
            .recv_timeout(START)
            .context("the server gave no start line")?;
        if let Some((_, rest)) = line.split_once("listening on ") {
            let url = rest
                .split_whitespace()
                .next()
                .context("no address in the start line")?;
            return Ok(url.to_owned());
        }
    }
}
