//! The ways a connection can end.
//!
//! Every connection ends with exactly one [`Reason`]. It is at once the close
//! code on the wire (RFC 6455 section 7.4; 4000–4999 are private use), the label
//! of the metric, the field in the log and the answer to "should I come back?".

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $label:literal, $return:ident;)*) => {
        /// Why a connection ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])* $name,)*
        }

        impl Reason {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The close code on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code),* }
            }

            /// A short name in snake case, for metrics and logs.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }

            /// What a client should do next.
            #[must_use]
            pub const fn comeback(self) -> Comeback {
                match self { $(Self::$name => Comeback::$return),* }
            }

            /// The reason with this close code; `None` for a foreign code.
            #[must_use]
            pub fn from_code(code: u16) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }
    };
}

/// What a client should do after a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comeback {
    /// Connect again, with growing pauses, and resume.
    Retry,
    /// Come back only if a person or a new program asks for it: the same attempt
    /// would end the same way.
    Stay,
}

reasons! {
    /// The client closed the connection in good order.
    Left = 1000, "left", Stay;
    /// The server is going away and does not expect to be back soon.
    GoingAway = 1001, "going_away", Retry;
    /// The peer broke the WebSocket protocol (RFC 6455).
    ProtocolError = 1002, "protocol_error", Stay;
    /// A text frame: this server speaks binary only.
    TextRefused = 1003, "text_refused", Stay;
    /// The link was lost without a close frame. Never sent: there is nobody to
    /// send it to (1006 is reserved for exactly that).
    LinkLost = 1006, "link_lost", Retry;
    /// Text, or a close frame with a text, that is not UTF-8.
    InvalidUtf8 = 1007, "invalid_utf8", Stay;
    /// A frame or a message larger than the server's limit.
    TooLarge = 1009, "too_large", Stay;
    /// The room failed; its game is lost, the others go on.
    RoomFailed = 1011, "room_failed", Retry;
    /// The server restarts; come back in a moment.
    Restarting = 1012, "restarting", Retry;
    /// The room or the server is full; try again later.
    Full = 1013, "full", Retry;
    /// No hello within its time.
    HelloTimeout = 4000, "hello_timeout", Retry;
    /// A message that cannot be decoded, or that was not expected now.
    BadMessage = 4001, "bad_message", Stay;
    /// The client speaks another version of the protocol.
    VersionMismatch = 4002, "version_mismatch", Stay;
    /// The client was built for another game, or another version of this one.
    SchemaMismatch = 4003, "schema_mismatch", Stay;
    /// The room's name is not allowed, or it may not be created.
    BadRoom = 4004, "bad_room", Stay;
    /// The room was closed.
    RoomClosed = 4005, "room_closed", Retry;
    /// The game refused the player; the text says why.
    Refused = 4006, "refused", Stay;
    /// The same player came in through another connection.
    TakenOver = 4007, "taken_over", Stay;
    /// The client did not acknowledge snapshots for too long.
    TooSlow = 4008, "too_slow", Retry;
    /// Nothing was heard from the client for too long.
    Silent = 4009, "silent", Retry;
    /// More messages than allowed.
    Flood = 4010, "flood", Stay;
    /// An operator removed the player.
    Kicked = 4011, "kicked", Stay;
    /// The peer took no bytes for too long. Never sent: it takes no bytes.
    Jammed = 4012, "jammed", Retry;
    /// The token is missing, or it does not admit the player.
    Unauthorized = 4013, "unauthorized", Stay;
    /// An operator keeps the player out for a while.
    Banned = 4014, "banned", Stay;
    /// The token has expired: get a new one first.
    TokenExpired = 4015, "token_expired", Stay;
}

impl Reason {
    /// A sentence for people, sent as the close frame's text unless there is a
    /// more precise one. At most 123 bytes (RFC 6455 section 5.5).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Left => "goodbye",
            Self::GoingAway => "the server is going away",
            Self::ProtocolError => "websocket protocol error",
            Self::TextRefused => "text frames are refused, send binary",
            Self::LinkLost => "the link was lost",
            Self::InvalidUtf8 => "text is not utf-8",
            Self::TooLarge => "message too large",
            Self::RoomFailed => "the room failed",
            Self::Restarting => "the server restarts, come back in a moment",
            Self::Full => "full, try again later",
            Self::HelloTimeout => "no hello in time",
            Self::BadMessage => "the message could not be understood",
            Self::VersionMismatch => "another protocol version is spoken here",
            Self::SchemaMismatch => "another game, or another version of it, is played here",
            Self::BadRoom => "no such room",
            Self::RoomClosed => "the room was closed",
            Self::Refused => "the game refused the player",
            Self::TakenOver => "you joined from another connection",
            Self::TooSlow => "too far behind",
            Self::Silent => "nothing heard for too long",
            Self::Flood => "too many messages",
            Self::Kicked => "removed by an operator",
            Self::Jammed => "no bytes taken for too long",
            Self::Unauthorized => "a valid token is needed",
            Self::Banned => "kept out by an operator",
            Self::TokenExpired => "the token has expired",
        }
    }

    /// Whether a close frame with this reason can reach the peer.
    #[must_use]
    pub const fn is_sent(self) -> bool {
        !matches!(self, Self::LinkLost | Self::Jammed)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_and_labels_are_unique_and_codes_come_back() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        let labels: BTreeSet<_> = Reason::ALL.iter().map(|r| r.label()).collect();
        assert_eq!(codes.len(), Reason::ALL.len(), "each code once");
        assert_eq!(labels.len(), Reason::ALL.len(), "each label once");
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code(4999), None, "a foreign code is nobody's");
    }

    #[test]
    fn texts_fit_a_close_frame() {
        for reason in Reason::ALL {
            assert!(reason.text().len() <= 123, "{reason} is too long");
        }
    }

    #[test]
    fn sent_codes_may_be_sent() {
        // RFC 6455 section 7.4.1 and the IANA registry; 1005, 1006 and 1015 must not appear on the wire.
        for reason in Reason::ALL.iter().filter(|r| r.is_sent()) {
            let code = reason.code();
            let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            assert!(allowed, "{reason} has code {code}");
        }
    }
}
