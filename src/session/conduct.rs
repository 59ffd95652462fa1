//! How a session behaves: every transition from hello to end, without an actor.
//!
//! Sans-IO: frames, the room's messages and the time go in, [`Step`]s come out. The
//! actor carries them out and knows nothing of the protocol.

use super::inbound;
use crate::config::Settings;
use crate::game::{Leave, Profile};
use crate::guard::{Admission, Ban, Identity, Meter, Permit, Quota, Verdict};
use crate::lobby::Enter;
use crate::post::Place;
use crate::websocket::{self, Assembler, Whole};
use crate::world::{Arrived, End, LinkLimits, Outgoing, OutgoingStream, Role, SessionLink, link};
use actix_http::ws::{CloseCode, CloseReason, Item, Message};
use bytes::Bytes;
use downbeat_protocol::message::Hello;
use downbeat_protocol::{ClientMessage, Reason, ServerMessage, Wire, codec};
use futures_util::StreamExt;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Where a session is in its life.
#[derive(Debug)]
enum State<I> {
    /// The hello is awaited, and nothing else is taken. Leads to `Playing` by a good
    /// hello, to `Closing` by anything else, also by time or a drain.
    Waiting,
    /// The hello was good: the room has its end of the link, and answers with a
    /// welcome or an end through it. Inputs and pings are taken, a second hello is
    /// not; a spectator says whom he follows instead of inputs. Leads to `Closing`.
    Playing(SessionLink<I>, OutgoingStream, Role),
    /// The last word is said or there is nobody to say it to; the link is gone and
    /// nothing more is taken.
    Closing,
}

/// What the actor has to do next.
#[derive(Debug)]
pub(super) enum Step<I> {
    /// Nothing.
    Nothing,
    /// Count that something was dropped, because too much is sent.
    Dropped {
        /// Whether it is the first time, and worth a warning.
        first: bool,
    },
    /// Send this.
    Send(Message),
    /// Hand this to the lobby.
    Enter(Enter<I>),
    /// Send these and stop: the connection has ended for this reason.
    End(Reason, Vec<Message>),
}

/// One session's conduct.
#[derive(Debug)]
pub(super) struct Conduct<W: Wire> {
    state: State<W::Input>,
    settings: Arc<Settings>,
    admission: Arc<Admission>,
    /// The room that the path named.
    room: Option<String>,
    /// Where the peer comes from.
    address: IpAddr,
    /// Where its connection is found; `None`: nowhere, as in tests.
    place: Option<Place>,
    assembler: Assembler,
    quota: Quota,
    meter: Meter,
    opened: Instant,
    heard: Instant,
}

impl<W: Wire> Conduct<W> {
    /// Of a session that was just opened.
    pub(super) fn new(
        settings: Arc<Settings>,
        admission: Arc<Admission>,
        room: Option<String>,
        address: IpAddr,
        place: Option<Place>,
        now: Instant,
    ) -> Self {
        Self {
            state: State::Waiting,
            admission,
            room,
            address,
            place,
            assembler: Assembler::new(settings.max_message),
            quota: Quota::new(&settings),
            meter: Meter::new(now),
            opened: now,
            heard: now,
            settings,
        }
    }

    /// Whether the hello is still awaited.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    /// A frame arrived. Each frame takes one from the message rate, since it costs
    /// the server about what a message does. Too many are dropped, but not
    /// half a message, and never a close.
    pub(super) fn frame(&mut self, frame: Message, now: Instant) -> Step<W::Input> {
        if matches!(self.state, State::Closing) {
            return Step::Nothing;
        }
        self.heard = now;
        let verdict = match payload_length(&frame) {
            Some(length) => self.meter.take(&self.quota, length, now),
            None => Verdict::Good,
        };
        let heard = self.assembler.push(frame);
        match (verdict, &heard) {
            (Verdict::Good, _) | (_, Err(_)) => {}
            (Verdict::Drop { first }, _) => {
                let first = first && self.admission.may_warn(now);
                return Step::Dropped { first };
            }
            (Verdict::End, _) => return self.end(Reason::Flood),
        }
        match heard {
            Ok(None | Some(Whole::Pong)) => Step::Nothing,
            Ok(Some(Whole::Binary(bytes))) => self.message(&bytes, now),
            Ok(Some(Whole::Text(_))) => self.end(Reason::TextRefused),
            Ok(Some(Whole::Ping(bytes))) => Step::Send(Message::Pong(bytes)),
            Ok(Some(Whole::Close(reason))) => self.peer_closed(reason),
            Err(reason) => self.end(reason),
        }
    }

