//! What decoders and mirrors do with bytes that nobody meant: random ones, golden
//! ones with random damage, lengths that promise the moon.
//!
//! A decoded value is as large as its bytes allow and not larger: encoded again, it
//! is never longer than what it came from. That bounds memory by the size of the
//! message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::Numbers;
use common::history::{History, Plan};
use common::samples::snapshots::{quiet, ship};
use common::samples::{self, Client, Server};
use downbeat_protocol::arena::{Entity, Own, Rules};
use downbeat_protocol::codec::{DECODE_LIMIT, decode, encode};
use downbeat_protocol::{Mirror, ServerMessage, Snapshot, Tick};

const ROUNDS: u32 = 40_000;

/// Feeds bytes to both decoders, and what decodes to a mirror.
fn feed(bytes: &[u8], mirror: &mut Mirror<Entity>) {
    if let Ok(message) = decode::<Client>(bytes) {
        assert!(
            encode(&message).unwrap().len() <= bytes.len(),
            "{bytes:02x?}"
        );
    }
    if let Ok(message) = decode::<Server>(bytes) {
        assert!(
            encode(&message).unwrap().len() <= bytes.len(),
            "{bytes:02x?}"
        );
        if let ServerMessage::Snapshot(snapshot) = message {
            offer(snapshot, bytes.len(), mirror);
        }
    }
}

/// Applies a snapshot as a client would: a mirror that fails is thrown away.
fn offer(snapshot: Snapshot<Entity, Own>, bytes: usize, mirror: &mut Mirror<Entity>) {
    let before = mirror.len();
    let applied = mirror.apply(snapshot);
    assert!(mirror.len() <= before + bytes, "an entity takes a byte");
    let sum = mirror.checksum();
    assert!(sum.is_ok(), "what is shown has a checksum");
    // A long life would only make this test slow.
    if applied.is_err() || mirror.len() > 200 {
        *mirror = fresh();
    }
}

fn fresh() -> Mirror<Entity> {
    Mirror::new(Tick(u32::MAX - 1), Rules::new(30, 1000))
}

/// One to four random changes.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() as u32 + 1) as usize;
        let any = numbers.next().to_le_bytes();
        match numbers.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << (any[0] % 8),
            1 if at < bytes.len() => bytes[at] = any[0],
            2 => bytes.truncate(at),
            3 => bytes.insert(at, any[0]),
            4 if at < bytes.len() => drop(bytes.remove(at)),
            _ => {
                // A number of two, four or eight bytes where something else was.
                let marker = 251 + any[0] % 5;
                bytes.splice(at..at, std::iter::once(marker).chain(any));
            }
        }
    }
}

#[test]
fn random_bytes_are_survived() {
    let mut numbers = Numbers(11);
    let mut mirror = fresh();
    for _ in 0..ROUNDS {
        let mut bytes: Vec<u8> = (0..numbers.below(64))
            .map(|_| numbers.next() as u8)
            .collect();
        // Most start like a message, and small numbers reach further than large ones.
        if let Some(first) = bytes.first_mut() {
            *first %= 6;
        }
        for byte in &mut bytes {
            if numbers.chance(2, 3) {
                *byte %= 8;
            }
        }
        feed(&bytes, &mut mirror);
    }
}

#[test]
fn damaged_messages_are_survived() {
    let mut numbers = Numbers(12);
    let samples: Vec<_> = samples::all()
        .iter()
        .map(|sample| sample.message.encode().unwrap())
        .collect();
    let mut mirror = fresh();
    for _ in 0..ROUNDS {
        let mut bytes = samples[numbers.below(samples.len() as u32) as usize].clone();
        damage(&mut bytes, &mut numbers);
        feed(&bytes, &mut mirror);
    }
}

#[test]
fn a_damaged_history_is_survived() {
    let mut numbers = Numbers(13);
    for seed in 0..200 {
        let plan = Plan {
            seed,
            tick_rate: 30,
            start: Tick(0),
            skips: 20,
            resets: 5,
            jumps: 20,
        };
        let mut history = History::new(plan);
        let mut mirror = Mirror::new(plan.start, history.rules);
        for _ in 0..20 {
            let mut bytes = history.next().bytes;
            if numbers.chance(1, 2) {
                damage(&mut bytes, &mut numbers);
            }
            feed(&bytes, &mut mirror);
        }
    }
}

#[test]
fn huge_declared_lengths_are_refused_before_they_take_memory() {
    for length in [
        DECODE_LIMIT as u64 + 1,
        u64::from(u32::MAX),
        70_000_000_000_000,
        u64::MAX,
    ] {
        let mut number = vec![253];
        number.extend_from_slice(&length.to_le_bytes());
        let places: [(&str, &[u8]); 7] = [
            ("a hello's room", &[0, 1, 7]),
            ("a hello's token", &[0, 1, 7, 0, 0, 1]),
            ("a welcome's room", &[0, 1, 2, 3, 30, 30]),
            ("a snapshot's hidden cells", &[1, 1, 0, 0, 0, 0, 0]),
            ("a snapshot's cells", &[1, 1, 0, 0, 0, 0, 0, 0]),
            ("a keyframe", &[1, 1, 0, 0, 0, 0, 0, 0, 1, 5, 1]),
            ("a radar", &[2, 1]),
        ];
        for (place, front) in places {
            let bytes = [front, &number, &[0, 0, 0, 0]].concat();
            assert!(decode::<Client>(&bytes).is_err(), "{place} with {length}");
            assert!(decode::<Server>(&bytes).is_err(), "{place} with {length}");
        }
    }
}

#[test]
fn a_snapshot_that_asks_for_too_many_predictions_is_refused_at_once() {
    let mut mirror = fresh();
    let far = Snapshot {
        elapsed: u32::MAX,
        ..quiet()
    };
    assert!(mirror.apply(far.clone()).is_err());
    let reset = Snapshot { reset: true, ..far };
    assert_eq!(mirror.apply(reset), Ok(()), "a reset predicts nothing");
}

#[test]
fn rules_of_any_size_move_a_ship_without_overflow() {
    let mut numbers = Numbers(14);
    let edges = [i32::MIN, -1, 0, 1, 4096, 32_767, 0xFF_FFFF, i32::MAX];
    for _ in 0..2000 {
        let mut edge = || edges[numbers.below(edges.len() as u32) as usize];
        let rules = Rules {
            tick_rate: edge(),
            size: edge(),
            turn: edge(),
            thrust: edge(),
            drag: edge(),
            brake: edge(),
        };
        let mut ship = ship();
        (ship.x, ship.y) = (edge(), edge());
        // Velocities come as two bytes, whatever these say.
        (ship.vx, ship.vy) = (i32::from(edge() as i16), i32::from(edge() as i16));
        ship.controls = numbers.below(64) as u8;
        (0..20).for_each(|_| ship.advance(&rules));
        assert!(ship.heading < 4096);
    }
}
