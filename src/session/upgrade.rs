//! May this peer enter? The hook that actix-http calls for every upgrade request.
//!
//! Such requests reach no route and no middleware, so everything is judged here:
//! path → method → drain → ban → Origin → permit → subprotocol → handshake. A refusal is
//! an HTTP status with one line of text, counted by status. Who passes gets his 101,
//! and his socket a driver and an actor of its own.

use super::actor::Session;
use super::inbound::is_room_name;
use crate::config::{OriginRule, Settings};
use crate::guard::{Admission, Denied, Permit, Permits, Readiness, client_address, origin_allowed};
use crate::lobby::Enter;
use crate::telemetry::Telemetry;
use crate::websocket::{self, Hub, Io, Lane, Limits, Raw, Refusal, Texts};
use actix::Recipient;
use actix_codec::Framed;
use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{Method, Request, ResponseBuilder, StatusCode, h1};
use downbeat_protocol::{SUBPROTOCOL, Wire};
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// For whom it may be better in a moment, in seconds.
const RETRY_LATER: &[(HeaderName, &str)] = &[(header::RETRY_AFTER, "5")];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a session needs from its server; one per worker.
#[derive(Clone, Debug)]
pub struct Entrance<I: Send + 'static> {
    /// The server's limits.
    pub settings: Arc<Settings>,
    /// Where things are counted.
    pub telemetry: Arc<Telemetry>,
    /// Who they must be.
    pub admission: Arc<Admission>,
    /// How many may come in.
    pub permits: Permits,
    /// Whether anybody may.
    pub readiness: Readiness,
    /// Who knows the rooms.
    pub lobby: Recipient<Enter<I>>,
}

/// Answers an upgrade request, and starts a session on the worker's hub if it was a good
/// one. A peer who goes before he has his answer is nobody's trouble but his own.
pub async fn upgrade<W: Wire>(
    entrance: Rc<Entrance<W::Input>>,
    hub: Hub,
    request: Request,
    framed: Framed<Io, h1::Codec>,
) {
    if let Err(error) = answer::<W>(&entrance, &hub, &request, framed).await {
        tracing::debug!(%error, "upgrade not answered");
    }
}

async fn answer<W: Wire>(
    entrance: &Entrance<W::Input>,
    hub: &Hub,
    request: &Request,
    framed: Framed<Io, h1::Codec>,
) -> io::Result<()> {
    let peer = framed.io_ref().tcp().peer_addr()?;
    let admitted = match admit(entrance, request, peer.ip()) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            let status = refusal.status.as_str();
            entrance
                .telemetry
                .refused
                .with_label_values(&[status])
                .inc();
            tracing::debug!(%peer, status, reason = refusal.text, "upgrade refused");
            return websocket::refuse(framed, refusal).await;
        }
    };
    let mut raw = websocket::accept(framed, admitted.response).await?;
    raw.peer.set_ip(admitted.client);
    start::<W>(entrance, hub, raw, admitted.room, admitted.permit)
}

fn start<W: Wire>(
    entrance: &Entrance<W::Input>,
    hub: &Hub,
    raw: Raw,
    room: Option<String>,
    permit: Permit,
) -> io::Result<()> {
    let settings = &entrance.settings;
    let limits = Limits {
        max_message: settings.max_message,
        texts: Texts::Refused,
        reads_while_stuck: true,
        write_timeout: settings.write_timeout,
        kernel_timeout: settings.kernel_timeout(),
        send_buffer: settings.send_buffer,
    };
    let telemetry = Arc::clone(&entrance.telemetry);
    websocket::open(hub, raw, telemetry, limits, permit, |line, inlet, place| {
        let session = Session::<W>::new(
            Arc::clone(settings),
            Arc::clone(&entrance.admission),
            room,
            (line, place),
            entrance.lobby.clone(),
            entrance.readiness.clone(),
        );
        let lane = session.shared();
        let actor = websocket::outlet(session, inlet, settings.max_message);
        (actor, Some(lane as Rc<dyn Lane>))
    })
}

/// Somebody who may come in.
struct Admitted {
    /// Whom the connection is from, not through whom.
    client: IpAddr,
    room: Option<String>,
    permit: Permit,
    response: ResponseBuilder,
}

fn admit<I: Send>(
    entrance: &Entrance<I>,
    request: &Request,
    peer: IpAddr,
) -> Result<Admitted, Refusal> {
    let headers = request.head().headers();
    let room = room_of(request.path())?;
    if *request.method() != Method::GET {
        return Err(Refusal {
            headers: &[(header::ALLOW, "GET")],
            ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "only GET can be upgraded")
        });
    }
    if entrance.readiness.draining().is_some() {
        return Err(Refusal {
            headers: RETRY_LATER,
            ..Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is going away")
        });
    }
    let client = client_of(&entrance.settings, headers, peer)?;
    let bans = entrance.admission.bans();
    if bans.find(client, None, Instant::now()).is_some() {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "banned for a while"));
    }
    if !is_origin_allowed(headers, &entrance.settings.origins) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "origin not allowed"));
    }
    let permit = entrance.permits.acquire(client).map_err(denied)?;
    let is_named = subprotocol(headers)?;
    let mut response = websocket::check(request.head())?;
    if is_named {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL));
    }
    Ok(Admitted {
        client,
        room,
        permit,
        response,
    })
}

/// The room that a path names: `/ws` none, `/ws/{room}` that one.
fn room_of(path: &str) -> Result<Option<String>, Refusal> {
    match path.strip_prefix("/ws") {
        Some("") => Some(None),
        Some(rest) => rest
            .strip_prefix('/')
            .filter(|room| is_room_name(room))
            .map(|room| Some(room.to_owned())),
        None => None,
    }
    .ok_or(Refusal::new(
        StatusCode::NOT_FOUND,
        "sockets are at /ws and /ws/{room}",
    ))
}

/// What is said to whom there is no place for.
pub(super) fn denied(denied: Denied) -> Refusal {
    let (status, text) = match denied {
        Denied::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is full, try again later",
        ),
        Denied::Address => (
            StatusCode::TOO_MANY_REQUESTS,
            "too many connections from this address",
        ),
    };
    Refusal {
        headers: RETRY_LATER,
        ..Refusal::new(status, text)
    }
}

/// Whom the connection is from, by his own address or what a proxy says of him.
fn client_of(settings: &Settings, headers: &HeaderMap, peer: IpAddr) -> Result<IpAddr, Refusal> {
    // What is no text is no address either.
    let values = |name| -> Vec<_> {
        let values = headers.get_all(name);
        values
            .map(|value| value.to_str().unwrap_or_default())
            .collect()
    };
    let (simple, standard) = (values(X_FORWARDED_FOR), values(header::FORWARDED));
    client_address(settings, peer, &simple, &standard).map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "x-forwarded-for and forwarded contradict each other",
        )
    })
}

fn is_origin_allowed(headers: &HeaderMap, rules: &[OriginRule]) -> bool {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = headers.get(header::HOST).map(text);
    let mut origins = headers.get_all(header::ORIGIN).map(text);
    origins.all(|origin| origin_allowed(rules, &origin, host.as_deref()))
}

/// Whether the peer asks for our subprotocol; it may also ask for none.
fn subprotocol(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut asked = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).peekable();
    if asked.peek().is_none() {
        return Ok(false);
    }
    let names = asked.filter_map(|value| value.to_str().ok());
    let is_ours = |names: &str| names.split(',').any(|name| name.trim() == SUBPROTOCOL);
    if names.into_iter().any(is_ours) {
        return Ok(true);
    }
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        "the only subprotocol here is downbeat.v1",
    ))
}
