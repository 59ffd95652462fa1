//! The door: who never becomes a session, who is believed, who is turned away and how.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::config::{Network, OriginRule};
use harness::raw::request;
use harness::{Binary, Client, PATIENCE, Raw, TestServer, eventually, soon};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// Status, head and body of an answer that ends the connection, or of an upgrade.
async fn answer(mut raw: Raw) -> (u16, String, String) {
    let head = raw.head().await.to_lowercase();
    let status = head[9..12].parse().unwrap();
    let body = if status == 101 {
        Vec::new()
    } else {
        raw.rest().await
    };
    (status, head, String::from_utf8(body).unwrap())
}

async fn ask(server: &TestServer, headers: &[(&str, &str)]) -> (u16, String, String) {
    let mut raw = Raw::open(server.address, None).await;
    raw.send(request("GET", "/ws", headers).as_bytes()).await;
    answer(raw).await
}

/// Sends what `bytes` yields, one each `pause`, until the peer has had enough; how
/// long that took.
async fn trickle(mut raw: Raw, bytes: impl IntoIterator<Item = u8>, pause: Duration) -> Duration {
    let start = Instant::now();
    for byte in bytes {
        let (mut reader, mut writer) = raw.stream.split();
        let mut rest = [0; 512];
        let read = tokio::io::AsyncReadExt::read(&mut reader, &mut rest);
        match tokio::time::timeout(pause, read).await {
            Ok(Ok(0) | Err(_)) => break,
            // An answer is no end yet.
            Ok(Ok(_)) => continue,
            Err(_) if writer.write_all(&[byte]).await.is_err() => break,
            Err(_) => {}
        }
        assert!(start.elapsed() < PATIENCE, "it is still listened to");
    }
    start.elapsed()
}

#[actix_rt::test]
async fn who_never_finishes_a_request_is_gone_in_time_and_disturbs_nobody() {
    const LIMIT: Duration = Duration::from_millis(500);
    let server = TestServer::start(|settings| settings.request_timeout = LIMIT);
    let mut honest = Client::join(server.address).await;

    let head = || {
        b"GET /ws HTTP/1.1\r\nX: "
            .iter()
            .copied()
            .chain(std::iter::repeat(b'x'))
    };
    let mut slow = Vec::new();
    for n in 0..100 {
        let raw = Raw::open(server.address, None).await;
        let pause = Duration::from_millis(20);
        slow.push(actix_rt::spawn(async move {
            // Some say nothing at all.
            let pause = if n % 4 == 0 { PATIENCE } else { pause };
            trickle(raw, head(), pause).await
        }));
    }
    eventually("all are at the door", || server.telemetry.http.get() == 100).await;
    for nonce in 0..10 {
        honest.ping(nonce).await;
    }
    for slow in slow {
        let took = slow.await.unwrap();
        // HTTP's clock ticks twice a second.
        assert!(took < LIMIT + Duration::from_secs(2), "{took:?}");
    }
    eventually("nobody is at the door", || server.telemetry.http.get() == 0).await;
    honest.ping(99).await;
    honest.close(1000).await;
    honest.end().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn neither_a_slow_body_nor_unread_answers_outlive_their_time() {
    let server = TestServer::start(|settings| settings.http_lifetime = Duration::from_secs(1));
    let mut slow_body = Raw::open(server.address, None).await;
    slow_body
        .send(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        .await;
    let body = trickle(
        slow_body,
        std::iter::repeat(b'x'),
        Duration::from_millis(20),
    );

    let mut unread = Raw::open(server.address, Some(4096)).await;
    let requests = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20_000);
    let unread = async {
        // At some point no more are taken before somebody reads the answers.
        while unread.stream.write_all(requests.as_bytes()).await.is_ok() {}
    };
    let start = Instant::now();
    soon("both are gone", futures_util::future::join(body, unread)).await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    eventually("nobody is at the door", || server.telemetry.http.get() == 0).await;
    server.finish(0).await;
}

#[actix_rt::test]
async fn a_request_that_cannot_be_taken_is_told_why() {
    let server = TestServer::start(|settings| {
        settings.request_timeout = Duration::from_millis(200);
    });
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET /ws HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(150));
    for (name, request, status, line) in [
        (
            "nonsense",
            "SSH-2.0-OpenSSH_9.6\r\n",
            400,
            "no good request: malformed, a header given twice, or no host\n",
        ),
        (
            "http/2",
            "PRI * HTTP/2.0\r\n\r\n",
            400,
            "http/1.1 expected\n",
        ),
        ("long", &long, 431, "the head of the request is too large\n"),
        ("many", &many, 431, "the head of the request is too large\n"),
        (
            "slow",
            "GET /ws HTTP/1.1\r\n",
            408,
            "the request took too long\n",
        ),
        ("silent", "", 408, "the request took too long\n"),
    ] {
        let mut raw = Raw::open(server.address, None).await;
        raw.send(request.as_bytes()).await;
        let (seen, head, body) = answer(raw).await;
        assert_eq!((seen, &*body), (status, line), "{name}: {head}");
        assert!(head.contains("connection: close\r\n"), "{name}: {head}");
    }
    for (status, count) in [("400", 2), ("408", 2), ("431", 2)] {
        let counted = server.telemetry.refused.with_label_values(&[status]).get();
        assert_eq!(counted, count, "{status}");
    }
    eventually("nobody is at the door", || server.telemetry.http.get() == 0).await;
    server.finish(0).await;
}

