//! One client that plays alone: a socket, a player, and whoever steers.
//!
//! Owns the order of its life (connection, hello, play, close) and hands every
//! message, in both directions, to a [`Tap`]. Says one input per tick if somebody
//! steers, and pings, so that the round trip is known and the server hears of it.
//! Called by `record` and `play`; the swarm's bots, which are measured, have their
//! own life.

use crate::bot::{Input, Sight};
use crate::ending::Ending;
use crate::entry::Entry;
use crate::join::{Socket, not_binary, open};
use crate::pacer::Pacer;
use crate::player::{self, Answer, Heard, Player};
use crate::tape::What;
use crate::target::CONNECT_TIMEOUT;
use crate::view::Pool;
use bytes::Bytes;
use downbeat_protocol::codec;
use downbeat_protocol::message::Wire;
use downbeat_protocol::snapshot::{Head, SNAPSHOT};
use downbeat_protocol::{Pace, PlayerId, Reason, ServerMessage};
use futures_util::{FutureExt, SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

/// From the hello to the welcome.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the answer to a close may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the close after a bye may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// From one ping to the next of one who sends inputs.
const PING_STEERED: Duration = Duration::from_secs(1);
/// The same of one who sends none: half of what a server lets acknowledgements lag
/// by default before it skips snapshots.
const PING_SILENT: Duration = Duration::from_millis(500);

/// Sees every message, as it was in its frame.
pub(crate) trait Tap {
    /// `body` was said, at this moment.
    fn said(&mut self, what: What, at: Instant, body: &[u8]);
}

/// For who does not listen.
impl Tap for () {
    fn said(&mut self, _: What, _: Instant, _: &[u8]) {}
}

/// What a turn brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News<E> {
    /// A snapshot, applied.
    Snapshot {
        /// Whether it carried a checksum; a wrong one would have ended the client.
        verified: bool,
        /// How often things are told from now on, if that changed.
        pace: Option<Pace>,
    },
    /// Something happened.
    Event(E),
    /// A ping was answered after this long.
    Pong(Duration),
    /// Something was said.
    Spoke,
}

/// A client that has been let in.
#[derive(Debug)]
pub(crate) struct Solo<W: Wire, T> {
    socket: Socket,
    tap: T,
    player: Box<Player<W>>,
    /// `None` if nobody steers.
    pacer: Option<Pacer>,
    /// When the last snapshot came.
    arrival: Option<Instant>,
    pinged: Instant,
    pings: u32,
    bytes: (u64, u64),
    /// How long to stay away, if the server's bye said so.
    stay_away: Option<Duration>,
}

impl<W: Wire, T: Tap> Solo<W, T> {
    /// Comes in. `steered` says whether there will be inputs.
    ///
    /// # Errors
    /// [`Ending`] if the server cannot be reached, refuses or does not answer in
    /// time.
    pub(crate) async fn enter(
        entry: &Entry,
        address: SocketAddr,
        steered: bool,
        mut tap: T,
    ) -> Result<Self, (Ending, T)> {
        let entered = timeout(
            CONNECT_TIMEOUT + WELCOME_TIMEOUT,
            greet(entry, address, &mut tap),
        );
        let entered = match entered.await {
            Ok(entered) => entered,
            Err(_) => Err(Ending::new("join_timeout", "no welcome in time")),
        };
        let (socket, player) = match entered {
            Ok(entered) => entered,
            Err(ending) => return Err((ending, tap)),
        };
        let now = Instant::now();
        let rate = f64::from(player.tick_rate());
        Ok(Self {
            pacer: steered.then(|| Pacer::new(now, rate)),
            socket,
            tap,
            player,
            arrival: None,
            pinged: now,
            pings: 0,
            bytes: (0, 0),
            stay_away: None,
        })
    }

