//! Writing of entries that are part of no other transaction, and sealing and verification of
//! chains.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use entity::prelude::*;
use tokio::sync::{Notify, oneshot};

use super::{
    context::AuditContext,
    core::{CHECKPOINT_ENTRIES, CHECKPOINT_SECONDS, Chain, Entry, Outcome, Seal},
    rows,
    writer::AuditWriter,
};
use crate::storage::{
    Database, Fault, PreparedRows, WriteResult,
    group_commit::{Batch, Batcher, GroupCommit, Grouping, LaneOptions, Plan},
};

/// The log of a node. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    db: Database,
    audit_writer: AuditWriter,
    lane: Arc<GroupCommit<Writer>>,
    /// Time until which an equal denial is not written again.
    recent_denials: Arc<Mutex<HashMap<Denial, Timestamp>>>,
}

/// Seconds within which equal denials (caller, field and permission) are logged once: a client that
/// polls a forbidden field adds one entry.
const DENIAL_DEDUP_SECONDS: i64 = 60;
/// Maximum denials remembered; beyond it all are forgotten and written again.
const MAX_DENIALS: usize = 10_000;
type Denial = (TenantId, uuid::Uuid, String);

/// Maximum entries chained in one transaction.
const PAGE: i64 = 1_000;

impl Audit {
    /// # Errors
    /// The system gives no thread.
    pub fn start(db: Database, audit_writer: AuditWriter) -> Result<Self, Fault> {
        let retry_queue = RetryQueue::default();
        let writer = Writer { db: db.clone(), audit_writer: audit_writer.clone(), retry_queue: retry_queue.clone() };
        let lane = Arc::new(GroupCommit::start(writer, LaneOptions::of(db.backend(), 1), Grouping::Together)?);
        tokio::spawn(retry_queue.resubmit_queued(Arc::downgrade(&lane)));
        Ok(Self { db, audit_writer, lane, recent_denials: Arc::default() })
    }
    pub fn audit_writer(&self) -> &AuditWriter {
        &self.audit_writer
    }
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Writes an entry in a transaction shared with other waiting entries, and waits until it is
    /// durable. An entry that the database does not accept for the moment is queued and written
    /// later; the fault returned then means that it is late. An entry that is given up is written
    /// to the process log.
    pub async fn write(&self, entry: Entry, ip: Option<String>) -> Result<(), Fault> {
        let (sender, receiver) = oneshot::channel();
        self.lane.submit(entry.tenant, WaitingEntry { entry, ip, reply: Some(sender) });
        receiver.await.unwrap_or(Err(Fault::ShuttingDown))
    }

    /// Writes the outcome of an action that no transaction recorded. A log that cannot be written
    /// does not change the answer: a refusal stays a refusal, and the fault is logged.
    pub async fn settle(&self, audit_context: &AuditContext, outcome: Outcome) {
        if audit_context.is_recorded() {
            return;
        }
        let (entry, ip) = audit_context.entry(outcome, None, None);
        if let Err(fault) = self.write(entry, ip).await {
            tracing::warn!(%fault, action = audit_context.action, outcome = outcome.as_str(), "an audit entry is not written yet");
        }
    }

    /// Writes a denial, unless the same one was written a moment ago.
    pub async fn deny(&self, audit_context: &AuditContext, actor: Option<Actor>) {
        let now = self.audit_writer.clock().now();
        let key = (audit_context.tenant(), actor.map(|actor| actor.id).unwrap_or_default(), audit_context.action.clone());
        {
            let mut recent = self.recent_denials.lock().unwrap_or_else(PoisonError::into_inner);
            if recent.get(&key).is_some_and(|deadline| now < *deadline) {
                return;
            }
            if recent.len() >= MAX_DENIALS {
                recent.clear();
            }
            recent.insert(key, now.plus_seconds(DENIAL_DEDUP_SECONDS));
        }
        self.settle(audit_context, Outcome::Denied).await;
    }

