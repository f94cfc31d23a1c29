//! What nodes share through Redis: rows, each sealed for its tenant and id, so that whoever reads that Redis learns nothing and whoever
//! writes into it can at most make us read the database.

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

/// Later than this the database would have answered.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long a connection may take, and an answer of it.
pub(super) const CONNECTING: Duration = Duration::from_millis(250);
/// After Redis has not answered, it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a row is kept there, in seconds.
const KEPT_SECONDS: u64 = 3_600;
/// Rows that wait to be written. What comes beyond is not shared.
const WAITING: usize = 256;
/// Raised when what a row's text says changes its meaning; a row that lacks a field does not open anyway.
const FORM: u8 = 1;

/// Sealed rows by their ids.
type Sealed = Vec<(Uuid, Vec<u8>)>;

/// A Redis that may come and go.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    prefix: String,
    is_silent: AtomicBool,
    outbox: mpsc::Sender<(TenantId, Sealed)>,
}

impl Remote {
    /// Connects when it is first needed. `deployment` is what all nodes of a database know alike. The second part writes, until the first is gone.
    ///
    /// # Errors
    /// The address is not one.
    pub fn at(address: &str, deployment: &[u8]) -> Result<(Self, impl Future<Output = ()> + Send + use<>), RedisError> {
        Client::open(address).map(|client| Self::of(client, deployment))
    }

    /// The same of a client that knows its server.
    pub fn of(client: Client, deployment: &[u8]) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let digest = Sha256::new().chain_update(b"rows").chain_update(deployment).finalize();
        let prefix = format!("entrepot:rows:{}:{FORM}", hex::encode(&digest[..8]));
        let (outbox, mut waiting) = mpsc::channel(WAITING);
        let connection = OnceCell::new();
        let remote = Self(Arc::new(Inner { client, connection, prefix, is_silent: AtomicBool::new(false), outbox }));
        let writer = Arc::downgrade(&remote.0);
        let write = async move {
            while let Some((tenant, rows)) = waiting.recv().await {
                let Some(inner) = writer.upgrade() else { break };
                inner.write(tenant, rows).await;
            }
        };
        (remote, write)
    }

    /// The sealed rows with these ids, as they are there; None when Redis does not answer in time.
    pub async fn get(&self, tenant: TenantId, ids: &[Uuid]) -> Option<Vec<Option<Vec<u8>>>> {
        let inner = &self.0;
        if inner.is_silent.load(Ordering::Relaxed) {
            return None;
        }
        let ask = async {
            let mut connection = inner.connection().await?;
            let mut ask = cmd("MGET");
            for id in ids {
                ask.arg(inner.key(tenant, *id));
            }
            ask.query_async::<Vec<Option<Vec<u8>>>>(&mut connection).await
        };
        match tokio::time::timeout(PATIENCE, ask).await {
            Ok(Ok(found)) if found.len() == ids.len() => Some(found),
            _ => {
                self.leave_alone();
                None
            }
        }
    }

    /// Shares rows, in a while, or not at all when there is too much to share.
    pub fn put(&self, tenant: TenantId, rows: Sealed) {
        if !self.0.is_silent.load(Ordering::Relaxed) {
            let _ = self.0.outbox.try_send((tenant, rows));
        }
    }

    /// Asks again after a pause; the first question may still take the time of a connection.
    fn leave_alone(&self) {
        if !self.0.is_silent.swap(true, Ordering::Relaxed) {
            let silence = Silence(self.0.clone());
            tokio::spawn(async move {
                clock::sleep(PAUSE).await;
                let _ = tokio::time::timeout(CONNECTING, silence.0.connection()).await;
            });
        }
    }
}

/// While it is there Redis is left alone; however the task that holds it ends, Redis is asked again.
struct Silence(Arc<Inner>);

impl Drop for Silence {
    fn drop(&mut self) {
        self.0.is_silent.store(false, Ordering::Relaxed);
    }
}

/// The connection in the cell, which is made when it is first needed.
pub(super) async fn connected(cell: &OnceCell<ConnectionManager>, client: &Client) -> Result<ConnectionManager, RedisError> {
    let connect = || {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING))
            .set_number_of_retries(1);
        ConnectionManager::new_with_config(client.clone(), config)
    };
    cell.get_or_try_init(connect).await.cloned()
}

impl Inner {
    /// The tenant stands where a cluster looks for the slot: a request's rows are on one of its nodes.
    fn key(&self, tenant: TenantId, id: Uuid) -> String {
        format!("{}:{{{}}}:{}", self.prefix, tenant.uuid().simple(), id.simple())
    }

    async fn connection(&self) -> Result<ConnectionManager, RedisError> {
        connected(&self.connection, &self.client).await
    }

    async fn write(&self, tenant: TenantId, rows: Sealed) {
        let put = async {
            let mut connection = self.connection().await?;
            let mut all = pipe();
            for (id, row) in rows {
                all.cmd("SET").arg(self.key(tenant, id)).arg(row).arg("EX").arg(KEPT_SECONDS).ignore();
            }
            all.query_async::<()>(&mut connection).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(CONNECTING, put).await {
            tracing::debug!(%error, "rows are not shared: Redis does not take them");
        }
    }
}

fn context(tenant: TenantId, id: Uuid) -> String {
    format!("cache.row:{}:{}", tenant.uuid().simple(), id.simple())
}

/// A row as it is shared: its epoch, where its tenant's master data stood, and its JSON, sealed for its place.
pub fn seal(ring: &KeyRing, tenant: TenantId, id: Uuid, (epoch, as_of): (Uuid, i64), row: &impl Serialize) -> Option<Vec<u8>> {
    let mut plain = [epoch.as_bytes().as_slice(), &as_of.to_be_bytes()].concat();
    serde_json::to_writer(&mut plain, row).ok()?;
    ring.seal(&context(tenant, id), &plain).ok()
}

/// What a sealed row says; None of one that is not ours, is for another place, or has another form.
pub fn open<T: DeserializeOwned>(ring: &KeyRing, tenant: TenantId, id: Uuid, sealed: &[u8]) -> Option<(Uuid, i64, T)> {
    let plain = ring.keys().open(&context(tenant, id), sealed).ok()?;
    let (epoch, rest) = plain.split_first_chunk()?;
    let (as_of, row) = rest.split_first_chunk()?;
    Some((Uuid::from_bytes(*epoch), i64::from_be_bytes(*as_of), serde_json::from_slice(row).ok()?))
}
