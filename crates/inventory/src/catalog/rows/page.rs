//! Pages of products: the hot path. One statement per page, unless the filter has a search.

use std::collections::HashMap;

use entity::{prelude::ProductId, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Fault, Reads, Row},
};

use super::{clause::Clause, filter::Filter, product, search};
use crate::catalog::core::{product::ProductRow, search::Query};

/// Sort of a list of products; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductSort {
    Sku,
    Name,
    CreatedAt,
    UpdatedAt,
    /// By currency first: amounts of several currencies have no order. A product without a price
    /// comes after all others.
    Price,
}

/// The currency of products without a price in the index of migration 134: it sorts after all
/// codes.
const NO_CURRENCY: &str = "~";

/// A sort and its direction.
pub type ProductOrder = Sorted<ProductSort>;

impl SortBy for ProductSort {
    type Row = ProductRow;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Sku, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Sku => ("Sku", &["p.sku_key", "p.id"]),
            Self::Name => ("Name", &["p.name_key", "p.id"]),
            Self::CreatedAt => ("CreatedAt", &["p.created_at", "p.id"]),
            Self::UpdatedAt => ("UpdatedAt", &["p.updated_at", "p.id"]),
            Self::Price => (
                "Price",
                &[
                    "(CASE WHEN p.price_currency IS NULL THEN '~' ELSE p.price_currency END)",
                    "(CASE WHEN p.price_minor IS NULL THEN 0 ELSE p.price_minor END)",
                    "p.id",
                ],
            ),
        }
    }
    fn keys(self, row: &ProductRow) -> Vec<Key> {
        let first_key = match self {
            Self::Sku => Key::Text(row.sku_key.clone()),
            Self::Name => Key::Text(row.name_key.clone()),
            Self::CreatedAt => Key::Int(row.created_at.micros()),
            Self::UpdatedAt => Key::Int(row.updated_at.micros()),
            Self::Price => {
                let (currency, minor) =
                    row.price.as_ref().map_or((NO_CURRENCY, 0), |price| (price.currency.as_str(), price.minor));
                return vec![Key::Text(currency.to_owned()), Key::Int(minor), row.id.into()];
            }
        };
        vec![first_key, row.id.into()]
    }
}

/// A filter whose searches have been run: a condition, and the ranked products if a search narrows
/// the whole list.
#[derive(Debug, Clone)]
pub struct ResolvedFilter {
    clause: Clause,
    /// Best first. All of them fulfil the condition.
    pub ranked: Option<search::RankedProducts>,
    /// True if a fuzzy search had more candidates than are scored: more products may match than
    /// were found.
    pub is_vague: bool,
}

impl ResolvedFilter {
    /// Runs the searches of `filter`; without any, it sends no statement.
    pub async fn resolve(reads: &impl Reads, mut filter: Filter) -> Result<Self, Fault> {
        let search_text = filter.take_search();
        let mut nested_searches = Vec::new();
        filter.searches(&mut nested_searches);
        let mut rankings: HashMap<String, search::RankedProducts> = HashMap::new();
        for text in nested_searches {
            if let Some(query) = Query::parse(text) {
                rankings.insert(text.to_owned(), search::search_products(reads, &query, &Clause::new(reads.backend())).await?);
            }
        }
        let mut clause = Clause::new(reads.backend());
        if filter != Filter::default() {
            clause.push(" AND ");
            filter.compile(&mut clause, &rankings);
        }
        let ranked = match search_text.as_deref().map(Query::parse) {
            None => None,
            Some(None) => Some(search::RankedProducts::default()),
            Some(Some(query)) => Some(search::search_products(reads, &query, &clause).await?),
        };
        let is_vague = rankings.values().chain(&ranked).any(|ranked| ranked.is_vague);
        Ok(Self { clause, ranked, is_vague })
    }

    /// Returns the condition alone, searches included.
    fn full_condition(&self) -> Clause {
        let Some(ranked) = &self.ranked else { return self.clause.clone() };
        let mut clause = self.clause.clone();
        clause.push(" AND ");
        ranked.compile(&mut clause);
        clause
    }

    /// Returns the condition alone, for statements of other rooms.
    pub fn condition(&self) -> ProductCondition {
        let Clause { sql, values, .. } = self.full_condition();
        ProductCondition { sql, values }
    }

    /// Returns the rows of a page in the direction of the request, one more than its limit if there
    /// are more.
    pub async fn rows(&self, reads: &impl Reads, order: ProductOrder, request: &PageRequest) -> Result<Vec<ProductRow>, Fault> {
        let (sql, values) = order.page(self.source(), product::CatalogProductRow::SELECT, request);
        product::select_products(reads, &sql, values).await
    }

    /// The products that fulfil the condition.
    pub fn source(&self) -> ListSource {
        let Clause { sql, values, .. } = self.full_condition();
        ListSource { from: format!("FROM product p WHERE p.tenant_id = $1{sql}"), values }
    }

    /// Counts the products, up to one more than `limit`.
    pub async fn count(&self, reads: &impl Reads, limit: i64) -> Result<i64, Fault> {
        self.source().count(reads, limit).await
    }
}

/// A condition on products with which other rooms filter their rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProductCondition {
    /// Begins with ` AND `, on the table `product` as `p`; empty for all products.
    pub sql: String,
    /// Parameters of `sql`, from `$2` on; `$1` is the tenant.
    pub values: Vec<sea_orm::Value>,
}

impl ProductCondition {
    /// Returns the condition that the column `product` is one of these products; None for all
    /// products. A null does not pass.
    pub fn on(&self, product: &str) -> Option<String> {
        let sql = Some(&self.sql).filter(|sql| !sql.is_empty())?;
        Some(format!("{product} IN (SELECT p.id FROM product p WHERE p.tenant_id = $1{sql})"))
    }

    /// The ids of these products; None for all products.
    pub async fn ids(&self, reads: &impl Reads) -> Result<Option<Vec<ProductId>>, Fault> {
        if self.sql.is_empty() {
            return Ok(None);
        }
        let sql = format!("SELECT p.id FROM product p WHERE p.tenant_id = $1{}", self.sql);
        let rows = reads.rows(&sql, self.values.clone()).await?;
        rows.iter().map(Row::scalar).collect::<Result<_, Fault>>().map(Some)
    }
}

/// A page of products: the filter's searches, then one statement.
pub async fn page(
    reads: &impl Reads,
    filter: Filter,
    order: ProductOrder,
    request: &PageRequest,
) -> Result<Vec<ProductRow>, Fault> {
    ResolvedFilter::resolve(reads, filter).await?.rows(reads, order, request).await
}
