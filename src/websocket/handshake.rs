//! The HTTP side of a WebSocket: the opening handshake (RFC 6455 section 4.2) and
//! refusing it.
//!
//! A refusal is an HTTP status with one line of text. Who may enter is decided by
//! whoever calls this.

use super::connection::Raw;
use super::io::Io;
use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::body::BodySize;
use actix_http::header::{self, HeaderName};
use actix_http::{RequestHead, Response, ResponseBuilder, StatusCode, h1, ws};
use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

/// How long the answer to an upgrade may take to be written.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why somebody may not enter.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's status.
    pub status: StatusCode,
    /// One line for people.
    pub text: &'static str,
    /// What the status wants to be said with it.
    pub headers: &'static [(HeaderName, &'static str)],
}

impl Refusal {
    /// A refusal that needs no more headers.
    #[must_use]
    pub const fn new(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            text,
            headers: &[],
        }
    }
}

/// Whether this is a good opening handshake; the answer to it, which more headers
/// can be put into.
///
/// # Errors
/// The [`Refusal`] that says what is wrong with it.
pub fn check(head: &RequestHead) -> Result<ResponseBuilder, Refusal> {
    ws::handshake(head).map_err(bad_handshake)
}

fn bad_handshake(error: ws::HandshakeError) -> Refusal {
    use ws::HandshakeError as Error;
    let bad = |text| Refusal::new(StatusCode::BAD_REQUEST, text);
    match error {
        Error::GetMethodRequired => Refusal {
            headers: &[(header::ALLOW, "GET")],
            ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "only GET can be upgraded")
        },
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

/// Answers a good handshake; from then on the connection is a WebSocket.
///
/// # Errors
/// If the answer could not be written in time.
pub async fn accept<S>(
    mut framed: Framed<S, h1::Codec>,
    mut response: ResponseBuilder,
) -> io::Result<Raw>
where
    S: AsyncRead + AsyncWrite + Unpin + Into<Io>,
{
    answer(&mut framed, response.finish().drop_body(), Bytes::new()).await?;
    let parts = framed.into_parts();
    let io = parts.io.into();
    Ok(Raw {
        peer: io.tcp().peer_addr()?,
        io,
        // A copy, so that HTTP's whole read buffer does not stay for it.
        first: Bytes::copy_from_slice(&parts.read_buf),
    })
}

/// Says no, and closes.
///
/// # Errors
/// If the answer could not be written in time.
pub async fn refuse<S>(mut framed: Framed<S, h1::Codec>, refusal: Refusal) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut response = Response::build(refusal.status);
    response.force_close();
    response.insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"));
    for (name, value) in refusal.headers {
        response.insert_header((name.clone(), *value));
    }
    let text = Bytes::from(format!("{}\n", refusal.text));
    answer(&mut framed, response.finish().drop_body(), text).await
}

async fn answer<S>(
    framed: &mut Framed<S, h1::Codec>,
    response: Response<()>,
    body: Bytes,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
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
