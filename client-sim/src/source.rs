//! From which of this machine's addresses bots connect.
//!
//! A connection is known by both ends' addresses and ports, and one address has
//! some 28,000 ports to give: more bots than that need several. Loopback is a whole
//! network (127.0.0.0/8), so there the swarm takes as many as it needs; elsewhere
//! they must be named. Called by whoever opens a bot's connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};

/// Bots from one address; below what Linux gives by default, for closed
/// connections keep their port a while.
const PER_ADDRESS: u32 = 20_000;

/// The addresses bots take in turn; none: whichever the system takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(Vec<IpAddr>);

impl Sources {
    pub(crate) fn new(named: Vec<IpAddr>) -> Self {
        Self(named)
    }

    /// The address of bot `number` among `bots` that connect to `server`.
    pub(crate) fn of(&self, number: u32, bots: u32, server: IpAddr) -> Option<IpAddr> {
        if !self.0.is_empty() {
            return self.0.get(number as usize % self.0.len()).copied();
        }
        match server {
            IpAddr::V4(server) if server.is_loopback() && bots > PER_ADDRESS => {
                let addresses = bots.div_ceil(PER_ADDRESS);
                let last = u32::from(Ipv4Addr::LOCALHOST) + number % addresses;
                Some(Ipv4Addr::from(last).into())
            }
            _ => None,
        }
    }
}

/// Connects to `server`, from that address if one is given.
///
/// # Errors
/// As the system says: no such address here, no port left, nobody there.
pub(crate) async fn connect(server: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(from) = from else {
        return TcpStream::connect(server).await;
    };
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(server).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn addresses(sources: &Sources, bots: u32, server: IpAddr) -> Vec<Option<String>> {
        let each = (0..4).map(|number| sources.of(number, bots, server));
        each.map(|address| address.map(|it| it.to_string()))
            .collect()
    }

    #[test]
    fn loopback_gives_as_many_as_are_needed() {
        let none = Sources::default();
        let some = |all: [&str; 4]| all.map(|it| Some(it.to_owned())).to_vec();
        assert_eq!(addresses(&none, 20_000, LOOPBACK), [const { None }; 4]);
        assert_eq!(
            addresses(&none, 50_000, LOOPBACK),
            some(["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"])
        );
        let elsewhere = [192, 0, 2, 1].into();
        assert_eq!(addresses(&none, 50_000, elsewhere), [const { None }; 4]);
        let named = Sources::new(vec![[192, 0, 2, 7].into(), [192, 0, 2, 8].into()]);
        assert_eq!(
            addresses(&named, 5, elsewhere),
            some(["192.0.2.7", "192.0.2.8", "192.0.2.7", "192.0.2.8"])
        );
    }

    #[tokio::test]
    async fn a_connection_comes_from_its_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let named = Sources::new(vec![[127, 0, 0, 1].into(), [127, 0, 0, 9].into()]);
        for (number, expected) in [(0, "127.0.0.1"), (1, "127.0.0.9")] {
            let from = named.of(number, 2, server.ip());
            let opened = connect(server, from).await.unwrap();
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer.ip().to_string(), expected);
            drop(opened);
        }
        let nobodys = Some([192, 0, 2, 1].into());
        let error = connect(server, nobodys).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }
}
