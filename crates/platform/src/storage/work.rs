//! An open transaction on a tenant's rows: saved by `commit`, rolled back otherwise.

use std::sync::Arc;

use async_trait::async_trait;
use entity::{Tenanted, prelude::TenantId};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryResult, QueryTrait, Statement, Value,
};

use super::{
    Backend, Bulk, CommittedEvents, Database, Extensions, Fault, Global, OwnRow, Reads, Snapshot, TenantScope, bulk,
    commit_hook::{self, ObjectChange},
    dry_run,
    journal_event::Event,
    once, replicas,
    transaction::{Connections, Purpose, Transaction},
};
use crate::slow::StatementTimer;

/// Planner settings for proofs of uncommitted rows.
const PLANS: &str = "SET LOCAL enable_nestloop = off; SET LOCAL jit = off";

pub struct Work {
    tenant: TenantId,
    db: Database,
    /// Whether it is the deployment's own, and reaches global tables.
    is_stewards: bool,
    transaction: Transaction,
    events: Vec<Arc<Event>>,
    changes: Vec<ObjectChange>,
}

impl TenantScope {
    /// Begins a transaction on the tenant's rows. Later reads may depend on its writes, so they go
    /// to the primary.
    pub async fn begin(&self) -> Result<Work, Fault> {
        if let Some(route) = &self.route {
            route.switch_to_primary();
        }
        Work::begin(&self.db, self.tenant).await
    }
}

impl Global {
    /// Begins a transaction of the deployment itself on a tenant's rows. Unlike a request's it may
    /// chain the audit log, erase a tenant, and read and write credentials; it writes only that
    /// tenant's rows and global ones, and reads all. The tenant need not exist yet.
    pub async fn maintenance_for(&self, tenant: TenantId) -> Result<Work, Fault> {
        Work::begin_as_maintenance(&self.db, tenant).await
    }
}

impl Work {
    async fn begin(db: &Database, tenant: TenantId) -> Result<Self, Fault> {
        Self::begin_on(db, &db.writer, tenant, false).await
    }
    async fn begin_as_maintenance(db: &Database, tenant: TenantId) -> Result<Self, Fault> {
        Self::begin_on(db, &db.maintenance, tenant, true).await
    }

    async fn begin_on(db: &Database, connections: &Connections, tenant: TenantId, is_stewards: bool) -> Result<Self, Fault> {
        replicas::switch_to_primary();
        let transaction = connections.begin(db.active_row_security.is_enforced().then_some(tenant), Purpose::Write).await?;
        Ok(Self { tenant, db: db.clone(), is_stewards, transaction, events: Vec::new(), changes: Vec::new() })
    }

