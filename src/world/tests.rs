//! A room's behaviour, without actix, clock or sockets.

mod budget;
mod crowd;
mod overload;
mod settled;
mod tail;

use super::core::{Core, CoreConfig};
use super::inbox::Arrived;
use super::puppet::{ADDRESS, Puppet, config};
use super::{End, Inspection, MemberStatus, Observer, Role, Tally, Whom};
use crate::game::arena::{Arena, Config};
use crate::game::{Game, Leave, Profile, TickInput};
use crate::guard::Culprit;
use downbeat_protocol::arena::{Entity, Input, Status, controls};
use downbeat_protocol::{EntityId, PlayerId, Reason, Seq, Tick};

fn arena(config: CoreConfig) -> Core<Arena> {
    let game = Arena::new(&Config::default(), config.tick_rate, 7);
    Core::new(config, game)
}

fn tick(core: &mut Core<Arena>) -> Tally {
    core.tick(&mut ())
        .expect("the arena's types can be encoded")
}

/// A pseudo-random but repeatable wish.
fn wish(player: u32, tick: u32) -> Input {
    let mut x = (player * 7919) ^ (tick / 7 * 104_729) ^ 0x9E37_79B9;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    Input {
        controls: (x & 0x3F) as u8,
        aim: (x >> 8) as u16 & 4095,
    }
}

/// A scene that keeps all it is shown.
#[derive(Default)]
struct All(Vec<(downbeat_protocol::CellId, EntityId, Entity)>);

impl crate::game::Scene<Entity> for All {
    fn show_in(&mut self, cell: downbeat_protocol::CellId, id: EntityId, entity: Entity) {
        self.0.push((cell, id, entity));
    }
}

/// What a player should see: everything in the cells of his view.
fn truth(core: &Core<Arena>, puppet: &Puppet<Arena>) -> Vec<(EntityId, Entity)> {
    let mut all = All::default();
    core.game().scene(&mut all);
    let mut view = vec![downbeat_protocol::CellId::EVERYWHERE];
    core.game()
        .view(puppet.welcome.as_ref().unwrap().player, &mut view);
    let mut seen: Vec<_> = all
        .0
        .into_iter()
        .filter(|(cell, ..)| view.contains(cell))
        .map(|(_, id, e)| (id, e))
        .collect();
    seen.sort_by_key(|(id, _)| *id);
    seen
}

fn shown(puppet: &Puppet<Arena>) -> Vec<(EntityId, Entity)> {
    let mut shown: Vec<_> = puppet
        .mirror
        .as_ref()
        .unwrap()
        .entities()
        .copied()
        .collect();
    shown.sort_by_key(|(id, _)| *id);
    shown
}

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
fn who_does_not_take_his_snapshot_is_skipped_and_comes_back_with_a_reset() {
    let mut core = arena(config());
    let mut slow = Puppet::join(&mut core, "slow");
    let mut quick = Puppet::join(&mut core, "quick");
    tick(&mut core);
    slow.take_and_acknowledge();
    quick.take_and_acknowledge();
    let mut skipped = 0;
    for _ in 0..10 {
        skipped += tick(&mut core).skipped;
        quick.take_and_acknowledge();
    }
    assert_eq!(
        skipped, 9,
        "one snapshot lies there, the others are not built"
    );
    slow.take_and_acknowledge();
    tick(&mut core);
    slow.take_and_acknowledge();
    quick.take_and_acknowledge();
    assert_eq!(slow.resets, 2, "the next one starts anew");
    assert_eq!(shown(&slow), truth(&core, &slow));
    assert_eq!(quick.resets, 1, "the others notice nothing");
}

#[test]
fn who_takes_but_does_not_acknowledge_is_skipped_then_ended_as_too_slow() {
    let mut core = arena(CoreConfig {
        in_flight: 10,
        behind: 50,
        ..config()
    });
    let mut mute = Puppet::join(&mut core, "mute");
    for _ in 0..40 {
        tick(&mut core);
        mute.take();
    }
    assert!(
        (10..=12).contains(&mute.snapshots),
        "{} snapshots in flight",
        mute.snapshots
    );
    assert!(mute.end.is_none());
    for _ in 0..20 {
        tick(&mut core);
        mute.take();
    }
    assert_eq!(mute.end.unwrap().reason, Reason::TooSlow);
}

