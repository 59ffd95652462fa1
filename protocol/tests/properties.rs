//! What must hold for every message, every pair of entities, every history.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::history::{History, Plan, checksum};
use common::strategies::{difference, entity, message, own, pace, pair, plan, rules, ship};
use downbeat_protocol::arena::{ArenaWire, Entity};
use downbeat_protocol::codec::{DecodeError, decode, encode};
use downbeat_protocol::fields::FieldDiff;
use downbeat_protocol::snapshot::{DeltaWriter, Header, write_keyframe, write_snapshot};
use downbeat_protocol::{CellId, Change, EntityId, Mirror, Replicate, ServerMessage};
use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;

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
