//! The end of a server: who is told what, when, and how the process ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::Server;
use downbeat::config::Settings;
use downbeat::game::arena::{Arena, Config};
use downbeat_protocol::{ClientMessage, Reason, ServerMessage};
use harness::client::hello;
use harness::{Binary, Client, Raw, soon};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The bye's code and hint.
async fn bye(client: &mut Client) -> (u16, Option<u32>) {
    loop {
        if let ServerMessage::Bye {
            code,
            retry_after_ms,
            ..
        } = client.hear().await
        {
            return (code, retry_after_ms);
        }
    }
}

#[actix_rt::test]
async fn everyone_is_told_when_to_come_back() {
    let settings = Settings {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        restart_hint: Duration::from_secs(7),
        ..Settings::default()
    };
    let server = Server::<Arena>::start(settings, Config::default()).unwrap();
    let mut players = Vec::new();
    for room in ["main", "main", "duel"] {
        let mut client = Client::connect(server.address(), &format!("/ws/{room}")).await;
        client.say(&ClientMessage::Hello(hello("ada"))).await;
        client.welcome().await;
        players.push(client);
    }
    let mut waiting = Client::connect(server.address(), "/ws").await;
    let drained = actix_rt::spawn(server.drain(Reason::Restarting));
    // At most a millisecond later per socket.
    for client in &mut players {
        let (code, retry) = bye(client).await;
        assert_eq!(code, 1012);
        let retry = retry.unwrap();
        assert!((7000..=7004).contains(&retry), "{retry}");
        assert_eq!(client.end().await.code, Some(1012));
    }
    assert_eq!(bye(&mut waiting).await, (1012, Some(7000)));
    waiting.end().await;
    let drained = soon("the drain", drained).await.unwrap();
    assert_eq!(drained, Ok(()), "nobody is left");
}

#[actix_rt::test]
async fn who_does_not_expect_to_be_back_does_not_say_when() {
    let settings = Settings {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Settings::default()
    };
    let server = Server::<Arena>::start(settings, Config::default()).unwrap();
    let mut client = Client::join(server.address()).await;
    let drained = actix_rt::spawn(server.drain(Reason::GoingAway));
    assert_eq!(bye(&mut client).await, (1001, None));
    client.end().await;
    assert_eq!(soon("the drain", drained).await.unwrap(), Ok(()));
}

#[actix_rt::test]
async fn sigterm_turns_readiness_at_once_and_ends_with_0_when_all_are_gone() {
    let server = Binary::start(&["--drain", "20s"], &[]);
    let mut client = Client::join(server.address).await;
    // It keeps the drain going until it answers the close.
    let mut slow = Raw::connect(server.address).await;
    server.signal("TERM");
    assert_eq!(bye(&mut client).await.0, 1012);

    let mut http = Raw::open(server.address, None).await;
    http.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    let head = http.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    let refused = Client::try_connect(server.address, "/ws", &[]).await;
    assert!(refused.is_err(), "nobody new");

    client.end().await;
    assert_eq!(slow.close_code().await, Some(1012));
    drop(slow);
    let start = Instant::now();
    let (status, _) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "not the whole drain"
    );
}

#[actix_rt::test]
async fn a_drain_that_runs_out_of_time_ends_with_1_and_says_so() {
    let server = Binary::start(&["--drain", "100ms"], &[]);
    // It neither answers the close nor goes.
    let raw = Raw::connect(server.address).await;
    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("the drain ran out of time"), "{log}");
    drop(raw);
}
