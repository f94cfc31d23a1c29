//! Sums by properties of whole documents. The lines of each document are summed first, so that the
//! databases need neither sort lines nor count distinct documents.

use inventory::catalog::rows::merge::{join_merged_customers, survivor_of};
use platform::storage::Backend;

use super::{
    query::{AMOUNT, COST, SCALE, SalesQuery},
    side::{Side, nil_id_literal},
};
use crate::insight::core::Group;

/// The sums of a document's lines, by name; charges are among the amounts.
const OF_LINES: &str =
    "count(item) AS lines, CAST(sum(CASE WHEN item IS NULL THEN 0 ELSE quantity - cancelled END) AS bigint) AS units,
    CAST(sum({amount}) AS bigint) AS amounts, CAST(sum(CASE WHEN item IS NOT NULL THEN 0 ELSE {amount} END) AS bigint) AS charges,
    CAST(sum({cost}) AS bigint) AS cost, sum(large) AS large, sum(settled) AS settled";

/// The columns of `GroupSums`, of such sums.
const OF_DOCUMENTS: &str =
    "count(*), CAST(sum(lines) AS bigint), CAST(sum(units) AS bigint), CAST(sum(amounts - charges) AS bigint),
    CAST(sum(charges) AS bigint), CAST(sum(cost) AS bigint), CAST(sum(large) AS bigint), CAST(sum(settled) AS bigint)";

impl SalesQuery {
    /// Whether the lines of each document are summed first. Postgres reads products in the order of
    /// an index; SQLite would sort lines by category in any case.
    pub(super) fn is_by_document(&self, backend: Backend) -> bool {
        match backend {
            Backend::Sqlite => !self.group.by_product(),
            Backend::Postgres => self.group != Group::Product,
        }
    }

    /// The lines that are summed of the document `o`, for Postgres.
    pub(super) fn lines_of_document(&self, side: Side) -> String {
        let ([_, table, document], cancelled) = (side.lines(), side.uncounted_units());
        let large = side.large_line_condition();
        let charges = if self.group.by_product() && !self.with_charges { " AND l.product_id IS NOT NULL" } else { "" };
        let products_sql = self.of_products().map(|product_condition| format!(" AND {product_condition}")).unwrap_or_default();
        format!(
            "SELECT l.product_id AS item, l.quantity, {cancelled} AS cancelled, l.total_minor AS total, {cost} AS cost, l.unit_decimals AS decimals,
               CASE WHEN {large} THEN 1 ELSE 0 END AS large, {settled} AS settled
             FROM {table} l WHERE l.tenant_id = $1 AND l.{document} = o.id AND l.quantity > {cancelled}{charges}{products_sql}",
            cost = side.unit_cost(),
            settled = side.settlement_flag(),
        )
    }

    /// The sums of one side by group, from sums of documents: of whole documents, or of their lines
    /// in a category.
    pub(super) fn totals_by_document(&self, side: Side, backend: Backend) -> String {
        let key = if self.group == Group::Customer {
            "o.customer_id".to_owned()
        } else {
            self.group_expression(nil_id_literal(backend))
        };
        let sums = OF_LINES.replace("{amount}", AMOUNT).replace("{cost}", &COST.replace("SCALE", SCALE));
        let documents = match backend {
            // The order of the index that documents are found by, so that each one's lines are together. The key is any line's.
            Backend::Sqlite => {
                format!("SELECT grp, {sums} FROM ({}) x GROUP BY placed, document", self.lines(side, backend, &key))
            }
            Backend::Postgres if self.group == Group::Category => {
                format!("SELECT grp, {sums} FROM ({}) x GROUP BY document, grp", self.lines(side, backend, &key))
            }
            // The lines of one document after the other, which lie together: Postgres would hash or sort all lines.
            Backend::Postgres if !self.is_of_some_products() => {
                let [counted, ..] = side.lines();
                format!(
                    "SELECT {key} AS grp, x.* FROM {documents} CROSS JOIN LATERAL (SELECT {sums} FROM ({lines}) l HAVING count(*) > 0) x
                     WHERE {counted}{bounds} AND ({filter})",
                    documents = side.documents(backend),
                    lines = self.lines_of_document(side),
                    bounds = self.bounds(),
                    filter = self.filter.condition,
                )
            }
            // Lines of some products are found by an index of their own. The sort order is that of
            // the key that documents and lines have in common; the grouping columns are joined
            // after lines are summed.
            Backend::Postgres => {
                let lines = self.lines(side, backend, "CAST(NULL AS bigint)");
                format!(
                    "SELECT {key} AS grp, x.lines, x.units, x.amounts, x.charges, x.cost, x.large, x.settled
                     FROM (SELECT document, {sums} FROM ({lines}) x GROUP BY document) x
                     JOIN {documents} ON o.tenant_id = $1 AND o.id = x.document",
                    documents = side.documents(backend)
                )
            }
        };
        let documents = if self.group == Group::Customer { by_survivor_sql(&documents) } else { documents };
        let span_condition = self.after_key_condition("grp");
        format!(
            "SELECT {} AS side, grp, {OF_DOCUMENTS} FROM ({documents}) y WHERE 1 = 1{span_condition} GROUP BY grp",
            side as i32
        )
    }
}

/// Documents of customers; those of a merged customer belong to the survivor.
fn by_survivor_sql(documents: &str) -> String {
    format!(
        "SELECT {} AS grp, d.lines, d.units, d.amounts, d.charges, d.cost, d.large, d.settled FROM ({documents}) d {}",
        survivor_of("d.grp"),
        join_merged_customers("d.grp")
    )
}
