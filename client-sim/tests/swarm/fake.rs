//! A small server that does exactly what a test wants, also wrong things.
//!
//! Each connection gets a world of its own: five ships, of which the first obeys
//! the player. Snapshots are true ones, made by the protocol's own writers, one
//! input is used per tick, and a checksum comes with every fifth snapshot. Spectators see
//! the same. Ends when it is dropped.

mod world;

pub(crate) use world::SHIPS;

use downbeat_protocol::arena::{ArenaWire, Event, Input, Name, Row, Rules};
use downbeat_protocol::codec;
use downbeat_protocol::message::{Welcome, schema_hash};
use downbeat_protocol::{
    ClientMessage, PlayerId, Reason, ResumeToken, SUBPROTOCOL, Seq, ServerMessage, Tick,
};
use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use world::World;

/// Ticks and snapshots per second.
pub(crate) const RATE: u32 = 30;

/// What goes wrong, and with which connection (the first is 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The hello is answered with a bye.
    Refuse(u32),
    /// The upgrade is answered with 503.
    Unavailable(u32),
    /// From the tenth snapshot on, checksums are wrong.
    WrongChecksum(u32),
    /// After the tenth snapshot the socket is dropped.
    DropLink(u32),
    /// When a spectator follows somebody the socket is dropped.
    DropFollower(u32),
    /// After the tenth snapshot a bye and a close.
    Kick(u32),
    /// After 15 snapshots nothing is sent any more, to anyone.
    FallSilent,
    /// Inputs are used 200 ms after they came, for everyone.
    Delay,
    /// Who says nothing for a while is ended as too slow.
    EndSilent,
    /// Resume tokens are not known, so who comes back is somebody else.
    ForgetPlayers,
    /// Who comes back has a point less.
    LosePoints,
}

/// How long is a while, for [`Fault::EndSilent`].
const SILENCE: Duration = Duration::from_secs(1);
/// Points of every player.
pub(crate) const SCORE: u32 = 10;

/// What all connections share.
#[derive(Default)]
struct Shared {
    /// The rooms that hellos named.
    rooms: Mutex<Vec<String>>,
    /// Whom spectators wished to follow.
    follows: Mutex<Vec<Option<PlayerId>>>,
    /// Who may come back, by his token; it is valid once.
    players: Mutex<BTreeMap<ResumeToken, PlayerId>>,
    tokens: AtomicU32,
}

impl Shared {
    /// A fresh token for this player.
    fn token(&self, player: PlayerId) -> ResumeToken {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        let mut token = ResumeToken([7; 16]);
        token.0[..4].copy_from_slice(&number.to_be_bytes());
        self.players.lock().unwrap().insert(token, player);
        token
    }
}

/// The server; see the module.
pub(crate) struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

impl Fake {
    /// A server on a port of its own.
    pub(crate) fn start(fault: Fault) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::default();
        runtime.spawn(accept(listener, fault, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _runtime: runtime,
        }
    }

    /// The address for `--url`.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Whom spectators wished to follow so far, in order.
    pub(crate) fn follows(&self) -> Vec<Option<PlayerId>> {
        self.shared.follows.lock().unwrap().clone()
    }

    /// The rooms that hellos named so far, ordered, each once.
    pub(crate) fn rooms(&self) -> Vec<String> {
        let mut rooms = self.shared.rooms.lock().unwrap().clone();
        rooms.sort();
        rooms.dedup();
        rooms
    }
}

async fn accept(listener: TcpListener, fault: Fault, shared: Arc<Shared>) {
    let readings = Arc::new(AtomicU32::new(0));
    let numbers = Arc::new(AtomicU32::new(0));
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (readings, numbers) = (Arc::clone(&readings), Arc::clone(&numbers));
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut head = [0; 12];
            // A probe that connects and says nothing is no connection.
            if !matches!(stream.peek(&mut head).await, Ok(1..)) {
                return;
            }
            if head.starts_with(b"GET /metrics") {
                let page = metrics(readings.fetch_add(1, Ordering::Relaxed));
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(page.as_bytes()).await;
                return;
            }
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            if fault == Fault::Unavailable(number) {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
                    .await;
                return;
            }
            // Errors only say that the bot is gone; the test looks at its report.
            let _ = serve(stream, number, fault, &shared).await;
        });
    }
}

/// The page of the `reading`th reading: known numbers, so that their differences
/// are known.
fn metrics(reading: u32) -> String {
    let n = f64::from(reading);
    format!(
        "HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\n\
         process_cpu_seconds_total {}\n\
         process_resident_memory_bytes {}\n\
         downbeat_ticks_total {}\n\
         downbeat_ticks_skipped_total {}\n\
         downbeat_snapshots_total {}\n\
         downbeat_snapshots_skipped_total {}\n\
         downbeat_tick_seconds_bucket{{phase=\"total\",le=\"0.001\"}} {}\n\
         downbeat_tick_seconds_bucket{{phase=\"total\",le=\"0.002\"}} {}\n\
         downbeat_tick_seconds_bucket{{phase=\"total\",le=\"+Inf\"}} {}\n\
         downbeat_tick_lateness_seconds_bucket{{le=\"0.0005\"}} {}\n\
         downbeat_tick_lateness_seconds_bucket{{le=\"+Inf\"}} {}\n",
        1.0 + 0.25 * n,
        5_000_000.0 + 1000.0 * n,
        30.0 * n,
        2.0 * n,
        1000.0 * n,
        4.0 * n,
        10.0 * n,
        30.0 * n,
        30.0 * n,
        30.0 * n,
        30.0 * n,
    )
}

