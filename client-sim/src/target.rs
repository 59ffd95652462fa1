//! The server that is meant: its address as text and as a socket address.
//!
//! Refuses everything but `ws://` and `wss://`. A load test is best spoken plainly: under
//! TLS the bots' own ciphers are measured, too.

use crate::link::{Link, Tls};
use crate::source;
use anyhow::Context;
use clap::Args;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;

/// How long a connection to the server may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whom to trust under TLS.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TrustArgs {
    /// Trust whom these certificates trust (PEM); for wss://
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Trust anybody who answers; for wss:// on a test machine
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
}

/// A server's address, as given.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    is_secure: bool,
    tls: Option<Tls>,
    host: String,
    port: u16,
    path: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
        let is_secure = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err("it must begin with ws:// or wss://".into()),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "/" => "/ws",
            path => path,
        };
        Ok(Self {
            is_secure,
            tls: None,
            host: host.ok_or("the host is missing")?.to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
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

    /// The same, spoken to as `trust` says.
    ///
    /// # Errors
    /// If nothing says whom to trust, or what says it cannot be read.
    pub(crate) fn trusting(mut self, trust: &TrustArgs) -> anyhow::Result<Self> {
        self.tls = match (self.is_secure, &trust.ca, trust.insecure) {
            (false, ..) => None,
            (true, Some(path), _) => Some(Tls::trusting(path)?),
            (true, None, true) => Some(Tls::blind()?),
            (true, None, false) => anyhow::bail!(
                "wss:// needs --ca, for instance /etc/ssl/certs/ca-certificates.crt, or --insecure"
            ),
        };
        Ok(self)
    }

    /// Whether TLS is spoken.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// A connection, TLS included; from that address of this machine, if one is given.
    ///
    /// # Errors
    /// If nobody answers in time, or is not trusted.
    pub(crate) async fn open(&self, address: SocketAddr, from: Option<IpAddr>) -> io::Result<Link> {
        let opened = async {
            let stream = source::connect(address, from).await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => tls.wrap(self.bare_host(), stream).await,
                None => Ok(Link::Plain(stream)),
            }
        };
        timeout(CONNECT_TIMEOUT, opened).await?
    }

    /// The host without the brackets of IPv6.
    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The first of the host's addresses that accepts a connection, so that no
    /// bot spends its join on one that does not.
    ///
    /// # Errors
    /// If the name is unknown or nobody accepts.
    pub(crate) async fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let host = self.bare_host();
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
            ("wss://localhost", "wss://localhost:443/ws"),
            ("ws://[::1]:4000/ws/red?x=1", "ws://[::1]:4000/ws/red?x=1"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), full);
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in ["", "localhost:4000", "/ws", "http://localhost", "ws://"] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
