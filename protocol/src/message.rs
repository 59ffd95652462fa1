//! What a client and a server say to each other.
//!
//! Owns the two message types, generic over a game's own types ([`Wire`]). One
//! binary WebSocket message holds exactly one of them. The order of variants and
//! fields is the wire format: append, never reorder.

use crate::codec::{FNV_START, fnv1a};
use crate::id::{PlayerId, Seq, Tick};
use crate::replicate::Replicate;
use crate::snapshot::Snapshot;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug};

/// The types of one game as they cross the wire. Implemented by an empty marker
/// type, for which the derived traits cost nothing.
pub trait Wire: Clone + Debug + PartialEq + Send + 'static {
    /// The game's name and the version of its types, for instance `"arena/1"`.
    /// Change it whenever one of the types below changes, so that an old client
    /// is told so instead of reading nonsense.
    const SCHEMA: &'static str;

    /// What a player wants, once per tick at most.
    type Input: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static;
    /// What clients see of one thing.
    type Entity: Replicate;
    /// What only the player himself sees.
    type Own: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static;
    /// Something that happened and is told once, reliably.
    type Event: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static;
}

/// The rules of a game's entities, as the welcome carries them.
pub type Rules<W> = <<W as Wire>::Entity as Replicate>::Rules;

/// The schema's fingerprint in every hello: FNV-1a (32 bits) of [`Wire::SCHEMA`].
#[must_use]
pub fn schema_hash<W: Wire>() -> u32 {
    fnv1a(FNV_START, W::SCHEMA.as_bytes())
}

/// From client to server. `I` is the game's [`Wire::Input`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClientMessage<I> {
    /// The first message, exactly once.
    Hello(Hello),
    /// What the player wants at one tick; also an acknowledgement.
    Input {
        /// Counts up by one from the welcome's `applied`; duplicates and older
        /// ones are dropped.
        seq: Seq,
        /// The tick the client believes the input will be used at.
        tick: Tick,
        /// The tick of the last snapshot received: the acknowledgement.
        received: Tick,
        /// What the player wants.
        input: I,
    },
    /// Measures the round trip; also the acknowledgement of a client that sends
    /// no inputs.
    Ping {
        /// Comes back in the pong.
        nonce: u32,
        /// The tick of the last snapshot received.
        received: Tick,
    },
    /// Instead of a hello, exactly once: looks on and plays nobody. The welcome's
    /// player is 0, snapshots have no own part, inputs are not allowed.
    Watch(Hello),
    /// What a spectator looks at.
    Follow {
        /// What this player sees; `None` for everything there is, as at first.
        player: Option<PlayerId>,
    },
}

/// Who a client is and what it wants. Its secrets are not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`](crate::PROTOCOL_VERSION). It stays the first field
    /// for ever, so that every version can tell it is not meant.
    pub version: u16,
    /// [`schema_hash`] of the game the client was built for.
    pub schema: u32,
    /// The room; empty for the one the address names, or the default room.
    pub room: String,
    /// The player's name as others see it; the server may shorten it.
    pub name: String,
    /// Proof of who the player is, if the server asks for one.
    pub token: Option<String>,
    /// The right to a player left behind by an earlier connection.
    pub resume: Option<ResumeToken>,
}

impl Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            schema,
            room,
            name,
            token,
            resume,
        } = self;
        f.debug_struct("Hello")
            .field("version", version)
            .field("schema", schema)
            .field("room", room)
            .field("name", name)
            .field("token", &token.as_ref().map(|_| "…"))
            .field("resume", resume)
            .finish()
    }
}

/// The right to come back as the same player. A secret: it is not printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResumeToken(pub [u8; 16]);

impl Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeToken(…)")
    }
}

/// From server to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum ServerMessage<W: Wire> {
    /// The answer to the hello, before everything else.
    Welcome(Welcome<W>),
    /// What the player is told after a tick.
    Snapshot(Snapshot<W::Entity, W::Own>),
    /// Something that happened.
    Event(W::Event),
    /// The answer to a ping.
    Pong {
        /// The ping's.
        nonce: u32,
    },
    /// The last message; the close frame follows.
    Bye {
        /// The close code, as in [`Reason::code`](crate::Reason::code).
        code: u16,
        /// A sentence for people.
        text: String,
        /// How long to wait before coming back, in milliseconds; `None` if the
        /// server cannot say.
        retry_after_ms: Option<u32>,
    },
}

/// What a player needs to know once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Welcome<W: Wire> {
    /// The player's id in this room; 0 for a spectator.
    pub player: PlayerId,
    /// The tick now; the first snapshot's `elapsed` counts from here.
    pub tick: Tick,
    /// The last input already applied; the client's next has the number after it,
    /// and the first snapshot's `applied` counts from here. 0 for a new player.
    pub applied: Seq,
    /// Ticks per second, 1–240.
    pub tick_rate: u32,
    /// Snapshots per second; divides the tick rate.
    pub snapshot_rate: u32,
    /// The room's name.
    pub room: String,
    /// The name the player got.
    pub name: String,
    /// The right to come back as this player, valid once.
    pub resume: ResumeToken,
    /// What prediction needs to know of the game.
    pub rules: Rules<W>,
}
