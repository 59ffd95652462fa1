//! One client without its socket: bytes and moments go in, bytes come out.
//!
//! Owns what a client of the arena must do: say hello, keep a [`Mirror`] and
//! verify its checksums, number its inputs, acknowledge, and know which of its
//! inputs the server has used. Refuses whatever a correct server would not send.
//! Called by the bot.

use downbeat_protocol::arena::{ArenaWire, Entity, Input, Own};
use downbeat_protocol::codec::{self, DecodeError, EncodeError};
use downbeat_protocol::message::{Hello, Welcome, schema_hash};
use downbeat_protocol::mirror::MirrorError;
use downbeat_protocol::{
    ClientMessage, Mirror, PROTOCOL_VERSION, PlayerId, Seq, ServerMessage, Snapshot,
};
use std::collections::VecDeque;
use std::time::Instant;

/// Inputs that may wait for their acknowledgement; the oldest is given up.
const OPEN_INPUTS: usize = 256;

/// A player, from his welcome on.
#[derive(Debug)]
pub(crate) struct Player {
    id: PlayerId,
    tick_rate: u32,
    snapshot_rate: u32,
    mirror: Mirror<Entity>,
    own: Option<Own>,
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
pub(crate) enum Heard {
    /// A snapshot, applied and verified.
    Snapshot {
        /// Entities in sight now.
        visible: usize,
        /// Inputs that wait at the server.
        waiting: u32,
    },
    /// Something that needs no answer.
    Other,
    /// The server ends the connection.
    Bye {
        /// The close code.
        code: u16,
        /// A sentence for people.
        text: String,
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

/// Appends a bot's first message.
///
/// # Errors
/// [`EncodeError`], which these types never give.
pub(crate) fn hello(room: &str, name: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let hello = ClientMessage::<Input>::Hello(Hello {
        version: PROTOCOL_VERSION,
        schema: schema_hash::<ArenaWire>(),
        room: room.to_owned(),
        name: name.to_owned(),
        token: None,
        resume: None,
    });
    codec::encode_to(&hello, out)
}

/// The answer to the hello.
pub(crate) enum Answer {
    /// The player is in.
    Welcome(Box<Player>),
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
pub(crate) fn answer(bytes: &[u8]) -> Result<Answer, Trouble> {
    match codec::decode::<ServerMessage<ArenaWire>>(bytes).map_err(Trouble::Decode)? {
        ServerMessage::Welcome(welcome) => Ok(Answer::Welcome(Box::new(Player::new(welcome)))),
        ServerMessage::Bye { code, text, .. } => Ok(Answer::Bye { code, text }),
        _ => Err(Trouble::Unexpected("the first message is no welcome")),
    }
}

impl Player {
    fn new(welcome: Welcome<ArenaWire>) -> Self {
        Self {
            id: welcome.player,
            tick_rate: welcome.tick_rate.clamp(1, 240),
            snapshot_rate: welcome.snapshot_rate.clamp(1, 240),
            mirror: Mirror::new(welcome.tick, welcome.rules),
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
    ) -> Result<Heard, Trouble> {
        match codec::decode::<ServerMessage<ArenaWire>>(bytes).map_err(Trouble::Decode)? {
            ServerMessage::Snapshot(snapshot) => self.see(snapshot, acknowledged),
            ServerMessage::Event(_) | ServerMessage::Pong { .. } => Ok(Heard::Other),
            ServerMessage::Bye { code, text, .. } => Ok(Heard::Bye { code, text }),
            ServerMessage::Welcome(_) => Err(Trouble::Unexpected("a second welcome")),
        }
    }

    fn see(
        &mut self,
        mut snapshot: Snapshot<Entity, Own>,
        mut acknowledged: impl FnMut(Instant),
    ) -> Result<Heard, Trouble> {
        let waiting = snapshot.waiting;
        if let Some(own) = snapshot.own.take() {
            self.own = Some(own);
        }
        if snapshot.applied > self.sent.since(self.applied) {
            return Err(Trouble::Unexpected("an input was used that was never sent"));
        }
        self.applied = self.applied.plus(snapshot.applied);
        self.mirror.apply(snapshot).map_err(Trouble::Mirror)?;

        let still_open = self.sent.since(self.applied) as usize;
        while self.open.len() > still_open {
            if let Some(intended) = self.open.pop_front() {
                acknowledged(intended);
            }
        }
        Ok(Heard::Snapshot {
            visible: self.mirror.len(),
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
        input: Input,
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
            tick: self.mirror.tick().plus(ahead),
            received: self.mirror.tick(),
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
        let message = ClientMessage::<Input>::Ping {
            nonce,
            received: self.mirror.tick(),
        };
        codec::encode_to(&message, out)
    }

    /// The moments of inputs not yet acknowledged, oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = Instant> + '_ {
        self.open.iter().copied()
    }

    /// The player's id.
    pub(crate) fn id(&self) -> PlayerId {
        self.id
    }

    /// Ticks per second.
    pub(crate) fn tick_rate(&self) -> u32 {
        self.tick_rate
    }

    /// Snapshots per second.
    pub(crate) fn snapshot_rate(&self) -> u32 {
        self.snapshot_rate
    }

    /// What the player sees.
    pub(crate) fn mirror(&self) -> &Mirror<Entity> {
        &self.mirror
    }

    /// What only he sees, once he knows it.
    pub(crate) fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }
}
