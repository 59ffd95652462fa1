//! The socket of one connection, and reading from it.
//!
//! Hands on at most one judged frame at a time, so that nothing piles up between
//! the kernel and the actor: what is not asked for stays in the kernel, and the
//! peer's window closes. All sockets of a thread read into one scratch buffer.

use super::connection::Limits;
use super::frames::{Scan, Scanner};
use super::io::Io;
use super::line::Line;
use actix_web::error::PayloadError;
use bytes::Bytes;
use downbeat_protocol::Reason;
use futures_util::Stream;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// What is read at once at most.
const SCRATCH: usize = 16 << 10;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
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
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) io: Io,
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
        line.telemetry.bytes_in.inc_by(first.len() as u64);
        Self {
            io,
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
            self.rest = ready!(self.poll_read(context));
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
                    let _ = ready!(self.poll_read(context));
                }
                Heard::Eof => return Poll::Ready(()),
            }
        }
    }

    /// Reads once. Nothing is the end of the stream; so is an error, after which
    /// there is nobody to talk to either.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            let read = ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer));
            let bytes = buffer.filled();
            if read.is_err() || bytes.is_empty() {
                self.heard = Heard::Eof;
                return Poll::Ready(Bytes::new());
            }
            self.line.telemetry.bytes_in.inc_by(bytes.len() as u64);
            Poll::Ready(Bytes::copy_from_slice(bytes))
        })
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
        if !socket.reads_while_stuck && !socket.line.takes_bytes() {
            return Poll::Pending;
        }
        let polled = ready!(socket.poll_frame(context));
        // The reason itself is on the line; the context only has to hear of it.
        Poll::Ready(polled.map(|bytes| bytes.map_err(|_| PayloadError::EncodingCorrupted)))
    }
}
