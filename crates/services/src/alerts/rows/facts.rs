//! Data for alerts outside their own rows: categories, time zones, prices, differences of counts,
//! and the names of subjects.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{lot, product, purchase_order, sales_order, stock_count, store, transfer},
};
use inventory::numbering::{core::Patterns, rows::load_patterns};
use platform::storage::{Fault, Finds, Reads, Row};

use super::alert::AlertRow;
use crate::alerts::core::{Alert, AlertNames, Margin, Scope};

/// A category that has a parent.
#[derive(Record)]
struct CategoryBelow {
    #[record(sql = "id")]
    id: CategoryId,
    #[record(sql = "parent_id")]
    parent: CategoryId,
}

/// Reads the parent of each category that has one.
pub async fn categories(reads: &impl Reads) -> Result<BTreeMap<CategoryId, CategoryId>, Fault> {
    let sql = format!("SELECT {} FROM category WHERE tenant_id = $1 AND parent_id IS NOT NULL", CategoryBelow::SELECT);
    let rows = reads.records::<CategoryBelow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.parent)).collect())
}

/// Time zones of a tenant and its stores.
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

#[derive(Record)]
#[record(of = store, alias = "store")]
struct StoreZone {
    id: StoreId,
    time_zone: String,
}

pub async fn zones(reads: &impl Reads) -> Result<Zones, Fault> {
    let tenants = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    let tenant = tenants.first().map_or_else(|| Ok("UTC".to_owned()), Row::scalar)?;
    let sql = format!("SELECT {} FROM store WHERE tenant_id = $1", StoreZone::SELECT);
    let rows = reads.records::<StoreZone>(&sql, vec![]).await?;
    Ok(Zones { tenant, stores: rows.into_iter().map(|row| (row.id, row.time_zone)).collect() })
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductPrices {
    id: ProductId,
    category_id: Option<CategoryId>,
    status: ProductStatus,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

impl ProductPrices {
    /// Returns price and cost of a product that is on sale, if the price is below the cost and both
    /// have one currency.
    fn margin(&self) -> Option<Margin> {
        let money = |minor: Option<i64>, currency: &Option<String>| {
            minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency))
        };
        let price = money(self.price_minor, &self.price_currency)?;
        let cost = money(self.cost_minor, &self.cost_currency)?;
        let is_below = price.currency == cost.currency && price.minor < cost.minor;
        (self.status == ProductStatus::Active && is_below).then_some(Margin { price, cost })
    }
}

/// Reads the products' categories, and price and cost of each that is on sale below its cost, if
/// both have one currency.
pub async fn margins(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<Vec<(ProductId, Option<CategoryId>, Option<Margin>)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p
         WHERE p.tenant_id = $1 AND {}",
        ProductPrices::SELECT,
        backend.in_ids("p.id", 2)
    );
    let rows = reads.records::<ProductPrices>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.category_id, row.margin())).collect())
}

/// Reads the difference of a count in smallest units: the sum over the lines that it posted.
pub async fn count_difference(reads: &impl Reads, count: CountId) -> Result<i64, Fault> {
    let sql = "SELECT posted FROM count_line WHERE tenant_id = $1 AND count_id = $2 AND posted <> 0";
    let rows = reads.rows(sql, vec![count.into()]).await?;
    let mut difference: i64 = 0;
    for row in &rows {
        difference = difference.saturating_add(Row::scalar::<i64>(row)?.saturating_abs());
    }
    Ok(difference)
}

