//! The socket of one connection: reading from it, and its lane.
//!
//! Hands on at most one judged frame at a time, so that nothing piles up between
//! the kernel and the actor: what is not asked for stays in the kernel, and the
//! peer's window closes. What the lane takes is not handed on at all. All sockets of a
//! thread read into one scratch buffer, and lanes write from one.

use super::connection::Limits;
use super::frames::{Scan, Scanner};
use super::io::Io;
use super::lane::{self, Lane};
use super::line::Line;
use super::outbox::Outbox;
use crate::post::{HEADROOM, Letter};
use actix_web::error::PayloadError;
use bytes::Bytes;
use downbeat_protocol::Reason;
use futures_util::Stream;
use mio::event::Event;
use prometheus::IntCounter;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, ReadBuf};

/// What is read at once at most.
const SCRATCH: usize = 16 << 10;

/// How often in a row a lane's socket is read: one that always has more must not keep
/// the others waiting.
const READS: usize = 4;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
    static FRAMES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What the peer's bytes have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// More may come.
    Open,
    /// The peer's close frame; whatever follows does not count.
    Close,
    /// Something forbidden; where the next frame begins is unknown.
    Violation,
    /// The end of the stream, in good order or not.
    Eof,
}

/// See the module's doc.
pub(super) struct Socket {
    pub(super) io: Io,
    pub(super) outbox: Outbox,
    /// While there is an actor, if it has one.
    pub(super) lane: Option<Rc<dyn Lane>>,
    /// Who does what the hub and the lane do not.
    pub(super) driver: Waker,
    /// Has the hub look for what the lane has to send.
    pub(super) knock: Waker,
    bytes_in: IntCounter,
    line: Rc<Line>,
    scanner: Scanner,
    reads_while_stuck: bool,
    /// Read, and not yet handed on.
    rest: Bytes,
    /// A frame was just handed on, and the reader has not yet looked at it.
    pause: bool,
    heard: Heard,
}

impl Socket {
    /// `first` are bytes that came together with the request.
    pub(super) fn new(io: Io, first: Bytes, line: Rc<Line>, limits: Limits) -> Self {
        let bytes_in = line.telemetry.bytes_in.clone();
        bytes_in.inc_by(first.len() as u64);
        Self {
            io,
            outbox: Outbox::new(&line.telemetry),
            lane: None,
            driver: Waker::noop().clone(),
            knock: Waker::noop().clone(),
            bytes_in,
            line,
            scanner: Scanner::new(limits.max_message, limits.texts),
            reads_while_stuck: limits.reads_while_stuck,
            rest: first,
            pause: false,
            heard: Heard::Open,
        }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard
    }

    /// Takes what was polled.
    pub(super) fn ready(&mut self, event: &Event) {
        self.io.tcp_mut().ready(event);
        if event.is_writable() && !self.outbox.is_empty() {
            self.driver.wake_by_ref();
        }
    }

