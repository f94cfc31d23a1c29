//! Writing entries that no other transaction takes along, chaining what was written, and proving the chain.

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
    Database, Fault, Prepared, Written,
    group_commit::{Batch, Batcher, GroupCommit, Grouping, Lanes, Plan},
};

/// The log of a node. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    db: Database,
    audit_writer: AuditWriter,
    lane: Arc<GroupCommit<Writer>>,
    /// Until when a denial is not written again.
    recent_denials: Arc<Mutex<HashMap<Denial, Timestamp>>>,
}

/// A denial is written once in this time for one caller, field and permission: a client that polls what it may not see is one line.
const TELL_AGAIN_SECONDS: i64 = 60;
/// Denials remembered for that; beyond it all are forgotten and written again.
const MOST_DENIALS: usize = 10_000;
type Denial = (TenantId, uuid::Uuid, String);

/// Entries that are chained in one transaction.
const PAGE: i64 = 1_000;

impl Audit {
    /// # Errors
    /// The system gives no thread.
    pub fn start(db: Database, audit_writer: AuditWriter) -> Result<Self, Fault> {
        let retry_queue = RetryQueue::default();
        let writer = Writer { db: db.clone(), audit_writer: audit_writer.clone(), retry_queue: retry_queue.clone() };
        let lane = Arc::new(GroupCommit::start(writer, Lanes::of(db.backend(), 1), Grouping::Together)?);
        tokio::spawn(retry_queue.write_again(Arc::downgrade(&lane)));
        Ok(Self { db, audit_writer, lane, recent_denials: Arc::default() })
    }
    pub fn audit_writer(&self) -> &AuditWriter {
        &self.audit_writer
    }
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Writes an entry in a transaction that it shares with others which wait, and waits until it is durable. One that the database does not take
    /// just now is kept and written when it does; the fault says that it is late, and a log line that nothing is known of it any more.
    pub async fn write(&self, entry: Entry, ip: Option<String>) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.lane.submit(entry.tenant, Waiting { entry, ip, reply: Some(reply) });
        answer.await.unwrap_or(Err(Fault::ShuttingDown))
    }

    /// Writes what became of something that no transaction took along. The answer does not wait on a log that cannot be written: what was
    /// refused stays refused, and the fault is logged.
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
            if recent.get(&key).is_some_and(|until| now < *until) {
                return;
            }
            if recent.len() >= MOST_DENIALS {
                recent.clear();
            }
            recent.insert(key, now.plus_seconds(TELL_AGAIN_SECONDS));
        }
        self.settle(audit_context, Outcome::Denied).await;
    }

    /// Chains everything that waits, of every tenant, and signs the heads that are due; says how many entries found their place.
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
        let waiting = rows::unsealed(&work, AuditId::NIL, PAGE).await?;
        let mut seals: Vec<(AuditId, Timestamp, Seal)> = Vec::with_capacity(waiting.len());
        for stored in &waiting {
            let key = self.audit_writer.mac_key_of(&stored.mac_key);
            if key.is_none_or(|key| stored.entry.mac(&key)[..] != stored.mac[..]) {
                // Left where it is, so that `audit verify` shows it: chaining it would vouch for it.
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

    /// Signs the head of a chain as it is now.
    async fn sign(&self, tenant: TenantId) -> Result<(), Fault> {
        let work = self.db.global().maintenance_for(tenant).await?;
        let head = rows::lock_head(&work).await?;
        let now = self.audit_writer.clock().now();
        let signed = if head.chain.seq > head.checkpoint_seq { self.audit_writer.sign(tenant, head.chain, now) } else { None };
        let Some(signed) = signed else { return work.rollback().await };
        rows::write_checkpoint(&work, &signed).await?;
        work.commit().await?;
        // A second place that keeps the head, which whoever owns the database does not own.
        let (hash, signature) = (hex::encode(signed.hash), hex::encode(&signed.signature));
        tracing::info!(target: "entrepot::audit::checkpoint", %tenant, seq = signed.seq, hash, key = signed.key_id, signature, "audit checkpoint");
        Ok(())
    }
}

/// An entry that waits for its transaction.
struct Waiting {
    entry: Entry,
    ip: Option<String>,
    /// None where nobody waits any more.
    reply: Option<oneshot::Sender<Result<(), Fault>>>,
}

struct Writer {
    db: Database,
    audit_writer: AuditWriter,
    retry_queue: RetryQueue,
}

/// Entries that the database did not take, and that are written when it does.
#[derive(Clone, Default)]
struct RetryQueue(Arc<Kept>);

#[derive(Default)]
struct Kept {
    entries: Mutex<VecDeque<Waiting>>,
    is_there: Notify,
}

/// Entries that are kept. Of more, the oldest are written into the process's own log.
const MOST_RETRIED: usize = 10_000;
/// Between two tries.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Entries of a try: well below what a lane takes.
const RETRY_PAGE: usize = 256;

impl RetryQueue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, entry: Entry, ip: Option<String>) {
        let mut entries = self.lock();
        if entries.len() >= MOST_RETRIED
            && let Some(oldest) = entries.pop_front()
        {
            tell_lost(&oldest.entry);
        }
        entries.push_back(Waiting { entry, ip, reply: None });
        self.0.is_there.notify_one();
    }

    /// Hands what is kept to the lane again, for as long as there is one.
    async fn write_again(self, lane: Weak<GroupCommit<Writer>>) {
        loop {
            self.0.is_there.notified().await;
            crate::clock::sleep(RETRY_INTERVAL).await;
            // One goes first: while the database takes none, the others would hold up entries that are new.
            let (reply, answer) = oneshot::channel();
            {
                let Some(lane) = lane.upgrade() else { break };
                let Some(first) = self.lock().pop_front() else { continue };
                lane.submit(first.entry.tenant, Waiting { reply: Some(reply), ..first });
            }
            if matches!(answer.await, Ok(Ok(()))) {
                let Some(lane) = lane.upgrade() else { break };
                let some: Vec<Waiting> = {
                    let mut entries = self.lock();
                    let count = entries.len().min(RETRY_PAGE);
                    entries.drain(..count).collect()
                };
                some.into_iter().for_each(|waiting| lane.submit(waiting.entry.tenant, waiting));
            }
            if !self.lock().is_empty() {
                self.0.is_there.notify_one();
            }
        }
    }
}

