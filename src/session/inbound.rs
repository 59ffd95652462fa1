//! What a peer's bytes mean: size → protocol decode → [`ClientMessage`].
//!
//! Sans-IO. Owns the rules of the hello: which versions, which game, which rooms,
//! what a name may be. The session's conduct calls it with whole messages.

use crate::world::Role;
use downbeat_protocol::codec;
use downbeat_protocol::message::{Hello, schema_hash};
use downbeat_protocol::{ClientMessage, PROTOCOL_VERSION, Reason, Wire};

/// Bytes of a player's name at most.
pub const MAX_NAME: usize = 32;
/// Characters of a room's name at most.
const MAX_ROOM: usize = 64;

/// The first message.
///
/// # Errors
/// The reason to end the connection with: another version is recognised even if the
/// rest cannot be read, because its number stands first in every version's hello.
pub fn hello<W: Wire>(bytes: &[u8]) -> Result<(Hello, Role), Reason> {
    /// The variants that begin with a version: hello and watch.
    const GREETINGS: [u32; 2] = [0, 3];
    if let Ok(((variant, version), _)) = codec::decode_prefix::<(u32, u16)>(bytes)
        && GREETINGS.contains(&variant)
        && version != PROTOCOL_VERSION
    {
        return Err(Reason::VersionMismatch);
    }
    let (hello, role) = match message::<W>(bytes)? {
        ClientMessage::Hello(hello) => (hello, Role::Player),
        ClientMessage::Watch(hello) => (hello, Role::Spectator),
        _ => return Err(Reason::BadMessage),
    };
    if hello.schema != schema_hash::<W>() {
        return Err(Reason::SchemaMismatch);
    }
    Ok((hello, role))
}

/// Any message.
///
/// # Errors
/// [`Reason::BadMessage`], if the bytes are none.
pub fn message<W: Wire>(bytes: &[u8]) -> Result<ClientMessage<W::Input>, Reason> {
    codec::decode(bytes).map_err(|_| Reason::BadMessage)
}

/// The room a peer wants: the one its path names, or else its hello; empty for the
/// default room.
///
/// # Errors
/// [`Reason::BadRoom`], if the two differ or the name is not allowed.
pub fn room(path: Option<&str>, hello: &str) -> Result<String, Reason> {
    match path {
        Some(path) if hello.is_empty() || hello == path => Ok(path.to_owned()),
        None if hello.is_empty() || is_room_name(hello) => Ok(hello.to_owned()),
        _ => Err(Reason::BadRoom),
    }
}

/// Whether this may be a room's name: 1–64 of `A–Z a–z 0–9 _ -`.
#[must_use]
pub fn is_room_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=MAX_ROOM).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// The name without control characters and outer blanks, at most 32 bytes of it.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let mut clean = String::new();
    let allowed = name.trim().chars().filter(|char| !char.is_control());
    for char in allowed {
        if clean.len() + char.len_utf8() > MAX_NAME {
            break;
        }
        clean.push(char);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::arena::ArenaWire;

    fn good() -> Hello {
        Hello {
            version: PROTOCOL_VERSION,
            schema: schema_hash::<ArenaWire>(),
            room: String::new(),
            name: "ada".into(),
            token: None,
            resume: None,
        }
    }

    fn bytes(hello: Hello) -> Vec<u8> {
        codec::encode(&ClientMessage::<()>::Hello(hello)).unwrap()
    }

    #[test]
    fn a_hello_is_taken_or_told_why_not() {
        let ping = ClientMessage::<()>::Ping {
            nonce: 1,
            received: Default::default(),
        };
        let newer = Hello {
            version: PROTOCOL_VERSION + 1,
            ..good()
        };
        let much_newer = Hello {
            version: 999,
            ..good()
        };
        let other_game = Hello {
            schema: 1,
            ..good()
        };
        for (name, bytes, outcome) in [
            ("good", bytes(good()), Ok((good(), Role::Player))),
            (
                "good, to look on",
                codec::encode(&ClientMessage::<()>::Watch(good())).unwrap(),
                Ok((good(), Role::Spectator)),
            ),
            ("newer", bytes(newer), Err(Reason::VersionMismatch)),
            (
                "newer, unreadable",
                vec![0, 2, 255, 255],
                Err(Reason::VersionMismatch),
            ),
            (
                "newer, only that",
                bytes(much_newer)[..4].to_vec(),
                Err(Reason::VersionMismatch),
            ),
            ("other game", bytes(other_game), Err(Reason::SchemaMismatch)),
            ("cut", bytes(good())[..5].to_vec(), Err(Reason::BadMessage)),
            (
                "too long",
                [bytes(good()), vec![0]].concat(),
                Err(Reason::BadMessage),
            ),
            ("empty", vec![], Err(Reason::BadMessage)),
            (
                "ping",
                codec::encode(&ping).unwrap(),
                Err(Reason::BadMessage),
            ),
            ("unknown variant", vec![9, 9, 9], Err(Reason::BadMessage)),
        ] {
            assert_eq!(hello::<ArenaWire>(&bytes), outcome, "{name}");
        }
    }

    #[test]
    fn path_and_hello_agree_on_the_room() {
        let long = "x".repeat(64);
        let too_long = "x".repeat(65);
        for (path, hello, outcome) in [
            (None, "", Ok("")),
            (None, "duel-1", Ok("duel-1")),
            (None, long.as_str(), Ok(long.as_str())),
            (None, too_long.as_str(), Err(Reason::BadRoom)),
            (None, "a/b", Err(Reason::BadRoom)),
            (None, "ümlaut", Err(Reason::BadRoom)),
            (Some("a"), "", Ok("a")),
            (Some("a"), "a", Ok("a")),
            (Some("a"), "b", Err(Reason::BadRoom)),
        ] {
            assert_eq!(
                room(path, hello),
                outcome.map(str::to_owned),
                "{path:?}, {hello:?}"
            );
        }
    }

    #[test]
    fn names_are_short_and_printable() {
        for (name, clean) in [
            ("ada", "ada"),
            ("", ""),
            ("  ada\n", "ada"),
            ("a\u{0}d\u{7f}a\u{85}", "ada"),
            (&"x".repeat(40), &"x".repeat(32)),
            (&"ü".repeat(20), &"ü".repeat(16)),
            (&format!("{}ü", "x".repeat(31)), &"x".repeat(31)),
        ] {
            assert_eq!(clean_name(name), clean, "{name:?}");
        }
    }
}