    /// Reads what there is, and leaves to the driver what the lane does not take.
    /// `true` if there may be more to read.
    pub(super) fn receive(&mut self, now: Instant) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..READS {
            if !self.is_at_start() {
                self.driver.wake_by_ref();
                return false;
            }
            let read = BUFFER.with_borrow_mut(|buffer| {
                let bytes = ready!(self.poll_read(&mut context, buffer));
                let left = self.offer(bytes, now);
                self.rest = Bytes::copy_from_slice(left);
                Poll::Ready(())
            });
            if read.is_pending() {
                return false;
            }
        }
        true
    }

    /// Gives the lane what is for it at the front of `bytes`; what is left.
    fn offer<'a>(&mut self, mut bytes: &'a [u8], now: Instant) -> &'a [u8] {
        let Some(lane) = &self.lane else {
            return bytes;
        };
        let mut payload = [0; lane::MAX_SMALL];
        while let Some((length, end)) = lane::small(bytes, &mut payload)
            && lane.message(&payload[..length], now)
        {
            bytes = &bytes[end..];
        }
        bytes
    }

    /// Whether the next byte begins a message that may be the lane's.
    fn is_at_start(&self) -> bool {
        self.lane.is_some()
            && self.heard == Heard::Open
            && self.rest.is_empty()
            && self.scanner.is_at_start()
            && (self.reads_while_stuck || self.outbox.is_empty())
    }

    /// Sends what the lane has.
    pub(super) fn deliver(&mut self) {
        let Some(lane) = &self.lane else { return };
        let mut context = Context::from_waker(&self.knock);
        if !self.outbox.is_empty() {
            // There is nothing to be had from it but the end.
            let _ = lane.poll_next(true, &mut context);
            return;
        }
        FRAMES.with_borrow_mut(|frames| {
            frames.clear();
            while let Poll::Ready(message) = lane.poll_next(false, &mut context) {
                lane::put_binary(&message, frames);
            }
            if !frames.is_empty() {
                write_through(&mut self.io, &mut self.outbox, &self.driver, frames);
            }
        });
    }

    /// Sends a message of a batch. What comes before it goes first, and while the socket
    /// takes nothing it is kept.
    pub(super) fn send(&mut self, letter: &mut Letter, bytes: &mut [u8]) {
        let Some(lane) = &self.lane else { return };
        if self.outbox.is_empty() && !letter.is_behind {
            let frame = lane::frame_in_place(bytes);
            write_through(&mut self.io, &mut self.outbox, &self.driver, frame);
        } else {
            lane.keep(bytes.get(HEADROOM..).unwrap_or_default());
            letter.is_kept = true;
            self.deliver();
        }
    }

    /// Writes what waits. Pending while the socket takes no more.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_write(&mut self.io, context)
    }

    /// The next bytes, up to the end of a frame; after that it pauses once, so that
    /// whoever collects bytes until there are none looks at the frame first. `None`
    /// at the end of the stream.
    ///
    /// # Errors
    /// What the peer must not do, once; then nothing more comes.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Reason>>> {
        if std::mem::take(&mut self.pause) {
            return Poll::Pending;
        }
        if self.heard == Heard::Open && self.rest.is_empty() {
            self.rest = ready!(self.poll_copy(context));
        }
        match self.heard {
            Heard::Open => {}
            Heard::Close | Heard::Violation => return Poll::Pending,
            Heard::Eof => return Poll::Ready(None),
        }
        let end = match self.scanner.scan(&self.rest) {
            Ok(Scan::Part) => return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest)))),
            Ok(Scan::Frame(end)) => end,
            Ok(Scan::Close(end)) => {
                self.heard = Heard::Close;
                end
            }
            Err(reason) => {
                self.heard = Heard::Violation;
                self.line.set_violation(reason);
                self.rest = Bytes::new();
                return Poll::Ready(Some(Err(reason)));
            }
        };
        self.pause = true;
        Poll::Ready(Some(Ok(self.rest.split_to(end))))
    }

    /// Reads and forgets, until the end of the stream; still finds the peer's close
    /// frame.
    pub(super) fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.heard {
                Heard::Open => {
                    self.pause = false;
                    let _ = ready!(self.poll_frame(context));
                }
                Heard::Close | Heard::Violation => {
                    let _ = ready!(self.poll_copy(context));
                }
                Heard::Eof => return Poll::Ready(()),
            }
        }
    }

    /// Reads once, to keep it.
    fn poll_copy(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        BUFFER.with_borrow_mut(|buffer| {
            let read = self.poll_read(context, buffer);
            read.map(Bytes::copy_from_slice)
        })
    }

    /// Reads once. Nothing is the end of the stream; so is an error, after which
    /// there is nobody to talk to either.
    fn poll_read<'a>(&mut self, context: &mut Context<'_>, buffer: &'a mut [u8]) -> Poll<&'a [u8]> {
        let mut filled = ReadBuf::new(&mut *buffer);
        let read = ready!(Pin::new(&mut self.io).poll_read(context, &mut filled));
        let length = filled.filled().len();
        if read.is_err() || length == 0 {
            self.heard = Heard::Eof;
            return Poll::Ready(&[]);
        }
        self.bytes_in.inc_by(length as u64);
        Poll::Ready(&buffer[..length])
    }
}

/// Writes frames while none wait. What the socket does not take is the driver's.
fn write_through(io: &mut Io, outbox: &mut Outbox, driver: &Waker, frames: &[u8]) {
    let written = outbox.poll_through(io, frames, &mut Context::from_waker(driver));
    if !matches!(written, Poll::Ready(Ok(()))) {
        driver.wake_by_ref();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("io", &self.io)
            .field("heard", &self.heard)
            .finish_non_exhaustive()
    }
}

/// The socket as the stream of bytes that a WebSocket context wants.
#[derive(Debug)]
pub struct Inlet(pub(super) Rc<RefCell<Socket>>);

impl Stream for Inlet {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut socket = self.0.borrow_mut();
        // The driver polls the actor again when the socket takes bytes.
        if !socket.reads_while_stuck && !socket.outbox.is_empty() {
            return Poll::Pending;
        }
        let polled = ready!(socket.poll_frame(context));
        // The reason itself is on the line; the context only has to hear of it.
        Poll::Ready(polled.map(|bytes| bytes.map_err(|_| PayloadError::EncodingCorrupted)))
    }
}
