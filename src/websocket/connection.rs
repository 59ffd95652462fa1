//! Everything that one upgraded connection has, put together.

use super::driver::Driver;
use super::frames::Texts;
use super::hub::Hub;
use super::io::Io;
use super::lane::Lane;
use super::line::Line;
use super::socket::{Inlet, Socket};
use crate::guard::Permit;
use crate::post::Place;
use crate::telemetry::Telemetry;
use bytes::Bytes;
use futures_util::Stream;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What a peer may do to us.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one message (all its frames) at most.
    pub max_message: usize,
    /// Whether it may send text.
    pub texts: Texts,
    /// Whether the peer is still read while the socket takes no bytes: a session's
    /// inputs must go on; who only answers waits, and the peer with him.
    pub reads_while_stuck: bool,
    /// A socket that takes no bytes for this long is cut.
    pub write_timeout: Duration,
    /// How long the kernel tries on by itself to deliver what it holds, or to hear
    /// anything from a silent peer, before it gives the connection up.
    pub kernel_timeout: Duration,
    /// The kernel's send buffer in bytes; 0: as the system has it.
    pub send_buffer: usize,
}

/// A connection as HTTP leaves it.
#[derive(Debug)]
pub struct Raw {
    /// The socket.
    pub io: Io,
    /// Bytes that came together with the request.
    pub first: Bytes,
    /// Where it comes from.
    pub peer: SocketAddr,
}

/// Starts a connection that lives by itself until it ends, on the hub of this thread.
/// `actor` makes the stream of encoded frames to write, as [`outlet`](super::outlet)
/// does, and the actor's lane, if it has one; batches find it at its place.
///
/// # Errors
/// If the socket is gone already.
pub fn open<S: Stream<Item = Bytes> + 'static>(
    hub: &Hub,
    raw: Raw,
    telemetry: Arc<Telemetry>,
    limits: Limits,
    permit: Permit,
    actor: impl FnOnce(Rc<Line>, Inlet, Place) -> (S, Option<Rc<dyn Lane>>),
) -> io::Result<()> {
    let Raw { io, first, peer } = raw;
    if limits.send_buffer > 0 {
        SockRef::from(io.tcp()).set_send_buffer_size(limits.send_buffer)?;
    }
    bound_kernel(io.tcp(), limits.kernel_timeout)?;
    let line = Rc::new(Line::new(peer, telemetry));
    let socket = Socket::new(io, first, Rc::clone(&line), limits);
    let (socket, seat) = hub.seat(socket)?;
    let (actor, lane) = actor(
        Rc::clone(&line),
        Inlet(Rc::clone(&socket)),
        seat.place.clone(),
    );
    socket.borrow_mut().lane = lane;
    let driver = Driver::new((socket, seat), line, actor, limits.write_timeout, permit);
    // Spawned rather than awaited: what HTTP kept for this connection can go.
    actix_rt::spawn(driver);
    Ok(())
}

/// Bounds how long the kernel holds on to a peer that is no longer there, also after
/// we have closed.
///
/// # Errors
/// If the socket is gone already.
pub fn bound_kernel(io: &impl AsFd, timeout: Duration) -> io::Result<()> {
    let socket = SockRef::from(io);
    // The kernel counts these in seconds, and refuses none.
    let second = Duration::from_secs(1);
    let keepalive = TcpKeepalive::new().with_time(timeout.max(second));
    #[cfg(target_os = "linux")]
    let keepalive = keepalive.with_interval((timeout / 4).max(second));
    socket.set_tcp_keepalive(&keepalive)?;
    // Also decides how long keepalive goes unanswered, and how long an orphaned
    // socket tries to deliver its close frame (tcp(7), RFC 5482).
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(timeout))?;
    Ok(())
}
