//! A swarm's life: ramp, window, the end; and what is collected of it.
//!
//! Bots are spread over a few threads, each with a runtime of its own: a bot stays
//! where it is, so its thread's histograms need no lock. This file owns those
//! threads, the moments the measured window begins and ends, and the readings of
//! the server's metrics at both. Called by the command line.

use crate::behaviour::Behaviour;
use crate::bot::{self, Group};
use crate::hostile::{self, Hostile};
use crate::measure::{Measure, Tally};
use crate::mischief::Mischief;
use crate::scrape::{self, ServerDelta};
use crate::stage::{Live, Stage, Times, Window};
use crate::target::Target;
use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, sleep_until};

/// How often the swarm looks after its bots.
const LOOK: Duration = Duration::from_millis(20);

/// What a swarm is to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) bots: u32,
    pub(crate) duration: Duration,
    /// How long to measure before the window.
    pub(crate) baseline: Option<Duration>,
    /// Connections per second.
    pub(crate) ramp: f64,
    /// Inputs per second; `None`: the server's tick rate.
    pub(crate) input_rate: Option<f64>,
    pub(crate) behaviour: Behaviour,
    pub(crate) rooms: u32,
    /// Whether bots come back to a server that says when.
    pub(crate) returns: bool,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) mischief: Mischief,
}

impl Plan {
    /// The room of bot `number`; empty for the default room.
    pub(crate) fn room(&self, number: u32) -> String {
        match self.rooms {
            1 => String::new(),
            rooms => format!("swarm-{}", number % rooms),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How long the measured window was; zero if no bot got that far.
    pub(crate) duration: Duration,
    pub(crate) measure: Measure,
    /// One per bot.
    pub(crate) tallies: Vec<Tally>,
    /// The server's own figures, or why there are none.
    pub(crate) server: Result<ServerDelta, String>,
    /// CPU time of this process within the window, in seconds.
    pub(crate) generator_cpu_s: Option<f64>,
    /// The server's most resident memory at a reading within the window, in bytes.
    pub(crate) memory_high: Option<f64>,
    pub(crate) hostile: Hostile,
}

/// Runs a swarm from the first connection to the last close.
///
/// # Errors
/// If the server cannot be reached at all, or this machine gives no threads.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let address = plan.target.resolve().await?;
        let (leave, leaving) = watch::channel(false);
        let stage = Arc::new(Stage::default());
        let mut threads = Threads::start(plan, address, &stage, &leaving)?;
        let bar = progress_bar(plan);

        let mut outcome = Outcome {
            duration: Duration::ZERO,
            measure: Measure::new()?,
            tallies: Vec::new(),
            server: Err("no bot joined".into()),
            generator_cpu_s: None,
            memory_high: None,
            hostile: Hostile::default(),
        };
        let mut hostile = None;
        if everyone_in(plan, &stage, &threads, &bar).await {
            let mut before = scrape::read(&plan.target, address).await;
            let Times { baseline, window } = begin(&stage, plan);
            hostile = hostile::start(plan, address, window, leaving.clone())?;
            if plan.baseline.is_some() {
                play_on(baseline, &stage, &threads, &bar).await;
                before = scrape::read(&plan.target, address).await;
            }
            let cpu_before = cpu_seconds();
            let last = tokio::select! {
                biased;
                last = play_on(window, &stage, &threads, &bar) => last,
                () = scrape::watch_memory(&plan.target, address, &mut outcome.memory_high) => {
                    window.end
                }
            };
            let cpu_after = cpu_seconds();
            let after = scrape::read(&plan.target, address).await;
            outcome.duration = last.saturating_duration_since(window.start);
            outcome.generator_cpu_s = cpu_after
                .zip(cpu_before)
                .map(|(after, before)| after - before);
            outcome.server = match (before, after) {
                (Ok(before), Ok(after)) => Ok(ServerDelta::between(&before, &after)),
                (Err(error), _) | (_, Err(error)) => Err(format!("{error:#}")),
            };
        }
        bar.set_message("leaving");
        // Nobody listens if all bots have ended already.
        let _ = leave.send(true);
        for group in threads.join().await? {
            outcome.measure.add(&group.measure);
            outcome.tallies.extend(group.tallies);
        }
        if let Some(thread) = hostile {
            outcome.hostile = thread
                .join()
                .map_err(|_| anyhow!("the thread of hostile connections panicked"))??;
        }
        bar.finish_and_clear();
        Ok(outcome)
    })
}

