//! What the driver and the actor of one connection share, on one thread.
//!
//! Owns what the peer was found guilty of, and the connection's one reason to end,
//! which is counted once, whoever names it first.

use crate::telemetry::Telemetry;
use downbeat_protocol::Reason;
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

/// See the module's doc.
#[derive(Debug)]
pub struct Line {
    /// Where things are counted.
    pub telemetry: Arc<Telemetry>,
    peer: SocketAddr,
    violation: Cell<Option<Reason>>,
    end: Cell<Option<Reason>>,
}

impl Line {
    pub(super) fn new(peer: SocketAddr, telemetry: Arc<Telemetry>) -> Self {
        Self {
            telemetry,
            peer,
            violation: Cell::new(None),
            end: Cell::new(None),
        }
    }

    /// Where the connection is from.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What the peer's bytes were found guilty of.
    #[must_use]
    pub fn violation(&self) -> Option<Reason> {
        self.violation.get()
    }

    pub(super) fn set_violation(&self, reason: Reason) {
        self.violation.set(Some(reason));
    }

    /// The connection ends; the first reason counts.
    pub fn end(&self, reason: Reason) {
        if self.end.get().is_none() {
            self.end.set(Some(reason));
            self.telemetry.ended(reason);
            tracing::debug!(peer = %self.peer, %reason, "session ended");
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Dropped without a word, as when a worker stops: the peer loses its link.
        self.end(Reason::LinkLost);
    }
}
