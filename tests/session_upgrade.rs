//! Who may enter: paths, methods, origins, subprotocols, permits, and the routes
//! beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::guard::Readiness;
use downbeat::lobby::{Drain, Enter, Unsaved};
use downbeat::server::{Front, Rooms};
use downbeat_protocol::Reason;
use downbeat_protocol::arena::{ArenaWire, Input};
use harness::raw::request;
use harness::{Client, Raw, TestServer, eventually};
use tokio_tungstenite::tungstenite::Error;

/// The status, head and body of the answer to a request.
async fn ask(server: &TestServer, request: &str) -> (u16, String, String) {
    let mut raw = Raw::open(server.address, None).await;
    raw.send(request.as_bytes()).await;
    let head = raw.head().await;
    let status = head[9..12].parse().unwrap();
    let body = match status {
        101 => Vec::new(),
        _ => raw.rest().await,
    };
    (
        status,
        head.to_lowercase(),
        String::from_utf8(body).unwrap(),
    )
}

#[actix_rt::test]
async fn every_refusal_has_its_status_and_one_clear_line() {
    let server = TestServer::start(|_| {});
    let long = format!("/ws/{}", "x".repeat(65));
    let without = |header: &str| {
        let request = request("GET", "/ws", &[]);
        let lines = request.split_inclusive("\r\n");
        lines.filter(|line| !line.starts_with(header)).collect()
    };
    let evil = [("Origin", "https://evil.example")];
    let foreign = [("Sec-WebSocket-Protocol", "chat, downbeat.v2")];
    let cases: Vec<(&str, String, u16, &str)> = vec![
        ("another path", request("GET", "/socket", &[]), 404, "/ws"),
        (
            "a path below a room",
            request("GET", "/ws/a/b", &[]),
            404,
            "/ws",
        ),
        ("no room's name", request("GET", "/ws/", &[]), 404, "/ws"),
        (
            "a bad room's name",
            request("GET", "/ws/a%20b", &[]),
            404,
            "/ws",
        ),
        ("a long room's name", request("GET", &long, &[]), 404, "/ws"),
        (
            "the beginning of the path",
            request("GET", "/wsx", &[]),
            404,
            "/ws",
        ),
        ("another method", request("POST", "/ws", &[]), 405, "GET"),
        (
            "another origin",
            request("GET", "/ws", &evil),
            403,
            "origin",
        ),
        (
            "no origin",
            request("GET", "/ws", &[("Origin", "null")]),
            403,
            "origin",
        ),
        (
            "another subprotocol",
            request("GET", "/ws", &foreign),
            400,
            "downbeat.v1",
        ),
        (
            "no key",
            without("Sec-WebSocket-Key"),
            400,
            "sec-websocket-key",
        ),
        (
            "no version",
            without("Sec-WebSocket-Version"),
            400,
            "sec-websocket-version",
        ),
        (
            "an old version",
            request("GET", "/ws", &[]).replace("Version: 13", "Version: 8"),
            426,
            "version 13",
        ),
    ];
    for (name, request, status, text) in &cases {
        let (seen, _, body) = ask(&server, request).await;
        assert_eq!(seen, *status, "{name}");
        assert!(
            body.contains(text) && body.lines().count() == 1,
            "{name}: {body}"
        );
    }
    for (status, count) in [("404", 6), ("405", 1), ("403", 2), ("400", 3), ("426", 1)] {
        let refused = server.telemetry.refused.with_label_values(&[status]);
        assert_eq!(refused.get(), count, "{status} is counted");
    }
    server.finish(0).await;
}

#[actix_rt::test]
async fn the_subprotocol_is_negotiated() {
    let server = TestServer::start(|_| {});
    for (asked, answered) in [
        (None, None),
        (Some("downbeat.v1"), Some("downbeat.v1")),
        (Some("chat, downbeat.v1"), Some("downbeat.v1")),
    ] {
        let headers: Vec<_> = asked
            .map(|asked| ("sec-websocket-protocol", asked))
            .into_iter()
            .collect();
        let client = Client::try_connect(server.address, "/ws", &headers).await;
        let client = client.unwrap();
        let seen = client.response.headers().get("sec-websocket-protocol");
        let seen = seen.map(|value| value.to_str().unwrap());
        assert_eq!(seen, answered, "asked for {asked:?}");
    }
    server.finish(3).await;
}

#[actix_rt::test]
async fn pages_of_the_same_host_and_of_loopback_may_enter() {
    let server = TestServer::start(|_| {});
    for origin in ["http://127.0.0.1:8080", "http://localhost:3000"] {
        let request = request("GET", "/ws", &[("Origin", origin)]);
        assert_eq!(ask(&server, &request).await.0, 101, "{origin}");
    }
    server.finish(2).await;
}

#[actix_rt::test]
async fn a_full_server_says_so_until_a_place_is_free() {
    let server = TestServer::start(|settings| settings.max_sessions = 2);
    let first = Client::join(server.address).await;
    let second = Client::join(server.address).await;
    match Client::try_connect(server.address, "/ws", &[]).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("not refused: {:?}", other.map(|client| client.response)),
    }
    drop(first);
    eventually("a place is free", || server.telemetry.sockets.get() == 1).await;
    let third = Client::join(server.address).await;
    drop((second, third));
    server.finish(3).await;
}

#[actix_rt::test]
async fn who_drains_lets_nobody_in_and_still_answers() {
    let server = TestServer::start(|_| {});
    server.running.readiness().drain(Reason::Restarting);
    let (status, _, body) = ask(&server, &request("GET", "/ws", &[])).await;
    assert_eq!((status, &*body), (503, "the server is going away\n"));
    let plain = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (status, _, body) = ask(&server, plain).await;
    assert_eq!((status, &*body), (200, "hello"));
    server.finish(0).await;
}

#[actix_rt::test]
async fn a_port_in_use_is_told_with_its_address() {
    struct Nobody;
    impl actix::Actor for Nobody {
        type Context = actix::Context<Self>;
    }
    impl actix::Handler<Enter<Input>> for Nobody {
        type Result = ();
        fn handle(&mut self, _: Enter<Input>, _: &mut Self::Context) {}
    }
    impl actix::Handler<Drain> for Nobody {
        type Result = Result<(), Unsaved>;
        fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
            Ok(())
        }
    }

    let server = TestServer::start(|_| {});
    let lobby = actix::Actor::start(Nobody);
    let front = Front::<ArenaWire> {
        settings: downbeat::config::Settings {
            bind: server.address,
            ..Default::default()
        },
        telemetry: downbeat::telemetry::Telemetry::new().unwrap(),
        readiness: Readiness::default(),
        tls: None,
        admission: downbeat::guard::Admission::default(),
        rooms: Rooms {
            enter: lobby.clone().recipient(),
            drain: lobby.recipient(),
        },
    };
    let error = front.open(|_| {}).unwrap_err().to_string();
    assert!(error.contains(&server.address.to_string()), "{error}");
    server.finish(0).await;
}
