//! How a bot comes in: connection, upgrade, hello, welcome.
//!
//! Owns the socket's settings. Every way of not coming in is an [`Ending`] with a
//! label of its own. Called by the bot.

use crate::ending::Ending;
use crate::link::Link;
use crate::net::{Conditions, Net};
use crate::player::{self, Answer, Player};
use crate::scenario::Plan;
use crate::target::Target;
use crate::view::Pool;
use downbeat_protocol::codec::DECODE_LIMIT;
use downbeat_protocol::message::Wire;
use downbeat_protocol::{ResumeToken, SUBPROTOCOL};
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A bot's connection.
pub(crate) type Socket = WebSocketStream<Net<Link>>;

/// From the connection's beginning to the welcome.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
/// What is written at once at most, in bytes: all inputs due at one moment.
const WRITE_BATCH: usize = 1024;
/// What may wait in a bot for a server that takes nothing, in bytes.
const WRITE_BUFFER: usize = 32 << 10;

/// Brings bot `number` in; with `resume` as the player it was.
///
/// # Errors
/// [`Ending`] if the server cannot be reached, refuses, or does not answer in time.
pub(crate) async fn join<W: Wire>(
    plan: &Plan,
    address: SocketAddr,
    number: u32,
    resume: Option<ResumeToken>,
    pool: Pool<W::Entity>,
) -> Result<(Socket, Box<Player<W>>), Ending> {
    let entered = async {
        let mut socket = connect(plan, address, number).await?;
        let player = greet(&mut socket, plan, number, resume, pool).await?;
        Ok((socket, player))
    };
    match timeout(JOIN_TIMEOUT, entered).await {
        Ok(joined) => joined,
        Err(_) => Err(Ending::new("join_timeout", "no welcome in time")),
    }
}

/// Opens bot `number`'s connection up to the answered upgrade.
///
/// # Errors
/// [`Ending`] if the server cannot be reached or refuses.
pub(crate) async fn connect(
    plan: &Plan,
    address: SocketAddr,
    number: u32,
) -> Result<Socket, Ending> {
    let conditions = plan.group(number).1.net;
    let from = plan.sources.of(number, plan.bots(), address.ip());
    open(&plan.target, address, from, conditions, (plan.seed, number)).await
}

/// The same for a client that no plan knows, from this address of its own if one is
/// given. `seed` and number are its conditions'.
///
/// # Errors
/// [`Ending`] if the server cannot be reached or refuses.
pub(crate) async fn open(
    target: &Target,
    address: SocketAddr,
    from: Option<IpAddr>,
    conditions: Option<Conditions>,
    (seed, number): (u64, u32),
) -> Result<Socket, Ending> {
    let opened = target.open(address, from).await;
    let link = opened.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Ending::new("connect_timeout", "no connection in time"),
        _ => Ending::from_socket(WsError::Io(error)),
    })?;
    let stream = Net::new(link, conditions, seed, number);
    // The default 128 KiB read buffer is zeroed at every read; a small one is
    // five times faster and lets thousands of bots fit.
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(WRITE_BATCH)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(DECODE_LIMIT))
        .max_frame_size(Some(DECODE_LIMIT));
    let request = ClientRequestBuilder::new(target.uri()).with_sub_protocol(SUBPROTOCOL);
    let (socket, _) = client_async_with_config(request, stream, Some(config))
        .await
        .map_err(Ending::from_socket)?;
    Ok(socket)
}

async fn greet<W: Wire>(
    socket: &mut Socket,
    plan: &Plan,
    number: u32,
    resume: Option<ResumeToken>,
    pool: Pool<W::Entity>,
) -> Result<Box<Player<W>>, Ending> {
    let mut hello = Vec::new();
    let room = plan.room(number);
    let proof = plan.tokens.as_ref().map(|tokens| tokens.of(number));
    let proof = proof.transpose();
    let proof = proof.map_err(|error| Ending::new("no_token", format!("{error:#}")))?;
    let name = format!("bot-{number}");
    player::hello::<W>(&room, &name, proof, resume, &mut hello)?;
    socket
        .send(Message::Binary(hello.into()))
        .await
        .map_err(Ending::from_socket)?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                return match player::answer(&bytes, pool)? {
                    Answer::Welcome(player) => Ok(player),
                    Answer::Bye { code, text } => Err(Ending::from_code(code, &text)),
                };
            }
            Some(Ok(other)) => not_binary(other)?,
            Some(Err(error)) => return Err(Ending::from_socket(error)),
            None => return Err(Ending::link_lost()),
        }
    }
}

/// Control frames are the library's business; everything else ends the bot.
pub(crate) fn not_binary(message: Message) -> Result<(), Ending> {
    match message {
        Message::Close(frame) => Err(Ending::from_close(frame)),
        Message::Text(_) => Err(Ending::new("unexpected", "a text message")),
        _ => Ok(()),
    }
}
