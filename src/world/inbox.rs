//! What one player has sent and the world has not yet fetched.
//!
//! A session puts in, the world takes out at its tick: waking the world for each
//! input would be the most expensive single thing in the server. Bounded; when it
//! is full the oldest input goes, because the newest says best what the player
//! wants.

use crate::game::Leave;
use downbeat_protocol::{PlayerId, Seq, Tick};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One input as it came from the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived<I> {
    /// The client's number of it.
    pub seq: Seq,
    /// The tick the client meant it for.
    pub tick: Tick,
    /// The wish.
    pub input: I,
}

/// A player's inbox. Both sides share it.
#[derive(Debug)]
pub(super) struct Inbox<I> {
    capacity: usize,
    mail: Mutex<Mail<I>>,
}

/// What is in an inbox; taken out as a whole.
#[derive(Debug, PartialEq)]
pub struct Mail<I> {
    /// In the order of arrival.
    pub inputs: VecDeque<Arrived<I>>,
    /// Inputs lost because the inbox was full.
    pub dropped: u32,
    /// The last tick the client says it has received.
    pub received: Option<Tick>,
    /// Whether anything arrived at all.
    pub heard: bool,
    /// Whom a spectator wants to follow now; the inner `None` is everything.
    pub follow: Option<Option<PlayerId>>,
    /// Set once, when the session is over.
    pub leave: Option<Leave>,
}

impl<I> Default for Mail<I> {
    fn default() -> Self {
        Self {
            inputs: VecDeque::new(),
            dropped: 0,
            received: None,
            heard: false,
            follow: None,
            leave: None,
        }
    }
}

impl<I> Inbox<I> {
    /// An empty inbox for at most `capacity` inputs (at least one).
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            mail: Mutex::default(),
        }
    }

    pub(super) fn input(&self, received: Tick, arrived: Arrived<I>) {
        let mut mail = self.lock();
        if mail.inputs.len() >= self.capacity {
            mail.inputs.pop_front();
            mail.dropped = mail.dropped.saturating_add(1);
        }
        mail.inputs.push_back(arrived);
        mail.received = Some(received);
        mail.heard = true;
    }

    pub(super) fn ping(&self, received: Tick) {
        let mut mail = self.lock();
        mail.received = Some(received);
        mail.heard = true;
    }

    pub(super) fn follow(&self, player: Option<PlayerId>) {
        let mut mail = self.lock();
        mail.follow = Some(player);
        mail.heard = true;
    }

    /// The first leave counts.
    pub(super) fn leave(&self, leave: Leave) {
        self.lock().leave.get_or_insert(leave);
    }

    /// Exchanges what is in it for `mail`, which the caller has emptied.
    pub(super) fn swap(&self, mail: &mut Mail<I>) {
        let mut inside = self.lock();
        let leave = inside.leave;
        std::mem::swap(&mut *inside, mail);
        inside.leave = leave;
    }

    fn lock(&self) -> MutexGuard<'_, Mail<I>> {
        // Nothing under the lock can panic half way; a poisoned one is whole.
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
