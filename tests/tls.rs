//! The same server under TLS: its limits, its patience, and a certificate that is
//! replaced while people play.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::config::{Network, Settings};
use downbeat::guard::{Admission, Culprit};
use downbeat_protocol::{ClientMessage, Reason, codec};
use harness::client::{hello, input};
use harness::raw::{BINARY, FIN, PING, frame, request};
use harness::tls::Certificate;
use harness::{Binary, Ended, PATIENCE, TestServer, eventually, soon};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A server with a certificate of its own.
fn start(name: &str, change: impl FnOnce(&mut Settings)) -> (TestServer, Certificate) {
    let certificate = Certificate::new();
    let (cert, key) = certificate.write(&folder(name));
    let server = TestServer::start(|settings| {
        settings.tls_cert = Some(cert);
        settings.tls_key = Some(key);
        change(settings);
    });
    (server, certificate)
}

#[actix_rt::test]
async fn sessions_and_routes_are_on_one_port() {
    let (server, certificate) = start("one-port", |_| {});
    let mut client = certificate.client(server.address, "/ws/duel").await;
    client.say(&ClientMessage::Hello(hello("ada"))).await;
    assert_eq!(client.welcome().await.room, "duel");
    client.ping(7).await;
    client.say(&input(1)).await;
    eventually("the input arrives", || server.desk(|desk| desk.inputs == 1)).await;

    let mut stream = certificate.connect(server.address).await.unwrap();
    let get = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(get.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon("the answer", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"));

    client.close(1000).await;
    client.end().await;
    server.finish(1).await;
}

/// Status and body of the answer to `bytes`, up to the end of the stream.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &str) -> (u16, String) {
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = String::new();
    soon("an answer and its end", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[actix_rt::test]
async fn who_speaks_no_tls_is_told_so() {
    let (server, certificate) = start("no-tls", |_| {});
    let plain = TcpStream::connect(server.address).await.unwrap();
    let (status, body) = answer(plain, &request("GET", "/ws", &[])).await;
    assert_eq!(
        (status, &*body),
        (400, "this port speaks tls: https:// and wss://\n")
    );
    let stranger = Certificate::new();
    assert!(stranger.connect(server.address).await.is_err());

    let mut client = certificate.client(server.address, "/ws").await;
    client.say(&ClientMessage::Hello(hello("ada"))).await;
    client.welcome().await;
    client.close(1000).await;
    client.end().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn who_takes_his_time_over_the_handshake_is_gone_in_time() {
    const LIMIT: Duration = Duration::from_millis(500);
    let (server, certificate) = start("slow-hello", |settings| settings.request_timeout = LIMIT);
    let http = &server.telemetry.http;
    let mut honest = certificate.client(server.address, "/ws").await;
    honest.say(&ClientMessage::Hello(hello("ada"))).await;
    honest.welcome().await;
    eventually("he has left the door", || http.get() == 0).await;

    // The beginning of a client hello of 512 bytes, which then comes byte by byte.
    let begin = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    let start = Instant::now();
    let mut slow = Vec::new();
    for n in 0..20 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        slow.push(actix_rt::spawn(async move {
            // Some say nothing at all.
            let bytes = if n % 2 == 0 { &begin[..] } else { &[] };
            stream.write_all(bytes).await.unwrap();
            let (mut reader, mut writer) = stream.split();
            let mut rest = [0; 64];
            loop {
                let pause = Duration::from_millis(20);
                match tokio::time::timeout(pause, reader.read(&mut rest)).await {
                    // An alert is no end yet.
                    Ok(Ok(1..)) => {}
                    Ok(_) => break,
                    Err(_) if n % 2 == 0 => {
                        let _ = writer.write_all(&[7]).await;
                    }
                    Err(_) => assert!(start.elapsed() < PATIENCE, "it is still waited for"),
                }
            }
        }));
    }
    eventually("all are at the door", || http.get() == 20).await;
    honest.ping(1).await;
    for slow in slow {
        slow.await.unwrap();
    }
    assert!(start.elapsed() >= LIMIT, "they had their time");
    eventually("nobody is at the door", || http.get() == 0).await;

    // Through with the handshake, he has as long for the request.
    let silent = certificate.connect(server.address).await.unwrap();
    assert_eq!(
        answer(silent, "GET / HT").await,
        (408, "the request took too long\n".to_owned())
    );
    honest.close(1000).await;
    honest.end().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_full_door_says_so_over_tls() {
    let (server, certificate) = start("full", |settings| settings.max_http = 2);
    let http = &server.telemetry.http;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        waiting.push(TcpStream::connect(server.address).await.unwrap());
    }
    eventually("the door is full", || http.get() == 2).await;
    let full = (503, "the server is full, try again later\n".to_owned());
    let stream = certificate.connect(server.address).await.unwrap();
    assert_eq!(answer(stream, "").await, full);
    let plain = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(answer(plain, "GET / HTTP/1.1\r\n\r\n").await, full);
    drop(waiting);
    server.finish(0).await;
}

#[actix_rt::test]
async fn addresses_count_and_are_banned_as_without_tls() {
    let certificate = Certificate::new();
    let (cert, key) = certificate.write(&folder("addresses"));
    let admission = Admission::default();
    let bans = admission.bans().clone();
    let server = TestServer::start_with(admission, |settings| {
        settings.tls_cert = Some(cert);
        settings.tls_key = Some(key);
        settings.max_sessions_per_address = 1;
        settings.proxies = vec![Network::parse("127.0.0.1").unwrap()];
    });
    let hour = Duration::from_secs(3600);
    let banned = Culprit::Address("192.0.2.9".parse().unwrap());
    bans.ban(banned, None, hour, Instant::now()).unwrap();
    let ask = async |address: &str| {
        let mut stream = certificate.connect(server.address).await.unwrap();
        let request = request("GET", "/ws", &[("X-Forwarded-For", address)]);
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut head = [0; 12];
        soon("an answer", stream.read_exact(&mut head))
            .await
            .unwrap();
        let status: u16 = str::from_utf8(&head[9..]).unwrap().parse().unwrap();
        (status, stream)
    };
    let (status, held) = ask("192.0.2.1").await;
    assert_eq!(status, 101);
    for (address, status) in [
        ("192.0.2.1", 429),
        ("192.0.2.9", 403),
        ("192.0.2.2", 101),
        ("2001:db8::1", 101),
    ] {
        assert_eq!(ask(address).await.0, status, "{address}");
    }

    drop(held);
    server.finish(3).await;
}

#[actix_rt::test]
async fn limits_hold_and_ends_are_clean() {
    let (server, certificate) = start("limits", |settings| settings.max_message = 1000);
    let mut client = certificate.client(server.address, "/ws").await;
    client.send(vec![0; 1001]).await;
    assert_eq!(client.end().await, Ended::told(1009));

    // Announced only: judged by the header.
    let mut client = certificate.client(server.address, "/ws").await;
    let header = [FIN | BINARY, 0xFF, 0, 0, 0, 0, 0x80, 0, 0, 0, 1, 2, 3, 4];
    client.socket.get_mut().write_all(&header).await.unwrap();
    client.socket.get_mut().flush().await.unwrap();
    assert_eq!(client.end().await, Ended::told(1009));

    let mut client = certificate.client(server.address, "/ws").await;
    client.say(&ClientMessage::Hello(hello("ada"))).await;
    client.welcome().await;
    server.desk(|desk| desk.end = Some(Reason::Kicked));
    assert_eq!(client.end().await, Ended::told(4011));
    server.finish(3).await;
}

type Jammed = TlsStream<TcpStream>;

/// A player that has stopped reading while the room sends him snapshots of this size
/// without end.
async fn jammed(server: &TestServer, certificate: &Certificate, size: usize) -> Jammed {
    let mut stream = certificate
        .connect_with(server.address, Some(4096))
        .await
        .unwrap();
    let upgrade = request("GET", "/ws", &[]);
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon("the head", stream.read_u8()).await.unwrap());
    }
    let greeting = codec::encode(&ClientMessage::<()>::Hello(hello("ada"))).unwrap();
    stream
        .write_all(&frame(FIN | BINARY, &greeting))
        .await
        .unwrap();
    stream.flush().await.unwrap();
    eventually("he is in", || server.desk(|desk| desk.members == 1)).await;
    server.desk(|desk| desk.snapshot = size);
    server.is_stuck().await;
    stream
}

#[actix_rt::test]
async fn who_takes_no_bytes_is_cut_in_time_whatever_he_sends() {
    let timeout = Duration::from_millis(500);
    let (server, certificate) = start("jammed", |settings| {
        settings.write_timeout = timeout;
        settings.send_buffer = 8 << 10;
    });
    // Small ones leave room for pongs in what TLS buffers.
    let mut stream = jammed(&server, &certificate, 1000).await;
    let start = Instant::now();
    // His pings are heard, and their pongs must not pass for bytes taken.
    let mut pings = 0;
    while server.ends(Reason::Jammed) == 0 {
        assert!(start.elapsed() < PATIENCE, "never cut");
        pings += u32::from(stream.write_all(&frame(FIN | PING, b"?")).await.is_ok());
        let _ = stream.flush().await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(start.elapsed() < 4 * timeout, "took {:?}", start.elapsed());
    assert!(pings > 1, "he was heard meanwhile");
    server.empty().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn what_a_slow_reader_gets_stays_in_order_and_whole() {
    let (server, certificate) = start("slow", |settings| settings.send_buffer = 8 << 10);
    let stream = jammed(&server, &certificate, 60_000).await;
    server.desk(|desk| desk.snapshot = 0);
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(
        stream,
        tokio_tungstenite::tungstenite::protocol::Role::Client,
        None,
    )
    .await;
    let mut next = async || {
        use futures_util::StreamExt;
        soon("a frame", socket.next()).await.unwrap().unwrap()
    };
    assert_eq!(next().await.into_data()[0], 0, "a welcome");
    server.desk(|desk| desk.end = Some(Reason::RoomClosed));
    let mut snapshots = 0;
    loop {
        match next().await {
            Message::Binary(bytes) if bytes == vec![0xEE; 60_000] => snapshots += 1,
            Message::Binary(bytes) => assert_eq!(bytes[0], 4, "a bye"),
            Message::Close(close) => {
                assert_eq!(close.map(|close| close.code.into()), Some(4005));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(snapshots > 0, "what was written is delivered");
    drop(socket);
    server.finish(1).await;
}

#[actix_rt::test]
async fn a_new_certificate_is_taken_and_sessions_stay() {
    let (old, new) = (Certificate::new(), Certificate::new());
    let folder = folder("renewed");
    let (cert, key) = old.write(&folder);
    let flags = [
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let server = Binary::start(&flags, &[]);
    assert!(
        server.head.contains("listening on wss://"),
        "{}",
        server.head
    );
    let mut client = old.client(server.address, "/ws").await;
    client.say(&ClientMessage::Hello(hello("ada"))).await;
    client.welcome().await;

    new.write(&folder);
    let deadline = Instant::now() + PATIENCE;
    while new.connect(server.address).await.is_err() {
        assert!(Instant::now() < deadline, "the new one is never shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        old.connect(server.address).await.is_err(),
        "the old is gone"
    );
    client.ping(1).await;
    let mut second = new.client(server.address, "/ws").await;
    second.say(&ClientMessage::Hello(hello("eve"))).await;
    second.welcome().await;

    server.signal("TERM");
    assert_eq!(client.end().await, Ended::told(1012));
    assert_eq!(second.end().await, Ended::told(1012));
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("new certificate"), "{log}");
}

#[test]
fn a_server_without_a_good_certificate_does_not_start() {
    let (cert, key) = Certificate::new().write(&folder("good"));
    let (_, other) = Certificate::new().write(&folder("other"));
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    for (flags, problem) in [
        (
            vec!["--tls-cert", cert],
            "flag --tls-cert: tls_key: is needed with tls_cert",
        ),
        (
            vec!["--tls-key", key],
            "flag --tls-key: tls_cert: is needed with tls_key",
        ),
        (
            vec!["--tls-cert", cert, "--tls-key", "/nowhere"],
            "tls: /nowhere cannot be read",
        ),
        (
            vec!["--tls-cert", cert, "--tls-key", other.to_str().unwrap()],
            "tls: certificate and key cannot be used",
        ),
    ] {
        let output = Binary::command()
            .args(["--bind", "127.0.0.1:0", "--log", "error"])
            .args(&flags)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.starts_with(&format!("downbeat: {problem}")),
            "{stderr}"
        );
    }
}
