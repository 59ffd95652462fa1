//! Puts frames together to whole messages.
//!
//! Sans-IO, and without a game in it: decoded frames in, messages out (RFC 6455
//! section 5.4). Bounded by the message limit, and by a number of empty fragments,
//! which would otherwise cost work without end and never reach the limit. Control
//! frames pass in between.

use actix_http::ws::{CloseCode, CloseReason, Item, Message};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use downbeat_protocol::Reason;

/// Empty fragments of one message at most; none is of use to anybody.
const MAX_EMPTY: u32 = 64;

/// The text of a close frame at most, in bytes (RFC 6455 section 5.5: 125 with the
/// code).
const MAX_CLOSE_TEXT: usize = 123;

/// What a peer has said, whole.
#[derive(Debug, PartialEq, Eq)]
pub enum Whole {
    /// A binary message.
    Binary(Bytes),
    /// A text, in UTF-8.
    Text(ByteString),
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong,
    /// The peer's close frame.
    Close(Option<CloseReason>),
}

/// The message that is being put together.
#[derive(Debug)]
pub struct Assembler {
    limit: usize,
    /// Boxed, because there hardly ever are any.
    parts: Option<Box<Parts>>,
}

#[derive(Debug, Default)]
struct Parts {
    bytes: BytesMut,
    empty: u32,
    is_text: bool,
}

impl Parts {
    fn whole(self) -> Result<Whole, Reason> {
        let bytes = self.bytes.freeze();
        if self.is_text {
            text(bytes)
        } else {
            Ok(Whole::Binary(bytes))
        }
    }
}

/// The scanner has judged text already; but it is not for it to make one.
fn text(bytes: Bytes) -> Result<Whole, Reason> {
    let text = ByteString::try_from(bytes).map_err(|_| Reason::InvalidUtf8)?;
    Ok(Whole::Text(text))
}

/// The close frame for this reason. As much of `text` is sent as fits.
#[must_use]
pub fn close(reason: Reason, text: &str) -> Message {
    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
    let end = ends.take_while(|end| *end <= MAX_CLOSE_TEXT).last();
    Message::Close(Some(CloseReason {
        code: CloseCode::from(reason.code()),
        description: Some(text[..end.unwrap_or(0)].to_owned()),
    }))
}

/// The answer to a peer's close frame: its own code (RFC 6455 section 5.5.1).
#[must_use]
pub fn close_answer(heard: Option<CloseReason>) -> Message {
    Message::Close(heard.map(|heard| CloseReason::from(heard.code)))
}

impl Assembler {
    /// For messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, parts: None }
    }

    /// Takes the next frame; `None` if the message goes on.
    ///
    /// # Errors
    /// The reason to end the connection with.
    pub fn push(&mut self, frame: Message) -> Result<Option<Whole>, Reason> {
        match frame {
            Message::Binary(bytes) if self.parts.is_none() => {
                if bytes.len() > self.limit {
                    return Err(Reason::TooLarge);
                }
                Ok(Some(Whole::Binary(bytes)))
            }
            Message::Text(text) if self.parts.is_none() => {
                if text.len() > self.limit {
                    return Err(Reason::TooLarge);
                }
                Ok(Some(Whole::Text(text)))
            }
            Message::Continuation(Item::FirstBinary(bytes)) if self.parts.is_none() => {
                self.add(Box::default(), &bytes)?;
                Ok(None)
            }
            Message::Continuation(Item::FirstText(bytes)) if self.parts.is_none() => {
                let parts = Parts {
                    is_text: true,
                    ..Parts::default()
                };
                self.add(Box::new(parts), &bytes)?;
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
                self.parts.take().map(|parts| parts.whole()).transpose()
            }
            Message::Ping(bytes) => Ok(Some(Whole::Ping(bytes))),
            Message::Pong(_) => Ok(Some(Whole::Pong)),
            Message::Close(reason) => Ok(Some(Whole::Close(reason))),
            _ => Err(Reason::ProtocolError),
        }
    }

    fn add(&mut self, mut parts: Box<Parts>, bytes: &Bytes) -> Result<(), Reason> {
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
                vec![Message::Text("ä".into())],
                vec![Whole::Text("ä".into())],
                None,
            ),
            (
                "text in fragments",
                vec![
                    Continuation(Item::FirstText(Bytes::from_static(b"\xC3"))),
                    last("\u{24}"),
                ],
                vec![],
                Some(Reason::InvalidUtf8),
            ),
            (
                "long text",
                vec![Message::Text("123456789".into())],
                vec![],
                Some(Reason::TooLarge),
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
