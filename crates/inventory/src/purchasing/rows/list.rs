//! Pages of purchase orders: keyset, one statement each.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Row},
};
use sea_orm::Value;
use uuid::Uuid;

use super::{order_row::OrderRow, sorted::PurchaseSorted};
use crate::{
    catalog::rows::{
        conditions::{DaySpan, null_test},
        filter::TextTest as TagTest,
        merge::merged_suppliers,
        node_tags::tag_condition,
    },
    orders::rows::{Clause, DocumentTable, DocumentTest, TextTest, TotalTest},
    purchasing::core::PurchaseOrder,
};

/// Name of lists of orders in cursors.
pub const PURCHASES: &str = "purchases";

/// Filter of purchase orders; `None` is no condition, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub statuses: Option<Vec<PurchaseOrderStatus>>,
    pub suppliers: Option<Vec<SupplierId>>,
    /// Blanket orders, one of which the order calls off from.
    pub blankets: Option<Vec<BlanketOrderId>>,
    /// True for orders that call off from a blanket order, false for the others.
    pub has_blanket: Option<bool>,
    /// The store must be in each of these lists.
    pub stores: Vec<Vec<StoreId>>,
    /// Expected on a day before this one.
    pub expected_before: Option<i32>,
    /// Spans that must all have the expected day. An unknown day is in none.
    pub expected_on: Vec<DaySpan>,
    /// Tests of the external reference; each must pass.
    pub references: Vec<TextTest>,
    /// Tests of tags; each passes if one of the tags does.
    pub tags: Vec<TagTest>,
    /// Created by one of these.
    pub created_by: Option<Vec<Uuid>>,
    /// Test of the total of goods and charges.
    pub total: Option<TotalTest>,
    /// Each must hold.
    pub documents: Vec<DocumentTest>,
}

/// Adds to each filter the suppliers that are merged into its own; one statement if any are.
pub async fn add_merged(reads: &impl Reads, filters: Vec<&mut Filter>) -> Result<(), Fault> {
    add_merged_suppliers(reads, filters.into_iter().filter_map(|filter| filter.suppliers.as_mut()).collect()).await
}

/// Adds to each list the suppliers that are merged into its own; one statement if any are.
pub async fn add_merged_suppliers(reads: &impl Reads, lists: Vec<&mut Vec<SupplierId>>) -> Result<(), Fault> {
    let supplier_ids: Vec<SupplierId> = lists.iter().flat_map(|suppliers| suppliers.iter().copied()).collect();
    let merged = merged_suppliers(reads, &supplier_ids).await?;
    for suppliers in lists {
        let merged_ids: Vec<SupplierId> =
            merged.iter().filter(|(into, _)| suppliers.contains(into)).map(|(_, merged_id)| *merged_id).collect();
        suppliers.extend(merged_ids);
    }
    Ok(())
}

/// Orders and their lines.
const ORDERS: DocumentTable =
    DocumentTable { name: "purchase_order", alias: "o", lines: "purchase_order_line", of: "purchase_order_id", counts: "" };

