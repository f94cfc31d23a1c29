//! A bucket that is not the deployment's: reached with a login of its own, by a client that was handed over.

use std::{sync::Arc, time::Duration};

use object_store::{
    ClientOptions, RetryConfig,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector, HttpService},
    path::Path,
};
use tokio::sync::Semaphore;

use super::{Store, StoreError};
use crate::files::core::limits::CARRIED_AT_ONCE;

/// Retries of a request; whoever asked comes again later.
const RETRIES: usize = 2;
const RETRIED_FOR: Duration = Duration::from_secs(30);

/// Where a bucket is, and who asks.
#[derive(Clone, Copy)]
pub struct BucketAccess<'a> {
    pub endpoint: &'a str,
    pub bucket: &'a str,
    pub region: &'a str,
    pub prefix: &'a str,
    pub access_key_id: &'a str,
    pub secret: &'a str,
}

/// Hands the same client to each that asks for one.
#[derive(Debug)]
struct Handed(HttpClient);

impl HttpConnector for Handed {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

impl Store {
    /// Opens a bucket, without asking it. All requests go through the client, which answers for where they may go.
    pub fn remote(access: BucketAccess<'_>, client: impl HttpService) -> Result<Self, StoreError> {
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRIED_FOR, ..RetryConfig::default() };
        let bucket = AmazonS3Builder::new()
            .with_endpoint(access.endpoint)
            .with_bucket_name(access.bucket)
            .with_region(access.region)
            .with_access_key_id(access.access_key_id)
            .with_secret_access_key(access.secret)
            .with_allow_http(true)
            .with_retry(retry)
            .with_http_connector(Handed(HttpClient::new(client)))
            .build()?;
        let prefix = Path::parse(access.prefix).map_err(|error| StoreError::Away(error.to_string()))?;
        Ok(Self { objects: Arc::new(bucket), prefix, carrying: Some(Arc::new(Semaphore::new(CARRIED_AT_ONCE))) })
    }
}
