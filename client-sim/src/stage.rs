//! What the swarm and all its bots share: when is it measured, how many are in.
//!
//! Written by whoever runs the swarm and by bots that come and go, read by all.
//! No lock: the window is set once, the rest are counters.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

/// The measured time: from when all bots are in until the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl Window {
    /// Whether this moment is measured.
    pub(crate) fn contains(&self, moment: Instant) -> bool {
        (self.start..self.end).contains(&moment)
    }
}

/// Shared by a whole swarm.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    window: OnceLock<Window>,
    joined: AtomicU32,
    failed: AtomicU32,
    ended: AtomicU32,
    snapshots: AtomicU64,
}

/// How a swarm stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    /// Bots that got a welcome.
    pub(crate) joined: u32,
    /// Bots that did not.
    pub(crate) failed: u32,
    /// Bots that got one and did not stay to the end.
    pub(crate) ended: u32,
    /// Snapshots of all of them.
    pub(crate) snapshots: u64,
}

impl Stage {
    /// The measured time, once it has begun.
    pub(crate) fn window(&self) -> Option<Window> {
        self.window.get().copied()
    }

    /// Begins the measured time; the first call counts.
    pub(crate) fn begin(&self, window: Window) {
        self.window.get_or_init(|| window);
    }

    pub(crate) fn joined(&self) {
        self.joined.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn live(&self) -> Live {
        Live {
            joined: self.joined.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            snapshots: self.snapshots.load(Ordering::Relaxed),
        }
    }
}
