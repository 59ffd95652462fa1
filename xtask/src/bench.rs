//! Builds the servers and the bench, and lets the bench measure.

use crate::process::{cargo, finish, release, root};
use anyhow::Result;
use std::process::Command;

/// Measures everything and writes the page; takes twenty minutes, a minute or two if
/// `quick`.
pub(crate) fn run(quick: bool) -> Result<()> {
    cargo("build --release --package downbeat --package downbeat-bench")?;
    let mut bench = Command::new(release("downbeat-bench"));
    bench.arg("all").current_dir(root());
    if quick {
        bench.arg("--quick");
    }
    finish(bench)
}
