//! An address that is listened on, for players or for operators.

use std::io;
use std::net::{SocketAddr, TcpListener};

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{key}: cannot listen on {address}: {source}")]
pub struct BindError {
    /// The setting that says so.
    pub key: &'static str,
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// A listener at work.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    pub(super) handle: actix_server::ServerHandle,
}

/// Binds, without taking connections yet.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // A restarted server finds its port still in the grace of the old sockets.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that the kernel may hold for us before we take them.
const BACKLOG: i32 = 1024;
