//! Pages of exported stock, lot by lot if stock is kept by lots, and of its movements.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, lot, movement, product, stock_level, store},
};
use inventory::catalog::rows::Clause;
use platform::storage::{Fault, Reads};
use sea_orm::Value;

use super::export_page::{ExportScope, Page, PageKey, money, push_id_condition, push_time_condition, read, read_within, stores};
use crate::exchange::core::{ExportOptions, cells::Item};

#[derive(Record)]
#[record(of = stock_level)]
struct PlannedLevel {
    incoming: Quantity,
    in_transit: Quantity,
    safety_stock: Quantity,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
    updated_at: Timestamp,
    bin_location: Option<String>,
}

#[derive(Record)]
struct StockRow {
    #[record(of = stock_level, alias = "l")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "l")]
    store_id: StoreId,
    #[record(sql = "coalesce(o.code_key, '')")]
    lot_key: String,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(of = product, alias = "p")]
    name: String,
    #[record(of = store, alias = "s", column = "code")]
    store: String,
    #[record(of = lot, alias = "o", column = "code", outer)]
    lot: Option<String>,
    #[record(of = lot, alias = "o", outer)]
    made_on: Option<i32>,
    #[record(of = lot, alias = "o", outer)]
    expires_on: Option<i32>,
    #[record(sql = "coalesce(v.on_hand, l.on_hand)")]
    on_hand: i64,
    #[record(of = stock_level, alias = "l")]
    reserved: Quantity,
    #[record(sql = "coalesce(v.unavailable, l.unavailable)")]
    unavailable: i64,
    #[record(alias = "l")]
    planned: PlannedLevel,
}

impl StockRow {
    /// Returns the cells of a row. Figures of the whole level are only on the level's first row.
    fn items(self, is_first: bool) -> Vec<Item> {
        let first_only = |item: Item| if is_first { item } else { Item::None };
        let reserved = self.reserved.get();
        // Reservations are kept for the level: a lot's available quantity does not subtract them.
        let available = self.on_hand - self.unavailable - if self.lot_key.is_empty() { reserved } else { 0 };
        let mut items: Vec<Item> = vec![self.sku.into(), self.name.into(), self.store.into(), self.lot.into()];
        items.extend([self.made_on, self.expires_on].map(|day| day.map_or(Item::None, Item::Day)));
        items.extend([
            Item::Number(self.on_hand),
            first_only(Item::Number(reserved)),
            Item::Number(self.unavailable),
            Item::Number(available),
        ]);
        let planned = self.planned;
        let units = [planned.incoming, planned.in_transit, planned.safety_stock];
        items.extend(units.map(|units| first_only(Item::Number(units.get()))));
        items.extend([planned.reorder_point, planned.maximum].map(|units| first_only(units.map(Quantity::get).into())));
        items.push(Item::Moment(planned.updated_at));
        items.push(first_only(planned.bin_location.into()));
        items
    }
}

/// One row for each level, and one for each lot if stock is kept by lots: figures of the level as a
/// whole are on its first row.
pub(super) async fn stock(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    let select = format!(
        "SELECT {} FROM stock_level l
        JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id JOIN store s ON s.tenant_id = l.tenant_id AND s.id = l.store_id
        LEFT JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.product_id = l.product_id AND v.store_id = l.store_id AND v.on_hand > 0
        LEFT JOIN lot o ON o.tenant_id = v.tenant_id AND o.id = v.lot_id
        WHERE l.tenant_id = $1",
        StockRow::SELECT
    );
    let mut clause = Clause::new(reads.backend());
    stores(&mut clause, "l.store_id", export_scope, options);
    push_id_condition(&mut clause, "l.product_id", options.products.as_deref());
    push_id_condition(&mut clause, "p.category_id", options.categories.as_deref());
    push_time_condition(&mut clause, "l.updated_at", options);
    if let Some(since) = export_scope.since {
        let (from, head) = (clause.bind(since), clause.bind(export_scope.head));
        clause.push(&format!(
            " AND (l.product_id, l.store_id) IN (SELECT e.product_id, e.store_id FROM entry e WHERE e.tenant_id = $1
            AND e.seq > {from} AND e.seq <= {head})"
        ));
    }
    if let [product, store, _] = after.as_slice() {
        // Repeats the condition on plain columns, so that an index finds the start of the page.
        let marks = [product, store].map(|value| clause.bind(value.clone()));
        clause.push(&format!(" AND (l.product_id, l.store_id) >= ({}, {})", marks[0], marks[1]));
    }
    let mut last: Vec<Value> = after.iter().take(2).cloned().collect();
    let order = ["l.product_id", "l.store_id", "coalesce(o.code_key, '')"];
    read(reads, &select, clause, &order, after, |row: StockRow| {
        let level: Vec<Value> = vec![row.product_id.into(), row.store_id.into()];
        let is_first = std::mem::replace(&mut last, level.clone()) != level;
        let place = [level, vec![row.lot_key.as_str().into()]].concat();
        Ok((row.items(is_first), place))
    })
    .await
}

