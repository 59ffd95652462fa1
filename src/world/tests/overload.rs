//! What a room does that has more to do than time, and when its sockets' threads have.

use super::{arena, shown, tick, truth};
use crate::game::arena::Arena;
use crate::world::puppet::{Puppet, config};
use crate::world::{Core, CoreConfig, Step};
use downbeat_protocol::arena::Status;
use downbeat_protocol::{Pace, PlayerId, Reason};

/// Ticks of which each takes `share` of its period; everybody takes and acknowledges.
fn ticks(core: &mut Core<Arena>, puppets: &mut [Puppet<Arena>], ticks: u32, share: f32) {
    for _ in 0..ticks {
        tick(core);
        core.took(share);
        for puppet in &mut *puppets {
            puppet.take_and_acknowledge();
        }
    }
}

fn room(players: usize) -> (Core<Arena>, Vec<Puppet<Arena>>) {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..players)
        .map(|i| Puppet::join(&mut core, &format!("p{i}")))
        .collect();
    ticks(&mut core, &mut puppets, 30, 0.1);
    (core, puppets)
}

/// Degrades a room as far as this step.
fn degrade(core: &mut Core<Arena>, puppets: &mut [Puppet<Arena>], step: Step) {
    for _ in 0..300 {
        if core.step_of_overload() >= step {
            return;
        }
        ticks(core, puppets, 1, 1.5);
    }
    panic!("it never came to {step:?}");
}

#[test]
fn each_step_is_announced_and_told_at_its_pace() {
    let (mut core, mut puppets) = room(5);
    for (step, ticks_apart) in [
        (Step::FarSlower, 2),
        (Step::AllSlower, 4),
        // What was slow is out of sight.
        (Step::SmallerView, 4),
        (Step::NoJoins, 4),
    ] {
        degrade(&mut core, &mut puppets, step);
        // Less than it takes to the next.
        ticks(&mut core, &mut puppets, 8, 0.5);
        let expected = Pace {
            ticks: ticks_apart,
            step: step.number(),
        };
        assert_eq!(puppets[0].pace, Some(expected));
    }
    assert!(puppets.iter().all(|puppet| puppet.resets == 1));
}

#[test]
fn snapshots_come_half_as_often_from_the_second_step_on() {
    let (mut core, mut puppets) = room(5);
    degrade(&mut core, &mut puppets, Step::AllSlower);
    let before = puppets[0].snapshots;
    ticks(&mut core, &mut puppets, 60, 0.5);
    assert_eq!(puppets[0].snapshots - before, 30);
}

#[test]
fn a_smaller_view_is_part_of_the_whole_one_and_holds_the_own_ship() {
    let (mut core, mut puppets) = room(40);
    degrade(&mut core, &mut puppets, Step::SmallerView);
    let before = puppets[0].snapshots;
    while puppets[0].snapshots < before + 2 {
        ticks(&mut core, &mut puppets, 1, 0.5);
    }
    let (mut less, mut all) = (0, 0);
    for puppet in &puppets {
        let whole = truth(&core, puppet);
        let seen = shown(puppet);
        assert!(
            seen.iter()
                .all(|one| whole.iter().any(|other| one.0 == other.0))
        );
        if let Some(Status::Flying { ship }) = puppet.own.as_ref().map(|own| own.status) {
            assert!(seen.iter().any(|(id, _)| *id == ship), "he sees himself");
        }
        less += seen.len();
        all += whole.len();
    }
    assert!(less < all * 4 / 5, "{less} of {all}");
}

#[test]
fn nobody_new_comes_in_at_the_last_step_but_who_was_here_returns() {
    let (mut core, mut puppets) = room(2);
    let token = puppets[0].welcome.as_ref().unwrap().resume;
    degrade(&mut core, &mut puppets, Step::NoJoins);
    let lost = puppets.remove(0);
    drop(lost);
    let mut new = Puppet::join(&mut core, "new");
    let mut back = Puppet::join_with(&mut core, "p0", Some(token), "again");
    tick(&mut core);
    new.take();
    back.take();
    let end = new.end.expect("refused");
    assert_eq!(end.reason, Reason::Full);
    assert_eq!(end.text(), "the room is overloaded, try again later");
    assert!(end.retry_after_ms.is_some(), "with a hint when");
    assert_eq!(back.welcome.unwrap().player, PlayerId(1));
}