/// Waits until every bot is in or has failed. Says whether anyone is left to
/// measure.
async fn everyone_in(plan: &Plan, stage: &Stage, threads: &Threads, bar: &ProgressBar) -> bool {
    bar.set_message("joining");
    loop {
        let Live {
            joined,
            failed,
            ended,
            ..
        } = stage.live();
        bar.set_position(u64::from(joined));
        if joined + failed >= plan.bots || threads.are_finished() {
            return joined > ended;
        }
        sleep(LOOK).await;
    }
}

fn begin(stage: &Stage, plan: &Plan) -> Times {
    let baseline = plan.baseline.unwrap_or_default();
    let times = Times::new(Instant::now(), baseline, plan.duration);
    stage.begin(times);
    times
}

/// Waits for the window's end, or until no bot is left. Gives back when that was.
async fn play_on(window: Window, stage: &Stage, threads: &Threads, bar: &ProgressBar) -> Instant {
    let all = window.end - window.start;
    bar.set_length(all.as_millis() as u64);
    let mut counted = (window.start, stage.live().snapshots);
    loop {
        let now = Instant::now();
        if now >= window.end || threads.are_finished() {
            return now.min(window.end);
        }
        let since = (now - counted.0).as_secs_f64();
        if since >= 0.5 {
            let live = stage.live();
            let rate = (live.snapshots - counted.1) as f64 / since;
            let gone = match live.ended {
                0 => String::new(),
                gone => format!(", {gone} lost"),
            };
            let playing = live.joined - live.ended;
            bar.set_message(format!("{playing} playing{gone}, {rate:.0} snapshots/s"));
            counted = (now, live.snapshots);
        }
        bar.set_position((now - window.start).as_millis() as u64);
        sleep_until((now + LOOK).min(window.end).into()).await;
    }
}

/// A bar on stderr; hidden if that is no terminal.
fn progress_bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(u64::from(plan.bots)),
        ProgressDrawTarget::stderr_with_hz(10),
    );
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The threads that run bots.
struct Threads(Vec<JoinHandle<anyhow::Result<Finished>>>);

/// What a thread hands back.
struct Finished {
    measure: Measure,
    tallies: Vec<Tally>,
}

impl Threads {
    fn start(
        plan: &Plan,
        address: SocketAddr,
        stage: &Arc<Stage>,
        leave: &watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        let threads = (0..plan.threads).map(|thread| {
            let (plan, stage, leave) = (plan.clone(), Arc::clone(stage), leave.clone());
            std::thread::Builder::new()
                .name(format!("bots-{thread}"))
                .spawn(move || {
                    let group = Group {
                        plan,
                        address,
                        stage,
                        leave,
                        measure: RefCell::new(Measure::new()?),
                    };
                    run_group(Rc::new(group), thread, start)
                })
        });
        let threads = threads.collect::<Result<_, _>>();
        threads.map(Self).context("cannot start a thread")
    }

    fn are_finished(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }

    async fn join(&mut self) -> anyhow::Result<Vec<Finished>> {
        while !self.are_finished() {
            sleep(LOOK).await;
        }
        let threads = self.0.drain(..);
        threads
            .map(|thread| {
                thread
                    .join()
                    .map_err(|_| anyhow!("a thread of bots panicked"))?
            })
            .collect()
    }
}

/// Starts this thread's bots along the ramp and waits for all of them.
fn run_group(group: Rc<Group>, thread: usize, start: Instant) -> anyhow::Result<Finished> {
    let local = LocalSet::new();
    let tallies = local.block_on(&runtime()?, async {
        let mut bots = JoinSet::new();
        for number in (0..group.plan.bots)
            .skip(thread)
            .step_by(group.plan.threads)
        {
            let after = Duration::from_secs_f64(f64::from(number) / group.plan.ramp);
            sleep_until((start + after).into()).await;
            let group = Rc::clone(&group);
            bots.spawn_local(async move { bot::run(&group, number).await });
        }
        bots.join_all().await
    });
    Ok(Finished {
        measure: group.measure.borrow().clone(),
        tallies,
    })
}

/// A runtime for this thread alone.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start a runtime")
}

/// CPU time of this process so far; `None` if the system does not tell.
fn cpu_seconds() -> Option<f64> {
    let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
    Some((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}
