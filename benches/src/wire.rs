//! As much of WebSocket (RFC 6455) as a measurement needs.
//!
//! Owns the bytes of frames and of the handshake, for both ends. It refuses
//! nothing: whoever speaks here is the bench itself, or the server under test. Used
//! by the floor, the load and the comparison with polling.

/// Frames of messages that fit one; both ends send nothing else.
const BINARY: u8 = 0x82;
/// The opcode of a close frame, its FIN bit set.
const CLOSE: u8 = 0x88;

/// The end of an HTTP head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Appends a server's frame of `payload`.
pub fn put_frame(payload: &[u8], out: &mut Vec<u8>) {
    put_head(payload.len(), 0, out);
    out.extend_from_slice(payload);
}

/// Appends a client's frame of `payload`, masked with `key`.
pub fn put_masked(payload: &[u8], key: u32, out: &mut Vec<u8>) {
    put_head(payload.len(), 0x80, out);
    let key = key.to_be_bytes();
    out.extend_from_slice(&key);
    let masked = payload.iter().zip(key.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
}

fn put_head(len: usize, mask_bit: u8, out: &mut Vec<u8>) {
    out.push(BINARY);
    match len {
        0..=125 => out.push(mask_bit | len as u8),
        126..=0xFFFF => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// How many bytes a server's frame of `payload` bytes has.
#[must_use]
pub fn frame_len(payload: usize) -> usize {
    match payload {
        0..=125 => payload + 2,
        126..=0xFFFF => payload + 4,
        _ => payload + 10,
    }
}

/// The payload of a server's frame that is `frame` bytes long in all, at least 2.
#[must_use]
pub fn payload_len(frame: usize) -> usize {
    match frame {
        0..=127 => frame.saturating_sub(2),
        128..=0x1_0003 => frame - 4,
        _ => frame - 10,
    }
}

/// A frame at the front of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its payload, unmasked only if the sender did not mask it.
    pub payload: &'a [u8],
    /// Whether it closes the connection.
    pub is_close: bool,
    /// Its length in all.
    pub len: usize,
}

/// The server's frame at the front of `bytes`, if it is there in whole.
#[must_use]
pub fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, len) = match *bytes.get(1)? & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes(array(bytes, 2)?))),
        127 => (10, u64::from_be_bytes(array(bytes, 2)?) as usize),
        len => (2, usize::from(len)),
    };
    let payload = bytes.get(head..)?.get(..len)?;
    Some(Frame {
        payload,
        is_close: bytes[0] == CLOSE,
        len: head + len,
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// The request of an upgrade.
#[must_use]
pub fn upgrade_request(authority: &str, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: ZG93bmJlYXQgYmVuY2ghIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// The answer to an upgrade whose head is `head`; `None` without a key.
#[must_use]
pub fn upgrade_answer(head: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(head).ok()?;
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    })?;
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: "
        .to_vec();
    answer.extend_from_slice(&actix_http::ws::hash_key(key.as_bytes()));
    answer.extend_from_slice(HEAD_END);
    Some(answer)
}

/// The length of the HTTP head at the front of `bytes`, if it is there in whole.
#[must_use]
pub fn head_len(bytes: &[u8]) -> Option<usize> {
    let at = bytes
        .windows(HEAD_END.len())
        .position(|four| four == HEAD_END)?;
    Some(at + HEAD_END.len())
}

/// An unsigned integer as the protocol writes it, up to 32 bits, and what follows.
#[must_use]
pub fn varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        251 => Some((u32::from(u16::from_le_bytes(array(rest, 0)?)), &rest[2..])),
        252 => Some((u32::from_le_bytes(array(rest, 0)?), &rest[4..])),
        253.. => None,
        small => Some((u32::from(*small), rest)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_in_what_was_written() {
        for len in [0, 1, 125, 126, 127, 128, 300, 65_535, 65_536] {
            let payload = vec![7; len];
            let mut bytes = Vec::new();
            put_frame(&payload, &mut bytes);
            assert_eq!(bytes.len(), frame_len(len), "length of {len}");
            assert_eq!(payload_len(bytes.len()), len, "payload of {len}");
            let found = frame(&bytes).unwrap();
            assert_eq!((found.payload, found.len), (&payload[..], bytes.len()));
            assert_eq!(frame(&bytes[..bytes.len() - 1]), None, "cut {len}");
        }
    }

    #[test]
    fn a_masked_frame_is_the_one_of_the_standard() {
        // RFC 6455 section 5.7: a masked "Hello", there as text.
        let mut bytes = Vec::new();
        put_masked(b"Hello", 0x37fa_213d, &mut bytes);
        assert_eq!(bytes[1..], *b"\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    }

    #[test]
    fn the_answer_to_an_upgrade_is_the_one_of_the_standard() {
        let head = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let answer = String::from_utf8(upgrade_answer(head).unwrap()).unwrap();
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    }

    #[test]
    fn a_varint_is_read_as_the_codec_writes_it() {
        for value in [0, 250, 251, 65_535, 65_536, u32::MAX] {
            let mut bytes = Vec::new();
            downbeat_protocol::codec::put_u32(value, &mut bytes);
            bytes.push(9);
            assert_eq!(varint(&bytes), Some((value, &[9][..])));
        }
    }
}
