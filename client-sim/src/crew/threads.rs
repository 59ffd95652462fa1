//! Bots on threads of this process.
//!
//! Each thread has a runtime of its own and a bot stays where it is, so its
//! thread's histograms need no lock.

use super::{Finished, Share};
use crate::bot::Bot;
use crate::engine::{self, Group};
use crate::measure::Measure;
use crate::stage::Stage;
use crate::swarm::{LOOK, Plan, runtime};
use anyhow::{Context, anyhow};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, sleep_until};

/// The threads that run bots.
#[derive(Debug)]
pub(crate) struct Threads(Vec<JoinHandle<anyhow::Result<Finished>>>);

impl Threads {
    pub(super) fn start<B: Bot>(
        plan: &Plan,
        share: Share,
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
                        pools: RefCell::default(),
                    };
                    run_group::<B>(Rc::new(group), share, thread, start)
                })
        });
        let threads = threads.collect::<Result<_, _>>();
        threads.map(Self).context("cannot start a thread")
    }

    pub(super) fn are_finished(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }

    pub(super) async fn join(self) -> anyhow::Result<Vec<Finished>> {
        while !self.are_finished() {
            sleep(LOOK).await;
        }
        let threads = self.0.into_iter();
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
fn run_group<B: Bot>(
    group: Rc<Group<B>>,
    share: Share,
    thread: usize,
    start: Instant,
) -> anyhow::Result<Finished> {
    let local = LocalSet::new();
    let tallies = local.block_on(&runtime()?, async {
        let mut bots = JoinSet::new();
        for number in share.bots(group.plan.bots, thread, group.plan.threads) {
            let after = Duration::from_secs_f64(f64::from(number) / group.plan.ramp);
            sleep_until((start + after).into()).await;
            let group = Rc::clone(&group);
            bots.spawn_local(async move { engine::run(&group, number).await });
        }
        bots.join_all().await
    });
    Ok(Finished {
        measure: group.measure.borrow().clone(),
        tallies,
    })
}
