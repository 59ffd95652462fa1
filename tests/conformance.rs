//! The WebSocket layer against RFC 6455, frame by frame over real sockets, at the
//! echo example: what a peer may do is answered, what it must not do ends with the
//! code that the RFC asks for, and the connection is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// Only what serves is used here, and not its command line.
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/echo.rs"]
mod echo;
mod harness;

use downbeat::telemetry::Telemetry;
use downbeat_protocol::Reason;
use harness::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};
use harness::{PATIENCE, Raw, eventually};
use procfs::WithCurrentSystemInfo;
use procfs::process::Process;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::AsyncWriteExt;

const LIMIT: usize = 16 << 10;

/// The echo, and what it counts.
struct Echo {
    address: SocketAddr,
    telemetry: Arc<Telemetry>,
    handle: actix_server::ServerHandle,
}

impl Echo {
    fn start() -> Self {
        let (address, telemetry, handle) = echo::serve(([127, 0, 0, 1], 0).into(), LIMIT).unwrap();
        Self {
            address,
            telemetry,
            handle,
        }
    }

    /// Waits until each of `connections` has ended once and nothing is left.
    async fn finish(self, connections: u64) {
        let ends = || Reason::ALL.iter().map(|r| self.telemetry.ends(*r)).sum();
        eventually("all sockets are gone", || {
            let ends: u64 = ends();
            ends >= connections && self.telemetry.sockets.get() == 0
        })
        .await;
        let ends: u64 = ends();
        assert_eq!(ends, connections, "each connection ends once");
        self.handle.stop(false).await;
    }
}

fn close(code: u16, text: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), text].concat())
}

fn announced(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first, 0x80 | 127];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out
}

