//! The service of exchanges: its parts, and the rights of requesters.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use entity::prelude::*;
use iam::access::{Access, Caller, Permit, kind, permit};
use inventory::{
    catalog::{Catalog, core::Problem},
    ledger::Ledger,
    stock::core::Reason,
};
use platform::{
    audit::{AuditContext, AuditWriter, Origin, Target},
    clock::Clock,
    storage::{Backend, Database, Fault, events::EventType, idempotency, journal::NewEvent},
};
use sea_orm::Value;

use super::{engine::Engine, halt::Halt};
use crate::{
    exchange::{
        core::{ImportLimits, Run},
        events::ExchangeEvent,
        rows,
    },
    files::Files,
};

/// Texts of the rooms' refusals: code, field and message; for stock and documents code and message. The API implements it.
pub trait RefusalText: Send + Sync + 'static {
    fn catalogue_text(&self, problem: &Problem) -> (String, String, String);
    fn stock_text(&self, reason: &Reason) -> (String, String);
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Exchange(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) audit_writer: AuditWriter,
    pub(super) access: Access,
    pub(super) catalog: Catalog,
    pub(super) ledger: Ledger,
    pub(super) files: Files,
    pub(super) refusal_text: Arc<dyn RefusalText>,
    /// Engine that runs mutations. It has the schema, which has this room: a weak reference avoids the cycle.
    engine: RwLock<Option<Weak<dyn Engine>>>,
    import_limits: RwLock<ImportLimits>,
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
            import_limits: RwLock::default(),
        }))
    }
    /// Sets the limits of imports; called at the start, with the operator's configuration.
    pub fn set_import_limits(&self, limits: ImportLimits) {
        *self.0.import_limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }
    pub(super) fn current_limits(&self) -> ImportLimits {
        *self.0.import_limits.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// Sets the engine that runs mutations, for as long as its owner keeps it; called at the start.
    pub fn run_by(&self, engine: &Arc<dyn Engine>) {
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(engine));
    }
    pub(super) fn engine(&self) -> Result<Arc<dyn Engine>, Fault> {
        let weak_engine = self.0.engine.read().unwrap_or_else(PoisonError::into_inner);
        weak_engine.as_ref().and_then(Weak::upgrade).ok_or(Fault::ShuttingDown)
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
        Ok(rows::by_id(&permit.scope(&self.0.db), id).await?.filter(|run| is_visible(permit, run)))
    }

    /// Returns the requester of the exchange with its current rights.
    pub(super) async fn load_requester(&self, run: &Run) -> Result<Caller, Halt> {
        let caller = match run.key {
            Some(key) => self.0.access.program(run.tenant, key).await?,
            None => self.0.access.member(run.tenant, MemberId::from_uuid(run.maker.id)).await?,
        };
        let Some(caller) = caller else { return Err(self.access_halt(run).await) };
        permit::<kind::ExchangeRun>(&caller)?;
        Ok(caller)
    }

    /// Returns the reason to stop if the requester has no access: exchanges of a suspended tenant go on when it is resumed.
    pub(super) async fn access_halt(&self, run: &Run) -> Halt {
        match self.0.access.is_suspended(run.tenant).await {
            Ok(true) => Halt::Fault(Fault::Broken(format!("the tenant of {} is suspended", run.id))),
            Ok(false) => Halt::Failed("the requester no longer has access".to_owned()),
            Err(fault) => Halt::Fault(fault),
        }
    }

    /// Runs a future whose commits the audit log records as the maker's.
    pub(super) async fn run_as_requester<T>(&self, run: &Run, action: &str, future: impl Future<Output = T>) -> T {
        let origin = Origin { request_id: run.id.to_string(), ..Origin::default() };
        let identity = Some((run.tenant, run.maker));
        // A chunk's idempotency key identifies the file and the rows.
        let keyed = idempotency::by_key(future);
        AuditContext::new(action.to_owned(), origin, self.0.audit_writer.clone(), identity, Some(Target::of(run.id)))
            .run_within(keyed)
            .await
    }
}

/// True if the caller may see an exchange: its own, or any if the permit is not limited.
pub(super) fn is_visible(permit: &Permit<kind::ExchangeRun>, run: &Run) -> bool {
    run.maker == permit.actor() || !permit.is_limited()
}

pub(super) fn exchange_event(kind: EventType<ExchangeEvent>, run: &Run) -> NewEvent {
    kind.event(&ExchangeEvent {
        id: run.id,
        kind: run.kind.as_str().to_owned(),
        state: run.state.as_str().to_owned(),
        version: run.version,
        maker: Some(run.maker.id),
    })
}
