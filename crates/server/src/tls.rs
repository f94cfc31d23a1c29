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

const CERTIFICATE_FLAG: &str = "--tls-certificate";
const KEY_FLAG: &str = "--tls-key";

/// HTTP/2 by its name in a handshake.
pub const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Time between two checks of the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Time between two reports of the certificate's expiry, while it does not change.
const REPORT_INTERVAL: Duration = Duration::from_hours(12);

/// Later than the end of any certificate: 9999 is the last year that it can name.
const FAR_FUTURE: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1 << 40));

/// Reason for which a certificate and a key cannot be served.
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

/// Paths of a certificate, with its chain after it, and of its key, in PEM.
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

/// Time of the last change of both files, since 1970, and their lengths; `None` for a missing file.
type FileStamps = [Option<(Duration, u64)>; 2];

/// Result of a check of the files.
struct FileCheck {
    file_stamps: FileStamps,
    /// Whether the error differs from that of the last look.
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
        let key = PrivateKeyDer::from_pem_slice(&read(KEY_FLAG, &self.key)?)
            .map_err(|_| TlsError::Empty(KEY_FLAG, self.key.clone(), "private key without a passphrase"))?;
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
        let pem = read(CERTIFICATE_FLAG, &self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match chain {
            Ok(chain) if !chain.is_empty() => Ok(chain),
            _ => Err(TlsError::Empty(CERTIFICATE_FLAG, self.certificate.clone(), "certificate")),
        }
    }

    fn read_stamps(&self) -> FileStamps {
        [&self.certificate, &self.key].map(|file| {
            let file_metadata = std::fs::metadata(file).ok()?;
            Some((file_metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?, file_metadata.len()))
        })
    }

    /// Returns both files if they differ from the served ones, and whether they equal those that
    /// failed last. Files that failed are read again: their modes may have changed, or a file of
    /// the same length may have followed within a tick of the file system's clock.
    fn load_if_changed(&self, served_stamps: FileStamps, failed: Option<FileStamps>) -> Option<FileCheck> {
        let stamps = self.read_stamps();
        (stamps != served_stamps || failed.is_some()).then(|| FileCheck {
            file_stamps: stamps,
            is_new: failed != Some(stamps),
            loaded: self.load(),
        })
    }
}

fn read(flag: &'static str, file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::File(flag, file.to_owned(), error))
}

/// Returns the expiry of a certificate. rustls only reports it for an expired one, so it is
/// verified as of a moment after all of them.
fn not_after(certificate: &CertificateDer<'_>) -> Result<i64, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    match verify_server_cert_signed_by_trust_anchor(&parsed, &RootCertStore::empty(), &[], FAR_FUTURE, algorithms) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Ok(i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX))
        }
        Err(error) => Err(error),
        Ok(()) => Err(Error::General("it does not say when it expires".to_owned())),
    }
}

/// The certificate that is served now.
struct CurrentCertificate(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for CurrentCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CurrentCertificate")
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Speaks TLS on accepted connections, with the newest certificate of its files.
#[derive(Clone)]
pub struct TlsServer {
    files: TlsFiles,
    file_stamps: FileStamps,
    current: Arc<CurrentCertificate>,
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
        let stamps = files.read_stamps();
        let TlsCertificate { certified, expires_at } = files.load()?;
        let current = Arc::new(CurrentCertificate(RwLock::new(certified)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Self { files, file_stamps: stamps, current, expires_at, acceptor: Arc::new(config).into() })
    }

    /// Checks the files every few seconds, and serves a new certificate if it is valid. Open
    /// connections keep the old one.
    pub async fn watch(mut self) {
        report(self.expires_at);
        let (mut reported, mut failed) = (Instant::now(), None);
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            if reported.elapsed() >= REPORT_INTERVAL {
                report(self.expires_at);
                reported = Instant::now();
            }
            let (files, served_stamps) = (self.files.clone(), self.file_stamps);
            let check_result = tokio::task::spawn_blocking(move || files.load_if_changed(served_stamps, failed)).await;
            let Ok(Some(FileCheck { file_stamps: stamps, is_new, loaded })) = check_result else { continue };
            match loaded {
                Ok(TlsCertificate { certified, expires_at }) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
                    (self.file_stamps, self.expires_at, failed) = (stamps, expires_at, None);
                    tracing::info!(expires_in_days = days_left(expires_at), "the TLS certificate was read again");
                    report(expires_at);
                    reported = Instant::now();
                }
                Err(error) => {
                    failed = Some(stamps);
                    if is_new {
                        tracing::warn!(%error, "the changed TLS files cannot be used, and the previous certificate is served: correct them");
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