    /// A whole message arrived. If it is an input and within the rate it is taken here
    /// and now, as nearly all are; `false` if not, and then it is as if nothing
    /// had been asked: it must come as a [`frame`](Self::frame).
    pub(super) fn input(&mut self, bytes: &[u8], now: Instant) -> bool {
        let State::Playing(link, _, Role::Player) = &self.state else {
            return false;
        };
        let Ok(ClientMessage::Input {
            seq,
            tick,
            received,
            input,
        }) = inbound::message::<W>(bytes)
        else {
            return false;
        };
        let mut meter = self.meter;
        if meter.take(&self.quota, bytes.len(), now) != Verdict::Good {
            return false;
        }
        self.meter = meter;
        self.heard = now;
        link.input(received, Arrived { seq, tick, input });
        true
    }

    /// Lays a snapshot that was carried here behind what comes before it.
    pub(super) fn keep(&self, snapshot: &[u8]) {
        if let State::Playing(_, outgoing, _) = &self.state {
            outgoing.keep(snapshot);
        }
    }

    /// What the room has for the player; only the end of it, past what lies before, if
    /// his socket `is_stuck`. Pending before there is a room, and after the end.
    pub(super) fn poll_room(
        &mut self,
        is_stuck: bool,
        context: &mut Context<'_>,
    ) -> Poll<Outgoing> {
        let State::Playing(_, outgoing, _) = &mut self.state else {
            return Poll::Pending;
        };
        let polled = if is_stuck {
            outgoing.poll_end(context).map(|end| end.map(Outgoing::End))
        } else {
            outgoing.poll_next_unpin(context)
        };
        match polled {
            Poll::Ready(Some(outgoing)) => Poll::Ready(outgoing),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn message(&mut self, bytes: &[u8], now: Instant) -> Step<W::Input> {
        let taken = match &self.state {
            State::Waiting => self.hello(bytes, now),
            State::Playing(link, _, role) => Self::play(link, *role, bytes).map_err(End::from),
            State::Closing => Ok(Step::Nothing),
        };
        taken.unwrap_or_else(|end| self.end(end))
    }

    fn hello(&mut self, bytes: &[u8], now: Instant) -> Result<Step<W::Input>, End> {
        let (hello, role) = inbound::hello::<W>(bytes)?;
        let room = inbound::room(self.room.as_deref(), &hello.room)?;
        let profile = self.profile(&hello, &room, now)?;
        let body = match role {
            Role::Player => Some(self.body()?),
            Role::Spectator => None,
        };
        let limits = LinkLimits {
            inputs: self.settings.inbox,
            events: self.settings.outbox,
        };
        let (mine, theirs) = link(limits, self.place.clone());
        let outgoing = mine.outgoing();
        self.state = State::Playing(mine, outgoing, role);
        let enter = Enter {
            room,
            profile,
            resume: hello.resume,
            role,
            address: self.address,
            body,
            link: theirs,
        };
        Ok(Step::Enter(enter))
    }

    /// Who says hello, as far as he must prove it, unless he is banned.
    fn profile(&self, hello: &Hello, room: &str, now: Instant) -> Result<Profile, End> {
        let room = match room {
            "" => &self.settings.default_room,
            named => named,
        };
        let identity = self
            .admission
            .identify(hello.token.as_deref(), room)
            .map_err(|rejected| End {
                text: Some(rejected.to_string()),
                ..rejected.reason().into()
            })?;
        let (account, name) = match identity {
            Some(Identity { account, name }) => (Some(account), name),
            None => (None, None),
        };
        let bans = self.admission.bans();
        if let Some(ban) = bans.find(self.address, account.as_deref(), now) {
            return Err(banned(ban, now));
        }
        Ok(Profile {
            name: inbound::clean_name(name.as_deref().unwrap_or(&hello.name)),
            account,
        })
    }

    /// A place for his body, in whichever room.
    fn body(&self) -> Result<Permit, End> {
        self.admission.body(self.address).map_err(|_| End {
            text: Some("too many players from this address, try again later".to_owned()),
            ..Reason::Full.into()
        })
    }

    fn play(
        link: &SessionLink<W::Input>,
        role: Role,
        bytes: &[u8],
    ) -> Result<Step<W::Input>, Reason> {
        match inbound::message::<W>(bytes)? {
            ClientMessage::Hello(_) | ClientMessage::Watch(_) => Err(Reason::BadMessage),
            ClientMessage::Input {
                seq,
                tick,
                received,
                input,
            } => {
                if role == Role::Spectator {
                    return Err(Reason::BadMessage);
                }
                link.input(received, Arrived { seq, tick, input });
                Ok(Step::Nothing)
            }
            ClientMessage::Follow { player } => {
                if role == Role::Player {
                    return Err(Reason::BadMessage);
                }
                link.follow(player);
                Ok(Step::Nothing)
            }
            ClientMessage::Ping { nonce, received } => {
                link.ping(received);
                Ok(say::<W>(&ServerMessage::Pong { nonce }).map_or(Step::Nothing, Step::Send))
            }
        }
    }

    /// The peer's close frame: answered with its own code (RFC 6455 section 5.5.1).
    /// Only 1000 is a farewell; a browser that reloads the page says 1001, and its
    /// player may come back.
    fn peer_closed(&mut self, reason: Option<CloseReason>) -> Step<W::Input> {
        if let State::Playing(link, ..) = &self.state {
            let is_farewell = reason.as_ref().is_some_and(|r| r.code == CloseCode::Normal);
            link.leave(if is_farewell {
                Leave::Gone
            } else {
                Leave::Quiet
            });
        }
        self.state = State::Closing;
        Step::End(Reason::Left, vec![websocket::close_answer(reason)])
    }

    /// The connection ends from this side: with a bye and a close frame, unless
    /// there is nobody to hear them.
    pub(super) fn end(&mut self, end: impl Into<End>) -> Step<W::Input> {
        if matches!(self.state, State::Closing) {
            return Step::Nothing;
        }
        let end = end.into();
        // Dropping the link says that it is lost: whoever can may come back.
        self.state = State::Closing;
        let mut last = Vec::new();
        if end.reason.is_sent() {
            last.extend(say::<W>(&ServerMessage::Bye {
                code: end.reason.code(),
                text: end.text().to_owned(),
                retry_after_ms: end.retry_after_ms,
            }));
            last.push(websocket::close(end.reason, end.text()));
        }
        Step::End(end.reason, last)
    }

    /// The server goes, and the session has no room that would say so.
    pub(super) fn drained(&mut self, reason: Reason) -> Step<W::Input> {
        self.end(End {
            retry_after_ms: self.settings.retry_after_ms(reason, Duration::ZERO),
            ..reason.into()
        })
    }

    /// The time now: the session may have waited or listened too long.
    ///
    /// # Errors
    /// How long nothing can be too long.
    pub(super) fn watch(&mut self, now: Instant) -> Result<Step<W::Input>, Duration> {
        let (deadline, reason) = match self.state {
            State::Waiting => (
                self.opened + self.settings.hello_timeout,
                Reason::HelloTimeout,
            ),
            _ => (self.heard + self.settings.idle_timeout, Reason::Silent),
        };
        match deadline.checked_duration_since(now) {
            Some(left) if !left.is_zero() => Err(left),
            _ => Ok(self.end(reason)),
        }
    }

    /// How long after the opening to [`watch`](Self::watch) for the first time.
    pub(super) fn first_watch(&self) -> Duration {
        self.settings.hello_timeout.min(self.settings.idle_timeout)
    }
}

/// How many bytes a frame brings; `None` for a close, which is always heard.
fn payload_length(frame: &Message) -> Option<usize> {
    match frame {
        Message::Text(text) => Some(text.len()),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => Some(bytes.len()),
        Message::Continuation(
            Item::FirstText(bytes)
            | Item::FirstBinary(bytes)
            | Item::Continue(bytes)
            | Item::Last(bytes),
        ) => Some(bytes.len()),
        Message::Nop => Some(0),
        Message::Close(_) => None,
    }
}

/// The frame of a message. A bye or a pong can always be written; if it could not,
/// the peer would not be worse off without it.
fn say<W: Wire>(message: &ServerMessage<W>) -> Option<Message> {
    let bytes = codec::encode(message).ok()?;
    Some(Message::Binary(Bytes::from(bytes)))
}

/// How who is banned is told so.
fn banned(ban: Ban, now: Instant) -> End {
    let left = ban.until.saturating_duration_since(now).as_millis();
    End {
        reason: Reason::Banned,
        text: ban.text,
        retry_after_ms: u32::try_from(left).ok(),
    }
}

#[cfg(test)]
mod tests;