    /// Waits for the next thing: a message comes, or it is time to say something.
    /// May be dropped while it waits. `steer` is asked for each input; it may have
    /// none.
    ///
    /// # Errors
    /// [`Ending`] when the connection is over.
    pub(crate) async fn turn(
        &mut self,
        mut steer: impl FnMut(Sight<'_, W>) -> Option<Input<W>>,
    ) -> Result<News<W::Event>, Ending> {
        loop {
            let wake = self.wake_at();
            tokio::select! {
                biased;
                message = self.socket.next() => {
                    if let Some(news) = self.take(message)? {
                        return Ok(news);
                    }
                }
                () = sleep_until(wake.into()) => {
                    self.speak(Instant::now(), &mut steer)?;
                    return Ok(News::Spoke);
                }
            }
        }
    }

    /// A spectator's wish to see what `player` sees; without one, everything.
    ///
    /// # Errors
    /// [`Ending`] when the connection is over.
    pub(crate) fn follow(&mut self, player: Option<PlayerId>) -> Result<(), Ending> {
        let mut message = Vec::new();
        self.player.follow(player, &mut message)?;
        self.say(message, Instant::now())?;
        self.flush()
    }

    /// Leaves in good order, and waits a moment for the answer.
    pub(crate) async fn leave(mut self) -> T {
        let (code, text) = (Reason::Left.code(), Reason::Left.text());
        let frame = CloseFrame {
            code: code.into(),
            reason: text.into(),
        };
        let goodbye = async {
            // Errors here only say that the other side was faster.
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                let body = crate::tape::close_body(code, text);
                self.tap.said(What::ClientClose, Instant::now(), &body);
                while let Some(Ok(message)) = self.socket.next().await {
                    tell(&mut self.tap, &message);
                }
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
        self.tap
    }

    /// After the end: hears what the server still had to say, up to its close.
    pub(crate) async fn hear_out(mut self) -> (T, Box<Player<W>>) {
        let rest = async {
            while let Some(Ok(message)) = self.socket.next().await {
                tell(&mut self.tap, &message);
            }
        };
        let _ = timeout(LAST_WORDS, rest).await;
        (self.tap, self.player)
    }

    pub(crate) fn tap(&self) -> &T {
        &self.tap
    }

    pub(crate) fn player(&self) -> &Player<W> {
        &self.player
    }

    /// When the last snapshot came.
    pub(crate) fn arrival(&self) -> Option<Instant> {
        self.arrival
    }

    /// Bytes of messages said and heard so far.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        self.bytes
    }

    /// How long to stay away at least, after a bye.
    pub(crate) fn stay_away(&self) -> Option<Duration> {
        self.stay_away
    }

    fn wake_at(&self) -> Instant {
        match &self.pacer {
            Some(pacer) => pacer.next().min(self.pinged + PING_STEERED),
            None => self.pinged + PING_SILENT,
        }
    }

    fn take(
        &mut self,
        message: Option<Result<Message, WsError>>,
    ) -> Result<Option<News<W::Event>>, Ending> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(self.lost(Ending::from_socket(error))),
            None => return Err(self.lost(Ending::link_lost())),
        };
        tell(&mut self.tap, &message);
        match message {
            Message::Binary(bytes) => self.hear(&bytes, Instant::now()),
            other => not_binary(other).map(|()| None),
        }
    }

    fn lost(&mut self, ending: Ending) -> Ending {
        let sentence = ending.detail.as_bytes();
        self.tap.said(What::Lost, Instant::now(), sentence);
        ending
    }

    fn hear(&mut self, bytes: &Bytes, now: Instant) -> Result<Option<News<W::Event>>, Ending> {
        self.bytes.1 += bytes.len() as u64;
        match self.player.hear(bytes, |_| ())? {
            Heard::Snapshot { waiting, .. } => {
                self.arrival = Some(now);
                if let Some(pacer) = &mut self.pacer {
                    pacer.waiting(now, waiting);
                }
                // The player says no more than a bot needs. What is shown to people
                // is read once more, which one client can afford.
                let head = bytes.strip_prefix(&[SNAPSHOT]).unwrap_or_default();
                let head = codec::decode_prefix::<Head<W::Own>>(head);
                let (verified, pace) = head.map_or((false, None), |(head, _)| {
                    (head.checksum.is_some(), head.pace)
                });
                Ok(Some(News::Snapshot { verified, pace }))
            }
            Heard::Event(event) => Ok(Some(News::Event(event))),
            // The connection ends with the close frame that follows.
            Heard::Bye {
                code,
                text,
                retry_after,
            } => {
                self.stay_away = retry_after.or(self.stay_away);
                Err(Ending::from_code(code, &text))
            }
            Heard::Other => Ok(match codec::decode::<ServerMessage<W>>(bytes) {
                Ok(ServerMessage::Pong { nonce }) if nonce == self.pings => {
                    Some(News::Pong(now - self.pinged))
                }
                _ => None,
            }),
        }
    }

    fn speak(
        &mut self,
        now: Instant,
        steer: &mut impl FnMut(Sight<'_, W>) -> Option<Input<W>>,
    ) -> Result<(), Ending> {
        while let Some(due) = self.pacer.as_mut().and_then(|pacer| pacer.due(now)) {
            let Some(wish) = steer(self.player.sight()) else {
                continue;
            };
            let old = self
                .arrival
                .map_or(0.0, |arrival| (now - arrival).as_secs_f64());
            let ahead = 1 + (old * f64::from(self.player.tick_rate())) as u32;
            let mut message = Vec::new();
            self.player.input(due.intended, ahead, wish, &mut message)?;
            self.say(message, now)?;
        }
        let pause = match self.pacer {
            Some(_) => PING_STEERED,
            None => PING_SILENT,
        };
        if now - self.pinged >= pause {
            self.pings = self.pings.wrapping_add(1);
            self.pinged = now;
            let mut message = Vec::new();
            self.player.ping(self.pings, &mut message)?;
            self.say(message, now)?;
        }
        self.flush()
    }

    /// Without waiting: what the socket does not take now goes out next time.
    fn flush(&mut self) -> Result<(), Ending> {
        match self.socket.flush().now_or_never() {
            Some(flushed) => flushed.map_err(Ending::from_socket),
            None => Ok(()),
        }
    }

    fn say(&mut self, message: Vec<u8>, now: Instant) -> Result<(), Ending> {
        self.bytes.0 += message.len() as u64;
        self.tap.said(What::Client, now, &message);
        self.socket
            .start_send_unpin(Message::Binary(message.into()))
            .map_err(Ending::from_socket)
    }
}

