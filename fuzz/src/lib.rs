//! Whatever a peer may send, tried out: mutations of good bytes against everything
//! that reads bytes.
//!
//! Without coverage and without a nightly toolchain: what makes it find things is that
//! the corpus is the protocol's golden bytes, and that targets check more than
//! "no panic". A case is a function of its target, a seed and its number, so that
//! naming the three is enough to have it again.

mod corpus;
mod mutate;
mod targets;

pub use targets::{Check, Start, TARGETS, Target};

use anyhow::{Result, bail};
use mutate::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Longer than any case may take, also on a busy machine: it is a hang.
const HANG: Duration = Duration::from_secs(5);
/// Cases between two looks at the clock.
const BATCH: u64 = 64;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so many cases.
    Cases(u64),
    /// After so much time.
    Time(Duration),
}

/// Runs a target from case `first` on; how many cases it made.
///
/// # Errors
/// The first case that panics or hangs, by its number.
pub fn run(target: &Target, seed: u64, first: u64, until: Until) -> Result<u64> {
    let (corpus, mut check) = (target.start)()?;
    let mutator = Mutator::new(corpus, seed);
    let start = Instant::now();
    let mut case = Vec::new();
    let mut last = start;
    for number in first.. {
        let done = number - first;
        if done.is_multiple_of(BATCH) || matches!(until, Until::Cases(count) if count <= done) {
            let is_over = match until {
                Until::Cases(count) => count <= done,
                Until::Time(time) => time <= start.elapsed(),
            };
            let now = Instant::now();
            if now - last > HANG * 2 {
                bail!(
                    "{}: hangs shortly before case {number} of seed {seed}",
                    target.name
                );
            }
            last = now;
            if is_over {
                return Ok(done);
            }
        }
        mutator.case(number, &mut case);
        if catch_unwind(AssertUnwindSafe(|| check(&case))).is_err() {
            bail!(
                "{}: case {number} of seed {seed} panics: {case:02x?}",
                target.name
            );
        }
    }
    Ok(0)
}
