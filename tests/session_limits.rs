//! What a session may not do, and how many there may be: sending too much, leaving bodies
//! behind, a full room.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::Server;
use downbeat::config::{Network, Settings};
use downbeat::game::arena::{Arena, Config};
use downbeat_protocol::message::Hello;
use downbeat_protocol::{ClientMessage, Reason, ServerMessage, Tick, codec};
use harness::client::hello;
use harness::raw::{BINARY, FIN, PING, PONG, frame};
use harness::{Client, PATIENCE, Raw, TestServer, eventually};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

#[actix_rt::test]
async fn excess_is_dropped_and_counted_and_a_moment_of_it_is_forgiven() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    // 60 per second, and 20 beyond.
    raw.send(&frame(FIN | PING, b"").repeat(200)).await;
    let dropped = &server.telemetry.messages_dropped;
    eventually("what is too much is dropped", || dropped.get() >= 100).await;
    let mut pongs = 0;
    let mut probe = Instant::now();
    loop {
        // As soon as there is room again it is answered again.
        if probe.elapsed() > Duration::from_millis(20) {
            raw.frame(FIN | PING, b"probe").await;
            probe = Instant::now();
        }
        let next = tokio::time::timeout(Duration::from_millis(20), raw.next()).await;
        match next {
            Ok(Some((first, payload))) => {
                assert_eq!(first, FIN | PONG, "nothing but pongs: {payload:?}");
                if payload == b"probe" {
                    break;
                }
                pongs += 1;
            }
            Ok(None) => panic!("ended after {pongs} pongs"),
            Err(_) => {}
        }
    }
    assert!((80..200).contains(&pongs), "{pongs} were answered");
    assert_eq!(server.ends(Reason::Flood), 0);
    drop(raw);
    server.finish(1).await;
}

#[actix_rt::test]
async fn excess_that_goes_on_ends_the_session() {
    for large in [false, true] {
        let server = TestServer::start(|settings| {
            settings.flood_timeout = Duration::from_millis(300);
            settings.message_rate = Some(if large { 10_000 } else { 10 });
            settings.message_burst = 10;
            settings.byte_rate = 1 << 16;
        });
        let mut client = Client::join(server.address).await;
        let (nonce, received) = (1, Tick(0));
        let small = codec::encode(&ClientMessage::<()>::Ping { nonce, received }).unwrap();
        let message = if large {
            frame(FIN | PING, &[0; 125]).repeat(20)
        } else {
            frame(FIN | BINARY, &small)
        };
        let start = Instant::now();
        while server.ends(Reason::Flood) == 0 {
            assert!(start.elapsed() < PATIENCE, "it may go on for ever");
            // Below what ends at once, and above what is allowed.
            let raw = client.socket.get_mut();
            let _ = raw.write_all(&message).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(server.telemetry.messages_dropped.get() > 0);
        assert_eq!(client.end().await.code, Some(4010), "large: {large}");
        server.finish(1).await;
    }
}

#[actix_rt::test]
async fn who_comes_and_vanishes_fills_no_room_with_bodies() {
    let settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        max_sessions_per_address: 1,
        limbo: Duration::from_secs(600),
        proxies: vec![Network::parse("127.0.0.1").unwrap()],
        ..Settings::default()
    };
    let server = Server::<Arena>::start(settings, Config::default()).unwrap();
    let (limbo, sockets) = (&server.telemetry().limbo, &server.telemetry().sockets);
    let enter = async |address: &str, resume| {
        let headers = [("x-forwarded-for", address)];
        let client = Client::try_connect(server.address(), "/ws", &headers).await;
        let mut client = client.unwrap();
        let hello = Hello {
            resume,
            ..hello("ada")
        };
        client.say(&ClientMessage::Hello(hello)).await;
        let answer = client.hear().await;
        (client, answer)
    };
    let mut token = None;
    for bodies in 1..=2 {
        let (client, answer) = enter("192.0.2.1", None).await;
        let ServerMessage::Welcome(welcome) = answer else {
            panic!("{answer:?}");
        };
        token = Some(welcome.resume);
        drop(client);
        eventually("his body stays behind", || {
            limbo.get() == bodies && sockets.get() == 0
        })
        .await;
    }
    let (mut client, answer) = enter("192.0.2.1", token).await;
    let ServerMessage::Bye { code, text, .. } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (code, &*text),
        (1013, "too many players from this address, try again later")
    );
    client.end().await;
    eventually("his place is back", || sockets.get() == 0).await;

    // Who says goodbye leaves nothing behind, however often he comes.
    for _ in 0..4 {
        let (mut client, answer) = enter("192.0.2.2", None).await;
        assert!(matches!(answer, ServerMessage::Welcome(_)), "{answer:?}");
        client.close(1000).await;
        client.end().await;
        eventually("he is gone", || {
            server.telemetry().members.get() == 2 && sockets.get() == 0
        })
        .await;
    }
    // Nor does who comes back to what he left.
    let mut token = None;
    for _ in 0..4 {
        let (client, answer) = enter("192.0.2.3", token).await;
        let ServerMessage::Welcome(welcome) = answer else {
            panic!("{answer:?}");
        };
        token = Some(welcome.resume);
        drop(client);
        eventually("his body stays behind", || {
            limbo.get() == 3 && sockets.get() == 0
        })
        .await;
    }
    server.stop().await;
}

#[actix_rt::test]
async fn a_full_room_says_when_to_come_back() {
    let settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        max_players: 1,
        max_rooms: 1,
        ..Settings::default()
    };
    let server = Server::<Arena>::start(settings, Config::default()).unwrap();
    let _first = Client::join(server.address()).await;
    for path in ["/ws", "/ws/another"] {
        let mut second = Client::connect(server.address(), path).await;
        second.say(&ClientMessage::Hello(hello("bob"))).await;
        match second.hear().await {
            ServerMessage::Bye {
                code,
                retry_after_ms,
                ..
            } => assert_eq!((code, retry_after_ms), (1013, Some(5000)), "{path}"),
            other => panic!("{path}: let in: {other:?}"),
        }
        assert_eq!(second.end().await.code, Some(1013));
    }
    server.stop().await;
}
