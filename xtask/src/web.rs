//! The SDK in Node, and the pages in a real browser against a release server.

use crate::process::{cargo, debug, finish, release, root};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Debian's; the tests never download one.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Types, tests and size of the SDK; types and words of the pages.
pub(crate) fn run() -> Result<()> {
    build()?;
    // A client of a game of one's own is held against the example's server.
    cargo("build --package downbeat --example tug")?;
    for folder in ["web/sdk", "web"] {
        // Exactly what the lockfile says.
        npm(folder, &["ci", "--no-audit", "--no-fund"])?;
        npm(folder, &["test"])?;
    }
    Ok(())
}

/// The pages, as a player uses them.
pub(crate) fn browser() -> Result<()> {
    build()?;
    browser_present()?;
    npm("web", &["ci", "--no-audit", "--no-fund"])?;
    npm("web", &["run", "browser"])
}

fn build() -> Result<()> {
    cargo("build --release --package downbeat")
}

fn npm(folder: &str, words: &[&str]) -> Result<()> {
    let mut command = Command::new("npm");
    command
        .args(words)
        .current_dir(root().join(folder))
        .env("SERVER_BINARY", release("downbeat"))
        .env("TUG_BINARY", debug("examples/tug"));
    finish(command).with_context(|| format!("npm {} in {folder}", words.join(" ")))
}

/// Installs the browser where that is possible, and says how where it is not.
fn browser_present() -> Result<()> {
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    for words in [
        ["update", "-qq"].as_slice(),
        &["install", "-y", "-qq", "chromium"],
    ] {
        let mut command = Command::new("apt-get");
        command.args(words).stdout(Stdio::null());
        if finish(command).is_err() {
            bail!("{CHROMIUM} is missing; install it with: apt-get install chromium");
        }
    }
    Ok(())
}