    /// Chains the waiting entries of every tenant and signs the heads that are due. Returns the
    /// number of entries chained.
    pub async fn seal_all(&self) -> Result<u64, Fault> {
        let mut sealed = 0;
        for tenant in rows::tenants_with_unsealed(&self.db.global()).await? {
            loop {
                let count = self.seal_page(tenant).await?;
                sealed += count;
                if count < PAGE as u64 {
                    break;
                }
            }
        }
        let since = self.audit_writer.clock().now().plus_seconds(-CHECKPOINT_SECONDS);
        for tenant in rows::tenants_to_sign(&self.db.global(), CHECKPOINT_ENTRIES, since).await? {
            self.sign(tenant).await?;
        }
        Ok(sealed)
    }

    async fn seal_page(&self, tenant: TenantId) -> Result<u64, Fault> {
        let work = self.db.global().maintenance_for(tenant).await?;
        let mut chain: Chain = rows::lock_head(&work).await?.chain;
        let unsealed = rows::list_unsealed(&work, AuditId::NIL, PAGE).await?;
        let mut seals: Vec<(AuditId, Timestamp, Seal)> = Vec::with_capacity(unsealed.len());
        for stored in &unsealed {
            let key = self.audit_writer.mac_key_of(&stored.mac_key);
            if key.is_none_or(|key| stored.entry.mac(&key)[..] != stored.mac[..]) {
                // The entry stays unchained, so that `audit verify` reports it: chaining it would
                // make it look genuine.
                tracing::error!(%tenant, id = %stored.entry.id, "an audit entry was changed before it was chained, or its key is gone");
                continue;
            }
            seals.push((stored.entry.id, stored.entry.at, chain.append(&stored.entry)));
        }
        if seals.is_empty() {
            work.rollback().await?;
            return Ok(0);
        }
        rows::seal(&work, &seals, chain).await?;
        work.commit().await?;
        Ok(seals.len() as u64)
    }

    /// Signs the committed head of a chain. The head is not locked: a chain only grows, so a
    /// committed head remains one of its places while batches of the ledger move it.
    async fn sign(&self, tenant: TenantId) -> Result<(), Fault> {
        let work = self.db.global().maintenance_for(tenant).await?;
        let head = rows::head(&work).await?.filter(|head| head.chain.seq > head.checkpoint_seq);
        let now = self.audit_writer.clock().now();
        let checkpoint = head.and_then(|head| self.audit_writer.sign(tenant, head.chain, now));
        let Some(checkpoint) = checkpoint else { return work.rollback().await };
        if !rows::write_checkpoint(&work, &checkpoint).await? {
            return work.rollback().await;
        }
        work.commit().await?;
        // The log output keeps a second copy of the head, outside the control of the database's
        // owner.
        let (hash, signature) = (hex::encode(checkpoint.hash), hex::encode(&checkpoint.signature));
        tracing::info!(target: "entrepot::audit::checkpoint", %tenant, seq = checkpoint.seq, hash, key = checkpoint.key_id, signature, "audit checkpoint");
        Ok(())
    }
}

/// An entry that waits for its transaction.
struct WaitingEntry {
    entry: Entry,
    ip: Option<String>,
    /// None if no caller waits.
    reply: Option<oneshot::Sender<Result<(), Fault>>>,
}

struct Writer {
    db: Database,
    audit_writer: AuditWriter,
    retry_queue: RetryQueue,
}

/// Entries that the database did not accept, to be written later.
#[derive(Clone, Default)]
struct RetryQueue(Arc<RetryState>);

#[derive(Default)]
struct RetryState {
    entries: Mutex<VecDeque<WaitingEntry>>,
    is_there: Notify,
}

/// Maximum entries queued for a retry. Beyond it the oldest are written to the process log.
const MAX_RETRIED: usize = 10_000;
/// Time between two retries.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Entries of a retry: well below the capacity of a lane.
const RETRY_PAGE: usize = 256;

