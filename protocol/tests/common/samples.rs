//! One message of every kind, and the edges of the encoding: what the golden
//! files hold and what the fuzzed bytes start from.

use downbeat_protocol::arena::{
    ArenaWire, Blip, Entity, Event, Input, Name, Own, Pickup, PickupKind, Row, Rules, Ship, Shot,
    Status, controls, effects,
};
use downbeat_protocol::codec::{DecodeError, EncodeError, decode, encode};
use downbeat_protocol::fields::FieldDiff;
use downbeat_protocol::message::{Hello, Welcome, schema_hash};
use downbeat_protocol::snapshot::{CellChange, Pace};
use downbeat_protocol::{
    ClientMessage, EntityId, PROTOCOL_VERSION, PlayerId, Reason, ResumeToken, Seq, ServerMessage,
    Snapshot, Tick,
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
    samples.extend(snapshots());
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

/// A ship with a value in every field.
pub(crate) fn ship() -> Ship {
    Ship {
        x: 0x01_02_03,
        y: 0xFF_FF_FF,
        vx: -2,
        vy: 32_767,
        heading: 4095,
        aim: 1024,
        controls: controls::THRUST | controls::LEFT,
        health: 100,
        effects: effects::SHIELD | effects::RAPID,
        player: PlayerId(3),
        name: Name::new("Ada"),
    }
}

fn shot() -> Shot {
    Shot {
        x: 256,
        y: 0,
        vx: -32_767,
        vy: 1200,
        player: PlayerId(0),
    }
}

fn pickup(kind: PickupKind) -> Pickup {
    Pickup {
        x: 65_536,
        y: 512,
        kind,
    }
}

/// A snapshot that says nothing but that a tick passed.
pub(crate) fn quiet() -> Snapshot<Entity, Own> {
    Snapshot {
        elapsed: 1,
        applied: 1,
        waiting: 2,
        pace: None,
        own: None,
        checksum: None,
        reset: false,
        hidden: vec![],
        cells: vec![],
    }
}

/// The difference that is `steps` in the fields that are not 0.
fn difference(steps: [i32; 9]) -> FieldDiff<9> {
    FieldDiff::between(&[0; 9], &steps).expect("a step is not 0")
}

fn snapshots() -> Vec<Sample> {
    let snapshot = |name, about, snapshot| server(name, about, ServerMessage::Snapshot(snapshot));
    let changed = |changed| Snapshot {
        cells: vec![(
            5,
            CellChange::Delta {
                left: vec![],
                changed,
                entered: vec![],
            },
        )],
        ..quiet()
    };
    vec![
        snapshot(
            "snapshot-quiet",
            "One tick later; one input was applied, two wait; nothing else differs from the prediction.",
            quiet(),
        ),
        snapshot(
            "snapshot-small",
            "A usual snapshot: the fourth entity of cell 18 changed controls and heading, one shot entered.",
            Snapshot {
                cells: vec![(
                    18,
                    CellChange::Delta {
                        left: vec![],
                        changed: vec![(3, difference([1, -78, 0, 0, 0, 0, 0, 0, 0]))],
                        entered: vec![(300, Entity::Shot(shot()))],
                    },
                )],
                ..quiet()
            },
        ),
        snapshot(
            "snapshot-full",
            "Every part of a snapshot: a new pace (some cell is told every 12 ticks, the room is at its second step of overload), own part, checksum, hidden cells, a delta that has all three lists, a keyframe of every entity kind.",
            Snapshot {
                elapsed: 3,
                applied: 300,
                waiting: 0,
                pace: Some(Pace { ticks: 12, step: 2 }),
                own: Some(Own {
                    score: 251,
                    kills: 2,
                    deaths: 1,
                    status: Status::Flying { ship: EntityId(77) },
                }),
                checksum: Some(0x811C_9DC5),
                reset: false,
                hidden: vec![2, 1, 7],
                cells: vec![
                    (
                        0,
                        CellChange::Delta {
                            left: vec![0, 2],
                            changed: vec![
                                (1, difference([4, 0, 0, 0, 0, -10, 0, 0, 0])),
                                (1, difference([0, 0, -300, 5, 0, 0, 0, 0, 70_000])),
                            ],
                            entered: vec![(12, Entity::Pickup(pickup(PickupKind::Shield)))],
                        },
                    ),
                    (
                        300,
                        CellChange::Keyframe(vec![
                            (77, Entity::Ship(ship())),
                            (1, Entity::Shot(shot())),
                            (251, Entity::Pickup(pickup(PickupKind::Repair))),
                            (1, Entity::Pickup(pickup(PickupKind::Rapid))),
                        ]),
                    ),
                ],
            },
        ),
        snapshot(
            "snapshot-reset",
            "After a long pause: forget everything, do not predict; the player waits for a new ship, which comes after the tick counter's wrap.",
            Snapshot {
                elapsed: 5000,
                applied: 0,
                own: Some(Own {
                    score: 0,
                    kills: 0,
                    deaths: 70_000,
                    status: Status::Waiting { until: Tick(3) },
                }),
                reset: true,
                cells: vec![(1, CellChange::Keyframe(vec![]))],
                ..quiet()
            },
        ),
        snapshot(
            "zigzag-one-byte",
            "Differences of one byte: −1, 1, −125, 125, and a mask of one byte.",
            changed(vec![(0, difference([-1, 1, -125, 125, 0, 0, 0, 0, 0]))]),
        ),
        snapshot(
            "zigzag-edges",
            "Differences beyond one byte: −126, 126, −32768, 32768, the smallest and the largest; the mask takes three bytes.",
            changed(vec![(
                0,
                difference([-126, 126, -32_768, 32_768, i32::MIN, i32::MAX, 0, 0, 1]),
            )]),
        ),
    ]
}