#[test]
fn a_late_acknowledgement_brings_the_snapshots_back() {
    let mut core = arena(CoreConfig {
        in_flight: 10,
        behind: 50,
        ..config()
    });
    let mut laggard = Puppet::join(&mut core, "laggard");
    for _ in 0..30 {
        tick(&mut core);
        laggard.take();
    }
    laggard.take_and_acknowledge();
    for _ in 0..5 {
        tick(&mut core);
        laggard.take_and_acknowledge();
    }
    assert_eq!(laggard.resets, 2);
    assert_eq!(shown(&laggard), truth(&core, &laggard));
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_ignored() {
    let mut core = arena(CoreConfig {
        in_flight: 10,
        behind: 50,
        ..config()
    });
    let mut liar = Puppet::join(&mut core, "liar");
    for _ in 0..70 {
        tick(&mut core);
        liar.take();
        liar.session.ping(core.now().plus(1000));
    }
    assert_eq!(liar.end.unwrap().reason, Reason::TooSlow);
}

#[test]
fn who_says_nothing_is_ended_as_silent() {
    let mut core = arena(CoreConfig {
        idle: 20,
        ..config()
    });
    let mut silent = Puppet::join(&mut core, "silent");
    for _ in 0..25 {
        tick(&mut core);
        silent.take();
    }
    assert_eq!(silent.end.unwrap().reason, Reason::Silent);
}

#[test]
fn a_full_room_says_so() {
    let mut core = arena(CoreConfig {
        max_players: 1,
        ..config()
    });
    let mut first = Puppet::join(&mut core, "first");
    let mut second = Puppet::join(&mut core, "second");
    tick(&mut core);
    first.take();
    second.take();
    assert!(first.welcome.is_some());
    assert_eq!(second.end.unwrap().reason, Reason::Full);
}

#[test]
fn one_input_is_used_per_tick_and_acknowledged_with_those_that_wait() {
    let mut core = arena(config());
    let mut puppet = Puppet::join(&mut core, "eager");
    tick(&mut core);
    puppet.take();
    for _ in 0..3 {
        puppet.send(Input::default());
    }
    for (applied, waiting) in [(1, 2), (2, 1), (3, 0), (3, 0)] {
        tick(&mut core);
        puppet.take_and_acknowledge();
        assert_eq!((puppet.applied, puppet.waiting), (Seq(applied), waiting));
    }
}

#[test]
fn inputs_are_counted_by_what_becomes_of_them() {
    let mut core = arena(CoreConfig {
        max_pending: 4,
        ..config()
    });
    let mut puppet = Puppet::join(&mut core, "counted");
    tick(&mut core);
    puppet.take();
    let send = |seq, tick| {
        let arrived = Arrived {
            seq: Seq(seq),
            tick,
            input: Input::default(),
        };
        puppet.session.input(Tick(1), arrived);
    };
    for seq in [1, 1, 2, 3, 4, 5, 6] {
        send(seq, Tick(100));
    }
    let tally = tick(&mut core);
    assert_eq!(
        tally,
        Tally {
            applied: 1,
            duplicate: 1,
            dropped: 2,
            snapshots: 1,
            ..tally
        }
    );
    send(2, Tick(100));
    send(7, Tick(1));
    let tally = tick(&mut core);
    assert_eq!(
        tally,
        Tally {
            applied: 1,
            duplicate: 1,
            late: 1,
            dropped: 0,
            ..tally
        }
    );
}

#[test]
fn a_lost_link_leaves_the_body_and_the_token_brings_the_player_back_once() {
    let mut core = arena(config());
    let mut first = Puppet::join_with(&mut core, "ada", None, "one");
    tick(&mut core);
    first.take();
    let welcome = first.welcome.clone().unwrap();
    for _ in 0..5 {
        first.send(Input::default());
        tick(&mut core);
        first.take();
    }
    let Some(Status::Flying { ship }) = first.own.as_ref().map(|own| own.status) else {
        panic!("she flies")
    };
    drop(first);
    tick(&mut core);
    assert_eq!((core.players(), core.in_limbo()), (1, 1), "she is in limbo");

    let mut second = Puppet::join_with(&mut core, "ada", Some(welcome.resume), "two");
    tick(&mut core);
    second.take();
    let back = second.welcome.clone().unwrap();
    assert_eq!(back.player, welcome.player, "the same player");
    assert_eq!(back.applied, Seq(5), "her inputs go on where they were");
    assert_eq!(
        second.own.as_ref().unwrap().status,
        Status::Flying { ship },
        "the same ship"
    );
    assert_ne!(
        back.resume, welcome.resume,
        "a token is good for one return"
    );

    let mut thief = Puppet::join_with(&mut core, "eve", Some(welcome.resume), "three");
    tick(&mut core);
    thief.take();
    second.take();
    assert_ne!(
        thief.welcome.unwrap().player,
        welcome.player,
        "the old token is worth nothing"
    );
    assert!(second.end.is_none(), "and she does not notice");
}

#[test]
fn a_second_link_takes_over_from_a_live_one() {
    let mut core = arena(config());
    let mut first = Puppet::join_with(&mut core, "ada", None, "one");
    tick(&mut core);
    first.take();
    let token = first.welcome.as_ref().unwrap().resume;
    let mut second = Puppet::join_with(&mut core, "ada", Some(token), "two");
    tick(&mut core);
    first.take();
    second.take();
    assert_eq!(first.end.as_ref().unwrap().reason, Reason::TakenOver);
    assert_eq!(
        second.welcome.unwrap().player,
        first.welcome.as_ref().unwrap().player
    );
    drop(first);
    tick(&mut core);
    assert_eq!(
        (core.players(), core.in_limbo()),
        (1, 0),
        "the old link's end changes nothing"
    );
}

#[test]
fn limbo_ends_after_its_time() {
    let mut core = arena(CoreConfig {
        limbo: 10,
        ..config()
    });
    let puppet = Puppet::join(&mut core, "lost");
    tick(&mut core);
    drop(puppet);
    for _ in 0..10 {
        tick(&mut core);
        assert_eq!(core.players(), 1);
    }
    tick(&mut core);
    assert!(core.is_empty());
}

#[test]
fn who_says_goodbye_is_gone_at_once() {
    let mut core = arena(config());
    let puppet = Puppet::join(&mut core, "polite");
    tick(&mut core);
    puppet.session.leave(Leave::Gone);
    drop(puppet);
    tick(&mut core);
    assert!(core.is_empty());
}

#[test]
fn a_room_that_is_dropped_ends_its_sessions_as_failed() {
    let mut core = arena(config());
    let mut member = Puppet::join(&mut core, "inside");
    tick(&mut core);
    let mut knocking = Puppet::join(&mut core, "at the door");
    drop(core);
    member.take();
    knocking.take();
    assert_eq!(member.end.unwrap().reason, Reason::RoomFailed);
    assert_eq!(knocking.end.unwrap().reason, Reason::RoomFailed);
}

#[test]
fn what_the_observer_saw_replays_to_the_same_checksums() {
    #[derive(Default)]
    struct Journal(Vec<TickInput<Input>>);
    impl Observer<Input> for Journal {
        fn input(&mut self, input: &TickInput<Input>) {
            self.0.push(input.clone());
        }
    }
    let mut core = arena(config());
    let mut journal = Journal::default();
    let mut sums = Vec::new();
    let mut puppets = Vec::new();
    for now in 0..300 {
        if now % 20 == 0 {
            puppets.push(Puppet::join(&mut core, &format!("p{now}")));
        }
        if now % 70 == 69 {
            puppets.remove(0);
        }
        core.tick(&mut journal).unwrap();
        sums.push(core.game().checksum());
        for (i, puppet) in (0..).zip(&mut puppets) {
            puppet.take();
            puppet.send(wish(i, now));
        }
    }

    let mut replayed = Arena::new(&Config::default(), 30, 7);
    for (input, sum) in journal.0.iter().zip(sums) {
        input.apply(&mut replayed);
        replayed.events(&mut |_, _| {});
        assert_eq!(replayed.checksum(), sum, "at {}", input.tick);
    }
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

#[test]
fn the_right_to_a_player_is_his_accounts_alone() {
    let mut core = arena(config());
    let of = |account: &str| Profile {
        name: account.into(),
        account: Some(account.into()),
    };
    let mut ada = Puppet::join_as(&mut core, of("ada"), None, "one");
    tick(&mut core);
    ada.take();
    let welcome = ada.welcome.take().unwrap();
    for (who, is_she) in [
        (of("eve"), false),
        (Profile::default(), false),
        (of("ada"), true),
    ] {
        let mut back = Puppet::join_as(&mut core, who.clone(), Some(welcome.resume), "two");
        tick(&mut core);
        back.take();
        let player = back.welcome.as_ref().unwrap().player;
        assert_eq!(player == welcome.player, is_she, "{who:?}");
    }
}

#[test]
fn an_inspection_shows_everyone_as_he_is() {
    let mut core = arena(config());
    let profile = Profile {
        name: "ada".into(),
        account: Some("a-7".into()),
    };
    let mut ada = Puppet::join_as(&mut core, profile, None, "one");
    let mut watcher = Puppet::watch(&mut core);
    tick(&mut core);
    for _ in 0..5 {
        // He takes every second snapshot, so the one he has is three ticks old when
        // he says so, and four when the room hears it.
        ada.take();
        watcher.take();
        let behind = ada.mirror.as_ref().unwrap().tick();
        tick(&mut core);
        // He alone is behind: if most were, it would not count.
        watcher.take();
        tick(&mut core);
        ada.session.ping(behind);
    }
    watcher.take_and_acknowledge();
    ada.send(Input::default());
    ada.send(Input::default());
    tick(&mut core);

    let Inspection {
        tick,
        tick_rate,
        members,
    } = core.inspect();
    assert_eq!((tick, tick_rate), (core.now(), 30));
    let [player, spectator] = &members[..] else {
        panic!("two members: {members:?}");
    };
    let expected = MemberStatus {
        player: PlayerId(1),
        role: Role::Player,
        name: "ada".into(),
        account: Some("a-7".into()),
        address: ADDRESS,
        is_live: true,
        age: 11,
        round_trip: Some(4),
        lag: 4,
        waiting: 1,
        bytes_out: ada.bytes as u64,
    };
    assert_eq!(*player, expected);
    assert_eq!(
        (spectator.role, spectator.round_trip),
        (Role::Spectator, Some(1))
    );

    drop(ada);
    watcher.take_and_acknowledge();
    core.tick(&mut ()).unwrap();
    let member = &core.inspect().members[0];
    assert!(!member.is_live, "in limbo");
    assert_eq!(member.lag, 5, "and still behind");
}

#[test]
fn the_evicted_is_gone_with_the_next_tick_and_cannot_return() {
    let mut core = arena(config());
    let of = |account: &str| Profile {
        name: account.into(),
        account: Some(account.into()),
    };
    let mut ada = Puppet::join_as(&mut core, of("ada"), None, "one");
    let mut eve = Puppet::join_as(&mut core, of("eve"), None, "two");
    tick(&mut core);
    ada.take();
    eve.take();
    let token = eve.welcome.as_ref().unwrap().resume;
    let whom = Whom::Player(eve.welcome.as_ref().unwrap().player);
    let end = End {
        text: Some("enough".into()),
        ..Reason::Kicked.into()
    };
    assert_eq!(core.evict(&whom, &end), 1);
    assert_eq!(core.evict(&whom, &end), 0, "once");
    eve.take();
    assert_eq!(eve.end, Some(end.clone()));
    // Her session ends as sessions do, and she is back before the next tick.
    drop(eve);
    let mut back = Puppet::join_as(&mut core, of("eve"), Some(token), "three");
    tick(&mut core);
    back.take();
    let welcome = back.welcome.as_ref().unwrap();
    assert_eq!(welcome.player, PlayerId(3), "somebody new");
    assert_eq!(core.players(), 2, "without a body in limbo");

    // By account, in limbo and at the door.
    drop(back);
    tick(&mut core);
    assert_eq!(core.in_limbo(), 1);
    let mut at_the_door = Puppet::join_as(&mut core, of("eve"), None, "four");
    let whom = Whom::Culprit(Culprit::Account("eve".into()));
    assert_eq!(core.evict(&whom, &end), 2);
    tick(&mut core);
    at_the_door.take();
    assert_eq!(at_the_door.end, Some(end));
    ada.take();
    assert_eq!((core.players(), ada.end), (1, None), "ada plays on");
}

#[test]
fn a_parting_is_spread_and_nobody_new_comes_in() {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..4).map(|_| Puppet::join(&mut core, "p")).collect();
    tick(&mut core);
    let mut at_the_door = Puppet::join(&mut core, "at the door");
    let end = End {
        retry_after_ms: Some(7),
        ..Reason::Restarting.into()
    };
    core.part(end.clone(), 10);
    let mut late = Puppet::join(&mut core, "late");
    for refused in [&mut at_the_door, &mut late] {
        refused.take();
        assert_eq!(refused.end, Some(end.clone()));
    }
    // One leaves before his turn.
    puppets.remove(1);
    let mut told = Vec::new();
    for now in 0..10 {
        // The last is told at 7, and in limbo with the tick after it.
        assert_eq!(core.has_parted(), now > 8, "at {now}");
        tick(&mut core);
        for (who, puppet) in puppets.iter_mut().enumerate() {
            let was_told = puppet.end.is_some();
            puppet.take_and_acknowledge();
            if !was_told && puppet.end.is_some() {
                told.push((now, who));
            }
        }
    }
    assert_eq!(told, [(0, 0), (5, 1), (7, 2)], "evenly over ten ticks");
    assert!(puppets.iter().all(|puppet| puppet.end == Some(end.clone())));
}

#[test]
fn an_empty_room_has_parted_at_once() {
    let mut core = arena(config());
    core.part(Reason::Restarting.into(), 10);
    assert!(core.has_parted());
}
