//! Documents of people and registers: orders that were placed or cancelled, and returns that were recorded.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::orders::events::ORDER_CANCELLED;
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::facts::money;
use crate::anomalies::core::{Documents, Origin, ReversalContent};

const DAY: i64 = 86_400_000_000;

/// Stores, and a range of days, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'s> {
    pub stores: &'s [StoreId],
    pub from: i32,
    pub to: i32,
}

impl Span<'_> {
    /// Returns the condition on `alias` with the parameters $2 to $5; `column` is an indexed time, and no
    /// time zone differs by more than a day.
    pub(super) fn condition(backend: Backend, alias: &str, column: &str) -> String {
        let stores = backend.in_ids(&format!("{alias}.store_id"), 2);
        format!(
            "{alias}.tenant_id = $1 AND {stores} AND {alias}.{column} >= $3 AND {alias}.business_date >= $4 AND {alias}.business_date <= $5"
        )
    }
    pub(super) fn values(self, backend: Backend) -> Vec<Value> {
        let since = (i64::from(self.from) - 1) * DAY;
        vec![backend.ids(self.stores.iter().copied()), since.into(), self.from.into(), self.to.into()]
    }
}

#[derive(Record)]
struct DocumentsRow {
    #[record(sql = "g.store_id")]
    store: StoreId,
    #[record(sql = "g.actor_kind")]
    kind: ActorKind,
    #[record(sql = "g.actor_id")]
    id: uuid::Uuid,
    #[record(sql = "CAST(count(*) AS bigint)")]
    all: i64,
    #[record(sql = "CAST(sum(g.reversed) AS bigint)")]
    reversals: i64,
}

#[derive(Record)]
struct RegisterRow {
    #[record(sql = "g.store_id")]
    store: StoreId,
    #[record(sql = "g.register")]
    register: String,
    #[record(sql = "CAST(count(*) AS bigint)")]
    all: i64,
    #[record(sql = "CAST(sum(g.reversed) AS bigint)")]
    reversals: i64,
}

#[derive(Record)]
struct ProductRow {
    #[record(sql = "g.product_id")]
    product: ProductId,
}

/// Total value of reversed documents in one currency.
#[derive(Record)]
struct ValueRow {
    #[record(sql = "g.currency")]
    currency: String,
    #[record(sql = "CAST(sum(g.minor) AS bigint)")]
    minor: i64,
}

/// Returns the name of the event of a cancelled order, as an SQL text.
fn cancelled() -> String {
    format!("'{}'", ORDER_CANCELLED.name())
}

/// Reads the numbers of documents of each person and integration, by store.
pub async fn documents(reads: &impl Reads, span: Span<'_>) -> Result<BTreeMap<StoreId, Vec<Documents>>, Fault> {
    let backend = reads.backend();
    let (orders_condition, returns_condition) =
        (Span::condition(backend, "o", "placed_at"), Span::condition(backend, "r", "occurred_at"));
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.store_id, o.actor_kind, o.actor_id, 0 AS reversed FROM sales_order o WHERE {orders_condition} AND o.status <> 'DRAFT'
           UNION ALL SELECT r.store_id, r.actor_kind, r.actor_id, 1 AS reversed FROM sales_return r WHERE {returns_condition}
             AND r.status <> 'REJECTED'
           UNION ALL SELECT o.store_id, t.actor_kind, t.actor_id, 1 AS reversed FROM sales_order o
             JOIN order_step t ON t.tenant_id = $1 AND t.order_id = o.id AND t.action = {cancelled}
             WHERE {orders_condition} AND o.status = 'CANCELLED') g
         WHERE g.actor_kind <> 'SYSTEM' GROUP BY g.store_id, g.actor_kind, g.actor_id ORDER BY g.store_id, g.actor_kind, g.actor_id",
        select = DocumentsRow::SELECT,
        cancelled = cancelled()
    );
    let mut documents_by_store: BTreeMap<StoreId, Vec<Documents>> = BTreeMap::new();
    for row in reads.records::<DocumentsRow>(&sql, span.values(backend)).await? {
        let origin = Origin::Person(Actor { kind: row.kind, id: row.id });
        documents_by_store.entry(row.store).or_default().push(Documents { origin, all: row.all, reversals: row.reversals });
    }
    Ok(documents_by_store)
}

