//! Queries that all small tables have: by ID, by key, in pages. One text per table, all columns by
//! name.

use entity::{Tenanted, prelude::Id};
use platform::{
    paging::{ListPage, ListSource, PageRequest, SortBy, Sorted},
    storage::{Fault, Reads, Row, Work},
};
use sea_orm::{FromQueryResult, IdenStatic, Iterable, QueryResult, Value};

use super::clause::Clause;

/// The columns of an entity, each after `prefix`. Never `*`: the result of a prepared statement
/// must not change with the next migration.
pub fn columns<E: Tenanted>(prefix: &str) -> String {
    E::Column::iter().map(|column| format!("{prefix}{}", column.as_str())).collect::<Vec<_>>().join(", ")
}

pub fn models<M: FromQueryResult>(rows: &[QueryResult]) -> Result<Vec<M>, Fault> {
    rows.iter().map(|row| Ok(M::from_query_result(row, "")?)).collect()
}

fn table<E: Tenanted>() -> &'static str {
    <E as sea_orm::EntityName>::table_name(&E::default())
}

async fn select<E: Tenanted>(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<E::Model>, Fault> {
    let sql = format!("SELECT {} FROM {} WHERE tenant_id = $1 AND {condition}", columns::<E>(""), table::<E>());
    models(&reads.rows(&sql, values).await?)
}

pub async fn by_id<E: Tenanted, K>(reads: &impl Reads, id: Id<K>) -> Result<Option<E::Model>, Fault> {
    Ok(select::<E>(reads, "id = $2", vec![id.into()]).await?.into_iter().next())
}
/// Returns the row with the ID, locked: callers write it next.
pub async fn locked<E: Tenanted, K>(work: &Work, id: Id<K>) -> Result<Option<E::Model>, Fault> {
    let lock = work.backend().for_change(table::<E>());
    Ok(select::<E>(work, &format!("id = $2{lock}"), vec![id.into()]).await?.into_iter().next())
}
/// The rows that changed last.
pub async fn latest_changed<E: Tenanted>(reads: &impl Reads, limit: i64) -> Result<Vec<E::Model>, Fault> {
    select::<E>(reads, "true ORDER BY updated_at DESC LIMIT $2", vec![limit.into()]).await
}
pub async fn by_ids<E: Tenanted, K>(reads: &impl Reads, ids: &[Id<K>]) -> Result<Vec<E::Model>, Fault> {
    let backend = reads.backend();
    select::<E>(reads, &backend.in_ids("id", 2), vec![backend.ids(ids.iter().copied())]).await
}
/// The row whose `column`, unique in a tenant, has this text.
pub async fn by_text<E: Tenanted>(reads: &impl Reads, column: &'static str, text: &str) -> Result<Option<E::Model>, Fault> {
    Ok(select::<E>(reads, &format!("{column} = $2"), vec![text.into()]).await?.into_iter().next())
}
/// Returns the rows with one of the IDs, or one of the texts in `column`, locked in the order of
/// their IDs: callers write them next.
pub async fn lock_by_ids_or_texts<E: Tenanted, K>(
    work: &Work,
    ids: &[Id<K>],
    column: &'static str,
    texts: &[&str],
) -> Result<Vec<E::Model>, Fault> {
    let backend = work.backend();
    let lock = backend.for_change(table::<E>());
    let condition = format!("({} OR {}) ORDER BY id{lock}", backend.in_ids("id", 2), backend.in_texts(column, 3));
    let values = vec![backend.ids(ids.iter().copied()), backend.texts(texts.iter().copied())];
    select::<E>(work, &condition, values).await
}

/// Adds the condition on archived rows; `None` keeps all rows.
pub fn push_archived_test(clause: &mut Clause, is_archived: Option<bool>) {
    match is_archived {
        Some(true) => clause.push(" AND archived_at IS NOT NULL"),
        Some(false) => clause.push(" AND archived_at IS NULL"),
        None => {}
    }
}

/// A page of a table in an order, of the rows that fulfil `clause` (empty, or beginning with " AND ").
pub async fn sorted_page<E: Tenanted>(
    reads: &impl Reads,
    clause: Clause,
    sorted: Sorted<impl SortBy>,
    request: &PageRequest,
) -> Result<ListPage<E::Model>, Fault> {
    let source = source::<E>(clause);
    let (sql, values) = sorted.page(source.clone(), &columns::<E>(""), request);
    Ok(ListPage { rows: models(&reads.rows(&sql, values).await?)?, source })
}

fn source<E: Tenanted>(clause: Clause) -> ListSource {
    ListSource { from: format!("FROM {} WHERE tenant_id = $1{}", table::<E>(), clause.sql), values: clause.values }
}

/// The time zone of the tenant itself.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", Vec::new()).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    Row::scalar(row)
}
