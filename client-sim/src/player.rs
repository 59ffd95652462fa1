//! One client without its socket: bytes and moments go in, bytes come out.
//!
//! Owns what a client of any game must do: say hello, keep a [`View`] and
//! verify its checksums, number its inputs, acknowledge, and know which of its
//! inputs the server has used. Refuses whatever a correct server would not send.
//! Called by the bot.

use crate::bot::{Input, Sight};
use crate::view::{Pool, View};
use downbeat_protocol::codec::{self, DecodeError, EncodeError};
use downbeat_protocol::message::{Hello, Welcome, Wire, schema_hash};
use downbeat_protocol::mirror::MirrorError;
use downbeat_protocol::snapshot::{Head, SNAPSHOT};
use downbeat_protocol::{
    ClientMessage, PROTOCOL_VERSION, PlayerId, ResumeToken, Seq, ServerMessage,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Inputs that may wait for their acknowledgement; the oldest is given up.
const OPEN_INPUTS: usize = 256;

/// A player, from his welcome on.
#[derive(Debug)]
pub(crate) struct Player<W: Wire> {
    id: PlayerId,
    resume: ResumeToken,
    tick_rate: u32,
    snapshot_rate: u32,
    view: View<W::Entity>,
    own: Option<W::Own>,
    /// The last input sent.
    sent: Seq,
    /// The last input the server says it has used.
    applied: Seq,
    /// When the inputs after `applied` were to be sent, oldest first. The last
    /// one is `sent`.
    open: VecDeque<Instant>,
}

/// What a message from the server was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard<E> {
    /// A snapshot, applied and verified.
    Snapshot {
        /// Entities in sight now.
        visible: usize,
        /// Inputs that wait at the server.
        waiting: u32,
    },
    /// Something that is told once.
    Event(E),
    /// Something that needs no answer.
    Other,
    /// The server ends the connection.
    Bye {
        /// The close code.
        code: u16,
        /// A sentence for people.
        text: String,
        /// When to come back, if the server says so.
        retry_after: Option<Duration>,
    },
}

/// What a correct server does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A message is not one.
    Decode(DecodeError),
    /// A snapshot does not fit, or its checksum is wrong.
    Mirror(MirrorError),
    /// A message that has no place here.
    Unexpected(&'static str),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Mirror(error) => error.fmt(f),
            Self::Unexpected(what) => f.write_str(what),
        }
    }
}

/// Appends a bot's first message; with `resume` it asks for the player it had.
///
/// # Errors
/// [`EncodeError`], which these types never give.
pub(crate) fn hello<W: Wire>(
    room: &str,
    name: &str,
    token: Option<String>,
    resume: Option<ResumeToken>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let hello = ClientMessage::<W::Input>::Hello(Hello {
        version: PROTOCOL_VERSION,
        schema: schema_hash::<W>(),
        room: room.to_owned(),
        name: name.to_owned(),
        token,
        resume,
    });
    codec::encode_to(&hello, out)
}

/// The answer to the hello.
pub(crate) enum Answer<W: Wire> {
    /// The player is in.
    Welcome(Box<Player<W>>),
    /// He is not; see [`Heard::Bye`].
    Bye {
        /// The close code.
        code: u16,
        /// A sentence for people.
        text: String,
    },
}

/// Reads the answer to the hello.
///
/// # Errors
/// [`Trouble`] if it is neither a welcome nor a bye.
pub(crate) fn answer<W: Wire>(bytes: &[u8], pool: Pool<W::Entity>) -> Result<Answer<W>, Trouble> {
    match codec::decode::<ServerMessage<W>>(bytes).map_err(Trouble::Decode)? {
        ServerMessage::Welcome(welcome) => {
            Ok(Answer::Welcome(Box::new(Player::new(welcome, pool))))
        }
        ServerMessage::Bye { code, text, .. } => Ok(Answer::Bye { code, text }),
        _ => Err(Trouble::Unexpected("the first message is no welcome")),
    }
}

impl<W: Wire> Player<W> {
    fn new(welcome: Welcome<W>, pool: Pool<W::Entity>) -> Self {
        Self {
            id: welcome.player,
            resume: welcome.resume,
            tick_rate: welcome.tick_rate.clamp(1, 240),
            snapshot_rate: welcome.snapshot_rate.clamp(1, 240),
            view: View::new(welcome.tick, welcome.rules, pool),
            own: None,
            sent: welcome.applied,
            applied: welcome.applied,
            open: VecDeque::new(),
        }
    }

