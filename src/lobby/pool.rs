//! The threads that run rooms. No socket is on any of them.

use actix::{Arbiter, ArbiterHandle};

/// A fixed number of threads, and how many rooms each has.
pub(super) struct Pool {
    threads: Vec<(ArbiterHandle, usize)>,
}

impl Pool {
    /// At least one thread.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads: (0..threads.max(1)).map(|_| (start(), 0)).collect(),
        }
    }

    /// Takes a place on the thread with the fewest rooms.
    pub(super) fn least_busy(&mut self) -> usize {
        let rooms = self.threads.iter().map(|(_, rooms)| *rooms);
        let thread = rooms
            .enumerate()
            .min_by_key(|(_, rooms)| *rooms)
            .map_or(0, |(i, _)| i);
        self.threads[thread].1 += 1;
        thread
    }

    /// Gives a place back.
    pub(super) fn free(&mut self, thread: usize) {
        self.threads[thread].1 -= 1;
    }

    pub(super) fn arbiter(&self, thread: usize) -> &ArbiterHandle {
        &self.threads[thread].0
    }
}

/// A thread that says in profiles what it is.
fn start() -> ArbiterHandle {
    let thread = Arbiter::new().handle();
    // It fails only if the thread is gone, and then so will all else.
    thread.spawn_fn(|| {
        let _ = rustix::thread::set_name(c"world");
    });
    thread
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (arbiter, _) in &self.threads {
            arbiter.stop();
        }
    }
}
