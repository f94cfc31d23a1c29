//! What suppliers offer.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Bulk, Column, ColumnKind::*, Fault, Reads, Row, Work},
};
use sea_orm::Value;

use super::load::currency_of;
use crate::purchasing::core::{PriceBreak, Supply};

/// Names the order of the list in cursors.
pub const SUPPLY: &str = "supplies:SUPPLIER:ASC";

const COLUMNS: &str = "y.supplier_id, y.product_id, y.supplier_sku, y.pack_size, y.minimum_order, y.lead_time_days, y.currency, y.unit_cost_minor, y.price_breaks,
    y.preferred, y.version, y.created_at, y.updated_at";

fn supply(row: &mut Row<'_>) -> Result<Supply, Fault> {
    let (supplier, product, supplier_sku) = (row.take()?, row.take()?, row.take()?);
    let (pack_size, minimum_order, lead_time_days) = (row.take()?, row.take()?, row.take()?);
    let currency = currency_of("supplier_product", &row.take::<String>()?)?;
    let unit_cost = Money::new(row.take()?, currency);
    let breaks: String = row.take()?;
    let breaks: Vec<PriceBreak> =
        serde_json::from_str(&breaks).map_err(|_| Fault::corrupt("supplier_product", "price breaks are a list"))?;
    let preferred: i32 = row.take()?;
    Ok(Supply {
        supplier,
        product,
        supplier_sku,
        pack_size,
        minimum_order,
        lead_time_days,
        unit_cost,
        breaks,
        is_preferred: preferred == 1,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

/// The rows of these pairs that there are.
pub async fn supplies(
    reads: &impl Reads,
    pairs: &[(SupplierId, ProductId)],
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    read(reads, pairs, "").await
}

/// The same, locked in the order of their key until the transaction ends.
pub async fn lock_supplies(
    work: &Work,
    pairs: &[(SupplierId, ProductId)],
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    read(work, pairs, &work.backend().for_change("y")).await
}

async fn read(
    reads: &impl Reads,
    pairs: &[(SupplierId, ProductId)],
    lock: &str,
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let (k, values) = reads.backend().pairs(pairs, 2);
    let sql = format!(
        "SELECT {COLUMNS} FROM {k} CROSS JOIN supplier_product y WHERE y.tenant_id = $1 AND y.supplier_id = k.a AND y.product_id = k.b
         ORDER BY y.supplier_id, y.product_id{lock}"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter().map(|row| supply(&mut Row::new(row)).map(|supply| ((supply.supplier, supply.product), supply))).collect()
}

/// Whom these products are bought from where nobody says otherwise: the preferred row, else the product's own supplier with what they offer.
pub async fn preferred_of(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<HashMap<ProductId, (SupplierId, Option<Supply>)>, Fault> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id, p.supplier_id FROM product p WHERE p.tenant_id = $1 AND {} AND p.supplier_id IS NOT NULL",
        backend.in_ids("p.id", 2)
    );
    let mut own: Vec<(SupplierId, ProductId)> = Vec::new();
    for row in &reads.rows(&sql, vec![backend.ids(products.iter().copied())]).await? {
        let mut row = Row::new(row);
        let (product, supplier) = (row.take()?, row.take()?);
        own.push((supplier, product));
    }
    let offers = supplies(reads, &own).await?;
    let mut found: HashMap<ProductId, (SupplierId, Option<Supply>)> =
        own.into_iter().map(|pair| (pair.1, (pair.0, offers.get(&pair).cloned()))).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM supplier_product y WHERE y.tenant_id = $1 AND {} AND y.preferred = 1",
        backend.in_ids("y.product_id", 2)
    );
    for row in &reads.rows(&sql, vec![backend.ids(products.iter().copied())]).await? {
        let supply = supply(&mut Row::new(row))?;
        found.insert(supply.product, (supply.supplier, Some(supply)));
    }
    Ok(found)
}

/// A supplier that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierFacts {
    pub id: SupplierId,
    pub code_key: String,
}

/// The suppliers of these ids and of these codes, as they are folded.
pub async fn known_suppliers(reads: &impl Reads, ids: &[SupplierId], codes: &[String]) -> Result<Vec<SupplierFacts>, Fault> {
    if ids.is_empty() && codes.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT s.id, s.code_key FROM supplier s WHERE s.tenant_id = $1 AND ({} OR {})",
        backend.in_ids("s.id", 2),
        backend.in_texts("s.code_key", 3)
    );
    let codes = codes.iter().map(String::as_str).filter(|code| !code.contains('\0'));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied()), backend.texts(codes)]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(SupplierFacts { id: row.take()?, code_key: row.take()? })
        })
        .collect()
}