type Socket = WebSocketStream<TcpStream>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[allow(
    clippy::result_large_err,
    reason = "the callback's type is the library's"
)]
async fn serve(
    stream: TcpStream,
    number: u32,
    fault: Fault,
    shared: &Shared,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut socket = accept_hdr_async(stream, |request: &Request, mut response: Response| {
        let asked = request.headers().get("sec-websocket-protocol");
        assert_eq!(asked.unwrap(), SUBPROTOCOL);
        let chosen = SUBPROTOCOL.parse().unwrap();
        response
            .headers_mut()
            .insert("sec-websocket-protocol", chosen);
        Ok(response)
    })
    .await?;
    let Some(Ok(Message::Binary(hello))) = socket.next().await else {
        return Err("no hello".into());
    };
    let (hello, watches) = match codec::decode(&hello)? {
        ClientMessage::<Input>::Hello(hello) => (hello, false),
        ClientMessage::Watch(hello) => (hello, true),
        _ => return Err("the first message is no hello".into()),
    };
    assert_eq!(hello.schema, schema_hash::<ArenaWire>());
    shared.rooms.lock().unwrap().push(hello.room);
    if fault == Fault::Refuse(number) {
        return end(socket, Reason::Full).await;
    }
    let rules = Rules::new(RATE, 4000);
    let known = hello
        .resume
        .and_then(|token| shared.players.lock().unwrap().remove(&token))
        .filter(|_| fault != Fault::ForgetPlayers);
    let player = match watches {
        true => PlayerId(0),
        false => known.unwrap_or(PlayerId(number + 1)),
    };
    let lost = u32::from(known.is_some() && fault == Fault::LosePoints);
    let welcome = Welcome::<ArenaWire> {
        player,
        tick: Tick(1000),
        applied: Seq(0),
        tick_rate: RATE,
        snapshot_rate: RATE,
        room: "main".into(),
        name: hello.name,
        resume: shared.token(player),
        rules,
    };
    say(&mut socket, &ServerMessage::Welcome(welcome)).await?;
    let world = World::new(player, SCORE - lost, rules);
    if watches {
        say(&mut socket, &leaderboard()).await?;
    }
    play(socket, number, fault, world, shared).await
}

async fn play(
    mut socket: Socket,
    number: u32,
    fault: Fault,
    mut world: World,
    shared: &Shared,
) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    heard = Instant::now();
                    match codec::decode(&bytes)? {
                        ClientMessage::<Input>::Input { seq, input, .. } => {
                            world.inputs.push_back((seq, input));
                        }
                        ClientMessage::Ping { nonce, .. } => {
                            say(&mut socket, &ServerMessage::Pong { nonce }).await?;
                        }
                        ClientMessage::Follow { player } => {
                            shared.follows.lock().unwrap().push(player);
                            if fault == Fault::DropFollower(number) {
                                return Ok(());
                            }
                        }
                        ClientMessage::Hello(_) | ClientMessage::Watch(_) => {
                            return Err("not from a client in play".into());
                        }
                    }
                }
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            },
            _ = ticks.tick() => {
                if fault == Fault::FallSilent && world.count >= 15 {
                    continue;
                }
                if fault == Fault::DropLink(number) && world.count == 10 {
                    return Ok(());
                }
                if fault == Fault::EndSilent && heard.elapsed() > SILENCE {
                    // Dropped soon after: who does not read does not answer.
                    let goodbye = end(socket, Reason::TooSlow);
                    let _ = tokio::time::timeout(Duration::from_millis(100), goodbye).await;
                    return Ok(());
                }
                if fault == Fault::Kick(number) && world.count == 10 {
                    return end(socket, Reason::Kicked).await;
                }
                let delay = if fault == Fault::Delay { RATE as usize / 5 } else { 0 };
                let is_wrong = fault == Fault::WrongChecksum(number) && world.count >= 10;
                let bytes = world.tick(delay, is_wrong);
                socket.send(Message::Binary(bytes.into())).await?;
            }
        }
    }
}

async fn say(socket: &mut Socket, message: &ServerMessage<ArenaWire>) -> Result<(), Failure> {
    socket
        .send(Message::Binary(codec::encode(message)?.into()))
        .await?;
    Ok(())
}

/// Two of the ships that a spectator sees.
fn leaderboard() -> ServerMessage<ArenaWire> {
    let row = |player, name| Row {
        player: PlayerId(player),
        name: Name::new(name),
        score: SCORE,
    };
    ServerMessage::Event(Event::Leaderboard {
        players: 2,
        rows: vec![row(1, "eve"), row(2, "bob")],
    })
}

/// A bye, a close, and waiting for the answer.
async fn end(mut socket: Socket, reason: Reason) -> Result<(), Failure> {
    let bye = ServerMessage::Bye {
        code: reason.code(),
        text: reason.text().into(),
        retry_after_ms: None,
    };
    say(&mut socket, &bye).await?;
    let frame = CloseFrame {
        code: reason.code().into(),
        reason: reason.text().into(),
    };
    socket.send(Message::Close(Some(frame))).await?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}
