//! The operators' routes over real HTTP, and what they do to real sessions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::Server;
use downbeat::config::{Auth, Secret, Secrets, Settings};
use downbeat::game::arena::{Arena, Config};
use downbeat::guard::{Grant, Tokens};
use downbeat::server::Running;
use downbeat::web::Site;
use downbeat_protocol::arena::ArenaWire;
use downbeat_protocol::message::{Hello, Welcome};
use downbeat_protocol::{ClientMessage, Reason, ServerMessage};
use harness::client::hello;
use harness::{Binary, Client, soon};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, http::StatusCode};

const TOKEN: &str = "operators-open-sesame";
const KEYS: &str =
    r#"{"keys": [{"kty": "oct", "k": "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E"}]}"#;

struct Admin {
    running: Running,
    address: SocketAddr,
}

impl Admin {
    fn start(auth: Auth) -> Self {
        Self::start_with(auth, None)
    }

    fn start_with(auth: Auth, ban_file: Option<PathBuf>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let settings = Settings {
            bind: any,
            admin_bind: any,
            auth,
            ban_file,
            ..Settings::default()
        };
        let secrets = Secrets {
            auth_keys: Some(Secret::new(KEYS.to_owned())),
            admin_token: Some(Secret::new(TOKEN.to_owned())),
        };
        let running =
            Server::<Arena>::start_with(settings, secrets, Config::default(), Site::none())
                .unwrap();
        let address = running.admin_address().unwrap();
        Self { running, address }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let header = format!("Authorization: Bearer {TOKEN}\r\n");
        request(self.address, method, path, &header, body).await
    }

    /// Joins a room as somebody, who proves it if he can.
    async fn join(&self, room: &str, account: Option<&str>) -> (Client, Welcome<ArenaWire>) {
        let mut client = Client::connect(self.running.address(), &format!("/ws/{room}")).await;
        client.say(&greeting(account)).await;
        let welcome = client.welcome().await;
        (client, welcome)
    }

    fn ends(&self, reason: Reason) -> u64 {
        self.running.telemetry().ends(reason)
    }
}

fn greeting(account: Option<&str>) -> ClientMessage<downbeat_protocol::arena::Input> {
    let token = account.map(|account| {
        let tokens = Tokens::new(&Secret::new(KEYS.to_owned()), None).unwrap();
        let grant = Grant {
            account: account.to_owned(),
            name: None,
            rooms: Vec::new(),
            ttl: Duration::from_secs(60),
        };
        tokens.sign(grant, None, SystemTime::now()).unwrap()
    });
    ClientMessage::Hello(Hello {
        token,
        ..hello("ada")
    })
}

/// An HTTP request; status and JSON (null without a body).
async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let body = body.map_or_else(String::new, |body| body.to_string());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    soon("an answer", stream.read_to_string(&mut response))
        .await
        .unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// The bye that ends a session: reason, text, and when to come back.
async fn bye(client: &mut Client) -> (u16, String, Option<u32>) {
    loop {
        if let ServerMessage::Bye {
            code,
            text,
            retry_after_ms,
        } = client.hear().await
        {
            return (code, text, retry_after_ms);
        }
    }
}

#[actix_rt::test]
async fn without_the_right_token_there_is_nothing_to_see() {
    let admin = Admin::start(Auth::None);
    for header in [
        String::new(),
        format!("Authorization: Bearer {TOKEN}x\r\n"),
        format!("Authorization: Bearer {}\r\n", &TOKEN[1..]),
        "Authorization: Bearer\r\n".to_owned(),
        format!("Authorization: Basic {TOKEN}\r\n"),
        format!("Authorization: {TOKEN}\r\n"),
        format!("X-Token: {TOKEN}\r\n"),
    ] {
        for path in ["/admin/rooms", "/admin/bans", "/admin/nothing"] {
            let (status, body) = request(admin.address, "GET", path, &header, None).await;
            assert_eq!(status, 401, "{header:?} {path}");
            assert_eq!(body, json!({"error": "bearer token expected"}));
        }
    }
    let lower = format!("authorization: bearer {TOKEN}\r\n");
    let (status, _) = request(admin.address, "GET", "/admin/rooms", &lower, None).await;
    assert_eq!(status, 200, "the scheme's case does not matter");
    let open = admin.running.address();
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    let (status, _) = request(open, "GET", "/admin/rooms", &right, None).await;
    assert_eq!(status, 404, "not on the players' port");
    admin.running.stop().await;
}

