//! Outlets that are emptied in the last moment, or just not.

use super::*;
use crate::world::puppet::config;
use crate::world::{Observer, Phase, Step};

/// Empties outlets while the tick is made: after this phase.
struct Meanwhile<'a> {
    after: Phase,
    puppets: &'a mut [Puppet<Arena>],
}

impl Observer<Input> for Meanwhile<'_> {
    fn done(&mut self, phase: Phase) {
        if phase == self.after {
            for puppet in &mut *self.puppets {
                puppet.take_and_acknowledge();
            }
        }
    }
}

fn room(players: usize) -> (Core<Arena>, Vec<Puppet<Arena>>) {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..players).map(|_| Puppet::join(&mut core, "p")).collect();
    for _ in 0..10 {
        tick(&mut core);
        puppets.iter_mut().for_each(Puppet::take_and_acknowledge);
    }
    (core, puppets)
}

#[test]
fn a_tail_that_is_fetched_before_its_snapshots_are_written_costs_nothing() {
    let (mut core, mut puppets) = room(40);
    for _ in 0..200 {
        let (tail, others) = puppets.split_at_mut(10);
        let mut meanwhile = Meanwhile {
            after: Phase::Encode,
            puppets: tail,
        };
        let tally = core.tick(&mut meanwhile).unwrap();
        assert_eq!(
            (tally.postponed, tally.skipped, tally.snapshots),
            (0, 0, 40)
        );
        others.iter_mut().for_each(Puppet::take_and_acknowledge);
    }
    puppets.iter_mut().for_each(Puppet::take);
    for puppet in &puppets {
        assert_eq!(puppet.resets, 1);
        assert_eq!(shown(puppet), truth(&core, puppet));
    }
    assert_eq!(core.step_of_overload(), Step::Normal);
}

#[test]
fn of_a_tail_that_is_not_only_it_starts_over() {
    let (mut core, mut puppets) = room(40);
    let (tail, others) = puppets.split_at_mut(10);
    // The snapshots of this tick stay where they are until after the next.
    core.tick(&mut ()).unwrap();
    others.iter_mut().for_each(Puppet::take_and_acknowledge);
    let mut meanwhile = Meanwhile {
        after: Phase::Watch,
        puppets: tail,
    };
    let tally = core.tick(&mut meanwhile).unwrap();
    assert_eq!((tally.postponed, tally.skipped), (0, 10));
    others.iter_mut().for_each(Puppet::take_and_acknowledge);
    tick(&mut core);
    for (i, puppet) in puppets.iter_mut().enumerate() {
        puppet.take();
        assert_eq!(puppet.resets, if i < 10 { 2 } else { 1 });
        assert_eq!(shown(puppet), truth(&core, puppet));
    }
}

/// Every `period`th round a third of the outlets is emptied a tick late.
fn late_rounds(period: u32) -> Step {
    let (mut core, mut puppets) = room(40);
    let (late, others) = puppets.split_at_mut(14);
    let mut round = 0;
    for _ in 0..600 {
        let tally = tick(&mut core);
        others.iter_mut().for_each(Puppet::take_and_acknowledge);
        assert_eq!(tally.skipped, 0);
        round += u32::from(tally.snapshots > 0);
        // A tick that was put off gives them the time.
        if tally.postponed > 0 || round % period != 0 {
            late.iter_mut().for_each(Puppet::take_and_acknowledge);
        }
    }
    core.step_of_overload()
}

#[test]
fn a_round_that_is_late_now_and_then_is_no_overload_but_one_after_the_other_is() {
    assert_eq!(late_rounds(4), Step::Normal);
    assert!(late_rounds(1) >= Step::FarSlower);
}
