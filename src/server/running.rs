//! A server at work, and its end: what it takes to drain, and to stop.
//!
//! Also what it does beside serving: it looks whether certificate and keys are new.

use super::listening::Listening;
use crate::guard::{Admission, Permits, Readiness, Tls};
use crate::lobby::Drain;
use crate::telemetry::Telemetry;
use actix::Recipient;
use downbeat_protocol::Reason;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

/// A drain did not go as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// It ran out of time while there still were sockets.
    #[error("sessions were still open")]
    Sockets,
    /// Rooms could not be saved, or not in time; the log says which and why.
    #[error("rooms could not be saved")]
    Rooms,
}

/// A server at work. Dropping it does not stop the server.
#[derive(Debug)]
pub struct Running {
    pub(super) listening: Listening,
    pub(super) admin: Option<Listening>,
    pub(super) renewal: JoinHandle<()>,
    pub(super) telemetry: Telemetry,
    pub(super) readiness: Readiness,
    pub(super) permits: Permits,
    pub(super) drain: Recipient<Drain>,
    pub(super) drain_time: Duration,
}

impl Running {
    /// Where it listens, with the port it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Where its operators' routes are, if it has any.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// What it counts.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether it takes sessions.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Ends every session with `reason`, waits until rooms are saved (if they are) and
    /// sockets gone, or the drain time is over, and stops. Other routes answer until
    /// then.
    ///
    /// # Errors
    /// [`DrainError`] if something was lost or left.
    pub async fn drain(self, reason: Reason) -> Result<(), DrainError> {
        self.readiness.drain(reason);
        let end = tokio::time::Instant::now() + self.drain_time;
        let saved = timeout_at(end, self.drain.send(Drain(reason))).await;
        let gone = timeout_at(end, self.permits.all_back()).await;
        if gone.is_err() {
            tracing::warn!(sockets = self.permits.taken(), "drain time is over");
        }
        self.stop().await;
        match (saved, gone) {
            (Ok(Ok(Ok(()))), Ok(())) => Ok(()),
            (Ok(Ok(Ok(()))), Err(_)) => Err(DrainError::Sockets),
            // Some were not, or there was no time left for them, or nobody is there who
            // would have done it.
            _ => Err(DrainError::Rooms),
        }
    }

    /// Stops at once; sessions lose their links.
    pub async fn stop(self) {
        self.readiness.drain(Reason::GoingAway);
        self.renewal.abort();
        self.listening.handle.stop(false).await;
        if let Some(admin) = self.admin {
            admin.handle.stop(false).await;
        }
    }
}

/// Takes a new certificate and new keys when there are any, and says when a
/// certificate's time is over.
pub(super) async fn renew(tls: Option<Tls>, admission: Arc<Admission>) {
    let mut known = None;
    loop {
        if let Some(tls) = &tls {
            match tls.reload() {
                Ok(true) => tracing::info!("new certificate"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the old certificate stays"),
            }
            let fault = tls.fault(SystemTime::now());
            if fault != known {
                if let Some(fault) = &fault {
                    tracing::warn!(fault, "clients will not take the certificate");
                }
                known = fault;
            }
        }
        if let Some(keys) = admission.keys() {
            match keys.reload() {
                Ok(true) => tracing::info!("new keys"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the old keys stay"),
            }
        }
        tokio::time::sleep(RENEWAL).await;
    }
}

/// How often the files of certificate and keys are looked at.
const RENEWAL: Duration = Duration::from_secs(2);
