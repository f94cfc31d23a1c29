//! TLS of the public listener: a certificate and its key in files, which are read again when they change.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, UNIX_EPOCH},
};

use platform::{clock::Clock, metrics};
use rustls::{
    CertificateError, Error, InconsistentKeys, RootCertStore, ServerConfig,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const CERTIFICATE: &str = "--tls-certificate";
const KEY: &str = "--tls-key";

/// HTTP/2 by its name in a handshake.
pub const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// Between two reports of when the certificate expires, while it stays the same.
const REPORT: Duration = Duration::from_hours(12);

/// Later than any certificate can say: 9999 is the last year that it can name.
const AFTER_ALL: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1 << 40));

/// Why a certificate and a key cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0} {1} cannot be read: {2}")]
    File(&'static str, PathBuf, io::Error),
    #[error("{0} {1} holds no {2} in PEM")]
    Empty(&'static str, PathBuf, &'static str),
    #[error("--tls-certificate {0} cannot be used: {1}")]
    Certificate(PathBuf, Error),
    #[error("--tls-key {0} cannot be used: {1}")]
    Key(PathBuf, Error),
    #[error("--tls-key {0} is not the key of the first certificate in --tls-certificate {1}")]
    Mismatch(PathBuf, PathBuf),
    #[error("TLS cannot be set up: {0}")]
    Config(Error),
}

/// Where a certificate, with those that vouch for it behind it, and its key are kept, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate and the key that belongs to it.
pub struct TlsCertificate {
    certified: Arc<CertifiedKey>,
    /// Seconds of Unix time.
    pub expires_at: i64,
}

/// When both files were changed last, since 1970, and their lengths; `None` for one that is not there.
type Seen = [Option<(Duration, u64)>; 2];

/// What a look at the files has found.
struct Look {
    seen: Seen,
    /// It is not what failed at the last look.
    is_new: bool,
    loaded: Result<TlsCertificate, TlsError>,
}

impl TlsFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// One cannot be read or holds something else, or the key is that of another certificate.
    pub fn load(&self) -> Result<TlsCertificate, TlsError> {
        let chain = self.chain()?;
        let key = PrivateKeyDer::from_pem_slice(&read(KEY, &self.key)?)
            .map_err(|_| TlsError::Empty(KEY, self.key.clone(), "private key without a passphrase"))?;
        let expires_at = chain.first().map_or(Err(Error::NoCertificatesPresented), not_after);
        let expires_at = expires_at.map_err(|error| TlsError::Certificate(self.certificate.clone(), error))?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch(self.key.clone(), self.certificate.clone())
            }
            error => TlsError::Key(self.key.clone(), error),
        })?;
        Ok(TlsCertificate { certified: Arc::new(certified), expires_at })
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let pem = read(CERTIFICATE, &self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match chain {
            Ok(chain) if !chain.is_empty() => Ok(chain),
            _ => Err(TlsError::Empty(CERTIFICATE, self.certificate.clone(), "certificate")),
        }
    }

    fn seen(&self) -> Seen {
        [&self.certificate, &self.key].map(|file| {
            let found = std::fs::metadata(file).ok()?;
            Some((found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?, found.len()))
        })
    }

    /// Both files as they are now, if they are not as they were when they were served, and whether they are as they were when they failed last. Those that
    /// failed are read again: their modes may have changed, or a file of the same length may have followed within a tick of the file system's clock.
    fn changed(&self, served: Seen, failed: Option<Seen>) -> Option<Look> {
        let seen = self.seen();
        (seen != served || failed.is_some()).then(|| Look { seen, is_new: failed != Some(seen), loaded: self.load() })
    }
}

fn read(flag: &'static str, file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::File(flag, file.to_owned(), error))
}

/// When a certificate expires. rustls says it of one that has expired, so it is asked about a moment after all.
fn not_after(certificate: &CertificateDer<'_>) -> Result<i64, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    match verify_server_cert_signed_by_trust_anchor(&parsed, &RootCertStore::empty(), &[], AFTER_ALL, algorithms) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Ok(i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX))
        }
        Err(error) => Err(error),
        Ok(()) => Err(Error::General("it does not say when it expires".to_owned())),
    }
}

/// The certificate that is served now.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Speaks TLS on accepted connections, with the newest certificate of its files.
#[derive(Clone)]
pub struct TlsServer {
    files: TlsFiles,
    seen: Seen,
    current: Arc<Current>,
    expires_at: i64,
    acceptor: TlsAcceptor,
}

impl TlsServer {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// They cannot be served.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        // Before they are read: what changes meanwhile is read again.
        let seen = files.seen();
        let TlsCertificate { certified, expires_at } = files.load()?;
        let current = Arc::new(Current(RwLock::new(certified)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Self { files, seen, current, expires_at, acceptor: Arc::new(config).into() })
    }

    /// Looks at the files every few seconds, and serves what they hold if it can be served. Connections that are open stay as they are.
    pub async fn watch(mut self) {
        report(self.expires_at);
        let (mut reported, mut failed) = (Instant::now(), None);
        loop {
            tokio::time::sleep(LOOK).await;
            if reported.elapsed() >= REPORT {
                report(self.expires_at);
                reported = Instant::now();
            }
            let (files, served) = (self.files.clone(), self.seen);
            let looked = tokio::task::spawn_blocking(move || files.changed(served, failed)).await;
            let Ok(Some(Look { seen, is_new, loaded })) = looked else { continue };
            match loaded {
                Ok(TlsCertificate { certified, expires_at }) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
                    (self.seen, self.expires_at, failed) = (seen, expires_at, None);
                    tracing::info!(expires_in_days = days_left(expires_at), "the TLS certificate was read again");
                    report(expires_at);
                    reported = Instant::now();
                }
                Err(error) => {
                    failed = Some(seen);
                    if is_new {
                        tracing::warn!(%error, "the changed TLS files cannot be used, and the certificate from before is served: mend them");
                    }
                }
            }
        }
    }

    /// The handshake of a connection.
    pub async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Whole days until then, rounded down.
fn days_left(expires_at: i64) -> i64 {
    expires_at.saturating_sub(Clock::system().now().micros().div_euclid(1_000_000)).div_euclid(24 * 3600)
}

fn report(expires_at: i64) {
    metrics::tls_expiry(expires_at);
    if days_left(expires_at) < 0 {
        tracing::warn!("the TLS certificate has expired, so clients refuse it: renew it");
    }
}
