//! What an actor is that talks over a socket of this layer.
//!
//! The only file that names `actix_web_actors`. A plain `actix::Context` with its
//! own codec could take the place of `WebsocketContext` here: what the driver needs
//! is a stream of encoded frames that ends with the actor.

use super::socket::Inlet;
use actix::{Actor, StreamHandler};
use actix_http::ws::{Codec, Message, ProtocolError};
use actix_web_actors::ws::WebsocketContext;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// The context of an actor `A`, which handles the peer's frames.
pub type Context<A> = WebsocketContext<A>;

/// Starts an actor; its frames. It lives as long as they are polled. Frames from
/// `inlet` may have `max_frame` bytes, which was checked before.
pub fn outlet<A>(actor: A, inlet: Inlet, max_frame: usize) -> impl Stream<Item = Bytes>
where
    A: Actor<Context = Context<A>> + StreamHandler<Result<Message, ProtocolError>>,
{
    let codec = Codec::new().max_size(max_frame);
    let frames = WebsocketContext::with_codec(actor, inlet, codec);
    // The encoder refuses nothing but continuations, and none are sent.
    frames.map(Result::unwrap_or_default)
}
