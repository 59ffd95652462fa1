//! The whole server with the arena over real sockets: what comes in is owned by
//! somebody until it is gone, and a drain leaves nobody behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::config::Settings;
use downbeat::game::arena::{Arena, Config};
use downbeat::server::{Running, Server};
use downbeat_protocol::arena::{Entity, Input, Status, controls};
use downbeat_protocol::{ClientMessage, Mirror, Reason, Seq, ServerMessage, codec};
use harness::client::{hello, input};
use harness::{Client, eventually, soon};
use std::time::Duration;

fn start(change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        tick_rate: 60,
        seed: Some(3),
        checksum_interval: 1,
        ..Settings::default()
    };
    change(&mut settings);
    Server::<Arena>::start(settings, Config::default()).unwrap()
}

/// Sockets, session actors and players, limbo included.
fn counts(server: &Running) -> [i64; 3] {
    let telemetry = server.telemetry();
    [
        telemetry.sockets.get(),
        telemetry.sessions.get(),
        telemetry.members.get(),
    ]
}

#[actix_rt::test]
async fn sockets_sessions_and_members_agree_however_links_end() {
    let server = start(|settings| settings.limbo = Duration::ZERO);
    let mut clients = Vec::new();
    for round in 0..4 {
        for n in 0..15 {
            let mut client = Client::connect(server.address(), "/ws").await;
            let name = format!("{round}.{n}");
            client.say(&ClientMessage::Hello(hello(&name))).await;
            client.welcome().await;
            clients.push(client);
        }
        let there = clients.len() as i64;
        eventually("all are in", || counts(&server) == [there; 3]).await;

        // A third each: say goodbye, vanish, misbehave; the last few stay.
        for n in 0..9 {
            let mut client = clients.swap_remove(n % clients.len());
            match n % 3 {
                0 => client.close(1000).await,
                1 => drop(client),
                _ => {
                    client.send(vec![0xFF; 40]).await;
                    assert_eq!(client.end().await.code, Some(Reason::BadMessage.code()));
                }
            }
        }
        let there = clients.len() as i64;
        eventually("who left is gone everywhere", || {
            counts(&server) == [there; 3]
        })
        .await;
    }
    drop(clients);
    eventually("nobody is left", || counts(&server) == [0; 3]).await;
    let telemetry = server.telemetry();
    let ends: u64 = Reason::ALL
        .iter()
        .map(|reason| telemetry.ends(*reason))
        .sum();
    assert_eq!(ends, 60, "each connection has ended once");
    server.stop().await;
}

#[actix_rt::test]
async fn a_player_sees_his_ship_move_as_he_steers_it() {
    let server = start(|_| {});
    let mut client = Client::connect(server.address(), "/ws").await;
    client.say(&ClientMessage::Hello(hello("ada"))).await;
    let welcome = client.welcome().await;
    let mut mirror = Mirror::new(welcome.tick, welcome.rules);
    let (mut ship, mut start_at, mut verified) = (None, None, 0);
    soon("the ship moves", async {
        for seq in 1.. {
            let thrust = ClientMessage::Input {
                seq: Seq(seq),
                tick: mirror.tick().plus(2),
                received: mirror.tick(),
                input: Input {
                    controls: controls::THRUST,
                    aim: 0,
                },
            };
            client.say(&thrust).await;
            let snapshot = loop {
                match client.hear().await {
                    ServerMessage::Snapshot(snapshot) => break snapshot,
                    ServerMessage::Event(_) => {}
                    other => panic!("unexpected {other:?}"),
                }
            };
            if let Some(own) = &snapshot.own
                && let Status::Flying { ship: id } = own.status
            {
                ship = Some(id);
            }
            verified += u32::from(snapshot.checksum.is_some());
            mirror.apply(snapshot).expect("a snapshot that fits");
            let Some(Entity::Ship(ship)) = ship.and_then(|id| mirror.get(id)) else {
                panic!("one's own ship is in sight")
            };
            let (x, y) = *start_at.get_or_insert((ship.x, ship.y));
            if (ship.x - x).abs().max((ship.y - y).abs()) > 50 * 256 {
                break;
            }
        }
    })
    .await;
    assert!(verified > 10, "{verified} checksums were verified");
    server.stop().await;
}

#[actix_rt::test]
async fn a_lost_link_is_resumed_over_a_new_socket_as_the_same_player() {
    let server = start(|_| {});
    let mut first = Client::connect(server.address(), "/ws").await;
    first.say(&ClientMessage::Hello(hello("ada"))).await;
    let before = first.welcome().await;
    drop(first);
    eventually("she is in limbo", || server.telemetry().limbo.get() == 1).await;

    let mut second = Client::connect(server.address(), "/ws").await;
    let mut greeting = hello("ada");
    greeting.resume = Some(before.resume);
    second.say(&ClientMessage::Hello(greeting)).await;
    let after = second.welcome().await;
    assert_eq!(after.player, before.player);
    assert_ne!(
        after.resume, before.resume,
        "a token is good for one return"
    );
    eventually("limbo is empty", || server.telemetry().limbo.get() == 0).await;
    server.stop().await;
}

#[actix_rt::test]
async fn a_spectator_sees_the_players_and_may_not_play() {
    let server = start(|_| {});
    let mut player = Client::connect(server.address(), "/ws").await;
    player.say(&ClientMessage::Hello(hello("ada"))).await;
    let ada = player.welcome().await;

    let mut watcher = Client::connect(server.address(), "/ws").await;
    watcher.say(&ClientMessage::Watch(hello(""))).await;
    let welcome = watcher.welcome().await;
    assert_eq!(welcome.player.0, 0);
    let mut mirror = Mirror::new(welcome.tick, welcome.rules);
    soon("he sees her", async {
        loop {
            if let ServerMessage::Snapshot(snapshot) = watcher.hear().await {
                assert!(snapshot.own.is_none());
                mirror.apply(snapshot).expect("a snapshot that fits");
                let is_hers = |entity: &Entity| matches!(entity, Entity::Ship(ship) if ship.player == ada.player);
                if mirror.entities().any(|(_, entity)| is_hers(entity)) {
                    break;
                }
            }
        }
    })
    .await;
    let follow = ClientMessage::Follow {
        player: Some(ada.player),
    };
    watcher.say(&follow).await;
    watcher.say(&input(1)).await;
    assert_eq!(watcher.end().await.code, Some(Reason::BadMessage.code()));
    eventually("only she is left", || counts(&server) == [1; 3]).await;
    server.stop().await;
}

#[actix_rt::test]
async fn a_drain_tells_everyone_and_leaves_nobody_behind() {
    let server = start(|_| {});
    let mut tasks = Vec::new();
    for n in 0..20 {
        let mut client = Client::connect(server.address(), "/ws").await;
        // Some have not said hello yet.
        if n % 4 != 0 {
            let bytes = codec::encode(&ClientMessage::<()>::Hello(hello("x"))).unwrap();
            client.send(bytes).await;
            client.welcome().await;
        }
        tasks.push(actix_rt::spawn(async move { client.end().await }));
    }
    let telemetry = server.telemetry().clone();
    assert_eq!(
        server.drain(Reason::Restarting).await,
        Ok(()),
        "within the drain's time"
    );
    for task in tasks {
        let ended = task.await.unwrap();
        let code = Some(Reason::Restarting.code());
        assert_eq!((ended.bye, ended.code), (code, code));
    }
    assert_eq!(telemetry.ends(Reason::Restarting), 20);
    assert_eq!(telemetry.sockets.get(), 0);
}
