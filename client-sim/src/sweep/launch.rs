//! The server that is measured, as a process of its own.
//!
//! Owns finding its program, its start on a free port of loopback, and its end:
//! dropped, it is gone. Called by the sweep, once per run, so that no run inherits
//! anything from the one before.

use anyhow::{Context, bail, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The server's program where nothing else is said.
const PROGRAM: &str = "downbeat";
/// How long it may take to listen.
const START: Duration = Duration::from_secs(20);

/// How a server is started.
#[derive(Clone, Debug)]
pub(crate) struct Launcher {
    program: PathBuf,
    arguments: Vec<String>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(super) url: String,
}

impl Launcher {
    /// `program` is the server's, if that was said; otherwise the one that belongs
    /// to this program.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn find(program: Option<PathBuf>, arguments: Vec<String>) -> anyhow::Result<Self> {
        let program = match program {
            Some(program) => {
                ensure!(program.is_file(), "there is no {}", program.display());
                // Without it a bare name would be looked for in PATH.
                program.canonicalize()?
            }
            None => own()?,
        };
        Ok(Self { program, arguments })
    }

    /// Its program, for the report.
    pub(super) fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default();
        let arguments = self.arguments.iter().map(|argument| format!(" {argument}"));
        format!(
            "{}{}",
            name.to_string_lossy(),
            arguments.collect::<String>()
        )
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// If it does not start, or ends before it listens; with its last words.
    pub(crate) fn start(&self, tick_rate: u32) -> anyhow::Result<Server> {
        let mut command = Command::new(&self.program);
        command
            .args(["--bind", "127.0.0.1:0", "--seed", "1"])
            .args(["--tick-rate", &tick_rate.to_string()])
            .args(["--max-sessions", "100000", "--max-players", "100000"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        // From here on it is ended, whatever happens.
        let mut server = Server {
            child,
            url: String::new(),
        };
        let log = server
            .child
            .stderr
            .take()
            .context("a server without a log")?;
        server.url = listening(&follow(log))?;
        Ok(server)
    }
}

impl Server {
    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program beside this one. Run by cargo out of the project's own workspace it
/// is built first: `cargo run -p client-sim` builds only the bots.
fn own() -> anyhow::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = std::env::var_os("CARGO");
    let is_ours = std::env::var_os("CARGO_MANIFEST_DIR").is_some_and(|folder| folder == here);
    let me = std::env::current_exe().context("where is this program?")?;
    let beside = me.with_file_name(PROGRAM);
    if let (Some(cargo), true, Some(root)) = (cargo, is_ours, here.parent()) {
        let profile = match cfg!(debug_assertions) {
            true => &[][..],
            false => &["--release"],
        };
        let status = Command::new(cargo)
            .args(["build", "--package", PROGRAM, "--bin", PROGRAM])
            .args(profile)
            .current_dir(root)
            .status()
            .context("cannot run cargo")?;
        ensure!(status.success(), "the server cannot be built");
    }
    ensure!(
        beside.is_file(),
        "there is no {}: build the server (cargo build --release), or name it by --server",
        beside.display()
    );
    Ok(beside)
}

/// Hands on the log, line by line, until nobody wants it; and reads on then, for a
/// server must not block on its log.
fn follow(log: ChildStderr) -> Receiver<String> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    lines
}

/// The address in the start line (docs/operations.md, logs).
fn listening(lines: &Receiver<String>) -> anyhow::Result<String> {
    let mut last = Vec::new();
    loop {
        match lines.recv_timeout(START) {
            Ok(line) => {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let url = rest.split_whitespace().next().unwrap_or_default();
                    return Ok(url.to_owned());
                }
                last.push(line);
            }
            Err(RecvTimeoutError::Timeout) => bail!("the server does not listen"),
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the server ended before it listened: {}", last.join("; "))
            }
        }
    }
}
