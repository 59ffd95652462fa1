//! What the server says of itself meanwhile, and how many bots are there.
//!
//! Owns a thread that reads the server's metrics again and again: beside the bots, so
//! that a busy swarm does not shift the readings. A reading that fails is left out and
//! counted.

use crate::prometheus::Page;
use crate::scenario::Plan;
use crate::scrape::{self, MEMORY};
use crate::stage::Stage;
use crate::swarm::{LOOK, runtime};
use crate::target::Target;
use anyhow::{Context, anyhow};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long a server may take to forget bots that have left: a player whose link is
/// lost may come back for a while.
const FORGETS: Duration = Duration::from_secs(60);
/// From one line to the next.
const LINE: Duration = Duration::from_secs(30);

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Seconds since the window began.
    pub(super) at: f64,
    /// Bots that are connected, as they know it.
    pub(super) present: f64,
    pub(super) counts: Counts,
}

/// What the server says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Resident, in bytes.
    pub(super) memory: f64,
    pub(super) sessions: f64,
    /// Players, those whose link is lost included.
    pub(super) members: f64,
    pub(super) limbo: f64,
    pub(super) rooms: f64,
    /// Ticks made.
    pub(super) ticks: f64,
    /// Ticks left out.
    pub(super) skipped: f64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Before the first bot.
    pub(super) before: Counts,
    pub(super) samples: Vec<Sample>,
    pub(super) failed: u32,
    /// When all bots had left and the server had forgotten them, or should have.
    pub(super) after: Counts,
}

/// The thread.
pub(super) struct Watch {
    stage: Arc<Stage>,
    over: watch::Sender<bool>,
    thread: JoinHandle<anyhow::Result<Seen>>,
}

impl Watch {
    /// Takes a first reading, and goes on `every` so often once the window begins.
    ///
    /// # Errors
    /// If the server tells nothing, or there is no thread.
    pub(super) fn start(plan: &Plan, every: Duration, pid: Option<u32>) -> anyhow::Result<Self> {
        let stage = Arc::new(Stage::default());
        let (over, told) = watch::channel(false);
        let looker = Looker {
            target: plan.target.clone(),
            address: runtime()?.block_on(plan.target.resolve())?,
            pid,
            stage: Arc::clone(&stage),
        };
        let before = runtime()?.block_on(looker.counts());
        let before = before.context("the server tells nothing of itself")?;
        let thread = std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || runtime()?.block_on(looker.look(before, every, told)))
            .context("cannot start a thread")?;
        Ok(Self {
            stage,
            over,
            thread,
        })
    }

    /// Where the bots are counted.
    pub(super) fn stage(&self) -> Arc<Stage> {
        Arc::clone(&self.stage)
    }

    /// All bots have left: waits until the server has forgotten them, or should have.
    ///
    /// # Errors
    /// If it tells nothing any more.
    pub(super) fn end(self) -> anyhow::Result<Seen> {
        self.over.send_replace(true);
        let seen = self.thread.join();
        seen.map_err(|_| anyhow!("the thread that watches panicked"))?
    }
}

/// Who looks.
struct Looker {
    target: Target,
    address: SocketAddr,
    pid: Option<u32>,
    stage: Arc<Stage>,
}

impl Looker {
    async fn look(
        self,
        before: Counts,
        every: Duration,
        mut over: watch::Receiver<bool>,
    ) -> anyhow::Result<Seen> {
        let mut seen = Seen {
            before,
            ..Seen::default()
        };
        let (mut line, mut looks) = (Instant::now(), 0);
        loop {
            let window = self.stage.window();
            let next = window.map(|window| window.start + every * looks);
            let wait = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now()));
            // An error means that the soak itself is gone.
            if timeout(wait, over.wait_for(|over| *over)).await.is_ok() {
                break;
            }
            let Some(window) = window else { continue };
            if Instant::now() >= window.end {
                sleep(LOOK).await;
                continue;
            }
            looks += 1;
            // Half way between question and answer is when it was true.
            let (asked, present) = (Instant::now(), self.stage.live().present);
            let counts = self.counts().await;
            let answered = asked + asked.elapsed() / 2;
            let Ok(counts) = counts else {
                seen.failed += 1;
                continue;
            };
            let sample = Sample {
                at: answered
                    .saturating_duration_since(window.start)
                    .as_secs_f64(),
                present: f64::from(present),
                counts,
            };
            seen.samples.push(sample);
            if line.elapsed() >= LINE {
                line = Instant::now();
                say(&sample);
            }
        }
        seen.after = self.forgotten(&before).await?;
        Ok(seen)
    }

    /// The counts once they are what they were before, or at the latest.
    async fn forgotten(&self, before: &Counts) -> anyhow::Result<Counts> {
        let start = Instant::now();
        loop {
            let counts = self.counts().await;
            let is_over = start.elapsed() > FORGETS;
            match counts {
                Ok(now) if is_over || now.is_as_empty_as(before) => return Ok(now),
                Err(error) if is_over => return Err(error),
                _ => sleep(Duration::from_millis(500)).await,
            }
        }
    }

    async fn counts(&self) -> anyhow::Result<Counts> {
        let page = scrape::read(&self.target, self.address).await?;
        let mut counts = Counts::of(&page)?;
        if let Some(pid) = self.pid {
            let process = procfs::process::Process::new(pid.try_into()?)?;
            counts.memory = (process.statm()?.resident * procfs::page_size()) as f64;
        }
        Ok(counts)
    }
}

impl Counts {
    fn of(page: &Page) -> anyhow::Result<Self> {
        let value = |name: &str| {
            let value = page.value(name);
            value.with_context(|| format!("{name} is missing in the server's metrics"))
        };
        Ok(Self {
            memory: value(MEMORY)?,
            sessions: value("downbeat_sessions")?,
            members: value("downbeat_members")?,
            limbo: value("downbeat_limbo")?,
            rooms: value("downbeat_rooms")?,
            ticks: value("downbeat_ticks_total")?,
            skipped: value("downbeat_ticks_skipped_total")?,
        })
    }

    fn is_as_empty_as(&self, before: &Self) -> bool {
        self.sessions <= before.sessions
            && self.members <= before.members
            && self.limbo <= before.limbo
    }
}

/// A line for whoever watches.
fn say(sample: &Sample) {
    let Sample {
        at,
        present,
        counts,
    } = sample;
    let minutes = (at / 60.0) as u64;
    // Nobody listens: that is no reason to stop.
    let _ = writeln!(
        io::stderr(),
        "{:>4}:{:02}  {present:.0} bots, {:.0} sessions, {:.0} players, {:.2} MiB, {:.0} ticks, {:.0} skipped",
        minutes,
        (at % 60.0) as u64,
        counts.sessions,
        counts.members,
        counts.memory / f64::from(1 << 20),
        counts.ticks,
        counts.skipped,
    );
}

/// From one look to the next.
pub(super) fn between(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&time) => {
            Ok(time)
        }
        _ => Err("allowed is 100ms to 1m".into()),
    }
}
