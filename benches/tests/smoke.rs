//! The floor and the load understand each other, and the load understands downbeat.
//! No time is asserted: that the figures are there is all.

#![allow(clippy::unwrap_used, missing_docs)]

use downbeat::game::arena::{Arena, Config};
use downbeat::{Server, config::Settings};
use downbeat_bench::floor::Floor;
use downbeat_bench::load::{self, Plan, SIZES, Seen, Target};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const PLAYERS: usize = 20;

fn play(address: SocketAddr, target: Target) -> Seen {
    let plan = Plan {
        address,
        target,
        players: PLAYERS,
        rate: 20,
        is_idle: false,
        warm_up: Duration::from_millis(100),
        window: Duration::from_secs(1),
        seed: 1,
    };
    load::run(&plan, &mut ()).unwrap()
}

fn assert_played(seen: &Seen) {
    assert!(
        seen.snapshots >= PLAYERS as u64,
        "everyone got something: {seen:?}"
    );
    assert!(
        seen.inputs >= PLAYERS as u64,
        "everyone said something: {seen:?}"
    );
    assert!(
        seen.input_bytes > 6.0,
        "an input is more than its header: {seen:?}"
    );
    assert_eq!(seen.sizes.len(), SIZES);
}

#[test]
fn the_load_plays_with_the_floor() {
    let sizes = [4, 100, 300];
    let floor = Floor::bind((Ipv4Addr::LOCALHOST, 0).into(), 20, &sizes).unwrap();
    let address = floor.address().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&stop);
    let floor = thread::spawn(move || floor.run(&theirs).unwrap());
    let seen = play(address, Target::Floor);
    stop.store(true, Ordering::Relaxed);
    floor.join().unwrap();
    assert_played(&seen);
    let mean = seen.bytes as f64 / seen.snapshots as f64;
    let middle = (sizes.iter().sum::<usize>() / sizes.len()) as f64;
    assert!(
        (mean - middle).abs() < middle / 4.0,
        "the sizes asked for: {mean} at the mean"
    );
}

#[test]
fn the_load_plays_with_downbeat() {
    let (send, receive) = mpsc::channel();
    // The thread ends with the test's process.
    thread::spawn(move || {
        actix_rt::System::new().block_on(async {
            let settings = Settings {
                bind: (Ipv4Addr::LOCALHOST, 0).into(),
                tick_rate: 20,
                ..Settings::default()
            };
            let running = Server::<Arena>::start(settings, Config::default()).unwrap();
            send.send(running.address()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    let seen = play(receive.recv().unwrap(), Target::Downbeat { rooms: 3 });
    assert_played(&seen);
}
