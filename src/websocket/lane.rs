//! The fast lane: the two frames of every tick, without the actor.
//!
//! A player's input and his snapshot are nearly all there is to a connection. When the
//! socket has a whole, small, binary message its bytes are offered to the connection's
//! [`Lane`] first, and what the lane has to send goes straight to the socket. Whatever
//! else happens, and whatever the lane does not take, is the actor's: it owns the life.
//!
//! Order is kept. Nothing is offered while a frame before it is on its way to the
//! actor, and what the actor and the lane send passes through one outbox.

use crate::post::HEADROOM;
use bytes::Bytes;
use std::task::{Context, Poll};
use std::time::Instant;

/// The longest payload whose length fits into the header's second byte (RFC 6455 section
/// 5.2).
pub(super) const MAX_SMALL: usize = 125;
/// A whole message in one frame, binary.
const WHOLE_BINARY: u8 = 0x82;
const MASK: u8 = 0x80;
/// The header of a small frame from a client: two bytes, the masking key.
const SMALL_HEADER: usize = 6;

/// What a connection does at every tick. An actor that has one shares its state.
pub trait Lane {
    /// A whole binary message of at most 125 bytes, at this time. `false` if it is not for the
    /// lane, which has then done nothing: the actor gets it.
    fn message(&self, payload: &[u8], now: Instant) -> bool;

    /// The next binary message to send; pending if there is none, and then `context`
    /// is woken by the next one. A lane whose socket `is_stuck` yields none, but it may
    /// use the call to look whether the connection ends.
    fn poll_next(&self, is_stuck: bool, context: &mut Context<'_>) -> Poll<Bytes>;

    /// Keeps a message that was carried here and cannot be sent at once:
    /// [`poll_next`](Self::poll_next) yields it in its turn.
    fn keep(&self, message: &[u8]);
}

/// If `bytes` begin with a whole, small, binary message: its payload's length, which is
/// unmasked into `payload`, and the frame's.
pub(super) fn small(bytes: &[u8], payload: &mut [u8; MAX_SMALL]) -> Option<(usize, usize)> {
    let (&[first, second, k0, k1, k2, k3], rest) = bytes.split_first_chunk::<SMALL_HEADER>()?;
    let length = usize::from(second & !MASK);
    if first != WHOLE_BINARY || second & MASK == 0 || length > MAX_SMALL {
        return None;
    }
    let masked = rest.get(..length)?;
    let key = [k0, k1, k2, k3].into_iter().cycle();
    for ((byte, masked), key) in payload.iter_mut().zip(masked).zip(key) {
        *byte = masked ^ key;
    }
    Some((length, SMALL_HEADER + length))
}

/// The header of a server's frame around a binary message (RFC 6455 section 5.2:
/// unmasked), and how long it is.
fn header(length: usize) -> ([u8; HEADROOM], usize) {
    let mut header = [0; HEADROOM];
    header[0] = WHOLE_BINARY;
    let end = match length {
        0..=MAX_SMALL => {
            header[1] = length as u8;
            2
        }
        126..=0xFFFF => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(length as u64).to_be_bytes());
            HEADROOM
        }
    };
    (header, end)
}

/// Appends a binary message's frame.
pub(super) fn put_binary(message: &[u8], frames: &mut Vec<u8>) {
    let (header, end) = header(message.len());
    frames.extend_from_slice(&header[..end]);
    frames.extend_from_slice(message);
}

/// Makes a binary message's frame where it lies, behind [`HEADROOM`].
pub(super) fn frame_in_place(part: &mut [u8]) -> &[u8] {
    let (header, end) = header(part.len().saturating_sub(HEADROOM));
    let start = HEADROOM - end;
    if let Some(room) = part.get_mut(start..HEADROOM) {
        room.copy_from_slice(&header[..end]);
    }
    part.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::{Scan, Scanner, Texts};
    use actix_codec::Encoder;
    use actix_http::ws::{Codec, Message};
    use bytes::BytesMut;

    #[test]
    fn a_small_message_is_what_the_scanner_and_the_parser_find() {
        for length in 0..=130 {
            let message: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut frame = BytesMut::new();
            Codec::new()
                .client_mode()
                .encode(Message::Binary(message.clone().into()), &mut frame)
                .unwrap();
            let end = frame.len();
            frame.extend_from_slice(&[1, 2, 3]);
            let scanned = Scanner::new(1000, Texts::Refused).scan(&frame);
            assert_eq!(scanned, Ok(Scan::Frame(end)));
            let mut payload = [0; MAX_SMALL];
            let found = small(&frame, &mut payload);
            if length > MAX_SMALL {
                assert_eq!(found, None, "{length} bytes are not small");
                continue;
            }
            assert_eq!(found, Some((length, end)));
            assert_eq!(payload[..length], message);
            assert_eq!(small(&frame[..end - 1], &mut payload), None, "not whole");
        }
    }

    #[test]
    fn whatever_is_no_whole_masked_binary_message_is_not_for_the_lane() {
        for first in 0..=255 {
            for second in [0x04, 0x84, 0xFE, 0xFF] {
                let frame = [first, second, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
                let found = small(&frame, &mut [0; MAX_SMALL]);
                assert_eq!(found.is_some(), (first, second) == (0x82, 0x84));
            }
        }
    }

    #[test]
    fn a_frame_is_what_the_codec_writes() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let message = vec![7; length];
            let (mut ours, mut theirs) = (vec![9], BytesMut::from(&[9][..]));
            put_binary(&message, &mut ours);
            Codec::new()
                .encode(Message::Binary(message.clone().into()), &mut theirs)
                .unwrap();
            assert_eq!(ours, theirs, "{length}");
            let mut part = [&[0; HEADROOM], &message[..]].concat();
            assert_eq!(frame_in_place(&mut part), &theirs[1..], "{length}");
        }
    }
}
