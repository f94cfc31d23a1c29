//! Handles that carry the tenant.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use entity::{prelude::TenantId, record::Record};
use sea_orm::{EntityTrait, FromQueryResult, QueryResult, QuerySelect, QueryTrait, Select, Statement, Value};

use super::{
    Backend, Database, Extensions, Fault, Reads, Row, Snapshot,
    moment::{self, LazySnapshot},
    read_kind::ReadKind,
    replicas::{self, Freshness, ReadRoute},
    sessions::Bound,
    transaction::Purpose,
};

/// Number of checks, and the pause between them, by which a job waits for a replica that has caught
/// up: two seconds in all.
const MAX_CATCH_UP_CHECKS: u32 = 20;
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// Handle on a tenant's rows: as committed, as of a replica that is fresh enough for the request
/// that opened the handle, or as of the snapshot of the task that opened it.
#[derive(Clone)]
pub struct TenantScope {
    pub(super) tenant: TenantId,
    pub(super) db: Database,
    kind: ReadKind,
    /// Route of the request that opened the handle; None reads from the primary.
    pub(super) route: Option<Arc<ReadRoute>>,
    /// Snapshot of the task; while it lasts, it takes precedence over the route.
    moment: Weak<LazySnapshot>,
}

impl TenantScope {
    pub fn database(&self) -> &Database {
        &self.db
    }
    /// Returns a scope for statements that read thousands of rows. Postgres keeps one plan for all
    /// values of a frequent statement, which assumes that a page is short and a list has ten IDs;
    /// here each statement is planned for its own values.
    #[must_use]
    pub fn long(&self) -> Self {
        Self { kind: ReadKind::Long, ..self.clone() }
    }
    /// Returns a scope whose rows are no older than `freshness`, outside any snapshot; a read goes
    /// to a replica that has them.
    #[must_use]
    pub fn with_freshness(&self, freshness: Freshness) -> Self {
        let route = match freshness {
            Freshness::Primary => None,
            Freshness::After(_) | Freshness::Bounded(_) => self.db.read_route(freshness, self.tenant.uuid().as_u128()),
        };
        Self { route, moment: Weak::new(), ..self.clone() }
    }
    /// Returns a scope with the route and snapshot of the current request: for handles that were
    /// opened before it began.
    #[must_use]
    pub fn of_this_request(&self) -> Self {
        Self { route: replicas::current(), moment: moment::current(), ..self.clone() }
    }
    /// Returns a scope whose rows are as of now or later: for jobs that read much, and can wait a
    /// moment for a replica that has replayed so far.
    pub async fn with_caught_up_replica(&self) -> Self {
        // Without a position it is unknown what a replica lacks.
        let Ok(Some(position)) = self.db.position().await else { return self.with_freshness(Freshness::Primary) };
        let scope = self.with_freshness(Freshness::After(position));
        for _ in 0..MAX_CATCH_UP_CHECKS {
            if scope.route.as_ref().is_none_or(|route| route.has_suitable_replica()) {
                break;
            }
            crate::clock::sleep(RETRY_INTERVAL).await;
        }
        scope
    }
    /// Whether reads are as of one moment (`with_consistent_reads`). They exclude later commits, while a
    /// cache may have newer rows.
    pub fn has_consistent_reads(&self) -> bool {
        self.moment.strong_count() > 0
    }
    /// Whether rows may be older than the latest commit, so that its reads cannot be shared with
    /// other requests.
    pub(super) fn may_be_stale(&self) -> bool {
        self.has_consistent_reads() || self.route.as_ref().is_some_and(|route| route.replica().is_some())
    }
    pub async fn snapshot(&self) -> Result<Snapshot, Fault> {
        Snapshot::begin(self.database(), &self.database().reader, self.tenant(), Purpose::Snapshot).await
    }

    async fn answer(&self, kind: ReadKind, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let _span = self.db.statements.count(&statement);
        if let Some(moment) = self.moment.upgrade()
            && let Some(snapshot) = moment.of(&self.db, self.tenant).await?
        {
            return snapshot.answer(statement).await;
        }
        if let Some(route) = &self.route
            && let Some(replica) = route.replica()
        {
            match replica.rows(self.tenant, kind, statement.clone()).await {
                Err(fault) if fault.is_replica_failure() => {
                    tracing::debug!(error = %fault, "a replica did not answer: the primary is read");
                    route.mark_failed();
                }
                answered => return answered,
            }
        }
        self.db.read(self.tenant, kind, statement).await
    }
}

