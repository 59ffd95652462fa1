//! What becomes of inputs, and that they are all a game is made of.

use super::{arena, tick, wish};
use crate::game::arena::{Arena, Config};
use crate::game::{Game, TickInput};
use crate::world::puppet::{Puppet, config};
use crate::world::{Arrived, CoreConfig, Observer, Tally};
use downbeat_protocol::arena::Input;
use downbeat_protocol::{Seq, Tick};

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
