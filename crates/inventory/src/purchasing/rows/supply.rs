//! Catalogues of suppliers.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, supplier, supplier_product},
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Bulk, Fault, Finds, LockOrder, Nested, Reads, Work, new_and_changed},
};

use super::order_row::currency_of;
use crate::{
    catalog::{
        core::text,
        rows::{
            Clause,
            conditions::{TimeSpan, push_nested, push_text},
            filter::TextTest,
            leaves::push_barcode_test_of,
        },
    },
    purchasing::core::{PriceBreak, Supply},
};

/// Row of the supplier's catalogue.
#[derive(Record)]
#[record(of = supplier_product, alias = "y")]
pub(super) struct SupplyRow {
    supplier_id: SupplierId,
    product_id: ProductId,
    supplier_sku: Option<String>,
    pack_size: Quantity,
    minimum_order: Quantity,
    lead_time_days: Option<i32>,
    currency: String,
    unit_cost_minor: i64,
    price_breaks: String,
    preferred: i32,
    archived_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductSupplierRow {
    id: ProductId,
    #[record(not_null)]
    supplier_id: SupplierId,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct SupplierRow {
    id: SupplierId,
    code_key: String,
    archived_at: Option<Timestamp>,
    merged_into: Option<SupplierId>,
}

#[derive(Record)]
#[record(of = supplier_product, alias = "")]
struct PreferredRow {
    supplier_id: SupplierId,
    product_id: ProductId,
    version: i64,
}

impl SupplyRow {
    pub(super) fn supply(self) -> Result<Supply, Fault> {
        let currency = currency_of("supplier_product", &self.currency)?;
        let breaks: Vec<PriceBreak> = serde_json::from_str(&self.price_breaks)
            .map_err(|_| Fault::corrupt("supplier_product", "price breaks are a list"))?;
        Ok(Supply {
            supplier: self.supplier_id,
            product: self.product_id,
            supplier_sku: self.supplier_sku,
            pack_size: self.pack_size,
            minimum_order: self.minimum_order,
            lead_time_days: self.lead_time_days,
            unit_cost: Money::new(self.unit_cost_minor, currency),
            breaks,
            is_preferred: self.preferred == 1,
            archived_at: self.archived_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl From<&Supply> for SupplyRow {
    fn from(supply: &Supply) -> Self {
        Self {
            supplier_id: supply.supplier,
            product_id: supply.product,
            supplier_sku: supply.supplier_sku.clone(),
            pack_size: supply.pack_size,
            minimum_order: supply.minimum_order,
            lead_time_days: supply.lead_time_days,
            currency: supply.unit_cost.currency.to_string(),
            unit_cost_minor: supply.unit_cost.minor,
            price_breaks: serde_json::to_string(&supply.breaks).unwrap_or_else(|_| "[]".to_owned()),
            preferred: i32::from(supply.is_preferred),
            archived_at: supply.archived_at,
            version: supply.version,
            created_at: supply.created_at,
            updated_at: supply.updated_at,
        }
    }
}

/// Returns the existing rows of these pairs that are in use.
pub async fn supplies(
    reads: &impl Reads,
    pairs: &[(SupplierId, ProductId)],
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    read(reads, pairs, (" AND y.archived_at IS NULL", "")).await
}

/// Reads these rows and archived ones, locked in the order of their key until the transaction ends.
pub async fn lock_supplies(
    work: &Work,
    pairs: &[(SupplierId, ProductId)],
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    read(work, pairs, ("", &work.backend().for_change("y"))).await
}

async fn read(
    reads: &impl Reads,
    pairs: &[(SupplierId, ProductId)],
    (condition, lock): (&str, &str),
) -> Result<HashMap<(SupplierId, ProductId), Supply>, Fault> {
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let (pairs_sql, values) = reads.backend().pairs(pairs, 2);
    let sql = format!(
        "SELECT {select} FROM {pairs_sql} CROSS JOIN supplier_product y WHERE y.tenant_id = $1 AND y.supplier_id = k.a AND y.product_id = k.b{condition}
         ORDER BY y.supplier_id, y.product_id{lock}",
        select = SupplyRow::SELECT
    );
    let rows = reads.records::<SupplyRow>(&sql, values).await?;
    rows.into_iter().map(|row| row.supply().map(|supply| ((supply.supplier, supply.product), supply))).collect()
}

/// Returns the default supplier of these products: the preferred row, else the product's own
/// supplier with its row. Archived suppliers are left out.
pub async fn default_suppliers_of(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<HashMap<ProductId, (SupplierId, Option<Supply>)>, Fault> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM product p JOIN supplier s ON s.tenant_id = $1 AND s.id = p.supplier_id AND s.archived_at IS NULL
         WHERE p.tenant_id = $1 AND {of}",
        select = ProductSupplierRow::SELECT,
        of = backend.in_ids("p.id", 2)
    );
    let preferred_pairs = reads.records::<ProductSupplierRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    let preferred_pairs: Vec<(SupplierId, ProductId)> =
        preferred_pairs.into_iter().map(|row| (row.supplier_id, row.id)).collect();
    let offers = supplies(reads, &preferred_pairs).await?;
    let mut preferred_by_product: HashMap<ProductId, (SupplierId, Option<Supply>)> =
        preferred_pairs.into_iter().map(|pair| (pair.1, (pair.0, offers.get(&pair).cloned()))).collect();
    let sql = format!(
        "SELECT {select} FROM supplier_product y JOIN supplier s ON s.tenant_id = $1 AND s.id = y.supplier_id AND s.archived_at IS NULL
         WHERE y.tenant_id = $1 AND {of} AND y.preferred = 1 AND y.archived_at IS NULL",
        select = SupplyRow::SELECT,
        of = backend.in_ids("y.product_id", 2)
    );
    for row in reads.records::<SupplyRow>(&sql, vec![backend.ids(products.iter().copied())]).await? {
        let supply = row.supply()?;
        preferred_by_product.insert(supply.product, (supply.supplier, Some(supply)));
    }
    Ok(preferred_by_product)
}

/// A supplier that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierFacts {
    pub id: SupplierId,
    pub code_key: String,
    pub archived_at: Option<Timestamp>,
    /// Survivor that the code belongs to after a merge.
    pub merged_into: Option<SupplierId>,
}

/// Returns the suppliers with these IDs or case-folded codes.
pub async fn suppliers_by_id_or_code(
    reads: &impl Reads,
    ids: &[SupplierId],
    codes: &[String],
) -> Result<Vec<SupplierFacts>, Fault> {
    if ids.is_empty() && codes.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM supplier s WHERE s.tenant_id = $1 AND ({of} OR {by})",
        select = SupplierRow::SELECT,
        of = backend.in_ids("s.id", 2),
        by = backend.in_texts("s.code_key", 3)
    );
    let codes = codes.iter().map(String::as_str).filter(|code| !code.contains('\0'));
    let rows = reads.records::<SupplierRow>(&sql, vec![backend.ids(ids.iter().copied()), backend.texts(codes)]).await?;
    let facts = |row: SupplierRow| SupplierFacts {
        id: row.id,
        code_key: row.code_key,
        archived_at: row.archived_at,
        merged_into: row.merged_into,
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// Like `suppliers_by_id_or_code`, with the survivors of merged suppliers with these codes.
pub async fn suppliers_with_survivors(
    reads: &impl Reads,
    ids: &[SupplierId],
    codes: &[String],
) -> Result<Vec<SupplierFacts>, Fault> {
    let mut suppliers = suppliers_by_id_or_code(reads, ids, codes).await?;
    let is_named = |facts: &&SupplierFacts| codes.contains(&facts.code_key);
    let into: Vec<SupplierId> = suppliers.iter().filter(is_named).filter_map(|facts| facts.merged_into).collect();
    let is_found = |id: &SupplierId| suppliers.iter().any(|facts| facts.id == *id);
    let absent_ids: Vec<SupplierId> = into.into_iter().filter(|id| !is_found(id)).collect();
    suppliers.extend(suppliers_by_id_or_code(reads, &absent_ids, &[]).await?);
    Ok(suppliers)
}

/// Filter of catalogue rows; an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplyFilter {
    pub suppliers: Option<Vec<SupplierId>>,
    pub products: Option<Vec<ProductId>>,
    /// Tests of the products' SKUs.
    pub skus: Vec<TextTest>,
    /// Tests of the suppliers' own SKUs, exactly as stored.
    pub supplier_skus: Vec<TextTest>,
    /// Tests of the products' barcodes; each may be passed by another barcode.
    pub barcodes: Vec<TextTest>,
    /// None for both.
    pub is_archived: Option<bool>,
    pub created: TimeSpan,
    pub updated: TimeSpan,
}

impl SupplyFilter {
    /// Adds the conditions, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        if let Some(suppliers) = &self.suppliers {
            let number = clause.number(backend.ids(suppliers.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("y.supplier_id", number)));
        }
        if let Some(products) = &self.products {
            let number = clause.number(backend.ids(products.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("y.product_id", number)));
        }
        for test in &self.skus {
            clause.push(" AND y.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1");
            push_text(clause, "p.sku_key", test, text::fold);
            clause.push(")");
        }
        for test in &self.supplier_skus {
            // With this explicit condition, the partial index can be used.
            if *test != TextTest::IsNull(true) {
                clause.push(" AND y.supplier_sku IS NOT NULL");
            }
            push_text(clause, "y.supplier_sku", test, str::to_owned);
        }
        for test in &self.barcodes {
            clause.push(" AND ");
            push_barcode_test_of("y.product_id", test, clause);
        }
        match self.is_archived {
            Some(true) => clause.push(" AND y.archived_at IS NOT NULL"),
            Some(false) => clause.push(" AND y.archived_at IS NULL"),
            None => {}
        }
        self.created.push_to(clause, "y.created_at");
        self.updated.push_to(clause, "y.updated_at");
    }
}

/// Sort of catalogue rows; ties are broken by supplier and product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplySort {
    Supplier,
    Product,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type SupplySorted = Sorted<SupplySort>;

impl SortBy for SupplySort {
    type Row = Supply;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Supplier, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Supplier => ("SUPPLIER", &["y.supplier_id", "y.product_id"]),
            Self::Product => ("PRODUCT", &["y.product_id", "y.supplier_id"]),
            Self::CreatedAt => ("CREATED_AT", &["y.created_at", "y.supplier_id", "y.product_id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["y.updated_at", "y.supplier_id", "y.product_id"]),
        }
    }
    fn keys(self, supply: &Supply) -> Vec<Key> {
        let at = match self {
            Self::Supplier => return vec![supply.supplier.into(), supply.product.into()],
            Self::Product => return vec![supply.product.into(), supply.supplier.into()],
            Self::CreatedAt => supply.created_at,
            Self::UpdatedAt => supply.updated_at,
        };
        vec![Key::Int(at.micros()), supply.supplier.into(), supply.product.into()]
    }
}

/// The rows of the catalogues that the filter selects.
pub fn supply_source(backend: Backend, filter: &Nested<SupplyFilter>) -> ListSource {
    let mut clause = Clause::new(backend);
    push_nested(&mut clause, filter, |clause, filter| filter.push_to(clause));
    ListSource { from: format!("FROM supplier_product y WHERE y.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// A page of the catalogues in this order.
pub async fn supply_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: SupplySorted,
    request: &PageRequest,
) -> Result<Vec<Supply>, Fault> {
    let (sql, values) = sorted.page(source, SupplyRow::SELECT, request);
    reads.records::<SupplyRow>(&sql, values).await?.into_iter().map(SupplyRow::supply).collect()
}

/// Returns new and changed rows, in the order of their key: two calls that create the same rows do
/// not deadlock.
pub fn supply_rows(tenant: TenantId, rows: &[Supply]) -> [Bulk; 2] {
    let mut rows: Vec<&Supply> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.supplier, row.product));
    new_and_changed::<SupplyRow, SupplyRow, _>(tenant, rows.into_iter().map(|row| (row, row.version != 1)))
}

/// Locks these products, which get a new preferred row, in the order of their IDs until the
/// transaction ends: of two calls that prefer rows of one product, the second waits before it locks
/// a row. Returns the rows that are preferred now, to be locked with those of the call.
pub async fn lock_for_preferred(work: &Work, products: &[ProductId]) -> Result<Vec<(SupplierId, ProductId)>, Fault> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let backend = work.backend();
    let ids = || vec![backend.ids(products.iter().copied())];
    work.lock_in_order(LockOrder::for_change("product", "id"), &backend.in_ids("id", 2), ids()).await?;
    let (select, condition) = (PreferredRow::SELECT, backend.in_ids("product_id", 2));
    let sql = format!("SELECT {select} FROM supplier_product WHERE tenant_id = $1 AND {condition} AND preferred = 1");
    let rows = work.records::<PreferredRow>(&sql, ids()).await?;
    Ok(rows.into_iter().map(|row| (row.supplier_id, row.product_id)).collect())
}

/// Clears the preference of other suppliers' rows for these products, which get another preferred
/// supplier. Returns those rows, which are locked (`lock_for_preferred`), with their new versions.
pub async fn clear_preferred(
    work: &Work,
    products: &[ProductId],
    now: Timestamp,
) -> Result<Vec<(SupplierId, ProductId, i64)>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "UPDATE supplier_product SET preferred = 0, version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND {of} AND preferred = 1
         RETURNING {returned}",
        of = backend.in_ids("product_id", 2),
        returned = PreferredRow::SELECT
    );
    let rows = work.records::<PreferredRow>(&sql, vec![backend.ids(products.iter().copied()), now.micros().into()]).await?;
    Ok(rows.into_iter().map(|row| (row.supplier_id, row.product_id, row.version)).collect())
}
