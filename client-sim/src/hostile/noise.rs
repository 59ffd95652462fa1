//! What garbage looks like, byte by byte.
//!
//! Sans-IO and seeded: the same seed sends the same. Frames as in RFC 6455 section
//! 5.2.

use crate::player;
use downbeat_protocol::codec;
use downbeat_protocol::message::Wire;
use downbeat_protocol::{ClientMessage, Seq, Tick};
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;

/// The first byte of a whole binary message.
const BINARY: u8 = 0x82;
/// The first byte of a whole text message.
const TEXT: u8 = 0x81;
/// In the second byte: a mask follows the length.
const MASKED: u8 = 0x80;
/// A length of 8 bytes follows.
const LONG: u8 = 127;
/// The longest payload that is sent.
const PAYLOAD: usize = 120;

/// The kinds of garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A good frame with random bytes in it.
    Random,
    /// A real message, cut short.
    Truncated,
    /// A real message with one bit flipped.
    Flipped,
    /// A frame that announces gigabytes.
    Huge,
    /// Text.
    Text,
    /// A real message without a mask.
    Unmasked,
}

const KINDS: [Kind; 6] = [
    Kind::Random,
    Kind::Truncated,
    Kind::Flipped,
    Kind::Huge,
    Kind::Text,
    Kind::Unmasked,
];

/// An endless supply.
pub(super) struct Noise {
    rng: Lcg64Xsh32,
    /// Real messages.
    real: Vec<Vec<u8>>,
    frame: Vec<u8>,
}

impl Noise {
    pub(super) fn new<W: Wire>(rng: Lcg64Xsh32) -> Self {
        let input = ClientMessage::Input {
            seq: Seq(1),
            tick: Tick(1000),
            received: Tick(999),
            // As small as inputs are. Of the game itself no input is known here.
            input: (1u8, 1024u16),
        };
        let ping = ClientMessage::<()>::Ping {
            nonce: 1,
            received: Tick(999),
        };
        let mut hello = Vec::new();
        // These types are always encodable; an empty message is garbage as well.
        let _ = player::hello::<W>("", "noise", None, None, &mut hello);
        let real = [codec::encode(&input), codec::encode(&ping), Ok(hello)];
        Self {
            rng,
            real: real.into_iter().flatten().collect(),
            frame: Vec::new(),
        }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> &[u8] {
        let kind = KINDS[self.rng.random_range(0..KINDS.len())];
        self.make(kind);
        &self.frame
    }

    fn make(&mut self, kind: Kind) {
        self.frame.clear();
        let mut message = self.real[self.rng.random_range(0..self.real.len())].clone();
        match kind {
            Kind::Random => {
                let length = self.rng.random_range(0..=PAYLOAD);
                message = (0..length).map(|_| self.rng.random()).collect();
                self.frame(BINARY, &message);
            }
            Kind::Truncated => {
                let length = self.rng.random_range(0..message.len());
                self.frame(BINARY, &message[..length]);
            }
            Kind::Flipped => {
                let at = self.rng.random_range(0..message.len());
                message[at] ^= 1 << self.rng.random_range(0..8);
                self.frame(BINARY, &message);
            }
            Kind::Huge => {
                // From 2 GiB up to the longest the header can say.
                let length: u64 = self.rng.random_range(1 << 31..1 << 63);
                self.frame.extend_from_slice(&[BINARY, MASKED | LONG]);
                self.frame.extend_from_slice(&length.to_be_bytes());
                self.frame.extend_from_slice(&[0; 4]);
                self.frame.append(&mut message);
            }
            Kind::Text => self.frame(TEXT, b"hello, is this thing on?"),
            Kind::Unmasked => {
                self.frame.extend_from_slice(&[BINARY, message.len() as u8]);
                self.frame.append(&mut message);
            }
        }
    }

    /// A good frame.
    fn frame(&mut self, first: u8, payload: &[u8]) {
        let mask: [u8; 4] = self.rng.random();
        self.frame
            .extend_from_slice(&[first, MASKED | payload.len() as u8]);
        self.frame.extend_from_slice(&mask);
        let masked = payload.iter().zip(mask.iter().cycle());
        self.frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;
    use downbeat_protocol::arena::ArenaWire;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_sends_the_same_and_never_much() {
        let pieces = |seed| {
            let mut noise = Noise::new::<ArenaWire>(generator(seed, 3));
            (0..500).map(|_| noise.next().to_vec()).collect::<Vec<_>>()
        };
        let sent = pieces(1);
        assert!(sent == pieces(1), "the same again");
        assert!(sent != pieces(2), "another seed");
        for piece in &sent {
            assert!((2..=14 + PAYLOAD).contains(&piece.len()), "{piece:?}");
        }
        let heads: BTreeSet<_> = sent
            .iter()
            .map(|piece| (piece[0], piece[1] & MASKED != 0, piece[1] & !MASKED == LONG))
            .collect();
        let expected = [
            (TEXT, true, false),
            (BINARY, false, false),
            (BINARY, true, false),
            (BINARY, true, true),
        ];
        assert_eq!(heads, BTreeSet::from(expected), "every head occurs");
    }

    /// The payload of a masked frame of less than 126 bytes.
    fn payload(frame: &[u8]) -> Vec<u8> {
        let masked = frame[6..].iter().zip(frame[2..6].iter().cycle());
        masked.map(|(byte, mask)| byte ^ mask).collect()
    }

    #[test]
    fn real_messages_are_damaged_as_their_kind_says() {
        let mut noise = Noise::new::<ArenaWire>(generator(1, 1));
        for _ in 0..200 {
            noise.make(Kind::Truncated);
            let cut = payload(&noise.frame);
            let is_part = |real: &Vec<u8>| real.len() > cut.len() && real.starts_with(&cut);
            assert!(noise.real.iter().any(is_part), "{cut:?}");

            noise.make(Kind::Flipped);
            let flipped = payload(&noise.frame);
            let bits = |real: &Vec<u8>| {
                let pairs = real.iter().zip(&flipped);
                pairs
                    .map(|(one, two)| (one ^ two).count_ones())
                    .sum::<u32>()
            };
            let is_near = |real: &Vec<u8>| real.len() == flipped.len() && bits(real) == 1;
            assert!(noise.real.iter().any(is_near), "{flipped:?}");

            noise.make(Kind::Huge);
            let length: [u8; 8] = noise.frame[2..10].try_into().unwrap();
            assert!(u64::from_be_bytes(length) >= 1 << 31);
        }
    }
}
