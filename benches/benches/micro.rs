//! Times the parts: `cargo bench -p downbeat-bench`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use downbeat_bench::room::Room;
use downbeat_protocol::arena::{ArenaWire, Entity, Input, Name, Rules, Ship};
use downbeat_protocol::snapshot::{DeltaWriter, put_entities, write_keyframe};
use downbeat_protocol::{
    ClientMessage, EntityId, Mirror, PlayerId, Replicate, Seq, ServerMessage, Tick, codec,
};
use std::sync::{Arc, Mutex};

fn main() {
    divan::main();
}

/// Ships that fly, one after the other.
fn ships(count: u32) -> Vec<(EntityId, Entity)> {
    let ship = |number: u32| {
        Entity::Ship(Ship {
            x: 100_000 + number as i32 * 997,
            y: 200_000 + number as i32 * 313,
            vx: number as i32 % 700 - 350,
            vy: number as i32 % 500 - 250,
            heading: (number * 37 % 4096) as u16,
            aim: (number * 91 % 4096) as u16,
            controls: (number % 32) as u8,
            health: 100,
            effects: 0,
            player: PlayerId(number),
            name: Name::new("pilot"),
        })
    };
    (1..=count)
        .map(|number| (EntityId(number), ship(number)))
        .collect()
}

/// A room at a density at which everyone sees about 30 players, warmed up.
fn room(players: usize) -> Room {
    let area = players as f64 / 30.0 * 1952.0 * 1472.0;
    let mut room = Room::new(players, (area.sqrt() as u32).clamp(1024, 60_000)).unwrap();
    for _ in 0..5 {
        room.take(|_, _| {});
        room.speak();
        room.tick().unwrap();
    }
    room
}

#[divan::bench]
fn input_encode(bencher: Bencher<'_, '_>) {
    let message = input();
    let mut out = Vec::with_capacity(64);
    bencher.bench_local(move || {
        out.clear();
        codec::encode_to(black_box(&message), &mut out).unwrap();
    });
}

#[divan::bench]
fn input_decode(bencher: Bencher<'_, '_>) {
    let bytes = codec::encode(&input()).unwrap();
    bencher.bench(|| codec::decode::<ClientMessage<Input>>(black_box(&bytes)).unwrap());
}

fn input() -> ClientMessage<Input> {
    ClientMessage::Input {
        seq: Seq(1000),
        tick: Tick(5002),
        received: Tick(5000),
        input: Input {
            controls: 9,
            aim: 1234,
        },
    }
}

#[divan::bench(args = [1, 8, 64])]
fn cell_keyframe(bencher: Bencher<'_, '_>, count: u32) {
    let ships = ships(count);
    let mut out = Vec::with_capacity(4096);
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        out.clear();
        write_keyframe(black_box(&ships), &mut out).unwrap();
    });
}

/// A fifth of the ships do what was not predicted.
#[divan::bench(args = [1, 8, 64])]
fn cell_delta(bencher: Bencher<'_, '_>, count: u32) {
    let rules = Rules::new(20, 6144);
    let mut predicted = ships(count);
    for (_, ship) in &mut predicted {
        ship.predict(&rules);
    }
    let mut truth = predicted.clone();
    for (_, ship) in truth.iter_mut().step_by(5) {
        if let Entity::Ship(ship) = ship {
            ship.controls ^= 1;
            ship.aim ^= 255;
        }
    }
    let mut writer = DeltaWriter::default();
    let mut out = Vec::with_capacity(4096);
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        out.clear();
        writer
            .write(black_box(&predicted), black_box(&truth), &mut out)
            .unwrap()
    });
}

#[divan::bench(args = [8, 64])]
fn cell_checksum(bencher: Bencher<'_, '_>, count: u32) {
    let ships = ships(count);
    let mut out = Vec::with_capacity(4096);
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        out.clear();
        put_entities(black_box(&ships), &mut out).unwrap();
        codec::fnv1a(codec::FNV_START, &out)
    });
}

/// A client's work for one snapshot: decode, predict, apply.
#[divan::bench]
fn mirror_apply(bencher: Bencher<'_, '_>) {
    let mut room = Room::new(1000, 9786).unwrap();
    let mut mirror = None;
    for _ in 0..20 {
        room.take(|number, bytes| {
            if number == 0 {
                hear(bytes, &mut mirror);
            }
        });
        room.speak();
        room.tick().unwrap();
    }
    let mut next = Vec::new();
    room.take(|number, bytes| {
        // Variant 1 is a snapshot.
        if number == 0 && bytes[0] == 1 {
            next = bytes.to_vec();
        }
    });
    let mirror = mirror.unwrap();
    bencher
        .with_inputs(|| mirror.clone())
        .bench_local_values(|mirror| {
            let mut mirror = Some(mirror);
            hear(black_box(&next), &mut mirror);
            mirror
        });
}

fn hear(bytes: &[u8], mirror: &mut Option<Mirror<Entity>>) {
    match codec::decode::<ServerMessage<ArenaWire>>(bytes).unwrap() {
        ServerMessage::Welcome(welcome) => {
            *mirror = Some(Mirror::new(welcome.tick, welcome.rules));
        }
        ServerMessage::Snapshot(snapshot) => {
            if let Some(mirror) = mirror {
                mirror.apply(snapshot).unwrap();
            }
        }
        _ => {}
    }
}

/// One tick of a room, all seven steps; what sessions do lies outside.
#[divan::bench(args = [10, 100, 1000, 10_000], sample_count = 50, sample_size = 1)]
fn world_tick(bencher: Bencher<'_, '_>, players: usize) {
    let room = Arc::new(Mutex::new(room(players)));
    let before = Arc::clone(&room);
    bencher
        .counter(ItemsCount::new(players))
        .with_inputs(move || {
            let mut room = before.lock().unwrap();
            room.take(|_, _| {});
            room.speak();
        })
        .bench_local_values(|()| room.lock().unwrap().tick().unwrap());
}
