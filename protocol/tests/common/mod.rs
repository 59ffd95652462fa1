//! What the protocol's tests share: where the golden files are, how they are
//! written or compared, a JSON form that other languages can read, a small
//! generator of numbers.
//!
//! Golden files are only written with `UPDATE_GOLDEN=1` in the environment.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod history;
pub(crate) mod samples;
pub(crate) mod strategies;

use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// The folder of the golden files.
pub(crate) fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file)
}

/// Compares a golden file with what the code makes now, or writes it.
pub(crate) fn hold(file: &str, now: &[u8]) {
    let path = golden(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, now).expect("a golden file can be written");
        return;
    }
    let kept = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{file}: {error}; write it with UPDATE_GOLDEN=1"));
    assert!(
        kept == now,
        "{file} differs from what the code makes now; if the wire format was meant to change, \
         write it with UPDATE_GOLDEN=1"
    );
}

/// A value as JSON for other languages: enums are `{"Variant": fields}`, and the
/// arena's integers of fixed width, bytes to serde, are numbers again.
pub(crate) fn json(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).expect("wire types are plain data");
    unpack(&mut value);
    value
}

fn unpack(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(unpack),
        Value::Object(fields) => {
            for (name, field) in fields {
                let number = match name.as_str() {
                    "x" | "y" | "heading" | "aim" => little_endian(field),
                    "vx" | "vy" => little_endian(field).map(|n| i64::from(n as u16 as i16)),
                    _ => None,
                };
                match number {
                    Some(number) => *field = number.into(),
                    None => unpack(field),
                }
            }
        }
        _ => {}
    }
}

/// The number that an array of bytes is; `None` if it is no array.
fn little_endian(value: &Value) -> Option<i64> {
    value.as_array()?.iter().rev().try_fold(0, |number, byte| {
        Some(number << 8 | i64::try_from(byte.as_u64()?).ok()?)
    })
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end.max(1))) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as u32) as i32
    }

    /// True in `one` of `in_all` cases.
    pub(crate) fn chance(&mut self, one: u32, in_all: u32) -> bool {
        self.below(in_all) < one
    }
}
