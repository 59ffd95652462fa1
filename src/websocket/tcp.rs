//! The socket itself: on the runtime while HTTP has it, on the hub from then on.
//!
//! On the runtime every arrival wakes the thread and a task. On the hub nothing is
//! woken: the socket remembers that it is ready, and is looked at in turns. What lies
//! above, TLS too, reads and writes it the same way.

use mio::event::Event;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// See the module's doc.
#[derive(Debug)]
pub struct Tcp(Side);

/// Who looks whether it is ready.
#[derive(Debug)]
enum Side {
    Runtime(TcpStream),
    Hub(Paced),
}

/// A socket that wakes nobody. Its readiness is edge-triggered (epoll(7)), so it is
/// kept here until it is used up.
#[derive(Debug)]
struct Paced {
    stream: mio::net::TcpStream,
    is_readable: bool,
    /// The peer will send no more, which is not announced twice.
    is_ended: bool,
}

impl From<TcpStream> for Tcp {
    fn from(stream: TcpStream) -> Self {
        Self(Side::Runtime(stream))
    }
}

impl Tcp {
    /// The peer's address.
    ///
    /// # Errors
    /// If the socket is gone already.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Side::Runtime(stream) => stream.peer_addr(),
            Side::Hub(paced) => paced.stream.peer_addr(),
        }
    }

    /// Leaves the runtime for whoever polls `registry`.
    ///
    /// # Errors
    /// If the system refuses a descriptor, or to watch it.
    pub(super) fn pace(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        // A duplicate, because the runtime closes its own when it lets go.
        let socket = self.as_fd().try_clone_to_owned()?;
        let mut stream = mio::net::TcpStream::from_std(socket.into());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.0 = Side::Hub(Paced {
            stream,
            // What came before the registration is not announced either.
            is_readable: true,
            is_ended: false,
        });
        Ok(())
    }

    /// Takes what was polled: from now on it can be read, or has ended.
    pub(super) fn ready(&mut self, event: &Event) {
        if let Side::Hub(paced) = &mut self.0 {
            paced.is_ended |= event.is_read_closed() || event.is_error();
            paced.is_readable |= event.is_readable() || paced.is_ended;
        }
    }
}

impl Paced {
    fn poll_read(&mut self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.is_readable {
            return Poll::Pending;
        }
        let room = buffer.initialize_unfilled();
        let read = again(|| self.stream.read(room));
        match &read {
            // What a read leaves room for has been all there was (epoll(7)).
            Poll::Ready(Ok(read)) => self.is_readable = self.is_ended || *read == room.len(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.is_readable = false,
        }
        read.map_ok(|read| buffer.advance(read))
    }
}

/// Tries until a signal does not interrupt it. The peer's turn is `Pending`.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> Poll<io::Result<T>> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
            done => return Poll::Ready(done),
        }
    }
}

impl AsFd for Tcp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Side::Runtime(stream) => stream.as_fd(),
            Side::Hub(paced) => paced.stream.as_fd(),
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Side::Runtime(stream) => Pin::new(stream).poll_read(context, buffer),
            Side::Hub(paced) => paced.poll_read(buffer),
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Side::Runtime(stream) => Pin::new(stream).poll_write(context, bytes),
            Side::Hub(paced) => again(|| paced.stream.write(bytes)),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Side::Runtime(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Side::Hub(paced) => again(|| paced.stream.write_vectored(slices)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket keeps nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Side::Runtime(stream) => Pin::new(stream).poll_shutdown(context),
            Side::Hub(paced) => Poll::Ready(paced.stream.shutdown(std::net::Shutdown::Write)),
        }
    }
}
