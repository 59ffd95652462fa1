//! Runs other programs, and never leaves one behind.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where a release build puts a program of the workspace.
pub(crate) fn release(program: &str) -> PathBuf {
    target().join("release").join(program)
}

/// A program of the debug build; it must have been built before.
pub(crate) fn debug(program: &str) -> PathBuf {
    target().join("debug").join(program)
}

fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target)
}

/// Runs cargo with these words.
pub(crate) fn cargo(words: &str) -> Result<()> {
    finish(cargo_command(words))
}

/// Runs cargo with these words and a variable in its environment.
pub(crate) fn cargo_with(variable: &str, value: &str, words: &str) -> Result<()> {
    let mut command = cargo_command(words);
    command.env(variable, value);
    finish(command)
}

/// Fails with a clear word if a cargo subcommand is not installed.
pub(crate) fn present(subcommand: &str, component: &str) -> Result<()> {
    let mut command = cargo_command(subcommand);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !command.status().context("cargo")?.success() {
        bail!("{component} is missing; install it with: rustup component add {component}");
    }
    Ok(())
}

fn cargo_command(words: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words.split_whitespace()).current_dir(root());
    command
}

/// Runs a command to its end; it must succeed.
pub(crate) fn finish(mut command: Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// A process that is killed when it is dropped.
pub(crate) struct Guarded(pub(crate) Child);

impl Guarded {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.0.id().to_string()]);
        finish(kill)
    }

    /// Waits for its end, at most so long.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("process {} did not end within {at_most:?}", self.0.id());
            }
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
