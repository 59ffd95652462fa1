//! The bytes of a connection, with TLS around them or without.
//!
//! An enum rather than a parameter: everything above is compiled once, and a branch
//! per read or write costs nothing beside the system call.

use super::tcp::Tcp;
use crate::guard::TlsStream;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// See the module's doc.
#[derive(Debug)]
pub enum Io {
    /// As it is.
    Plain(Tcp),
    /// Encrypted; boxed, because its state is large and plain sockets are many.
    Tls(Box<TlsStream<Tcp>>),
}

impl Io {
    /// The socket underneath.
    #[must_use]
    pub fn tcp(&self) -> &Tcp {
        match self {
            Self::Plain(io) => io,
            Self::Tls(io) => io.get_ref().0,
        }
    }

    pub(super) fn tcp_mut(&mut self) -> &mut Tcp {
        match self {
            Self::Plain(io) => io,
            Self::Tls(io) => io.get_mut().0,
        }
    }

    fn inner(self: Pin<&mut Self>) -> Inner<'_> {
        match self.get_mut() {
            Self::Plain(io) => Inner::Plain(Pin::new(io)),
            Self::Tls(io) => Inner::Tls(Pin::new(io)),
        }
    }
}

/// The same, pinned.
enum Inner<'a> {
    Plain(Pin<&'a mut Tcp>),
    Tls(Pin<&'a mut TlsStream<Tcp>>),
}

impl From<TcpStream> for Io {
    fn from(io: TcpStream) -> Self {
        Self::Plain(io.into())
    }
}

impl From<TlsStream<Tcp>> for Io {
    fn from(io: TlsStream<Tcp>) -> Self {
        Self::Tls(Box::new(io))
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
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
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
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
