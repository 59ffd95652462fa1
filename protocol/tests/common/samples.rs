//! One message of every kind, and the edges of the encoding: what the golden
//! files hold and what the fuzzed bytes start from.

pub(crate) mod snapshots;

use downbeat_protocol::arena::{ArenaWire, Blip, Event, Input, Name, Row, Rules, controls};
use downbeat_protocol::codec::{DecodeError, EncodeError, decode, encode};
use downbeat_protocol::message::{Hello, Welcome, schema_hash};
use downbeat_protocol::{
    ClientMessage, PROTOCOL_VERSION, PlayerId, Reason, ResumeToken, Seq, ServerMessage, Tick,
};

pub(crate) type Client = ClientMessage<Input>;
pub(crate) type Server = ServerMessage<ArenaWire>;

/// A message of either direction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    Client(Client),
    Server(Box<Server>),
}

impl Message {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Client(message) => encode(message),
            Self::Server(message) => encode(message),
        }
    }

    /// Decodes bytes as a message of the same direction.
    pub(crate) fn decode_like(&self, bytes: &[u8]) -> Result<Self, DecodeError> {
        match self {
            Self::Client(_) => decode(bytes).map(Self::Client),
            Self::Server(_) => decode(bytes).map(|message| Self::Server(Box::new(message))),
        }
    }

    pub(crate) const fn direction(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Server(_) => "server",
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Client(ClientMessage::Hello(_)) => "Hello",
            Self::Client(ClientMessage::Input { .. }) => "Input",
            Self::Client(ClientMessage::Ping { .. }) => "Ping",
            Self::Client(ClientMessage::Watch(_)) => "Watch",
            Self::Client(ClientMessage::Follow { .. }) => "Follow",
            Self::Server(message) => match **message {
                ServerMessage::Welcome(_) => "Welcome",
                ServerMessage::Snapshot(_) => "Snapshot",
                ServerMessage::Event(_) => "Event",
                ServerMessage::Pong { .. } => "Pong",
                ServerMessage::Bye { .. } => "Bye",
            },
        }
    }
}

/// One golden file: its name without `.bin`, what it shows, and the message.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) message: Message,
}

fn client(name: &'static str, about: &'static str, message: Client) -> Sample {
    let message = Message::Client(message);
    Sample {
        name,
        about,
        message,
    }
}

