//! Stock that is gone, and how well books agree with counts, as clients see them.

use async_graphql::Context;
use entity::prelude::{CategoryId, Currency, ProductId, StoreId};
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    core::{self, CountedClasses, CountedLines, StockLoss},
    rows,
    shell::{self, CountOptions, LossKey},
};
use uuid::Uuid;

use super::{
    abc::abc_class,
    enums::{CountAccuracyGroup, ShrinkageGroup},
    filter::StockReportFilter,
    links::{self, Category, Long, Money, Product, Quantity, Store, money, report_error, round6, units},
    page::{ReportPaging, report_connection, value_name},
};
use crate::{
    counts::AbcClass,
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    stock::ReasonCode,
};

/// Stock that left and came without a sale, of one group or of all.
pub struct Shrinkage {
    key: Option<LossKey>,
    sums: StockLoss,
    currency: Currency,
}

/// Stock that left or came without a sale. Losses and gains are separate numbers above 0; net is
/// losses less gains. Values are booked costs, and null for callers without product.cost.read.
#[resolvers]
impl Shrinkage {
    /// Reason of the movements, when rows are grouped by reason; null for counts, which find a loss without its reason.
    #[field(was("reason", "2026-11-27"))]
    async fn reason_code(&self) -> Option<ReasonCode> {
        match self.key? {
            LossKey::Reason(reason) => Some(reason.into()),
            _ => None,
        }
    }
    /// True if the row is of differences that counts found.
    async fn is_count(&self) -> bool {
        self.key == Some(LossKey::Count)
    }
    /// Product, when rows are grouped by product. Null for other rows.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        match self.key? {
            LossKey::Product(id) => Some(links::product(ctx, id).await),
            _ => None,
        }
    }
    /// Store, when rows are grouped by store. Null for other rows.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        match self.key? {
            LossKey::Store(id) => Some(links::store(ctx, id).await),
            _ => None,
        }
    }
    /// Units that left, in the products' smallest units.
    async fn lost_units(&self) -> Quantity {
        units(self.sums.lost_units)
    }
    /// Units that came, in the products' smallest units.
    async fn found_units(&self) -> Quantity {
        units(self.sums.found_units)
    }
    /// Lost units less found units, in the products' smallest units; below 0 where more was found.
    async fn net_units(&self) -> Quantity {
        units(self.sums.net_units())
    }
    /// Booked cost of the units lost. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn lost_value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.lost_value, self.currency))
    }
    /// Booked cost of the units found. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn found_value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.found_value, self.currency))
    }
    /// Lost value less found value; below 0 where more was found. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn net_value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.net_value(), self.currency))
    }
}
report_connection!(ShrinkageConnection, ShrinkageEdge, Shrinkage, Shrinkage, "rows by shrinkage");

/// Lines of counts, of one group or of all.
pub struct CountAccuracy {
    key: Option<(rows::CountGroup, Option<Uuid>)>,
    lines: CountedLines,
    /// `None` if it is not selected.
    classes: Option<CountedClasses>,
}

impl CountAccuracy {
    fn id(&self, group: rows::CountGroup) -> Option<Uuid> {
        self.key.filter(|(row_group, _)| *row_group == group).and_then(|(_, key)| key)
    }
}

/// Lines of completed counts: the booked quantity and the counted one. Rates are to six decimals, and null without a denominator.
#[resolvers]
impl CountAccuracy {
    /// Product, when rows are grouped by product. Null for other rows.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let id = self.id(rows::CountGroup::Product)?;
        Some(links::product(ctx, ProductId::from_uuid(id)).await)
    }
    /// Category, when rows are grouped by category; null for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.id(rows::CountGroup::Category)?;
        links::category(ctx, CategoryId::from_uuid(id)).await
    }
    /// Store, when rows are grouped by store. Null for other rows.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let id = self.id(rows::CountGroup::Store)?;
        Some(links::store(ctx, StoreId::from_uuid(id)).await)
    }
    /// Number of lines that were counted.
    async fn lines(&self) -> Long {
        Long(self.lines.lines)
    }
    /// Number of lines whose difference is within the tolerance.
    async fn accurate_lines(&self) -> Long {
        Long(self.lines.accurate)
    }
    /// Accurate lines by counted lines, 0 to 1, to six decimals. Null without a line.
    async fn accuracy(&self) -> Option<f64> {
        self.lines.accuracy().map(round6)
    }
    /// Accuracy weighted by ABC class, 0 to 1, to six decimals: that of the lines of each class, with a weight of 80 for A, 15 for B and 5 for C, the
    /// shares of revenue that the classes are for. Classes without a line are left out. Null without a line.
    async fn weighted_accuracy(&self) -> Option<f64> {
        self.classes?.accuracy().map(round6)
    }
    /// Lines by the ABC class of their product, A first: by the revenue of the 52 weeks up to the last day of the report in its stores, among all products.
    /// Products that sold nothing are C.
    #[field(list_size(assumed = 3))]
    async fn classes(&self) -> Vec<CountAccuracyClass> {
        let classes = self.classes.unwrap_or_default();
        let class_row = |class: core::AbcClass| CountAccuracyClass { class, lines: *classes.of(class) };
        [core::AbcClass::A, core::AbcClass::B, core::AbcClass::C].map(class_row).into()
    }
    /// Units that the books had when lines were counted, in the products' smallest units.
    async fn book_units(&self) -> Quantity {
        units(self.lines.book)
    }
    /// Units that were counted, in the products' smallest units.
    async fn counted_units(&self) -> Quantity {
        units(self.lines.counted)
    }
    /// Units missing by units in the books, net of gains, to six decimals; below 0 where more was found. Null without units in
    /// the books.
    async fn shrinkage_rate(&self) -> Option<f64> {
        self.lines.shrinkage().map(round6)
    }
}
/// Lines of counts of products of one class.
pub struct CountAccuracyClass {
    class: core::AbcClass,
    lines: CountedLines,
}

