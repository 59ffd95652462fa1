//! The future that drives one socket: polls its actor, writes what that yields, and
//! ends the connection.
//!
//! It owns the socket's life: the handshake of closing, the write timeout, the cut.
//! The actor is polled even while the socket takes no bytes, so its timers and
//! inputs go on; it then fetches nothing from the room, and only answers to the peer
//! can pile up, within a bound. Everything a connection has is dropped with this
//! future. The upgrade spawns it.

use super::line::Line;
use super::socket::{Heard, Socket};
use crate::guard::Permit;
use bytes::{Buf, Bytes, BytesMut};
use downbeat_protocol::Reason;
use futures_util::Stream;
use prometheus::IntGauge;
use socket2::SockRef;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::time::Sleep;

/// How long the peer may take for its part of a close, and for what was still to be
/// written.
const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// What may wait behind bytes that the socket does not take: answers to pings, the
/// last words. A peer that asks for more without reading is jammed.
const MAX_WAITING: usize = 64 << 10;

/// Counts as long as it lives.
#[derive(Debug)]
pub struct Counted(IntGauge);

impl Counted {
    /// One more, until it is dropped.
    #[must_use]
    pub fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// See the module's doc. `S` yields the actor's frames, and ends with it.
pub(super) struct Driver<S> {
    socket: Rc<RefCell<Socket>>,
    line: Rc<Line>,
    /// `None` once the actor is gone: then the connection is closing.
    actor: Option<Pin<Box<S>>>,
    /// What the socket is being given.
    writing: Bytes,
    /// What the actor yielded meanwhile.
    waiting: BytesMut,
    /// While writing is stuck: until it is cut. While closing: until it is over.
    timer: Option<Pin<Box<Sleep>>>,
    write_timeout: Duration,
    /// Whether the peer was told that no more bytes will come.
    is_shut: bool,
    _counted: Counted,
    _permit: Permit,
}

impl<S: Stream<Item = Bytes>> Driver<S> {
    pub(super) fn new(
        socket: Rc<RefCell<Socket>>,
        line: Rc<Line>,
        actor: S,
        write_timeout: Duration,
        permit: Permit,
    ) -> Self {
        Self {
            socket,
            _counted: Counted::new(&line.telemetry.sockets),
            line,
            actor: Some(Box::pin(actor)),
            writing: Bytes::new(),
            waiting: BytesMut::new(),
            timer: None,
            write_timeout,
            is_shut: false,
            _permit: permit,
        }
    }

    /// Writes all there is. Pending while the socket takes no more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.socket.borrow_mut();
        loop {
            // Under TLS bytes may be taken and not yet sent: nothing follows them
            // before they are, or what is only buffered would pass for progress.
            ready!(Pin::new(&mut socket.io).poll_flush(context))?;
            if self.writing.is_empty() {
                self.writing = std::mem::take(&mut self.waiting).freeze();
            }
            if self.writing.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let taken = ready!(Pin::new(&mut socket.io).poll_write(context, &self.writing))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.writing.advance(taken);
            self.line.telemetry.bytes_out.inc_by(taken as u64);
            if self.actor.is_some() {
                // Progress: the timeout begins anew.
                self.timer = None;
            }
        }
    }

    /// Takes what the actor yields; `false` if too much waits already.
    fn queue(&mut self, bytes: Bytes) -> bool {
        if self.writing.is_empty() {
            self.writing = bytes;
            return true;
        }
        self.waiting.extend_from_slice(&bytes);
        self.waiting.len() <= MAX_WAITING
    }

    /// While there is an actor. Ready when the connection is over at once, with its
    /// reason; else look again if the actor is gone.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Reason> {
        while self.actor.is_some() {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => self.line.set_takes_bytes(true),
                Poll::Ready(Err(_)) => return Poll::Ready(Reason::LinkLost),
                Poll::Pending => self.line.set_takes_bytes(false),
            }
            let polled = match &mut self.actor {
                Some(actor) => actor.as_mut().poll_next(context),
                None => Poll::Ready(None),
            };
            match polled {
                Poll::Ready(Some(bytes)) => {
                    if !self.queue(bytes) {
                        return Poll::Ready(Reason::Jammed);
                    }
                }
                Poll::Ready(None) => {
                    self.actor = None;
                    self.timer = Some(Box::pin(tokio::time::sleep(CLOSE_WAIT)));
                    return Poll::Pending;
                }
                Poll::Pending => break,
            }
        }
        if self.line.takes_bytes() {
            self.timer = None;
            return Poll::Pending;
        }
        let write_timeout = self.write_timeout;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(write_timeout)));
        if timer.is_elapsed() {
            return Poll::Ready(Reason::Jammed);
        }
        timer.as_mut().poll(context).map(|()| Reason::Jammed)
    }

    /// After the actor. Ready when the connection is over.
    fn poll_closing(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_written = match self.poll_write(context) {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => false,
        };
        // Unread bytes would turn the end into a reset, which could overtake the
        // close frame: so they are read until the peer, too, has ended.
        let is_read = self.socket.borrow_mut().poll_discard(context).is_ready();
        if is_written && !self.is_shut && self.socket.borrow().heard() != Heard::Open {
            let io = &mut self.socket.borrow_mut().io;
            // An error means that the socket is gone, which is just as well.
            let _ = ready!(Pin::new(io).poll_shutdown(context));
            self.is_shut = true;
        }
        // Who has closed says nothing more; nobody else is known to have noticed.
        let is_silent = is_read || self.socket.borrow().heard() == Heard::Close;
        if is_silent && (self.is_shut || !is_written && is_read) {
            return Poll::Ready(());
        }
        let Some(timer) = &mut self.timer else {
            return Poll::Ready(());
        };
        if !timer.is_elapsed() {
            ready!(timer.as_mut().poll(context));
        }
        if !is_written {
            self.reset();
        }
        Poll::Ready(())
    }

    /// Makes the kernel forget what it still holds for the peer when the socket is
    /// dropped.
    fn reset(&self) {
        let socket = self.socket.borrow();
        // It fails only on a socket that is already gone.
        let _ = SockRef::from(socket.io.tcp()).set_linger(Some(Duration::ZERO));
    }
}

impl<S: Stream<Item = Bytes>> Future for Driver<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // First of all, and looked at last: a peer that keeps the reads busy uses up
        // the task's budget, after which no timer would ever be found elapsed.
        if let Some(timer) = &mut this.timer
            && !timer.is_elapsed()
        {
            let _ = timer.as_mut().poll(context);
        }
        if this.actor.is_some()
            && let Poll::Ready(reason) = this.poll_open(context)
        {
            this.line.end(reason);
            this.reset();
            return Poll::Ready(());
        }
        if this.actor.is_some() {
            return Poll::Pending;
        }
        this.poll_closing(context)
    }
}
