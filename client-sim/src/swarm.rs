//! A swarm's life: ramp, window, the end; and what is collected of it.
//!
//! The bots themselves are run by the crew. This file owns the moments the measured
//! window begins and ends, and what is read at both: the server's metrics, and the
//! CPU time of everybody. Called by the command line.

use crate::bot::Bot;
use crate::cpu::{Reading, Usage};
use crate::crew::Crew;
use crate::hostile::{self, Hostile};
use crate::machine::Machine;
use crate::measure::{Measure, Tally};
use crate::scenario::Plan;
use crate::scrape::{self, ServerDelta};
use crate::stage::{Live, Stage, Times, Window};
use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

/// How often the swarm looks after its bots.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How long the measured window was; zero if no bot got that far.
    pub(crate) duration: Duration,
    /// Of all bots.
    pub(crate) measure: Measure,
    /// Of each group.
    pub(crate) groups: Vec<Measure>,
    /// One per bot.
    pub(crate) tallies: Vec<Tally>,
    /// The server's own figures, or why there are none.
    pub(crate) server: Result<ServerDelta, String>,
    /// Who used the processors within the window.
    pub(crate) usage: Usage,
    /// The machine before the first bot.
    pub(crate) machine: Machine,
    /// The server's most resident memory at a reading within the window, in bytes.
    pub(crate) memory_high: Option<f64>,
    pub(crate) hostile: Hostile,
}

/// Runs a swarm from the first connection to the last close.
///
/// # Errors
/// If the server cannot be reached at all, or this machine gives no threads.
pub(crate) fn run<B: Bot>(plan: &Plan) -> anyhow::Result<Outcome> {
    run_with::<B>(plan, Arc::default(), progress_bar(plan))
}

/// The same on a stage that others look at, too, with another bar.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_with<B: Bot>(
    plan: &Plan,
    stage: Arc<Stage>,
    bar: ProgressBar,
) -> anyhow::Result<Outcome> {
    let machine = Machine::here();
    let runtime = runtime()?;
    runtime.block_on(async {
        let address = plan.target.resolve().await?;
        let (leave, leaving) = watch::channel(false);
        let mut crew = Crew::start::<B>(plan, address, &stage, &leaving)?;

        let mut outcome = Outcome {
            duration: Duration::ZERO,
            measure: Measure::new()?,
            groups: plan
                .groups
                .iter()
                .map(|_| Measure::new())
                .collect::<Result<_, _>>()?,
            tallies: Vec::new(),
            server: Err("no bot joined".into()),
            usage: Usage::default(),
            machine,
            memory_high: None,
            hostile: Hostile::default(),
        };
        let mut hostile = None;
        if everyone_in(plan, &stage, &crew, &bar).await {
            let mut before = scrape::read(&plan.target, address).await;
            let times = begin(&stage, plan);
            crew.begin(&times);
            let Times { baseline, window } = times;
            hostile = hostile::start::<B>(plan, address, window, leaving.clone())?;
            if plan.baseline.is_some() {
                play_on(baseline, &stage, &crew, &bar).await;
                before = scrape::read(&plan.target, address).await;
            }
            let used = Reading::now(&crew.pids(), plan.server_pid);
            let last = tokio::select! {
                biased;
                last = play_on(window, &stage, &crew, &bar) => last,
                () = scrape::watch_memory(&plan.target, address, &mut outcome.memory_high) => {
                    window.end
                }
            };
            let using = Reading::now(&crew.pids(), plan.server_pid);
            let after = scrape::read(&plan.target, address).await;
            outcome.duration = last.saturating_duration_since(window.start);
            outcome.usage = using.since(&used, outcome.duration.as_secs_f64());
            outcome.server = match (before, after) {
                (Ok(before), Ok(after)) => Ok(ServerDelta::between(&before, &after)),
                (Err(error), _) | (_, Err(error)) => Err(format!("{error:#}")),
            };
        }
        bar.set_message("leaving");
        // Nobody listens if all bots have ended already.
        let _ = leave.send(true);
        for finished in crew.join().await? {
            for (all, part) in outcome.groups.iter_mut().zip(&finished.measures) {
                all.add(part);
                outcome.measure.add(part);
            }
            outcome.tallies.extend(finished.tallies);
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
async fn everyone_in(plan: &Plan, stage: &Stage, crew: &Crew, bar: &ProgressBar) -> bool {
    bar.set_message("joining");
    loop {
        let Live {
            joined,
            failed,
            ended,
            ..
        } = stage.live();
        bar.set_position(u64::from(joined));
        if joined + failed >= plan.early() || crew.are_finished() {
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
async fn play_on(window: Window, stage: &Stage, crew: &Crew, bar: &ProgressBar) -> Instant {
    let all = window.end - window.start;
    bar.set_length(all.as_millis() as u64);
    let mut counted = (window.start, stage.live().snapshots);
    loop {
        let now = Instant::now();
        if now >= window.end || crew.are_finished() {
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
            let playing = live.present;
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
        Some(u64::from(plan.early())),
        ProgressDrawTarget::stderr_with_hz(10),
    );
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A runtime for this thread alone.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start a runtime")
}
