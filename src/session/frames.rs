//! Judges WebSocket frames by their headers, before payloads are buffered.
//!
//! Sans-IO: bytes in, verdicts out. The parser behind it collects a whole announced
//! frame before it looks at any limit, so whatever it must not see has to be found
//! here. The socket calls it for every byte that a peer sends.
//!
//! ```text
//!  byte 0       byte 1        extended length      masking key   payload
//!  FIN RSV OP   MASK LENGTH   0, 2 or 8 bytes      4 bytes       LENGTH bytes
//! ```
//!
//! Rules of RFC 6455: reserved bits are zero (5.2), opcodes known (5.2), a client's
//! frames masked (5.1), control frames at most 125 bytes and whole (5.5),
//! continuations only after a beginning and nothing else before the end (5.4), a
//! 64-bit length below 2⁶³ (5.2), close payloads with a sendable code and UTF-8
//! text (5.5.1, 7.4, 8.1). And of this server: no text, no message above its limit.

use downbeat_protocol::Reason;

/// The longest header: two bytes, a 64-bit length, the masking key.
const MAX_HEADER: usize = 14;
/// The longest payload of a control frame (RFC 6455 section 5.5).
const MAX_CONTROL: u64 = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASK: u8 = 0x80;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// How far a call of [`Scanner::scan`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// All bytes belong to a frame that is not yet complete.
    Part,
    /// A frame ends after this many bytes; scan the rest again.
    Frame(usize),
    /// The same, and it was the peer's close frame: nothing after it counts.
    Close(usize),
}

/// The state between two reads of one peer's bytes.
#[derive(Debug)]
pub(super) struct Scanner {
    /// Bytes of one message at most.
    limit: u64,
    /// Bytes of the unfinished message so far; `None` between messages.
    message: Option<u64>,
    header: [u8; MAX_HEADER],
    have: usize,
    /// What remains of the current payload; `None` while the header is incomplete.
    left: Option<u64>,
    /// The unmasked payload of a close frame, at most 125 bytes.
    close: Vec<u8>,
}

impl Scanner {
    /// For a peer whose messages may have `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit as u64,
            message: None,
            header: [0; MAX_HEADER],
            have: 0,
            left: None,
            close: Vec::new(),
        }
    }

    /// Reads up to the end of the first frame in `bytes`.
    ///
    /// # Errors
    /// The reason to end the connection with; after it, do not scan again.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Scan, Reason> {
        let mut used = 0;
        loop {
            if let Some(left) = self.left {
                return self.payload(left, bytes, used);
            }
            let Some(byte) = bytes.get(used) else {
                return Ok(Scan::Part);
            };
            self.header[self.have] = *byte;
            self.have += 1;
            used += 1;
            self.judge()?;
        }
    }

    /// Judges the header as far as it is there.
    fn judge(&mut self) -> Result<(), Reason> {
        match self.have {
            1 => self.judge_first(),
            2 => self.judge_second(),
            have if have == self.header_length() => self.judge_length(),
            _ => Ok(()),
        }
    }

    fn judge_first(&self) -> Result<(), Reason> {
        let first = self.header[0];
        let is_final = first & FIN != 0;
        if first & RESERVED != 0 {
            return Err(Reason::ProtocolError);
        }
        match (first & OPCODE, self.message) {
            (CONTINUATION, Some(_)) | (BINARY, None) => Ok(()),
            (TEXT, None) => Err(Reason::TextRefused),
            (CLOSE | PING | PONG, _) if is_final => Ok(()),
            _ => Err(Reason::ProtocolError),
        }
    }

    fn judge_second(&self) -> Result<(), Reason> {
        let second = self.header[1];
        let is_long_control = self.is_control() && u64::from(second & !MASK) > MAX_CONTROL;
        if second & MASK == 0 || is_long_control {
            return Err(Reason::ProtocolError);
        }
        Ok(())
    }

    fn judge_length(&mut self) -> Result<(), Reason> {
        let length = self.length();
        if length > i64::MAX as u64 {
            return Err(Reason::ProtocolError);
        }
        if !self.is_control() {
            // Neither can overflow: both are below 2⁶³.
            let message = self.message.unwrap_or(0) + length;
            if message > self.limit {
                return Err(Reason::TooLarge);
            }
            let is_final = self.header[0] & FIN != 0;
            self.message = (!is_final).then_some(message);
        }
        self.left = Some(length);
        Ok(())
    }

    fn payload(&mut self, left: u64, bytes: &[u8], start: usize) -> Result<Scan, Reason> {
        let there = &bytes[start..];
        let taken = usize::try_from(left).map_or(there.len(), |left| left.min(there.len()));
        let is_close = self.opcode() == CLOSE;
        if is_close {
            let key = self.key();
            for byte in &there[..taken] {
                self.close.push(byte ^ key[self.close.len() % 4]);
            }
        }
        let left = left - taken as u64;
        if left > 0 {
            self.left = Some(left);
            return Ok(Scan::Part);
        }
        self.left = None;
        self.have = 0;
        if is_close {
            judge_close(&self.close)?;
            return Ok(Scan::Close(start + taken));
        }
        Ok(Scan::Frame(start + taken))
    }

    fn opcode(&self) -> u8 {
        self.header[0] & OPCODE
    }

    fn is_control(&self) -> bool {
        self.opcode() >= CLOSE
    }

    fn header_length(&self) -> usize {
        match self.header[1] & !MASK {
            127 => MAX_HEADER,
            126 => 8,
            _ => 6,
        }
    }

    fn length(&self) -> u64 {
        let h = &self.header;
        match h[1] & !MASK {
            127 => u64::from_be_bytes([h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9]]),
            126 => u64::from(u16::from_be_bytes([h[2], h[3]])),
            length => u64::from(length),
        }
    }

    fn key(&self) -> [u8; 4] {
        let at = self.header_length() - 4;
        [0, 1, 2, 3].map(|i| self.header[at + i])
    }
}

