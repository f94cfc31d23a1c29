//! The documents of all groups, each once: sums of groups add up to the total, but a document is in
//! each of its groups.

use platform::storage::{Backend, Fault, Reads, Row};

use super::{query::SalesQuery, side::Side};
use crate::insight::core::Group;

/// Numbers of count rows start after the sides of sums.
const FIRST_COUNT_SIDE: i32 = 2;

/// Whether a row has the number of the orders (0) or of the returns (1) of all groups; None for the
/// sums of a group.
pub(super) fn count_index(side: i32) -> Option<usize> {
    usize::try_from(side - FIRST_COUNT_SIDE).ok()
}

impl SalesQuery {
    /// Rows after those of the sums, one for each side: the number of documents with a summed line.
    /// Empty if they are not counted.
    pub(super) fn documents_counted(&self, backend: Backend) -> String {
        if !self.counts_documents {
            return String::new();
        }
        [Side::Sales, Side::Returns].map(|side| self.documents_of(side, backend)).concat()
    }

    fn documents_of(&self, side: Side, backend: Backend) -> String {
        let ([counted, table, document], cancelled) = (side.lines(), side.uncounted_units());
        let products_sql = self.of_products().map(|product_condition| format!(" AND {product_condition}")).unwrap_or_default();
        // The first line proves it for almost all documents. Postgres would join all lines instead,
        // unless other conditions bound their number.
        let first = if backend == Backend::Postgres && products_sql.is_empty() { " OFFSET 0" } else { "" };
        format!(
            " UNION ALL SELECT {nth}, NULL, count(*), 0, 0, 0, 0, 0, 0, 0 FROM {documents} WHERE {counted}{bounds} AND ({filter})
             AND EXISTS (SELECT 1 FROM {table} l WHERE l.tenant_id = $1 AND l.{document} = o.id AND l.quantity > {cancelled}{products_sql}{first})",
            nth = FIRST_COUNT_SIDE + side as i32,
            documents = side.documents(backend),
            bounds = self.bounds(),
            filter = self.filter.condition,
        )
    }
}

/// Whether there are at most `limit` products, or customers, if these are the groups. Other groups
/// are never many.
pub async fn has_few_groups(reads: &impl Reads, group: Group, limit: i64) -> Result<bool, Fault> {
    let table = match group {
        Group::Product => "product",
        Group::Customer => "customer",
        _ => return Ok(true),
    };
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} t WHERE t.tenant_id = $1 LIMIT {}) n", limit + 1);
    let count: Option<i64> = reads.rows(&sql, vec![]).await?.first().map(Row::scalar).transpose()?;
    Ok(count.unwrap_or_default() <= limit)
}
