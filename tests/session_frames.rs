//! What a peer's frames lead to: the codes of RFC 6455, and no harm to anybody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat_protocol::{ClientMessage, Reason, ServerMessage, Tick, codec};
use harness::client::{hello, input};
use harness::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};
use harness::{Client, Raw, TestServer, eventually};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn hello_bytes() -> Vec<u8> {
    codec::encode(&ClientMessage::<()>::Hello(hello("ada"))).unwrap()
}

fn announced(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first, 0x80 | 127];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out
}

#[actix_rt::test]
async fn forbidden_frames_are_closed_with_their_code() {
    let server = TestServer::start(|_| {});
    let binary = FIN | BINARY;
    let mut unmasked = frame(binary, b"x");
    unmasked[1] &= 0x7F;
    let close = |payload: &[u8]| frame(FIN | CLOSE, payload);
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("text", frame(FIN | TEXT, b"hi"), 1003),
        ("fragmented text", frame(TEXT, b"hi"), 1003),
        ("unmasked", unmasked, 1002),
        ("rsv1", frame(binary | 0x40, b"x"), 1002),
        ("rsv2", frame(binary | 0x20, b"x"), 1002),
        ("rsv3", frame(binary | 0x10, b"x"), 1002),
        ("reserved opcode", frame(FIN | 5, b"x"), 1002),
        ("reserved control opcode", frame(FIN | 12, b"x"), 1002),
        ("fragmented ping", frame(PING, b"x"), 1002),
        ("long ping", frame(FIN | PING, &[0; 126]), 1002),
        (
            "continuation of nothing",
            frame(FIN | CONTINUATION, b"x"),
            1002,
        ),
        (
            "a beginning within a message",
            [frame(BINARY, b"x"), frame(binary, b"y")].concat(),
            1002,
        ),
        ("oversized", frame(binary, &vec![0; (16 << 10) + 1]), 1009),
        (
            "oversized in fragments",
            [frame(BINARY, &[0; 9000]), frame(FIN, &[0; 9000])].concat(),
            1009,
        ),
        ("announced 2 GiB", announced(binary, 2 << 30), 1009),
        ("announced 2⁶³", announced(binary, 1 << 63), 1002),
        ("close with one byte", close(&[3]), 1002),
        ("close with 1005", close(&1005u16.to_be_bytes()), 1002),
        ("close with bad utf-8", close(&[3, 232, 0xFF]), 1007),
        (
            "nothing but empty fragments",
            [frame(BINARY, b""), frame(CONTINUATION, b"").repeat(66)].concat(),
            4010,
        ),
        (
            "pings without end",
            frame(FIN | PING, b"").repeat(1000),
            4010,
        ),
    ];
    let count = cases.len() as u64;
    for (name, bytes, code) in cases {
        let mut raw = Raw::connect(server.address).await;
        raw.send(&bytes).await;
        assert_eq!(raw.close_code().await, Some(code), "{name}");
        assert!(
            raw.rest().await.is_empty(),
            "{name}: nothing after the close"
        );
    }
    server.finish(count).await;
}

#[actix_rt::test]
async fn a_violation_is_told_though_more_follows_at_once() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    let more = frame(FIN | BINARY, &[0; 4096]).repeat(16);
    raw.send(&[frame(FIN | TEXT, b"hi"), more].concat()).await;
    assert_eq!(raw.close_code().await, Some(1003));
    drop(raw);
    server.finish(1).await;
}

#[actix_rt::test]
async fn frames_before_a_violation_still_count() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    let ping = frame(FIN | PING, b"1");
    raw.send(&[ping.repeat(3), frame(FIN | TEXT, b"")].concat())
        .await;
    for _ in 0..3 {
        assert_eq!(raw.next().await, Some((FIN | PONG, b"1".to_vec())));
    }
    assert_eq!(raw.close_code().await, Some(1003));
    server.finish(1).await;
}

#[actix_rt::test]
async fn fragments_with_a_ping_in_between_are_one_message() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    let hello = hello_bytes();
    raw.frame(BINARY, &hello[..3]).await;
    raw.frame(FIN | PING, b"still here?").await;
    let pong = Some((FIN | PONG, b"still here?".to_vec()));
    assert_eq!(raw.next().await, pong, "before the message is whole");
    raw.frame(CONTINUATION, b"").await;
    raw.frame(FIN | CONTINUATION, &hello[3..]).await;
    let (first, welcome) = raw.next().await.unwrap();
    assert_eq!(first, FIN | BINARY);
    assert_eq!(welcome[0], 0, "a welcome");
    drop(raw);
    server.finish(1).await;
}