    /// Takes one message. `acknowledged` is called for each input of which this
    /// message is the first to say that it was used, with the moment it was to be
    /// sent at.
    ///
    /// # Errors
    /// [`Trouble`]; the player is then of no use any more.
    pub(crate) fn hear(
        &mut self,
        bytes: &[u8],
        acknowledged: impl FnMut(Instant),
    ) -> Result<Heard<W::Event>, Trouble> {
        if let Some(snapshot) = bytes.strip_prefix(&[SNAPSHOT]) {
            return self.see(snapshot, acknowledged);
        }
        match codec::decode::<ServerMessage<W>>(bytes).map_err(Trouble::Decode)? {
            // Its first byte says so, and was looked at above.
            ServerMessage::Snapshot(_) => Err(Trouble::Unexpected("a snapshot by another name")),
            ServerMessage::Event(event) => Ok(Heard::Event(event)),
            ServerMessage::Pong { .. } => Ok(Heard::Other),
            ServerMessage::Bye {
                code,
                text,
                retry_after_ms,
            } => Ok(Heard::Bye {
                code,
                text,
                retry_after: retry_after_ms.map(|ms| Duration::from_millis(ms.into())),
            }),
            ServerMessage::Welcome(_) => Err(Trouble::Unexpected("a second welcome")),
        }
    }

    fn see(
        &mut self,
        snapshot: &[u8],
        mut acknowledged: impl FnMut(Instant),
    ) -> Result<Heard<W::Event>, Trouble> {
        let (mut head, cells) =
            codec::decode_prefix::<Head<W::Own>>(snapshot).map_err(Trouble::Decode)?;
        let waiting = head.waiting;
        if let Some(own) = head.own.take() {
            self.own = Some(own);
        }
        if head.applied > self.sent.since(self.applied) {
            return Err(Trouble::Unexpected("an input was used that was never sent"));
        }
        self.applied = self.applied.plus(head.applied);
        self.view.apply(&head, cells)?;

        let still_open = self.sent.since(self.applied) as usize;
        while self.open.len() > still_open {
            if let Some(intended) = self.open.pop_front() {
                acknowledged(intended);
            }
        }
        Ok(Heard::Snapshot {
            visible: self.view.len(),
            waiting,
        })
    }

    /// Appends the next input, which was to be sent at `intended`. `ahead` is how
    /// many ticks the server should be ahead of the last snapshot by now. Gives
    /// back the moment of an input that has waited too long for its
    /// acknowledgement and is given up for it.
    ///
    /// # Errors
    /// [`EncodeError`], which these types never give.
    pub(crate) fn input(
        &mut self,
        intended: Instant,
        ahead: u32,
        input: Input<W>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Instant>, EncodeError> {
        self.sent = self.sent.next();
        let given_up = match self.open.len() {
            OPEN_INPUTS.. => self.open.pop_front(),
            _ => None,
        };
        self.open.push_back(intended);
        let message = ClientMessage::Input {
            seq: self.sent,
            tick: self.view.tick().plus(ahead),
            received: self.view.tick(),
            input,
        };
        codec::encode_to(&message, out)?;
        Ok(given_up)
    }

    /// Appends a ping, the acknowledgement of one who sends no inputs.
    ///
    /// # Errors
    /// [`EncodeError`], which these types never give.
    pub(crate) fn ping(&self, nonce: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let message = ClientMessage::<W::Input>::Ping {
            nonce,
            received: self.view.tick(),
        };
        codec::encode_to(&message, out)
    }

    /// Appends a spectator's wish to see what `player` sees; without one, everything.
    ///
    /// # Errors
    /// [`EncodeError`], which these types never give.
    pub(crate) fn follow(
        &self,
        player: Option<PlayerId>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        codec::encode_to(&ClientMessage::<W::Input>::Follow { player }, out)
    }

    /// The moments of inputs not yet acknowledged, oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = Instant> + '_ {
        self.open.iter().copied()
    }

    /// The player's id.
    pub(crate) fn id(&self) -> PlayerId {
        self.id
    }

    /// The right to come back as this player.
    pub(crate) fn resume(&self) -> ResumeToken {
        self.resume
    }

    /// Ticks per second.
    pub(crate) fn tick_rate(&self) -> u32 {
        self.tick_rate
    }

    /// Snapshots per second.
    pub(crate) fn snapshot_rate(&self) -> u32 {
        self.snapshot_rate
    }

    /// What a bot in his place knows.
    pub(crate) fn sight(&self) -> Sight<'_, W> {
        Sight {
            me: self.id,
            own: self.own.as_ref(),
            view: &self.view,
        }
    }

    /// What only he sees, once he knows it.
    pub(crate) fn own(&self) -> Option<&W::Own> {
        self.own.as_ref()
    }
}

#[cfg(test)]
mod tests;