#[async_trait]
impl Reads for TenantScope {
    fn tenant(&self) -> TenantId {
        self.tenant
    }
    fn backend(&self) -> Backend {
        self.db.backend
    }
    fn extensions(&self) -> &Extensions {
        self.db.extensions()
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.answer(self.kind, statement).await
    }
    async fn query_side_by_side(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.answer(ReadKind::SideBySide, statement).await
    }
}

/// The rows of some tenants as committed, on Postgres: for the ledger's lookups for several at
/// once.
pub struct TenantsScope {
    tenants: Arc<[TenantId]>,
    db: Database,
}

impl TenantsScope {
    /// Returns the rows of a statement whose `$1` is the array of the tenants; the caller's values
    /// follow as `$2`, `$3` … The first column of a row is the place of its tenant in the array,
    /// counted from 1.
    pub async fn records<R: Record>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<(TenantId, R)>, Fault> {
        let Some(connection_pools) = &self.db.connection_pools else {
            return Err(Fault::Broken("Postgres without connections".to_owned()));
        };
        let tenants = self.db.backend.ids(self.tenants.iter().copied());
        let all_values = std::iter::once(tenants).chain(values);
        let statement = Statement::from_sql_and_values(self.db.backend.into(), sql, all_values);
        let _span = self.db.statements.count(&statement);
        let rows =
            self.db.active_row_security.reads(connection_pools).rows(&Bound::Tenants(self.tenants.clone()), statement).await?;
        rows.iter()
            .map(|row| {
                let mut row = Row::new(row);
                let position: i32 = row.take()?;
                let tenant = usize::try_from(position - 1).ok().and_then(|index| self.tenants.get(index));
                let tenant = *tenant.ok_or_else(|| Fault::Broken("a row of none of the tenants".to_owned()))?;
                Ok((tenant, row.record()?))
            })
            .collect()
    }
}

/// The few tables that belong to no tenant: users, credentials, signing keys, and the tenants
/// themselves.
#[derive(Clone)]
pub struct Global {
    pub(super) db: Database,
}

impl Global {
    pub fn backend(&self) -> Backend {
        self.db.backend
    }
    pub async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        self.db.query_all_tenants(Statement::from_sql_and_values(self.db.backend.into(), sql, values)).await
    }
    /// Returns the rows of a raw statement whose select list is that of `R`.
    pub async fn records<R: Record>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<R>, Fault> {
        self.rows(sql, values).await?.iter().map(|row| Row::new(row).record()).collect()
    }
    pub async fn all<E: EntityTrait>(&self, select: Select<E>) -> Result<Vec<E::Model>, Fault> {
        let rows = self.db.query_all_tenants(QueryTrait::build(&select, self.db.backend.into())).await?;
        rows.iter().map(|row| Ok(FromQueryResult::from_query_result(row, "")?)).collect()
    }
    pub async fn one<E: EntityTrait>(&self, select: Select<E>) -> Result<Option<E::Model>, Fault> {
        Ok(self.all(QuerySelect::limit(select, 1)).await?.into_iter().next())
    }
    /// Takes a snapshot for the deployment's own proofs: their statements are long, and Postgres
    /// plans them better without policies. Only the statements themselves keep to the tenant.
    pub async fn snapshot_for(&self, tenant: TenantId) -> Result<Snapshot, Fault> {
        Snapshot::begin(&self.db, &self.db.proofs, tenant, Purpose::Snapshot).await
    }
}

impl Database {
    /// Returns a handle on a tenant's rows. Only `access`, and jobs that may, should call it.
    pub fn tenant(&self, tenant: TenantId) -> TenantScope {
        TenantScope { tenant, db: self.clone(), kind: ReadKind::Short, route: replicas::current(), moment: moment::current() }
    }
    /// Returns a handle on several tenants' rows; None on SQLite, where sharing a statement gains
    /// nothing.
    pub fn tenants(&self, tenants: impl IntoIterator<Item = TenantId>) -> Option<TenantsScope> {
        (self.backend == Backend::Postgres).then(|| TenantsScope { tenants: tenants.into_iter().collect(), db: self.clone() })
    }
    pub fn global(&self) -> Global {
        Global { db: self.clone() }
    }
}
