//! Judges WebSocket frames by their headers, before payloads are buffered, and text
//! byte by byte.
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
//! text (5.5.1, 7.4, 8.1), text in UTF-8 across its fragments (5.6, 8.1), found at
//! the first byte that cannot be. And of this server: no message above its limit,
//! and no text where a session speaks binary only.

use super::utf8::Utf8;
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
pub enum Scan {
    /// All bytes belong to a frame that is not yet complete.
    Part,
    /// A frame ends after this many bytes; scan the rest again.
    Frame(usize),
    /// The same, and it was the peer's close frame: nothing after it counts.
    Close(usize),
}

/// Whether a peer may send text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// It may not; a session ends with [`Reason::TextRefused`].
    Refused,
    /// It may, in UTF-8.
    Taken,
}

/// The state between two reads of one peer's bytes.
#[derive(Debug)]
pub struct Scanner {
    /// Bytes of one message at most.
    limit: u64,
    texts: Texts,
    /// The text of the unfinished message; `None` if it is binary.
    text: Option<Utf8>,
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
    /// For a peer whose messages may have `limit` bytes, and be text or not.
    #[must_use]
    pub fn new(limit: usize, texts: Texts) -> Self {
        Self {
            limit: limit as u64,
            texts,
            text: None,
            message: None,
            header: [0; MAX_HEADER],
            have: 0,
            left: None,
            close: Vec::new(),
        }
    }

    /// Whether the next byte begins a message.
    pub(super) fn is_at_start(&self) -> bool {
        self.message.is_none() && self.have == 0 && self.left.is_none()
    }

    /// Reads up to the end of the first frame in `bytes`.
    ///
    /// # Errors
    /// The reason to end the connection with; after it, do not scan again.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<Scan, Reason> {
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

    fn judge_first(&mut self) -> Result<(), Reason> {
        let first = self.header[0];
        let is_final = first & FIN != 0;
        if first & RESERVED != 0 {
            return Err(Reason::ProtocolError);
        }
        match (first & OPCODE, self.message) {
            (CONTINUATION, Some(_)) => Ok(()),
            (BINARY, None) => {
                self.text = None;
                Ok(())
            }
            (TEXT, None) if self.texts == Texts::Taken => {
                self.text = Some(Utf8::default());
                Ok(())
            }
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
            let unmasked = self.unmask(left, &there[..taken]);
            self.close.extend(unmasked);
        } else if !self.is_control() {
            self.judge_text(left, &there[..taken])?;
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

    /// Judges what is there of a frame's payload, if it is text.
    fn judge_text(&mut self, left: u64, there: &[u8]) -> Result<(), Reason> {
        let Some(mut text) = self.text else {
            return Ok(());
        };
        let is_good = text.push(self.unmask(left, there));
        // The message's length is forgotten with the header of its last frame.
        let is_end = self.message.is_none() && left == there.len() as u64;
        if !is_good || is_end && !text.is_whole() {
            return Err(Reason::InvalidUtf8);
        }
        self.text = Some(text);
        Ok(())
    }

    /// The bytes `there` of a payload of which `left` are to come.
    fn unmask<'a>(&self, left: u64, there: &'a [u8]) -> impl Iterator<Item = u8> + use<'a> {
        let (key, done) = (self.key(), self.length() - left);
        let key = (0..4).map(move |i| key[(done as usize + i) % 4]);
        there.iter().zip(key.cycle()).map(|(byte, key)| byte ^ key)
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
mod tests;
