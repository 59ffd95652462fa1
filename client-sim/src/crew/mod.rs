//! Who runs the bots: threads of this process, or processes with threads of theirs.
//!
//! Owns the choice, and what both hand back. A bot's number alone decides where it
//! runs, so the same bots play however many hands there are. Called by the swarm.

mod part;
mod processes;
mod threads;

pub(crate) use part::play as play_part;

use crate::bot::Bot;
use crate::measure::{Measure, Tally};
use crate::scenario::Plan;
use crate::stage::{Stage, Times};
use processes::Processes;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use threads::Threads;
use tokio::sync::watch;

/// Which bots are this process's: those whose number leaves `part` when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) part: u32,
    pub(crate) of: u32,
}

impl Share {
    /// All of them.
    pub(crate) const ALL: Self = Self { part: 0, of: 1 };

    /// The bots of one of this process's threads, in order.
    pub(crate) fn bots(
        self,
        all: u32,
        thread: usize,
        threads: usize,
    ) -> impl Iterator<Item = u32> + use<> {
        let first = self.part as usize + thread * self.of as usize;
        (0..all)
            .skip(first)
            .step_by(threads.max(1) * self.of as usize)
    }
}

/// What one group of bots hands back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finished {
    /// One per group.
    pub(crate) measures: Vec<Measure>,
    pub(crate) tallies: Vec<Tally>,
}

/// See the module's doc.
#[derive(Debug)]
pub(crate) enum Crew {
    Threads(Threads),
    Processes(Processes),
}

impl Crew {
    /// Starts the bots along the ramp. `leave` turns true when they shall go.
    ///
    /// # Errors
    /// If this machine gives no threads or processes.
    pub(crate) fn start<B: Bot>(
        plan: &Plan,
        address: SocketAddr,
        stage: &Arc<Stage>,
        leave: &watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        if plan.processes > 1 {
            Processes::start(plan.processes, stage).map(Self::Processes)
        } else {
            Threads::start::<B>(plan, Share::ALL, address, stage, leave).map(Self::Threads)
        }
    }

    /// Says to those who do not see the stage what the run's times are.
    pub(crate) fn begin(&mut self, times: &Times) {
        if let Self::Processes(processes) = self {
            processes.begin(times);
        }
    }

    /// Whether no bot is left.
    pub(crate) fn are_finished(&self) -> bool {
        match self {
            Self::Threads(threads) => threads.are_finished(),
            Self::Processes(processes) => processes.are_finished(),
        }
    }

    /// The processes in which bots run.
    pub(crate) fn pids(&self) -> Vec<u32> {
        match self {
            Self::Threads(_) => vec![std::process::id()],
            Self::Processes(processes) => processes.pids(),
        }
    }

    /// Waits until all have left, who were told to before.
    ///
    /// # Errors
    /// If a thread or a process failed.
    pub(crate) async fn join(self) -> anyhow::Result<Vec<Finished>> {
        match self {
            Self::Threads(threads) => threads.join().await,
            Self::Processes(processes) => processes.join().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bot_is_run_once_however_many_hands_there_are() {
        for (of, threads) in [(1, 1), (1, 3), (3, 1), (4, 2)] {
            let mut all: Vec<_> = (0..of)
                .flat_map(|part| (0..threads).map(move |thread| (part, thread)))
                .flat_map(|(part, thread)| Share { part, of }.bots(23, thread, threads))
                .collect();
            all.sort_unstable();
            let expected: Vec<_> = (0..23).collect();
            assert_eq!(all, expected, "{of} processes with {threads} threads");
        }
    }
}
