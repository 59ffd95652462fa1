//! A session's fast lane: inputs to the room and snapshots from it, without waking the
//! actor.
//!
//! Shares the session's conduct with its actor, which decides for both. The room's end
//! of the session is the one thing it brings to the actor.

use super::conduct::Conduct;
use crate::websocket::Lane;
use crate::world::{End, Outgoing};
use actix::Recipient;
use bytes::Bytes;
use downbeat_protocol::Wire;
use std::cell::{OnceCell, RefCell};
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// What a session's actor and its lane share.
pub(super) struct Shared<W: Wire> {
    /// How it behaves.
    pub(super) conduct: RefCell<Conduct<W>>,
    /// The actor, once it has started.
    pub(super) actor: OnceCell<Recipient<End>>,
}

impl<W: Wire> Lane for Shared<W> {
    fn message(&self, payload: &[u8], now: Instant) -> bool {
        self.conduct.borrow_mut().input(payload, now)
    }

    fn poll_next(&self, is_stuck: bool, context: &mut Context<'_>) -> Poll<Bytes> {
        let mut conduct = self.conduct.borrow_mut();
        match ready!(conduct.poll_room(is_stuck, context)) {
            Outgoing::Message(bytes) => Poll::Ready(bytes),
            Outgoing::End(end) => {
                // There is no room without a hello, and no hello before the start.
                if let Some(actor) = self.actor.get() {
                    actor.do_send(end);
                }
                Poll::Pending
            }
        }
    }

    fn keep(&self, message: &[u8]) {
        self.conduct.borrow().keep(message);
    }
}
