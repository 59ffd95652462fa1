//! A game of one's own, over a real socket: the example plays a round.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;
#[path = "../examples/tug.rs"]
#[allow(dead_code, unreachable_pub)]
mod tug;

use downbeat::config::Settings;
use downbeat::server::Server;
use downbeat_protocol::message::{Hello, schema_hash};
use downbeat_protocol::{
    ClientMessage, Mirror, PROTOCOL_VERSION, PlayerId, Reason, Seq, ServerMessage, Tick, codec,
};
use harness::Client;
use tokio_tungstenite::tungstenite::Message;
use tug::{News, Pull, Rope, Side, Tug, TugWire};

/// A player of the example: a mirror and what it was told.
struct Player {
    client: Client,
    mirror: Mirror<Rope>,
    id: PlayerId,
    side: Option<Side>,
    news: Vec<News>,
    checksums: u32,
}

impl Player {
    async fn join(address: std::net::SocketAddr, name: &str) -> Self {
        let mut client = Client::connect(address, "/ws/yard").await;
        let hello = ClientMessage::<Pull>::Hello(Hello {
            version: PROTOCOL_VERSION,
            schema: schema_hash::<TugWire>(),
            room: String::new(),
            name: name.into(),
            token: None,
            resume: None,
        });
        client.send(codec::encode(&hello).unwrap()).await;
        let ServerMessage::Welcome(welcome) = hear(&mut client).await else {
            panic!("a welcome comes first")
        };
        assert_eq!(welcome.room, "yard");
        Self {
            client,
            mirror: Mirror::new(welcome.tick, ()),
            id: welcome.player,
            side: None,
            news: Vec::new(),
            checksums: 0,
        }
    }

    /// Takes one message.
    async fn hear(&mut self) {
        match hear(&mut self.client).await {
            ServerMessage::Snapshot(mut snapshot) => {
                self.checksums += u32::from(snapshot.checksum.is_some());
                if let Some(side) = snapshot.own.take() {
                    self.side = side;
                }
                self.mirror.apply(snapshot).expect("a snapshot that fits");
            }
            ServerMessage::Event(news) => self.news.push(news),
            other => panic!("neither snapshot nor event: {other:?}"),
        }
    }

    async fn pull(&mut self, seq: u32) {
        let input = ClientMessage::Input {
            seq: Seq(seq),
            tick: Tick(0),
            received: self.mirror.tick(),
            input: Pull,
        };
        self.client.send(codec::encode(&input).unwrap()).await;
    }

    fn rope(&self) -> i8 {
        let mut all = self.mirror.entities();
        let rope = all.next().expect("there is a rope").1.0;
        assert!(all.next().is_none(), "and nothing else");
        rope
    }
}

async fn hear(client: &mut Client) -> ServerMessage<TugWire> {
    match client.frame().await {
        Some(Message::Binary(bytes)) => codec::decode(&bytes).unwrap(),
        other => panic!("a message, not {other:?}"),
    }
}

#[actix_rt::test]
async fn two_players_pull_and_one_wins() {
    let settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        tick_rate: 60,
        checksum_interval: 1,
        ..Settings::default()
    };
    let server = Server::<Tug>::start(settings, ()).unwrap();
    let mut ada = Player::join(server.address(), "ada").await;
    let mut bob = Player::join(server.address(), "bob").await;
    assert_ne!(ada.id, bob.id);
    ada.hear().await;
    bob.hear().await;
    assert_eq!((ada.side, bob.side), (Some(Side::Left), Some(Side::Right)));

    bob.pull(1).await;
    while bob.rope() != 1 {
        bob.hear().await;
    }
    for seq in 1..=11 {
        ada.pull(seq).await;
    }
    let mut furthest = 0;
    while ada.news.is_empty() {
        ada.hear().await;
        furthest = furthest.min(ada.rope());
    }
    assert_eq!(furthest, -9, "the tenth step ends the round");
    assert_eq!(ada.news, [News::Won(Side::Left)]);
    while bob.news.is_empty() {
        bob.hear().await;
    }
    while ada.rope() != 0 {
        ada.hear().await;
    }
    assert!(ada.checksums > 0, "what she saw was verified");

    assert_eq!(
        server.drain(Reason::Restarting).await,
        Ok(()),
        "nobody is left behind"
    );
    let code = loop {
        if let ServerMessage::Bye { code, .. } = hear(&mut ada.client).await {
            break code;
        }
    };
    assert_eq!(code, Reason::Restarting.code());
}
