//! What the swarm and all its bots share: when is it measured, how many are in.
//!
//! Written by whoever runs the swarm and by bots that come and go, read by all.
//! No lock: the window is set once, the rest are counters.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A measured time.
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

/// The times of a run. Both are measured; only in the second is there misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// Ends where the window begins; empty if none was asked for.
    pub(crate) baseline: Window,
    pub(crate) window: Window,
}

impl Times {
    pub(crate) fn new(start: Instant, baseline: Duration, duration: Duration) -> Self {
        let between = start + baseline;
        Self {
            baseline: Window {
                start,
                end: between,
            },
            window: Window {
                start: between,
                end: between + duration,
            },
        }
    }
}

/// Shared by a whole swarm.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    times: OnceLock<Times>,
    joined: AtomicU32,
    failed: AtomicU32,
    ended: AtomicU32,
    /// Sockets of bots that play now.
    present: AtomicU32,
    snapshots: AtomicU64,
}

/// A bot's being there: counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Stage>);

impl Presence {
    pub(crate) fn new(stage: &Arc<Stage>) -> Self {
        stage.present.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(stage))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a swarm stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Live {
    /// Bots that got a welcome.
    pub(crate) joined: u32,
    /// Bots that did not.
    pub(crate) failed: u32,
    /// Bots that got one and did not stay to the end.
    pub(crate) ended: u32,
    /// Bots that are connected now.
    pub(crate) present: u32,
    /// Snapshots of all of them.
    pub(crate) snapshots: u64,
}

impl Stage {
    /// The run's times, once all bots are in.
    pub(crate) fn times(&self) -> Option<&Times> {
        self.times.get()
    }

    /// The measured window, once all bots are in; it may begin later.
    pub(crate) fn window(&self) -> Option<Window> {
        self.times.get().map(|times| times.window)
    }

    /// Says what the run's times are; the first call counts.
    pub(crate) fn begin(&self, times: Times) {
        self.times.get_or_init(|| times);
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

    /// Adds what was counted elsewhere from one reading to the next.
    pub(crate) fn count(&self, before: &Live, now: &Live) {
        let add = |to: &AtomicU32, now: u32, before: u32| {
            to.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
        };
        add(&self.joined, now.joined, before.joined);
        add(&self.failed, now.failed, before.failed);
        add(&self.ended, now.ended, before.ended);
        add(&self.present, now.present, before.present);
        let snapshots = now.snapshots.wrapping_sub(before.snapshots);
        self.snapshots.fetch_add(snapshots, Ordering::Relaxed);
    }

    pub(crate) fn live(&self) -> Live {
        Live {
            joined: self.joined.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            present: self.present.load(Ordering::Relaxed),
            snapshots: self.snapshots.load(Ordering::Relaxed),
        }
    }
}
