//! Pages of purchase orders and of returns to suppliers: keyset, one statement each.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Reads, Row},
};
use sea_orm::Value;

use super::{order_row::OrderRow, returns::ReturnRow};
use crate::purchasing::core::{PurchaseOrder, SupplierReturn};

/// Names the order of the list in cursors.
pub const PURCHASES: &str = "purchases:NUMBER:DESC";
/// The same for returns.
pub const RETURNS: &str = "supplier_returns:NUMBER:DESC";

/// Which documents; what is None says nothing, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub statuses: Option<Vec<PurchaseOrderStatus>>,
    pub suppliers: Option<Vec<SupplierId>>,
    /// Each of these lists must have the store.
    pub stores: Vec<Vec<StoreId>>,
    /// Expected on a day before this one.
    pub expected_before: Option<i32>,
}

impl Filter {
    fn conditions(&self, alias: &str, backend: Backend) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut also = |condition: &dyn Fn(usize) -> String, value: Value| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition(values.len() + 1)));
        };
        if let Some(statuses) = &self.statuses {
            let words = backend.texts(statuses.iter().map(|status| status.as_str()));
            also(&|n| backend.in_texts(&format!("{alias}.status"), n), words);
        }
        if let Some(suppliers) = &self.suppliers {
            also(&|n| backend.in_ids(&format!("{alias}.supplier_id"), n), backend.ids(suppliers.iter().copied()));
        }
        for stores in &self.stores {
            also(&|n| backend.in_ids(&format!("{alias}.store_id"), n), backend.ids(stores.iter().copied()));
        }
        if let Some(day) = self.expected_before {
            also(&|n| backend.rarely(&format!("{alias}.expected_on < ${n}")), day.into());
        }
        (sql, values)
    }
}

/// Where an order stands in its list.
pub fn keys(order: &PurchaseOrder) -> Vec<Key> {
    vec![Key::Int(order.number.get()), order.id.into()]
}

/// The orders that the filter is about.
pub fn source(backend: Backend, filter: &Filter) -> ListSource {
    let (conditions, values) = filter.conditions("o", backend);
    ListSource { from: format!("FROM purchase_order o WHERE o.tenant_id = $1{conditions}"), values }
}

/// A page of orders without their lines, the newest first.
pub async fn page(reads: &impl Reads, source: ListSource, request: &PageRequest) -> Result<Vec<PurchaseOrder>, Fault> {
    let (sql, values) = source.page(OrderRow::SELECT, &["o.number", "o.id"], true, request);
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
    let (conditions, values) = filter.conditions("r", backend);
    ListSource { from: format!("FROM supplier_return r WHERE r.tenant_id = $1{conditions}"), values }
}

/// A page of returns without their lines, the newest first.
pub async fn returns_page(reads: &impl Reads, source: ListSource, request: &PageRequest) -> Result<Vec<SupplierReturn>, Fault> {
    let (sql, values) = source.page(ReturnRow::SELECT, &["r.number", "r.id"], true, request);
    reads.records::<ReturnRow>(&sql, values).await?.into_iter().map(ReturnRow::ret).collect()
}