/// An alert with the names of its store, product and other objects, as far as it has them.
#[derive(Record)]
struct AlertNamesRow {
    alert: AlertRow,
    #[record(of = store, alias = "s", column = "name", outer)]
    store: Option<String>,
    #[record(of = product, alias = "p", outer)]
    sku: Option<String>,
    #[record(of = product, alias = "p", column = "name", outer)]
    product: Option<String>,
    #[record(of = product, alias = "p", outer)]
    unit_decimals: Option<i32>,
    #[record(of = product, alias = "p", outer)]
    unit_code: Option<String>,
    #[record(of = lot, alias = "l", column = "code", outer)]
    lot: Option<String>,
    #[record(of = purchase_order, alias = "o", column = "number", outer)]
    purchase_order: Option<i64>,
    #[record(of = transfer, alias = "t", column = "number", outer)]
    transfer: Option<i64>,
    #[record(of = stock_count, alias = "c", column = "number", outer)]
    count: Option<i64>,
    #[record(of = sales_order, alias = "so", column = "number", outer)]
    order: Option<i64>,
}

impl AlertNamesRow {
    fn into_alert_with_names(self, patterns: &Patterns) -> Result<(Alert, AlertNames), Fault> {
        let row = self;
        let decimals = row.unit_decimals.and_then(|digits| u8::try_from(digits).ok());
        let numbers = [
            (Numbered::PurchaseOrder, row.purchase_order),
            (Numbered::Transfer, row.transfer),
            (Numbered::Count, row.count),
            (Numbered::Order, row.order),
        ];
        let number = numbers.into_iter().find_map(|(kind, number)| Some(patterns.text(kind, number?)));
        let names = AlertNames {
            store: row.store,
            sku: row.sku,
            product: row.product,
            unit: row.unit_code.zip(decimals),
            lot: row.lot,
            number,
        };
        Ok((row.alert.try_into()?, names))
    }
}

/// Reads the tenant's name, and the alerts with the names of their subjects.
pub async fn alerts_with_names(reads: &impl Reads, ids: &[AlertId]) -> Result<(String, Vec<(Alert, AlertNames)>), Fault> {
    let backend = reads.backend();
    let tenants = reads.rows("SELECT name FROM tenant WHERE id = $1", vec![]).await?;
    let tenant = tenants.first().map_or_else(|| Ok(String::new()), Row::scalar)?;
    let sql = format!(
        "SELECT {} FROM alert a
         LEFT JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
         LEFT JOIN product p ON p.tenant_id = $1 AND p.id = a.product_id
         LEFT JOIN lot l ON l.tenant_id = $1 AND l.id = a.lot_id
         LEFT JOIN purchase_order o ON o.tenant_id = $1 AND o.id = a.purchase_order_id
         LEFT JOIN transfer t ON t.tenant_id = $1 AND t.id = a.transfer_id
         LEFT JOIN stock_count c ON c.tenant_id = $1 AND c.id = a.count_id
         LEFT JOIN sales_order so ON so.tenant_id = $1 AND so.id = a.order_id
         WHERE a.tenant_id = $1 AND {} ORDER BY a.opened_at, a.id",
        AlertNamesRow::SELECT,
        backend.in_ids("a.id", 2)
    );
    let rows = reads.records::<AlertNamesRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let patterns = load_patterns(reads).await?;
    Ok((tenant, rows.into_iter().map(|row| row.into_alert_with_names(&patterns)).collect::<Result<_, Fault>>()?))
}

/// Returns each record that a rule's scope names, with its input field and true if the record
/// exists.
pub async fn scope_references(reads: &impl Reads, scope: &Scope) -> Result<Vec<(&'static str, &'static str, bool)>, Fault> {
    let references = [
        (scope.store.map(Id::uuid), "store", "storeId"),
        (scope.category.map(Id::uuid), "category", "categoryId"),
        (scope.product.map(Id::uuid), "product", "productId"),
    ];
    let mut checked_references = Vec::new();
    for (id, table, name) in references {
        let Some(id) = id else { continue };
        let sql = format!("SELECT 1 FROM {table} WHERE tenant_id = $1 AND id = $2");
        checked_references.push((table, name, !reads.rows(&sql, vec![id.into()]).await?.is_empty()));
    }
    Ok(checked_references)
}
