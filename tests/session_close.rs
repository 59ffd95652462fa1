//! How connections end: in good order from either side, by a lost link, by a peer
//! that takes no bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::game::Leave;
use downbeat_protocol::{ClientMessage, Reason, codec};
use harness::client::{hello, input};
use harness::raw::{BINARY, CLOSE, FIN, PING, TEXT, frame};
use harness::{Client, Ended, PATIENCE, Raw, TestServer, eventually};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// What a good close may take, on a busy machine.
const PROMPT: Duration = Duration::from_secs(1);

fn hello_bytes() -> Vec<u8> {
    codec::encode(&ClientMessage::<()>::Hello(hello("ada"))).unwrap()
}

#[actix_rt::test]
async fn a_client_closes_with_any_code_and_is_answered_with_it() {
    let server = TestServer::start(|_| {});
    for code in [1000, 1001, 3000, 4999] {
        let mut client = Client::join(server.address).await;
        let start = Instant::now();
        client.close(code).await;
        let ended = client.end().await;
        assert!(
            start.elapsed() < PROMPT,
            "{code} took {:?}",
            start.elapsed()
        );
        assert_eq!((ended.bye, ended.code), (None, Some(code)));
    }
    eventually("only 1000 is a farewell", || {
        use Leave::{Gone, Quiet};
        server.desk(|desk| desk.left == [Gone, Quiet, Quiet, Quiet])
    })
    .await;
    assert_eq!(server.ends(Reason::Left), 4);
    server.finish(4).await;
}

#[actix_rt::test]
async fn a_close_without_a_code_is_answered_without_one() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    // What follows a close does not count, and does not spoil the answer.
    raw.frame(FIN | CLOSE, b"").await;
    raw.frame(FIN | PING, b"too late").await;
    assert_eq!(raw.next().await, Some((FIN | CLOSE, vec![])));
    assert_eq!(raw.next().await, None);
    server.finish(1).await;
}