/// Connects, says hello and waits for the welcome.
async fn greet<W: Wire>(
    entry: &Entry,
    address: SocketAddr,
    tap: &mut impl Tap,
) -> Result<(Socket, Box<Player<W>>), Ending> {
    let mut socket = open(&entry.target, address, None, entry.net, (entry.seed, 0)).await?;
    let hello = entry.hello::<W>()?;
    tap.said(What::Client, Instant::now(), &hello);
    socket
        .send(Message::Binary(hello.into()))
        .await
        .map_err(Ending::from_socket)?;
    loop {
        let message = match socket.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(Ending::from_socket(error)),
            None => return Err(Ending::link_lost()),
        };
        tell(tap, &message);
        match message {
            Message::Binary(bytes) => {
                return match player::answer(&bytes, Pool::default())? {
                    Answer::Welcome(player) => Ok((socket, player)),
                    Answer::Bye { code, text } => Err(Ending::from_code(code, &text)),
                };
            }
            other => not_binary(other)?,
        }
    }
}

/// What the server said; pings and pongs of the WebSocket are not the protocol's.
fn tell(tap: &mut impl Tap, message: &Message) {
    let now = Instant::now();
    match message {
        Message::Binary(bytes) => tap.said(What::Server, now, bytes),
        Message::Text(text) => tap.said(What::Server, now, text.as_bytes()),
        Message::Close(Some(frame)) => {
            let body = crate::tape::close_body(frame.code.into(), &frame.reason);
            tap.said(What::ServerClose, now, &body);
        }
        Message::Close(None) => tap.said(What::ServerClose, now, &[]),
        _ => {}
    }
}
