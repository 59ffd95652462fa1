//! Every way in which a connection can end is reached on a real socket: its code is
//! what the peer hears, and its counter is what the operator sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::Server;
use downbeat::config::{Secret, Settings};
use downbeat::game::arena::{Arena, Config};
use downbeat::game::{Audience, Game, Leave, Profile, Refusal, Rejected, Scene};
use downbeat::guard::{Admission, Grant, Tokens};
use downbeat::server::Running;
use downbeat_protocol::arena::{ArenaWire, Entity, Event, Input, Own, Rules};
use downbeat_protocol::message::Hello;
use downbeat_protocol::{CellId, ClientMessage, PROTOCOL_VERSION, PlayerId, Reason, Tick, codec};
use harness::client::hello;
use harness::raw::{BINARY, CLOSE, FIN, PING, TEXT, frame};
use harness::{Client, Raw, TestServer, eventually};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// The arena, but for two names.
#[derive(Serialize, Deserialize)]
struct Moody(Arena, bool);

impl Game for Moody {
    type Wire = ArenaWire;
    type Config = Config;

    fn new(config: &Config, tick_rate: u32, seed: u64) -> Self {
        Self(Arena::new(config, tick_rate, seed), false)
    }

    fn rules(&self) -> Rules {
        self.0.rules()
    }

    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), Refusal> {
        match &*profile.name {
            "unwanted" => return Err(Refusal("not you".into())),
            "fatal" => self.1 = true,
            _ => {}
        }
        self.0.join(player, profile)
    }

    fn input(&mut self, player: PlayerId, input: &Input) -> Result<(), Rejected> {
        self.0.input(player, input)
    }

    fn leave(&mut self, player: PlayerId, leave: Leave) {
        self.0.leave(player, leave);
    }

    fn step(&mut self, tick: Tick) {
        assert!(!self.1, "a game with a fault in it");
        self.0.step(tick);
    }

    fn scene(&self, scene: &mut impl Scene<Entity>) {
        self.0.scene(scene);
    }

    fn own(&self, player: PlayerId) -> Own {
        self.0.own(player)
    }

    fn view(&self, player: PlayerId, cells: &mut Vec<CellId>) {
        self.0.view(player, cells);
    }

    fn events(&mut self, tell: &mut dyn FnMut(Audience, Event)) {
        self.0.events(tell);
    }
}

/// A whole server with that game.
fn start(change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        ..Settings::default()
    };
    change(&mut settings);
    Server::<Moody>::start(settings, Config::default()).unwrap()
}

/// Says hello, and hears how that ends.
async fn greet(server: &Running, hello: Hello) -> Option<u16> {
    let mut client = Client::connect(server.address(), "/ws").await;
    client.say(&ClientMessage::Hello(hello)).await;
    client.end().await.code
}

/// Sends bytes after the upgrade, and hears how that ends.
async fn send(server: &Running, bytes: &[u8]) -> Option<u16> {
    let mut raw = Raw::connect(server.address()).await;
    raw.send(bytes).await;
    raw.close_code().await
}

