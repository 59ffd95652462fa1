//! Starts the log: `tracing` events to stderr.

use crate::config::{LogFormat, Settings};
use std::error::Error;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts the log of the process.
///
/// # Errors
/// If the process has one already.
pub(super) fn start(settings: &Settings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let log = fmt()
        .with_env_filter(EnvFilter::try_new(&settings.log)?)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match settings.log_format {
        LogFormat::Human => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
}
