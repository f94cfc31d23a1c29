//! Products and their barcodes: reading, and writing in bulk.

use std::{collections::HashMap, sync::Arc};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{barcode, product},
};
use platform::storage::{Fault, Finds, Reads, Rows, TenantScope, Work};
use sea_orm::Value;
use serde::{Deserialize, Serialize};

use crate::catalog::core::{
    goods::Goods,
    gtin,
    product::{Barcode, ProductDoc, ProductRow},
};

/// Columns for carriers and customs, and the tags of a product.
#[derive(Record)]
#[record(of = product)]
pub struct GoodsRow {
    weight_grams: Option<i32>,
    length_mm: Option<i32>,
    width_mm: Option<i32>,
    height_mm: Option<i32>,
    origin_country: Option<String>,
    tariff_number: Option<String>,
    tags: String,
}

/// A product as the catalogue shows it.
#[derive(Record)]
pub(super) struct CatalogProductRow {
    #[record(alias = "p")]
    own: ProductColumns,
    #[record(alias = "p")]
    goods: GoodsRow,
}

#[derive(Record)]
#[record(of = product)]
struct ProductColumns {
    id: ProductId,
    sku: String,
    sku_key: String,
    name: String,
    name_key: String,
    description: Option<String>,
    status: ProductStatus,
    stock_policy: StockPolicy,
    is_kit: i32,
    category_id: Option<CategoryId>,
    supplier_id: Option<SupplierId>,
    family_id: Option<FamilyId>,
    options: String,
    former_skus: String,
    unit_code: String,
    unit_decimals: i32,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    low_stock_threshold: Option<Quantity>,
    tracking: Tracking,
    minimum_remaining_days: Option<i32>,
    metadata: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Written form of a product. Columns that make it a kit are written with its components.
#[derive(Record)]
#[record(of = product)]
struct WrittenRow {
    id: ProductId,
    sku: String,
    sku_key: String,
    name: String,
    name_key: String,
    description: Option<String>,
    status: ProductStatus,
    stock_policy: StockPolicy,
    category_id: Option<CategoryId>,
    supplier_id: Option<SupplierId>,
    family_id: Option<FamilyId>,
    options: String,
    former_skus: String,
    unit_code: String,
    unit_decimals: i32,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    low_stock_threshold: Option<Quantity>,
    tracking: Tracking,
    minimum_remaining_days: Option<i32>,
    metadata: String,
    search_text: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    weight_grams: Option<i32>,
    length_mm: Option<i32>,
    width_mm: Option<i32>,
    height_mm: Option<i32>,
    origin_country: Option<String>,
    tariff_number: Option<String>,
    tags: String,
}

#[derive(Record)]
#[record(of = barcode, alias = "")]
pub(super) struct BarcodeRow {
    pub product_id: ProductId,
    pub code: String,
    pub pack_quantity: i64,
}

#[derive(Record)]
#[record(of = barcode)]
struct NewBarcode {
    code_key: String,
    code: String,
    product_id: ProductId,
    pack_quantity: i64,
    position: i32,
}

impl GoodsRow {
    /// Unreadable tags count as none.
    pub fn goods(self) -> Goods {
        Goods {
            weight_grams: self.weight_grams,
            length_mm: self.length_mm,
            width_mm: self.width_mm,
            height_mm: self.height_mm,
            origin_country: self.origin_country,
            tariff_number: self.tariff_number,
            tags: serde_json::from_str(&self.tags).unwrap_or_default(),
        }
    }
}

impl CatalogProductRow {
    /// An invalid currency is a corrupt row.
    pub fn product(self) -> Result<ProductRow, Fault> {
        let Self { own: row, goods } = self;
        Ok(ProductRow {
            id: row.id,
            sku: row.sku,
            sku_key: row.sku_key,
            name: row.name,
            name_key: row.name_key,
            description: row.description,
            status: row.status,
            stock_policy: row.stock_policy,
            is_kit: row.is_kit == 1,
            category_id: row.category_id,
            supplier_id: row.supplier_id,
            family_id: row.family_id,
            options: row.options,
            former_skus: row.former_skus,
            unit_code: row.unit_code,
            unit_decimals: row.unit_decimals,
            price: money(row.price_minor, row.price_currency)?,
            unit_cost: money(row.cost_minor, row.cost_currency)?,
            low_stock_threshold: row.low_stock_threshold.map(Quantity::get),
            tracking: row.tracking,
            minimum_remaining_days: row.minimum_remaining_days,
            goods: goods.goods(),
            metadata: row.metadata,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn money(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>, Fault> {
    let (Some(minor), Some(currency)) = (minor, currency) else { return Ok(None) };
    let currency = Currency::parse(&currency).ok_or_else(|| Fault::corrupt("product", "currencies are ISO 4217 codes"))?;
    Ok(Some(Money::new(minor, currency)))
}

async fn select(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<ProductRow>, Fault> {
    select_products(
        reads,
        &format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND {condition}", CatalogProductRow::SELECT),
        values,
    )
    .await
}

/// The products of a statement that selects `CatalogProductRow`.
pub(super) async fn select_products(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Vec<ProductRow>, Fault> {
    reads.records::<CatalogProductRow>(sql, values).await?.into_iter().map(CatalogProductRow::product).collect()
}

/// Products by their IDs, batched with other requests.
pub async fn load_coalesced(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
    let loader =
        |ids| async move { Ok(by_ids(scope, ids).await?.into_iter().map(|row: ProductRow| (row.id, Arc::new(row))).collect()) };
    scope.coalesce(ids, loader).await
}
/// Columns of a referenced product that most lists show.
#[derive(Debug, Clone, PartialEq, Eq, Record, Serialize, Deserialize)]
#[record(of = product, alias = "p")]
pub struct ProductName {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
}

/// Names of products by their IDs, batched with other requests.
pub async fn load_names_batched(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductName>>, Fault> {
    let loader = |ids| async move {
        let backend = scope.backend();
        let (select, condition) = (ProductName::SELECT, backend.in_ids("p.id", 2));
        let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND {condition}");
        let names = scope.records::<ProductName>(&sql, vec![backend.ids(ids)]).await?;
        Ok(names.into_iter().map(|name| (name.id, Arc::new(name))).collect())
    };
    scope.coalesce(ids, loader).await
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
/// The first products of a supplier, locked in the order of their ids.
pub async fn lock_products_of_supplier(work: &Work, supplier: SupplierId, limit: usize) -> Result<Vec<ProductRow>, Fault> {
    let condition = format!("p.supplier_id = $2 ORDER BY p.id LIMIT $3{}", work.backend().for_change("p"));
    select(work, &condition, vec![supplier.into(), (limit as i64).into()]).await
}
/// The first products of a category, locked in the order of their ids.
pub async fn lock_products_of_category(work: &Work, category: CategoryId, limit: usize) -> Result<Vec<ProductRow>, Fault> {
    let condition = format!("p.category_id = $2 ORDER BY p.id LIMIT $3{}", work.backend().for_change("p"));
    select(work, &condition, vec![category.into(), (limit as i64).into()]).await
}
/// Returns those of these products that still have the supplier, locked in the order of their IDs.
pub async fn lock_listed_products_of_supplier(
    work: &Work,
    ids: &[ProductId],
    supplier: SupplierId,
) -> Result<Vec<ProductRow>, Fault> {
    let backend = work.backend();
    let id_condition = backend.in_ids("p.id", 2);
    let condition = format!("{id_condition} AND p.supplier_id = $3 ORDER BY p.id{}", backend.for_change("p"));
    select(work, &condition, vec![backend.ids(ids.iter().copied()), supplier.into()]).await
}
/// The products that changed last.
pub async fn latest_changed(reads: &impl Reads, limit: i64) -> Result<Vec<ProductRow>, Fault> {
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
        "SELECT {select} FROM barcode WHERE tenant_id = $1 AND {of} ORDER BY product_id, position",
        select = BarcodeRow::SELECT,
        of = backend.in_ids("product_id", 2)
    );
    let mut barcodes_by_product: HashMap<ProductId, Vec<Barcode>> = HashMap::new();
    for BarcodeRow { product_id, code, pack_quantity } in reads.records(&sql, vec![backend.ids(ids)]).await? {
        barcodes_by_product.entry(product_id).or_default().push(Barcode { code, pack_quantity });
    }
    Ok(barcodes_by_product)
}

/// Products with their barcodes.
pub async fn docs(reads: &impl Reads, ids: Vec<ProductId>) -> Result<Vec<ProductDoc>, Fault> {
    let rows = by_ids(reads, ids.iter().copied()).await?;
    let mut barcodes = barcodes_of(reads, ids).await?;
    Ok(rows.into_iter().map(|row| ProductDoc { barcodes: barcodes.remove(&row.id).unwrap_or_default(), row }).collect())
}

impl WrittenRow {
    fn of(doc: &ProductDoc) -> Result<Self, Fault> {
        let row = &doc.row;
        let currency = |money: Option<Money>| money.map(|money| money.currency.to_string());
        let threshold = row.low_stock_threshold.map(|units| Quantity::new(units).ok_or(Fault::TooLarge));
        Ok(Self {
            id: row.id,
            sku: row.sku.clone(),
            sku_key: row.sku_key.clone(),
            name: row.name.clone(),
            name_key: row.name_key.clone(),
            description: row.description.clone(),
            status: row.status,
            stock_policy: row.stock_policy,
            category_id: row.category_id,
            supplier_id: row.supplier_id,
            family_id: row.family_id,
            options: row.options.clone(),
            former_skus: row.former_skus.clone(),
            unit_code: row.unit_code.clone(),
            unit_decimals: row.unit_decimals,
            price_minor: row.price.map(|money| money.minor),
            price_currency: currency(row.price),
            cost_minor: row.unit_cost.map(|money| money.minor),
            cost_currency: currency(row.unit_cost),
            low_stock_threshold: threshold.transpose()?,
            tracking: row.tracking,
            minimum_remaining_days: row.minimum_remaining_days,
            metadata: row.metadata.clone(),
            search_text: doc.search_text(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            weight_grams: row.goods.weight_grams,
            length_mm: row.goods.length_mm,
            width_mm: row.goods.width_mm,
            height_mm: row.goods.height_mm,
            origin_country: row.goods.origin_country.clone(),
            tariff_number: row.goods.tariff_number.clone(),
            tags: serde_json::Value::from(row.goods.tags.clone()).to_string(),
        })
    }
}

/// Writes new products, and changed ones with their earlier states. Rows are written in the order
/// of their unique keys, so that two calls that write the same new SKUs do not deadlock.
pub async fn write(work: &Work, created: &[&ProductDoc], updated: &[(&ProductDoc, &ProductDoc)]) -> Result<(), Fault> {
    let tenant = work.tenant();
    let mut inserts = Rows::<WrittenRow>::insert(tenant);
    let mut new_docs: Vec<&ProductDoc> = created.to_vec();
    new_docs.sort_by(|a, b| a.row.sku_key.cmp(&b.row.sku_key));
    for doc in &new_docs {
        inserts.push(WrittenRow::of(doc)?);
    }
    let mut updates = Rows::<WrittenRow>::update(tenant);
    for (_, doc) in updated {
        updates.push(WrittenRow::of(doc)?);
    }

    let recoded: Vec<&ProductDoc> =
        updated.iter().filter(|(before, after)| before.barcodes != after.barcodes).map(|(_, after)| *after).collect();
    if !recoded.is_empty() {
        let backend = work.backend();
        let sql = format!("DELETE FROM barcode WHERE tenant_id = $1 AND {}", backend.in_ids("product_id", 2));
        work.execute(&sql, vec![backend.ids(recoded.iter().map(|doc| doc.row.id))]).await?;
    }
    let mut codes: Vec<NewBarcode> = Vec::new();
    for doc in new_docs.iter().chain(&recoded) {
        let numbered_barcodes = doc.barcodes.iter().zip(0..);
        codes.extend(numbered_barcodes.map(|(barcode, position)| NewBarcode {
            code_key: gtin::key(&barcode.code),
            code: barcode.code.clone(),
            product_id: doc.row.id,
            pack_quantity: barcode.pack_quantity,
            position,
        }));
    }
    codes.sort_by(|a, b| a.code_key.cmp(&b.code_key));
    let mut barcodes = Rows::<NewBarcode>::insert(tenant);
    barcodes.extend(codes);
    work.write(updates.into()).await?;
    work.write(inserts.into()).await?;
    work.write(barcodes.into()).await
}