impl RetryQueue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<WaitingEntry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue_retry(&self, entry: Entry, ip: Option<String>) {
        let mut entries = self.lock();
        if entries.len() >= MAX_RETRIED
            && let Some(oldest) = entries.pop_front()
        {
            log_lost_entry(&oldest.entry);
        }
        entries.push_back(WaitingEntry { entry, ip, reply: None });
        self.0.is_there.notify_one();
    }

    /// Resubmits queued entries to the lane, until the lane is gone.
    async fn resubmit_queued(self, lane: Weak<GroupCommit<Writer>>) {
        loop {
            self.0.is_there.notified().await;
            crate::clock::sleep(RETRY_INTERVAL).await;
            // A single entry is tried first: while the database accepts none, the others would
            // delay new entries.
            let (sender, receiver) = oneshot::channel();
            {
                let Some(lane) = lane.upgrade() else { break };
                let Some(first) = self.lock().pop_front() else { continue };
                lane.submit(first.entry.tenant, WaitingEntry { reply: Some(sender), ..first });
            }
            if matches!(receiver.await, Ok(Ok(()))) {
                let Some(lane) = lane.upgrade() else { break };
                let retried: Vec<WaitingEntry> = {
                    let mut entries = self.lock();
                    let count = entries.len().min(RETRY_PAGE);
                    entries.drain(..count).collect()
                };
                retried.into_iter().for_each(|waiting_entry| lane.submit(waiting_entry.entry.tenant, waiting_entry));
            }
            if !self.lock().is_empty() {
                self.0.is_there.notify_one();
            }
        }
    }
}

/// Logs an entry that could not be written.
fn log_lost_entry(entry: &Entry) {
    let Entry { tenant, id, at, action, outcome, request_id, .. } = entry;
    tracing::error!(%tenant, %id, at = at.0, action, outcome = outcome.as_str(), request_id, "an audit entry could not be written");
}

impl Drop for RetryState {
    fn drop(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        entries.iter().for_each(|waiting_entry| log_lost_entry(&waiting_entry.entry));
    }
}

#[async_trait]
impl Batcher for Writer {
    type Command = WaitingEntry;
    type Speculative = ();

    fn weight(_: &WaitingEntry) -> usize {
        1
    }
    /// Entries depend on no state that could be loaded ahead.
    async fn plan(&self, (): &mut (), _: &mut [Batch<WaitingEntry>]) -> Plan {
        Plan::default()
    }
    async fn write(&self, _: PreparedRows) -> Result<WriteResult, Fault> {
        Err(Fault::Broken("an audit entry is never planned".to_owned()))
    }
    fn forget((): &mut (), _: TenantId) {}
    async fn run(&self, tenant: TenantId, commands: &mut [WaitingEntry]) -> Result<(), Fault> {
        let work = self.db.tenant(tenant).begin().await?;
        let entries = commands.iter().map(|waiting_entry| (waiting_entry.entry.clone(), waiting_entry.ip.clone()));
        work.write(rows::unchained_rows(&self.audit_writer, entries)).await?;
        work.commit().await
    }
    fn answer(&self, waiting_entry: WaitingEntry, outcome: Result<(), Fault>) {
        // A retry after an unknown outcome violates the unique key if the first try had succeeded:
        // the entry is written.
        let outcome = match outcome {
            Err(fault) if fault.unique_violation().is_some() => Ok(()),
            outcome => outcome,
        };
        match &outcome {
            Err(fault) if fault.is_transient() => self.retry_queue.queue_retry(waiting_entry.entry, waiting_entry.ip),
            Err(_) => log_lost_entry(&waiting_entry.entry),
            Ok(()) => {}
        }
        // The waiting task may be gone; the entry is written all the same.
        if let Some(reply) = waiting_entry.reply {
            let _ = reply.send(outcome);
        }
    }
}