/// Which rows of the catalogues; an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplyFilter {
    pub suppliers: Option<Vec<SupplierId>>,
    pub products: Option<Vec<ProductId>>,
}

/// Where a row stands in its list.
pub fn supply_keys(supply: &Supply) -> Vec<Key> {
    vec![supply.supplier.into(), supply.product.into()]
}

/// A page of the catalogues, by supplier and product.
pub async fn supply_page(reads: &impl Reads, filter: &SupplyFilter, request: &PageRequest) -> Result<Vec<Supply>, Fault> {
    let backend = reads.backend();
    let (mut sql, mut values) = (format!("SELECT {COLUMNS} FROM supplier_product y WHERE y.tenant_id = $1"), Vec::<Value>::new());
    if let Some(suppliers) = &filter.suppliers {
        values.push(backend.ids(suppliers.iter().copied()));
        sql.push_str(&format!(" AND {}", backend.in_ids("y.supplier_id", values.len() + 1)));
    }
    if let Some(products) = &filter.products {
        values.push(backend.ids(products.iter().copied()));
        sql.push_str(&format!(" AND {}", backend.in_ids("y.product_id", values.len() + 1)));
    }
    let (bounds, tail, more) = keyset(&["y.supplier_id", "y.product_id"], false, request, 2 + values.len());
    values.extend(more);
    reads.rows(&format!("{sql}{bounds}{tail}"), values).await?.iter().map(|row| supply(&mut Row::new(row))).collect()
}

const ROW: &[Column] = &[
    Column("tenant_id", Id),
    Column("supplier_id", Id),
    Column("product_id", Id),
    Column("supplier_sku", TextOrNull),
    Column("pack_size", Int),
    Column("minimum_order", Int),
    Column("lead_time_days", SmallOrNull),
    Column("currency", Text),
    Column("unit_cost_minor", Int),
    Column("price_breaks", Text),
    Column("preferred", Small),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
];

/// New and changed rows.
pub fn supply_rows(tenant: TenantId, rows: &[Supply]) -> [Bulk; 2] {
    let (mut new, mut changed) = (Bulk::insert("supplier_product", ROW), Bulk::update("supplier_product", ROW, 3));
    for one in rows {
        let bulk = if one.version == 1 { &mut new } else { &mut changed };
        bulk.row([
            tenant.into(),
            one.supplier.into(),
            one.product.into(),
            one.supplier_sku.clone().into(),
            one.pack_size.get().into(),
            one.minimum_order.get().into(),
            one.lead_time_days.into(),
            one.unit_cost.currency.as_str().into(),
            one.unit_cost.minor.into(),
            serde_json::to_string(&one.breaks).unwrap_or_else(|_| "[]".to_owned()).into(),
            i32::from(one.is_preferred).into(),
            one.version.into(),
            one.created_at.micros().into(),
            one.updated_at.micros().into(),
        ]);
    }
    [new, changed]
}

/// Another supplier is about to be preferred for these products: whoever was is no longer. Those rows, with their versions as they are now.
pub async fn no_longer_preferred(
    work: &Work,
    products: &[ProductId],
    now: Timestamp,
) -> Result<Vec<(SupplierId, ProductId, i64)>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "UPDATE supplier_product SET preferred = 0, version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND {} AND preferred = 1
         RETURNING supplier_id, product_id, version",
        backend.in_ids("product_id", 2)
    );
    let rows = work.rows(&sql, vec![backend.ids(products.iter().copied()), now.micros().into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?, row.take()?))
        })
        .collect()
}
