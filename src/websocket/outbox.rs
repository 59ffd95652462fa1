//! What a connection has to write and its socket has not yet taken.
//!
//! Nearly always empty: what is written passes through it. Refuses to hold more than
//! one message and, behind it, a bounded rest. The driver and the hub write through it.

use super::io::Io;
use crate::telemetry::Telemetry;
use bytes::{Buf, Bytes, BytesMut};
use prometheus::IntCounter;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// What may wait behind bytes that the socket does not take: answers to pings, the
/// last words. A peer that asks for more without reading is jammed.
const MAX_WAITING: usize = 64 << 10;

/// See the module's doc.
#[derive(Debug)]
pub(super) struct Outbox {
    /// What the socket is being given.
    writing: Bytes,
    /// What came meanwhile.
    waiting: BytesMut,
    /// TLS has taken bytes that the socket has not.
    is_held: bool,
    /// Bytes taken so far, for whoever wants to know of progress.
    taken: u64,
    counter: IntCounter,
}

impl Outbox {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            writing: Bytes::new(),
            waiting: BytesMut::new(),
            is_held: false,
            taken: 0,
            counter: telemetry.bytes_out.clone(),
        }
    }

    /// Whether all that was written is out of our hands.
    pub(super) fn is_empty(&self) -> bool {
        self.writing.is_empty() && self.waiting.is_empty() && !self.is_held
    }

    /// Bytes that the socket has taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Bytes to be written after those that wait; `false` if too many wait already.
    pub(super) fn queue(&mut self, bytes: Bytes) -> bool {
        if self.writing.is_empty() {
            self.writing = bytes;
            return true;
        }
        self.waiting.extend_from_slice(&bytes);
        self.waiting.len() <= MAX_WAITING
    }

    /// Writes these bytes, if none wait, and keeps what the socket does not take.
    pub(super) fn poll_through(
        &mut self,
        io: &mut Io,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let taken = match Pin::new(&mut *io).poll_write(context, bytes) {
            Poll::Ready(Ok(taken)) => taken,
            // What is broken now is broken when it is tried again.
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.count(taken);
        if taken < bytes.len() {
            self.writing = Bytes::copy_from_slice(&bytes[taken..]);
        }
        self.poll_write(io, context)
    }

    /// Writes all there is. Pending while the socket takes no more.
    pub(super) fn poll_write(
        &mut self,
        io: &mut Io,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // Under TLS bytes may be taken and not yet sent: nothing follows them
            // before they are, or what is only buffered would pass for progress.
            self.is_held = true;
            ready!(Pin::new(&mut *io).poll_flush(context))?;
            self.is_held = false;
            if self.writing.is_empty() {
                self.writing = std::mem::take(&mut self.waiting).freeze();
            }
            if self.writing.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let taken = ready!(Pin::new(&mut *io).poll_write(context, &self.writing))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.count(taken);
            self.writing.advance(taken);
        }
    }

    fn count(&mut self, taken: usize) {
        self.taken += taken as u64;
        self.counter.inc_by(taken as u64);
    }
}
