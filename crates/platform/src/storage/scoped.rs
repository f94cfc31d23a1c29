//! Handles that carry the tenant.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use entity::{Tenanted, prelude::TenantId, record::Record};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult, QuerySelect, QueryTrait, Select, Statement, Value,
};

use super::{
    Backend, Database, Extensions, Fault, Row, Work, journal,
    moment::{self, Moment},
    replicas::{self, Freshness, ReadRoute},
    sessions::{Bound, Workers},
};

/// Reading a tenant's rows. Raw statements get the tenant as `$1`; the caller's values follow as `$2`, `$3` …
#[async_trait]
pub trait Reads: Send + Sync {
    fn tenant(&self) -> TenantId;
    fn backend(&self) -> Backend;
    /// What later rooms left with the database.
    fn extensions(&self) -> &Extensions;
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault>;
    /// The same for a long statement that runs beside another one, as one process of Postgres.
    async fn query_side_by_side(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.query(statement).await
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        debug_assert!(sql.contains("$1"), "a statement without its tenant: {sql}");
        let mut all = Vec::with_capacity(values.len() + 1);
        all.push(Value::from(self.tenant()));
        all.extend(values);
        self.query(Statement::from_sql_and_values(self.backend().into(), sql, all)).await
    }
}

/// The same rows, for long statements that run at the same time: Postgres reads each in one process. With parallel workers they take more processors than there
/// are, and wait for each other.
pub struct SideBySide<'a, R>(pub &'a R);

#[async_trait]
impl<R: Reads> Reads for SideBySide<'_, R> {
    fn tenant(&self) -> TenantId {
        self.0.tenant()
    }
    fn backend(&self) -> Backend {
        self.0.backend()
    }
    fn extensions(&self) -> &Extensions {
        self.0.extensions()
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.0.query_side_by_side(statement).await
    }
}

/// Finders for a tenant's tables.
#[async_trait]
pub trait Finds: Reads {
    /// The rows of a raw statement, as `rows` sends it, whose select list is that of `R`.
    async fn records<R: Record + Send>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<R>, Fault> {
        self.rows(sql, values).await?.iter().map(|row| Row::new(row).record()).collect()
    }
    /// A select that already names the tenant.
    fn find<E: Tenanted>(&self) -> Select<E> {
        E::find().filter(E::TENANT.eq(self.tenant()))
    }
    async fn all<E: Tenanted>(&self, select: Select<E>) -> Result<Vec<E::Model>, Fault> {
        let rows = self.query(QueryTrait::build(&select, self.backend().into())).await?;
        rows.iter().map(|row| Ok(FromQueryResult::from_query_result(row, "")?)).collect()
    }
    async fn one<E: Tenanted>(&self, select: Select<E>) -> Result<Option<E::Model>, Fault> {
        Ok(self.all(QuerySelect::limit(select, 1)).await?.into_iter().next())
    }
}
impl<T: Reads + ?Sized> Finds for T {}

/// The tenants that the operator has suspended, for statements over all tenants: `AND tenant_id NOT IN {SUSPENDED}` leaves out what waits until they
/// are resumed.
pub const SUSPENDED: &str = "(SELECT id FROM tenant WHERE suspended_at IS NOT NULL)";

/// Whether the operator has suspended the tenant.
///
/// # Errors
/// The database fails.
pub async fn is_suspended(reads: &impl Reads) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT 1 FROM tenant WHERE id = $1 AND suspended_at IS NOT NULL", vec![]).await?.is_empty())
}

/// How often, and after which pause, a job looks for a replica that has caught up: for two seconds.
const CATCHING_UP: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(100);

/// The statements that a handle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadKind {
    /// Of a page or a list.
    Short,
    /// Of thousands of rows.
    Long,
    /// Long ones that run at the same time.
    SideBySide,
}

impl ReadKind {
    pub(super) const fn is_long(self) -> bool {
        matches!(self, Self::Long | Self::SideBySide)
    }
    pub(super) const fn workers(self) -> Workers {
        match self {
            Self::Short | Self::Long => Workers::AsSet,
            Self::SideBySide => Workers::None,
        }
    }
}

/// The tenant's rows as committed, as a replica has them that is fresh enough for the request that opened the handle, or as of the moment of the
/// task that opened it.
#[derive(Clone)]
pub struct TenantScope {
    tenant: TenantId,
    db: Database,
    kind: ReadKind,
    /// The way of the request that opened the handle; None reads from the primary.
    route: Option<Arc<ReadRoute>>,
    /// It comes before the way while it lasts.
    moment: Weak<Moment>,
}

