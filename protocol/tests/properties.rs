//! What must hold for every message, every pair of entities, every history.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::history::{History, Plan, checksum};
use common::samples::{Client, Message, Server};
use downbeat_protocol::arena::{
    ArenaWire, Blip, Entity, Event, Input, Name, Own, Pickup, PickupKind, Row, Rules, Ship, Shot,
    Status,
};
use downbeat_protocol::codec::{DecodeError, decode, encode};
use downbeat_protocol::fields::FieldDiff;
use downbeat_protocol::message::{Hello, Welcome};
use downbeat_protocol::snapshot::{
    CellChange, DeltaWriter, Header, Pace, write_keyframe, write_snapshot,
};
use downbeat_protocol::{
    CellId, Change, ClientMessage, EntityId, Mirror, PlayerId, Replicate, ResumeToken, Seq,
    ServerMessage, Snapshot, Tick,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// The largest position that fits the wire.
const FAR: i32 = 0xFF_FFFF;
const FAST: i32 = 32_767;

fn name() -> impl Strategy<Value = Name> {
    ".{0,20}".prop_map(|text| Name::new(&text))
}

fn ship() -> impl Strategy<Value = Ship> {
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

fn entity() -> impl Strategy<Value = Entity> {
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
fn pair() -> impl Strategy<Value = (Entity, Entity)> {
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

fn rules() -> impl Strategy<Value = Rules> {
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

fn own() -> impl Strategy<Value = Own> {
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

fn difference() -> impl Strategy<Value = FieldDiff<9>> {
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

fn pace() -> impl Strategy<Value = Option<Pace>> {
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

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        client_message().prop_map(Message::Client),
        server_message().prop_map(|message| Message::Server(Box::new(message))),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
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

proptest! {
    #[test]
    fn every_message_comes_back_and_no_prefix_of_it_does(message in message()) {
        let bytes = message.encode().unwrap();
        prop_assert_eq!(message.decode_like(&bytes), Ok(message.clone()));
        let cut = bytes.len() / 2;
        prop_assert_eq!(message.decode_like(&bytes[..cut]), Err(DecodeError::Truncated));
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(message.decode_like(&longer), Err(DecodeError::Trailing(1)));
    }

    #[test]
    fn a_difference_makes_the_predicted_entity_the_true_one((predicted, truth) in pair()) {
        match truth.diff(&predicted) {
            Change::None => prop_assert_eq!(predicted, truth),
            Change::Replace => {
                let bytes = encode(&truth).unwrap();
                prop_assert_eq!(decode::<Entity>(&bytes), Ok(truth));
            }
            Change::Diff(diff) => {
                let bytes = encode(&diff).unwrap();
                let diff: FieldDiff<9> = decode(&bytes).unwrap();
                let mut entity = predicted;
                entity.apply(&diff).unwrap();
                prop_assert_eq!(entity, truth);
            }
        }
    }

    #[test]
    fn only_the_whole_replaces_another_kind_or_another_owner((predicted, truth) in pair()) {
        let same = match (&predicted, &truth) {
            (Entity::Ship(a), Entity::Ship(b)) => (a.player, a.name) == (b.player, b.name),
            (Entity::Shot(a), Entity::Shot(b)) => a.player == b.player,
            _ => predicted == truth,
        };
        prop_assert_eq!(matches!(truth.diff(&predicted), Change::Replace), !same);
    }

    #[test]
    fn motion_stays_within_what_the_wire_can_say(
        mut ship in ship(), rules in rules(), ticks in 1..50u32,
    ) {
        // Where the server puts a ship; further out it would be thrown back at once.
        (ship.x, ship.y) = (ship.x.min(rules.size), ship.y.min(rules.size));
        for _ in 0..ticks {
            ship.advance(&rules);
        }
        let back: Entity = decode(&encode(&Entity::Ship(ship)).unwrap()).unwrap();
        prop_assert_eq!(back, Entity::Ship(ship));
        prop_assert!((0..=rules.size).contains(&ship.x) && (0..=rules.size).contains(&ship.y));
        prop_assert!(ship.heading < 4096);
    }

    #[test]
    fn a_difference_of_any_steps_leaves_values_that_the_wire_can_say(
        mut entity in entity(), diff in difference(),
    ) {
        if entity.apply(&diff).is_ok() {
            let back: Entity = decode(&encode(&entity).unwrap()).unwrap();
            prop_assert_eq!(back, entity);
        }
    }

    #[test]
    fn parts_are_written_as_the_derived_layout(
        (elapsed, applied, waiting) in any::<(u32, u32, u32)>(),
        pace in pace(),
        own in option::of(own()),
        checksum in option::of(any::<u32>()),
        reset: bool,
        hidden in btree_set(any::<u32>(), 0..5),
        cells in btree_map(any::<u32>(), btree_map(any::<u32>(), entity(), 0..5), 0..5),
    ) {
        let hidden: Vec<_> = hidden.into_iter().map(CellId).collect();
        let cells: Vec<_> = cells
            .into_iter()
            .map(|(cell, entities)| {
                let entities: Vec<_> =
                    entities.into_iter().map(|(id, entity)| (EntityId(id), entity)).collect();
                let mut bytes = Vec::new();
                let delta = cell % 2 == 0
                    && DeltaWriter::default().write(&[], &entities, &mut bytes).unwrap();
                if !delta {
                    write_keyframe(&entities, &mut bytes).unwrap();
                }
                (CellId(cell), bytes)
            })
            .collect();
        let own = own.as_ref();
        let header = Header { elapsed, applied, waiting, pace, own, checksum, reset };
        let mut bytes = Vec::new();
        let parts = cells.iter().map(|(cell, bytes)| (*cell, &bytes[..]));
        write_snapshot(header, &hidden, parts, &mut bytes).unwrap();

        let message: ServerMessage<ArenaWire> = decode(&bytes).unwrap();
        prop_assert_eq!(encode(&message).unwrap(), bytes);
        let ServerMessage::Snapshot(snapshot) = message else {
            return Err(TestCaseError::fail("not a snapshot"));
        };
        prop_assert_eq!(
            (snapshot.elapsed, snapshot.applied, snapshot.waiting),
            (elapsed, applied, waiting)
        );
        prop_assert_eq!((snapshot.pace, snapshot.own.as_ref()), (pace, own));
        prop_assert_eq!((snapshot.checksum, snapshot.reset), (checksum, reset));
        prop_assert_eq!(snapshot.hidden.len(), hidden.len());
        prop_assert_eq!(snapshot.cells.len(), cells.len());
    }

    #[test]
    fn a_mirror_follows_every_history(plan in plan()) {
        let mut history = History::new(plan);
        let mut mirror = Mirror::<Entity>::new(plan.start, history.rules);
        for _ in 0..30 {
            let told = history.next();
            let ServerMessage::<ArenaWire>::Snapshot(snapshot) = decode(&told.bytes).unwrap()
            else {
                return Err(TestCaseError::fail("not a snapshot"));
            };
            prop_assert_eq!(encode(&ServerMessage::<ArenaWire>::Snapshot(snapshot.clone())).unwrap(), told.bytes);
            prop_assert_eq!(mirror.apply(snapshot), Ok(()));
            prop_assert_eq!(mirror.tick(), told.tick);
            let shown: Vec<_> = mirror.entities().copied().collect();
            let seen: Vec<_> = told.seen.values().flatten().copied().collect();
            prop_assert_eq!(shown, seen);
            prop_assert_eq!(mirror.checksum(), Ok(told.checksum));
            prop_assert_eq!(checksum(&told.seen), told.checksum);
        }
    }

    #[test]
    fn a_mirror_that_missed_a_snapshot_says_so(plan in plan(), missed in 1..10usize) {
        let plan = Plan { resets: 0, ..plan };
        let mut history = History::new(plan);
        let mut mirror = Mirror::<Entity>::new(plan.start, history.rules);
        for step in 0..30 {
            let told = history.next();
            let ServerMessage::<ArenaWire>::Snapshot(snapshot) = decode(&told.bytes).unwrap()
            else {
                return Err(TestCaseError::fail("not a snapshot"));
            };
            if step == missed {
                continue;
            }
            let verified = snapshot.checksum.is_some();
            let applied = mirror.apply(snapshot);
            let shown: Vec<_> = mirror.entities().copied().collect();
            let seen: Vec<_> = told.seen.values().flatten().copied().collect();
            if shown != seen && verified {
                prop_assert!(applied.is_err(), "a wrong mirror passed its checksum");
            }
            if applied.is_err() {
                break;
            }
        }
    }
}
