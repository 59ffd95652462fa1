//! Coming, going and coming back: whom a room takes in, whose body stays, and to
//! whom it belongs.

use super::{arena, tick};
use crate::game::{Leave, Profile};
use crate::world::CoreConfig;
use crate::world::puppet::{Puppet, config};
use downbeat_protocol::arena::{Input, Status};
use downbeat_protocol::{Reason, Seq};

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
