//! Pages of stock that is exported, lot by lot where it is kept so.

use entity::prelude::*;
use inventory::catalog::rows::Clause;
use platform::storage::{Fault, Reads, Row};
use sea_orm::Value;

use super::export::{After, ExportScope, Page, one_of, read, stores, time, within};
use crate::exchange::core::{ExportOptions, cells::Item};

/// A row a level, and one a lot where stock is kept by lots: what is of the level as a whole stands on the first of them.
pub(super) async fn stock(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &After,
) -> Result<Page, Fault> {
    let select = "SELECT l.product_id, l.store_id, coalesce(o.code_key, ''), p.sku, p.name, s.code, o.code, o.made_on, o.expires_on,
        coalesce(v.on_hand, l.on_hand), l.reserved, coalesce(v.unavailable, l.unavailable), l.incoming, l.in_transit,
        l.safety_stock, l.reorder_point, l.maximum, l.updated_at FROM stock_level l
        JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id JOIN store s ON s.tenant_id = l.tenant_id AND s.id = l.store_id
        LEFT JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.product_id = l.product_id AND v.store_id = l.store_id AND v.on_hand > 0
        LEFT JOIN lot o ON o.tenant_id = v.tenant_id AND o.id = v.lot_id
        WHERE l.tenant_id = $1";
    let mut clause = Clause::new(reads.backend());
    stores(&mut clause, "l.store_id", export_scope, options);
    one_of(&mut clause, "l.product_id", options.products.as_deref());
    one_of(&mut clause, "p.category_id", options.categories.as_deref());
    within(&mut clause, "l.updated_at", options);
    if let [product, store, _] = after.as_slice() {
        // Said by columns alone as well, so that an index finds where to go on.
        let marks = [product, store].map(|value| clause.bind(value.clone()));
        clause.push(&format!(" AND (l.product_id, l.store_id) >= ({}, {})", marks[0], marks[1]));
    }
    let mut last: Vec<Value> = after.iter().take(2).cloned().collect();
    let order = ["l.product_id", "l.store_id", "coalesce(o.code_key, '')"];
    read(reads, select, clause, &order, after, |row| {
        let mut row = Row::new(row);
        let level: Vec<Value> = vec![row.take::<ProductId>()?.into(), row.take::<StoreId>()?.into()];
        let key: String = row.take()?;
        let is_first = std::mem::replace(&mut last, level.clone()) != level;
        let of_level = |item: Item| if is_first { item } else { Item::None };
        let mut items: Vec<Item> = vec![row.take::<String>()?.into(), row.take::<String>()?.into(), row.take::<String>()?.into()];
        items.push(row.take::<Option<String>>()?.into());
        items.extend([row.take::<Option<i32>>()?, row.take()?].map(|day| day.map_or(Item::None, Item::Day)));
        let (on_hand, reserved, unavailable): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
        // Reservations are on the level: of a lot it is told how much of it may be sold.
        let available = on_hand - unavailable - if key.is_empty() { reserved } else { 0 };
        items.extend([
            Item::Number(on_hand),
            of_level(Item::Number(reserved)),
            Item::Number(unavailable),
            Item::Number(available),
        ]);
        items.extend([row.take::<i64>()?, row.take()?, row.take()?].map(|units| of_level(Item::Number(units))));
        items.extend([row.take::<Option<i64>>()?, row.take()?].map(|units| of_level(units.into())));
        items.push(time(row.take()?));
        Ok((items, [level, vec![key.into()]].concat()))
    })
    .await
}
