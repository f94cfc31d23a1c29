//! Products and their barcodes: reading by position, writing in bulk.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{Currency, Money, ProductId, ProductStatus, StockPolicy, Tracking};
use platform::storage::{Bulk, Column, ColumnKind, Fault, Reads, Row, TenantScope, Work};
use sea_orm::{QueryResult, Value};

use crate::catalog::core::{
    gtin,
    product::{Barcode, ProductDoc, ProductRow},
};

/// The columns that `read` expects, on alias `p`, in this order.
pub const COLUMNS: &str = "p.id, p.sku, p.sku_key, p.name, p.name_key, p.description, p.status, p.stock_policy, p.is_kit, p.category_id, \
     p.supplier_id, p.family_id, p.options, p.former_skus, p.unit_code, p.unit_decimals, p.price_minor, p.price_currency, p.cost_minor, \
     p.cost_currency, p.low_stock_threshold, p.tracking, p.minimum_remaining_days, p.metadata, p.version, p.created_at, p.updated_at";

pub fn read(row: &QueryResult) -> Result<ProductRow, Fault> {
    let mut row = Row::new(row);
    read_from(&mut row)
}

/// Reads a product from the next columns of a row.
pub fn read_from(row: &mut Row<'_>) -> Result<ProductRow, Fault> {
    Ok(ProductRow {
        id: row.take()?,
        sku: row.take()?,
        sku_key: row.take()?,
        name: row.take()?,
        name_key: row.take()?,
        description: row.take()?,
        status: row.word("product", ProductStatus::parse)?,
        stock_policy: row.word("product", StockPolicy::parse)?,
        is_kit: row.take::<i32>()? == 1,
        category_id: row.take()?,
        supplier_id: row.take()?,
        family_id: row.take()?,
        options: row.take()?,
        former_skus: row.take()?,
        unit_code: row.take()?,
        unit_decimals: row.take()?,
        price: money(row)?,
        unit_cost: money(row)?,
        low_stock_threshold: row.take()?,
        tracking: row.word("product", Tracking::parse)?,
        minimum_remaining_days: row.take()?,
        metadata: row.take()?,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

fn money(row: &mut Row<'_>) -> Result<Option<Money>, Fault> {
    let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
    let (Some(minor), Some(currency)) = (minor, currency) else { return Ok(None) };
    let currency = Currency::parse(&currency).ok_or_else(|| Fault::corrupt("product", "currencies are ISO 4217 codes"))?;
    Ok(Some(Money::new(minor, currency)))
}

async fn select(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<ProductRow>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM product p WHERE p.tenant_id = $1 AND {condition}");
    reads.rows(&sql, values).await?.iter().map(read).collect()
}

/// Products by their ids, asked for together with other requests.
pub async fn together(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
    let load =
        |ids| async move { Ok(by_ids(scope, ids).await?.into_iter().map(|row: ProductRow| (row.id, Arc::new(row))).collect()) };
    scope.coalesce(ids, load).await
}
/// What most lists show of a product they refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductName {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
}

/// Names of products by their ids, asked for together with other requests.
pub async fn names_together(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductName>>, Fault> {
    let load = |ids| async move {
        let backend = scope.backend();
        let sql = format!("SELECT p.id, p.sku, p.name FROM product p WHERE p.tenant_id = $1 AND {}", backend.in_ids("p.id", 2));
        let rows = scope.rows(&sql, vec![backend.ids(ids)]).await?;
        rows.iter()
            .map(|row| {
                let mut row = Row::new(row);
                let name = ProductName { id: row.take()?, sku: row.take()?, name: row.take()? };
                Ok((name.id, Arc::new(name)))
            })
            .collect()
    };
    scope.coalesce(ids, load).await
}

pub async fn by_sku_key(reads: &impl Reads, key: &str) -> Result<Option<ProductRow>, Fault> {
    Ok(select(reads, "p.sku_key = $2", vec![key.into()]).await?.into_iter().next())
}
pub async fn by_barcode(reads: &impl Reads, code: &str) -> Result<Option<ProductRow>, Fault> {
    let condition = "p.id = (SELECT product_id FROM barcode WHERE tenant_id = $1 AND code_key = $2)";
    Ok(select(reads, condition, vec![gtin::key(code).into()]).await?.into_iter().next())
}
pub async fn by_ids(reads: &impl Reads, ids: impl IntoIterator<Item = ProductId> + Send) -> Result<Vec<ProductRow>, Fault> {
    let backend = reads.backend();
    select(reads, &backend.in_ids("p.id", 2), vec![backend.ids(ids)]).await
}
/// The products that changed last.
pub async fn latest(reads: &impl Reads, limit: i64) -> Result<Vec<ProductRow>, Fault> {
    select(reads, "true ORDER BY p.updated_at DESC LIMIT $2", vec![limit.into()]).await
}
/// The variants of families, by SKU.
pub async fn by_families(reads: &impl Reads, ids: &[entity::prelude::FamilyId]) -> Result<Vec<ProductRow>, Fault> {
    let backend = reads.backend();
    let condition = format!("{} ORDER BY p.sku_key, p.id", backend.in_ids("p.family_id", 2));
    select(reads, &condition, vec![backend.ids(ids.iter().copied())]).await
}

/// The barcodes of products, each product's in its order.
pub async fn barcodes_of(
    reads: &impl Reads,
    ids: impl IntoIterator<Item = ProductId> + Send,
) -> Result<HashMap<ProductId, Vec<Barcode>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT product_id, code, pack_quantity FROM barcode WHERE tenant_id = $1 AND {} ORDER BY product_id, position",
        backend.in_ids("product_id", 2)
    );
    let mut found: HashMap<ProductId, Vec<Barcode>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(ids)]).await? {
        let mut row = Row::new(row);
        let id = row.take()?;
        found.entry(id).or_default().push(Barcode { code: row.take()?, pack_quantity: row.take()? });
    }
    Ok(found)
}

