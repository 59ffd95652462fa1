//! Puts frames together to whole messages.
//!
//! Sans-IO, and without a game in it: decoded frames in, messages out (RFC 6455
//! section 5.4). Bounded by the message limit, and by a number of empty fragments,
//! which would otherwise cost work without end and never reach the limit. Control
//! frames pass in between.

use actix_http::ws::{CloseReason, Item, Message};
use bytes::{Bytes, BytesMut};
use downbeat_protocol::Reason;

/// Empty fragments of one message at most; none is of use to anybody.
const MAX_EMPTY: u32 = 64;

/// What a peer has said, whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// A binary message.
    Binary(Bytes),
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong,
    /// The peer's close frame.
    Close(Option<CloseReason>),
}

/// The message that is being put together.
#[derive(Debug)]
pub(super) struct Assembler {
    limit: usize,
    parts: Option<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    bytes: BytesMut,
    empty: u32,
}

impl Assembler {
    /// For messages of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, parts: None }
    }

    /// Takes the next frame; `None` if the message goes on.
    ///
    /// # Errors
    /// The reason to end the connection with.
    pub(super) fn push(&mut self, frame: Message) -> Result<Option<Whole>, Reason> {
        match frame {
            Message::Binary(bytes) if self.parts.is_none() => {
                if bytes.len() > self.limit {
                    return Err(Reason::TooLarge);
                }
                Ok(Some(Whole::Binary(bytes)))
            }
            Message::Continuation(Item::FirstBinary(bytes)) if self.parts.is_none() => {
                self.add(Parts::default(), &bytes)?;
                Ok(None)
            }
            Message::Continuation(Item::Continue(bytes)) => {
                let parts = self.parts.take().ok_or(Reason::ProtocolError)?;
                self.add(parts, &bytes)?;
                Ok(None)
            }
            Message::Continuation(Item::Last(bytes)) => {
                let parts = self.parts.take().ok_or(Reason::ProtocolError)?;
                self.add(parts, &bytes)?;
                Ok(self
                    .parts
                    .take()
                    .map(|parts| Whole::Binary(parts.bytes.freeze())))
            }
            Message::Ping(bytes) => Ok(Some(Whole::Ping(bytes))),
            Message::Pong(_) => Ok(Some(Whole::Pong)),
            Message::Close(reason) => Ok(Some(Whole::Close(reason))),
            Message::Text(_) | Message::Continuation(Item::FirstText(_))
                if self.parts.is_none() =>
            {
                Err(Reason::TextRefused)
            }
            _ => Err(Reason::ProtocolError),
        }
    }

    fn add(&mut self, mut parts: Parts, bytes: &Bytes) -> Result<(), Reason> {
        if bytes.is_empty() {
            parts.empty += 1;
        }
        if parts.empty > MAX_EMPTY {
            return Err(Reason::Flood);
        }
        if bytes.len() > self.limit - parts.bytes.len() {
            return Err(Reason::TooLarge);
        }
        parts.bytes.extend_from_slice(bytes);
        self.parts = Some(parts);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Message::{Continuation, Ping, Pong};

    fn first(text: &'static str) -> Message {
        Continuation(Item::FirstBinary(Bytes::from_static(text.as_bytes())))
    }

    fn more(text: &'static str) -> Message {
        Continuation(Item::Continue(Bytes::from_static(text.as_bytes())))
    }

    fn last(text: &'static str) -> Message {
        Continuation(Item::Last(Bytes::from_static(text.as_bytes())))
    }

    fn binary(text: &'static str) -> Message {
        Message::Binary(Bytes::from_static(text.as_bytes()))
    }

    fn whole(text: &'static str) -> Whole {
        Whole::Binary(Bytes::from_static(text.as_bytes()))
    }

    /// A name, frames, the messages they make, how it ends.
    type Case = (&'static str, Vec<Message>, Vec<Whole>, Option<Reason>);

    #[test]
    fn frames_become_messages_or_a_reason() {
        let p = || Bytes::from_static(b"p");
        let flood = || std::iter::once(first("a")).chain((0..=MAX_EMPTY).map(|_| more("")));
        let cases: Vec<Case> = vec![
            (
                "whole",
                vec![binary("abc"), binary("")],
                vec![whole("abc"), whole("")],
                None,
            ),
            (
                "two fragments",
                vec![first("ab"), last("c")],
                vec![whole("abc")],
                None,
            ),
            (
                "all empty",
                vec![first(""), more(""), last("")],
                vec![whole("")],
                None,
            ),
            (
                "control in between",
                vec![first("a"), Ping(p()), more("b"), Pong(p()), last("c")],
                vec![Whole::Ping(p()), Whole::Pong, whole("abc")],
                None,
            ),
            (
                "close in between",
                vec![first("a"), Message::Close(None)],
                vec![Whole::Close(None)],
                None,
            ),
            (
                "two after each other",
                vec![first("a"), last("b"), first("c"), last("d"), binary("e")],
                vec![whole("ab"), whole("cd"), whole("e")],
                None,
            ),
            (
                "at the limit",
                vec![first("12345"), last("678")],
                vec![whole("12345678")],
                None,
            ),
            (
                "above the limit",
                vec![first("12345"), last("6789")],
                vec![],
                Some(Reason::TooLarge),
            ),
            (
                "too long at once",
                vec![binary("123456789")],
                vec![],
                Some(Reason::TooLarge),
            ),
            (
                "end of nothing",
                vec![last("a")],
                vec![],
                Some(Reason::ProtocolError),
            ),
            (
                "middle of nothing",
                vec![more("a")],
                vec![],
                Some(Reason::ProtocolError),
            ),
            (
                "begun twice",
                vec![first("a"), first("b")],
                vec![],
                Some(Reason::ProtocolError),
            ),
            (
                "whole within",
                vec![first("a"), binary("b")],
                vec![],
                Some(Reason::ProtocolError),
            ),
            (
                "text",
                vec![Message::Text("a".into())],
                vec![],
                Some(Reason::TextRefused),
            ),
            (
                "text within",
                vec![first("a"), Message::Text("a".into())],
                vec![],
                Some(Reason::ProtocolError),
            ),
            (
                "a flood of nothing",
                flood().collect(),
                vec![],
                Some(Reason::Flood),
            ),
        ];
        for (name, frames, messages, end) in cases {
            let mut assembler = Assembler::new(8);
            let (mut seen, mut ended) = (Vec::new(), None);
            for frame in frames {
                match assembler.push(frame) {
                    Ok(whole) => seen.extend(whole),
                    Err(reason) => ended = Some(reason),
                }
            }
            assert_eq!((seen, ended), (messages, end), "{name}");
        }
    }
}
