//! Connections to Redis: plain, or over TLS with the trusted authorities.

use std::path::{Path, PathBuf};

use entity::prelude::Timestamp;
use redis::{Client, ClientTlsConfig, TlsCertificates};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// A client of a Redis.
pub type RedisClient = Client;

/// Reason that no Redis is available for shared buckets.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error("the address of Redis is not one, as in redis://127.0.0.1:6379 or rediss://redis.example:6379: {0}")]
    Address(redis::RedisError),
    #[error("Redis does not answer: {0}")]
    Away(redis::RedisError),
    #[error("{0} {1}: {2}")]
    File(&'static str, PathBuf, std::io::Error),
    #[error("{0} {1} holds no {2} in PEM")]
    Empty(&'static str, PathBuf, &'static str),
    #[error("{0} is for rediss://, and the address of Redis is not one")]
    Plain(&'static str),
}

/// PEM files for TLS with Redis.
#[derive(Debug, Clone, Copy, Default)]
pub struct RedisTlsFiles<'a> {
    /// File with the trusted CA certificates; None for the public ones (Mozilla's list).
    pub ca: Option<&'a Path>,
    /// Files of the client certificate and its key, for a Redis that requires one.
    pub own: Option<(&'a Path, &'a Path)>,
}

const CA: &str = "--redis-ca";
const CERT: &str = "--redis-cert";
const KEY: &str = "--redis-key";

/// Returns a client for the Redis at an address, without connecting.
///
/// # Errors
/// The address is invalid, or a file cannot be read or has other contents.
pub fn client(url: &str, papers: RedisTlsFiles<'_>) -> Result<Client, RedisError> {
    if !url.starts_with("rediss:") {
        let needless = papers.ca.map(|_| CA).or(papers.own.map(|_| CERT));
        return needless.map_or_else(|| Client::open(url).map_err(RedisError::Address), |flag| Err(RedisError::Plain(flag)));
    }
    // Several dependencies have a crypto provider, so rustls chooses none. A provider installed
    // earlier is fine too.
    let _ = aws_lc_rs::default_provider().install_default();
    let root_cert = papers.ca.map(|file| certificates(CA, file)).transpose()?;
    let client_tls = papers.own.map(|(certificate, key)| {
        let client_key = read(KEY, key)?;
        PrivateKeyDer::from_pem_slice(&client_key).map_err(|_| RedisError::Empty(KEY, key.to_owned(), "private key"))?;
        Ok(ClientTlsConfig { client_cert: certificates(CERT, certificate)?, client_key })
    });
    let certificates = TlsCertificates { root_cert, client_tls: client_tls.transpose()? };
    Client::build_with_tls(url, certificates).map_err(RedisError::Address)
}

/// Returns the clock of a Redis, which proves that it answers.
///
/// # Errors
/// It cannot be reached, or answers something else.
pub async fn server_time(client: &Client) -> Result<Timestamp, RedisError> {
    let mut connection = client.get_multiplexed_async_connection().await.map_err(RedisError::Away)?;
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await.map_err(RedisError::Away)?;
    Ok(Timestamp(seconds.saturating_mul(1_000_000).saturating_add(micros)))
}

fn read(flag: &'static str, file: &Path) -> Result<Vec<u8>, RedisError> {
    std::fs::read(file).map_err(|error| RedisError::File(flag, file.to_owned(), error))
}

fn certificates(flag: &'static str, file: &Path) -> Result<Vec<u8>, RedisError> {
    let pem = read(flag, file)?;
    match CertificateDer::pem_slice_iter(&pem).next() {
        Some(Ok(_)) => Ok(pem),
        _ => Err(RedisError::Empty(flag, file.to_owned(), "certificate")),
    }
}
