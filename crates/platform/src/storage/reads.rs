//! Reads of a tenant's rows, whichever handle makes them.

use async_trait::async_trait;
use entity::{Tenanted, prelude::TenantId, record::Record};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter, QueryResult, QuerySelect, QueryTrait, Select, Statement, Value};

use super::{Backend, Extensions, Fault, Row};

/// Reads of a tenant's rows. Raw statements get the tenant as `$1`; the caller's values follow as
/// `$2`, `$3` …
#[async_trait]
pub trait Reads: Send + Sync {
    fn tenant(&self) -> TenantId;
    fn backend(&self) -> Backend;
    /// Returns the values that later rooms keep with the database.
    fn extensions(&self) -> &Extensions;
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault>;
    /// Runs a long statement beside another one, in a single process of Postgres.
    async fn query_side_by_side(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.query(statement).await
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        debug_assert!(sql.contains("$1"), "a statement without its tenant: {sql}");
        let mut all_values = Vec::with_capacity(values.len() + 1);
        all_values.push(Value::from(self.tenant()));
        all_values.extend(values);
        self.query(Statement::from_sql_and_values(self.backend().into(), sql, all_values)).await
    }
}

/// The same rows, for long statements that run at the same time: Postgres reads each in one
/// process. With parallel workers they would need more processors than there are, and wait for each
/// other.
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
    /// Returns the rows of a raw statement, sent like `rows`, whose select list is that of `R`.
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

/// Suspended tenants, for statements over all tenants: `AND tenant_id NOT IN {SUSPENDED}` leaves
/// out rows that wait until they are resumed.
pub const SUSPENDED: &str = "(SELECT id FROM tenant WHERE suspended_at IS NOT NULL)";

/// Whether the operator has suspended the tenant.
///
/// # Errors
/// The database fails.
pub async fn is_suspended(reads: &impl Reads) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT 1 FROM tenant WHERE id = $1 AND suspended_at IS NOT NULL", vec![]).await?.is_empty())
}
