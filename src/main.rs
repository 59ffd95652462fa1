//! The server with the built-in game, the arena.

use downbeat::game::arena::Arena;
use downbeat::web::Site;
use std::process::ExitCode;

fn main() -> ExitCode {
    downbeat::cli::main_with::<Arena>(Site::arena())
}
