//! The bytes of a connection, with TLS around them or without.
//!
//! An enum inside rather than a parameter: everything above is compiled once, and a
//! branch per read or write costs nothing beside the system call. Whoever must see
//! the first bytes before others do can put them back.

use crate::guard::TlsStream;
use bytes::Bytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// See the module's doc.
#[derive(Debug)]
pub struct Io {
    stream: Stream,
    /// What was read already, by whoever wanted to see it first; read once more
    /// before anything else.
    replay: Bytes,
}

#[derive(Debug)]
enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted; boxed, because its state is large and plain sockets are many.
    Tls(Box<TlsStream>),
}

impl Io {
    /// The socket underneath.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(io) => io,
            Stream::Tls(io) => io.get_ref().0,
        }
    }

    /// The same connection, of which these first bytes will be read again.
    #[must_use]
    pub fn replaying(self, replay: Bytes) -> Self {
        Self { replay, ..self }
    }

    fn inner(self: Pin<&mut Self>) -> Inner<'_> {
        match &mut self.get_mut().stream {
            Stream::Plain(io) => Inner::Plain(Pin::new(io)),
            Stream::Tls(io) => Inner::Tls(Pin::new(io)),
        }
    }
}

/// The same, pinned.
enum Inner<'a> {
    Plain(Pin<&'a mut TcpStream>),
    Tls(Pin<&'a mut TlsStream>),
}

impl From<Stream> for Io {
    fn from(stream: Stream) -> Self {
        Self {
            stream,
            replay: Bytes::new(),
        }
    }
}

impl From<TcpStream> for Io {
    fn from(io: TcpStream) -> Self {
        Stream::Plain(io).into()
    }
}

impl From<Box<TlsStream>> for Io {
    fn from(io: Box<TlsStream>) -> Self {
        Stream::Tls(io).into()
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let again = self.replay.len().min(buffer.remaining());
        if again > 0 {
            buffer.put_slice(&self.replay.split_to(again));
            return Poll::Ready(Ok(()));
        }
        match self.inner() {
            Inner::Plain(io) => io.poll_read(context, buffer),
            Inner::Tls(io) => io.poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.inner() {
            Inner::Plain(io) => io.poll_write(context, bytes),
            Inner::Tls(io) => io.poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.inner() {
            Inner::Plain(io) => io.poll_write_vectored(context, slices),
            Inner::Tls(io) => io.poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(io) => io.is_write_vectored(),
            Stream::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.inner() {
            Inner::Plain(io) => io.poll_flush(context),
            Inner::Tls(io) => io.poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.inner() {
            Inner::Plain(io) => io.poll_shutdown(context),
            Inner::Tls(io) => io.poll_shutdown(context),
        }
    }
}
