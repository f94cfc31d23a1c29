//! The list of a run's forecasts: its filter, its order and its pages.

use entity::{prelude::*, record::Selected};
use inventory::orders::rows::Clause;
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};

use super::runs::{SeriesRow, StoredForecast};

/// Name of the list in cursors.
pub const FORECASTS: &str = "forecasts";

/// Sort field of forecasts; the other of both breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastSort {
    Product,
    Store,
}

/// A sort and its direction.
pub type ForecastsSorted = Sorted<ForecastSort>;

impl SortBy for ForecastSort {
    type Row = StoredForecast;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Product, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Product => ("PRODUCT", &["s.product_id", "s.store_id"]),
            Self::Store => ("STORE", &["s.store_id", "s.product_id"]),
        }
    }
    fn keys(self, forecast: &StoredForecast) -> Vec<Key> {
        match self {
            Self::Product => vec![forecast.product.into(), forecast.store.into()],
            Self::Store => vec![forecast.store.into(), forecast.product.into()],
        }
    }
}

/// Conditions on forecasts; `None` is no condition, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForecastFilter {
    pub products: Option<Vec<ProductId>>,
    /// Categories of the products, these only.
    pub categories: Option<Vec<CategoryId>>,
    pub stores: Option<Vec<StoreId>>,
    pub classes: Option<Vec<DemandClass>>,
    pub statuses: Option<Vec<ForecastStatus>>,
}

impl ForecastFilter {
    /// Adds the conditions on `forecast_series s`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        for (column, list) in [
            ("s.product_id", self.products.as_ref().map(|list| backend.ids(list.iter().copied()))),
            ("s.store_id", self.stores.as_ref().map(|list| backend.ids(list.iter().copied()))),
        ] {
            if let Some(list) = list {
                let number = clause.bind(list);
                clause.push(&format!(" AND {}", backend.in_ids(column, number)));
            }
        }
        if let Some(categories) = &self.categories {
            let number = clause.bind(backend.ids(categories.iter().copied()));
            let of_these = backend.in_ids("p.category_id", number);
            clause.push(&format!(" AND s.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {of_these})"));
        }
        for (column, list) in [
            ("s.class", self.classes.as_ref().map(|list| backend.texts(list.iter().map(|word| word.as_str())))),
            ("s.status", self.statuses.as_ref().map(|list| backend.texts(list.iter().map(|word| word.as_str())))),
        ] {
            if let Some(list) = list {
                let number = clause.bind(list);
                clause.push(&format!(" AND {}", backend.in_texts(column, number)));
            }
        }
    }
}

/// Returns the forecasts of a run that match the filter: of products in single stores, in these or in all; or of products in all stores together.
pub fn forecasts_source(
    backend: Backend,
    first_week: i32,
    (level, stores): (ForecastLevel, Option<&[StoreId]>),
    filter: &Nested<ForecastFilter>,
) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    let (week, nil) = (clause.bind(first_week), clause.bind(StoreId::NIL));
    let operator = match level {
        ForecastLevel::Store => "<>",
        ForecastLevel::AllStores => "=",
    };
    clause.push(&format!(" AND s.first_week = ${week} AND s.store_id {operator} ${nil}"));
    if let Some(stores) = stores {
        let number = clause.bind(backend.ids(stores.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("s.store_id", number)));
    }
    clause.nested(filter, |clause, filter: &ForecastFilter| filter.push_to(clause));
    ListSource { from: format!("FROM forecast_series s WHERE s.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// Reads a page of forecasts, sorted.
pub async fn forecast_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: ForecastsSorted,
    request: &PageRequest,
) -> Result<Vec<StoredForecast>, Fault> {
    let (sql, values) = sorted.page(source, SeriesRow::SELECT, request);
    reads.records::<SeriesRow>(&sql, values).await?.into_iter().map(StoredForecast::try_from).collect()
}