/// Counted lines of the products of one ABC class.
#[resolvers]
impl CountAccuracyClass {
    /// Class by revenue.
    async fn abc(&self) -> AbcClass {
        abc_class(self.class)
    }
    /// Number of lines that were counted.
    async fn lines(&self) -> Long {
        Long(self.lines.lines)
    }
    /// Number of lines whose difference is within the tolerance.
    async fn accurate_lines(&self) -> Long {
        Long(self.lines.accurate)
    }
    /// Accurate lines by counted lines, 0 to 1, to six decimals. Null without a line.
    async fn accuracy(&self) -> Option<f64> {
        self.lines.accuracy().map(round6)
    }
}
report_connection!(CountAccuracyConnection, CountAccuracyEdge, CountAccuracy, CountAccuracy, "rows by the accuracy of the books");

/// The root fields of stock that is gone.
#[derive(Default)]
pub struct ShrinkageQuery;

#[resolvers]
impl ShrinkageQuery {
    /// Stock that left and came without a sale: removals, adjustments, counts and discrepancies, by reason, product or store, with the most net units first.
    /// Returns to suppliers are not included.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn shrinkage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stock to report on.")] filter: StockReportFilter,
        #[graphql(desc = "Meaning of a row. Default REASON.", default_with = "ShrinkageGroup::Reason")] group_by: ShrinkageGroup,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ShrinkageConnection> {
        let group: rows::LossGroup = group_by.into();
        let paging =
            ReportPaging::of(ctx, format!("shrinkage:{}", value_name(group_by)), &PageArgs { first, after, last, before })?;
        let report_filter = filter.read(ctx, &permit).await?;
        let report = shell::shrinkage(permit, ctx.required_data::<Ledger>()?.database(), report_filter, group);
        let report = Box::pin(report).await.map_err(report_error)?;
        let currency = report.source.currency;
        let totals = Shrinkage { key: None, sums: report.totals, currency };
        let page = paging.page(report.rows, |(key, sums)| Shrinkage { key: Some(key), sums, currency });
        Ok(ShrinkageConnection { page, totals, source: report.source })
    }

    /// Accuracy of books by lines of counts that were completed in the period, by the calendar days of their stores, and the share of units that was
    /// missing. Those with the most lines off first.
    ///
    /// Requires report.read. Costs 20.
    #[field(permit = ReportRead, cost = "20", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn count_accuracy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stock to report on.")] filter: StockReportFilter,
        #[graphql(desc = "Meaning of a row. Default STORE.", default_with = "CountAccuracyGroup::Store")]
        group_by: CountAccuracyGroup,
        #[graphql(
            desc = "Quantity by which a line may be off and still be accurate, in the product's smallest unit; 0 or more. Null for 0."
        )]
        tolerance: Option<Quantity>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<CountAccuracyConnection> {
        let tolerance = tolerance.map_or(0, |units| units.0.get());
        if tolerance < 0 {
            return Err(TopError::bad_input("tolerance is 0 or more", platform::path!["tolerance"]));
        }
        let group: rows::CountGroup = group_by.into();
        let paging =
            ReportPaging::of(ctx, format!("countAccuracy:{}", value_name(group_by)), &PageArgs { first, after, last, before })?;
        let report_filter = filter.read(ctx, &permit).await?;
        let options = CountOptions { group, tolerance, with_classes: are_classes_selected(ctx) };
        let report = shell::count_accuracy(permit, ctx.required_data::<Ledger>()?.database(), report_filter, options);
        let report = Box::pin(report).await.map_err(report_error)?;
        let totals = CountAccuracy { key: None, lines: report.totals.lines, classes: report.totals.classes };
        let count_row =
            |row: shell::CountRow| CountAccuracy { key: Some((group, row.key)), lines: row.lines, classes: row.classes };
        let page = paging.page(report.rows, count_row);
        Ok(CountAccuracyConnection { page, totals, source: report.source })
    }
}

/// Whether classes are selected, of a row or of all: they take a year of sales to tell.
fn are_classes_selected(ctx: &Context<'_>) -> bool {
    let lookahead = ctx.look_ahead();
    let rows = [lookahead.field("nodes"), lookahead.field("edges").field("node"), lookahead.field("totals")];
    rows.iter().any(|row| row.field("weightedAccuracy").exists() || row.field("classes").exists())
}
