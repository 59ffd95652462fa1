//! Who sees what he saw is not decided anew, and nobody can tell.

use super::*;
use crate::world::puppet::config;

/// Two rooms alike, in one of which every view is decided anew at each snapshot: what
/// each player is sent is the same. Says in how many of a hundred views nothing was to
/// be decided.
fn compare(byte_rate: u32, share: f32) -> u32 {
    let config = CoreConfig {
        byte_rate,
        ..config()
    };
    let game = Config {
        size: 4000,
        ..Config::default()
    };
    let mut rooms: [_; 2] = std::array::from_fn(|_| {
        let mut core = Core::new(config.clone(), Arena::new(&game, 30, 7));
        let puppets: Vec<_> = (0..50)
            .map(|i| Puppet::join(&mut core, &format!("p{i}")))
            .collect();
        (core, puppets)
    });
    let (mut settled, mut all) = (0, 0);
    for now in 0..400 {
        for (room, (core, puppets)) in rooms.iter_mut().enumerate() {
            for member in &mut core.members {
                settled += u32::from(room == 0 && member.told.settled.is_some());
                all += u32::from(room == 0);
                if room == 1 {
                    member.told.settled = None;
                }
            }
            tick(core);
            core.took(share);
            for (i, puppet) in (0..).zip(puppets) {
                puppet.take();
                puppet.send(wish(i, now));
            }
        }
        let [one, other] = &rooms;
        for (i, (one, other)) in one.1.iter().zip(&other.1).enumerate() {
            assert_eq!(one.bytes, other.bytes, "player {i} at {now}");
            assert_eq!(one.pace, other.pace, "player {i} at {now}");
            assert_eq!(one.applied, other.applied, "player {i} at {now}");
            assert_eq!(shown(one), shown(other), "player {i} at {now}");
        }
        assert_eq!(one.0.step_of_overload(), other.0.step_of_overload());
    }
    settled * 100 / all
}

#[test]
fn a_view_that_stays_is_told_as_one_decided_anew() {
    assert!(compare(0, 0.1) > 90);
    assert!(compare(1 << 20, 0.1) > 90, "a budget that does not bind");
}

#[test]
fn a_budget_that_binds_is_weighed_at_every_snapshot() {
    let settled = compare(2_000, 0.1);
    assert!((30..90).contains(&settled), "{settled} of 100");
    assert_eq!(compare(1, 0.1), 0, "always too little");
}

#[test]
fn what_is_slower_under_overload_settles_too() {
    // It goes through all steps, one after the other.
    let settled = compare(0, 1.0);
    assert!(settled > 50, "{settled} of 100");
}