#[derive(Record)]
#[record(of = movement)]
struct MovementNames {
    id: MovementId,
    kind: MovementKind,
    reason_code: Option<String>,
}

#[derive(Record)]
#[record(of = entry)]
struct EntryFigures {
    on_hand_delta: i64,
    reserved_delta: i64,
    unavailable_delta: i64,
    on_hand_after: Quantity,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

#[derive(Record)]
struct EntryRow {
    #[record(of = entry, alias = "e")]
    seq: i64,
    #[record(of = entry, alias = "e")]
    line: i32,
    #[record(alias = "m")]
    movement: MovementNames,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(of = store, alias = "s", column = "code")]
    store: String,
    #[record(alias = "e")]
    figures: EntryFigures,
    #[record(of = movement, alias = "m")]
    external_ref: Option<String>,
    #[record(sql = "coalesce(e.note, m.note)")]
    note: Option<String>,
    #[record(of = entry, alias = "e")]
    occurred_at: Timestamp,
    #[record(of = entry, alias = "e")]
    recorded_at: Timestamp,
    #[record(of = lot, alias = "o", column = "code", outer)]
    lot: Option<String>,
}

/// A row an entry.
pub(super) async fn movements(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    // The page is selected first, and joined afterwards: whatever the estimate of the remaining
    // entries, Postgres then reads them in their order.
    let select = format!("SELECT {} FROM (SELECT * FROM entry e WHERE e.tenant_id = $1", EntryRow::SELECT);
    let joins = ") e JOIN movement m ON m.tenant_id = e.tenant_id AND m.seq = e.seq JOIN product p ON p.tenant_id = e.tenant_id AND p.id = e.product_id
        JOIN store s ON s.tenant_id = e.tenant_id AND s.id = e.store_id
        LEFT JOIN lot o ON o.tenant_id = e.tenant_id AND o.id = e.lot_id ORDER BY e.seq, e.line";
    let mut clause = Clause::new(reads.backend());
    let head = clause.bind(export_scope.head);
    clause.push(&format!(" AND e.seq <= {head}"));
    if let Some(since) = export_scope.since {
        let from = clause.bind(since);
        clause.push(&format!(" AND e.seq > {from}"));
    }
    stores(&mut clause, "e.store_id", export_scope, options);
    push_id_condition(&mut clause, "e.product_id", options.products.as_deref());
    if options.categories.is_some() {
        clause.push(" AND e.product_id IN (SELECT c.id FROM product c WHERE c.tenant_id = $1");
        push_id_condition(&mut clause, "c.category_id", options.categories.as_deref());
        clause.push(")");
    }
    push_time_condition(&mut clause, "e.occurred_at", options);
    read_within(reads, (&select, joins), clause, &["e.seq", "e.line"], after, |row: EntryRow| {
        let EntryRow { movement, figures, .. } = row;
        let mut items: Vec<Item> = vec![row.seq.into(), i64::from(row.line).into(), movement.id.to_string().into()];
        items.extend([movement.kind.as_str().into(), movement.reason_code.into(), row.sku.into(), row.store.into()]);
        let deltas = [figures.on_hand_delta, figures.reserved_delta, figures.unavailable_delta];
        items.extend(deltas.map(Item::Number));
        items.push(Item::Number(figures.on_hand_after.get()));
        items.extend(money(figures.unit_cost_minor, figures.cost_currency, export_scope.sees_costs)?);
        items.extend([row.external_ref.into(), row.note.into()]);
        items.extend([Item::Moment(row.occurred_at), Item::Moment(row.recorded_at), row.lot.into()]);
        Ok((items, vec![row.seq.into(), row.line.into()]))
    })
    .await
}
