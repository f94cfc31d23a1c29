//! Fields of orders and stores that works and their papers show.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_detail, sales_order, store, tenant},
};
use platform::storage::{Fault, Finds, Reads};

/// Fields of its order that a work shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    pub order: OrderId,
    pub number: i64,
    /// True if the order has a hold.
    pub is_held: bool,
    pub method: DeliveryMethod,
    pub note_for_staff: Option<String>,
}

#[derive(Record)]
struct OrderRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = sales_order, alias = "o")]
    number: i64,
    #[record(of = sales_order, alias = "o")]
    hold_kinds: Option<String>,
    #[record(of = order_detail, alias = "d", outer)]
    delivery_method: Option<DeliveryMethod>,
    #[record(of = order_detail, alias = "d", outer)]
    note_for_staff: Option<String>,
}

impl From<OrderRow> for OrderFacts {
    fn from(row: OrderRow) -> Self {
        Self {
            order: row.id,
            number: row.number,
            is_held: row.hold_kinds.is_some(),
            // An order without details is shipped.
            method: row.delivery_method.unwrap_or(DeliveryMethod::Ship),
            note_for_staff: row.note_for_staff,
        }
    }
}

/// Returns the numbers of these orders, whether they are held, their delivery methods, and their
/// notes for staff.
pub async fn order_facts(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<OrderFacts>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (OrderRow::SELECT, backend.in_ids("o.id", 2));
    let sql = format!(
        "SELECT {select} FROM sales_order o
         LEFT JOIN order_detail d ON d.tenant_id = $1 AND d.order_id = o.id WHERE o.tenant_id = $1 AND {id_condition}"
    );
    let rows = reads.records::<OrderRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(OrderFacts::from).collect())
}

#[derive(Record)]
struct NamesRow {
    #[record(of = tenant, alias = "t", column = "name")]
    tenant: String,
    #[record(of = store, alias = "s", column = "name")]
    store: String,
}

/// Returns the names of the tenant and of a store.
pub async fn names_of_store(reads: &impl Reads, store: StoreId) -> Result<Option<(String, String)>, Fault> {
    let sql = format!(
        "SELECT {} FROM store s JOIN tenant t ON t.id = s.tenant_id WHERE s.tenant_id = $1 AND s.id = $2",
        NamesRow::SELECT
    );
    let row = reads.records::<NamesRow>(&sql, vec![store.into()]).await?.pop();
    Ok(row.map(|names| (names.tenant, names.store)))
}
