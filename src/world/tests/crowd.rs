//! What a budget does to those who see a crowd. Every snapshot's checksum is verified.

use super::{shown, tick, truth, wish};
use crate::game::Game;
use crate::game::arena::{Arena, Config};
use crate::world::puppet::{Puppet, config};
use crate::world::{Core, CoreConfig};
use downbeat_protocol::arena::{Entity, Status};
use downbeat_protocol::{EntityId, Seq};
use std::collections::BTreeMap;

/// How many see the crowd.
const CROWD: u32 = 60;

/// A crowd that fights in a small place, seen for `ticks` ticks.
fn crowd(byte_rate: u32, ticks: u32, mut each: impl FnMut(u32, &Core<Arena>, &[Puppet<Arena>])) {
    let config = CoreConfig {
        byte_rate,
        ..config()
    };
    let arena = Config {
        size: 2600,
        ..Config::default()
    };
    let mut core = Core::new(config, Arena::new(&arena, 30, 7));
    let mut puppets: Vec<_> = (0..CROWD)
        .map(|i| Puppet::join(&mut core, &format!("p{i}")))
        .collect();
    for now in 1..=ticks {
        tick(&mut core);
        for puppet in &mut puppets {
            puppet.take();
        }
        each(now, &core, &puppets);
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.send(wish(i, now));
        }
    }
}

fn ids(seen: &[(EntityId, Entity)]) -> Vec<EntityId> {
    seen.iter().map(|(id, _)| *id).collect()
}

#[test]
fn the_set_of_what_is_seen_is_exact_whatever_the_budget() {
    for byte_rate in [1, 6_000, 12_000] {
        crowd(byte_rate, 300, |now, core, puppets| {
            for (i, puppet) in puppets.iter().enumerate() {
                assert_eq!(
                    ids(&shown(puppet)),
                    ids(&truth(core, puppet)),
                    "player {i} at tick {now} with {byte_rate} bytes per second"
                );
                assert_eq!(puppet.resets, 1, "slower is not anew");
                assert_eq!(puppet.snapshots, now, "one per tick all the same");
            }
        });
    }
}

#[test]
fn what_a_slow_cell_holds_is_told_within_four_snapshots() {
    // When player and thing were seen last, and when last equal to the truth.
    let mut exact = BTreeMap::new();
    let mut slowest = 0;
    crowd(1, 300, |now, core, puppets| {
        for (i, puppet) in puppets.iter().enumerate() {
            let truth = truth(core, puppet);
            for (seen, is) in shown(puppet).into_iter().zip(truth) {
                let (last_seen, last_exact) = exact.entry((i, is.0)).or_insert((now, now));
                if seen == is || *last_seen + 1 < now {
                    *last_exact = now;
                }
                *last_seen = now;
                slowest = slowest.max(now - *last_exact);
            }
        }
    });
    // What crosses into another cell waits for that one's turn.
    assert!((2..=8).contains(&slowest), "{slowest} ticks");
}

#[test]
fn inputs_are_acknowledged_as_far_as_their_effect_is_seen() {
    // Inputs applied but not yet acknowledged would be simulated twice by a client that
    // predicts: whenever an acknowledgement comes, his own ship is as it is.
    let mut acknowledged = vec![Seq(0); CROWD as usize];
    let mut slow = 0;
    crowd(1, 300, |_, core, puppets| {
        for (puppet, before) in puppets.iter().zip(&mut acknowledged) {
            let Some(Status::Flying { ship }) = puppet.own.as_ref().map(|own| own.status) else {
                continue;
            };
            if puppet.applied == *before {
                slow += 1;
                continue;
            }
            *before = puppet.applied;
            let own = |seen: Vec<(EntityId, Entity)>| seen.into_iter().find(|(id, _)| *id == ship);
            assert_eq!(own(shown(puppet)), own(truth(core, puppet)));
        }
    });
    assert!(slow > 1000, "the own cell was slow {slow} times");
}
