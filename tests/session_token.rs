//! Who may play: tokens in the hello, over real sockets, and secrets that stay so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::config::Secret;
use downbeat::guard::{Admission, Grant, Tokens};
use downbeat_protocol::message::Hello;
use downbeat_protocol::{ClientMessage, Reason, ServerMessage, codec};
use harness::client::hello;
use harness::{Binary, Client, Ended, PATIENCE, TestServer, soon};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_tungstenite::tungstenite::Message;

/// A key set with one key; its secret is in base64url, 32 bytes.
const SECRET: &str = "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E";
const KEYS: &str = r#"{"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E"}]}"#;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn tokens() -> Tokens {
    Tokens::new(&Secret::new(KEYS.to_owned()), None).unwrap()
}

fn grant(room: &str) -> Grant {
    Grant {
        account: "account-7".to_owned(),
        name: Some("Ada\u{7}".to_owned()),
        rooms: vec![room.to_owned()],
        ttl: Duration::from_secs(60),
    }
}

fn with(token: Option<String>) -> Hello {
    Hello {
        token,
        ..hello("somebody else")
    }
}

fn start() -> TestServer {
    TestServer::start_with(Admission::new(Some(tokens()), now), |_| {})
}

#[actix_rt::test]
async fn name_and_account_come_from_the_token() {
    let server = start();
    let token = tokens().sign(grant("main"), None, now()).unwrap();
    let mut client = Client::connect(server.address, "/ws").await;
    client.say(&ClientMessage::Hello(with(Some(token)))).await;
    assert_eq!(client.welcome().await.name, "Ada");
    let account = server.desk(|desk| desk.account.clone());
    assert_eq!(account.as_deref(), Some("account-7"));
    client.close(1000).await;
    client.end().await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn without_a_good_token_nobody_comes_in() {
    let server = start();
    let past = now() - Duration::from_secs(3600);
    let sign = |room, from| tokens().sign(grant(room), None, from).unwrap();
    let good = sign("main", now());
    for (path, token, reason, text) in [
        ("/ws", None, Reason::Unauthorized, "a token is needed"),
        (
            "/ws",
            Some(format!("{good}x")),
            Reason::Unauthorized,
            "the token is not valid",
        ),
        (
            "/ws",
            Some(sign("main", past)),
            Reason::TokenExpired,
            "the token has expired",
        ),
        (
            "/ws/duel",
            Some(good),
            Reason::Unauthorized,
            "the token is for another room",
        ),
    ] {
        let mut client = Client::connect(server.address, path).await;
        client.say(&ClientMessage::Hello(with(token))).await;
        let ServerMessage::Bye {
            code, text: told, ..
        } = client.hear().await
        else {
            panic!("no bye");
        };
        assert_eq!((code, &*told), (reason.code(), text));
        let ended = client.end().await;
        assert_eq!(ended.code, Some(reason.code()));
    }
    assert_eq!(server.ends(Reason::TokenExpired), 1);
    assert!(
        server.desk(|desk| desk.entered.is_empty()),
        "the room heard of nobody"
    );
    server.finish(4).await;
}

#[actix_rt::test]
async fn a_token_in_the_address_is_not_looked_at() {
    let server = start();
    let token = tokens().sign(grant("main"), None, now()).unwrap();
    let mut client = Client::connect(server.address, &format!("/ws?token={token}")).await;
    client.say(&ClientMessage::Hello(with(None))).await;
    assert_eq!(client.end().await, Ended::told(4013));
    server.finish(1).await;
}

fn key_file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn made(flags: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Binary::command()
        .args(flags)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap().trim().to_owned(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[actix_rt::test]
async fn what_the_command_makes_the_server_takes_and_no_secret_is_logged() {
    let path = key_file("keys.json", KEYS);
    let path = path.to_str().unwrap();
    let flags = [
        "--auth",
        "jwt",
        "--auth-key-file",
        path,
        "--log",
        "trace,actix_http=trace",
    ];
    let server = Binary::start(&flags, &[]);
    let (code, token, stderr) = made(
        &[
            "--auth-key-file",
            path,
            "token",
            "--sub",
            "account-7",
            "--room",
            "main",
            "--name",
            "Ada",
        ],
        &[],
    );
    assert_eq!(code, Some(0), "{stderr}");

    let mut client = Client::connect(server.address, "/ws").await;
    let good = ClientMessage::Hello(with(Some(token.clone())));
    client.say(&good).await;
    assert_eq!(client.welcome().await.name, "Ada");
    client.close(1000).await;
    while let Some(frame) = client.frame().await {
        if let Message::Close(_) = frame {
            break;
        }
    }
    let mut stranger = Client::connect(server.address, "/ws").await;
    let bad = ClientMessage::Hello(with(Some(token.replace('.', ".x"))));
    stranger.say(&bad).await;
    assert_eq!(stranger.end().await, Ended::told(4013));

    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0));
    assert!(log.contains("unauthorized"), "the end is logged: {log}");
    let signature = token.rsplit('.').next().unwrap();
    for secret in [SECRET, signature, &token] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[actix_rt::test]
async fn keys_are_rotated_without_a_restart() {
    let both = KEYS.replace(
        "]}",
        r#", {"kty": "oct", "kid": "b", "k": "YWxzby1zZXNhbWUtYWxzby1zZXNhbWUtYWxzby1zZXM"}]}"#,
    );
    let sign = |kid| {
        let tokens = Tokens::new(&Secret::new(both.clone()), None).unwrap();
        tokens
            .sign(grant("main"), Some(kid), SystemTime::now())
            .unwrap()
    };
    let path = key_file("rotated.json", KEYS);
    let flags = ["--auth", "jwt", "--auth-key-file", path.to_str().unwrap()];
    let server = Binary::start(&flags, &[]);
    let enter = async |kid| {
        let mut client = Client::connect(server.address, "/ws").await;
        client
            .say(&ClientMessage::Hello(with(Some(sign(kid)))))
            .await;
        let is_in = matches!(client.hear().await, ServerMessage::Welcome(_));
        (is_in, client)
    };
    let (is_in, mut old) = enter("a").await;
    assert!(is_in);
    assert!(!enter("b").await.0, "not yet");

    // A bad one in between changes nothing.
    key_file("rotated.json", "{}");
    key_file("rotated.json", &both);
    let deadline = Instant::now() + PATIENCE;
    while !enter("b").await.0 {
        assert!(Instant::now() < deadline, "the new key is never taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(enter("a").await.0, "the old key is still there");
    old.ping(1).await;

    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("new keys"), "{log}");
    assert!(!log.contains("YWxzby1z"), "a secret in the log");
}

#[test]
fn settings_are_shown_without_secrets() {
    let keys = [("DOWNBEAT_AUTH_KEYS", KEYS)];
    let (code, shown, stderr) = made(&["--auth", "jwt", "--print-config"], &keys);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(shown.contains("auth = \"jwt\"\n"), "{shown}");
    assert!(!shown.contains(SECRET) && !stderr.contains(SECRET));
}

#[test]
fn a_server_without_good_keys_does_not_start_and_does_not_tell_them() {
    let cut = key_file("cut.json", &KEYS[..KEYS.len() - 4]);
    let cut = cut.to_str().unwrap();
    let weak = r#"{"keys": [{"kty": "oct", "k": "c2VzYW1l"}]}"#;
    for (flags, variables, problem) in [
        (vec!["--auth", "jwt"], vec![], "auth: jwt needs keys"),
        (
            vec!["--auth", "jwt", "--auth-key-file", cut],
            vec![],
            "auth_key_file: not a JSON Web Key Set: line 1",
        ),
        (
            vec!["--auth", "jwt"],
            vec![("DOWNBEAT_AUTH_KEYS", weak)],
            "auth_key_file: key 1: k must be",
        ),
        (
            vec!["--auth-key-file", cut],
            vec![("DOWNBEAT_AUTH_KEYS", weak)],
            "auth_key_file: given as well",
        ),
        (
            vec!["token", "--sub", "ada"],
            vec![],
            "token: no keys; give",
        ),
        (
            vec!["token", "--sub", "ada", "--kid", "other"],
            vec![("DOWNBEAT_AUTH_KEYS", KEYS)],
            "token: no such key",
        ),
    ] {
        let (code, _, stderr) = made(&flags, &variables);
        assert_eq!(code, Some(2), "{flags:?}: {stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("downbeat: {problem}")),
            "{stderr}"
        );
        assert!(!stderr.contains("c2VzYW1l"), "a secret in {stderr}");
    }
}

#[test]
fn the_hello_with_a_token_does_not_print_it() {
    let bytes = codec::encode(&ClientMessage::<()>::Hello(with(Some("hush".into())))).unwrap();
    let message: ClientMessage<()> = codec::decode(&bytes).unwrap();
    let shown = format!("{message:?}");
    assert!(!shown.contains("hush"), "{shown}");
}