#[actix_rt::test]
async fn bytes_may_come_one_by_one_and_with_the_request() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::open(server.address, None).await;
    let request = harness::raw::request("GET", "/ws", &[]);
    let hello = frame(FIN | BINARY, &hello_bytes());
    raw.send(&[request.as_bytes(), &hello[..9]].concat()).await;
    raw.head().await;
    for byte in &hello[9..] {
        raw.send(&[*byte]).await;
    }
    let (_, welcome) = raw.next().await.unwrap();
    assert_eq!(welcome[0], 0, "a welcome");
    drop(raw);
    server.finish(1).await;
}

/// Sends one message of garbage on each of `count` connections, since the first
/// forbidden one ends it.
async fn talk_garbage(address: SocketAddr, seed: u64, count: u32) {
    let mut random = Pcg32::seed_from_u64(seed);
    for _ in 0..count {
        let mut raw = Raw::connect(address).await;
        let mut bytes = Vec::new();
        if random.next_u32() % 2 == 0 {
            bytes.extend(frame(FIN | BINARY, &hello_bytes()));
        }
        bytes.extend(garbage(&mut random));
        // If the garbage was harmless or is an unfinished frame, this ends it.
        bytes.extend(frame(FIN | CLOSE, &1000u16.to_be_bytes()));
        raw.send(&bytes).await;
        let _ = raw.stream.shutdown().await;
        raw.rest().await;
    }
}

fn garbage(random: &mut Pcg32) -> Vec<u8> {
    let bytes = |random: &mut Pcg32, most: u32| {
        let mut bytes = vec![0; (random.next_u32() % most) as usize];
        random.fill_bytes(&mut bytes);
        bytes
    };
    match random.next_u32() % 6 {
        0 => frame(FIN | BINARY, &bytes(random, 300)),
        1 => bytes(random, 100),
        2 => announced(FIN | BINARY, random.next_u64()),
        3 => frame(random.next_u32() as u8, &bytes(random, 200)),
        kind => {
            let mut real = match random.next_u32() % 2 {
                0 => hello_bytes(),
                _ => codec::encode(&input(random.next_u32())).unwrap(),
            };
            if kind == 4 {
                let at = random.next_u32() as usize % real.len();
                real[at] ^= 1 << (random.next_u32() % 8);
            } else {
                real.truncate(random.next_u32() as usize % real.len());
            }
            frame(FIN | BINARY, &real)
        }
    }
}

#[actix_rt::test]
async fn ten_thousand_messages_of_garbage_do_no_harm() {
    const TALKERS: u64 = 20;
    const EACH: u32 = 500;
    let server = TestServer::start(|_| {});
    let mut honest = Client::join(server.address).await;
    let talkers = (0..TALKERS).map(|seed| talk_garbage(server.address, seed, EACH));
    let is_over = Cell::new(false);
    let talk = async {
        futures_util::future::join_all(talkers).await;
        is_over.set(true);
    };
    let play = async {
        for nonce in 0.. {
            if is_over.get() {
                return;
            }
            honest.ping(nonce).await;
            // Below the rate that an honest client keeps to.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    futures_util::future::join(talk, play).await;
    honest.ping(1).await;
    honest.close(1000).await;
    honest.end().await;

    let count = TALKERS * u64::from(EACH) + 1;
    eventually("all have ended", || server.all_ends() >= count).await;
    for reason in [Reason::ProtocolError, Reason::TooLarge, Reason::BadMessage] {
        assert!(server.ends(reason) > 0, "some were told {reason}");
    }
    assert_eq!(server.ends(Reason::RoomFailed), 0);
    server.finish(count).await;
}

#[actix_rt::test]
async fn pings_and_pongs_of_websocket_and_protocol_both_work() {
    let server = TestServer::start(|_| {});
    let mut raw = Raw::connect(server.address).await;
    raw.frame(FIN | PONG, b"unasked").await;
    raw.frame(FIN | PING, b"").await;
    assert_eq!(raw.next().await, Some((FIN | PONG, vec![])));
    raw.frame(FIN | BINARY, &hello_bytes()).await;
    raw.next().await.unwrap();
    let ping = ClientMessage::<()>::Ping {
        nonce: 3,
        received: Tick(0),
    };
    raw.frame(FIN | BINARY, &codec::encode(&ping).unwrap())
        .await;
    let pong = ServerMessage::<downbeat_protocol::arena::ArenaWire>::Pong { nonce: 3 };
    let pong = codec::encode(&pong).unwrap();
    assert_eq!(raw.next().await, Some((FIN | BINARY, pong)));
    drop(raw);
    server.finish(1).await;
}
