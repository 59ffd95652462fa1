//! TLS: a certificate and its key from files, read again when these change.
//!
//! New connections get the new certificate, old ones stay as they are. The only file
//! that names `rustls`. The server asks for every connection that it accepts.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, CertificateError, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, server};
use zeroize::Zeroizing;

/// An encrypted connection.
pub type TlsStream = server::TlsStream<TcpStream>;

/// What came of a TLS handshake.
#[derive(Debug)]
pub enum Handshake {
    /// What is said is encrypted from now on.
    Done(Box<TlsStream>),
    /// The peer does not speak TLS; nothing has been read from him yet.
    Plain(TcpStream),
}

/// Bytes that TLS takes before the socket has taken them: one record. More would hide
/// from the driver for how long the peer has taken nothing.
const BUFFER: usize = 16 << 10;

/// A certificate or a key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, io::Error),
    /// The file holds no certificate in PEM.
    #[error("{0}: no certificate in PEM")]
    Certificate(PathBuf),
    /// The file holds no private key in PEM.
    #[error("{0}: no private key in PEM")]
    Key(PathBuf),
    /// The two do not go together, or are of a kind that is not understood.
    #[error("certificate and key cannot be used: {0}")]
    Pair(rustls::Error),
}

/// Speaks TLS with peers; clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.certificate.fmt(f)
    }
}

/// The certificate in use, and where it is from.
struct Certificate {
    files: [PathBuf; 2],
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files were when they were last looked at.
    seen: Mutex<[Stamp; 2]>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.files[0].display())
    }
}

/// What changes when a file is replaced or written; `None` if there is none.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

