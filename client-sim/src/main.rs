//! Simulated clients for the built-in arena.

use client_sim::arena::Pilot;
use std::process::ExitCode;

fn main() -> ExitCode {
    client_sim::cli::main::<Pilot>()
}
