//! A recording: what one client said and heard, byte for byte, with the time.
//!
//! Owns the file's format and its writer; [`read`] is the other side. Written by
//! `record`, read by `show`; any other client may write one, too.
//!
//! | part | bytes | meaning |
//! |---|---|---|
//! | magic | 8 | `DBTAPE`, 0, and the format's version: 1 |
//! | length | `u32` | of the description, at most 64 KiB |
//! | description | JSON | see [`Description`] |
//! | records | | until the end of the file |
//!
//! A record, integers little endian:
//!
//! | part | bytes | meaning |
//! |---|---|---|
//! | mark | 2 | `db a7` |
//! | what | 1 | 0 the client said it, 1 the server did; 2 the client closed, 3 the server did; 4 the link was lost |
//! | time | `u64` | µs since the recording's beginning |
//! | length | `u32` | of the body, at most 4 MiB |
//! | body's sum | `u32` | FNV-1a of the body |
//! | head's sum | `u32` | FNV-1a of the 19 bytes before |
//! | body | | a message as it was in its frame; of a close the code (`u16`) and the text, or nothing; of a lost link a sentence |
//!
//! The two sums let a reader find its way again after damage: it looks for the
//! next 23 bytes that are a head. A file that was cut off is whole up to the cut.

pub(crate) mod read;

use downbeat_protocol::codec::{DECODE_LIMIT, FNV_START, fnv1a};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::time::Duration;

const MAGIC: [u8; 8] = *b"DBTAPE\0\x01";
/// The longest description, in bytes.
const DESCRIPTION_LIMIT: usize = 64 << 10;
const MARK: [u8; 2] = [0xDB, 0xA7];
/// A record without its body, in bytes.
const HEAD: usize = 23;
/// What a head's sum is taken over.
const SUMMED: usize = HEAD - 4;

/// What a recording says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// The protocol's version.
    pub(crate) protocol: u16,
    /// The game's schema, for instance `arena/1`.
    pub(crate) game: String,
    /// The server's address.
    pub(crate) url: String,
    /// When it began, in UTC (RFC 3339).
    pub(crate) date: String,
    /// Who recorded, and how he played.
    pub(crate) client: String,
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A message from the client.
    Client = 0,
    /// A message from the server.
    Server = 1,
    /// The client's close.
    ClientClose = 2,
    /// The server's close.
    ServerClose = 3,
    /// The link failed.
    Lost = 4,
}

impl What {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Client,
            1 => Self::Server,
            2 => Self::ClientClose,
            3 => Self::ServerClose,
            4 => Self::Lost,
            _ => return None,
        })
    }
}

/// Writes a recording, up to a size.
#[derive(Debug)]
pub(crate) struct Tape<W> {
    out: W,
    written: u64,
    limit: u64,
    messages: u64,
}

impl<W: Write> Tape<W> {
    /// Begins a recording of at most `limit` bytes; the records that end it may go
    /// a little beyond.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn begin(mut out: W, about: &Description, limit: u64) -> io::Result<Self> {
        let text = serde_json::to_vec(about)?;
        if text.len() > DESCRIPTION_LIMIT {
            return Err(io::Error::other("the description is too long"));
        }
        out.write_all(&MAGIC)?;
        out.write_all(&(text.len() as u32).to_le_bytes())?;
        out.write_all(&text)?;
        out.flush()?;
        Ok(Self {
            out,
            written: (MAGIC.len() + 4 + text.len()) as u64,
            limit,
            messages: 0,
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// If it cannot be written, or the body is larger than any message.
    pub(crate) fn add(&mut self, what: What, at: Duration, body: &[u8]) -> io::Result<()> {
        if body.len() > DECODE_LIMIT {
            return Err(io::Error::other("a message is too large to be one"));
        }
        self.out.write_all(&head(what, at, body))?;
        self.out.write_all(body)?;
        self.written += (HEAD + body.len()) as u64;
        self.messages += 1;
        Ok(())
    }

    /// Hands on what is buffered, so that a reader sees it and a crash keeps it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Whether the recording has reached its size.
    pub(crate) fn is_full(&self) -> bool {
        self.written >= self.limit
    }

    /// Bytes so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Records so far.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }
}

fn head(what: What, at: Duration, body: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..2].copy_from_slice(&MARK);
    head[2] = what as u8;
    let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
    head[3..11].copy_from_slice(&micros.to_le_bytes());
    head[11..15].copy_from_slice(&(body.len() as u32).to_le_bytes());
    head[15..SUMMED].copy_from_slice(&fnv1a(FNV_START, body).to_le_bytes());
    let sum = fnv1a(FNV_START, &head[..SUMMED]);
    head[SUMMED..].copy_from_slice(&sum.to_le_bytes());
    head
}

/// The body of a close: its code and its text.
pub(crate) fn close_body(code: u16, text: &str) -> Vec<u8> {
    [&code.to_le_bytes(), text.as_bytes()].concat()
}