impl Filter {
    /// The conditions, whose parameters are numbered from `first`.
    fn conditions(&self, backend: Backend, first_number: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut push_condition = |condition: &dyn Fn(usize) -> String, value: Value| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition(first_number + values.len() - 1)));
        };
        if let Some(statuses) = &self.statuses {
            let words = backend.texts(statuses.iter().map(|status| status.as_str()));
            push_condition(&|n| backend.in_texts("o.status", n), words);
        }
        if let Some(suppliers) = &self.suppliers {
            push_condition(&|n| backend.in_ids("o.supplier_id", n), backend.ids(suppliers.iter().copied()));
        }
        if let Some(blankets) = &self.blankets {
            push_condition(&|n| backend.in_ids("o.blanket_order_id", n), backend.ids(blankets.iter().copied()));
        }
        for stores in &self.stores {
            push_condition(&|n| backend.in_ids("o.store_id", n), backend.ids(stores.iter().copied()));
        }
        if let Some(day) = self.expected_before {
            push_condition(&|n| backend.rarely_matches(&format!("o.expected_on < ${n}")), day.into());
        }
        for span in &self.expected_on {
            for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
                if let Some(day) = bound {
                    push_condition(&|n| backend.rarely_matches(&format!("o.expected_on {operator} ${n}")), day.into());
                }
            }
        }
        for span in &self.expected_on {
            // With this explicit condition, the partial index can be used.
            if span.from.is_some() || span.before.is_some() {
                sql.push_str(" AND o.expected_on IS NOT NULL");
            }
            if let Some(is_null) = span.is_null {
                sql.push_str(&format!(" AND {}", null_test("o.expected_on", is_null)));
            }
        }
        if let Some(status) = self.has_blanket.map(|has_one| if has_one { "IS NOT NULL" } else { "IS NULL" }) {
            sql.push_str(&format!(" AND o.blanket_order_id {status}"));
        }
        let (document_condition, document_values) = self.of_document(backend, first_number + values.len());
        sql.push_str(&document_condition);
        values.extend(document_values);
        (sql, values)
    }

    /// Returns the conditions on references, creator, cost and content of an order.
    fn of_document(&self, backend: Backend, first_number: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, first_number);
        for test in &self.references {
            push_reference_test(&mut clause, "purchase_order", "o", test);
        }
        for test in &self.tags {
            let (sql, values) = tag_condition(backend, clause.next(), "o.id", test);
            clause.push(&sql);
            clause.values.extend(values);
        }
        if let Some(actors) = &self.created_by {
            clause.push(" AND ");
            clause.ids("o.actor_id", actors);
        }
        if let Some(total) = self.total {
            let currency = clause.bind(total.currency.as_str());
            clause.push(&format!(" AND o.currency = ${currency}"));
            for (bound, operator) in [(total.least, ">="), (total.most, "<=")] {
                if let Some(minor) = bound {
                    let number = clause.bind(minor);
                    clause.push(&format!(" AND o.goods_minor + o.charges_minor {operator} ${number}"));
                }
            }
        }
        let (documents, document_values) = DocumentTest::all(&self.documents, &ORDERS, backend, clause.next());
        let Clause { mut sql, mut values, .. } = clause;
        sql.push_str(&documents);
        values.extend(document_values);
        (sql, values)
    }
}

/// Adds the condition that the reference of a document passes; begins with ` AND `. Whole
/// references are looked up in a subquery: SQLite would scan all documents in the order of the
/// list.
pub(super) fn push_reference_test(clause: &mut Clause, table: &str, alias: &str, test: &TextTest) {
    match test {
        TextTest::In(_) => {
            clause.push(&format!(" AND {alias}.id IN (SELECT x.id FROM {table} x WHERE x.tenant_id = $1 AND "));
            clause.text("x.external_ref", test);
            clause.push(")");
        }
        TextTest::StartsWith(_) | TextTest::Contains(_) | TextTest::IsNull(_) => {
            clause.push(" AND ");
            clause.text(&format!("{alias}.external_ref"), test);
        }
    }
}

/// The orders that the filter selects.
pub fn source(backend: Backend, filter: &Nested<Filter>) -> ListSource {
    let (conditions, values) = filter.conditions(2, &|filter, first_number| filter.conditions(backend, first_number));
    ListSource { from: format!("FROM purchase_order o WHERE o.tenant_id = $1{conditions}"), values }
}

/// A page of orders without their lines.
pub async fn page(
    reads: &impl Reads,
    source: ListSource,
    sorted: PurchaseSorted,
    request: &PageRequest,
) -> Result<Vec<PurchaseOrder>, Fault> {
    let (sql, values) = sorted.page(source, OrderRow::SELECT, request);
    reads.records::<OrderRow>(&sql, values).await?.into_iter().map(OrderRow::order).collect()
}

/// The order of a number.
pub async fn order_by_number(reads: &impl Reads, number: i64) -> Result<Option<PurchaseOrderId>, Fault> {
    let rows = reads.rows("SELECT id FROM purchase_order WHERE tenant_id = $1 AND number = $2", vec![number.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}
