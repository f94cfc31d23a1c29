//! A bucket that is not the deployment's: accessed with credentials of its own, by a client that
//! the caller passes.

use std::{sync::Arc, time::Duration};

use object_store::{
    ClientOptions, RetryConfig,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector, HttpService},
    path::Path,
};
use tokio::sync::Semaphore;

use super::{error::StoreError, objects::Store};
use crate::files::core::limits::MAX_CONCURRENT_UPLOADS;

/// Retries of a request; the caller itself retries later.
const MAX_RETRIES: usize = 2;
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// Address of a bucket, and the login for it.
#[derive(Clone, Copy)]
pub struct BucketAccess<'a> {
    pub endpoint: &'a str,
    pub bucket: &'a str,
    pub region: &'a str,
    pub prefix: &'a str,
    pub access_key_id: &'a str,
    pub secret: &'a str,
}

/// Connector that always returns the same client.
#[derive(Debug)]
struct FixedConnector(HttpClient);

impl HttpConnector for FixedConnector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

impl Store {
    /// Opens a bucket, without a request. All requests go through the client, which checks their
    /// addresses.
    pub fn remote(access: BucketAccess<'_>, client: impl HttpService) -> Result<Self, StoreError> {
        let retry = RetryConfig { max_retries: MAX_RETRIES, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let bucket = AmazonS3Builder::new()
            .with_endpoint(access.endpoint)
            .with_bucket_name(access.bucket)
            .with_region(access.region)
            .with_access_key_id(access.access_key_id)
            .with_secret_access_key(access.secret)
            .with_allow_http(true)
            .with_retry(retry)
            .with_http_connector(FixedConnector(HttpClient::new(client)))
            .build()?;
        let prefix = Path::parse(access.prefix).map_err(|error| StoreError::Away(error.to_string()))?;
        Ok(Self { objects: Arc::new(bucket), prefix, carrying: Some(Arc::new(Semaphore::new(MAX_CONCURRENT_UPLOADS))) })
    }
}
