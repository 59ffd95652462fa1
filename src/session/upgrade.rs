//! May this peer enter? The hook that actix-http calls for every upgrade request.
//!
//! Such requests reach no route and no middleware, so everything is judged here:
//! path → method → drain → ban → Origin → permit → subprotocol → handshake. A refusal is
//! an HTTP status with one line of text, counted by status. Who passes gets his 101,
//! and his socket a driver and an actor of its own.

use super::actor::Session;
use super::driver::Driver;
use super::inbound::is_room_name;
use super::io::Io;
use super::line::Line;
use super::socket::{Inlet, Socket};
use crate::config::Settings;
use crate::guard::{Admission, Denied, Permit, Permits, Readiness, origin_allowed};
use crate::lobby::Enter;
use crate::telemetry::Telemetry;
use actix::Recipient;
use actix_codec::Framed;
use actix_http::body::BodySize;
use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{Method, Request, Response, StatusCode, h1, ws};
use bytes::Bytes;
use downbeat_protocol::{SUBPROTOCOL, Wire};
use socket2::SockRef;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the answer to an upgrade may take to be written.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

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

/// Answers an upgrade request, and starts a session if it was a good one.
///
/// # Errors
/// If the answer could not be written.
pub async fn upgrade<W: Wire>(
    entrance: Rc<Entrance<W::Input>>,
    request: Request,
    mut framed: Framed<Io, h1::Codec>,
) -> Result<(), actix_web::Error> {
    let peer = framed.io_ref().tcp().peer_addr()?;
    let admitted = match admit(&entrance, &request, peer.ip()) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            let status = refusal.status.as_str();
            entrance
                .telemetry
                .refused
                .with_label_values(&[status])
                .inc();
            tracing::debug!(%peer, status, reason = refusal.text, "upgrade refused");
            return Ok(refuse(framed, refusal).await?);
        }
    };
    answer(&mut framed, admitted.response, Bytes::new()).await?;
    let parts = framed.into_parts();
    let io = parts.io;
    if entrance.settings.send_buffer > 0 {
        SockRef::from(io.tcp()).set_send_buffer_size(entrance.settings.send_buffer)?;
    }
    // A copy, so that HTTP's whole read buffer does not stay for it.
    let first = Bytes::copy_from_slice(&parts.read_buf);
    start::<W>(&entrance, io, peer, first, admitted.room, admitted.permit);
    Ok(())
}

fn start<W: Wire>(
    entrance: &Entrance<W::Input>,
    io: Io,
    peer: SocketAddr,
    first: Bytes,
    room: Option<String>,
    permit: Permit,
) {
    let settings = &entrance.settings;
    let line = Rc::new(Line::new(peer, Arc::clone(&entrance.telemetry)));
    let socket = Socket::new(io, first, Rc::clone(&line), settings.max_message);
    let socket = Rc::new(RefCell::new(socket));
    let session = Session::<W>::new(
        Arc::clone(settings),
        Arc::clone(&entrance.admission),
        room,
        Rc::clone(&line),
        entrance.lobby.clone(),
        entrance.readiness.clone(),
    );
    let actor = session.start(Inlet(Rc::clone(&socket)), settings.max_message);
    let driver = Driver::new(socket, line, actor, settings.write_timeout, permit);
    // Spawned rather than awaited: what HTTP kept for this connection can go.
    actix_rt::spawn(driver);
}

/// Somebody who may come in.
struct Admitted {
    room: Option<String>,
    permit: Permit,
    response: Response<()>,
}

/// Why somebody may not.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    text: &'static str,
    /// What the status wants to be said with it.
    headers: &'static [(HeaderName, &'static str)],
}

impl Refusal {
    const fn new(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            text,
            headers: &[],
        }
    }
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
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is going away",
        ));
    }
    let bans = entrance.admission.bans();
    if bans.find(peer, None, Instant::now()).is_some() {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "banned for a while"));
    }
    if !is_origin_allowed(headers) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "origin not allowed"));
    }
    let permit = entrance
        .permits
        .acquire(peer)
        .map_err(|denied| match denied {
            Denied::Full => Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the server is full, try again later",
            ),
            Denied::Address => Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many connections from this address",
            ),
        })?;
    let is_named = subprotocol(headers)?;
    let mut response = ws::handshake(request.head()).map_err(bad_handshake)?;
    if is_named {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL));
    }
    Ok(Admitted {
        room,
        permit,
        response: response.finish().drop_body(),
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

fn is_origin_allowed(headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = headers.get(header::HOST).map(text);
    let mut origins = headers.get_all(header::ORIGIN).map(text);
    origins.all(|origin| origin_allowed(Some(&origin), host.as_deref()))
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

fn bad_handshake(error: ws::HandshakeError) -> Refusal {
    use ws::HandshakeError as Error;
    let bad = |text| Refusal::new(StatusCode::BAD_REQUEST, text);
    match error {
        Error::GetMethodRequired => bad("only GET can be upgraded"),
        Error::NoWebsocketUpgrade => bad("upgrade to websocket expected"),
        Error::NoConnectionUpgrade => bad("connection: upgrade expected"),
        Error::NoVersionHeader => bad("sec-websocket-version expected"),
        Error::BadWebsocketKey => bad("sec-websocket-key missing or malformed"),
        Error::UnsupportedVersion => Refusal {
            headers: &[(header::SEC_WEBSOCKET_VERSION, "13")],
            ..Refusal::new(
                StatusCode::UPGRADE_REQUIRED,
                "websocket version 13 expected",
            )
        },
    }
}

async fn refuse(mut framed: Framed<Io, h1::Codec>, refusal: Refusal) -> io::Result<()> {
    let mut response = Response::build(refusal.status);
    response.force_close();
    response.insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"));
    for (name, value) in refusal.headers {
        response.insert_header((name.clone(), *value));
    }
    let text = Bytes::from(format!("{}\n", refusal.text));
    answer(&mut framed, response.finish().drop_body(), text).await
}

async fn answer(
    framed: &mut Framed<Io, h1::Codec>,
    response: Response<()>,
    body: Bytes,
) -> io::Result<()> {
    type Out = h1::Message<(Response<()>, BodySize)>;
    let mut framed = Pin::new(framed);
    let size = match body.len() {
        0 => BodySize::None,
        length => BodySize::Sized(length as u64),
    };
    framed
        .as_mut()
        .write::<Out>(h1::Message::Item((response, size)))?;
    if !body.is_empty() {
        framed
            .as_mut()
            .write::<Out>(h1::Message::Chunk(Some(body)))?;
        framed.as_mut().write::<Out>(h1::Message::Chunk(None))?;
    }
    let flushed = poll_fn(|context| framed.as_mut().flush::<Out>(context));
    tokio::time::timeout(ANSWER_TIMEOUT, flushed).await?
}
