//! TLS of the public listener.

use std::path::PathBuf;

use clap::Args;
use server::TlsFiles;

#[derive(Debug, Clone, Args)]
pub struct TlsArgs {
    /// Serve HTTPS at --listen with the certificate in this file (PEM), followed by those of its authorities. Needs no proxy; both files are read again when they change.
    #[arg(long, env = "ENTREPOT_TLS_CERTIFICATE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key (PEM, without a passphrase) of --tls-certificate.
    #[arg(long, env = "ENTREPOT_TLS_KEY", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}

impl TlsArgs {
    /// Both files, if TLS is configured.
    pub fn files(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls_certificate.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { certificate, key })
    }
}