/// Section, what is sent, the answers before the end, the close frame's payload.
type Case = (&'static str, Vec<u8>, Vec<(u8, Vec<u8>)>, Vec<u8>);

/// Sends each case on a connection of its own, in one piece and byte by byte.
async fn check(cases: Vec<Case>) {
    let echo = Echo::start();
    let mut connections = 0;
    for (name, bytes, answers, end) in cases {
        for piece in [bytes.len().max(1), 1] {
            if bytes.len() / piece > 1000 {
                continue;
            }
            connections += 1;
            let mut raw = Raw::connect(echo.address).await;
            for piece in bytes.chunks(piece) {
                raw.send(piece).await;
            }
            for answer in &answers {
                assert_eq!(raw.next().await.as_ref(), Some(answer), "{name}");
            }
            let (first, payload) = raw.next().await.expect(name);
            assert_eq!(first, FIN | CLOSE, "{name}: {payload:x?}");
            let is_code_only = end.len() == 2;
            let seen = if is_code_only {
                &payload[..2]
            } else {
                &payload[..]
            };
            assert_eq!(seen, end, "{name}");
            assert!(raw.rest().await.is_empty(), "{name}: the end of the stream");
        }
    }
    echo.finish(connections).await;
}

fn code(code: u16) -> Vec<u8> {
    code.to_be_bytes().to_vec()
}

#[actix_rt::test]
async fn what_a_peer_may_do_is_answered() {
    let bye = close(1000, b"");
    let text = |text: &str| (FIN | TEXT, text.as_bytes().to_vec());
    let full = vec![0xAB; LIMIT];
    let cases: Vec<Case> = vec![
        (
            "5.6: text and binary come back as they were",
            [
                frame(FIN | TEXT, "grüße 😀".as_bytes()),
                frame(FIN | BINARY, b"\xFF\x00"),
                frame(FIN | TEXT, b""),
                bye.clone(),
            ]
            .concat(),
            vec![
                text("grüße 😀"),
                (FIN | BINARY, b"\xFF\x00".to_vec()),
                text(""),
            ],
            code(1000),
        ),
        (
            "5.4: fragments are one message, control frames pass in between",
            [
                frame(TEXT, b"\xE2"),
                frame(FIN | PING, b"\xFF\x00"),
                frame(CONTINUATION, b"\x82"),
                frame(CONTINUATION, b""),
                frame(FIN | PONG, b"unasked"),
                frame(FIN | CONTINUATION, b"\xAC"),
                bye.clone(),
            ]
            .concat(),
            vec![(FIN | PONG, b"\xFF\x00".to_vec()), text("€")],
            code(1000),
        ),
        (
            "5.4: all of it empty",
            [frame(BINARY, b""), frame(FIN, b""), bye.clone()].concat(),
            vec![(FIN | BINARY, vec![])],
            code(1000),
        ),
        (
            "5.5: a control frame of 125 bytes",
            [frame(FIN | PING, &[7; 125]), bye.clone()].concat(),
            vec![(FIN | PONG, vec![7; 125])],
            code(1000),
        ),
        (
            "5.2: a message at the limit",
            [frame(FIN | BINARY, &full), bye.clone()].concat(),
            vec![(FIN | BINARY, full)],
            code(1000),
        ),
        (
            "5.2: more length bytes than needed",
            [announced(FIN | BINARY, 2), vec![1, 2], bye.clone()].concat(),
            vec![(FIN | BINARY, vec![1, 2])],
            code(1000),
        ),
        (
            "5.5.1: a close without a code is answered without one",
            frame(FIN | CLOSE, b""),
            vec![],
            vec![],
        ),
        (
            "5.5.1: a close with the longest text",
            close(4999, &[b'x'; 123]),
            vec![],
            code(4999),
        ),
        (
            "5.5.1: data after a close does not count",
            [close(3000, b""), frame(FIN | TEXT, b"late"), vec![0xFF; 9]].concat(),
            vec![],
            code(3000),
        ),
        (
            "5.5.1: a close within a message",
            [frame(TEXT, b"a"), bye].concat(),
            vec![],
            code(1000),
        ),
    ];
    check(cases).await;
}

#[actix_rt::test]
async fn what_a_peer_must_not_do_ends_with_its_code() {
    let text = FIN | TEXT;
    let mut unmasked = frame(text, b"x");
    unmasked[1] &= 0x7F;
    let mut unmasked_ping = frame(FIN | PING, b"");
    unmasked_ping[1] &= 0x7F;
    let echoed = |text: &[u8]| vec![(FIN | TEXT, text.to_vec())];
    let mut cases: Vec<Case> = [
        ("5.1: unmasked", unmasked, 1002),
        ("5.1: an unmasked ping", unmasked_ping, 1002),
        ("5.2: RSV1", frame(text | 0x40, b"x"), 1002),
        ("5.2: RSV2", frame(text | 0x20, b"x"), 1002),
        ("5.2: RSV3", frame(text | 0x10, b"x"), 1002),
        ("5.2: RSV1 on a ping", frame(FIN | PING | 0x40, b""), 1002),
        ("5.2: a length of 2⁶³", announced(text, 1 << 63), 1002),
        ("5.4: an end of nothing", frame(FIN, b"x"), 1002),
        ("5.4: a middle of nothing", frame(CONTINUATION, b"x"), 1002),
        (
            "5.4: text within text",
            [frame(TEXT, b"a"), frame(text, b"b")].concat(),
            1002,
        ),
        (
            "5.4: a second beginning",
            [frame(BINARY, b"a"), frame(TEXT, b"b")].concat(),
            1002,
        ),
        (
            "5.5: a ping of 126 bytes",
            frame(FIN | PING, &[0; 126]),
            1002,
        ),
        (
            "5.5: a pong of 126 bytes",
            frame(FIN | PONG, &[0; 126]),
            1002,
        ),
        ("5.5: a close of 126 bytes", close(1000, &[0; 124]), 1002),
        ("5.5: a fragmented ping", frame(PING, b""), 1002),
        ("5.5: a fragmented pong", frame(PONG, b""), 1002),
        ("5.5: a fragmented close", frame(CLOSE, b""), 1002),
        ("5.5.1: a close of one byte", frame(FIN | CLOSE, &[3]), 1002),
        (
            "8.1: bad text in a close",
            close(1000, b"\xCE\xBA\xED\xA0"),
            1007,
        ),
        (
            "8.1: half a character in a close",
            close(1000, b"\xE2\x82"),
            1007,
        ),
        ("8.1: bad text", frame(text, b"a\xF8"), 1007),
        ("8.1: a surrogate", frame(text, b"\xED\xA0\x80"), 1007),
        ("8.1: overlong", frame(text, b"\xC0\xAF"), 1007),
        (
            "8.1: above U+10FFFF",
            frame(text, b"\xF4\x90\x80\x80"),
            1007,
        ),
        ("8.1: half a character", frame(text, b"\xE2\x82"), 1007),
        (
            "8.1: half a character over fragments",
            [frame(TEXT, b"\xE2"), frame(FIN, b"\x82")].concat(),
            1007,
        ),
        (
            "8.1: bad text in a fragment, and the message goes on",
            [frame(TEXT, b"a"), frame(CONTINUATION, b"\xFF")].concat(),
            1007,
        ),
        (
            "8.1: bad text, long before its frame ends",
            [announced(text, 1000), vec![0xFF]].concat(),
            1007,
        ),
        (
            "7.4.1: announced beyond the limit",
            announced(text, LIMIT as u64 + 1),
            1009,
        ),
        (
            "7.4.1: announced 2 GiB",
            announced(FIN | BINARY, 2 << 30),
            1009,
        ),
        (
            "7.4.1: announced 2⁶³ − 1",
            announced(text, (1 << 63) - 1),
            1009,
        ),
        (
            "7.4.1: beyond the limit in fragments",
            [frame(BINARY, &[0; 9000]), frame(FIN, &[0; 9000])].concat(),
            1009,
        ),
    ]
    .map(|(name, bytes, end)| (name, bytes, vec![], code(end)))
    .into();
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let name = "5.2: a reserved opcode";
        cases.push((name, frame(FIN | opcode, b""), vec![], code(1002)));
    }
    for bad in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        let name = "7.4: a code that must not be sent";
        cases.push((name, close(bad, b""), vec![], code(1002)));
    }
    for good in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        let name = "7.4: a code that may be sent";
        cases.push((name, close(good, b"why"), vec![], code(good)));
    }
    cases.push((
        "what came before a violation is still answered",
        [frame(text, b"good"), frame(FIN | 3, b"")].concat(),
        echoed(b"good"),
        code(1002),
    ));
    check(cases).await;
}

