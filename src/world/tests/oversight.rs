//! What an operator may do: look at the members, and evict some.

use super::{arena, tick};
use crate::game::Profile;
use crate::guard::Culprit;
use crate::world::puppet::{ADDRESS, Puppet, config};
use crate::world::{End, Inspection, MemberStatus, Role, Whom};
use downbeat_protocol::arena::Input;
use downbeat_protocol::{PlayerId, Reason};

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
