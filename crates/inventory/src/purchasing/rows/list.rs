//! Pages of purchase orders and of returns to suppliers: keyset, one statement each.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Row},
};
use sea_orm::Value;

use super::{order_row::OrderRow, returns::ReturnRow};
use crate::{
    catalog::rows::merge::merged_suppliers,
    orders::rows::{DocumentSort, DocumentSorted, DocumentTable, DocumentTest},
    purchasing::core::{PurchaseOrder, SupplierReturn},
};

/// Names lists of orders in cursors.
pub const PURCHASES: &str = "purchases";
/// The order of orders where none is asked for.
pub const NEWEST: DocumentSorted = DocumentSorted::last_first(DocumentSort::Number);
/// Names the order of returns in cursors.
pub const RETURNS: &str = "supplier_returns:NUMBER:DESC";

/// Which documents; what is None says nothing, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub statuses: Option<Vec<PurchaseOrderStatus>>,
    pub suppliers: Option<Vec<SupplierId>>,
    /// Calling off from one of these.
    pub blankets: Option<Vec<BlanketOrderId>>,
    /// Each of these lists must have the store.
    pub stores: Vec<Vec<StoreId>>,
    /// Expected on a day before this one.
    pub expected_before: Option<i32>,
    /// Expected on such days; each must hold. A day that is not known is none of them.
    pub expected_on: Vec<DaySpan>,
    /// Each must hold.
    pub documents: Vec<DocumentTest>,
}

/// Adds to each filter the suppliers who are merged into its own; one statement where any has some.
pub async fn add_merged(reads: &impl Reads, filters: Vec<&mut Filter>) -> Result<(), Fault> {
    add_merged_suppliers(reads, filters.into_iter().filter_map(|filter| filter.suppliers.as_mut()).collect()).await
}

/// Adds to each list the suppliers who are merged into its own; one statement where any has some.
pub async fn add_merged_suppliers(reads: &impl Reads, lists: Vec<&mut Vec<SupplierId>>) -> Result<(), Fault> {
    let asked: Vec<SupplierId> = lists.iter().flat_map(|suppliers| suppliers.iter().copied()).collect();
    let merged = merged_suppliers(reads, &asked).await?;
    for suppliers in lists {
        let more: Vec<SupplierId> = merged.iter().filter(|(into, _)| suppliers.contains(into)).map(|(_, one)| *one).collect();
        suppliers.extend(more);
    }
    Ok(())
}

/// From a day to before another one; what is None has no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaySpan {
    pub from: Option<i32>,
    pub before: Option<i32>,
}

/// Orders and their lines.
const ORDERS: DocumentTable = DocumentTable { alias: "o", lines: "purchase_order_line", of: "purchase_order_id", counts: "" };

impl Filter {
    /// The conditions, whose parameters are numbered from `first`.
    fn conditions(&self, alias: &str, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut also = |condition: &dyn Fn(usize) -> String, value: Value| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition(first + values.len() - 1)));
        };
        if let Some(statuses) = &self.statuses {
            let words = backend.texts(statuses.iter().map(|status| status.as_str()));
            also(&|n| backend.in_texts(&format!("{alias}.status"), n), words);
        }
        if let Some(suppliers) = &self.suppliers {
            also(&|n| backend.in_ids(&format!("{alias}.supplier_id"), n), backend.ids(suppliers.iter().copied()));
        }
        if let Some(blankets) = &self.blankets {
            also(&|n| backend.in_ids(&format!("{alias}.blanket_order_id"), n), backend.ids(blankets.iter().copied()));
        }
        for stores in &self.stores {
            also(&|n| backend.in_ids(&format!("{alias}.store_id"), n), backend.ids(stores.iter().copied()));
        }
        if let Some(day) = self.expected_before {
            also(&|n| backend.rarely(&format!("{alias}.expected_on < ${n}")), day.into());
        }
        for span in &self.expected_on {
            for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
                if let Some(day) = bound {
                    also(&|n| backend.rarely(&format!("{alias}.expected_on {operator} ${n}")), day.into());
                }
            }
        }
        if !self.expected_on.is_empty() {
            sql.push_str(&format!(" AND {alias}.expected_on IS NOT NULL"));
        }
        (sql, values)
    }
}

/// Where an order stands in its list.
pub fn keys(sorted: DocumentSorted, order: &PurchaseOrder) -> Vec<Key> {
    vec![sorted.key(order.number.get(), order.created_at, order.updated_at), order.id.into()]
}

/// The orders that the filter is about.
pub fn source(backend: Backend, filter: &Nested<Filter>) -> ListSource {
    let (conditions, values) = filter.conditions(2, &|filter, first| {
        let (mut sql, mut values) = filter.conditions("o", backend, first);
        let (documents, more) = DocumentTest::all(&filter.documents, &ORDERS, backend, first + values.len());
        sql.push_str(&documents);
        values.extend(more);
        (sql, values)
    });
    ListSource { from: format!("FROM purchase_order o WHERE o.tenant_id = $1{conditions}"), values }
}

/// A page of orders without their lines.
pub async fn page(
    reads: &impl Reads,
    source: ListSource,
    sorted: DocumentSorted,
    request: &PageRequest,
) -> Result<Vec<PurchaseOrder>, Fault> {
    let (sql, values) = sorted.page(source, OrderRow::SELECT, "o", request);
    reads.records::<OrderRow>(&sql, values).await?.into_iter().map(OrderRow::order).collect()
}

/// The order of a number.
pub async fn number_of(reads: &impl Reads, number: i64) -> Result<Option<PurchaseOrderId>, Fault> {
    let rows = reads.rows("SELECT id FROM purchase_order WHERE tenant_id = $1 AND number = $2", vec![number.into()]).await?;
    rows.first().map(|row| Row::new(row).take()).transpose()
}

/// Where a return stands in its list.
pub fn return_keys(ret: &SupplierReturn) -> Vec<Key> {
    vec![Key::Int(ret.number.get()), ret.id.into()]
}

/// The returns that the filter is about.
pub fn returns_source(backend: Backend, filter: &Filter) -> ListSource {
    let (conditions, values) = filter.conditions("r", backend, 2);
    ListSource { from: format!("FROM supplier_return r WHERE r.tenant_id = $1{conditions}"), values }
}

/// A page of returns without their lines, the newest first.
pub async fn returns_page(reads: &impl Reads, source: ListSource, request: &PageRequest) -> Result<Vec<SupplierReturn>, Fault> {
    let (sql, values) = source.page(ReturnRow::SELECT, &["r.number", "r.id"], true, request);
    reads.records::<ReturnRow>(&sql, values).await?.into_iter().map(ReturnRow::ret).collect()
}
