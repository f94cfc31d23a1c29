//! The handle to the ledger.

use std::sync::Arc;

use async_trait::async_trait;
use entity::prelude::TenantId;
use platform::{
    audit::{AuditContext, AuditWriter},
    clock::Clock,
    storage::{
        Database, Fault, PreparedRows, Reads, WriteResult,
        group_commit::{Batch, Batcher, GroupCommit, Grouping, LaneOptions, LaneStatus, MAX_TENANTS_ASIDE, Plan},
        idempotency::Key,
    },
    traces::QueueSpan,
};
use tokio::sync::oneshot;

use super::{
    batch::Writer,
    command::{Command, Outcome, QueuedCommand, Verdict},
    load::Basis,
    registry::Documents,
    speculative_state::{KeyLookupPolicy, SpeculativeStates},
    tenants::{Terms, TermsCache},
};

/// The only writer of stock. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    basis: Basis,
    lanes: Arc<GroupCommit<Writer>>,
    terms: Arc<TermsCache>,
}

/// Lanes on Postgres: the maximum of concurrent transactions. SQLite has one writer, so one lane.
const POSTGRES_LANES: usize = 4;

impl Ledger {
    /// Starts the lanes of a ledger that writes these kinds of documents.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start(db: Database, clock: Clock, grouping: Grouping, documents: Documents) -> Result<Self, Fault> {
        Self::with(Basis { db, clock, documents: Arc::new(documents) }, grouping, None)
    }

    fn with(basis: Basis, grouping: Grouping, audit_writer: Option<AuditWriter>) -> Result<Self, Fault> {
        let lanes = LaneOptions::of(basis.db.backend(), POSTGRES_LANES);
        let db = basis.db.with_own_connections(lanes.count, MAX_TENANTS_ASIDE);
        let writer = Writer { basis: Basis { db, ..basis.clone() }, audit_writer, key_lookups: KeyLookupPolicy::default() };
        Ok(Self { basis, lanes: Arc::new(GroupCommit::start(writer, lanes, grouping)?), terms: Arc::default() })
    }

    /// Starts a ledger whose commands write their entries of the audit log in their own
    /// transactions.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn with_audit_writer(
        db: Database,
        clock: Clock,
        grouping: Grouping,
        documents: Documents,
        audit_writer: AuditWriter,
    ) -> Result<Self, Fault> {
        Self::with(Basis { db, clock, documents: Arc::new(documents) }, grouping, Some(audit_writer))
    }

    /// Queues a command and waits until it is committed, or rejected with all rejections of a
    /// stage.
    pub async fn submit_with_rejections(&self, tenant: TenantId, command: Command, key: Option<Key>) -> Verdict {
        let (reply, answer) = oneshot::channel();
        let (audit_context, queue_span) = (AuditContext::current(), QueueSpan::begin("ledger.wait"));
        self.lanes.submit(tenant, QueuedCommand { command, key, reply, result: None, audit_context, queue_span });
        answer.await.unwrap_or(Err(Fault::ShuttingDown))
    }

    /// Submits a command like `submit_with_rejections`, and returns only the first rejection.
    pub async fn submit(&self, tenant: TenantId, command: Command, key: Option<Key>) -> Outcome {
        Ok(match self.submit_with_rejections(tenant, command, key).await? {
            Ok(receipt) => Ok(receipt),
            Err(rejections) => {
                Err(rejections.into_iter().next().ok_or_else(|| Fault::Broken("refused for no reason".to_owned()))?)
            }
        })
    }

    /// Performs a dry run: decides against the committed state and writes nothing.
    pub async fn validate(&self, tenant: TenantId, command: &Command, key: Option<&Key>) -> Verdict {
        self.basis.dry_run(tenant, command, key).await
    }

    /// Returns the settings of a tenant that commands need, at most a minute old.
    pub async fn terms(&self, reads: &impl Reads) -> Result<Terms, Fault> {
        self.terms.of(reads, self.clock().now()).await
    }

    /// Reads the settings again, so that commands within the next minute need not wait for the
    /// database.
    pub async fn refresh_terms(&self, reads: &impl Reads) -> Result<(), Fault> {
        self.terms.refresh(reads, self.clock().now()).await.map(drop)
    }

    /// Returns the status of each lane.
    pub fn lane_status(&self) -> Vec<LaneStatus> {
        self.lanes.lane_status()
    }

    pub fn database(&self) -> &Database {
        &self.basis.db
    }
    pub fn clock(&self) -> &Clock {
        &self.basis.clock
    }
}

#[async_trait]
impl Batcher for Writer {
    type Command = QueuedCommand;
    type Speculative = SpeculativeStates;

    fn weight(queued: &QueuedCommand) -> usize {
        queued.command.weight().max(1)
    }
    fn queue_span(queued: &mut QueuedCommand) -> Option<&mut QueueSpan> {
        queued.queue_span.as_mut()
    }
    async fn plan(&self, speculative: &mut SpeculativeStates, batches: &mut [Batch<QueuedCommand>]) -> Plan {
        self.plan_batches(speculative, batches).await
    }
    async fn write(&self, plan: PreparedRows) -> Result<WriteResult, Fault> {
        self.basis.db.write_at(plan).await.inspect_err(|fault| {
            if fault.unique_violation().is_some() {
                self.key_lookups.note_key_found();
            }
        })
    }
    fn forget(speculative: &mut SpeculativeStates, tenant: TenantId) {
        speculative.forget(tenant);
    }
    async fn run(&self, tenant: TenantId, queue: &mut [QueuedCommand]) -> Result<(), Fault> {
        self.run_batch(tenant, queue).await
    }
    fn answer(&self, queued: QueuedCommand, outcome: Result<(), Fault>) {
        let result = match outcome {
            Ok(()) => queued.result.ok_or_else(|| Fault::Broken("a committed command has no result".to_owned())),
            Err(fault) => Err(fault),
        };
        if let (Ok(Ok(receipt)), Some(audit_context)) = (&result, &queued.audit_context)
            && receipt.stored.is_none()
            && self.audit_writer.is_some()
        {
            audit_context.mark_recorded();
        }
        // The waiting caller may have gone; the change is committed all the same.
        let _ = queued.reply.send(result);
    }
}
