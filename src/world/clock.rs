//! When ticks are due.
//!
//! [`Schedule`] is the arithmetic, with time as an argument: deadlines are
//! `start + n × period`, so that rounding never adds up; a room that is late
//! catches up at most [`CATCH_UP`] ticks at once and leaves the others out.
//!
//! [`Metronome`] is the one thread that sleeps. Timers of an async runtime are up
//! to two milliseconds late, a thread that sleeps to absolute deadlines a twentieth
//! of one.

use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many ticks a late room makes at once at most.
pub const CATCH_UP: u32 = 3;

/// The deadlines of one room.
#[derive(Clone, Debug)]
pub struct Schedule {
    start: Instant,
    rate: u32,
    /// Deadlines met or left out so far.
    passed: u64,
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Ticks to make now.
    pub ticks: u32,
    /// Ticks to leave out and count.
    pub skipped: u64,
    /// How late the first of them is.
    pub lateness: Duration,
    /// The deadline of the last of them; of none the one before.
    pub latest: Instant,
}

impl Schedule {
    /// `rate` ticks per second (at least 1), the first one period after `start`.
    #[must_use]
    pub fn new(start: Instant, rate: u32) -> Self {
        Self {
            start,
            rate: rate.max(1),
            passed: 0,
        }
    }

    /// The next deadline.
    #[must_use]
    pub fn next(&self) -> Instant {
        self.deadline(self.passed + 1)
    }

    /// What is due at `now`; takes it as done. After a stall the last
    /// [`CATCH_UP`] deadlines are made and those before them left out.
    pub fn due(&mut self, now: Instant) -> Due {
        let first = self.next();
        let Some(lateness) = now.checked_duration_since(first) else {
            return Due {
                ticks: 0,
                skipped: 0,
                lateness: Duration::ZERO,
                latest: self.deadline(self.passed),
            };
        };
        let mut due = 1 + (lateness.as_nanos() * u128::from(self.rate) / 1_000_000_000) as u64;
        // The division rounds down; the deadline itself decides.
        while self.deadline(self.passed + due + 1) <= now {
            due += 1;
        }
        let ticks = due.min(u64::from(CATCH_UP));
        self.passed += due;
        Due {
            ticks: ticks as u32,
            skipped: due - ticks,
            lateness,
            latest: self.deadline(self.passed),
        }
    }

    /// From one deadline to the next.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }

    fn deadline(&self, number: u64) -> Instant {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.rate);
        self.start + Duration::from_nanos(nanos as u64)
    }
}

/// What a metronome calls when a deadline has come; must not block.
pub type Beat = Box<dyn FnOnce() + Send>;

/// A thread that calls at deadlines. Clones share it; it ends with the last one.
#[derive(Clone)]
pub struct Metronome(Arc<Handle>);

struct Handle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    calls: BinaryHeap<Call>,
    is_over: bool,
}

struct Call {
    at: Instant,
    beat: Beat,
}

impl Metronome {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("metronome".into())
            .spawn(move || theirs.run())?;
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// Calls `beat` at `at`, once, on the metronome's thread.
    pub fn at(&self, at: Instant, beat: Beat) {
        let shared = &self.0.0;
        let mut state = shared.lock();
        let is_next = state.calls.peek().is_none_or(|next| at < next.at);
        state.calls.push(Call { at, beat });
        drop(state);
        if is_next {
            shared.changed.notify_one();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn run(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let now = Instant::now();
            let wait = state
                .calls
                .peek()
                .map(|call| call.at.saturating_duration_since(now));
            state = match wait {
                Some(Duration::ZERO) => {
                    let call = state.calls.pop();
                    drop(state);
                    if let Some(call) = call {
                        (call.beat)();
                    }
                    self.lock()
                }
                Some(wait) => {
                    let woken = self.changed.wait_timeout(state, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No call runs under the lock, so nothing can be half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Call {}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Call {
    /// The earliest is the greatest: the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn due(ticks: u32, skipped: u64, lateness: u64, latest: Instant) -> Due {
        Due {
            ticks,
            skipped,
            lateness: Duration::from_millis(lateness),
            latest,
        }
    }

    #[test]
    fn a_tick_is_due_at_its_deadline_and_once() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut schedule = Schedule::new(start, 20);
        assert_eq!(schedule.due(at(49)), due(0, 0, 0, at(0)));
        assert_eq!(schedule.due(at(50)), due(1, 0, 0, at(50)));
        assert_eq!(schedule.due(at(50)), due(0, 0, 0, at(50)));
        assert_eq!(schedule.due(at(103)), due(1, 0, 3, at(100)));
        assert_eq!(schedule.next(), at(150));
    }

    #[test]
    fn a_late_room_catches_up_three_ticks_and_leaves_out_the_rest() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut schedule = Schedule::new(start, 20);
        assert_eq!(schedule.due(at(160)), due(3, 0, 110, at(150)));
        assert_eq!(schedule.due(at(1200)), due(3, 18, 1000, at(1200)));
        assert_eq!(schedule.next(), at(1250), "and is on time again");
    }

    #[test]
    fn rounding_does_not_add_up() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, 30);
        let mut ticks = 0;
        while schedule.next() <= start + Duration::from_secs(3600) {
            let now = schedule.next();
            ticks += schedule.due(now).ticks;
        }
        assert_eq!(ticks, 30 * 3600);
    }

    #[test]
    fn calls_come_in_the_order_of_their_deadlines() {
        let metronome = Metronome::start().unwrap();
        let (sender, receiver) = mpsc::channel();
        let now = Instant::now();
        for milliseconds in [9, 3, 6] {
            let sender = sender.clone();
            let beat = Box::new(move || {
                let _ = sender.send((milliseconds, Instant::now()));
            });
            metronome.at(now + Duration::from_millis(milliseconds), beat);
        }
        let calls: Vec<_> = receiver.iter().take(3).collect();
        assert_eq!(
            calls.iter().map(|call| call.0).collect::<Vec<_>>(),
            [3, 6, 9]
        );
        for (milliseconds, at) in calls {
            assert!(
                at >= now + Duration::from_millis(milliseconds),
                "never early"
            );
        }
    }
}
