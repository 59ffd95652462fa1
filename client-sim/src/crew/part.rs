//! A process that runs a part of another's bots, and the words between the two.
//!
//! The first process runs its own command line again, with `--part K` beside it:
//! whatever a swarm can be told, its parts are told, too. They talk in lines of
//! JSON over stdin and stdout. A part whose stdin ends leaves: it never outlives
//! the process that started it. Called by the command line; answered by
//! `processes`.

use super::threads::Threads;
use super::{Finished, Share};
use crate::bot::Bot;
use crate::scenario::Plan;
use crate::stage::{Live, Stage, Times, Window};
use crate::swarm::{LOOK, runtime};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::sleep;

/// Looks from one count of bots that a part tells to the next.
const LOOKS_PER_COUNT: u32 = 5;

/// What a part is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// The run's times.
    Begin(Clocked),
    /// All bots shall leave.
    Leave,
}

/// What a part tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tells {
    /// How its bots stand.
    Live(Live),
    /// What came of them; the last word, one per thread.
    Finished(Vec<Finished>),
}

/// A run's times by the clock that all processes of a machine share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clocked {
    /// The beginning, since 1970.
    start: Duration,
    /// From there to the window.
    baseline: Duration,
    /// The window.
    window: Duration,
}

impl Clocked {
    pub(super) fn of(times: &Times) -> Self {
        let Window { start, end } = times.baseline;
        let (now, clock) = now();
        let start_clock = match start.checked_duration_since(now) {
            Some(ahead) => clock + ahead,
            None => clock.saturating_sub(now - start),
        };
        Self {
            start: start_clock,
            baseline: end - start,
            window: times.window.end - times.window.start,
        }
    }

    fn times(self) -> Times {
        let (now, clock) = now();
        let start = match self.start.checked_sub(clock) {
            Some(ahead) => now + ahead,
            None => now.checked_sub(clock - self.start).unwrap_or(now),
        };
        Times::new(start, self.baseline, self.window)
    }
}

fn now() -> (Instant, Duration) {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    (Instant::now(), clock.unwrap_or_default())
}

/// Plays part `part` of the plan's bots until told to leave.
///
/// # Errors
/// If the server cannot be reached, a thread fails, or nobody listens any more.
pub(crate) fn play<B: Bot>(plan: &Plan, part: u32) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let address = plan.target.resolve().await?;
        let stage = Arc::new(Stage::default());
        let (leave, leaving) = watch::channel(false);
        let share = Share {
            part,
            of: plan.processes,
        };
        let threads = Threads::start::<B>(plan, share, address, &stage, &leaving)?;
        let heeded = Arc::clone(&stage);
        std::thread::Builder::new()
            .name("part".into())
            .spawn(move || heed(&heeded, &leave))?;
        let mut looks = 0;
        while !threads.are_finished() {
            if looks % LOOKS_PER_COUNT == 0 {
                tell(&Tells::Live(stage.live()))?;
            }
            looks += 1;
            sleep(LOOK).await;
        }
        tell(&Tells::Live(stage.live()))?;
        tell(&Tells::Finished(threads.join().await?))
    })
}

/// Does as it is told, until there is no one to tell it.
fn heed(stage: &Stage, leave: &watch::Sender<bool>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Told::Begin(clocked)) => stage.begin(clocked.times()),
            Ok(Told::Leave) | Err(_) => break,
        }
    }
    // Bots that never saw a window leave as well as those that did.
    stage.begin(Times::new(Instant::now(), Duration::ZERO, Duration::ZERO));
    leave.send_replace(true);
}

fn tell(word: &Tells) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, word)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_to_another_process() {
        const MS: Duration = Duration::from_millis(1);
        let start = Instant::now() + 300 * MS;
        let times = Times::new(start, 2000 * MS, 5000 * MS);
        let back = Clocked::of(&times).times();
        let off =
            back.window.start.max(times.window.start) - back.window.start.min(times.window.start);
        assert!(off < 50 * MS, "off by {off:?}");
        assert_eq!(back.window.end - back.window.start, 5000 * MS);
        assert_eq!(back.baseline.end, back.window.start);
    }
}
