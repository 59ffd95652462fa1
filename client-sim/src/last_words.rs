//! What a server said last to a peer that does not read as it should.
//!
//! Such a peer has lost its place in the stream, or never wanted one. But a close
//! frame is the last thing in a stream (RFC 6455 section 5.5.1), so it is found
//! from the end. Called by what misbehaves.

use crate::ending::Ending;
use std::io;
use tokio::net::TcpStream;

/// The longest frame of a server's close: two bytes and its payload (RFC 6455
/// section 5.5).
const CLOSE_FRAME: usize = 2 + 125;
/// The first byte of a close frame.
const CLOSE: u8 = 0x88;
/// The largest answer to a request's head that is looked at.
const ANSWER: usize = 512;

/// What is kept of a stream: its first bytes and its last.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastWords {
    first: Vec<u8>,
    last: Vec<u8>,
}

impl LastWords {
    /// Reads on until the end of the stream. May be dropped and called again.
    pub(crate) async fn read_out(&mut self, stream: &TcpStream) {
        let mut bytes = [0; 4096];
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut bytes) {
                Ok(0) => return,
                Ok(count) => self.hear(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let room = ANSWER - self.first.len();
        self.first
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.last.extend_from_slice(bytes);
        self.last
            .drain(..self.last.len().saturating_sub(CLOSE_FRAME));
    }

    /// How the stream ended: with an HTTP status, a close code or neither.
    pub(crate) fn ending(&self) -> Ending {
        if let Some(status) = self.status() {
            return Ending::new(format!("http_{status}"), "answered before the upgrade");
        }
        match self.close() {
            Some((code, text)) => Ending::from_code(code, text),
            None => Ending::link_lost(),
        }
    }

    fn status(&self) -> Option<&str> {
        let answer = self.first.strip_prefix(b"HTTP/1.1 ")?;
        let status = std::str::from_utf8(answer.get(..3)?).ok()?;
        status
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(status)
    }

    fn close(&self) -> Option<(u16, &str)> {
        (0..self.last.len()).find_map(|at| match &self.last[at..] {
            [CLOSE, length, high, low, text @ ..] if usize::from(*length) == 2 + text.len() => {
                let code = u16::from_be_bytes([*high, *low]);
                Some((code, std::str::from_utf8(text).ok()?))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::Reason;

    fn close(code: u16, text: &str) -> Vec<u8> {
        let mut frame = vec![CLOSE, 2 + text.len() as u8];
        frame.extend_from_slice(&code.to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
        frame
    }

    /// The ending of a stream that came in pieces of this size.
    fn ending(stream: &[u8], piece: usize) -> Ending {
        let mut heard = LastWords::default();
        for bytes in stream.chunks(piece) {
            heard.hear(bytes);
        }
        heard.ending()
    }

    #[test]
    fn the_close_is_found_at_the_end_of_whatever_came_before() {
        let slow = Reason::TooSlow;
        let longest = "x".repeat(123);
        for before in [0, 1, 200, 10_000] {
            for (text, detail) in [
                (slow.text(), slow.text()),
                ("", slow.text()),
                (&longest, &longest),
            ] {
                let mut stream = vec![CLOSE; before];
                stream.extend(close(slow.code(), text));
                for piece in [1, 7, 4096] {
                    let ending = ending(&stream, piece);
                    assert_eq!(
                        ending.label,
                        slow.label(),
                        "{before} bytes before, {text:?}"
                    );
                    assert_eq!(ending.detail, detail);
                }
            }
        }
    }

    #[test]
    fn an_answer_to_the_request_is_told_by_its_status() {
        for (stream, label) in [
            (&b"HTTP/1.1 408 Request Timeout\r\n\r\n"[..], "http_408"),
            (b"HTTP/1.1 4", "link_lost"),
            (b"HTTP/1.1 \xFF\xFF\xFF no", "link_lost"),
            (b"", "link_lost"),
            (&[0x88, 9, 1], "link_lost"),
        ] {
            assert_eq!(ending(stream, 5).label, label, "{stream:?}");
        }
    }

    #[test]
    fn little_is_kept_of_a_long_stream() {
        let mut heard = LastWords::default();
        for _ in 0..1000 {
            heard.hear(&[7; 4096]);
        }
        assert_eq!(heard.first.len(), ANSWER);
        assert_eq!(heard.last.len(), CLOSE_FRAME);
    }
}