#[actix_rt::test]
async fn the_room_ends_a_session_with_bye_and_close() {
    let server = TestServer::start(|_| {});
    let mut client = Client::join(server.address).await;
    server.desk(|desk| desk.end = Some(Reason::Kicked));
    let start = Instant::now();
    assert_eq!(client.end().await, Ended::told(4011));
    assert!(start.elapsed() < PROMPT, "took {:?}", start.elapsed());
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_room_that_drops_its_link_has_failed() {
    let server = TestServer::start(|_| {});
    let mut client = Client::join(server.address).await;
    server.desk(|desk| desk.fail = true);
    assert_eq!(client.end().await, Ended::told(1011));
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_peer_that_never_answers_a_close_is_not_waited_for() {
    let server = TestServer::start(|settings| settings.hello_timeout = Duration::from_millis(20));
    let mut raw = Raw::connect(server.address).await;
    assert_eq!(raw.close_code().await, Some(4000));
    // It neither answers nor closes.
    eventually("the socket is gone", || server.telemetry.sockets.get() == 0).await;
    assert!(raw.rest().await.is_empty());
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_peer_that_floods_after_its_end_is_not_waited_for_either() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    raw.frame(FIN | TEXT, b"").await;
    let flood = vec![0x55; 64 << 10];
    let start = Instant::now();
    while raw.stream.write_all(&flood).await.is_ok() {
        assert!(start.elapsed() < PATIENCE, "the socket is still read");
    }
    assert_eq!(server.ends(Reason::TextRefused), 1);
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_lost_link_is_a_quiet_leave() {
    let server = TestServer::start(|_| {});
    for half in [false, true] {
        let mut raw = Raw::connect(server.address).await;
        raw.frame(FIN | BINARY, &hello_bytes()).await;
        raw.next().await.unwrap();
        if half {
            // A half-closed peer is lost as well, and nothing is sent to it.
            raw.stream.shutdown().await.unwrap();
            assert_eq!(raw.next().await, None);
        }
    }
    eventually("both have left quietly", || {
        server.desk(|desk| desk.left == [Leave::Quiet; 2])
    })
    .await;
    assert_eq!(server.ends(Reason::LinkLost), 2);
    server.finish(2).await;
}

#[actix_rt::test]
async fn a_reset_is_a_lost_link() {
    let server = TestServer::start(|_| {});
    let raw = Raw::connect(server.address).await;
    raw.stream.set_zero_linger().unwrap();
    drop(raw);
    eventually("it has ended", || server.ends(Reason::LinkLost) == 1).await;
    server.finish(1).await;
}

/// A player that has stopped reading while the room talks without end: his inputs
/// still arrive.
async fn jammed(server: &TestServer) -> Raw {
    let mut raw = Raw::open(server.address, Some(4096)).await.upgraded().await;
    raw.frame(FIN | BINARY, &hello_bytes()).await;
    eventually("he is in", || server.desk(|desk| desk.members == 1)).await;
    server.desk(|desk| desk.snapshot = 60_000);
    server.is_stuck().await;
    raw
}

#[actix_rt::test]
async fn who_takes_no_bytes_still_plays_until_the_write_timeout() {
    let server = TestServer::start(|settings| {
        settings.write_timeout = Duration::from_millis(500);
        settings.send_buffer = 8 << 10;
    });
    let mut other = Client::join(server.address).await;
    other.close(1000).await;
    other.end().await;
    server.empty().await;

    let mut raw = jammed(&server).await;
    raw.frame(FIN | BINARY, &codec::encode(&input(1)).unwrap())
        .await;
    eventually("his input arrives", || server.desk(|desk| desk.inputs == 1)).await;
    eventually("he is cut", || server.ends(Reason::Jammed) == 1).await;
    server.empty().await;
    assert_eq!(
        server.desk(|desk| desk.left.clone()),
        [Leave::Gone, Leave::Quiet]
    );
    server.finish(2).await;
}

#[actix_rt::test]
async fn the_rooms_end_reaches_a_session_that_takes_no_bytes() {
    let server = TestServer::start(|settings| {
        settings.write_timeout = Duration::from_secs(60);
        settings.send_buffer = 8 << 10;
    });
    let _raw = jammed(&server).await;
    server.desk(|desk| desk.end = Some(Reason::TooSlow));
    eventually("it has ended", || server.ends(Reason::TooSlow) == 1).await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn answers_pile_up_no_further_than_their_bound() {
    let server = TestServer::start(|settings| {
        settings.write_timeout = Duration::from_secs(60);
        settings.message_rate = Some(1_000_000);
        settings.send_buffer = 8 << 10;
    });
    let mut raw = jammed(&server).await;
    // Each would be answered with as many bytes, and he reads none of them.
    let pings = frame(FIN | PING, &[0; 125]).repeat(600);
    raw.send(&pings).await;
    eventually("he is cut", || server.ends(Reason::Jammed) == 1).await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn what_a_slow_reader_gets_stays_in_order_and_whole() {
    let server = TestServer::start(|settings| settings.send_buffer = 8 << 10);
    let mut raw = jammed(&server).await;
    server.desk(|desk| desk.snapshot = 0);
    // The welcome, then whole snapshots only, then the end.
    let (_, welcome) = raw.next().await.unwrap();
    assert_eq!(welcome[0], 0, "a welcome");
    server.desk(|desk| desk.end = Some(Reason::RoomClosed));
    let mut snapshots = 0;
    loop {
        let (first, payload) = raw.next().await.unwrap();
        if payload != vec![0xEE; 60_000] {
            assert_eq!(first, FIN | BINARY, "a bye");
            break;
        }
        snapshots += 1;
    }
    assert!(snapshots > 0, "what was written is delivered");
    assert_eq!(raw.close_code().await, Some(4005));
    server.finish(1).await;
}