#[test]
fn it_comes_back_by_itself() {
    let (mut core, mut puppets) = room(20);
    degrade(&mut core, &mut puppets, Step::NoJoins);
    ticks(&mut core, &mut puppets, 900, 0.1);
    assert_eq!(core.step_of_overload(), Step::Normal);
    assert_eq!(puppets[0].pace, Some(Pace { ticks: 1, step: 0 }));
    for (i, puppet) in puppets.iter().enumerate() {
        assert_eq!(shown(puppet), truth(&core, puppet), "player {i}");
        assert_eq!(puppet.resets, 1, "nothing was told anew");
    }
}

#[test]
fn when_the_sockets_are_late_snapshots_wait_and_none_is_made_anew() {
    let mut core = arena(CoreConfig {
        overload: Step::Normal,
        ..config()
    });
    let mut puppets: Vec<_> = (0..40).map(|_| Puppet::join(&mut core, "p")).collect();
    ticks(&mut core, &mut puppets, 30, 0.1);
    // A tenth of them is served per tick: a round takes ten.
    let mut postponed = 0;
    for now in 0..100 {
        let tally = tick(&mut core);
        assert_eq!(tally.skipped, 0, "at {now}");
        postponed += tally.postponed;
        for puppet in puppets.iter_mut().skip(now % 10).step_by(10) {
            puppet.take_and_acknowledge();
        }
    }
    assert!(postponed > 60, "{postponed}");
    ticks(&mut core, &mut puppets, 2, 0.1);
    for (i, puppet) in puppets.iter().enumerate() {
        assert_eq!(puppet.resets, 1);
        assert_eq!(shown(puppet), truth(&core, puppet), "player {i}");
    }
}

#[test]
fn sockets_that_stay_late_are_a_reason_to_degrade() {
    let (mut core, mut puppets) = room(40);
    for _ in 0..100 {
        // Everybody is served, but only every third tick.
        ticks(&mut core, &mut [], 2, 0.1);
        ticks(&mut core, &mut puppets, 1, 0.1);
    }
    assert!(core.step_of_overload() >= Step::AllSlower);
    assert!(puppets.iter().all(|puppet| puppet.resets == 1));
}

#[test]
fn a_few_who_take_nothing_do_not_hold_up_the_others() {
    let (mut core, mut puppets) = room(40);
    let mut slow = puppets.split_off(30);
    let before: Vec<_> = puppets.iter().map(|puppet| puppet.snapshots).collect();
    ticks(&mut core, &mut puppets, 60, 0.1);
    for (puppet, before) in puppets.iter().zip(before) {
        let missed = 60 - (puppet.snapshots - before);
        assert!(missed <= 4, "{missed} ticks of patience with the others");
        assert_eq!(puppet.resets, 1);
    }
    for _ in 0..2 {
        ticks(&mut core, &mut slow, 1, 0.1);
        ticks(&mut core, &mut puppets, 1, 0.1);
    }
    assert!(
        slow.iter().all(|puppet| puppet.resets == 2),
        "they start over"
    );
}

#[test]
fn nobody_is_too_slow_while_the_server_is_late() {
    let (mut core, mut puppets) = room(40);
    let behind = core.config.behind;
    for _ in 0..3 * behind {
        tick(&mut core);
    }
    for puppet in &mut puppets {
        puppet.take_and_acknowledge();
        assert_eq!(puppet.end, None, "while it was late");
    }
    // The server is back, but one of them is not.
    let mute = puppets.remove(0);
    for _ in 0..=behind {
        for puppet in &mut puppets {
            puppet.take_and_acknowledge();
        }
        tick(&mut core);
    }
    ticks(&mut core, &mut puppets, 40, 0.1);
    let mut mute = mute;
    mute.take();
    assert_eq!(mute.end.map(|end| end.reason), Some(Reason::TooSlow));
    for puppet in &puppets {
        assert_eq!(puppet.end, None, "after it was late");
    }
}
