//! External series that influence demand, and the countries of stores.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{factor_series, store},
};
use inventory::orders::rows::Clause;
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads, Row, Work},
};
use sea_orm::Value;

use super::factor_filter::FactorFilter;
use crate::forecasting::core::{FactorGoods, FactorSeries};

/// Name of the list in cursors.
pub const FACTORS: &str = "factorSeries";

/// Sort field of series; the code breaks ties. `UpdatedAt` has no index: a tenant has few series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorSort {
    Code,
    UpdatedAt,
}

/// A sort and its direction.
pub type FactorsSorted = Sorted<FactorSort>;

impl SortBy for FactorSort {
    type Row = FactorSeries;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Code, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Code => ("CODE", &["f.code"]),
            Self::UpdatedAt => ("UPDATED_AT", &["f.updated_at", "f.code"]),
        }
    }
    fn keys(self, series: &FactorSeries) -> Vec<Key> {
        let code = Key::Text(series.code.clone());
        match self {
            Self::Code => vec![code],
            Self::UpdatedAt => vec![Key::Int(series.updated_at.micros()), code],
        }
    }
}

#[derive(Record)]
#[record(of = factor_series, alias = "f")]
struct FactorRow {
    code: String,
    kind: FactorKind,
    name: String,
    store_id: Option<StoreId>,
    product_id: Option<ProductId>,
    category_id: Option<CategoryId>,
    country: Option<String>,
    from_date: i32,
    until_date: i32,
    body: String,
    version: i64,
    updated_at: Timestamp,
}

impl TryFrom<FactorRow> for FactorSeries {
    type Error = Fault;
    fn try_from(row: FactorRow) -> Result<Self, Fault> {
        let FactorRow { code, kind, name, store_id: store, country, from_date: from, until_date: until, version, .. } = row;
        let values = serde_json::from_str(&row.body);
        let values = values.map_err(|_| Fault::corrupt("factor_series", "its body has days and values"))?;
        let goods = match (row.product_id, row.category_id) {
            (Some(product), _) => FactorGoods::Product(product),
            (None, Some(category)) => FactorGoods::Category(category),
            (None, None) => FactorGoods::All,
        };
        Ok(Self { code, kind, name, store, goods, country, from, until, values, version, updated_at: row.updated_at })
    }
}

fn row_of(tenant_id: TenantId, series: &FactorSeries) -> Result<factor_series::Model, Fault> {
    Ok(factor_series::Model {
        tenant_id,
        code: series.code.clone(),
        kind: series.kind,
        name: series.name.clone(),
        store_id: series.store,
        product_id: series.goods.product(),
        category_id: series.goods.category(),
        country: series.country.clone(),
        from_date: series.from,
        until_date: series.until,
        body: serde_json::to_string(&series.values).map_err(|err| Fault::Broken(err.to_string()))?,
        version: series.version,
        updated_at: series.updated_at,
    })
}

async fn factors_where(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<FactorSeries>, Fault> {
    let sql = format!("SELECT {} FROM factor_series f WHERE f.tenant_id = $1{condition} ORDER BY f.code", FactorRow::SELECT);
    reads.records::<FactorRow>(&sql, values).await?.into_iter().map(FactorSeries::try_from).collect()
}

/// Reads all series of a tenant, by code.
pub async fn factors(reads: &impl Reads) -> Result<Vec<FactorSeries>, Fault> {
    factors_where(reads, "", vec![]).await
}

/// Returns the series that match the filter: all of a tenant, or those of these stores and those
/// without a store.
pub fn factor_source(backend: Backend, filter: &Nested<FactorFilter>, stores: Option<&[StoreId]>) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    if let Some(stores) = stores {
        let number = clause.bind(backend.ids(stores.iter().copied()));
        clause.push(&format!(" AND (f.store_id IS NULL OR {})", backend.in_ids("f.store_id", number)));
    }
    clause.nested(filter, |clause, filter: &FactorFilter| filter.push_to(clause));
    ListSource { from: format!("FROM factor_series f WHERE f.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// Reads a page of series, sorted.
pub async fn factor_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: FactorsSorted,
    request: &PageRequest,
) -> Result<Vec<FactorSeries>, Fault> {
    let (sql, values) = sorted.page(source, FactorRow::SELECT, request);
    reads.records::<FactorRow>(&sql, values).await?.into_iter().map(FactorSeries::try_from).collect()
}

/// Reads the series with a code.
pub async fn factor(reads: &impl Reads, code: &str) -> Result<Option<FactorSeries>, Fault> {
    Ok(factors_where(reads, " AND f.code = $2", vec![code.into()]).await?.pop())
}

pub async fn insert_factor(work: &Work, series: &FactorSeries) -> Result<(), Fault> {
    work.insert::<factor_series::Entity>(row_of(work.tenant(), series)?).await
}

pub async fn update_factor(work: &Work, series: &FactorSeries) -> Result<(), Fault> {
    work.update::<factor_series::Entity>(row_of(work.tenant(), series)?).await
}

pub async fn remove_factor(work: &Work, code: &str) -> Result<u64, Fault> {
    work.execute("DELETE FROM factor_series WHERE tenant_id = $1 AND code = $2", vec![code.into()]).await
}

/// Returns the number of a tenant's series of the same scope: of all products, of a category, or of
/// a product.
pub async fn count_factors(reads: &impl Reads, goods: FactorGoods) -> Result<i64, Fault> {
    let condition = match goods {
        FactorGoods::All => "f.product_id IS NULL AND f.category_id IS NULL",
        FactorGoods::Category(_) => "f.category_id IS NOT NULL",
        FactorGoods::Product(_) => "f.product_id IS NOT NULL",
    };
    let rows =
        reads.rows(&format!("SELECT count(*) FROM factor_series f WHERE f.tenant_id = $1 AND {condition}"), vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Whether the tenant has a store.
pub async fn is_store(reads: &impl Reads, store: StoreId) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.id = $2", vec![store.into()]).await?.is_empty())
}

/// Whether the tenant has the product or the category.
pub async fn do_goods_exist(reads: &impl Reads, goods: FactorGoods) -> Result<bool, Fault> {
    let (table, id): (&str, Value) = match goods {
        FactorGoods::All => return Ok(true),
        FactorGoods::Product(product) => ("product", product.into()),
        FactorGoods::Category(category) => ("category", category.into()),
    };
    let sql = format!("SELECT x.id FROM {table} x WHERE x.tenant_id = $1 AND x.id = $2");
    Ok(!reads.rows(&sql, vec![id]).await?.is_empty())
}

#[derive(Record)]
#[record(of = store, alias = "s")]
struct AddressRow {
    id: StoreId,
    #[record(not_null)]
    address: String,
}

/// The country of each store whose address has one, as two capital letters.
pub async fn countries(reads: &impl Reads) -> Result<BTreeMap<StoreId, String>, Fault> {
    let sql =
        format!("SELECT {} FROM store s WHERE s.tenant_id = $1 AND s.address IS NOT NULL ORDER BY s.id", AddressRow::SELECT);
    let mut country_by_store = BTreeMap::new();
    for AddressRow { id, address } in reads.records::<AddressRow>(&sql, vec![]).await? {
        let address: serde_json::Value =
            serde_json::from_str(&address).map_err(|_| Fault::corrupt("store", "its address is JSON"))?;
        if let Some(country) = address["country"].as_str() {
            country_by_store.insert(id, country.to_ascii_uppercase());
        }
    }
    Ok(country_by_store)
}
