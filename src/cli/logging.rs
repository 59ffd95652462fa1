//! Starts the log: `tracing` events to stderr.

use crate::config::{LogFormat, Settings};
use std::error::Error;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::{EnvFilter, fmt};

/// A library that logs what peers do.
const NOISY: &str = "actix_http";

/// Starts the log of the process.
///
/// # Errors
/// If the process has one already.
pub(super) fn start(settings: &Settings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut filter = EnvFilter::try_new(&settings.log)?;
    // It calls an error what any peer can do wrong, so that anybody could flood the
    // log; whoever wants to see it says so.
    if !settings.log.contains(NOISY) {
        filter = filter.add_directive(format!("{NOISY}=off").parse()?);
    }
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match settings.log_format {
        LogFormat::Human => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
}
