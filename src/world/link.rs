//! The two ends of one player's link: his session holds one, the room the other.
//!
//! Neither end can be left without an owner: a dropped session end tells the room
//! that the player's link is lost, a dropped room end tells the session that the
//! room failed.

use super::inbox::{Arrived, Inbox, Mail};
use super::outlet::{End, Outgoing, Outlet, Ring};
use crate::game::Leave;
use crate::post::Place;
use bytes::Bytes;
use downbeat_protocol::{PlayerId, Reason, Tick};
use futures_util::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How much a link holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLimits {
    /// Inputs waiting for the world; the oldest is dropped.
    pub inputs: usize,
    /// Events waiting for the session; one more ends it.
    pub events: usize,
}

/// A new link: the session's end and the room's end. Snapshots are carried to the
/// session's `place`; without one they wait at its end of the link.
#[must_use]
pub fn link<I>(limits: LinkLimits, place: Option<Place>) -> (SessionLink<I>, MemberLink<I>) {
    let inbox = Arc::new(Inbox::new(limits.inputs));
    let outlet = Arc::new(Outlet::new(limits.events));
    let member = MemberLink {
        inbox: Arc::clone(&inbox),
        outlet: Arc::clone(&outlet),
        place,
    };
    (SessionLink { inbox, outlet }, member)
}

/// The session's end: puts in what the player sends, and is a stream of what he is
/// to be told. Dropping it is losing the link.
#[derive(Debug)]
pub struct SessionLink<I> {
    inbox: Arc<Inbox<I>>,
    outlet: Arc<Outlet>,
}

impl<I> SessionLink<I> {
    /// An input arrived; `received` is the acknowledgement it carries.
    pub fn input(&self, received: Tick, arrived: Arrived<I>) {
        self.inbox.input(received, arrived);
    }

    /// A ping arrived.
    pub fn ping(&self, received: Tick) {
        self.inbox.ping(received);
    }

    /// A spectator wants to see what this player sees, or everything.
    pub fn follow(&self, player: Option<PlayerId>) {
        self.inbox.follow(player);
    }

    /// The player leaves: for good, or because the link is lost. The first call
    /// counts, and dropping is a call with [`Leave::Quiet`].
    pub fn leave(&self, leave: Leave) {
        self.inbox.leave(leave);
    }

    /// The stream of what the player is to be told; ends after
    /// [`Outgoing::End`]. Only the last one polled is woken.
    #[must_use]
    pub fn outgoing(&self) -> OutgoingStream {
        OutgoingStream(Arc::clone(&self.outlet))
    }
}

impl<I> Drop for SessionLink<I> {
    fn drop(&mut self) {
        self.inbox.leave(Leave::Quiet);
    }
}

/// See [`SessionLink::outgoing`].
#[derive(Debug)]
pub struct OutgoingStream(Arc<Outlet>);

impl OutgoingStream {
    /// Only the end, before what still lies there: for a session whose socket takes
    /// no more bytes. After it the stream is over.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        self.0.poll_end(context)
    }

    /// Lays a snapshot that was carried here behind what comes before it.
    pub fn keep(&self, snapshot: &[u8]) {
        self.0.keep(Bytes::copy_from_slice(snapshot));
    }
}

impl Stream for OutgoingStream {
    type Item = Outgoing;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.0.poll(context)
    }
}

/// The room's end. Dropping it without [`end`](Self::end) ends the session with
/// [`Reason::RoomFailed`].
#[derive(Debug)]
pub struct MemberLink<I> {
    inbox: Arc<Inbox<I>>,
    outlet: Arc<Outlet>,
    place: Option<Place>,
}

impl<I> MemberLink<I> {
    /// Fetches what has arrived into `mail`, which the caller has emptied.
    pub fn swap(&self, mail: &mut Mail<I>) {
        self.inbox.swap(mail);
    }

    /// Whether no snapshot lies at the session's end that it has not taken.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.outlet.is_free()
    }

    /// Where the session's connection is.
    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Lays down a snapshot, in place of one not yet taken. The session is woken when
    /// what is returned is dropped.
    pub fn snapshot(&self, bytes: Bytes) -> Ring {
        self.outlet.snapshot(bytes)
    }

    /// Lays down a message that must not be lost; too many end the session as too
    /// slow. The session is woken when what is returned is dropped.
    pub fn event(&self, bytes: Bytes) -> Ring {
        self.outlet.event(bytes)
    }

    /// Bytes of messages that the session has taken, without what was carried to it.
    #[must_use]
    pub fn bytes_taken(&self) -> u64 {
        self.outlet.taken()
    }

    /// Ends the session; the first end counts.
    pub fn end(&self, end: impl Into<End>) {
        self.outlet.end(end.into());
    }
}

impl<I> Drop for MemberLink<I> {
    fn drop(&mut self) {
        self.outlet.end(Reason::RoomFailed.into());
    }
}
