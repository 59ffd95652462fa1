//! Recordings written by hand, byte for byte as docs/protocol.md says, as another client
//! would write them.

use downbeat_protocol::arena::{
    ArenaWire, Entity, Input, Name, Own, Pickup, PickupKind, Rules, Ship, Status, controls,
};
use downbeat_protocol::codec::{FNV_START, encode, fnv1a};
use downbeat_protocol::message::Welcome;
use downbeat_protocol::snapshot::{DeltaWriter, Header, write_keyframe, write_snapshot};
use downbeat_protocol::{
    CellId, ClientMessage, EntityId, Mirror, PlayerId, Replicate, ResumeToken, Seq, ServerMessage,
    Tick,
};

/// A recording of these messages, 100 ms apart, written from its documentation.
pub(super) fn tape(messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let about = br#"{"protocol":1,"game":"arena/1","url":"ws://x/ws","date":"2026-01-01T00:00:00Z","client":"a test"}"#;
    let mut file = b"DBTAPE\0\x01".to_vec();
    file.extend_from_slice(&(about.len() as u32).to_le_bytes());
    file.extend_from_slice(about);
    for (number, (what, body)) in (0u64..).zip(messages) {
        let mut head = vec![0xDB, 0xA7, *what];
        head.extend_from_slice(&(number * 100_000).to_le_bytes());
        head.extend_from_slice(&(body.len() as u32).to_le_bytes());
        head.extend_from_slice(&fnv1a(FNV_START, body).to_le_bytes());
        let sum = fnv1a(FNV_START, &head);
        head.extend_from_slice(&sum.to_le_bytes());
        file.extend_from_slice(&head);
        file.extend_from_slice(body);
    }
    file
}

pub(super) fn pings(nonce: u32) -> Vec<u8> {
    let ping = ClientMessage::<Input>::Ping {
        nonce,
        received: Tick(0),
    };
    encode(&ping).unwrap()
}

fn welcome() -> Vec<u8> {
    let welcome = ServerMessage::<ArenaWire>::Welcome(Welcome {
        player: PlayerId(7),
        tick: Tick(1000),
        applied: Seq(40),
        tick_rate: 30,
        snapshot_rate: 30,
        room: "main".into(),
        name: "ada".into(),
        resume: ResumeToken([7; 16]),
        rules: Rules::new(30, 4000),
    });
    encode(&welcome).unwrap()
}

/// A keyframe with a ship and a pickup; then the ship thrusts and the pickup is
/// gone, told as a delta with a right checksum.
pub(super) fn history() -> Vec<(u8, Vec<u8>)> {
    let rules = Rules::new(30, 4000);
    let ship = Ship {
        x: 1000,
        y: 2000,
        vx: 40,
        vy: 0,
        heading: 0,
        aim: 0,
        controls: 0,
        health: 100,
        effects: 2,
        player: PlayerId(7),
        name: Name::new("ada"),
    };
    let pickup = Pickup {
        x: 5,
        y: 6,
        kind: PickupKind::Rapid,
    };
    let before = [
        (EntityId(3), Entity::Ship(ship)),
        (EntityId(9), Entity::Pickup(pickup)),
    ];
    let own = Own {
        score: 5,
        kills: 0,
        deaths: 0,
        status: Status::Flying { ship: EntityId(3) },
    };
    let header = Header {
        elapsed: 1,
        applied: 0,
        waiting: 0,
        pace: None,
        own: Some(&own),
        checksum: None,
        reset: true,
    };
    let (mut cell, mut first) = (Vec::new(), Vec::new());
    write_keyframe(&before, &mut cell).unwrap();
    write_snapshot(
        header,
        &[],
        [(CellId(4), &cell[..])].into_iter(),
        &mut first,
    )
    .unwrap();

    let mut predicted = before;
    predicted
        .iter_mut()
        .for_each(|(_, entity)| entity.predict(&rules));
    let mut flown = ship;
    flown.controls = controls::THRUST;
    flown.advance(&rules);
    let after = [(EntityId(3), Entity::Ship(flown))];
    let mut mirror = Mirror::<Entity>::new(Tick(0), rules);
    let whole = |entities: &[(EntityId, Entity)]| {
        let (mut cell, mut bytes) = (Vec::new(), Vec::new());
        write_keyframe(entities, &mut cell).unwrap();
        let header = Header::<()> {
            elapsed: 0,
            applied: 0,
            waiting: 0,
            pace: None,
            own: None,
            checksum: None,
            reset: true,
        };
        write_snapshot(
            header,
            &[],
            [(CellId(4), &cell[..])].into_iter(),
            &mut bytes,
        )
        .unwrap();
        match downbeat_protocol::codec::decode::<ServerMessage<ArenaWire>>(&bytes).unwrap() {
            ServerMessage::Snapshot(snapshot) => snapshot,
            other => panic!("{other:?}"),
        }
    };
    mirror.apply(whole(&after)).unwrap();
    let header = Header {
        elapsed: 1,
        applied: 1,
        waiting: 2,
        pace: None,
        own: Some(&Own {
            score: 9,
            ..own.clone()
        }),
        checksum: Some(mirror.checksum().unwrap()),
        reset: false,
    };
    let (mut cell, mut second) = (Vec::new(), Vec::new());
    DeltaWriter::default()
        .write(&predicted, &after, &mut cell)
        .unwrap();
    write_snapshot(
        header,
        &[CellId(5)],
        [(CellId(4), &cell[..])].into_iter(),
        &mut second,
    )
    .unwrap();

    let input = ClientMessage::Input {
        seq: Seq(41),
        tick: Tick(1002),
        received: Tick(1001),
        input: Input {
            controls: controls::THRUST | controls::FIRE,
            aim: 12,
        },
    };
    let close = [&1000u16.to_le_bytes()[..], b"goodbye"].concat();
    vec![
        (1, welcome()),
        (1, first),
        (0, encode(&input).unwrap()),
        (1, second),
        (2, close),
    ]
}
