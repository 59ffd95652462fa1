//! Bots on threads of this process.
//!
//! Each thread has a runtime of its own and a bot stays where it is, so its
//! thread's histograms need no lock.

use super::{Finished, Share};
use crate::bot::Bot;
use crate::engine::{self, Shared};
use crate::measure::Measure;
use crate::scenario::Plan;
use crate::stage::Stage;
use crate::swarm::{LOOK, runtime};
use anyhow::{Context, anyhow};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

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
                    let measures = plan.groups.iter().map(|_| Measure::new().map(RefCell::new));
                    let shared = Shared {
                        measures: measures.collect::<Result<_, _>>()?,
                        plan,
                        address,
                        stage,
                        leave,
                        pools: RefCell::default(),
                    };
                    run_part::<B>(&Rc::new(shared), share, thread, start)
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

/// Starts this thread's bots, each at its time, and waits for all of them.
fn run_part<B: Bot>(
    shared: &Rc<Shared<B>>,
    share: Share,
    thread: usize,
    start: Instant,
) -> anyhow::Result<Finished> {
    let local = LocalSet::new();
    let tallies = local.block_on(&runtime()?, async {
        let mut bots = JoinSet::new();
        for number in share.bots(shared.plan.bots(), thread, shared.plan.threads) {
            let shared = Rc::clone(shared);
            bots.spawn_local(async move { engine::run(&shared, number, start).await });
        }
        bots.join_all().await
    });
    let measures = shared.measures.iter();
    Ok(Finished {
        measures: measures.map(|measure| measure.borrow().clone()).collect(),
        tallies,
    })
}