/// Brings a connection to this end: the server, and the close code that was heard.
/// `None` for a reason that only a room with a lobby of its own can give.
async fn reach(reason: Reason) -> Option<(Running, Option<u16>)> {
    let ms = Duration::from_millis;
    let server = match reason {
        Reason::HelloTimeout => start(|settings| settings.hello_timeout = ms(50)),
        Reason::Silent => start(|settings| settings.idle_timeout = ms(100)),
        Reason::Full => start(|settings| settings.max_players = 1),
        Reason::TooSlow => start(|settings| {
            settings.in_flight = ms(50);
            settings.behind_timeout = ms(100);
        }),
        _ => start(|_| {}),
    };
    let heard = match reason {
        Reason::Left => {
            let mut client = Client::join(server.address()).await;
            client.close(1000).await;
            client.end().await.code
        }
        Reason::GoingAway | Reason::Restarting => {
            let mut client = Client::join(server.address()).await;
            server.readiness().drain(reason);
            let telemetry = server.telemetry().clone();
            let ended = actix_rt::spawn(async move { client.end().await.code });
            assert!(
                server.drain(reason).await.is_ok(),
                "{reason}: within its time"
            );
            assert_eq!(telemetry.ends(reason), 1, "{reason} is counted");
            assert_eq!(ended.await.unwrap(), Some(reason.code()));
            return None;
        }
        Reason::ProtocolError => send(&server, &frame(FIN | 5, b"")).await,
        Reason::TextRefused => send(&server, &frame(FIN | TEXT, b"hi")).await,
        Reason::InvalidUtf8 => send(&server, &frame(FIN | CLOSE, b"\x03\xE8\xFF")).await,
        Reason::TooLarge => send(&server, &frame(FIN | BINARY, &[0; 17 << 10])).await,
        Reason::Flood => send(&server, &frame(FIN | PING, b"").repeat(1000)).await,
        Reason::BadMessage => send(&server, &frame(FIN | BINARY, b"\xFF")).await,
        Reason::HelloTimeout => send(&server, b"").await,
        Reason::LinkLost => {
            drop(Raw::connect(server.address()).await);
            None
        }
        Reason::VersionMismatch => {
            let version = PROTOCOL_VERSION + 1;
            greet(
                &server,
                Hello {
                    version,
                    ..hello("")
                },
            )
            .await
        }
        Reason::SchemaMismatch => {
            greet(
                &server,
                Hello {
                    schema: 1,
                    ..hello("")
                },
            )
            .await
        }
        Reason::BadRoom => {
            let room = "no such name".into();
            greet(&server, Hello { room, ..hello("") }).await
        }
        Reason::Refused => greet(&server, hello("unwanted")).await,
        Reason::RoomFailed => greet(&server, hello("fatal")).await,
        Reason::Full => {
            let _first = Client::join(server.address()).await;
            greet(&server, hello("second")).await
        }
        Reason::TakenOver => {
            let mut first = Client::connect(server.address(), "/ws").await;
            first.say(&ClientMessage::Hello(hello("ada"))).await;
            let resume = Some(first.welcome().await.resume);
            let mut second = Client::connect(server.address(), "/ws").await;
            let again = Hello {
                resume,
                ..hello("ada")
            };
            second.say(&ClientMessage::Hello(again)).await;
            second.welcome().await;
            first.end().await.code
        }
        Reason::TooSlow => {
            // It listens, and acknowledges nothing.
            let mut client = Client::join(server.address()).await;
            client.end().await.code
        }
        Reason::Silent => {
            let mut client = Client::connect(server.address(), "/ws").await;
            client.say(&ClientMessage::Watch(hello(""))).await;
            client.end().await.code
        }
        // tests/admin.rs has an operator do it.
        Reason::RoomClosed | Reason::Kicked | Reason::Banned => {
            server.stop().await;
            told_by_the_room(reason).await;
            return None;
        }
        Reason::Unauthorized | Reason::TokenExpired => {
            server.stop().await;
            not_admitted(reason).await;
            return None;
        }
        Reason::Jammed => {
            server.stop().await;
            jam().await;
            return None;
        }
        new => panic!("no test reaches {new}"),
    };
    Some((server, heard))
}

/// A room's own end of a session: an operator's, or the room's.
async fn told_by_the_room(reason: Reason) {
    let server = TestServer::start(|_| {});
    let mut client = Client::join(server.address).await;
    server.desk(|desk| desk.end = Some(reason));
    assert_eq!(client.end().await.code, Some(reason.code()));
    assert_eq!(server.ends(reason), 1, "{reason} is counted");
    server.finish(1).await;
}

/// A token that does not admit, where one is needed.
async fn not_admitted(reason: Reason) {
    let keys = r#"{"keys": [{"kty": "oct", "alg": "HS256", "k": "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E"}]}"#;
    let tokens = Tokens::new(&Secret::new(keys.to_owned()), None).unwrap();
    let grant = Grant {
        account: "ada".to_owned(),
        name: None,
        rooms: vec!["main".to_owned()],
        ttl: Duration::from_secs(60),
    };
    let past = SystemTime::now() - Duration::from_secs(3600);
    let expired = tokens.sign(grant, None, past).unwrap();
    let token = (reason == Reason::TokenExpired).then_some(expired);
    let admission = Admission::new(Some(tokens), SystemTime::now);
    let server = TestServer::start_with(admission, |_| {});
    let mut client = Client::connect(server.address, "/ws").await;
    let hello = Hello { token, ..hello("") };
    client.say(&ClientMessage::Hello(hello)).await;
    assert_eq!(client.end().await.code, Some(reason.code()));
    assert_eq!(server.ends(reason), 1, "{reason} is counted");
    server.finish(1).await;
}

/// A peer that takes no bytes, in a room that goes on all the same.
async fn jam() {
    let server = TestServer::start(|settings| {
        settings.write_timeout = Duration::from_millis(100);
        settings.send_buffer = 8 << 10;
    });
    let mut raw = Raw::open(server.address, Some(4096)).await.upgraded().await;
    let hello = codec::encode(&ClientMessage::<()>::Hello(hello("ada"))).unwrap();
    raw.frame(FIN | BINARY, &hello).await;
    server.desk(|desk| desk.snapshot = 60_000);
    eventually("it is cut", || server.ends(Reason::Jammed) == 1).await;
    server.finish(1).await;
}

#[actix_rt::test]
async fn every_reason_is_reached_told_and_counted() {
    for &reason in Reason::ALL {
        let Some((server, heard)) = reach(reason).await else {
            continue;
        };
        let telemetry = server.telemetry();
        eventually("it is counted", || telemetry.ends(reason) == 1).await;
        let told = reason.is_sent().then_some(reason.code());
        assert_eq!(heard, told, "{reason}");
        server.stop().await;
    }
}
