//! Connections beside the bots that never mean to play.
//!
//! Owns their thread: they share nothing with the bots, so that these are as
//! punctual with them as without. They begin with the measured window and end with
//! it. Called by the swarm.

mod garbage;
mod loris;
mod noise;

use crate::bot::Bot;
use crate::measure::Hang;
use crate::scenario::Plan;
use crate::stage::Window;
use crate::swarm;
use anyhow::Context;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep_until;

/// What became of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hostile {
    /// Connections that sent garbage, each time one was made.
    pub(crate) garbage_connections: u64,
    pub(crate) garbage_messages: u64,
    /// How they were ended, by label.
    pub(crate) garbage_ended: BTreeMap<String, u32>,
    /// One for each that sends its request slowly.
    pub(crate) loris: Vec<Hang>,
}

/// What the connections of the thread share.
struct Shared {
    plan: Plan,
    address: SocketAddr,
    window: Window,
    counted: RefCell<Hostile>,
}

/// Starts them; `None` if there shall be none. They end with the window, or when
/// `leave` turns true.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start<B: Bot>(
    plan: &Plan,
    address: SocketAddr,
    window: Window,
    leave: watch::Receiver<bool>,
) -> anyhow::Result<Option<JoinHandle<anyhow::Result<Hostile>>>> {
    if plan.strangers.garbage + plan.strangers.slowloris == 0 {
        return Ok(None);
    }
    let plan = plan.clone();
    std::thread::Builder::new()
        .name("hostile".into())
        .spawn(move || {
            let shared = Rc::new(Shared {
                plan,
                address,
                window,
                counted: RefCell::default(),
            });
            run::<B>(&shared, leave)
        })
        .map(Some)
        .context("cannot start a thread")
}

fn run<B: Bot>(shared: &Rc<Shared>, mut leave: watch::Receiver<bool>) -> anyhow::Result<Hostile> {
    let local = LocalSet::new();
    local.block_on(&swarm::runtime()?, async {
        let over = async {
            tokio::select! {
                () = sleep_until(shared.window.end.into()) => {}
                // An error means that the swarm itself is gone: leave, too.
                _ = leave.wait_for(|leave| *leave) => {}
            }
        };
        // Dropped at the end, and every socket with them.
        let mut connections = JoinSet::new();
        for number in 0..shared.plan.strangers.garbage {
            let shared = Rc::clone(shared);
            connections.spawn_local(async move { garbage::run::<B>(&shared, number).await });
        }
        for number in 0..shared.plan.strangers.slowloris {
            let shared = Rc::clone(shared);
            connections.spawn_local(async move { loris::run(&shared, number).await });
        }
        over.await;
    });
    Ok(shared.counted.borrow().clone())
}