#[actix_rt::test]
async fn the_list_shows_who_plays() {
    let admin = Admin::start(Auth::Jwt);
    let (_ada, welcome) = admin.join("main", Some("account-7")).await;
    let (status, rooms) = admin.ask("GET", "/admin/rooms", None).await;
    assert_eq!((status, &rooms["rooms"][0]["name"]), (200, &json!("main")));

    let path = "/admin/rooms/main/sessions";
    let (status, list) = admin.ask("GET", path, None).await;
    assert_eq!((status, &list["room"]), (200, &json!("main")));
    let session = &list["sessions"][0];
    for (key, value) in [
        ("player", json!(welcome.player.0)),
        ("role", json!("player")),
        ("name", json!("ada")),
        ("account", json!("account-7")),
        ("address", json!("127.0.0.1")),
        ("presence", json!("live")),
        ("waiting_inputs", json!(0)),
    ] {
        assert_eq!(session[key], value, "{key} in {session}");
    }
    assert!(session["bytes_out"].as_u64().unwrap() > 0, "{session}");

    let (status, body) = admin.ask("GET", "/admin/rooms/other/sessions", None).await;
    assert_eq!((status, body), (404, json!({"error": "no such room"})));
    admin.running.stop().await;
}

#[actix_rt::test]
async fn the_kicked_hears_why_and_his_right_to_return_is_gone() {
    let admin = Admin::start(Auth::None);
    let (mut eve, welcome) = admin.join("main", None).await;
    let (mut ada, _) = admin.join("main", None).await;
    let path = format!("/admin/rooms/main/sessions/{}/kick", welcome.player.0);
    let (status, _) = admin
        .ask("POST", &path, Some(json!({"txt": "a slip"})))
        .await;
    assert_eq!(status, 400, "a slip kicks nobody");
    let body = json!({"text": "be kind"});
    let answer = admin.ask("POST", &path, Some(body)).await;
    assert_eq!(answer, (200, json!({"ended": 1})));
    assert_eq!(bye(&mut eve).await, (4011, "be kind".to_owned(), None));
    assert_eq!(eve.end().await.code, Some(4011));
    assert_eq!(admin.ends(Reason::Kicked), 1);

    let mut back = Client::connect(admin.running.address(), "/ws").await;
    let resume = Hello {
        resume: Some(welcome.resume),
        ..hello("eve")
    };
    back.say(&ClientMessage::Hello(resume)).await;
    assert_ne!(back.welcome().await.player, welcome.player, "somebody new");

    let (status, body) = admin.ask("POST", &path, None).await;
    assert_eq!((status, body), (404, json!({"error": "no such player"})));
    ada.ping(1).await;
    admin.running.stop().await;
}

#[actix_rt::test]
async fn a_banned_account_is_out_and_stays_out_until_it_is_lifted() {
    let admin = Admin::start(Auth::Jwt);
    let (mut eve, _) = admin.join("main", Some("eve")).await;
    let (mut also_eve, _) = admin.join("duel", Some("eve")).await;
    let (mut ada, _) = admin.join("main", Some("ada")).await;
    let body = json!({"account": "eve", "time": "1h", "text": "not today"});
    let (status, banned) = admin.ask("POST", "/admin/bans", Some(body)).await;
    assert_eq!((status, &banned["ended"]), (200, &json!(2)), "{banned}");
    for client in [&mut eve, &mut also_eve] {
        assert_eq!(bye(client).await.0, 4014);
    }
    ada.ping(1).await;

    let mut again = Client::connect(admin.running.address(), "/ws").await;
    again.say(&greeting(Some("eve"))).await;
    let (code, text, retry) = bye(&mut again).await;
    assert_eq!((code, text.as_str()), (4014, "not today"));
    let left = Duration::from_millis(retry.unwrap().into());
    assert!(left > Duration::from_secs(3500), "{left:?}");

    let (_, list) = admin.ask("GET", "/admin/bans", None).await;
    let id = &list["bans"][0]["id"];
    assert_eq!(list["bans"][0]["account"], json!("eve"), "{list}");
    let path = format!("/admin/bans/{id}");
    assert_eq!(admin.ask("DELETE", &path, None).await.0, 204);
    assert_eq!(admin.ask("DELETE", &path, None).await.0, 404, "once");
    admin.join("main", Some("eve")).await;
    admin.running.stop().await;
}

#[actix_rt::test]
async fn a_banned_address_is_refused_at_the_door() {
    let admin = Admin::start(Auth::None);
    let (mut eve, _) = admin.join("main", None).await;
    // Connected, and not yet in: the hello is too late.
    let mut waiting = Client::connect(admin.running.address(), "/ws").await;
    let body = json!({"address": "127.0.0.1", "time": "1h"});
    let (status, banned) = admin.ask("POST", "/admin/bans", Some(body)).await;
    assert_eq!((status, &banned["ended"]), (200, &json!(1)), "{banned}");
    assert_eq!(bye(&mut eve).await.0, 4014);
    waiting.say(&greeting(None)).await;
    assert_eq!(bye(&mut waiting).await.0, 4014);
    match Client::try_connect(admin.running.address(), "/ws", &[]).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), StatusCode::FORBIDDEN),
        _ => panic!("let in"),
    }
    admin.running.stop().await;
}