/// Reads the numbers of documents of each named register, by store.
pub async fn register_documents(reads: &impl Reads, span: Span<'_>) -> Result<BTreeMap<StoreId, Vec<Documents>>, Fault> {
    let backend = reads.backend();
    let (orders_condition, returns_condition) =
        (Span::condition(backend, "o", "placed_at"), Span::condition(backend, "r", "occurred_at"));
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.store_id, o.register, 0 AS reversed FROM sales_order o WHERE {orders_condition} AND o.status <> 'DRAFT' AND o.register IS NOT NULL
           UNION ALL SELECT r.store_id, r.register, 1 AS reversed FROM sales_return r WHERE {returns_condition}
             AND r.status <> 'REJECTED' AND r.register IS NOT NULL
           UNION ALL SELECT o.store_id, t.register, 1 AS reversed FROM sales_order o
             JOIN order_step t ON t.tenant_id = $1 AND t.order_id = o.id AND t.action = {cancelled} AND t.register IS NOT NULL
             WHERE {orders_condition} AND o.status = 'CANCELLED') g
         GROUP BY g.store_id, g.register ORDER BY g.store_id, g.register",
        select = RegisterRow::SELECT,
        cancelled = cancelled()
    );
    let mut documents_by_store: BTreeMap<StoreId, Vec<Documents>> = BTreeMap::new();
    for row in reads.records::<RegisterRow>(&sql, span.values(backend)).await? {
        let origin = Origin::Register(row.register);
        documents_by_store.entry(row.store).or_default().push(Documents { origin, all: row.all, reversals: row.reversals });
    }
    Ok(documents_by_store)
}

/// The condition that `alias` has an origin, with the parameters from $6 on.
fn is_of(origin: &Origin, alias: &str) -> String {
    match origin {
        Origin::Person(_) => format!("{alias}.actor_kind = $6 AND {alias}.actor_id = $7"),
        Origin::Register(_) => format!("{alias}.register = $6"),
    }
}

/// Reads the content of the returns and cancellations of a person or a register in a span. `None`
/// if no product is on them.
pub async fn reversal_content(reads: &impl Reads, span: Span<'_>, origin: &Origin) -> Result<Option<ReversalContent>, Fault> {
    let backend = reads.backend();
    let returned =
        format!("{} AND r.status <> 'REJECTED' AND {}", Span::condition(backend, "r", "occurred_at"), is_of(origin, "r"));
    let cancelled = format!(
        "{} AND o.status = 'CANCELLED' AND EXISTS (SELECT 1 FROM order_step t WHERE t.tenant_id = $1 AND t.order_id = o.id
           AND t.action = {cancelled} AND {own})",
        Span::condition(backend, "o", "placed_at"),
        cancelled = cancelled(),
        own = is_of(origin, "t")
    );
    let values = || {
        let mut values = span.values(backend);
        match origin {
            Origin::Person(actor) => values.extend([Value::from(actor.kind.as_str()), actor.id.into()]),
            Origin::Register(code) => values.push(code.as_str().into()),
        }
        values
    };
    let sql = format!(
        "SELECT {} FROM (
           SELECT l.product_id, l.quantity FROM sales_return r JOIN return_line l ON l.tenant_id = $1 AND l.return_id = r.id WHERE {returned}
           UNION ALL SELECT l.product_id, l.quantity FROM sales_order o JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
             WHERE {cancelled}) g
         WHERE g.product_id IS NOT NULL GROUP BY g.product_id ORDER BY sum(g.quantity) DESC, g.product_id LIMIT 1",
        ProductRow::SELECT
    );
    let product_row = reads.records::<ProductRow>(&sql, values()).await?.pop();
    let Some(ProductRow { product }) = product_row else { return Ok(None) };
    let sql = format!(
        "SELECT {} FROM (
           SELECT r.currency, r.refund_minor AS minor FROM sales_return r WHERE {returned}
           UNION ALL SELECT o.currency, o.total_minor AS minor FROM sales_order o WHERE {cancelled}) g
         GROUP BY g.currency ORDER BY sum(g.minor) DESC, g.currency LIMIT 1",
        ValueRow::SELECT
    );
    let row = reads.records::<ValueRow>(&sql, values()).await?.pop();
    let value = row.and_then(|row| money(Some(row.minor), Some(&row.currency)));
    Ok(Some(ReversalContent { product, value }))
}
