//! Why bytes are not a message, and where.
//!
//! Owns a slow walk over the fields of a message, one after the other, that says
//! how far it came. Only for messages that the codec has refused. Called by the
//! reading.

use downbeat_protocol::codec::{DecodeError, decode_prefix};
use downbeat_protocol::message::{Hello, Rules, Wire};
use downbeat_protocol::{Pace, PlayerId, Replicate, ResumeToken};
use serde::de::DeserializeOwned;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What kind of message it would be, by its first byte.
    pub(super) kind: Option<&'static str>,
    /// The place in the message, in bytes.
    pub(super) offset: usize,
    /// The field there, for instance `cells[2].changed[0].difference`.
    pub(super) field: String,
    /// The codec's word for it.
    pub(super) error: String,
}

type Diff<W> = <<W as Wire>::Entity as Replicate>::Diff;

/// Looks at a client's message that the codec refused.
pub(super) fn client<W: Wire>(bytes: &[u8], error: &DecodeError) -> Finding {
    let mut walk = Walk::new(bytes);
    let kind = walk.variant(&["hello", "input", "ping", "watch", "follow"]);
    let walked = match kind {
        Some("hello" | "watch") => walk.field::<Hello>("hello"),
        Some("input") => walk
            .field::<u32>("seq")
            .and_then(|()| walk.field::<u32>("tick"))
            .and_then(|()| walk.field::<u32>("received"))
            .and_then(|()| walk.field::<W::Input>("input")),
        Some("ping") => walk
            .field::<u32>("nonce")
            .and_then(|()| walk.field::<u32>("received")),
        Some("follow") => walk.field::<Option<PlayerId>>("player"),
        _ => None,
    };
    walk.finding(kind, walked, error)
}

/// Looks at a server's message that the codec refused.
pub(super) fn server<W: Wire>(bytes: &[u8], error: &DecodeError) -> Finding {
    let mut walk = Walk::new(bytes);
    let kind = walk.variant(&["welcome", "snapshot", "event", "pong", "bye"]);
    let walked = match kind {
        Some("welcome") => walk.welcome::<W>(),
        Some("snapshot") => walk.snapshot::<W>(),
        Some("event") => walk.field::<W::Event>("event"),
        Some("pong") => walk.field::<u32>("nonce"),
        Some("bye") => walk
            .field::<u16>("code")
            .and_then(|()| walk.field::<String>("text"))
            .and_then(|()| walk.field::<Option<u32>>("retry_after_ms")),
        _ => None,
    };
    walk.finding(kind, walked, error)
}