#[actix_rt::test]
async fn bans_outlast_the_server_if_they_have_a_file() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bans");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("bans.json");
    let admin = Admin::start_with(Auth::None, Some(file.clone()));
    for (address, text) in [("127.0.0.1", "not today"), ("2001:db8::7", "nor you")] {
        let body = json!({"address": address, "time": "1h", "text": text});
        assert_eq!(admin.ask("POST", "/admin/bans", Some(body)).await.0, 200);
    }
    assert_eq!(admin.ask("DELETE", "/admin/bans/2", None).await.0, 204);
    admin.running.stop().await;

    let admin = Admin::start_with(Auth::None, Some(file.clone()));
    let (_, list) = admin.ask("GET", "/admin/bans", None).await;
    let [ban] = list["bans"].as_array().unwrap().as_slice() else {
        panic!("{list}");
    };
    assert_eq!(
        (&ban["address"], &ban["text"]),
        (&json!("127.0.0.1"), &json!("not today"))
    );
    assert!(ban["left_s"].as_u64().unwrap() > 3500, "{ban}");
    let refused = Client::try_connect(admin.running.address(), "/ws", &[]).await;
    assert!(refused.is_err(), "still banned");

    // Where nothing can be written, it is in force all the same and says so.
    fs::remove_dir_all(&folder).unwrap();
    let body = json!({"account": "eve", "time": "1h"});
    let (status, told) = admin.ask("POST", "/admin/bans", Some(body)).await;
    let text = told["error"].as_str().unwrap();
    assert_eq!(status, 500, "{told}");
    assert!(text.starts_with("done until the server ends"), "{told}");
    let (_, list) = admin.ask("GET", "/admin/bans", None).await;
    assert_eq!(list["bans"].as_array().unwrap().len(), 2, "{list}");
    admin.running.stop().await;

    fs::create_dir_all(&folder).unwrap();
    fs::write(&file, "bans: none").unwrap();
    let output = Binary::command()
        .args([
            "--bind",
            "127.0.0.1:0",
            "--ban-file",
            file.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("downbeat: ban_file: "), "{stderr}");
}

#[actix_rt::test]
async fn a_room_can_be_closed() {
    let admin = Admin::start(Auth::None);
    let (mut ada, _) = admin.join("duel", None).await;
    let (mut eve, _) = admin.join("main", None).await;
    let body = json!({"text": "the duel is over"});
    let (status, _) = admin
        .ask("POST", "/admin/rooms/duel/close", Some(body))
        .await;
    assert_eq!(status, 204);
    let over = (4005, "the duel is over".to_owned(), None);
    assert_eq!(bye(&mut ada).await, over);
    eve.ping(1).await;
    let (status, _) = admin.ask("POST", "/admin/rooms/duel/close", None).await;
    assert_eq!(status, 404);
    admin.running.stop().await;
}

#[actix_rt::test]
async fn what_makes_no_sense_is_told() {
    let admin = Admin::start(Auth::None);
    for (what, body) in [
        ("nobody", json!({"time": "1h"})),
        (
            "two",
            json!({"address": "::1", "account": "a", "time": "1h"}),
        ),
        ("no time", json!({"account": "a"})),
        ("a time", json!({"account": "a", "time": "soon"})),
        ("for ever", json!({"account": "a", "time": "500000000000y"})),
        ("an address", json!({"address": "here", "time": "1h"})),
        ("a slip", json!({"account": "a", "tim": "1h", "time": "1h"})),
        (
            "no account",
            json!({"account": "a".repeat(200), "time": "1h"}),
        ),
        (
            "too long",
            json!({"account": "a".repeat(5000), "time": "1h"}),
        ),
    ] {
        let (status, body) = admin.ask("POST", "/admin/bans", Some(body)).await;
        assert_eq!(status, 400, "{what}: {body}");
        assert!(body["error"].is_string(), "{what}: {body}");
    }
    let (_, list) = admin.ask("GET", "/admin/bans", None).await;
    assert_eq!(list, json!({"bans": []}));
    admin.running.stop().await;
}

#[actix_rt::test]
async fn the_token_is_never_logged_and_without_one_there_is_no_listener() {
    let flags = [
        "--admin-bind",
        "127.0.0.1:0",
        "--log",
        "trace,actix_http=trace",
    ];
    let bare = Binary::start(&flags, &[]);
    assert!(!bare.head.contains("operators at"), "{}", bare.head);

    let server = Binary::start(&flags, &[("DOWNBEAT_ADMIN_TOKEN", TOKEN)]);
    let at = server.head.split("operators at http://").nth(1).unwrap();
    let address: SocketAddr = at.split('/').next().unwrap().parse().unwrap();
    for (token, expected) in [(TOKEN, 200), ("wrong-open-sesame", 401)] {
        let header = format!("Authorization: Bearer {token}\r\n");
        let (status, _) = request(address, "GET", "/admin/rooms", &header, None).await;
        assert_eq!(status, expected);
    }
    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0));
    assert!(log.contains("without the right token"), "{log}");
    assert!(!log.contains("open-sesame"), "{log}");

    let shown = Binary::command()
        .arg("--print-config")
        .env("DOWNBEAT_ADMIN_TOKEN", TOKEN)
        .output()
        .unwrap();
    assert!(shown.status.success());
    assert!(!String::from_utf8(shown.stdout).unwrap().contains(TOKEN));
}