impl Tls {
    /// Reads certificate chain and key, both in PEM.
    ///
    /// # Errors
    /// [`BadCertificate`], which never quotes a key.
    pub fn new(certificate: &Path, key: &Path) -> Result<Self, BadCertificate> {
        let files = [certificate.to_owned(), key.to_owned()];
        let provider = Arc::new(ring::default_provider());
        let seen = stamps(&files);
        let certificate = Arc::new(Certificate {
            current: RwLock::new(read(&files, &provider)?),
            seen: Mutex::new(seen),
            files,
            provider: Arc::clone(&provider),
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(BadCertificate::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        // A WebSocket is opened by HTTP/1.1 (RFC 6455 section 4).
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
        })
    }

    /// The TLS handshake. Whoever calls this limits its time.
    ///
    /// # Errors
    /// If it fails.
    pub async fn accept(&self, io: TcpStream) -> io::Result<Handshake> {
        // Every handshake is a record of this type (RFC 8446 section 5.1).
        const HANDSHAKE: u8 = 22;
        let mut first = [0];
        if io.peek(&mut first).await? > 0 && first != [HANDSHAKE] {
            return Ok(Handshake::Plain(io));
        }
        let mut stream = self.acceptor.accept(io).await?;
        stream.get_mut().1.set_buffer_limit(Some(BUFFER));
        Ok(Handshake::Done(Box::new(stream)))
    }

    /// Reads the files again if they have changed since they were last looked at;
    /// `false` if they have not. If they cannot be used, the old certificate stays.
    ///
    /// # Errors
    /// [`BadCertificate`], once per change.
    pub fn reload(&self) -> Result<bool, BadCertificate> {
        let Certificate {
            files,
            provider,
            current,
            seen,
        } = &*self.certificate;
        let now = stamps(files);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        let fresh = read(files, provider)?;
        *current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }
}

impl Tls {
    /// Why clients will not take the certificate at this time: it has expired, or is
    /// not valid yet. `None` if it is neither; whom they trust is not looked at.
    #[must_use]
    pub fn fault(&self, now: SystemTime) -> Option<&'static str> {
        let Certificate {
            provider, current, ..
        } = &*self.certificate;
        let current = Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner));
        let now = now.duration_since(UNIX_EPOCH).ok()?;
        let parsed = ParsedCertificate::try_from(current.end_entity_cert().ok()?).ok()?;
        // Nobody is trusted, so it always fails; but its times are looked at first.
        let verified = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &RootCertStore::empty(),
            &[],
            UnixTime::since_unix_epoch(now),
            provider.signature_verification_algorithms.all,
        );
        match verified {
            Err(rustls::Error::InvalidCertificate(error)) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Some("it has expired")
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Some("it is not valid yet")
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read();
        Some(Arc::clone(&current.unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(
    [certificate, key]: &[PathBuf; 2],
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, BadCertificate> {
    let bytes = |path: &PathBuf| {
        let bytes = fs::read(path).map(Zeroizing::new);
        bytes.map_err(|error| BadCertificate::File(path.clone(), error))
    };
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| BadCertificate::Certificate(certificate.clone()))?;
    if chain.is_empty() {
        return Err(BadCertificate::Certificate(certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|_| BadCertificate::Key(key.clone()))?;
    CertifiedKey::from_der(chain, key, provider)
        .map(Arc::new)
        .map_err(BadCertificate::Pair)
}

fn stamps(files: &[PathBuf; 2]) -> [Stamp; 2] {
    files.each_ref().map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((
            file.dev(),
            file.ino(),
            file.mtime(),
            file.mtime_nsec(),
            file.size(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key.
    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    struct Files(PathBuf);

    impl Files {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("downbeat-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            fs::write(self.path(name), text).unwrap();
            self.path(name)
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn shown(tls: &Tls) -> Vec<u8> {
        let current = tls.certificate.current.read().unwrap();
        current.cert[0].to_vec()
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_key() {
        let files = Files::new("bad");
        let ((cert, key), (_, other)) = (pair(), pair());
        let good_cert = files.write("cert.pem", &cert);
        let good_key = files.write("key.pem", &key);
        let other_key = files.write("other.pem", &other);
        let nonsense = files.write("nonsense.pem", "hush");
        let nowhere = files.path("nowhere.pem");
        assert!(Tls::new(&good_cert, &good_key).is_ok());
        for (cert, key, problem) in [
            (&nowhere, &good_key, "nowhere.pem cannot be read"),
            (&nonsense, &good_key, "nonsense.pem: no certificate"),
            (&good_cert, &nonsense, "nonsense.pem: no private key"),
            (&good_cert, &good_cert, "cert.pem: no private key"),
            (&good_cert, &other_key, "certificate and key cannot be used"),
        ] {
            let told = Tls::new(cert, key).unwrap_err().to_string();
            assert!(told.contains(problem), "{told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn a_certificate_has_its_time() {
        let files = Files::new("times");
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap().pem();
        let tls = Tls::new(
            &files.write("cert.pem", &cert),
            &files.write("key.pem", &key.serialize_pem()),
        )
        .unwrap();
        let day = |days: u64| UNIX_EPOCH + std::time::Duration::from_secs(days * 86_400);
        for (now, fault) in [
            (day(20_453), Some("it is not valid yet")),
            (day(20_455), None),
            (day(20_512), None),
            (day(20_514), Some("it has expired")),
        ] {
            assert_eq!(tls.fault(now), fault, "{now:?}");
        }
    }

    #[test]
    fn changed_files_are_taken_and_bad_ones_are_not() {
        let files = Files::new("reload");
        let ((cert, key), (new_cert, new_key)) = (pair(), pair());
        let tls = Tls::new(&files.write("c", &cert), &files.write("k", &key)).unwrap();
        let first = shown(&tls);
        assert!(!tls.reload().unwrap(), "nothing has changed");

        // Half way: the certificate is new, the key is not yet.
        files.write("c.new", &new_cert);
        fs::rename(files.path("c.new"), files.path("c")).unwrap();
        assert!(tls.reload().is_err());
        assert!(!tls.reload().unwrap(), "told once");
        assert_eq!(shown(&tls), first, "the old one stays");

        files.write("k.new", &new_key);
        fs::rename(files.path("k.new"), files.path("k")).unwrap();
        assert!(tls.reload().unwrap());
        assert_ne!(shown(&tls), first, "the new one");

        fs::remove_file(files.path("c")).unwrap();
        assert!(tls.reload().is_err(), "gone");
    }
}
