//! The server with the built-in game, the arena.

use std::process::ExitCode;

fn main() -> ExitCode {
    downbeat::cli::main::<downbeat::game::arena::Arena>()
}