impl TenantScope {
    pub fn database(&self) -> &Database {
        &self.db
    }
    /// The same rows, for statements that read thousands of them. Postgres keeps one plan for all values of a statement that it meets often, and
    /// guesses that a page is short and a list has ten ids; here it plans each for its own values.
    #[must_use]
    pub fn long(&self) -> Self {
        Self { kind: ReadKind::Long, ..self.clone() }
    }
    /// The same rows, no older than is said and of no moment; a read goes to a replica that has them.
    #[must_use]
    pub fn fresh(&self, freshness: Freshness) -> Self {
        let route = match freshness {
            Freshness::Primary => None,
            Freshness::After(_) | Freshness::Bounded(_) => self.db.read_route(freshness, self.tenant.uuid().as_u128()),
        };
        Self { route, moment: Weak::new(), ..self.clone() }
    }
    /// The same rows, as fresh as the request that runs now needs them: for handles that were opened before it began.
    #[must_use]
    pub fn of_this_request(&self) -> Self {
        Self { route: replicas::current(), moment: moment::current(), ..self.clone() }
    }
    /// The same rows as they are now, or later: for jobs that read much, and wait a moment for a replica that has replayed so far.
    pub async fn caught_up(&self) -> Self {
        // Without a position nobody knows what a replica lacks.
        let Ok(Some(position)) = self.db.position().await else { return self.fresh(Freshness::Primary) };
        let scope = self.fresh(Freshness::After(position));
        for _ in 0..CATCHING_UP {
            if scope.route.as_ref().is_none_or(|route| route.would_fit()) {
                break;
            }
            crate::clock::sleep(BETWEEN).await;
        }
        scope
    }
    /// Whether its reads are as of one moment (`at_one_moment`). What is committed from now on is not in them, and what a cache has may be newer.
    pub fn is_at_one_moment(&self) -> bool {
        self.moment.strong_count() > 0
    }
    /// Whether its rows may be older than what is committed, so that its reads cannot be shared with others'.
    pub(super) fn reads_apart(&self) -> bool {
        self.is_at_one_moment() || self.route.as_ref().is_some_and(|route| route.replica().is_some())
    }
    /// Begins a transaction on the tenant's rows. Later reads may be of its own writes, so they go to the primary.
    pub async fn begin(&self) -> Result<Work, Fault> {
        if let Some(route) = &self.route {
            route.leave();
        }
        Work::begin(&self.db, self.tenant).await
    }
    /// The number of the tenant's last event.
    pub async fn head(&self) -> Result<journal::Head, Fault> {
        journal::head(self).await
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
                Err(fault) if fault.is_of_a_replica() => {
                    tracing::debug!(error = %fault, "a replica did not answer: the primary is asked");
                    route.failed();
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

/// The rows of some tenants as committed, on Postgres: for what the ledger looks up for several at once.
pub struct TenantsScope {
    tenants: Arc<[TenantId]>,
    db: Database,
}

impl TenantsScope {
    /// The rows of a statement whose `$1` is the array of the tenants; the caller's values follow as `$2`, `$3` … A row says with its first column
    /// which of the tenants it belongs to, counted from 1.
    pub async fn records<R: Record>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<(TenantId, R)>, Fault> {
        let Some(doors) = &self.db.doors else { return Err(Fault::Broken("Postgres without connections".to_owned())) };
        let tenants = self.db.backend.ids(self.tenants.iter().copied());
        let all = std::iter::once(tenants).chain(values);
        let statement = Statement::from_sql_and_values(self.db.backend.into(), sql, all);
        let _span = self.db.statements.count(&statement);
        let rows = self.db.active_row_security.reads(doors).rows(&Bound::Tenants(self.tenants.clone()), statement).await?;
        rows.iter()
            .map(|row| {
                let mut row = Row::new(row);
                let place: i32 = row.take()?;
                let tenant = usize::try_from(place - 1).ok().and_then(|index| self.tenants.get(index));
                let tenant = *tenant.ok_or_else(|| Fault::Broken("a row of none of the tenants".to_owned()))?;
                Ok((tenant, row.record()?))
            })
            .collect()
    }
}

/// The few tables that are no tenant's: users, credentials, signing keys, and which tenants there are.
#[derive(Clone)]
pub struct Global {
    pub(super) db: Database,
}

impl Global {
    pub fn backend(&self) -> Backend {
        self.db.backend
    }
    pub async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        self.db.read_across(Statement::from_sql_and_values(self.db.backend.into(), sql, values)).await
    }
    /// The rows of a raw statement whose select list is that of `R`.
    pub async fn records<R: Record>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<R>, Fault> {
        self.rows(sql, values).await?.iter().map(|row| Row::new(row).record()).collect()
    }
    pub async fn all<E: EntityTrait>(&self, select: Select<E>) -> Result<Vec<E::Model>, Fault> {
        let rows = self.db.read_across(QueryTrait::build(&select, self.db.backend.into())).await?;
        rows.iter().map(|row| Ok(FromQueryResult::from_query_result(row, "")?)).collect()
    }
    pub async fn one<E: EntityTrait>(&self, select: Select<E>) -> Result<Option<E::Model>, Fault> {
        Ok(self.all(QuerySelect::limit(select, 1)).await?.into_iter().next())
    }
    /// Begins a transaction of the deployment itself on a tenant's rows: it may do what no request may (chain the audit log, erase a
    /// tenant, read and write what people and programs sign in with), writes that tenant's rows and global ones only, and reads all. The
    /// tenant need not exist yet.
    pub async fn maintenance_for(&self, tenant: TenantId) -> Result<Work, Fault> {
        Work::begin_as_maintenance(&self.db, tenant).await
    }
}

impl Database {
    /// The door to a tenant's rows. Only `access` and jobs, which know that they may, should open it.
    pub fn tenant(&self, tenant: TenantId) -> TenantScope {
        TenantScope { tenant, db: self.clone(), kind: ReadKind::Short, route: replicas::current(), moment: moment::current() }
    }
    /// The same for several tenants at once; None on SQLite, where a statement costs too little to share it.
    pub fn tenants(&self, tenants: impl IntoIterator<Item = TenantId>) -> Option<TenantsScope> {
        (self.backend == Backend::Postgres).then(|| TenantsScope { tenants: tenants.into_iter().collect(), db: self.clone() })
    }
    pub fn global(&self) -> Global {
        Global { db: self.clone() }
    }
}
