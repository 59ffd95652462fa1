//! Bytes ↔ values: bincode 2 in its standard configuration, with a limit.
//!
//! The only file that names `bincode`. The format in one paragraph: little
//! endian; `u8` and `i8` are one byte; other unsigned integers are one byte up to
//! 250, else a marker (251: two bytes follow, 252: four, 253: eight) and the
//! number; signed integers are zigzag-encoded first (0, −1, 1, −2 → 0, 1, 2, 3);
//! `bool` is one byte, `f32`/`f64` four or eight; a sequence, string or map is its
//! length and its items; an enum is its variant's number and its fields; an
//! `Option` is a byte 0 or 1 and the value; structs, tuples and arrays are just
//! their fields in order.
//!
//! Every decode has a limit, because without one a length of 7·10¹³ in a 14-byte
//! message aborts the process; and it refuses trailing bytes, so that a message
//! has one encoding only.

use bincode::config::{Configuration, LittleEndian, Varint};
use bincode::enc::write::Writer;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a decode may claim at most, in bytes of decoded memory. A snapshot of
/// 10,000 entities stays far below it.
pub const DECODE_LIMIT: usize = 4 << 20;

const UNLIMITED: Configuration<LittleEndian, Varint> = bincode::config::standard();

/// Why bytes are not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within the value.
    #[error("the message ends too early")]
    Truncated,
    /// Bytes remain after the value.
    #[error("{0} bytes too many after the message")]
    Trailing(usize),
    /// A declared length exceeds the limit, as a rule [`DECODE_LIMIT`].
    #[error("a declared length exceeds the limit")]
    Limit,
    /// An unknown variant, a bad boolean, invalid UTF-8 and the like.
    #[error("malformed message: {0}")]
    Malformed(String),
}

/// Why a value could not be written: its type cannot be (for instance a sequence
/// of unknown length).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("value cannot be encoded: {0}")]
pub struct EncodeError(String);

/// The bytes of `value`.
///
/// # Errors
/// [`EncodeError`] if the type's `Serialize` fails.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    encode_to(value, &mut out)?;
    Ok(out)
}

/// Appends the bytes of `value` to `out`.
///
/// # Errors
/// [`EncodeError`] if the type's `Serialize` fails; `out` then holds a part.
pub fn encode_to<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    bincode::serde::encode_into_writer(value, Appender(out), UNLIMITED)
        .map_err(|error| EncodeError(error.to_string()))
}

/// The value that `bytes` are, all of them.
///
/// # Errors
/// [`DecodeError`], for whatever a peer may have sent; never panics, and never
/// takes more than [`DECODE_LIMIT`] bytes of memory at a length's word.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = decode_prefix(bytes)?;
    match rest.len() {
        0 => Ok(value),
        trailing => Err(DecodeError::Trailing(trailing)),
    }
}

/// The value at the front of `bytes`, and what follows it.
///
/// # Errors
/// As [`decode`], but for trailing bytes.
pub fn decode_prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), DecodeError> {
    decode_prefix_within::<DECODE_LIMIT, T>(bytes)
}

/// The same with a limit of the caller's own, for what is larger than any message and
/// comes from no peer. Against the limit counts what a value takes decoded: up to 16
/// bytes of it for each of `bytes`.
///
/// # Errors
/// As [`decode_prefix`].
pub fn decode_prefix_within<const LIMIT: usize, T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, &[u8]), DecodeError> {
    use bincode::error::DecodeError as Bincode;
    let format = bincode::config::standard().with_limit::<LIMIT>();
    match bincode::serde::decode_from_slice(bytes, format) {
        Ok((value, used)) => Ok((value, &bytes[used..])),
        Err(Bincode::UnexpectedEnd { .. }) => Err(DecodeError::Truncated),
        Err(Bincode::LimitExceeded) => Err(DecodeError::Limit),
        Err(error) => Err(DecodeError::Malformed(error.to_string())),
    }
}

/// Appends an unsigned integer of up to 32 bits, as the format writes it.
pub fn put_u32(value: u32, out: &mut Vec<u8>) {
    let bytes = value.to_le_bytes();
    match value {
        0..=250 => out.push(bytes[0]),
        251..=0xFFFF => out.extend_from_slice(&[251, bytes[0], bytes[1]]),
        _ => out.extend_from_slice(&[252, bytes[0], bytes[1], bytes[2], bytes[3]]),
    }
}

/// FNV-1a, 32 bits, over `bytes`, continued from `sum` (start: [`FNV_START`]).
/// Source: Fowler, Noll, Vo; RFC 9923.
#[must_use]
pub fn fnv1a(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// The offset basis of FNV-1a with 32 bits.
pub const FNV_START: u32 = 0x811C_9DC5;

struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_integers_are_one_byte_and_others_marked() {
        for (value, bytes) in [
            (0u32, &[0u8][..]),
            (250, &[250]),
            (251, &[251, 251, 0]),
            (65_535, &[251, 255, 255]),
            (65_536, &[252, 0, 0, 1, 0]),
        ] {
            assert_eq!(encode(&value).unwrap(), bytes, "{value} by the codec");
            let mut out = Vec::new();
            put_u32(value, &mut out);
            assert_eq!(out, bytes, "{value} by put_u32");
        }
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert_eq!(decode::<u8>(&[7, 0, 0]), Err(DecodeError::Trailing(2)));
    }

    #[test]
    fn early_end_is_told_apart() {
        assert_eq!(decode::<(u8, u8)>(&[7]), Err(DecodeError::Truncated));
    }

    #[test]
    fn a_length_of_seventy_trillion_takes_no_memory() {
        let mut bytes = vec![253];
        bytes.extend_from_slice(&70_000_000_000_000u64.to_le_bytes());
        bytes.extend_from_slice(&[1, 2, 3, 4, 5]);
        assert!(decode::<String>(&bytes).is_err(), "as a string");
        assert!(decode::<Vec<u32>>(&bytes).is_err(), "as a sequence");
        assert!(decode::<Vec<u8>>(&bytes).is_err(), "as bytes");
    }

    #[test]
    fn fnv_gives_the_published_sums() {
        assert_eq!(fnv1a(FNV_START, b""), 0x811C_9DC5);
        assert_eq!(fnv1a(FNV_START, b"a"), 0xE40C_292C);
        assert_eq!(fnv1a(FNV_START, b"foobar"), 0xBF9C_F968);
    }
}
