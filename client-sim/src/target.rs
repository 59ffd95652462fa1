//! The server that is meant: its address as text and as a socket address.
//!
//! Refuses everything but `ws://`: a load test speaks to loopback or a test
//! machine, and TLS would measure the bots' own ciphers.

use anyhow::Context;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;

/// How long a connection to the server may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server's address, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    host: String,
    port: u16,
    path: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
        match uri.scheme_str() {
            Some("ws") => {}
            Some("wss") => return Err("wss is not supported, only ws".into()),
            _ => return Err("it must begin with ws://".into()),
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "/" => "/ws",
            path => path,
        };
        Ok(Self {
            host: host.ok_or("the host is missing")?.to_owned(),
            port: uri.port_u16().unwrap_or(80),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}{}", self.authority(), self.path)
    }
}

impl Target {
    /// The address for an upgrade request. It was parsed once, so it parses.
    pub(crate) fn uri(&self) -> Uri {
        self.to_string().parse().unwrap_or_default()
    }

    /// `host:port`, as a `Host` header wants it.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The first of the host's addresses that accepts a connection, so that no
    /// bot spends its join on one that does not.
    ///
    /// # Errors
    /// If the name is unknown or nobody accepts.
    pub(crate) async fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let addresses = lookup_host((host, self.port))
            .await
            .with_context(|| format!("unknown host {host}"))?;
        let mut last = anyhow::anyhow!("no address for {host}");
        for address in addresses {
            match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(address),
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = anyhow::anyhow!("timed out"),
            }
        }
        Err(last.context(format!("cannot connect to {}", self.authority())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_completed() {
        for (text, full) in [
            ("ws://127.0.0.1:4000/ws", "ws://127.0.0.1:4000/ws"),
            ("ws://localhost:4000", "ws://localhost:4000/ws"),
            ("ws://localhost/", "ws://localhost:80/ws"),
            ("ws://[::1]:4000/ws/red?x=1", "ws://[::1]:4000/ws/red?x=1"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), full);
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in [
            "",
            "localhost:4000",
            "/ws",
            "http://localhost",
            "wss://localhost",
            "ws://",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
