//! Histories for implementations in other languages: how a mirror changes with
//! each snapshot, and how ships and shots move.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::history::{History, Plan};
use common::{Numbers, hold, json};
use downbeat_protocol::arena::{Entity, Name, Own, Rules, Ship, Shot, controls};
use downbeat_protocol::codec::decode;
use downbeat_protocol::{Mirror, PlayerId, Replicate, ServerMessage, Tick, arena::ArenaWire};
use serde_json::{Value, json as object};

const PLANS: [(&str, Plan); 3] = [
    (
        "a snapshot for every tick, a steady view",
        Plan {
            seed: 1,
            tick_rate: 30,
            start: Tick(100),
            skips: 0,
            resets: 0,
            jumps: 0,
        },
    ),
    (
        "skipped ticks, view changes and resets",
        Plan {
            seed: 2,
            tick_rate: 20,
            start: Tick(0),
            skips: 40,
            resets: 15,
            jumps: 20,
        },
    ),
    (
        "over the wrap of the tick counter",
        Plan {
            seed: 3,
            tick_rate: 60,
            start: Tick(u32::MAX - 8),
            skips: 30,
            resets: 0,
            jumps: 10,
        },
    ),
];

#[test]
fn mirrors_follow_the_vectors() {
    let mut all = Vec::new();
    let mut histories = Vec::new();
    for (about, plan) in PLANS {
        let mut history = History::new(plan);
        let mut mirror = Mirror::<Entity>::new(plan.start, history.rules);
        let mut steps = Vec::new();
        for _ in 0..20 {
            let told = history.next();
            let ServerMessage::<ArenaWire>::Snapshot(snapshot) = decode(&told.bytes).unwrap()
            else {
                panic!("a snapshot was written");
            };
            mirror.apply::<Own>(snapshot).unwrap();
            let seen: Vec<_> = told.seen.values().flatten().copied().collect();
            let shown: Vec<_> = mirror.entities().copied().collect();
            assert_eq!(shown, seen, "{about}, {}", told.tick);
            assert_eq!(
                mirror.checksum(),
                Ok(told.checksum),
                "{about}, {}",
                told.tick
            );
            steps.push(object!({
                "offset": all.len(),
                "length": told.bytes.len(),
                "tick": told.tick.0,
                "checksum": told.checksum,
                "cells": json(&told.seen.iter().collect::<Vec<_>>()),
            }));
            all.extend(told.bytes);
        }
        histories.push((about, plan.start, json(&history.rules), steps));
    }
    hold("mirror.bin", &all);
    hold("mirror.json", mirror_json(&histories).as_bytes());
}

/// A line per step, so that a change can be read as a difference.
fn mirror_json(histories: &[(&str, Tick, Value, Vec<Value>)]) -> String {
    let histories: Vec<_> = histories
        .iter()
        .map(|(about, tick, rules, steps)| {
            let steps: Vec<_> = steps.iter().map(Value::to_string).collect();
            format!(
                "{{\"about\":{},\"tick\":{},\"rules\":{rules},\"steps\":[\n{}\n]}}",
                object!(about),
                tick.0,
                steps.join(",\n")
            )
        })
        .collect();
    format!("[\n{}\n]\n", histories.join(",\n"))
}

#[test]
fn ships_and_shots_follow_the_vectors() {
    let mut numbers = Numbers(4);
    let mut lines = Vec::new();
    for tick_rate in [1, 10, 20, 30, 60, 128, 240] {
        let rules = Rules::new(tick_rate, 2000);
        for held in 0..32u8 {
            let ship = Ship {
                x: numbers.between(0, rules.size),
                y: numbers.between(0, rules.size),
                vx: numbers.between(-3000, 3000),
                vy: numbers.between(-3000, 3000),
                heading: numbers.below(4096) as u16,
                aim: numbers.below(4096) as u16,
                controls: held,
                health: 50,
                effects: 0,
                player: PlayerId(1),
                name: Name::new("Ada"),
            };
            lines.push(motion(&rules, Entity::Ship(ship), [1, 2, 7, 40]));
        }
        for (vx, vy) in [(1, -1), (-3333, 3333), (32_767, -32_767), (0, 7)] {
            let shot = Shot {
                x: numbers.between(0, rules.size),
                y: numbers.between(0, rules.size),
                vx,
                vy,
                player: PlayerId(2),
            };
            lines.push(motion(&rules, Entity::Shot(shot), [1, 2, 3, 4]));
        }
        // Into each border, at full speed, with the nose and the thrust outward.
        for (heading, vx, vy) in [
            (0, 32_767, 3),
            (1024, -3, 32_767),
            (2048, -32_767, 0),
            (3072, 1, -32_767),
        ] {
            let ship = Ship {
                x: rules.size / 2,
                y: rules.size / 2,
                vx,
                vy,
                heading,
                aim: 0,
                controls: controls::THRUST,
                health: 1,
                effects: 7,
                player: PlayerId(0),
                name: Name::new(""),
            };
            lines.push(motion(&rules, Entity::Ship(ship), [1, 5, 20, 80]));
        }
    }
    hold(
        "motion.json",
        format!("[\n{}\n]\n", lines.join(",\n")).as_bytes(),
    );
}

/// An entity and what it is after so many ticks of prediction.
fn motion(rules: &Rules, start: Entity, ticks: [u32; 4]) -> String {
    let mut entity = start;
    let mut done = 0;
    let states: Vec<_> = ticks
        .into_iter()
        .map(|ticks| {
            (done..ticks).for_each(|_| entity.predict(rules));
            done = ticks;
            object!([ticks, moved(&entity)])
        })
        .collect();
    object!({"rules": json(rules), "start": json(&start), "after": states}).to_string()
}

/// What motion changes, as numbers: beyond the border a shot's position does not
/// fit the wire.
fn moved(entity: &Entity) -> Value {
    match entity {
        Entity::Ship(ship) => object!([ship.x, ship.y, ship.vx, ship.vy, ship.heading]),
        Entity::Shot(shot) => object!([shot.x, shot.y, shot.vx, shot.vy]),
        Entity::Pickup(pickup) => object!([pickup.x, pickup.y]),
    }
}
