//! What the world has for one player and his session has not yet taken.
//!
//! Nearly always empty, since snapshots are carried past it in batches. At most one
//! snapshot, if his socket was stuck or something lay before it: while it lies here the
//! player is behind, and the world does not even build the next one. A few events: they are told once and
//! reliably, so when they overflow the session ends. And the end, once.

use actix::Message;
use atomic_waker::AtomicWaker;
use bytes::Bytes;
use downbeat_protocol::Reason;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// When to knock again where it is full, in milliseconds.
const FULL_RETRY_MS: u32 = 5000;

/// How a connection ends: the reason, and what the peer is told beyond it.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct End {
    /// Why.
    pub reason: Reason,
    /// A more precise sentence than the reason's own.
    pub text: Option<String>,
    /// When to come back, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

impl End {
    /// The sentence for people.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(self.reason.text())
    }
}

impl From<Reason> for End {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            text: None,
            // Places come free as players leave, which nobody can foresee.
            retry_after_ms: (reason == Reason::Full).then_some(FULL_RETRY_MS),
        }
    }
}

/// What a session takes out: whole encoded messages, then the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// The bytes of one `ServerMessage`.
    Message(Bytes),
    /// The last thing; nothing follows.
    End(End),
}

/// Wakes the session when it is dropped. A room keeps those of a tick until all its
/// messages lie ready: then a player's events leave in one write with his snapshot, and
/// the sockets' thread does not compete with the room's for its end.
#[derive(Debug)]
pub struct Ring(Option<Waker>);

impl Drop for Ring {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}

/// A player's outlet. Both sides share it.
#[derive(Debug)]
pub(super) struct Outlet {
    capacity: usize,
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Bytes>,
    snapshot: Option<Bytes>,
    end: Option<End>,
    finished: bool,
    /// Bytes of messages taken out.
    taken: u64,
}

impl Outlet {
    /// An empty outlet for at most `capacity` events (at least one).
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            state: Mutex::default(),
            waker: AtomicWaker::new(),
        }
    }

    /// Whether no snapshot lies here.
    pub(super) fn is_free(&self) -> bool {
        self.lock().snapshot.is_none()
    }

    /// Lays down a snapshot. Ask [`is_free`](Self::is_free) first: one that still
    /// lies there is lost.
    pub(super) fn snapshot(&self, bytes: Bytes) -> Ring {
        self.keep(bytes);
        Ring(self.waker.take())
    }

    /// The same by whoever carries it, and looks here next.
    pub(super) fn keep(&self, bytes: Bytes) {
        self.lock().snapshot = Some(bytes);
    }

    /// Lays down a message that must not be lost; too many of them end the
    /// session as too slow.
    pub(super) fn event(&self, bytes: Bytes) -> Ring {
        let mut state = self.lock();
        if state.events.len() < self.capacity {
            state.events.push_back(bytes);
        } else {
            state.end.get_or_insert(Reason::TooSlow.into());
        }
        drop(state);
        Ring(self.waker.take())
    }

    /// Ends it; the first end counts. What lies there is still delivered.
    pub(super) fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.waker.wake();
    }

    /// The next thing to send: events (the welcome is one) first, then the
    /// snapshot, then the end; `None` after the end.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.waker.register(context.waker());
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            if state.events.is_empty() {
                // Events are rare: their memory would lie here for ever.
                state.events = VecDeque::new();
            }
            state.taken += event.len() as u64;
            return Poll::Ready(Some(Outgoing::Message(event)));
        }
        if let Some(snapshot) = state.snapshot.take() {
            state.taken += snapshot.len() as u64;
            return Poll::Ready(Some(Outgoing::Message(snapshot)));
        }
        if state.finished {
            return Poll::Ready(None);
        }
        match state.end.clone() {
            Some(end) => {
                state.finished = true;
                Poll::Ready(Some(Outgoing::End(end)))
            }
            None => Poll::Pending,
        }
    }

    /// Bytes of messages that the session has taken.
    pub(super) fn taken(&self) -> u64 {
        self.lock().taken
    }

    /// The end alone, past what lies before it; `None` after it.
    pub(super) fn poll_end(&self, context: &mut Context<'_>) -> Poll<Option<End>> {
        self.waker.register(context.waker());
        let mut state = self.lock();
        if state.finished {
            return Poll::Ready(None);
        }
        match state.end.clone() {
            Some(end) => {
                state.finished = true;
                Poll::Ready(Some(end))
            }
            None => Poll::Pending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic half way; a poisoned one is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