fn server(name: &'static str, about: &'static str, message: Server) -> Sample {
    let message = Message::Server(Box::new(message));
    Sample {
        name,
        about,
        message,
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = from_client();
    samples.extend(small_from_server());
    samples.extend(events());
    samples.extend(snapshots::snapshots());
    samples
}

fn from_client() -> Vec<Sample> {
    let hello = Hello {
        version: PROTOCOL_VERSION,
        schema: schema_hash::<ArenaWire>(),
        room: String::new(),
        name: "Ada".into(),
        token: None,
        resume: None,
    };
    let ping = |nonce| ClientMessage::Ping {
        nonce,
        received: Tick(0),
    };
    vec![
        client(
            "hello-minimal",
            "The first message of a player called Ada who wants the default room.",
            ClientMessage::Hello(hello.clone()),
        ),
        client(
            "hello-full",
            "A hello with a room, a name beyond ASCII, a token and a resume token.",
            ClientMessage::Hello(Hello {
                room: "duel-7".into(),
                name: "Zoë 🚀".into(),
                token: Some("header.claims.signature".into()),
                resume: Some(ResumeToken(std::array::from_fn(|i| (i * 17) as u8))),
                ..hello.clone()
            }),
        ),
        client(
            "watch",
            "The first message of a spectator of the default room.",
            ClientMessage::Watch(Hello {
                name: String::new(),
                ..hello
            }),
        ),
        client(
            "follow-player",
            "A spectator wants to see what player 300 sees.",
            ClientMessage::Follow {
                player: Some(PlayerId(300)),
            },
        ),
        client(
            "follow-all",
            "A spectator wants to see everything.",
            ClientMessage::Follow { player: None },
        ),
        client(
            "input",
            "An input: thrust, aim and fire, meant for tick 1000, with tick 995 received.",
            ClientMessage::Input {
                seq: Seq(42),
                tick: Tick(1000),
                received: Tick(995),
                input: Input {
                    controls: controls::THRUST | controls::AIM | controls::FIRE,
                    aim: 3072,
                },
            },
        ),
        client(
            "input-wrap",
            "An input at the wrap: its tick is 1, the last one received was the one before 0.",
            ClientMessage::Input {
                seq: Seq(0),
                tick: Tick(1),
                received: Tick(u32::MAX),
                input: Input::default(),
            },
        ),
        client(
            "ping",
            "A ping that acknowledges tick 300.",
            ClientMessage::Ping {
                nonce: 7,
                received: Tick(300),
            },
        ),
        client("varint-250", "The largest one-byte integer.", ping(250)),
        client("varint-251", "The smallest three-byte integer.", ping(251)),
        client(
            "varint-65535",
            "The largest three-byte integer.",
            ping(65_535),
        ),
        client(
            "varint-65536",
            "The smallest five-byte integer.",
            ping(65_536),
        ),
        client(
            "varint-max",
            "The largest integer of 32 bits.",
            ping(u32::MAX),
        ),
    ]
}

fn small_from_server() -> Vec<Sample> {
    let welcome = Welcome {
        player: PlayerId(3),
        tick: Tick(1200),
        applied: Seq(0),
        tick_rate: 30,
        snapshot_rate: 30,
        room: "main".into(),
        name: "Ada".into(),
        resume: ResumeToken(std::array::from_fn(|i| 0xA0 + i as u8)),
        rules: Rules::new(30, 4096),
    };
    vec![
        server(
            "welcome",
            "The welcome of a new player in a room at 30 Hz.",
            ServerMessage::Welcome(welcome.clone()),
        ),
        server(
            "welcome-resumed",
            "The welcome of a player who came back: inputs were applied before; the tick is about to wrap.",
            ServerMessage::Welcome(Welcome {
                tick: Tick(u32::MAX),
                applied: Seq(70_000),
                tick_rate: 60,
                snapshot_rate: 20,
                rules: Rules::new(60, 65_535),
                ..welcome
            }),
        ),
        server(
            "pong",
            "The answer to the ping.",
            ServerMessage::Pong { nonce: 7 },
        ),
        server(
            "bye",
            "A bye without a time to come back.",
            ServerMessage::Bye {
                code: Reason::TakenOver.code(),
                text: Reason::TakenOver.text().into(),
                retry_after_ms: None,
            },
        ),
        server(
            "bye-retry",
            "A bye of a restarting server that asks to come back after three seconds.",
            ServerMessage::Bye {
                code: Reason::Restarting.code(),
                text: Reason::Restarting.text().into(),
                retry_after_ms: Some(3000),
            },
        ),
    ]
}

fn events() -> Vec<Sample> {
    let event = |name, about, event| server(name, about, ServerMessage::Event(event));
    let row = |player, name, score| Row {
        player: PlayerId(player),
        name: Name::new(name),
        score,
    };
    vec![
        event(
            "event-leaderboard",
            "The leaderboard of a room of 260 players; it shows two.",
            Event::Leaderboard {
                players: 260,
                rows: vec![row(9, "Grace", 70_000), row(3, "Ada", 250)],
            },
        ),
        event(
            "event-radar",
            "The radar with a player at the corner and a drone in the middle.",
            Event::Radar {
                blips: vec![
                    Blip {
                        x: 0,
                        y: 255,
                        drone: false,
                    },
                    Blip {
                        x: 128,
                        y: 128,
                        drone: true,
                    },
                ],
            },
        ),
        event(
            "event-kill",
            "The player destroyed Grace.",
            Event::Kill {
                victim: Name::new("Grace"),
            },
        ),
        event(
            "event-death",
            "The player was destroyed by Zoë.",
            Event::Death {
                by: Name::new("Zoë"),
            },
        ),
    ]
}
