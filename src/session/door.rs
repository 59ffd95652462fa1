//! Connections before they are sessions: a place for each, and an end to each.
//!
//! Holds a permit for every connection from its first byte to its last, or to its
//! upgrade, whoever it is that never finishes a request: a place, then TLS if there is
//! any, then the head of a first request, each within its time. Whoever gets no
//! further is told why in HTTP. The server puts it around its HTTP service.

use super::head::Judge;
use super::upgrade::denied;
use crate::config::Settings;
use crate::guard::{Permit, Permits, Tls, speaks_tls};
use crate::telemetry::Telemetry;
use crate::websocket::{Counted, Io, Refusal, Tcp, bound_kernel};
use actix_http::StatusCode;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How many of those who are turned away are given the time to read why.
const MAX_LISTENERS: usize = 256;
/// How long they are given, with TLS for the handshake as well.
const LISTEN: Duration = Duration::from_secs(2);

/// What is said to whom TLS was expected from.
const SPEAKS_TLS: Refusal = Refusal::new(
    StatusCode::BAD_REQUEST,
    "this port speaks tls: https:// and wss://",
);

/// What is said to whom the head of a request was expected from.
const TOO_SLOW: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "the request took too long");

/// See the module's doc; clones share it.
#[derive(Clone, Debug)]
pub struct Door {
    settings: Arc<Settings>,
    telemetry: Arc<Telemetry>,
    tls: Option<Tls>,
    permits: Permits,
    listeners: Permits,
}

/// A place for a connection as long as it lives.
#[derive(Debug)]
pub struct Place {
    _permit: Permit,
    _counted: Counted,
}

/// Why a connection goes no further.
enum Over {
    /// The peer has gone, or never came as far as HTTP.
    Gone,
    /// It is to be told this.
    Refused(Io, Refusal),
}

impl Door {
    /// With the limits of these settings; with `tls` every connection is encrypted.
    #[must_use]
    pub fn new(settings: Arc<Settings>, telemetry: Arc<Telemetry>, tls: Option<Tls>) -> Self {
        Self {
            tls,
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
    /// The [`Refusal`] to [turn away](Self::turn_away) with, if there is none; also
    /// for a peer that is gone already.
    pub fn admit(&self, io: &TcpStream) -> Result<Place, Refusal> {
        let Ok(peer) = io.peer_addr() else {
            return Err(TOO_SLOW);
        };
        let peer = peer.ip();
        // They fail for a socket that is already gone, which HTTP will find out.
        let _ = bound_kernel(io, self.settings.kernel_timeout());
        let _ = io.set_nodelay(true);
        let permit = if self.settings.is_proxy(peer) {
            self.permits.acquire_unnamed()
        } else {
            self.permits.acquire(peer)
        };
        Ok(Place {
            _permit: permit.map_err(denied)?,
            _counted: Counted::new(&self.telemetry.http),
        })
    }

    /// Brings a connection to where HTTP can begin: encrypted if it must be, with a
    /// good head of a first request to be read. `None` if it is over; whom
    /// something could be said to was told why.
    pub async fn open(&self, io: TcpStream, judge: &Judge) -> Option<Io> {
        match self.first_request(io, judge).await {
            Ok(io) => Some(io),
            Err(Over::Gone) => None,
            Err(Over::Refused(io, refusal)) => {
                self.count(&refusal);
                // Gone before he was told, or talks on: either way it is over.
                let _ = timeout(LISTEN, tell(io, &refusal)).await;
                None
            }
        }
    }

    async fn first_request(&self, io: TcpStream, judge: &Judge) -> Result<Io, Over> {
        let mut io = self.encrypted(io).await?;
        match timeout(self.settings.request_timeout, judge.read(&mut io)).await {
            Ok(Ok(Some(read))) => Ok(io.replaying(read)),
            Ok(Ok(None)) => Err(Over::Gone),
            Ok(Err(refusal)) => Err(Over::Refused(io, refusal)),
            Err(_) => Err(Over::Refused(io, TOO_SLOW)),
        }
    }

    async fn encrypted(&self, io: TcpStream) -> Result<Io, Over> {
        let Some(tls) = &self.tls else {
            return Ok(io.into());
        };
        let encrypted = async {
            if !speaks_tls(&io).await? {
                return Ok(Err(Over::Refused(io.into(), SPEAKS_TLS)));
            }
            tls.accept(Tcp::from(io)).await.map(|io| Ok(io.into()))
        };
        match timeout(self.settings.request_timeout, encrypted).await {
            Ok(Ok(encrypted)) => encrypted,
            Ok(Err::<_, io::Error>(_)) | Err(_) => Err(Over::Gone),
        }
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

    /// Says why there is no place, to as many as there is time for. The others, and
    /// who takes too long over TLS, only see the end.
    pub async fn turn_away(&self, io: TcpStream, refusal: Refusal) {
        self.count(&refusal);
        let Ok(_listener) = self.listeners.acquire_unnamed() else {
            return;
        };
        let told = async {
            match self.encrypted(io).await {
                Ok(io) | Err(Over::Refused(io, _)) => tell(io, &refusal).await,
                Err(Over::Gone) => Ok(()),
            }
        };
        let _ = timeout(LISTEN, told).await;
    }

    fn count(&self, refusal: &Refusal) {
        let status = refusal.status.as_str();
        self.telemetry.refused.with_label_values(&[status]).inc();
    }
}

async fn tell(mut io: Io, refusal: &Refusal) -> io::Result<()> {
    io.write_all(response(refusal).as_bytes()).await?;
    io.shutdown().await?;
    // What is unread when the socket closes would turn the end into a reset, which
    // could overtake the answer.
    let mut rest = [0; 512];
    while io.read(&mut rest).await? > 0 {}
    Ok(())
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
