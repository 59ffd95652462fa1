//! Snapshots that are carried in batches: the room does not make the next one before the
//! last is known to be sent. Every snapshot's checksum is verified.

use super::{Puppet, arena, tick, wish};
use crate::game::arena::Arena;
use crate::post::{Batch, HEADROOM, Item, Place, Post};
use crate::world::puppet::config;
use crate::world::{Core, CoreConfig, Observer, Phase};
use downbeat_protocol::arena::Input;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

/// A thread of sockets with some connections.
struct Carrier {
    post: Arc<Post>,
    seats: Vec<(Place, Puppet<Arena>)>,
}

impl Carrier {
    fn new() -> Self {
        Self {
            post: Arc::default(),
            seats: Vec::new(),
        }
    }

    fn place(&self) -> Place {
        Place::new(Arc::clone(&self.post), self.seats.len())
    }

    fn join(&mut self, core: &mut Core<Arena>, name: &str) {
        let place = self.place();
        let puppet = Puppet::join_at(core, name, None, &place);
        self.seats.push((place, puppet));
    }

    /// What lies at the post.
    fn batches(&self) -> VecDeque<Box<Batch>> {
        let mut items = VecDeque::new();
        self.post.take(&mut items, Waker::noop());
        let batches = items.into_iter().filter_map(|item| match item {
            Item::Batch(batch) => Some(batch),
            Item::Ring(_) => None,
        });
        batches.collect()
    }

    /// Carries everything to those whose connection is still the same.
    fn carry(&mut self) {
        let batches = self.batches();
        self.carry_these(batches);
    }

    fn carry_these(&mut self, batches: VecDeque<Box<Batch>>) {
        for mut batch in batches {
            let mut index = 0;
            while let Some((letter, bytes)) = batch.letter(index) {
                let (place, puppet) = &mut self.seats[letter.key];
                if place.number == letter.number {
                    letter.is_kept = puppet.carried(&bytes[HEADROOM..], letter.is_behind);
                }
                index += 1;
            }
            batch.go_home();
        }
    }

    fn send(&mut self, now: u32) {
        for (index, (_, puppet)) in (0..).zip(&mut self.seats) {
            puppet.send(wish(index, now));
        }
    }
}

fn total(puppets: &Carrier, of: impl Fn(&Puppet<Arena>) -> u32) -> u32 {
    puppets.seats.iter().map(|(_, puppet)| of(puppet)).sum()
}

/// A thread with five players, and one with a single one: so few that all others are not
/// taken to be behind when he is.
fn among_others(core: &mut Core<Arena>) -> (Carrier, Carrier) {
    let (mut others, mut thread) = (Carrier::new(), Carrier::new());
    for i in 0..5 {
        others.join(core, &format!("other {i}"));
    }
    thread.join(core, "ada");
    (others, thread)
}

#[test]
fn everybody_is_told_everything_in_order_whichever_thread_has_him() {
    let mut core = arena(config());
    let mut threads = [Carrier::new(), Carrier::new(), Carrier::new()];
    for now in 0..60 {
        if now < 12 {
            // A welcome lies at his end of the link: it must come first.
            threads[now as usize % 3].join(&mut core, &format!("p{now}"));
        }
        tick(&mut core);
        for thread in &mut threads {
            thread.carry();
            thread.send(now);
        }
    }
    for (index, thread) in threads.iter().enumerate() {
        assert_eq!(total(thread, |puppet| puppet.resets), 4, "thread {index}");
        let snapshots = total(thread, |puppet| puppet.snapshots);
        assert_eq!(total(thread, |puppet| puppet.checksums), snapshots);
        let joined: u32 = (0..4).map(|i| 60 - (3 * i + index as u32)).sum();
        assert_eq!(snapshots, joined);
    }
    tick(&mut core);
    threads.iter_mut().for_each(Carrier::carry);
    // The last batches are asked for at the next tick.
    tick(&mut core);
    let counted: u64 = core.inspect().members.iter().map(|m| m.bytes_out).sum();
    let received: usize = threads
        .iter()
        .flat_map(|t| &t.seats)
        .map(|s| s.1.bytes)
        .sum();
    assert_eq!(counted, received as u64);
}

