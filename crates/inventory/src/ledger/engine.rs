//! The handle to the ledger.

use std::sync::Arc;

use async_trait::async_trait;
use entity::prelude::TenantId;
use platform::{
    audit::{Pen, Stamp},
    clock::Clock,
    storage::{
        Database, Fault, Prepared, Reads, Written,
        group_commit::{ASIDE, Batcher, GroupCommit, Grouping, Lanes, Planned, Standing},
        idempotency::Key,
    },
};
use tokio::sync::oneshot;

use super::{
    ahead::{Aheads, Repeats},
    batch,
    command::{Command, Outcome, Queued},
    tenants::{Terms, TermsCache},
};

/// The one writer of stock. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    db: Database,
    clock: Clock,
    lanes: Arc<GroupCommit<Writer>>,
    terms: Arc<TermsCache>,
}

/// Lanes on Postgres: as many transactions as may run side by side. SQLite has one writer, so one lane.
const POSTGRES_LANES: usize = 4;

impl Ledger {
    /// # Errors
    /// The system gives no thread.
    pub fn start(db: Database, clock: Clock, grouping: Grouping) -> Result<Self, Fault> {
        Self::with(db, clock, grouping, None)
    }

    fn with(db: Database, clock: Clock, grouping: Grouping, pen: Option<Pen>) -> Result<Self, Fault> {
        let lanes = Lanes::of(db.backend(), POSTGRES_LANES);
        let writer = Writer { db: db.apart(lanes.count, ASIDE), clock: clock.clone(), pen, repeats: Repeats::default() };
        Ok(Self { db, clock, lanes: Arc::new(GroupCommit::start(writer, lanes, grouping)?), terms: Arc::default() })
    }

    /// Lets every command leave its entry in the audit log, in its own transaction.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn audited(db: Database, clock: Clock, grouping: Grouping, pen: Pen) -> Result<Self, Fault> {
        Self::with(db, clock, grouping, Some(pen))
    }

    /// Queues a command and waits until it is committed or refused.
    pub async fn submit(&self, tenant: TenantId, command: Command, key: Option<Key>) -> Outcome {
        let (reply, answer) = oneshot::channel();
        self.lanes.submit(tenant, Queued { command, key, reply, result: None, stamp: Stamp::current() });
        answer.await.unwrap_or(Err(Fault::ShuttingDown))
    }

    /// A dry run: decides against what is committed now and writes nothing.
    pub async fn validate(&self, tenant: TenantId, command: &Command, key: Option<&Key>) -> Outcome {
        batch::dry_run(&self.db, &self.clock, tenant, command, key).await
    }

    /// What commands need to know of a tenant; at most a minute old.
    pub async fn terms(&self, reads: &impl Reads) -> Result<Terms, Fault> {
        self.terms.of(reads, self.clock.now()).await
    }

    /// How each lane stands.
    pub fn standing(&self) -> Vec<Standing> {
        self.lanes.standing()
    }

    pub fn database(&self) -> &Database {
        &self.db
    }
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

struct Writer {
    db: Database,
    clock: Clock,
    pen: Option<Pen>,
    repeats: Repeats,
}

#[async_trait]
impl Batcher for Writer {
    type Command = Queued;
    type Ahead = Aheads;

    fn weight(queued: &Queued) -> usize {
        queued.command.weight()
    }
    async fn plan(&self, ahead: &mut Aheads, tenant: TenantId, queue: &mut [Queued]) -> Result<Planned, Fault> {
        batch::plan(&self.db, &self.clock, self.pen.as_ref(), &self.repeats, ahead, tenant, queue).await
    }
    async fn write(&self, tenant: TenantId, plan: Prepared) -> Result<Written, Fault> {
        self.db.tenant(tenant).write_at(plan).await.inspect_err(|fault| {
            if fault.unique_violation().is_some() {
                self.repeats.met();
            }
        })
    }
    fn forget(ahead: &mut Aheads, tenant: TenantId) {
        ahead.forget(tenant);
    }
    async fn run(&self, tenant: TenantId, queue: &mut [Queued]) -> Result<(), Fault> {
        batch::run(&self.db, &self.clock, self.pen.as_ref(), tenant, queue).await
    }
    fn answer(&self, queued: Queued, outcome: Result<(), Fault>) {
        let result = match outcome {
            Ok(()) => queued.result.ok_or_else(|| Fault::Broken("a committed command has no result".to_owned())),
            Err(fault) => Err(fault),
        };
        if let (Ok(Ok(receipt)), Some(stamp)) = (&result, &queued.stamp)
            && receipt.stored.is_none()
            && self.pen.is_some()
        {
            stamp.recorded();
        }
        // Whoever waited may have gone; the change stands all the same.
        let _ = queued.reply.send(result);
    }
}
