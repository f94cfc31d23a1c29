//! Products by revenue and by evenness of demand, as clients see them.

use async_graphql::Context;
use entity::prelude::Currency;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    core::{self, ClassSum, ClassifiedProduct},
    shell::{self, AbcXyzOptions},
};

use super::{
    enums::XyzClass,
    filter::SalesReportFilter,
    links::{self, Long, Money, Product, Quantity, money, report_error, round6, units},
    page::{ReportPaging, report_connection},
};
use crate::{
    counts::AbcClass,
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor},
};

pub(super) fn abc_class(class: core::AbcClass) -> AbcClass {
    match class {
        core::AbcClass::A => AbcClass::A,
        core::AbcClass::B => AbcClass::B,
        core::AbcClass::C => AbcClass::C,
    }
}

/// A product with its classes.
pub struct AbcXyz {
    row: ClassifiedProduct,
    /// Revenue of all products.
    revenue: i64,
    currency: Currency,
}

/// A product by its share of revenue and by how evenly it is asked for. Shares are 0 to 1, to six decimals.
#[resolvers]
impl AbcXyz {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row.sold.product).await
    }
    /// Class by revenue: A while products before it bring less than 80 %, B less than 95 %. C without revenue.
    async fn abc(&self) -> AbcClass {
        abc_class(self.row.abc)
    }
    /// Class by evenness of demand.
    async fn xyz(&self) -> XyzClass {
        self.row.xyz.into()
    }
    /// Class by revenue with hysteresis: that of as many days before, unless the product is two points of revenue beyond the border. Products that sold
    /// nothing before, or nothing in the period, have `abc`.
    async fn assigned_abc(&self) -> AbcClass {
        abc_class(self.row.assigned_abc)
    }
    /// Class by evenness with hysteresis: that of as many days before, unless `variation` is 5 % beyond the border. Products without `variation` before, or in
    /// the period, have `xyz`.
    async fn assigned_xyz(&self) -> XyzClass {
        self.row.assigned_xyz.into()
    }
    /// Gross revenue of the product's sales in the currency of the report; classes by revenue know no other.
    async fn revenue(&self) -> Money {
        money(self.row.sold.revenue.into(), self.currency)
    }
    /// Share of the revenue of all products, 0 to 1. Null where they have none.
    async fn revenue_share(&self) -> Option<f64> {
        (self.revenue > 0).then(|| round6(self.row.sold.revenue as f64 / self.revenue as f64))
    }
    /// Share of revenue of the products ranked before this one, 0 to 1, which determines the class.
    async fn share_before(&self) -> f64 {
        round6(self.row.share_before)
    }
    /// Units sold in all currencies, in the product's smallest units. Classes by evenness are of these.
    async fn units(&self) -> Quantity {
        units(self.row.sold.units.into())
    }
    /// Units among `units` that were sold in other currencies than that of the report: `revenue` has nothing of them. 0 without any.
    async fn other_currency_units(&self) -> Quantity {
        units(self.row.sold.other_units.into())
    }
    /// Population deviation of the units of all complete weeks by their mean, weeks without a sale included; null where nothing was sold in them.
    async fn variation(&self) -> Option<f64> {
        self.row.variation.map(round6)
    }
    /// Number of complete weeks that are known: those on five or more days of which the product was in stock in a store of the report. In the others a
    /// week without a sale may be one without stock. All complete weeks of products that sold there without having been in stock, such as services.
    async fn known_weeks(&self) -> Long {
        Long(self.row.known.map_or(0, |history| history.weeks))
    }
    /// Class by evenness of demand over `knownWeeks` alone. Z without any, and where nothing was sold in them.
    async fn xyz_by_known_weeks(&self) -> XyzClass {
        self.row.known.map_or(self.row.xyz, |history| history.xyz).into()
    }
    /// Population deviation of the units of `knownWeeks` by their mean; null without any, and where nothing was sold in them.
    async fn variation_by_known_weeks(&self) -> Option<f64> {
        self.row.known?.variation.map(round6)
    }
}

/// Totals of all products.
pub struct AbcXyzTotals {
    classes: Vec<ClassSum>,
    products: i64,
    weeks: i64,
    revenue: i64,
    currency: Currency,
}

/// Totals of all products.
#[resolvers]
impl AbcXyzTotals {
    /// Number of products.
    async fn products(&self) -> Long {
        Long(self.products)
    }
    /// Complete weeks, Monday to Sunday, over which evenness is measured.
    async fn weeks(&self) -> Long {
        Long(self.weeks)
    }
    /// Gross revenue of the products.
    async fn revenue(&self) -> Money {
        money(self.revenue.into(), self.currency)
    }
    /// Pairs of classes, all nine, A and X first.
    async fn classes(&self) -> Vec<AbcXyzClass> {
        self.classes.iter().map(|class_sum| AbcXyzClass { row: *class_sum, currency: self.currency }).collect()
    }
}

/// Products of two classes.
pub struct AbcXyzClass {
    row: ClassSum,
    currency: Currency,
}

/// Products of a class by revenue and a class by evenness.
#[resolvers]
impl AbcXyzClass {
    /// Class by revenue.
    async fn abc(&self) -> AbcClass {
        abc_class(self.row.abc)
    }
    /// Class by evenness of demand.
    async fn xyz(&self) -> XyzClass {
        self.row.xyz.into()
    }
    /// Number of products.
    async fn products(&self) -> Long {
        Long(self.row.products)
    }
    /// Gross revenue of the products.
    async fn revenue(&self) -> Money {
        money(self.row.revenue, self.currency)
    }
}
report_connection!(AbcXyzConnection, AbcXyzEdge, AbcXyz, AbcXyzTotals, "products by their classes");

/// The root field of classes.
#[derive(Default)]
pub struct AbcXyzQuery;

#[resolvers]
impl AbcXyzQuery {
    /// Products classified by revenue (ABC) and by evenness of weekly demand (XYZ), those with the most revenue first and then by SKU. Products on sale that
    /// sold nothing are in it. Computed from the period, and with hysteresis from the days before: no class is stored.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    async fn abc_xyz(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Sales to classify by.")] filter: SalesReportFilter,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<AbcXyzConnection> {
        let paging = ReportPaging::of(ctx, "abcXyz", &PageArgs { first, after, last, before })?;
        let (report_filter, ledger) = (filter.read(ctx).await?, ctx.required_data::<Ledger>()?);
        // The days before take as long as the report itself, and days in stock are read apart.
        let options = AbcXyzOptions {
            with_assigned: is_any_selected(ctx, &["assignedAbc", "assignedXyz"]),
            with_known: is_any_selected(ctx, &["knownWeeks", "xyzByKnownWeeks", "variationByKnownWeeks"]),
        };
        let report = shell::abc_xyz(permit, ledger.database(), (report_filter, options), ledger.clock().now());
        let report = Box::pin(report).await.map_err(report_error)?;
        let (source, revenue, currency) = (report.source, report.revenue, report.source.currency);
        let products = report.rows.len() as i64;
        let totals = AbcXyzTotals { classes: report.classes, products, weeks: report.weeks, revenue, currency };
        let page = paging.page(report.rows, |classified| AbcXyz { row: classified, revenue, currency });
        Ok(AbcXyzConnection { page, totals, source })
    }
}

/// Whether one of these fields of a row is selected.
fn is_any_selected(ctx: &Context<'_>, fields: &[&str]) -> bool {
    let lookahead = ctx.look_ahead();
    let rows = [lookahead.field("nodes"), lookahead.field("edges").field("node")];
    rows.iter().any(|row| fields.iter().any(|field| row.field(field).exists()))
}
