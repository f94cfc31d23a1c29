//! Rows of the report builder as clients see them.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{self, CategoryId, ChannelId, Currency, ProductId, StoreId, SupplierId};
use macros::resolvers;
use platform::path;
use services::{
    demand::rows::FactKey,
    reports::{
        core::{self, Figure, period_label},
        shell::{BuiltRow, ReportCell, ReportSource},
    },
};
use uuid::Uuid;

use super::{
    builder_enums::ReportMeasure,
    links::{self, Category, Channel, Date, Product, Store, non_nil_id, round6},
};
use crate::{
    catalog::Supplier,
    graphql::{
        fault::{Answer, TopError},
        scalars::Decimal,
    },
    purchasing::links as suppliers,
};

/// Properties that all rows of a report share.
pub(super) struct Shape {
    pub spec: core::ReportSpec,
    pub source: ReportSource,
}

impl Shape {
    pub const fn currency(&self) -> Currency {
        self.source.currency
    }
}

/// A figure as clients read it: exact, or to six decimals.
pub(super) fn text(measure: core::ReportMeasure, figure: Figure, currency: Currency) -> String {
    match figure {
        Figure::Count(number) => number.to_string(),
        Figure::Minor(minor) => prelude::Money::new(minor, currency).amount(),
        Figure::Ratio(_) => format!("{:.6}", round6(number(measure, figure, currency))),
    }
}

/// The figure as a number: money in main units.
pub(super) fn number(measure: core::ReportMeasure, figure: Figure, currency: Currency) -> f64 {
    match measure.unit() {
        core::ReportUnit::Money => figure.number() / 10_f64.powi(currency.decimals() as i32),
        _ => figure.number(),
    }
}

/// One figure of a row of a report.
#[derive(Clone, Copy)]
pub struct ReportValue {
    cell: ReportCell,
    currency: Currency,
}

impl ReportValue {
    fn text(&self, figure: Option<Figure>) -> Option<Decimal> {
        figure.map(|figure| Decimal(text(self.cell.measure, figure, self.currency)))
    }
    /// Both figures, if there is a comparison.
    fn value_pair(&self) -> Option<(Figure, Figure)> {
        self.cell.now.zip(self.cell.before)
    }
}

/// Value of a measure in a row. Units, documents and money are exact; shares, averages and lost units have six decimals.
#[resolvers]
impl ReportValue {
    /// Measure of the value.
    async fn measure(&self) -> ReportMeasure {
        self.cell.measure.into()
    }
    /// Value of the report's days. Null where a ratio has no denominator, in totals where rows do not add up, and where it is hidden.
    async fn value(&self) -> Option<Decimal> {
        self.text(self.cell.now)
    }
    /// Value of the days that the report is compared with. Null without a comparison, too.
    async fn before(&self) -> Option<Decimal> {
        self.text(self.cell.before)
    }
    /// Value less the one before. Null without both.
    async fn change(&self) -> Option<Decimal> {
        let (current, before) = self.value_pair()?;
        self.text(current.difference_from(before))
    }
    /// Change by the size of the value before, to six decimals: 0.5 is half as much again. Null without both values, and where the one before is 0.
    async fn change_rate(&self) -> Option<f64> {
        let (current, before) = self.value_pair()?;
        current.growth_rate(before).map(round6)
    }
    /// True if the value is hidden: it shows costs, and the caller lacks product.cost.read.
    async fn is_hidden(&self) -> bool {
        self.cell.is_hidden
    }
}

/// A row of a report.
pub struct ReportRow {
    pub(super) row: BuiltRow,
    pub(super) shape: Arc<Shape>,
}

impl ReportRow {
    fn key(&self, dimension: core::ReportDimension) -> Option<FactKey> {
        let index = self.shape.spec.dimensions.iter().position(|candidate| *candidate == dimension)?;
        self.row.keys.get(index).copied()
    }
    fn id(&self, dimension: core::ReportDimension) -> Option<Uuid> {
        match self.key(dimension)? {
            FactKey::Id(id) => non_nil_id(id),
            FactKey::Date(_) => None,
        }
    }
    /// The unit of time of the row, and the first day of its period.
    fn time(&self) -> Option<(core::TimeUnit, i32)> {
        let dimension = self.shape.spec.dimensions.iter().copied().find(|candidate| candidate.unit().is_some())?;
        match self.key(dimension)? {
            FactKey::Date(day) => Some((dimension.unit()?, day)),
            FactKey::Id(_) => None,
        }
    }
    fn value_of(&self, cell: &ReportCell) -> ReportValue {
        ReportValue { cell: *cell, currency: self.shape.currency() }
    }
}

/// Row of a report: its dimensions, and a value of each measure.
#[resolvers]
impl ReportRow {
    /// Day, week, month, quarter or year in words, as in 2026-03-09, 2026-03 or 2026-Q1. Null when rows are not grouped by time.
    async fn period(&self) -> Option<String> {
        self.time().map(|(unit, day)| period_label(unit, day))
    }
    /// First day of the day, week, month, quarter or year. Null when rows are not grouped by time.
    async fn date(&self) -> Option<Date> {
        self.time().map(|(_, day)| Date(day))
    }
    /// Day of the week from 1, a Monday, to 7, a Sunday. Null when rows are not grouped by day of the week.
    async fn weekday(&self) -> Option<i32> {
        match self.key(core::ReportDimension::Weekday)? {
            FactKey::Date(day) => Some(day),
            FactKey::Id(_) => None,
        }
    }
    /// Product, when rows are grouped by product. Null for other rows.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let id = self.id(core::ReportDimension::Product)?;
        Some(links::product(ctx, ProductId::from_uuid(id)).await)
    }
    /// Category, when rows are grouped by category; null for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.id(core::ReportDimension::Category)?;
        links::category(ctx, CategoryId::from_uuid(id)).await
    }
    /// Uppermost category, when rows are grouped by it; null for products without one.
    async fn top_category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.id(core::ReportDimension::TopCategory)?;
        links::category(ctx, CategoryId::from_uuid(id)).await
    }
    /// Supplier, when rows are grouped by supplier; null for products without one.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        let id = self.id(core::ReportDimension::Supplier)?;
        Some(suppliers::supplier(ctx, SupplierId::from_uuid(id)).await)
    }
    /// Store, when rows are grouped by store. Null for other rows.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let id = self.id(core::ReportDimension::Store)?;
        Some(links::store(ctx, StoreId::from_uuid(id)).await)
    }
    /// Channel, when rows are grouped by channel; null for what is of none.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        let id = self.id(core::ReportDimension::Channel)?;
        Some(links::channel(ctx, ChannelId::from_uuid(id)).await)
    }
    /// Values in the order of the report's measures.
    async fn values(&self) -> Vec<ReportValue> {
        self.row.cells.iter().map(|cell| self.value_of(cell)).collect()
    }
    /// Value of one measure of the report: a column of its own in a table. Another measure is refused.
    async fn value(&self, #[graphql(desc = "One of the report's measures.")] measure: ReportMeasure) -> Answer<ReportValue> {
        let measure = core::ReportMeasure::from(measure);
        let cell = self.row.cells.iter().find(|cell| cell.measure == measure);
        let cell = cell.ok_or_else(|| TopError::bad_input("one of the report's measures is expected", path!["measure"]))?;
        Ok(self.value_of(cell))
    }
}