struct Walk<'a> {
    all: usize,
    rest: &'a [u8],
    /// The field that is being read.
    field: String,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            all: bytes.len(),
            rest: bytes,
            field: "variant".into(),
        }
    }

    /// Where it stopped; with everything read, what remains is too much.
    fn finding(
        self,
        kind: Option<&'static str>,
        walked: Option<()>,
        error: &DecodeError,
    ) -> Finding {
        Finding {
            kind,
            offset: self.all - self.rest.len(),
            field: match walked {
                Some(()) => "after the message".into(),
                None => self.field,
            },
            error: error.to_string(),
        }
    }

    fn variant(&mut self, names: &[&'static str]) -> Option<&'static str> {
        let (variant, rest) = decode_prefix::<u32>(self.rest).ok()?;
        let name = names.get(variant as usize)?;
        self.rest = rest;
        Some(name)
    }

    fn read<T: DeserializeOwned>(&mut self, field: String) -> Option<T> {
        self.field = field;
        let (value, rest) = decode_prefix(self.rest).ok()?;
        self.rest = rest;
        Some(value)
    }

    fn field<T: DeserializeOwned>(&mut self, field: &str) -> Option<()> {
        self.read::<T>(field.to_owned()).map(|_| ())
    }

    /// So many items, each by `item`; a length is never taken at its word.
    fn list(
        &mut self,
        field: &str,
        mut item: impl FnMut(&mut Self, &str) -> Option<()>,
    ) -> Option<()> {
        let length = self.read::<u64>(format!("{field}.length"))?;
        for index in 0..length {
            item(self, &format!("{field}[{index}]"))?;
        }
        Some(())
    }

    fn welcome<W: Wire>(&mut self) -> Option<()> {
        for field in ["player", "tick", "applied", "tick_rate", "snapshot_rate"] {
            self.field::<u32>(field)?;
        }
        self.field::<String>("room")?;
        self.field::<String>("name")?;
        self.field::<ResumeToken>("resume")?;
        self.field::<Rules<W>>("rules")
    }

    fn snapshot<W: Wire>(&mut self) -> Option<()> {
        for field in ["elapsed", "applied", "waiting"] {
            self.field::<u32>(field)?;
        }
        self.field::<Option<Pace>>("pace")?;
        self.field::<Option<W::Own>>("own")?;
        self.field::<Option<u32>>("checksum")?;
        self.field::<bool>("reset")?;
        self.list("hidden", |walk, at| walk.field::<u32>(at))?;
        self.list("cells", |walk, at| {
            walk.field::<u32>(&format!("{at}.cell"))?;
            match walk.read::<u32>(format!("{at}.change"))? {
                0 => {
                    walk.list(&format!("{at}.left"), |walk, at| walk.field::<u32>(at))?;
                    walk.list(&format!("{at}.changed"), |walk, at| {
                        walk.field::<u32>(&format!("{at}.index"))?;
                        walk.field::<Diff<W>>(&format!("{at}.difference"))
                    })?;
                    walk.entities::<W>(&format!("{at}.entered"))
                }
                1 => walk.entities::<W>(&format!("{at}.keyframe")),
                _ => None,
            }
        })
    }

    fn entities<W: Wire>(&mut self, field: &str) -> Option<()> {
        self.list(field, |walk, at| {
            walk.field::<u32>(&format!("{at}.id"))?;
            walk.field::<W::Entity>(&format!("{at}.entity"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::arena::ArenaWire;
    use downbeat_protocol::{ServerMessage, codec};

    fn found(bytes: &[u8]) -> Finding {
        let error = codec::decode::<ServerMessage<ArenaWire>>(bytes);
        server::<ArenaWire>(bytes, &error.unwrap_err())
    }

    /// A snapshot with one delta that changes the entity at index 3.
    const SMALL: [u8; 16] = [1, 1, 1, 2, 0, 0, 0, 0, 0, 1, 18, 0, 0, 1, 3, 2];

    #[test]
    fn the_field_that_stops_the_reader_is_named() {
        for (bytes, field, offset) in [
            (&[][..], "variant", 0),
            (&[9], "variant", 0),
            (&[1, 1, 1], "waiting", 3),
            (&[1, 1, 1, 2, 7], "pace", 4),
            (&[1, 1, 1, 2, 0, 7], "own", 5),
            (&SMALL[..10], "cells[0].cell", 10),
            (&SMALL[..14], "cells[0].changed[0].index", 14),
            (&SMALL, "cells[0].changed[0].difference", 15),
            (&[&SMALL[..], &[2, 0, 0]].concat(), "after the message", 18),
            (&[3, 252, 1], "nonce", 1),
            (&[4, 251, 232, 3, 2, 0xC3, 0x28, 0], "text", 4),
        ] {
            let finding = found(bytes);
            assert_eq!(
                (finding.field.as_str(), finding.offset),
                (field, offset),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_length_of_seventy_trillion_ends_at_once() {
        let mut bytes = SMALL[..8].to_vec();
        bytes.push(253);
        bytes.extend_from_slice(&70_000_000_000_000u64.to_le_bytes());
        bytes.extend_from_slice(&[1, 1]);
        assert_eq!(found(&bytes).field, "hidden[2]");
    }
}
