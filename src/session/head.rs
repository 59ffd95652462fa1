//! The head of a connection's first request, judged before HTTP reads it.
//!
//! actix-http answers a head that is malformed or too large with a bare status, and
//! nothing can be put into that answer. So the same parser looks at the same bytes
//! here first; what it takes is read once more by HTTP, what it does not is refused
//! with a line that says why. The door calls it, and limits its time.

use crate::websocket::{Io, Refusal};
use actix_codec::Decoder;
use actix_http::error::ParseError;
use actix_http::{ServiceConfig, StatusCode, h1};
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;

/// Bytes of a head at most. Browsers send one to two thousand.
pub(super) const MAX_HEAD: usize = 16 << 10;

/// What is read at once.
const CHUNK: usize = 1 << 10;

/// Knows what HTTP will understand; one per worker, shared by cloning.
#[derive(Clone, Debug, Default)]
pub struct Judge(ServiceConfig);

impl Judge {
    /// Reads up to the end of a good head, or further; what was read. `None` if the
    /// peer has gone.
    ///
    /// # Errors
    /// The [`Refusal`] that says what is wrong with it.
    pub(super) async fn read(&self, io: &mut Io) -> Result<Option<Bytes>, Refusal> {
        let mut read = BytesMut::new();
        loop {
            read.reserve(CHUNK);
            let mut chunk = (&mut *io).take(CHUNK as u64);
            if !matches!(chunk.read_buf(&mut read).await, Ok(1..)) {
                return Ok(None);
            }
            if self.is_whole(&read)? {
                return Ok(Some(read.freeze()));
            }
        }
    }

    fn is_whole(&self, read: &[u8]) -> Result<bool, Refusal> {
        // A parser takes what it has parsed, so each look needs a copy and a parser of
        // its own. A head comes in one or two reads.
        let mut copy = BytesMut::from(read);
        match h1::Codec::new(self.0.clone()).decode(&mut copy) {
            Ok(Some(_)) => Ok(true),
            Ok(None) if read.len() < MAX_HEAD => Ok(false),
            Ok(None) | Err(ParseError::TooLarge) => Err(Refusal::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the head of the request is too large",
            )),
            Err(error) => Err(Refusal::new(StatusCode::BAD_REQUEST, fault(&error))),
        }
    }
}

fn fault(error: &ParseError) -> &'static str {
    match error {
        ParseError::Method => "the method is malformed",
        ParseError::Uri(_) => "the path is malformed",
        ParseError::Version => "http/1.1 expected",
        // The parser says no more than that.
        _ => "no good request: malformed, a header given twice, or no host",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn each_fault_has_its_status_and_line() {
        let judge = Judge::default();
        let get = |headers: &str| format!("GET /ws HTTP/1.1\r\n{headers}\r\n");
        let many = "a: b\r\n".repeat(200);
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(MAX_HEAD));
        let (bad, large) = (Some(400), Some(431));
        for (name, head, status) in [
            ("good", get("Host: x\r\n"), None),
            ("with a body", get("Host: x\r\n") + "body", None),
            ("without a host", get(""), bad),
            ("two hosts", get("Host: x\r\nHost: y\r\n"), bad),
            (
                "two lengths",
                get("Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
                bad,
            ),
            (
                "a length of words",
                get("Host: x\r\nContent-Length: one\r\n"),
                bad,
            ),
            (
                "smuggled",
                get("Host: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
                bad,
            ),
            ("http/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), bad),
            ("another protocol", "SSH-2.0-OpenSSH_9.6\r\n".into(), bad),
            ("tls", "\u{16}\u{3}\u{1}".into(), bad),
            ("many headers", get(&many), large),
            ("a long path", long, large),
        ] {
            let seen = judge.is_whole(head.as_bytes());
            assert_eq!(
                seen.as_ref().err().map(|no| no.status.as_u16()),
                status,
                "{name}"
            );
            if let Err(refusal) = seen {
                assert!(
                    !refusal.text.is_empty() && !refusal.text.contains('\n'),
                    "{name}"
                );
            }
        }
        assert_eq!(judge.is_whole(b"GET / HTT"), Ok(false), "not yet");
    }
}
