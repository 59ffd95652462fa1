//! SIGTERM and SIGINT.

use std::fmt;
use std::io;
use std::process::exit;
use std::thread;
use std::time::Duration;
use tokio::select;
use tokio::signal::unix::{self, SignalKind, signal};
use tracing::{error, warn};

/// How much longer than the configured drain the process may take to end, for what
/// follows the last socket.
const GRACE: Duration = Duration::from_secs(1);

/// The signals that end the process. From its making on they no longer do so by
/// themselves.
pub(super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) enum Signal {
    Terminate,
    Interrupt,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

impl Signals {
    /// # Errors
    /// If the system does not let itself be asked.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}

/// Ends the process at the next signal, and at the latest a second after the drain's
/// time: a game that never returns from a tick must not keep it alive.
pub(super) fn end_at_the_next(mut signals: Signals, drain: Duration) {
    actix_rt::spawn(async move {
        let signal = signals.next().await;
        warn!(%signal, "ending at once");
        // The code a shell shows for a process that a signal has ended.
        exit(match signal {
            Signal::Terminate => 128 + 15,
            Signal::Interrupt => 128 + 2,
        });
    });
    // A thread, because the runtime may be what hangs.
    thread::spawn(move || {
        thread::sleep(drain + GRACE);
        error!("the drain took too long");
        exit(1);
    });
}
