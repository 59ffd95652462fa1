//! Connections before they are sessions: a place for each, and an end to each.
//!
//! Holds a permit for every connection from its first byte to its last, or to its
//! upgrade, whoever it is that never finishes a request. Whom there is no place for
//! is told so in HTTP without being read. The server puts it around its HTTP service.

use super::upgrade::denied;
use crate::config::Settings;
use crate::guard::{Denied, Permit, Permits};
use crate::telemetry::Telemetry;
use crate::websocket::{Counted, Refusal, bound_kernel};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many of those who are turned away are given the time to read why.
const MAX_LISTENERS: usize = 256;
/// How long they are given.
const LISTEN: Duration = Duration::from_secs(1);

/// See the module's doc; clones share it.
#[derive(Clone, Debug)]
pub struct Door {
    settings: Arc<Settings>,
    telemetry: Arc<Telemetry>,
    permits: Permits,
    listeners: Permits,
}

/// A place for a connection as long as it lives.
#[derive(Debug)]
pub struct Place {
    _permit: Permit,
    _counted: Counted,
}

impl Door {
    /// With the limits of these settings.
    #[must_use]
    pub fn new(settings: Arc<Settings>, telemetry: Arc<Telemetry>) -> Self {
        Self {
            permits: Permits::new(settings.max_http, settings.max_http_per_address),
            listeners: Permits::new(MAX_LISTENERS, MAX_LISTENERS),
            settings,
            telemetry,
        }
    }

    /// A place for a new connection. A proxy is many people, so that its connections
    /// count in all only.
    ///
    /// # Errors
    /// [`Denied`], if there is none; also for a peer that is gone already.
    pub fn admit(&self, io: &TcpStream) -> Result<Place, Denied> {
        let peer = io.peer_addr().map_err(|_| Denied::Full)?.ip();
        // It fails for a socket that is already gone, which HTTP will find out.
        let _ = bound_kernel(io, self.settings.kernel_timeout());
        let permit = if self.settings.is_proxy(peer) {
            self.permits.acquire_unnamed()?
        } else {
            self.permits.acquire(peer)?
        };
        Ok(Place {
            _permit: permit,
            _counted: Counted::new(&self.telemetry.http),
        })
    }

    /// Waits for HTTP to be done with a connection, but not for ever: dropping what
    /// serves it closes it. An upgraded socket has left it by then.
    ///
    /// # Errors
    /// As `served` has it.
    pub async fn hold<E>(
        &self,
        place: Place,
        served: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let outcome = tokio::time::timeout(self.settings.http_lifetime, served).await;
        drop(place);
        outcome.unwrap_or(Ok(()))
    }

    /// Says why there is no place, to as many as there is time for, if it can be said
    /// without TLS.
    pub async fn turn_away(&self, mut io: TcpStream, why: Denied) {
        let refusal = denied(why);
        let status = refusal.status.as_str();
        self.telemetry.refused.with_label_values(&[status]).inc();
        // Before TLS there is no way to say it.
        if self.settings.tls_cert.is_some() {
            return;
        }
        let Ok(_listener) = self.listeners.acquire_unnamed() else {
            return;
        };
        let told = async {
            io.write_all(response(&refusal).as_bytes()).await?;
            io.shutdown().await?;
            // What is unread when the socket closes would turn the end into a reset,
            // which could overtake the answer.
            let mut rest = [0; 512];
            while io.read(&mut rest).await? > 0 {}
            std::io::Result::Ok(())
        };
        // Gone before he was told, or talks on: either way it is over.
        let _ = tokio::time::timeout(LISTEN, told).await;
    }
}

fn response(refusal: &Refusal) -> String {
    let Refusal {
        status,
        text,
        headers,
    } = refusal;
    let mut response = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n",
        text.len() + 1
    );
    for (name, value) in *headers {
        response.push_str(&format!("{name}: {value}\r\n"));
    }
    response + "\r\n" + text + "\n"
}