#[actix_rt::test]
async fn floods_cost_no_memory_and_end() {
    let echo = Echo::start();
    let memory = || Process::myself().unwrap().stat().unwrap().rss_bytes().get();
    let before = memory();
    let start = Instant::now();

    // Fragments without content are of use to nobody.
    let mut raw = Raw::connect(echo.address).await;
    let empty = frame(CONTINUATION, b"").repeat(100_000);
    raw.send(&[frame(TEXT, b""), empty].concat()).await;
    assert_eq!(raw.close_code().await, Some(Reason::Flood.code()));

    // Pings that nobody reads the answers of: the peer is not read any further, and
    // in the end cut.
    let mut deaf = Raw::open(echo.address, Some(4096)).await.upgraded().await;
    let pings = frame(FIN | PING, &[0; 125]).repeat(1000);
    let mut sent = 0;
    let stuck = loop {
        let write = deaf.stream.write_all(&pings);
        match tokio::time::timeout(PATIENCE / 20, write).await {
            Ok(Ok(())) => sent += pings.len(),
            stuck => break stuck,
        }
        assert!(sent < 1 << 30, "the kernel takes no gigabyte");
    };
    assert!(stuck.is_err(), "stuck, and not ended: {stuck:?}");

    // Meanwhile everybody else is answered.
    let mut other = Raw::connect(echo.address).await;
    other.frame(FIN | TEXT, b"still there?").await;
    let answer = Some((FIN | TEXT, b"still there?".to_vec()));
    assert_eq!(other.next().await, answer);
    let grown = memory().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more");
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    drop((raw, deaf, other));
    echo.finish(3).await;
}