#[actix_rt::test]
async fn nobody_outside_can_fill_the_log() {
    let server = Binary::start(&[], &[]);
    let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for requests in [
        "nonsense\r\n\r\n".to_owned(),
        format!("{good}nonsense\r\n\r\n"),
    ] {
        let mut raw = Raw::open(server.address, None).await;
        raw.send(requests.as_bytes()).await;
        let answers = String::from_utf8(raw.rest().await).unwrap();
        assert!(answers.contains("HTTP/1.1 400 "), "{answers}");
    }
    // Gone before he has his answer.
    for _ in 0..20 {
        let mut raw = Raw::open(server.address, None).await;
        raw.send(request("GET", "/ws", &[]).as_bytes()).await;
        raw.stream.set_zero_linger().unwrap();
    }
    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    assert!(log.lines().count() < 10, "{log}");
}

#[actix_rt::test]
async fn a_full_door_turns_away_in_http_with_a_hint() {
    let server = TestServer::start(|settings| settings.max_http = 3);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(Raw::open(server.address, None).await);
    }
    eventually("the door is full", || server.telemetry.http.get() == 3).await;
    let (status, head, body) = ask(&server, &[]).await;
    assert_eq!(
        (status, &*body),
        (503, "the server is full, try again later\n")
    );
    assert!(head.contains("retry-after: 5\r\n"), "{head}");
    assert_eq!(
        server.telemetry.refused.with_label_values(&["503"]).get(),
        1
    );

    // A session stands in nobody's way: it has left the door.
    waiting.pop();
    eventually("a place is free", || server.telemetry.http.get() == 2).await;
    let first = Client::join(server.address).await;
    eventually("it has left", || server.telemetry.http.get() == 2).await;
    let second = Client::join(server.address).await;
    drop((first, second, waiting));
    server.finish(2).await;
}

#[actix_rt::test]
async fn addresses_from_proxies_count_and_nobody_elses_word_does() {
    let forwarded = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-For", "1.1.1.1, 192.0.2.1"),
        ("Forwarded", "for=192.0.2.1;proto=https"),
    ];
    for believed in [true, false] {
        let server = TestServer::start(|settings| {
            settings.max_sessions_per_address = 1;
            if believed {
                settings.proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
            }
        });
        let held = Client::try_connect(server.address, "/ws", &[("x-forwarded-for", "192.0.2.1")]);
        let held = held.await.unwrap();
        for header in forwarded {
            let (status, head, body) = ask(&server, &[header]).await;
            if believed {
                assert_eq!(
                    (status, &*body),
                    (429, "too many connections from this address\n"),
                    "{header:?}"
                );
                assert!(head.contains("retry-after: 5\r\n"), "{head}");
            } else {
                assert_eq!(status, 101, "loopback is exempt, whatever it says");
            }
        }
        let (status, ..) = ask(&server, &[("X-Forwarded-For", "192.0.2.2")]).await;
        assert_eq!(status, 101, "somebody else");
        let both = [forwarded[0], ("Forwarded", "for=192.0.2.9")];
        let (status, _, body) = ask(&server, &both).await;
        if believed {
            assert_eq!((status, body.lines().count()), (400, 1), "{body}");
        } else {
            assert_eq!(status, 101);
        }
        drop(held);
        server.finish(if believed { 2 } else { 6 }).await;
    }
}

#[actix_rt::test]
async fn only_pages_on_the_list_may_enter() {
    let server = TestServer::start(|settings| {
        settings.origins = vec![OriginRule::Exact("https://play.example".into())];
    });
    for (origin, status) in [
        (Some("https://play.example"), 101),
        (None, 101),
        (Some("http://play.example"), 403),
        (Some("http://127.0.0.1"), 403),
    ] {
        let headers: Vec<_> = origin
            .map(|origin| ("Origin", origin))
            .into_iter()
            .collect();
        let (seen, _, body) = ask(&server, &headers).await;
        assert_eq!(seen, status, "{origin:?}: {body}");
    }
    server.finish(2).await;
}
