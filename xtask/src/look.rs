//! One client against a release server, looked at closely: what it says and hears
//! is recorded and verified, and it is played in a terminal (script(1) gives one).
//! Called by the swarm's step, whose server it uses.

use crate::process::{Guarded, finish, release};
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const PLAY: Duration = Duration::from_secs(20);

pub(crate) fn look(url: &str) -> Result<()> {
    let tape = release("look.tape");
    let mut record = Command::new(release("client-sim"));
    record.arg("record").arg(&tape).args(["--url", url]);
    record.args(["--duration", "3s", "--behaviour", "hunt"]);
    finish(record)?;
    // It ends with 1 if anything in it is undecodable or wrong.
    let mut show = Command::new(release("client-sim"));
    show.arg("show").arg(&tape).arg("--summary");
    finish(show)?;
    play(url)
}

/// Comes in, sees a ship and a right checksum, and leaves by a key.
fn play(url: &str) -> Result<()> {
    let program = release("client-sim");
    let program = program.display();
    let play = format!("stty rows 30 cols 100 && exec '{program}' play --as hunt --url '{url}'");
    let mut terminal = Command::new("script");
    terminal
        .args(["--quiet", "--return", "--command", &play, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut terminal = Guarded(terminal.spawn().context("cannot start script(1)")?);
    let mut keys = terminal.0.stdin.take().context("its keyboard")?;
    let mut screen = terminal.0.stdout.take().context("its screen")?;
    let (send, drawn) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = screen.read(&mut bytes) {
            // Nobody listens any longer once all was seen; it goes on being read.
            let _ = send.send(bytes[..read].to_vec());
        }
    });
    let mut seen = Vec::new();
    let deadline = Instant::now() + PLAY;
    for wanted in ["health", "✓"] {
        while !String::from_utf8_lossy(&seen).contains(wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = drawn.recv_timeout(left);
            seen.extend(more.with_context(|| format!("{wanted:?} was never drawn"))?);
        }
    }
    keys.write_all(b"q")?;
    let status = terminal.wait(PLAY)?;
    ensure!(status.success(), "the terminal client ended with {status}");
    Ok(())
}