#[test]
fn a_batch_that_is_not_back_holds_up_its_own_only() {
    let mut core = arena(config());
    let (mut quick, mut slow) = among_others(&mut core);
    for now in 0..10 {
        tick(&mut core);
        quick.carry();
        slow.carry();
        quick.send(now);
        slow.send(now);
    }
    tick(&mut core);
    quick.carry();
    let under_way = slow.batches();
    assert_eq!(under_way.len(), 1);
    for now in 10..15 {
        let tally = tick(&mut core);
        assert_eq!((tally.snapshots, tally.skipped), (5, 1));
        assert!(slow.batches().is_empty());
        quick.carry();
        quick.send(now);
    }
    under_way.into_iter().for_each(Batch::go_home);
    assert_eq!(tick(&mut core).snapshots, 6, "it is known to be sent");
}

#[test]
fn what_was_carried_to_an_old_connection_says_nothing_about_the_new_one() {
    let mut core = arena(CoreConfig {
        in_flight: 1000,
        ..config()
    });
    let (mut others, mut thread) = among_others(&mut core);
    tick(&mut core);
    thread.carry();
    others.carry();
    let token = thread.seats[0].1.welcome.as_ref().unwrap().resume;

    tick(&mut core);
    others.carry();
    let old = thread.batches();
    let place = thread.place();
    let again = Puppet::join_at(&mut core, "again", Some(token), &place);
    thread.seats.push((place, again));
    tick(&mut core);
    others.carry();
    let new = thread.batches();
    assert_eq!((old.len(), new.len()), (1, 1));

    old.into_iter().for_each(Batch::go_home);
    let tally = tick(&mut core);
    assert_eq!((tally.snapshots, tally.skipped), (5, 1), "still under way");
    others.carry();
    new.into_iter().for_each(Batch::go_home);
    assert_eq!(tick(&mut core).snapshots, 6);
}

#[test]
fn a_snapshot_that_is_kept_is_under_way_until_it_is_taken() {
    let mut core = arena(config());
    let (mut others, mut thread) = among_others(&mut core);
    tick(&mut core);
    others.carry();
    // His socket is stuck: neither the welcome nor the snapshot is taken.
    for mut batch in thread.batches() {
        let (letter, bytes) = batch.letter(0).unwrap();
        assert!(letter.is_behind, "the welcome comes first");
        letter.is_kept = true;
        let message = bytes[HEADROOM..].to_vec();
        thread.seats[0].1.lay(&message);
        batch.go_home();
    }
    let tally = tick(&mut core);
    assert_eq!((tally.snapshots, tally.skipped), (5, 1));
    others.carry();
    thread.seats[0].1.take();
    assert_eq!(thread.seats[0].1.snapshots, 1);
    assert_eq!(tick(&mut core).snapshots, 6);
    thread.carry();
    assert_eq!(thread.seats[0].1.resets, 2, "one was skipped");
}

/// Carries its last slice while the tick is made.
struct Meanwhile<'a>(&'a mut Carrier, VecDeque<Box<Batch>>);

impl Observer<Input> for Meanwhile<'_> {
    fn done(&mut self, phase: Phase) {
        if phase == Phase::Encode {
            self.0.carry_these(std::mem::take(&mut self.1));
        }
    }
}

#[test]
fn of_many_players_the_first_are_sent_while_the_last_are_written() {
    let mut core = arena(config());
    let mut thread = Carrier::new();
    for number in 0..600 {
        thread.join(&mut core, &format!("p{number}"));
    }
    for now in 0..20 {
        tick(&mut core);
        let mut batches = thread.batches();
        assert_eq!(batches.len(), 3);
        let last = batches.split_off(2);
        thread.carry_these(batches);
        let mut meanwhile = Meanwhile(&mut thread, last);
        let tally = core.tick(&mut meanwhile).unwrap();
        assert_eq!((tally.snapshots, tally.skipped), (600, 0), "at {now}");
        thread.carry();
        thread.send(now);
    }
    assert_eq!(total(&thread, |puppet| puppet.resets), 600);
}
