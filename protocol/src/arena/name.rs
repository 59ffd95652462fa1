//! A short name that is copied instead of allocated: it sits in every ship, and
//! ships are copied every tick.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// At most [`Name::MAX`] bytes of UTF-8 without control characters. On the wire
/// it is a string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Name {
    len: u8,
    bytes: [u8; Self::MAX],
}

impl Name {
    /// The longest name, in bytes.
    pub const MAX: usize = 16;

    /// The name that comes nearest to `text`: without control characters, trimmed,
    /// cut at a character's boundary. The name of a name is itself.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut name = Self::default();
        let mut end = 0;
        let chars = text.chars().filter(|char| !char.is_control());
        for char in chars.skip_while(|char| char.is_whitespace()) {
            let next = end + char.len_utf8();
            if next > Self::MAX {
                break;
            }
            char.encode_utf8(&mut name.bytes[end..next]);
            end = next;
        }
        name.len = end as u8;
        // The cut may have come right after a space.
        let end = name.as_str().trim_end().len();
        name.bytes[end..].fill(0);
        name.len = end as u8;
        name
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Always whole characters by construction; the fallback is never taken.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "a name of at most {} bytes without control characters",
                    Name::MAX
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
                let name = Name::new(text);
                if name.as_str() == text {
                    Ok(name)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_cut_between_characters() {
        for (text, name) in [
            ("Ada", "Ada"),
            ("  Ada\n", "Ada"),
            ("A\u{0}d\u{7}a", "Ada"),
            ("0123456789abcdefgh", "0123456789abcdef"),
            ("ääääääääää", "ääääääää"),
            ("0123456789abcde€", "0123456789abcde"),
            ("0123456789abcd ef", "0123456789abcd e"),
            ("0123456789abcde fg", "0123456789abcde"),
            ("\u{7} Ada \u{7}", "Ada"),
            (" \n ", ""),
        ] {
            assert_eq!(Name::new(text).as_str(), name);
            assert_eq!(Name::new(text), Name::new(name), "{text:?} and {name:?}");
        }
    }
}
