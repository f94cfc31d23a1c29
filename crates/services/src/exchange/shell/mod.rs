//! Asking for imports and exports, and carrying them out.

mod apply;
mod bulk;
mod columnar;
mod engine;
mod export;
mod feed;
mod halt;
mod import;
mod manage;
mod order_rows;
mod orders;
mod report;
mod stock;
mod table_file;
mod turn;
mod wording;
mod workbook;
mod write;

use std::sync::{Arc, PoisonError, RwLock, Weak};

use entity::prelude::*;
use iam::access::{Access, Caller, Denied, Permit, kind, permit};
use inventory::{
    catalog::{Catalog, core::Problem},
    ledger::Ledger,
    stock::core::Reason,
};
use platform::{
    audit::{AuditContext, AuditWriter, Origin, Target},
    clock::Clock,
    jobs::{Failure, Lease},
    storage::{
        Backend, Database, Fault, Work,
        events::EventType,
        idempotency::{self, KeyProblem},
        journal::{self, NewEvent},
    },
};
use sea_orm::Value;

pub use bulk::BulkRequest;
pub use engine::{BatchOutcome, BulkDocument, Call, DryRun, Engine, Requester};
pub use feed::{Feed, FeedError, FeedFile, FeedHead, FeedPage, FeedPart, feed_head, may_feed};
use halt::Halt;
pub use manage::{Ask, JOB, Order, cancel_dropped_job};
pub use table_file::{FileColumn, columns_file};
use turn::Turn;
pub use workbook::{WorkbookCell, workbook};

use super::{
    core::{Counts, ImportLimits, Kind, Noun, Refused, Run, State},
    rows,
};
use crate::files::{FileError, Files, Made};

/// Reasons to refuse a call about an exchange: nothing was written.
#[derive(Debug)]
pub enum ExchangeError {
    Denied(Denied),
    NotFound,
    /// The idempotency key was used before with another input.
    KeyReused,
    BadKey(KeyProblem),
    /// The exchange is over, or its kind cannot be cancelled.
    IsOver(State),
    /// Rows of this noun do not come in, or do not go out.
    NotOffered(Noun),
    TooMany {
        most: i64,
    },
    /// The document cannot be run for each line; the text is the reason.
    Unfit(String),
    /// No dry run is possible; `could` is true if the mutation supports it and the document does not pass `$validateOnly`.
    NoDryRun {
        field: String,
        could: bool,
    },
    /// The file holds no lines of JSON.
    NoLines,
    /// The input file cannot be read.
    File(FileError),
    Fault(Fault),
}
impl From<Denied> for ExchangeError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Fault> for ExchangeError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<FileError> for ExchangeError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            other => Self::File(other),
        }
    }
}

/// Texts of the rooms' refusals: code, field and message; for stock and documents code and message. The API implements it.
pub trait RefusalText: Send + Sync + 'static {
    fn of_catalogue(&self, problem: &Problem) -> (String, String, String);
    fn of_stock(&self, why: &Reason) -> (String, String);
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    audit_writer: AuditWriter,
    access: Access,
    catalog: Catalog,
    ledger: Ledger,
    files: Files,
    refusal_text: Arc<dyn RefusalText>,
    /// Engine that runs mutations. It has the schema, which has this room: a weak reference avoids the cycle.
    engine: RwLock<Option<Weak<dyn Engine>>>,
    most: RwLock<ImportLimits>,
}

impl Exchange {
    pub fn new(
        (access, audit_writer): (Access, AuditWriter),
        catalog: Catalog,
        ledger: Ledger,
        files: Files,
        refusal_text: Arc<dyn RefusalText>,
    ) -> Self {
        let (db, clock) = (access.database().clone(), access.clock().clone());
        Self(Arc::new(Inner {
            db,
            clock,
            audit_writer,
            access,
            catalog,
            ledger,
            files,
            refusal_text,
            engine: RwLock::default(),
            most: RwLock::default(),
        }))
    }
    /// Sets the limits of imports; called at the start, with the operator's configuration.
    pub fn set_import_limits(&self, most: ImportLimits) {
        *self.0.most.write().unwrap_or_else(PoisonError::into_inner) = most;
    }
    fn most(&self) -> ImportLimits {
        *self.0.most.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// Sets the engine that runs mutations, for as long as its owner keeps it; called at the start.
    pub fn run_by(&self, engine: &Arc<dyn Engine>) {
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(engine));
    }
    fn engine(&self) -> Result<Arc<dyn Engine>, Fault> {
        let known = self.0.engine.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(Weak::upgrade).ok_or(Fault::ShuttingDown)
    }
    pub fn files(&self) -> &Files {
        &self.0.files
    }
    pub fn database(&self) -> &Database {
        &self.0.db
    }
    pub fn backend(&self) -> Backend {
        self.0.db.backend()
    }

