//! What a test of TLS needs: certificates, and a client that trusts exactly one.

use super::{Client, soon};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost` that nobody but its own client trusts.
pub struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    key: String,
}

impl Certificate {
    pub fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            der: made.cert.der().clone(),
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    /// Puts certificate and key into `folder` by renaming, as a careful operator
    /// does; their paths.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        fs::create_dir_all(folder).unwrap();
        let put = |name: &str, text: &str| {
            let (fresh, path) = (folder.join(format!("{name}.new")), folder.join(name));
            fs::write(&fresh, text).unwrap();
            fs::rename(fresh, &path).unwrap();
            path
        };
        (put("cert.pem", &self.pem), put("key.pem", &self.key))
    }

    /// An encrypted connection to somebody with this certificate.
    ///
    /// # Errors
    /// If he has another, or does not speak TLS.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_with(address, None).await
    }

    /// The same; a `receive_buffer` bounds what the kernel takes for it.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(
        &self,
        address: SocketAddr,
        receive_buffer: Option<u32>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        soon("the TLS handshake", handshake).await
    }

    /// A WebSocket to somebody with this certificate.
    pub async fn client(&self, address: SocketAddr, path: &str) -> Client<TlsStream<TcpStream>> {
        let stream = self.connect(address).await.unwrap();
        Client::over(stream, address, path, &[]).await.unwrap()
    }
}