/// What could not be kept is told to whoever keeps the process's log.
fn tell_lost(entry: &Entry) {
    let Entry { tenant, id, at, action, outcome, request_id, .. } = entry;
    tracing::error!(%tenant, %id, at = at.0, action, outcome = outcome.as_str(), request_id, "an audit entry could not be written");
}

impl Drop for Kept {
    fn drop(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        entries.iter().for_each(|waiting| tell_lost(&waiting.entry));
    }
}

#[async_trait]
impl Batcher for Writer {
    type Command = Waiting;
    type Speculative = ();

    fn weight(_: &Waiting) -> usize {
        1
    }
    /// An entry rests on nothing that could be known ahead.
    async fn plan(&self, (): &mut (), _: &mut [Batch<Waiting>]) -> Plan {
        Plan::default()
    }
    async fn write(&self, _: Prepared) -> Result<Written, Fault> {
        Err(Fault::Broken("an audit entry is never planned".to_owned()))
    }
    fn forget((): &mut (), _: TenantId) {}
    async fn run(&self, tenant: TenantId, commands: &mut [Waiting]) -> Result<(), Fault> {
        let work = self.db.tenant(tenant).begin().await?;
        let entries = commands.iter().map(|waiting| (waiting.entry.clone(), waiting.ip.clone()));
        work.write(rows::waiting(&self.audit_writer, entries)).await?;
        work.commit().await
    }
    fn answer(&self, waiting: Waiting, outcome: Result<(), Fault>) {
        // Run again after an unknown outcome, the entry meets itself: then it is there.
        let outcome = match outcome {
            Err(fault) if fault.unique_violation().is_some() => Ok(()),
            outcome => outcome,
        };
        match &outcome {
            Err(fault) if fault.is_transient() => self.retry_queue.keep(waiting.entry, waiting.ip),
            Err(_) => tell_lost(&waiting.entry),
            Ok(()) => {}
        }
        // Whoever waited may have gone; the entry stands all the same.
        if let Some(reply) = waiting.reply {
            let _ = reply.send(outcome);
        }
    }
}
