//! A session's fast lane: inputs to the room and snapshots from it, without waking the
//! actor.
//!
//! Shares the session's conduct with its actor, which decides for both. The room's end
//! of the session is the one thing it brings to the actor.

use super::conduct::Conduct;
use crate::websocket::Lane;
use crate::world::{End, Outgoing};
use actix::WeakRecipient;
use bytes::Bytes;
use downbeat_protocol::Wire;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// What a session's actor and its lane share.
pub(super) struct Shared<W: Wire> {
    /// How it behaves.
    pub(super) conduct: RefCell<Conduct<W>>,
    /// The actor, once it has started.
    pub(super) actor: OnceCell<WeakRecipient<End>>,
}

/// See the module's doc.
pub(super) struct SessionLane<W: Wire>(pub(super) Rc<Shared<W>>);

impl<W: Wire> Lane for SessionLane<W> {
    fn message(&mut self, payload: &[u8], now: Instant) -> bool {
        self.0.conduct.borrow_mut().input(payload, now)
    }

    fn poll_next(&mut self, is_stuck: bool, context: &mut Context<'_>) -> Poll<Bytes> {
        let mut conduct = self.0.conduct.borrow_mut();
        match ready!(conduct.poll_room(is_stuck, context)) {
            Outgoing::Message(bytes) => Poll::Ready(bytes),
            Outgoing::End(end) => {
                // There is no room without a hello, and no hello before the start.
                if let Some(actor) = self.0.actor.get().and_then(WeakRecipient::upgrade) {
                    actor.do_send(end);
                }
                Poll::Pending
            }
        }
    }
}
