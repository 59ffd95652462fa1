//! Players held per tick rate: the table and the chart of the README, and the worked
//! example of docs/load-testing.md.

use crate::process::{cargo, finish, release, root};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// Between these lines of the README stands what was measured.
const BEGIN: &str = "<!-- sweep:begin (written by `cargo xtask sweep`) -->\n";
const END: &str = "<!-- sweep:end -->";

/// What stands above the table, and below.
const PICTURE: &str = "![Players held per tick rate](docs/players-held.svg)\n";
const WORDS: &str = " on a shared machine with 2 cores over loopback, with the bots on the same two cores: the server alone\n\
    holds more. The whole report, with the machine and what broke: [docs/load-report.html](docs/load-report.html).\n";

/// Sweeps the release server, and writes everything that shows it.
pub(crate) fn run(quick: bool) -> Result<()> {
    cargo("build --release --package downbeat --package client-sim")?;
    let work = release("sweep");
    fs::create_dir_all(&work)?;
    let table = work.join("table.md");
    let mut sweep = Command::new(release("client-sim"));
    sweep
        .args(["sweep", "--tick-rates", "20,30,60,128"])
        .arg("--json")
        .arg(work.join("sweep.json"))
        .arg("--markdown")
        .arg(&table)
        .args(["--html", "docs/load-report.html"])
        .args(["--chart", "docs/players-held.svg"])
        .current_dir(root());
    if quick {
        sweep.arg("--quick");
    }
    finish(sweep)?;
    let readme = root().join("README.md");
    let text = fs::read_to_string(&readme)?;
    let command = if quick {
        "Measured by `cargo xtask sweep --quick`"
    } else {
        "Measured by `cargo xtask sweep`"
    };
    let block = format!(
        "{PICTURE}\n{}\n{command}{WORDS}",
        fs::read_to_string(&table)?
    );
    let text = splice(&text, &block).context("the README has no place for the table")?;
    Ok(fs::write(readme, text)?)
}

/// Puts the table into its place.
fn splice(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_a_place_for_the_table() {
        let readme = include_str!("../../README.md");
        let once = splice(readme, "| a |\n").expect("markers");
        assert!(once.contains("| a |"));
        assert_eq!(splice(&once, "| a |\n"), Some(once.clone()), "and keeps it");
    }
}
