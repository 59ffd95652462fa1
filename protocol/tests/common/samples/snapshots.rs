//! Snapshots among the samples, and what they are made of.

use super::{Sample, server};
use downbeat_protocol::arena::{
    Entity, Name, Own, Pickup, PickupKind, Ship, Shot, Status, controls, effects,
};
use downbeat_protocol::fields::FieldDiff;
use downbeat_protocol::snapshot::{CellChange, Pace};
use downbeat_protocol::{EntityId, PlayerId, ServerMessage, Snapshot, Tick};

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

/// One snapshot of every kind.
pub(super) fn snapshots() -> Vec<Sample> {
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
