//! The Redis that nodes share.

use std::path::PathBuf;

use clap::Args;
use platform::rate_limit::{RedisClient, RedisError, RedisTlsFiles, redis_client};

#[derive(Debug, Clone, Args)]
pub struct RedisArgs {
    /// Redis (6 or newer) in which nodes share budgets and through which nodes and workers tell one another what is new: redis://host:6379, or over TLS
    /// rediss://host:6379. Without it each node keeps budgets of its own and looks for changes of others every second.
    #[arg(long, env = "ENTREPOT_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// The certificates (PEM) of the authorities that may vouch for a rediss:// server, instead of the public ones.
    #[arg(long, env = "ENTREPOT_REDIS_CA", requires = "redis_url")]
    pub redis_ca: Option<PathBuf>,
    /// The certificate (PEM) that is shown to a rediss:// server that asks for one.
    #[arg(long, env = "ENTREPOT_REDIS_CERT", requires_all = ["redis_url", "redis_key"])]
    pub redis_cert: Option<PathBuf>,
    /// The private key (PEM) of --redis-cert.
    #[arg(long, env = "ENTREPOT_REDIS_KEY", requires = "redis_cert")]
    pub redis_key: Option<PathBuf>,
}

impl RedisArgs {
    /// A client of it, where there is one. Nothing is connected yet.
    ///
    /// # Errors
    /// The address is not one, or a file cannot be read or holds something else.
    pub fn client(&self) -> Result<Option<RedisClient>, RedisError> {
        let client_cert = self.redis_cert.as_deref().zip(self.redis_key.as_deref());
        let tls_files = RedisTlsFiles { ca: self.redis_ca.as_deref(), own: client_cert };
        self.redis_url.as_deref().map(|url| redis_client(url, tls_files)).transpose()
    }
}