    /// A page of the exchanges that the caller may see: all of the tenant's, or their own where their right is for some stores.
    pub async fn page(
        &self,
        permit: &Permit<kind::ExchangeRun>,
        conditions: &str,
        order: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Run>, Fault> {
        rows::page(&permit.scope(&self.0.db), conditions, order, values).await
    }
    pub async fn find(&self, permit: &Permit<kind::ExchangeRun>, id: ExchangeId) -> Result<Option<Run>, Fault> {
        Ok(rows::by_id(&permit.scope(&self.0.db), id).await?.filter(|run| can_see(permit, run)))
    }

    /// Returns the requester of the exchange with its current rights.
    async fn maker(&self, run: &Run) -> Result<Caller, Halt> {
        let caller = match run.key {
            Some(key) => self.0.access.program(run.tenant, key).await?,
            None => self.0.access.member(run.tenant, MemberId::from_uuid(run.maker.id)).await?,
        };
        let Some(caller) = caller else { return Err(self.access_halt(run).await) };
        permit::<kind::ExchangeRun>(&caller)?;
        Ok(caller)
    }

    /// Returns the reason to stop if the requester has no access: exchanges of a suspended tenant go on when it is resumed.
    async fn access_halt(&self, run: &Run) -> Halt {
        match self.0.access.is_suspended(run.tenant).await {
            Ok(true) => Halt::Fault(Fault::Broken(format!("the tenant of {} is suspended", run.id))),
            Ok(false) => Halt::Failed("the requester no longer has access".to_owned()),
            Err(fault) => Halt::Fault(fault),
        }
    }

    /// Runs a future whose commits the audit log records as the maker's.
    async fn run_as_requester<T>(&self, run: &Run, action: &str, future: impl Future<Output = T>) -> T {
        let origin = Origin { request_id: run.id.to_string(), ..Origin::default() };
        let who = Some((run.tenant, run.maker));
        // A chunk's idempotency key identifies the file and the rows.
        let keyed = idempotency::by_key(future);
        AuditContext::new(action.to_owned(), origin, self.0.audit_writer.clone(), who, Some(Target::of(run.id))).over(keyed).await
    }

    /// Runs a job of an exchange. A repeated run continues at the last position.
    pub(in crate::exchange) async fn work(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExchangeId),
        (failures, most): (i64, i64),
    ) -> Result<(), Failure> {
        let Some(run) = self.begin(lease, tenant, id).await? else { return Ok(self.finish_ended(lease, tenant, id).await?) };
        let ended = match run.kind {
            Kind::Import => Box::pin(self.import(lease, run.clone())).await,
            Kind::Export => Box::pin(self.export(lease, run.clone())).await,
            Kind::Bulk => Box::pin(self.bulk(lease, run.clone())).await,
        };
        let failures = if ended.is_err() { lease.failures(&self.0.db, failures).await } else { failures };
        let is_last = failures + 1 >= most;
        match ended.map_err(|halt| halt.at(failures)) {
            Ok(made) => self.end(lease, &run, State::Done, Some(made), None).await?,
            Err(Halt::Cancelled) if run.kind == Kind::Bulk => self.write_cancelled_result(lease, &run).await?,
            Err(Halt::Cancelled) => {}
            Err(Halt::Yielded) => return Err(Failure::Yielded),
            Err(Halt::Failed(why) | Halt::Raced(why)) => {
                let made = self.write_partial_result(&run).await?;
                self.end(lease, &run, State::Failed, made, Some(why)).await?;
            }
            Err(Halt::Fault(fault)) if is_last => {
                tracing::error!(exchange = %run.id, %fault, "an exchange failed for good");
                let why = "an internal error occurred repeatedly: the operator's log has the details".to_owned();
                self.end(lease, &run, State::Failed, None, Some(why)).await?;
            }
            Err(Halt::Fault(fault)) => return Err(Failure::Fault(fault)),
        }
        Ok(())
    }

    /// Ends an exchange that is not retried, with this reason, and does not read its file again.
    pub(super) async fn give_up(&self, lease: Lease, (tenant, id): (TenantId, ExchangeId), why: &str) -> Result<(), Failure> {
        let Some(run) = self.begin(lease, tenant, id).await? else { return Ok(self.finish_ended(lease, tenant, id).await?) };
        let made = match run.kind {
            Kind::Bulk => self.write_partial_result(&run).await?,
            Kind::Import => self.write_refusals(&run).await?,
            Kind::Export => None,
        };
        Ok(self.end(lease, &run, State::Failed, made, Some(why.to_owned())).await?)
    }