    /// Runs a statement with the tenant as `$1`; returns how many rows it changed.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, Fault> {
        debug_assert!(sql.contains("$1"), "a statement without its tenant: {sql}");
        let mut all_values = Vec::with_capacity(values.len() + 1);
        all_values.push(Value::from(self.tenant));
        all_values.extend(values);
        self.run_counting_rows(Statement::from_sql_and_values(self.db.backend.into(), sql, all_values)).await
    }

    /// Asserts that the transaction is the deployment's own. Postgres refuses a request's access to
    /// global tables; this check applies to SQLite too.
    pub(super) fn assert_stewards(&self) {
        debug_assert!(
            self.is_stewards,
            "a request's transaction reached for a global table: begin it with `Global::steward_for`"
        );
    }

    /// Runs a statement on a global table, in this transaction of the deployment's own; the values are `$1`, `$2` …
    pub async fn execute_global(&self, sql: &str, values: Vec<Value>) -> Result<u64, Fault> {
        self.assert_stewards();
        self.run_counting_rows(Statement::from_sql_and_values(self.db.backend.into(), sql, values)).await
    }

    /// Writes rows in as few statements as the database allows.
    pub async fn write(&self, bulk: Bulk) -> Result<(), Fault> {
        for statement in bulk.into_statements(self.db.backend, self.tenant)? {
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Changes the tenant's own rows and writes others: on Postgres in one statement, if that has
    /// the same effect as one after the other.
    pub async fn write_all(&self, own_rows: Vec<OwnRow>, rows: Vec<Bulk>) -> Result<(), Fault> {
        for statement in bulk::statements(self.db.backend, self.tenant, own_rows, rows)? {
            self.run(statement).await?;
        }
        Ok(())
    }

    pub(super) async fn run(&self, statement: Statement) -> Result<(), Fault> {
        self.run_counting_rows(statement).await?;
        Ok(())
    }

    /// Runs a statement; returns how many rows it changed.
    async fn run_counting_rows(&self, statement: Statement) -> Result<u64, Fault> {
        let _span = self.db.statements.count(&statement);
        Ok(self.transaction.execute_raw(statement).await.map_err(|err| self.db.convert_write_error(err))?.rows_affected())
    }

    /// Inserts a row of a tenant's table. The row must be of this tenant: another one is a bug.
    pub async fn insert<E>(&self, model: E::Model) -> Result<(), Fault>
    where
        E: Tenanted,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let active = model.into_active_model();
        self.assert_own::<E>(&active)?;
        self.run(E::insert(active).build(self.db.backend.into())).await
    }

    /// Writes all columns of a row that exists, found by its primary key.
    pub async fn update<E>(&self, model: E::Model) -> Result<(), Fault>
    where
        E: Tenanted,
        E::Model: IntoActiveModel<E::ActiveModel> + sea_orm::FromQueryResult,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let active = model.into_active_model().reset_all();
        self.assert_own::<E>(&active)?;
        let statement = E::update(active).validate()?.build(self.db.backend.into());
        if self.run_counting_rows(statement).await? == 0 {
            return Err(self.db.convert_write_error(DbErr::RecordNotUpdated));
        }
        Ok(())
    }

    /// Inserts a row of a global table, in a transaction of the deployment's own.
    pub async fn insert_global<E>(&self, model: E::Model) -> Result<(), Fault>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.assert_stewards();
        self.run(E::insert(model.into_active_model()).build(self.db.backend.into())).await
    }

    fn assert_own<E: Tenanted>(&self, active: &E::ActiveModel) -> Result<(), Fault>
    where
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        self.assert_tenant(active.get(E::TENANT).into_value().as_ref())
    }

    /// Refuses the tenant column of a row of another tenant, which is a bug of ours.
    pub(super) fn assert_tenant(&self, column: Option<&Value>) -> Result<(), Fault> {
        if column == Some(&Value::from(self.tenant)) {
            return Ok(());
        }
        Err(Fault::Broken("a row of another tenant reached this tenant's transaction".to_owned()))
    }

    /// Returns the database and the transaction through which it writes.
    pub(super) fn parts(&self) -> (&Database, &Transaction) {
        (&self.db, &self.transaction)
    }

    /// Turns the transaction into a snapshot with all that it has written, for proofs before it
    /// commits.
    pub async fn into_snapshot(self) -> Result<(Snapshot, PausedWork), Fault> {
        let Self { tenant, db, is_stewards, transaction, events, changes } = self;
        if db.backend == Backend::Postgres {
            // Uncommitted rows have no statistics: planned for few of them, a nested loop may take
            // hours.
            transaction.execute_unprepared(PLANS).await.map_err(|err| db.convert_write_error(err))?;
        }
        let snapshot = Snapshot::of_transaction(&db, tenant, transaction);
        Ok((snapshot, PausedWork { db, is_stewards, events, changes }))
    }

    pub(super) fn add_events(&mut self, events: impl IntoIterator<Item = Arc<Event>>) {
        self.events.extend(events);
    }

    /// Notes for the commit hook that the transaction changes an object.
    pub fn note_change(&mut self, change: ObjectChange) {
        self.changes.push(change);
    }

    /// Commits the transaction, then notifies this process's followers. In a dry run it rolls back
    /// and notifies no follower.
    pub async fn commit(mut self) -> Result<(), Fault> {
        if dry_run::is_on() {
            return self.rollback().await;
        }
        let once = once::current();
        let receipt = once.as_ref().map(|once| once.row(self.tenant, &self.events)).transpose()?.flatten();
        let has_receipt = receipt.is_some();
        if let Some(receipt) = receipt {
            Box::pin(self.write(receipt)).await?;
        }
        let changes = std::mem::take(&mut self.changes);
        let commit_hook = commit_hook::current();
        let hook_rows = commit_hook.as_ref().and_then(|commit_hook| commit_hook.rows(self.tenant, &self.events, changes));
        let has_hook_rows = hook_rows.is_some();
        if let Some(rows) = hook_rows {
            // A login that no tenant was known for is written into the log of the one that it led to.
            let tenant = rows.owner().unwrap_or(self.tenant);
            for statement in rows.into_statements(self.db.backend, tenant)? {
                self.run(statement).await?;
            }
        }
        let timer = StatementTimer::begin("COMMIT");
        self.transaction.commit().await.map_err(|err| self.db.convert_write_error(err))?;
        drop(timer);
        if let Some(commit_hook) = commit_hook {
            commit_hook.committed(has_hook_rows);
        }
        if let Some(once) = once.filter(|_| has_receipt) {
            once.mark_recorded();
        }
        if let Some(last) = self.events.last() {
            let head = last.seq;
            self.db.announcer.announce(CommittedEvents { tenant: self.tenant, head, events: self.events.into() });
        }
        Ok(())
    }

    /// Rolls back at once, instead of when the connection is next used.
    pub async fn rollback(self) -> Result<(), Fault> {
        Ok(self.transaction.rollback().await?)
    }
}

/// Parts of a transaction besides its snapshot, while it is read as one.
pub struct PausedWork {
    db: Database,
    is_stewards: bool,
    events: Vec<Arc<Event>>,
    changes: Vec<ObjectChange>,
}

impl PausedWork {
    /// Continues the transaction that the snapshot was made of.
    pub fn resume(self, snapshot: Snapshot) -> Work {
        let Self { db, is_stewards, events, changes } = self;
        let (tenant, transaction) = snapshot.into_parts();
        Work { tenant, db, is_stewards, transaction, events, changes }
    }
}

#[async_trait]
impl Reads for Work {
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
        let _span = self.db.statements.count(&statement);
        self.transaction.query_all_raw(statement).await.map_err(|err| self.db.convert_write_error(err))
    }
}
