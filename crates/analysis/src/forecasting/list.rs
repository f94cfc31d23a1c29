//! The list of forecasts, its filter and its sort.

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::StoreId;
use macros::resolvers;
use platform::storage::Nested;
use services::{
    forecasting::rows::{ForecastFilter as Tests, ForecastSort as By, ForecastsSorted, StoredForecast},
    reports::core,
};

use super::{
    enums::{DemandClass, ForecastStatus},
    forecast::{ForecastWeek, count, weeks_of},
    range::check_range,
};
use crate::{
    catalog::{Direction, Product, Store},
    connection,
    counts::AbcClass,
    graphql::{
        fault::Answer,
        filters::IdFilter,
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::links,
    reports::XyzClass,
};

connection!(counted ForecastSummaryConnection, ForecastSummaryEdge, ForecastSummary, "forecasts of the newest run");

/// Sort order of a list of forecasts.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ForecastSort {
    /// Field by which the forecasts are sorted.
    pub field: ForecastSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which forecasts can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastSortField {
    /// ID of the product, then of the store.
    Product,
    /// ID of the store, then of the product.
    Store,
}

crate::sorts::rows_sorted!(ForecastSort => ForecastsSorted);

/// Forecasts that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ForecastFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ForecastFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ForecastFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ForecastFilter>>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// Categories of the products to include, these only.
    pub category: Option<IdFilter>,
    /// Stores to include; a forecast of all stores together has none.
    pub store: Option<IdFilter>,
    /// Classes of demand to include; an empty list matches nothing.
    pub class: Option<Vec<DemandClass>>,
    /// States of the forecast to include; an empty list matches nothing.
    pub status: Option<Vec<ForecastStatus>>,
}

::graphql::nested_filter!(ForecastFilter);
crate::keyed_filter!(ForecastFilter, "product" product ProductSku, "category" category CategorySlug, "store" store StoreCode);

impl ForecastFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<Tests>> {
        read_nested(self, &mut Self::tests)
    }

    /// The tests of one filter, without those inside it.
    fn tests(self, path: &Path) -> Answer<Tests> {
        Ok(Tests {
            products: self.product.map(|filter| filter.ids(&field_path(path, "product"))).transpose()?.flatten(),
            categories: self.category.map(|filter| filter.ids(&field_path(path, "category"))).transpose()?.flatten(),
            stores: self.store.map(|filter| filter.ids(&field_path(path, "store"))).transpose()?.flatten(),
            classes: self.class.map(|list| list.into_iter().map(Into::into).collect()),
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
        })
    }
}

/// A row of the list.
pub struct ForecastSummary(pub StoredForecast);

/// Forecast of a product's weekly demand without its history, in the product's smallest units. `forecast` has the rest.
#[resolvers(requires = ReportRead)]
impl ForecastSummary {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// Store. Null for all stores together.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        if self.0.store == StoreId::NIL {
            return None;
        }
        Some(links::store(ctx, self.0.store).await)
    }
    /// Class of demand, from which the method follows.
    async fn class(&self) -> DemandClass {
        self.0.class.into()
    }
    /// ABC class of the product in the store. Null where `Forecast.abcClass` is.
    async fn abc_class(&self) -> Option<AbcClass> {
        Some(self.0.body.classes?.abc.into())
    }
    /// XYZ class of the product in the store. Null where `Forecast.abcClass` is.
    async fn xyz_class(&self) -> Option<XyzClass> {
        Some(core::XyzClass::from(self.0.body.classes?.xyz).into())
    }
    /// State of the forecast.
    async fn status(&self) -> ForecastStatus {
        self.0.status.into()
    }
    /// Method of the mean, as in "SES cap 3".
    async fn method(&self) -> &str {
        &self.0.body.method
    }
    /// Number of weeks that the method knows, from the first demand on.
    async fn known_weeks(&self) -> i32 {
        count(self.0.body.known_weeks)
    }
    /// Number of weeks since the first demand that are unknown, as the product could hardly be sold.
    async fn missing_weeks(&self) -> i32 {
        count(self.0.body.missing_weeks)
    }
    /// Quality of the history, 0 to 100.
    async fn quality_score(&self) -> f64 {
        self.0.body.score
    }
    /// Coming weeks, the first one the week in which the run was made. Empty for TOO_LITTLE.
    #[field(list_size(assumed = 4))]
    async fn weeks(
        &self,
        #[graphql(desc = "Coming weeks that are listed, 1 to 26. Default 4.", default = 4)] weeks: i32,
    ) -> Answer<Vec<ForecastWeek>> {
        check_range(weeks, 1..=26, "weeks")?;
        Ok(weeks_of(&self.0).take(usize::try_from(weeks).unwrap_or_default()).collect())
    }
}
