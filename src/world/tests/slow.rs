//! Who takes no snapshots, does not acknowledge them, or says nothing.

use super::{arena, shown, tick, truth};
use crate::world::CoreConfig;
use crate::world::puppet::{Puppet, config};
use downbeat_protocol::Reason;

/// A room that soon skips who does not acknowledge, and soon ends him.
fn impatient() -> CoreConfig {
    CoreConfig {
        in_flight: 10,
        behind: 50,
        ..config()
    }
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
    let mut core = arena(impatient());
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
    let mut core = arena(impatient());
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
    let mut core = arena(impatient());
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
