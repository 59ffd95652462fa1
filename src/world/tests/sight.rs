//! What a player and a spectator see: the truth, at every tick, for few bytes.

use super::{All, arena, shown, tick, truth, wish};
use crate::game::Game;
use crate::game::arena::Arena;
use crate::world::CoreConfig;
use crate::world::puppet::{Puppet, config};
use downbeat_protocol::Tick;
use downbeat_protocol::arena::{Input, controls};

#[test]
fn everyone_sees_exactly_what_is_in_his_view_at_every_tick() {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..40)
        .map(|i| Puppet::join(&mut core, &format!("p{i}")))
        .collect();
    for now in 0..600 {
        tick(&mut core);
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.take();
            assert_eq!(
                shown(puppet),
                truth(&core, puppet),
                "player {i} at tick {now}"
            );
            puppet.send(wish(i, now));
        }
    }
    for puppet in &puppets {
        assert_eq!(puppet.snapshots, 600, "one snapshot per tick");
        assert_eq!(puppet.resets, 1, "only the first snapshot is whole");
        assert_eq!(puppet.checksums, 600);
    }
}

#[test]
fn a_snapshot_rate_below_the_tick_rate_predicts_the_ticks_between() {
    let mut core = arena(CoreConfig {
        snapshot_interval: 3,
        ..config()
    });
    let mut puppets: Vec<_> = (0..20)
        .map(|i| Puppet::join(&mut core, &format!("p{i}")))
        .collect();
    for now in 1..=600 {
        tick(&mut core);
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.take();
            if now % 3 == 0 {
                assert_eq!(
                    shown(puppet),
                    truth(&core, puppet),
                    "player {i} at tick {now}"
                );
            }
            puppet.send(wish(i, now));
        }
    }
    assert_eq!(puppets[0].snapshots, 200, "one snapshot per three ticks");
}

#[test]
fn the_tick_may_wrap() {
    let mut core = arena(CoreConfig {
        start: Tick(u32::MAX - 50),
        ..config()
    });
    let mut puppet = Puppet::join(&mut core, "wrap");
    for now in 0..100 {
        tick(&mut core);
        puppet.take();
        assert_eq!(shown(&puppet), truth(&core, &puppet), "tick {now}");
        puppet.send(wish(1, now));
    }
    assert_eq!(core.now(), Tick(49));
    assert_eq!(puppet.mirror.as_ref().unwrap().tick(), Tick(49));
    assert!(
        puppet.end.is_none(),
        "nobody looks silent or slow because of the wrap"
    );
}

#[test]
fn a_spectator_sees_everything_or_what_a_player_sees_and_the_game_knows_nothing_of_him() {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..5)
        .map(|i| Puppet::join(&mut core, &format!("p{i}")))
        .collect();
    let mut watcher: Puppet<Arena> = Puppet::watch(&mut core);
    tick(&mut core);
    let sum_without = {
        let mut alone = arena(config());
        for i in 0..5 {
            Puppet::join(&mut alone, &format!("p{i}"));
        }
        tick(&mut alone);
        alone.game().checksum()
    };
    assert_eq!(core.game().checksum(), sum_without);
    for now in 0..120 {
        tick(&mut core);
        watcher.take_and_acknowledge();
        let mut everything = All::default();
        core.game().scene(&mut everything);
        assert_eq!(watcher.mirror.as_ref().unwrap().len(), everything.0.len());
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.take();
            puppet.send(wish(i, now));
        }
    }
    assert_eq!(
        watcher.welcome.as_ref().unwrap().player.0,
        0,
        "he is nobody"
    );
    assert!(watcher.own.is_none(), "and has nothing of his own");
    assert_eq!((core.players(), core.spectators()), (5, 1));

    let followed = puppets[2].welcome.as_ref().unwrap().player;
    watcher.session.follow(Some(followed));
    for now in 120..240 {
        tick(&mut core);
        watcher.take_and_acknowledge();
        assert_eq!(shown(&watcher), truth(&core, &puppets[2]), "tick {now}");
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.take();
            puppet.send(wish(i, now));
        }
    }
    drop(watcher);
    tick(&mut core);
    assert_eq!(core.spectators(), 0, "he leaves no body");
}

#[test]
fn thrust_costs_nothing_once_it_is_known() {
    let mut core = arena(config());
    let mut puppet = Puppet::join(&mut core, "steady");
    tick(&mut core);
    puppet.take();
    for _ in 0..90 {
        puppet.send(Input {
            controls: controls::THRUST,
            aim: 0,
        });
        tick(&mut core);
        puppet.take();
    }
    let before = (puppet.bytes, puppet.events.len());
    for _ in 0..14 {
        puppet.send(Input {
            controls: controls::THRUST,
            aim: 0,
        });
        tick(&mut core);
        puppet.take();
    }
    let per_snapshot = (puppet.bytes - before.0) / 14;
    assert!(
        per_snapshot < 60,
        "{per_snapshot} bytes for a steady flight"
    );
}
