//! Rows that nodes share through Redis, each sealed for its tenant and ID, so that a reader of that
//! Redis learns nothing and a writer can at most make us read the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::prelude::TenantId;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cmd, pipe,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, mpsc};
use uuid::Uuid;

use crate::{clock, secrets::KeyRing};

/// Timeout of a request to Redis: the database would have answered by then.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(20);
/// Timeout of a connection, and of its responses.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);
/// Time for which Redis is not used after it has not answered.
const RETRY_BACKOFF: Duration = Duration::from_secs(1);
/// Seconds for which a row is kept in Redis.
const ROW_TTL_SECONDS: u64 = 3_600;
/// Maximum rows that wait to be written to Redis. Further rows are not shared.
const WRITE_QUEUE_CAPACITY: usize = 256;
/// Version of the rows' form. Increment it if the meaning of a row's text changes; a row that lacks
/// a field fails to open anyway.
const FORMAT_VERSION: u8 = 1;

/// Sealed rows by their ids.
type SealedRows = Vec<(Uuid, Vec<u8>)>;

/// A Redis, which may be unavailable at times.
#[derive(Clone)]
pub struct RemoteCache(Arc<Inner>);

struct Inner {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    prefix: String,
    is_silent: AtomicBool,
    outbox: mpsc::Sender<(TenantId, SealedRows)>,
}

impl RemoteCache {
    /// Creates the remote, which connects on first use. `deployment` is a value that all nodes of a
    /// database share. The returned future writes rows until the remote is dropped.
    ///
    /// # Errors
    /// The address is invalid.
    pub fn at(address: &str, deployment: &[u8]) -> Result<(Self, impl Future<Output = ()> + Send + use<>), RedisError> {
        Client::open(address).map(|client| Self::of(client, deployment))
    }

    /// Creates the remote, as `at` does, with an existing client.
    pub fn of(client: Client, deployment: &[u8]) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let digest = Sha256::new().chain_update(b"rows").chain_update(deployment).finalize();
        let prefix = format!("entrepot:rows:{}:{FORMAT_VERSION}", hex::encode(&digest[..8]));
        let (outbox, mut queue) = mpsc::channel(WRITE_QUEUE_CAPACITY);
        let connection = OnceCell::new();
        let remote = Self(Arc::new(Inner { client, connection, prefix, is_silent: AtomicBool::new(false), outbox }));
        let writer = Arc::downgrade(&remote.0);
        let write = async move {
            while let Some((tenant, rows)) = queue.recv().await {
                let Some(inner) = writer.upgrade() else { break };
                inner.write(tenant, rows).await;
            }
        };
        (remote, write)
    }

    /// Returns the sealed rows with these IDs, in the same order; None if Redis does not answer in
    /// time.
    pub async fn get(&self, tenant: TenantId, ids: &[Uuid]) -> Option<Vec<Option<Vec<u8>>>> {
        let inner = &self.0;
        if inner.is_silent.load(Ordering::Relaxed) {
            return None;
        }
        let request = async {
            let mut connection = inner.connection().await?;
            let mut request = cmd("MGET");
            for id in ids {
                request.arg(inner.key(tenant, *id));
            }
            request.query_async::<Vec<Option<Vec<u8>>>>(&mut connection).await
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
            Ok(Ok(values)) if values.len() == ids.len() => Some(values),
            _ => {
                self.pause_redis();
                None
            }
        }
    }

    /// Shares rows in the background; drops them if the queue is full.
    pub fn put(&self, tenant: TenantId, rows: SealedRows) {
        if !self.0.is_silent.load(Ordering::Relaxed) {
            let _ = self.0.outbox.try_send((tenant, rows));
        }
    }

    /// Stops using Redis until a pause has passed; the first request after it may take the time of
    /// a connection.
    fn pause_redis(&self) {
        if !self.0.is_silent.swap(true, Ordering::Relaxed) {
            let silence = RedisPauseGuard(self.0.clone());
            tokio::spawn(async move {
                clock::sleep(RETRY_BACKOFF).await;
                let _ = tokio::time::timeout(CONNECT_TIMEOUT, silence.0.connection()).await;
            });
        }
    }
}

/// Guard: Redis is not used while it exists. However the task that holds it ends, Redis is used
/// again.
struct RedisPauseGuard(Arc<Inner>);

impl Drop for RedisPauseGuard {
    fn drop(&mut self) {
        self.0.is_silent.store(false, Ordering::Relaxed);
    }
}

/// Returns the connection in the cell, made on first use.
pub(super) async fn get_connection(cell: &OnceCell<ConnectionManager>, client: &Client) -> Result<ConnectionManager, RedisError> {
    let connect = || {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(1);
        ConnectionManager::new_with_config(client.clone(), config)
    };
    cell.get_or_try_init(connect).await.cloned()
}

impl Inner {
    /// Returns the key of a row. The tenant is the cluster's hash tag: the rows of a request are on
    /// one node.
    fn key(&self, tenant: TenantId, id: Uuid) -> String {
        format!("{}:{{{}}}:{}", self.prefix, tenant.uuid().simple(), id.simple())
    }

    async fn connection(&self) -> Result<ConnectionManager, RedisError> {
        get_connection(&self.connection, &self.client).await
    }

    async fn write(&self, tenant: TenantId, rows: SealedRows) {
        let store = async {
            let mut connection = self.connection().await?;
            let mut pipeline = pipe();
            for (id, row) in rows {
                pipeline.cmd("SET").arg(self.key(tenant, id)).arg(row).arg("EX").arg(ROW_TTL_SECONDS).ignore();
            }
            pipeline.query_async::<()>(&mut connection).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(CONNECT_TIMEOUT, store).await {
            tracing::debug!(%error, "rows are not shared between nodes: Redis could not store them");
        }
    }
}

fn context(tenant: TenantId, id: Uuid) -> String {
    format!("cache.row:{}:{}", tenant.uuid().simple(), id.simple())
}

/// Seals a row for Redis: its epoch, the version of the tenant's master data and the row's JSON,
/// bound to tenant and ID.
pub fn seal(ring: &KeyRing, tenant: TenantId, id: Uuid, (epoch, as_of): (Uuid, i64), row: &impl Serialize) -> Option<Vec<u8>> {
    let mut plaintext = [epoch.as_bytes().as_slice(), &as_of.to_be_bytes()].concat();
    serde_json::to_writer(&mut plaintext, row).ok()?;
    ring.seal(&context(tenant, id), &plaintext).ok()
}

/// Opens a sealed row; `None` if it is not ours, is for another place, or has another form.
pub fn open<T: DeserializeOwned>(ring: &KeyRing, tenant: TenantId, id: Uuid, sealed: &[u8]) -> Option<(Uuid, i64, T)> {
    let plaintext = ring.keys().open(&context(tenant, id), sealed).ok()?;
    let (epoch, rest) = plaintext.split_first_chunk()?;
    let (as_of, row) = rest.split_first_chunk()?;
    Some((Uuid::from_bytes(*epoch), i64::from_be_bytes(*as_of), serde_json::from_slice(row).ok()?))
}
