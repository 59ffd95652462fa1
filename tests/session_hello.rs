//! From the upgrade to the room: what a hello must be, and what comes of a bad one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::server::DrainError;
use downbeat_protocol::message::Hello;
use downbeat_protocol::{ClientMessage, Reason, ServerMessage, codec};
use harness::client::{hello, input};
use harness::{Client, Ended, Raw, TestServer, eventually};
use std::time::{Duration, Instant};

#[actix_rt::test]
async fn a_hello_is_welcomed_and_inputs_reach_the_room() {
    let server = TestServer::start(|_| {});
    let mut client = Client::connect(server.address, "/ws/duel").await;
    let hello = hello("  ada\u{7}\u{1b}  ");
    client.say(&ClientMessage::Hello(hello)).await;
    let welcome = client.welcome().await;
    assert_eq!((&*welcome.room, &*welcome.name), ("duel", "ada"));

    client.say(&input(7)).await;
    assert_eq!(client.hear().await, ServerMessage::Pong { nonce: 7 });
    client.ping(9).await;

    client.close(1000).await;
    client.end().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn who_says_nothing_is_sent_away_in_time() {
    let server = TestServer::start(|settings| settings.hello_timeout = Duration::from_millis(50));
    let mut client = Client::connect(server.address, "/ws").await;
    assert_eq!(client.end().await, Ended::told(4000));
    assert_eq!(server.ends(Reason::HelloTimeout), 1);
    server.finish(1).await;
}

#[actix_rt::test]
async fn who_falls_silent_is_sent_away_in_time() {
    let server = TestServer::start(|settings| settings.idle_timeout = Duration::from_millis(50));
    let mut client = Client::join(server.address).await;
    assert_eq!(client.end().await, Ended::told(4009));
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_bad_first_message_is_told_why() {
    let server = TestServer::start(|_| {});
    let good = || hello("ada");
    let encoded = |hello| codec::encode(&ClientMessage::<()>::Hello(hello)).unwrap();
    let newer = Hello {
        version: 2,
        ..good()
    };
    let other_game = Hello {
        schema: 1,
        ..good()
    };
    let other_room = Hello {
        room: "other".into(),
        ..good()
    };
    let cases = [
        ("undecodable", vec![0xFF; 20], 4001),
        ("empty", vec![], 4001),
        ("an input", codec::encode(&input(1)).unwrap(), 4001),
        ("a newer version", encoded(newer), 4002),
        ("a newer version, unreadable", vec![0, 2, 0xFF], 4002),
        ("another game", encoded(other_game), 4003),
        ("another room than the path's", encoded(other_room), 4004),
    ];
    let count = cases.len() as u64;
    for (name, bytes, code) in cases {
        let mut client = Client::connect(server.address, "/ws/duel").await;
        client.send(bytes).await;
        assert_eq!(client.end().await, Ended::told(code), "{name}");
    }
    server.finish(count).await;
}

#[actix_rt::test]
async fn a_second_hello_and_rubbish_end_a_player() {
    let server = TestServer::start(|_| {});
    for bytes in [
        codec::encode(&ClientMessage::<()>::Hello(hello("eve"))).unwrap(),
        vec![0xFF; 3],
    ] {
        let mut client = Client::join(server.address).await;
        client.send(bytes).await;
        assert_eq!(client.end().await, Ended::told(4001));
    }
    server.finish(2).await;
}

#[actix_rt::test]
async fn a_flood_is_ended_and_others_play_on() {
    let server = TestServer::start(|settings| settings.flood_timeout = Duration::ZERO);
    let mut honest = Client::join(server.address).await;
    let mut flood = Client::join(server.address).await;
    for seq in 0..100 {
        flood.say(&input(seq)).await;
    }
    assert_eq!(flood.end().await, Ended::told(4010));
    honest.ping(1).await;
    honest.close(1000).await;
    server.finish(2).await;
}

#[actix_rt::test]
async fn a_drain_ends_those_with_and_without_a_room() {
    let server = TestServer::start(|_| {});
    let mut waiting = Client::connect(server.address, "/ws").await;
    let mut playing = Client::join(server.address).await;
    let TestServer {
        running, telemetry, ..
    } = server;
    let readiness = running.readiness().clone();
    let address = running.address();
    assert_eq!(readiness.draining(), None);

    let drain = running.drain(Reason::Restarting);
    let clients = async {
        assert_eq!(waiting.end().await, Ended::told(1012), "without a room");
        assert_eq!(playing.end().await, Ended::told(1012), "in a room");
    };
    let (gone, ()) = futures_util::future::join(drain, clients).await;
    assert_eq!(gone, Ok(()), "no socket was left");
    assert_eq!(readiness.draining(), Some(Reason::Restarting));
    assert_eq!(telemetry.ends(Reason::Restarting), 2);
    eventually("nobody listens any more", || {
        std::net::TcpStream::connect(address).is_err()
    })
    .await;
}

#[actix_rt::test]
async fn a_drain_does_not_wait_longer_than_its_time() {
    let server = TestServer::start(|settings| settings.drain = Duration::from_millis(20));
    // It never answers the close, for which the server would wait a second.
    let mut raw = Raw::connect(server.address).await;
    let start = Instant::now();
    assert_eq!(
        server.running.drain(Reason::GoingAway).await,
        Err(DrainError::Sockets),
        "one was left"
    );
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "took {:?}",
        start.elapsed()
    );
    assert_eq!(
        raw.close_code().await,
        Some(1001),
        "it was told all the same"
    );
    assert_eq!(raw.next().await, None, "and its socket is closed");
}