/// A close payload is empty, or a code that may be sent and a text in UTF-8.
fn judge_close(payload: &[u8]) -> Result<(), Reason> {
    let Some((code, text)) = payload.split_first_chunk() else {
        let is_empty = payload.is_empty();
        return if is_empty {
            Ok(())
        } else {
            Err(Reason::ProtocolError)
        };
    };
    if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Reason::ProtocolError);
    }
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Reason::InvalidUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1000;

    /// What a peer's bytes come to: how many frames, then how it went on.
    fn verdict(bytes: &[u8], chunk: usize) -> (usize, Result<&'static str, Reason>) {
        let mut scanner = Scanner::new(LIMIT);
        let mut frames = 0;
        for chunk in bytes.chunks(chunk) {
            let mut rest = chunk;
            while !rest.is_empty() {
                match scanner.scan(rest) {
                    Ok(Scan::Part) => rest = &[],
                    Ok(Scan::Frame(used)) => {
                        frames += 1;
                        rest = &rest[used..];
                    }
                    Ok(Scan::Close(_)) => return (frames, Ok("closed")),
                    Err(reason) => return (frames, Err(reason)),
                }
            }
        }
        (frames, Ok("open"))
    }

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let key = [7, 77, 177, 250];
        let mut out = vec![first];
        match payload.len() {
            length @ 0..=125 => out.push(MASK | length as u8),
            length => {
                out.push(MASK | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(&key);
        out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
        out
    }

    fn announced(first: u8, length: u64) -> Vec<u8> {
        let mut out = vec![first, MASK | 127];
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out
    }

    fn close(code: u16, text: &[u8]) -> Vec<u8> {
        frame(FIN | CLOSE, &[&code.to_be_bytes(), text].concat())
    }

    #[test]
    fn every_rule_has_its_verdict_however_the_bytes_are_cut() {
        use Reason::{InvalidUtf8, ProtocolError, TextRefused, TooLarge};
        let binary = FIN | BINARY;
        let mut unmasked = frame(binary, b"x");
        unmasked[1] &= !MASK;
        let cases: Vec<(&str, Vec<u8>, usize, Result<&str, Reason>)> = vec![
            ("nothing", vec![], 0, Ok("open")),
            ("binary", frame(binary, b"hello"), 1, Ok("open")),
            ("empty binary", frame(binary, b""), 1, Ok("open")),
            ("half a header", vec![binary], 0, Ok("open")),
            ("at the limit", frame(binary, &[0; LIMIT]), 1, Ok("open")),
            (
                "above the limit",
                frame(binary, &[0; LIMIT + 1]),
                0,
                Err(TooLarge),
            ),
            (
                "announced 2 GiB",
                announced(binary, 2 << 30),
                0,
                Err(TooLarge),
            ),
            (
                "announced 2⁶³ − 1",
                announced(binary, (1 << 63) - 1),
                0,
                Err(TooLarge),
            ),
            (
                "announced 2⁶³",
                announced(binary, 1 << 63),
                0,
                Err(ProtocolError),
            ),
            (
                "small length in eight bytes",
                [announced(binary, 2), vec![1, 2]].concat(),
                1,
                Ok("open"),
            ),
            ("text", frame(FIN | TEXT, b"hi"), 0, Err(TextRefused)),
            ("fragmented text", frame(TEXT, b"hi"), 0, Err(TextRefused)),
            ("unmasked", unmasked, 0, Err(ProtocolError)),
            ("rsv1", frame(binary | 0x40, b""), 0, Err(ProtocolError)),
            ("rsv2", frame(binary | 0x20, b""), 0, Err(ProtocolError)),
            ("rsv3", frame(binary | 0x10, b""), 0, Err(ProtocolError)),
            (
                "reserved data opcode",
                frame(FIN | 3, b""),
                0,
                Err(ProtocolError),
            ),
            (
                "reserved control opcode",
                frame(FIN | 11, b""),
                0,
                Err(ProtocolError),
            ),
            ("ping", frame(FIN | PING, &[0; 125]), 1, Ok("open")),
            ("pong", frame(FIN | PONG, b""), 1, Ok("open")),
            (
                "long ping",
                frame(FIN | PING, &[0; 126]),
                0,
                Err(ProtocolError),
            ),
            ("fragmented ping", frame(PING, b""), 0, Err(ProtocolError)),
            ("fragmented close", frame(CLOSE, b""), 0, Err(ProtocolError)),
            (
                "fragments with a ping in between",
                [
                    frame(BINARY, b"a"),
                    frame(FIN | PING, b"p"),
                    frame(0, b"b"),
                    frame(FIN, b"c"),
                ]
                .concat(),
                4,
                Ok("open"),
            ),
            (
                "continuation of nothing",
                frame(FIN, b"a"),
                0,
                Err(ProtocolError),
            ),
            (
                "continuation after the end",
                [frame(BINARY, b"a"), frame(FIN, b"b"), frame(FIN, b"c")].concat(),
                2,
                Err(ProtocolError),
            ),
            (
                "a beginning within a message",
                [frame(BINARY, b"a"), frame(binary, b"b")].concat(),
                1,
                Err(ProtocolError),
            ),
            (
                "text within a message",
                [frame(BINARY, b"a"), frame(FIN | TEXT, b"b")].concat(),
                1,
                Err(ProtocolError),
            ),
            (
                "fragments above the limit together",
                [frame(BINARY, &[0; 600]), frame(FIN, &[0; 401])].concat(),
                1,
                Err(TooLarge),
            ),
            (
                "two messages at the limit",
                [frame(binary, &[0; LIMIT]), frame(binary, &[0; LIMIT])].concat(),
                2,
                Ok("open"),
            ),
            (
                "close without a code",
                frame(FIN | CLOSE, b""),
                0,
                Ok("closed"),
            ),
            ("close with a code", close(1000, b""), 0, Ok("closed")),
            (
                "close with a text",
                close(4001, "grüße".as_bytes()),
                0,
                Ok("closed"),
            ),
            (
                "close within a message",
                [frame(BINARY, b"a"), close(1000, b"")].concat(),
                1,
                Ok("closed"),
            ),
            (
                "close, then rubbish",
                [close(1000, b""), vec![0xFF; 9]].concat(),
                0,
                Ok("closed"),
            ),
            (
                "close with one byte",
                frame(FIN | CLOSE, &[3]),
                0,
                Err(ProtocolError),
            ),
            (
                "close with bad utf-8",
                close(1000, &[0xC3]),
                0,
                Err(InvalidUtf8),
            ),
            ("close with 999", close(999, b""), 0, Err(ProtocolError)),
            ("close with 1004", close(1004, b""), 0, Err(ProtocolError)),
            ("close with 1005", close(1005, b""), 0, Err(ProtocolError)),
            ("close with 1006", close(1006, b""), 0, Err(ProtocolError)),
            ("close with 1015", close(1015, b""), 0, Err(ProtocolError)),
            ("close with 2999", close(2999, b""), 0, Err(ProtocolError)),
            ("close with 5000", close(5000, b""), 0, Err(ProtocolError)),
            (
                "long close",
                frame(FIN | CLOSE, &[3; 126]),
                0,
                Err(ProtocolError),
            ),
        ];
        for (name, bytes, frames, outcome) in &cases {
            for chunk in [1, 2, 3, 5, 8, 4096] {
                let seen = verdict(bytes, chunk);
                assert_eq!(seen, (*frames, *outcome), "{name}, in chunks of {chunk}");
            }
        }
    }
}
