//! Differences of things that are a row of integers.
//!
//! Owns one small wire form: a bit per field that differs, then the differences.
//! A field that moved a little costs one byte, one that did not costs nothing.
//!
//! | part | bytes | meaning |
//! |---|---|---|
//! | mask | varint (1 if below 251) | bit *i* set: field *i* differs |
//! | difference | zigzag varint each (1 if within −125…125) | new − old, wrapping, for each set bit from low to high |
//!
//! Put the fields that change most often first: a mask below 251 is one byte.

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The difference of two rows of `N` integers, `N` at most 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDiff<const N: usize> {
    mask: u16,
    steps: [i32; N],
}

impl<const N: usize> FieldDiff<N> {
    const FITS: () = assert!(N <= 16, "a mask has 16 bits");

    /// What leads from `old` to `new`; `None` if they are equal.
    #[must_use]
    pub fn between(old: &[i32; N], new: &[i32; N]) -> Option<Self> {
        let () = Self::FITS;
        let mut diff = Self {
            mask: 0,
            steps: [0; N],
        };
        for (field, (old, new)) in old.iter().zip(new).enumerate() {
            if old != new {
                diff.mask |= 1 << field;
                diff.steps[field] = new.wrapping_sub(*old);
            }
        }
        (diff.mask != 0).then_some(diff)
    }

    /// Adds the differences to `row`.
    pub fn apply(&self, row: &mut [i32; N]) {
        for (value, step) in row.iter_mut().zip(&self.steps) {
            *value = value.wrapping_add(*step);
        }
    }
}

impl<const N: usize> Serialize for FieldDiff<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_tuple(1 + self.mask.count_ones() as usize)?;
        row.serialize_element(&self.mask)?;
        for (field, step) in self.steps.iter().enumerate() {
            if self.mask & (1 << field) != 0 {
                row.serialize_element(step)?;
            }
        }
        row.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for FieldDiff<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for Row<N> {
            type Value = FieldDiff<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a mask and the differences of at most {N} fields")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
                let missing = || A::Error::custom("a field difference is missing");
                let mask: u16 = row.next_element()?.ok_or_else(missing)?;
                if N < 16 && mask >> N != 0 {
                    return Err(A::Error::custom(
                        "the mask names a field that does not exist",
                    ));
                }
                let mut steps = [0; N];
                for (field, step) in steps.iter_mut().enumerate() {
                    if mask & (1 << field) != 0 {
                        *step = row.next_element()?.ok_or_else(missing)?;
                    }
                }
                Ok(FieldDiff { mask, steps })
            }
        }

        let () = Self::FITS;
        deserializer.deserialize_tuple(1 + N, Row::<N>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;
    use proptest::prelude::*;

    #[test]
    fn one_small_step_is_two_bytes() {
        let diff = FieldDiff::between(&[5, 0, 0], &[3, 0, 0]).unwrap();
        assert_eq!(
            codec::encode(&diff).unwrap(),
            [0b001, 3],
            "mask, zigzag of -2"
        );
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        assert!(codec::decode::<FieldDiff<3>>(&[0b1000, 1]).is_err());
    }

    proptest! {
        #[test]
        fn applying_a_difference_gives_the_new_row(old: [i32; 11], new: [i32; 11]) {
            match FieldDiff::between(&old, &new) {
                None => prop_assert_eq!(old, new),
                Some(diff) => {
                    let bytes = codec::encode(&diff).unwrap();
                    let back: FieldDiff<11> = codec::decode(&bytes).unwrap();
                    prop_assert_eq!(back, diff);
                    let mut row = old;
                    back.apply(&mut row);
                    prop_assert_eq!(row, new);
                }
            }
        }
    }
}
