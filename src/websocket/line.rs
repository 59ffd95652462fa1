//! What the driver and the actor of one connection share, on one thread.
//!
//! Owns two facts: whether the socket takes bytes, which decides whether the actor
//! fetches more from the room; and the connection's one reason to end, which is
//! counted once, whoever names it first.

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
    takes_bytes: Cell<bool>,
    violation: Cell<Option<Reason>>,
    end: Cell<Option<Reason>>,
}

impl Line {
    pub(super) fn new(peer: SocketAddr, telemetry: Arc<Telemetry>) -> Self {
        Self {
            telemetry,
            peer,
            takes_bytes: Cell::new(true),
            violation: Cell::new(None),
            end: Cell::new(None),
        }
    }

    /// Where the connection is from.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether all that was written so far is out of the driver's hands.
    #[must_use]
    pub fn takes_bytes(&self) -> bool {
        self.takes_bytes.get()
    }

    pub(super) fn set_takes_bytes(&self, takes_bytes: bool) {
        self.takes_bytes.set(takes_bytes);
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
