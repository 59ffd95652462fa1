//! Whether the server takes new sessions, and why it no longer does.
//!
//! Shared by the upgrade, which refuses while the server drains, by sessions that
//! have no room yet and must end, and by whoever reports readiness.

use downbeat_protocol::Reason;
use std::sync::Arc;
use tokio::sync::watch;

/// The switch; clones share it. It goes one way only.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Option<Reason>>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Readiness {
    /// Why the server drains; `None` while it takes sessions.
    #[must_use]
    pub fn draining(&self) -> Option<Reason> {
        *self.0.borrow()
    }

    /// Begins to drain; the first reason counts, and `false` if it was not this one.
    pub fn drain(&self, reason: Reason) -> bool {
        self.0.send_if_modified(|draining| {
            let first = draining.is_none();
            draining.get_or_insert(reason);
            first
        })
    }

    /// Waits until the server drains. The future keeps nothing of `self` borrowed.
    pub fn drained(&self) -> impl Future<Output = Reason> + use<> {
        let mut watched = self.0.subscribe();
        async move {
            let drained = watched
                .wait_for(Option::is_some)
                .await
                .map(|reason| *reason);
            // Without a sender there is no server left to wait for.
            drained.ok().flatten().unwrap_or(Reason::GoingAway)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_first_reason_counts_and_wakes_who_waits() {
        let readiness = Readiness::default();
        let mut wait = Box::pin(readiness.drained());
        assert!(wait.as_mut().now_or_never().is_none(), "not yet");
        assert!(readiness.drain(Reason::Restarting));
        assert!(!readiness.drain(Reason::GoingAway), "too late");
        assert_eq!(wait.as_mut().now_or_never(), Some(Reason::Restarting));
    }
}
