//! What alerts go by beside their own rows: categories, time zones, prices, counts' differences, and the names of what they are about.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::alerts::core::{Alert, Margin, Named, Scope};

/// Which category lies below which.
pub async fn categories(reads: &impl Reads) -> Result<BTreeMap<CategoryId, CategoryId>, Fault> {
    let sql = "SELECT id, parent_id FROM category WHERE tenant_id = $1 AND parent_id IS NOT NULL";
    let rows = reads.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// In which time zones a tenant and its stores live.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    pub tenant: String,
    pub stores: HashMap<StoreId, String>,
}

impl Zones {
    pub fn of(&self, store: Option<StoreId>) -> &str {
        store.and_then(|store| self.stores.get(&store)).unwrap_or(&self.tenant)
    }
}

pub async fn zones(reads: &impl Reads) -> Result<Zones, Fault> {
    let tenants = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    let tenant = tenants.first().map_or_else(|| Ok("UTC".to_owned()), |row| Row::new(row).take())?;
    let rows = reads.rows("SELECT id, time_zone FROM store WHERE tenant_id = $1", vec![]).await?;
    let stores = rows.iter().map(|row| {
        let mut row = Row::new(row);
        Ok((row.take()?, row.take()?))
    });
    Ok(Zones { tenant, stores: stores.collect::<Result<_, Fault>>()? })
}

/// Products as they are now, with the price that lies below the cost of one that is sold, if both are of one currency.
pub async fn margins(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<Vec<(ProductId, Option<CategoryId>, Option<Margin>)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id, p.category_id, p.status, p.price_minor, p.price_currency, p.cost_minor, p.cost_currency FROM product p
         WHERE p.tenant_id = $1 AND {}",
        backend.in_ids("p.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(products.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (id, category) = (row.take()?, row.take()?);
            let status = row.word("product", ProductStatus::parse)?;
            let mut money = || {
                let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
                let currency = currency.as_deref().and_then(Currency::parse);
                Ok::<_, Fault>(minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)))
            };
            let margin = money()?.zip(money()?).map(|(price, cost)| Margin { price, cost });
            let is_below =
                |margin: &Margin| margin.price.currency == margin.cost.currency && margin.price.minor < margin.cost.minor;
            Ok((id, category, margin.filter(|margin| status == ProductStatus::Active && is_below(margin))))
        })
        .collect()
}

/// By how many smallest units in all the books were off, over the lines that a count posted.
pub async fn differences(reads: &impl Reads, count: CountId) -> Result<i64, Fault> {
    let sql = "SELECT posted FROM count_line WHERE tenant_id = $1 AND count_id = $2 AND posted <> 0";
    let rows = reads.rows(sql, vec![count.into()]).await?;
    let mut off: i64 = 0;
    for row in &rows {
        off = off.saturating_add(Row::new(row).take::<i64>()?.saturating_abs());
    }
    Ok(off)
}

/// The alerts with the names of what they are about, and the tenant's own.
pub async fn named(reads: &impl Reads, ids: &[AlertId]) -> Result<(String, Vec<(Alert, Named)>), Fault> {
    let backend = reads.backend();
    let tenants = reads.rows("SELECT name FROM tenant WHERE id = $1", vec![]).await?;
    let tenant = tenants.first().map_or_else(|| Ok(String::new()), |row| Row::new(row).take())?;
    let sql = format!(
        "SELECT {}, s.name, p.sku, p.name, p.unit_decimals, p.unit_code, l.code, o.number, c.number FROM alert a
         LEFT JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
         LEFT JOIN product p ON p.tenant_id = $1 AND p.id = a.product_id
         LEFT JOIN lot l ON l.tenant_id = $1 AND l.id = a.lot_id
         LEFT JOIN purchase_order o ON o.tenant_id = $1 AND o.id = a.purchase_order_id
         LEFT JOIN stock_count c ON c.tenant_id = $1 AND c.id = a.count_id
         WHERE a.tenant_id = $1 AND {} ORDER BY a.opened_at, a.id",
        super::alert::COLUMNS,
        backend.in_ids("a.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let alert = super::alert::read(&mut row)?;
        let (store, sku, product) = (row.take()?, row.take()?, row.take()?);
        let (decimals, unit): (Option<i32>, Option<String>) = (row.take()?, row.take()?);
        let (lot, order, count): (Option<String>, Option<i64>, Option<i64>) = (row.take()?, row.take()?, row.take()?);
        let named = Named {
            store,
            sku,
            product,
            unit: unit.zip(decimals.and_then(|of| u8::try_from(of).ok())),
            lot,
            number: order.or(count),
        };
        Ok((alert, named))
    };
    Ok((tenant, rows.iter().map(read).collect::<Result<_, Fault>>()?))
}

/// What a rule's scope names and is not there, and the field that names it.
pub async fn missing(reads: &impl Reads, scope: &Scope) -> Result<Option<(&'static str, &'static str)>, Fault> {
    let named = [
        (scope.store.map(Id::uuid), "store", "storeId"),
        (scope.category.map(Id::uuid), "category", "categoryId"),
        (scope.product.map(Id::uuid), "product", "productId"),
    ];
    for (id, table, name) in named {
        let Some(id) = id else { continue };
        let sql = format!("SELECT 1 FROM {table} WHERE tenant_id = $1 AND id = $2");
        if reads.rows(&sql, vec![id.into()]).await?.is_empty() {
            return Ok(Some((table, name)));
        }
    }
    Ok(None)
}
