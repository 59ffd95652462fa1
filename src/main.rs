//! The server with the built-in game, the arena.

use downbeat::game::arena::Arena;
use downbeat::web::Site;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

// A connection's HTTP needs large buffers for a moment, and what a session keeps for
// its life comes to lie between them; and what a room allocates the sockets' threads
// free. Both cost more with the system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    downbeat::cli::main_with::<Arena>(Site::arena())
}