    /// The exchange, in the state running; None if it is over.
    async fn begin(&self, lease: Lease, tenant: TenantId, id: ExchangeId) -> Result<Option<Run>, Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        let Some(run) = rows::lock(&work, id).await?.filter(|run| !run.state.is_over()) else {
            work.rollback().await?;
            return Ok(None);
        };
        if run.state == State::Running {
            work.rollback().await?;
            return Ok(Some(run));
        }
        if run.kind == Kind::Bulk && rows::lines::is_running(&work).await? {
            work.rollback().await?;
            return Err(Fault::Broken(format!("{} waits for another one of its tenant", run.id)));
        }
        let after = Run { state: State::Running, started_at: Some(self.0.clock.now()), version: run.version + 1, ..run };
        rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(Some(after))
    }

    /// Stores rows as finished, and the refused ones among them, including rows that were finished before the exchange was cancelled.
    async fn advance(&self, lease: Lease, run: &Run, done: Counts, refused: &[Refused]) -> Result<Run, Halt> {
        let (work, before) = self.lock_unfinished(lease, run).await?;
        // Each worker starts an export from the beginning, so an export makes no progress before it is finished.
        if run.kind == Kind::Import && done.total() > 0 {
            lease.record_progress(&work).await?;
        }
        rows::insert_refused(&work, run.id, wording::rows(refused)).await?;
        let after = Run { counts: before.counts.plus(done), version: before.version + 1, ..before };
        rows::change(&work, &after).await?;
        work.commit().await?;
        if after.state == State::Cancelled { Err(Halt::Cancelled) } else { Ok(after) }
    }

    /// Stores refused rows before the rest of their chunk is retried: a worker that takes over has to leave out the same rows.
    async fn store_refused(&self, lease: Lease, run: &Run, refused: &[Refused]) -> Result<(), Halt> {
        let (work, _) = self.lock_running(lease, run).await?;
        rows::insert_refused(&work, run.id, wording::rows(refused)).await?;
        Ok(work.commit().await?)
    }

    /// Stores how the file is read.
    async fn store_reading(&self, lease: Lease, run: &Run, reading: super::core::FileReading) -> Result<Run, Halt> {
        let (work, before) = self.lock_running(lease, run).await?;
        let after = Run { reading, version: before.version + 1, ..before };
        rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(after)
    }

    /// A transaction under the lease that has an exchange for itself, while it runs.
    async fn lock_running(&self, lease: Lease, run: &Run) -> Result<(Work, Run), Halt> {
        self.lock_in_states(lease, run, &[State::Running]).await
    }

    /// Locks an exchange that is running or cancelled, to store finished rows; fails if another worker has continued it.
    async fn lock_unfinished(&self, lease: Lease, run: &Run) -> Result<(Work, Run), Halt> {
        let (work, now) = self.lock_in_states(lease, run, &[State::Running, State::Cancelled]).await?;
        if now.position() != run.position() {
            work.rollback().await?;
            return Err(Fault::Broken(format!("{} is at {} and not at {}", run.id, now.position(), run.position())).into());
        }
        Ok((work, now))
    }

    async fn lock_in_states(&self, lease: Lease, run: &Run, states: &[State]) -> Result<(Work, Run), Halt> {
        let work = self.0.db.global().maintenance_for(run.tenant).await?;
        lease.guard(&work).await?;
        if let Some(now) = rows::lock(&work, run.id).await?.filter(|run| states.contains(&run.state)) {
            return Ok((work, now));
        }
        work.rollback().await?;
        Err(Halt::Cancelled)
    }

    async fn end(&self, lease: Lease, run: &Run, state: State, made: Option<Made>, error: Option<String>) -> Result<(), Fault> {
        let ended = self.run_as_requester(run, "exchange.finish", Box::pin(self.try_end(lease, run, state, made, error))).await;
        match ended {
            Ok(()) | Err(Halt::Cancelled | Halt::Yielded) => Ok(()),
            Err(Halt::Fault(fault)) => Err(fault),
            Err(Halt::Failed(why) | Halt::Raced(why)) => match self.try_end(lease, run, State::Failed, None, Some(why)).await {
                Err(Halt::Fault(fault)) => Err(fault),
                _ => Ok(()),
            },
        }
    }

    async fn try_end(
        &self,
        lease: Lease,
        run: &Run,
        state: State,
        made: Option<Made>,
        error: Option<String>,
    ) -> Result<(), Halt> {
        let (mut work, before) = self.lock_running(lease, run).await?;
        if let Some(made) = &made
            && let Err(error) = made.keep(&mut work).await
        {
            work.rollback().await?;
            return Err(error.into());
        }
        let after = Run {
            state,
            reading: export::add_digest(before.reading, made.as_ref()),
            result: made.map(|made| made.id()),
            error,
            finished_at: Some(self.0.clock.now()),
            version: before.version + 1,
            ..before
        };
        rows::change(&work, &after).await?;
        journal::append(&mut work, vec![exchange_event(super::events::EXCHANGE_FINISHED, &after)], self.0.clock.now()).await?;
        if after.kind == Kind::Bulk {
            self.start_next(&work).await?;
        }
        Ok(work.commit().await?)
    }
}

/// True if the caller may see an exchange: its own, or any if the permit is not limited.
fn can_see(permit: &Permit<kind::ExchangeRun>, run: &Run) -> bool {
    run.maker == permit.actor() || !permit.is_limited()
}

fn exchange_event(kind: EventType<super::events::ExchangeEvent>, run: &Run) -> NewEvent {
    kind.event(&super::events::ExchangeEvent {
        id: run.id,
        kind: run.kind.as_str().to_owned(),
        state: run.state.as_str().to_owned(),
        version: run.version,
        maker: Some(run.maker.id),
    })
}
