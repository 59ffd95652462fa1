//! What the properties are tried on: any message, any entity, two of them, any history.

use super::history::Plan;
use super::samples::{Client, Message, Server};
use downbeat_protocol::arena::{
    Blip, Entity, Event, Input, Name, Own, Pickup, PickupKind, Row, Rules, Ship, Shot, Status,
};
use downbeat_protocol::fields::FieldDiff;
use downbeat_protocol::message::{Hello, Welcome};
use downbeat_protocol::snapshot::{CellChange, Pace};
use downbeat_protocol::{
    ClientMessage, EntityId, PlayerId, ResumeToken, Seq, ServerMessage, Snapshot, Tick,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The largest position that fits the wire.
const FAR: i32 = 0xFF_FFFF;
const FAST: i32 = 32_767;

fn name() -> impl Strategy<Value = Name> {
    ".{0,20}".prop_map(|text| Name::new(&text))
}

pub(crate) fn ship() -> impl Strategy<Value = Ship> {
    let motion = (0..=FAR, 0..=FAR, -FAST..=FAST, -FAST..=FAST);
    let pilot = (0..4096u16, 0..4096u16, any::<[u8; 3]>());
    let who = (prop_oneof![0..4u32, any::<u32>()], name());
    (motion, pilot, who).prop_map(|(motion, pilot, (player, name))| {
        let (x, y, vx, vy) = motion;
        let (heading, aim, [controls, health, effects]) = pilot;
        Ship {
            x,
            y,
            vx,
            vy,
            heading,
            aim,
            controls,
            health,
            effects,
            player: PlayerId(player),
            name,
        }
    })
}

fn shot() -> impl Strategy<Value = Shot> {
    (0..=FAR, 0..=FAR, -FAST..=FAST, -FAST..=FAST, 0..3u32).prop_map(|(x, y, vx, vy, player)| {
        Shot {
            x,
            y,
            vx,
            vy,
            player: PlayerId(player),
        }
    })
}

pub(crate) fn entity() -> impl Strategy<Value = Entity> {
    let kind = prop_oneof![
        Just(PickupKind::Repair),
        Just(PickupKind::Rapid),
        Just(PickupKind::Shield)
    ];
    prop_oneof![
        ship().prop_map(Entity::Ship),
        shot().prop_map(Entity::Shot),
        (0..=FAR, 0..=FAR, kind).prop_map(|(x, y, kind)| Entity::Pickup(Pickup { x, y, kind })),
    ]
}

/// Two entities, often the same one a little later.
pub(crate) fn pair() -> impl Strategy<Value = (Entity, Entity)> {
    let near = (ship(), ship()).prop_map(|(old, new)| {
        let new = Ship {
            player: old.player,
            name: old.name,
            ..new
        };
        (Entity::Ship(old), Entity::Ship(new))
    });
    let shots = (shot(), shot()).prop_map(|(old, new)| {
        let new = Shot {
            player: old.player,
            ..new
        };
        (Entity::Shot(old), Entity::Shot(new))
    });
    let same = entity().prop_map(|entity| (entity, entity));
    prop_oneof![near, shots, same, (entity(), entity())]
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (1..=240u32, 1..=65_535u32).prop_map(|(rate, size)| Rules::new(rate, size))
}

fn client_message() -> impl Strategy<Value = Client> {
    let hello = (
        any::<bool>(),
        any::<u16>(),
        any::<u32>(),
        ".{0,40}",
        ".{0,40}",
        option::of(".{0,300}"),
        option::of(any::<[u8; 16]>()),
    );
    prop_oneof![
        hello.prop_map(|(plays, version, schema, room, name, token, resume)| {
            let greet = if plays {
                ClientMessage::Hello
            } else {
                ClientMessage::Watch
            };
            greet(Hello {
                version,
                schema,
                room,
                name,
                token,
                resume: resume.map(ResumeToken),
            })
        }),
        any::<(u32, u32, u32, u8, u16)>().prop_map(|(seq, tick, received, controls, aim)| {
            ClientMessage::Input {
                seq: Seq(seq),
                tick: Tick(tick),
                received: Tick(received),
                input: Input { controls, aim },
            }
        }),
        option::of(any::<u32>()).prop_map(|player| ClientMessage::Follow {
            player: player.map(PlayerId),
        }),
        any::<(u32, u32)>().prop_map(|(nonce, received)| ClientMessage::Ping {
            nonce,
            received: Tick(received),
        }),
    ]
}

pub(crate) fn own() -> impl Strategy<Value = Own> {
    let status = prop_oneof![
        any::<u32>().prop_map(|ship| Status::Flying {
            ship: EntityId(ship)
        }),
        any::<u32>().prop_map(|tick| Status::Waiting { until: Tick(tick) }),
    ];
    (any::<[u32; 3]>(), status).prop_map(|([score, kills, deaths], status)| Own {
        score,
        kills,
        deaths,
        status,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let row = (any::<u32>(), name(), any::<u32>()).prop_map(|(player, name, score)| Row {
        player: PlayerId(player),
        name,
        score,
    });
    let blip = any::<(u8, u8, bool)>().prop_map(|(x, y, drone)| Blip { x, y, drone });
    prop_oneof![
        (any::<u32>(), vec(row, 0..10))
            .prop_map(|(players, rows)| Event::Leaderboard { players, rows }),
        vec(blip, 0..128).prop_map(|blips| Event::Radar { blips }),
        name().prop_map(|victim| Event::Kill { victim }),
        name().prop_map(|by| Event::Death { by }),
    ]
}

pub(crate) fn difference() -> impl Strategy<Value = FieldDiff<9>> {
    any::<[i32; 9]>().prop_filter_map("no difference", |new| FieldDiff::between(&[0; 9], &new))
}

fn cell_change() -> impl Strategy<Value = CellChange<Entity>> {
    let delta = (
        vec(any::<u32>(), 0..5),
        vec((any::<u32>(), difference()), 0..5),
        vec((any::<u32>(), entity()), 0..5),
    );
    prop_oneof![
        delta.prop_map(|(left, changed, entered)| CellChange::Delta {
            left,
            changed,
            entered
        }),
        vec((any::<u32>(), entity()), 0..5).prop_map(CellChange::Keyframe),
    ]
}

fn snapshot() -> impl Strategy<Value = Snapshot<Entity, Own>> {
    let header = (
        any::<[u32; 3]>(),
        pace(),
        option::of(own()),
        option::of(any::<u32>()),
        any::<bool>(),
    );
    let cells = vec((any::<u32>(), cell_change()), 0..5);
    (header, vec(any::<u32>(), 0..5), cells).prop_map(|(header, hidden, cells)| {
        let ([elapsed, applied, waiting], pace, own, checksum, reset) = header;
        Snapshot {
            elapsed,
            applied,
            waiting,
            pace,
            own,
            checksum,
            reset,
            hidden,
            cells,
        }
    })
}

pub(crate) fn pace() -> impl Strategy<Value = Option<Pace>> {
    option::of(any::<(u32, u32)>().prop_map(|(ticks, step)| Pace { ticks, step }))
}

fn server_message() -> impl Strategy<Value = Server> {
    let welcome = (
        any::<[u32; 5]>(),
        ".{0,40}",
        ".{0,40}",
        any::<[u8; 16]>(),
        rules(),
    );
    prop_oneof![
        welcome.prop_map(|(numbers, room, name, resume, rules)| {
            let [player, tick, applied, tick_rate, snapshot_rate] = numbers;
            ServerMessage::Welcome(Welcome {
                player: PlayerId(player),
                tick: Tick(tick),
                applied: Seq(applied),
                tick_rate,
                snapshot_rate,
                room,
                name,
                resume: ResumeToken(resume),
                rules,
            })
        }),
        snapshot().prop_map(ServerMessage::Snapshot),
        event().prop_map(ServerMessage::Event),
        any::<u32>().prop_map(|nonce| ServerMessage::Pong { nonce }),
        (any::<u16>(), ".{0,123}", option::of(any::<u32>())).prop_map(|(code, text, retry)| {
            ServerMessage::Bye {
                code,
                text,
                retry_after_ms: retry,
            }
        }),
    ]
}

pub(crate) fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        client_message().prop_map(Message::Client),
        server_message().prop_map(|message| Message::Server(Box::new(message))),
    ]
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let odds = (0..80u32, 0..20u32, 0..40u32);
    let start = prop_oneof![any::<u32>(), (u32::MAX - 20)..=u32::MAX];
    let tick_rate = prop_oneof![Just(20u32), Just(30), Just(60), 5..240u32];
    (any::<u64>(), tick_rate, start, odds).prop_map(
        |(seed, tick_rate, start, (skips, resets, jumps))| Plan {
            seed,
            tick_rate,
            start: Tick(start),
            skips,
            resets,
            jumps,
        },
    )
}