/// Products with their barcodes.
pub async fn docs(reads: &impl Reads, ids: Vec<ProductId>) -> Result<Vec<ProductDoc>, Fault> {
    let rows = by_ids(reads, ids.iter().copied()).await?;
    let mut barcodes = barcodes_of(reads, ids).await?;
    Ok(rows.into_iter().map(|row| ProductDoc { barcodes: barcodes.remove(&row.id).unwrap_or_default(), row }).collect())
}

/// The first two find a row that is updated; `created_at` is left alone then.
const WRITTEN: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("sku", ColumnKind::Text),
    Column("sku_key", ColumnKind::Text),
    Column("name", ColumnKind::Text),
    Column("name_key", ColumnKind::Text),
    Column("description", ColumnKind::TextOrNull),
    Column("status", ColumnKind::Text),
    Column("stock_policy", ColumnKind::Text),
    Column("category_id", ColumnKind::IdOrNull),
    Column("supplier_id", ColumnKind::IdOrNull),
    Column("family_id", ColumnKind::IdOrNull),
    Column("options", ColumnKind::Text),
    Column("former_skus", ColumnKind::Text),
    Column("unit_code", ColumnKind::Text),
    Column("unit_decimals", ColumnKind::Small),
    Column("price_minor", ColumnKind::IntOrNull),
    Column("price_currency", ColumnKind::TextOrNull),
    Column("cost_minor", ColumnKind::IntOrNull),
    Column("cost_currency", ColumnKind::TextOrNull),
    Column("low_stock_threshold", ColumnKind::IntOrNull),
    Column("tracking", ColumnKind::Text),
    Column("minimum_remaining_days", ColumnKind::SmallOrNull),
    Column("metadata", ColumnKind::Text),
    Column("search_text", ColumnKind::Text),
    Column("version", ColumnKind::Int),
    Column("created_at", ColumnKind::Int),
    Column("updated_at", ColumnKind::Int),
];

fn values(work: &Work, doc: &ProductDoc) -> [Value; 28] {
    let row = &doc.row;
    let currency = |money: Option<Money>| money.map(|money| money.currency.as_str().to_owned());
    [
        work.tenant().into(),
        row.id.into(),
        row.sku.as_str().into(),
        row.sku_key.as_str().into(),
        row.name.as_str().into(),
        row.name_key.as_str().into(),
        row.description.clone().into(),
        row.status.as_str().into(),
        row.stock_policy.as_str().into(),
        row.category_id.into(),
        row.supplier_id.into(),
        row.family_id.into(),
        row.options.as_str().into(),
        row.former_skus.as_str().into(),
        row.unit_code.as_str().into(),
        row.unit_decimals.into(),
        row.price.map(|money| money.minor).into(),
        currency(row.price).into(),
        row.unit_cost.map(|money| money.minor).into(),
        currency(row.unit_cost).into(),
        row.low_stock_threshold.into(),
        row.tracking.as_str().into(),
        row.minimum_remaining_days.into(),
        row.metadata.as_str().into(),
        doc.search_text().into(),
        row.version.into(),
        row.created_at.micros().into(),
        row.updated_at.micros().into(),
    ]
}

const BARCODE: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("code_key", ColumnKind::Text),
    Column("code", ColumnKind::Text),
    Column("product_id", ColumnKind::Id),
    Column("pack_quantity", ColumnKind::Int),
    Column("position", ColumnKind::Small),
];

/// Writes new products, and changed ones with what they were. Rows go in the order of their unique keys, so that two calls that write the
/// same new SKUs wait for each other instead of both for ever.
pub async fn write(work: &Work, created: &[&ProductDoc], updated: &[(&ProductDoc, &ProductDoc)]) -> Result<(), Fault> {
    let mut inserts = Bulk::insert("product", WRITTEN);
    let mut new: Vec<&ProductDoc> = created.to_vec();
    new.sort_by(|a, b| a.row.sku_key.cmp(&b.row.sku_key));
    for doc in &new {
        inserts.row(values(work, doc));
    }
    let mut updates = Bulk::update("product", WRITTEN, 2);
    for (_, doc) in updated {
        updates.row(values(work, doc));
    }

    let recoded: Vec<&ProductDoc> =
        updated.iter().filter(|(before, after)| before.barcodes != after.barcodes).map(|(_, after)| *after).collect();
    if !recoded.is_empty() {
        let backend = work.backend();
        let sql = format!("DELETE FROM barcode WHERE tenant_id = $1 AND {}", backend.in_ids("product_id", 2));
        work.execute(&sql, vec![backend.ids(recoded.iter().map(|doc| doc.row.id))]).await?;
    }
    let mut codes: Vec<(String, &Barcode, ProductId, i32)> = Vec::new();
    for doc in new.iter().chain(&recoded) {
        let listed = doc.barcodes.iter().zip(0..);
        codes.extend(listed.map(|(barcode, position)| (gtin::key(&barcode.code), barcode, doc.row.id, position)));
    }
    codes.sort_by(|a, b| a.0.cmp(&b.0));
    let mut barcodes = Bulk::insert("barcode", BARCODE);
    for (key, barcode, id, position) in codes {
        let (code, pack) = (barcode.code.as_str().into(), barcode.pack_quantity.into());
        barcodes.row([work.tenant().into(), key.into(), code, id.into(), pack, position.into()]);
    }
    work.write(updates).await?;
    work.write(inserts).await?;
    work.write(barcodes).await
}
