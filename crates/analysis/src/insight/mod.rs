//! GraphQL of the reports and of the journal.

mod events;
mod summary;

pub use events::EventQuery;
pub use summary::{
    CurrencyBasis, MovementGroup, MovementSummary, MovementSummaryRow, MovementSummaryRowConnection, MovementSummaryRowEdge,
    SalesRowConnection, SalesRowEdge, SalesSummary, SummaryQuery,
};

use async_graphql::{Context, Enum};
use entity::prelude::{self, Currency};
use iam::access::{Permission, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::storage::Reads;
use services::insight::{
    core::{Group, Measure},
    rows::{MovementTotals, SalesFilter},
    shell::{self, MAX_ROWS, ReportError, SalesRequest},
};

use crate::{
    catalog::{Money, Product},
    costing::parse_span,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, DateTime, Long, Quantity},
        truncated,
    },
    keyed_filters::by_ids,
    orders::{OrderFilter, links, orders_within, require_customer_access},
    stock::{MovementFilter, MovementKind, movements_within, resolve_document_numbers},
};

/// Converts the reason for a missing report to an error of its field.
fn report_error(error: ReportError) -> TopError {
    match error {
        ReportError::Fault(fault) => fault.into(),
        ReportError::TooLarge => TopError::bad_input(error.to_string(), Vec::new()),
    }
}

/// Meaning of a row of a sales report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Group", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SalesGroup {
    /// The report has one row for everything; its key is null.
    None,
    /// A calendar day of the store, as 2011-11-30.
    Day,
    /// A calendar month of the store, as 2011-11.
    Month,
    /// A product, by its id. Charges have no product and are left out.
    Product,
    /// A category, by its id, without those below it: the one that the product has now. Charges are left out.
    Category,
    /// The store that sold, or took back, by its id.
    Store,
    /// The channel, by its id. A return has the channel of the order it was matched with first.
    Channel,
    /// The country that it was sold to, as the order keeps it. A return has that of the order it was matched with first, else its customer's when it was
    /// asked for.
    Country,
    /// The customer, by their id. Needs customer.read beside report.read.
    Customer,
}

/// Measure by which the first rows of a sales report are chosen, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Measure", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SalesMeasure {
    /// Units sold.
    UnitsSold,
    /// Revenue before refunds.
    GrossRevenue,
    /// Revenue after refunds.
    NetRevenue,
    /// Orders.
    Orders,
}

/// Exact sums over orders and returns. Revenue is that of products; charges, such as postage, stand apart.
pub struct SalesRow {
    row: shell::SalesRow,
}

/// The sums of one group of a sales report.
#[resolvers]
impl SalesRow {
    /// ID or name of the group. Null for sales that belong to no group, and without groups.
    async fn key(&self) -> Option<&str> {
        self.row.key.as_deref()
    }
    /// Product of the row. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row.product?).await)
    }
    /// Orders that have sold something of the group.
    async fn orders(&self) -> Long {
        Long(self.row.orders)
    }
    /// Number of product lines of these orders, without lines that were cancelled whole.
    async fn order_lines(&self) -> Long {
        Long(self.row.order_lines)
    }
    /// Units sold, without cancelled ones, in the products' smallest units.
    async fn units_sold(&self) -> Quantity {
        self.row.units_sold.into()
    }
    /// Gross revenue: the totals of product lines, price less discount plus tax. A line that was cancelled in part counts with
    /// the share of the rest, by quantity, rounded half away from zero.
    async fn gross_revenue(&self) -> Money {
        self.row.gross_revenue.into()
    }
    /// Returns that were received and have something of the group.
    async fn returns(&self) -> Long {
        Long(self.row.returns)
    }
    /// Number of product lines of these returns.
    async fn return_lines(&self) -> Long {
        Long(self.row.return_lines)
    }
    /// Units returned, in the products' smallest units.
    async fn units_returned(&self) -> Quantity {
        self.row.units_returned.into()
    }
    /// Refunds for products.
    async fn refunds(&self) -> Money {
        self.row.refunds.into()
    }
    /// Gross revenue less refunds.
    async fn net_revenue(&self) -> Money {
        self.row.net_revenue.into()
    }
    /// Totals of charges, such as postage.
    async fn charges(&self) -> Money {
        self.row.charges.into()
    }
    /// Refunds of charges.
    async fn charge_credits(&self) -> Money {
        self.row.charge_credits.into()
    }
    /// Number of orders and returns in another currency than the books that have no exchange rate. They count in no other field of the row. 0 unless
    /// `currencyBasis` is BOOKS.
    async fn documents_without_rate(&self) -> Long {
        Long(self.row.without_rate)
    }
    /// Units sold at the cost that their product had when they were ordered, rounded line by line; returns are not deducted. Lines without
    /// a cost count as 0. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.cost_of_goods_sold.into())
    }
}

/// Effect of the movements of one kind on the quantity on hand.
pub struct MovementReportRow {
    totals: MovementTotals,
    currency: Currency,
}

/// The sums of one kind of movement.
#[resolvers]
impl MovementReportRow {
    /// The kind.
    async fn kind(&self) -> MovementKind {
        self.totals.kind.into()
    }
    /// Movements that have an entry that fits the filter.
    async fn movements(&self) -> Long {
        Long(self.totals.movements)
    }
    /// Number of entries that match the filter.
    async fn entries(&self) -> Long {
        Long(self.totals.entries)
    }
    /// Units that came in, in the products' smallest units.
    async fn units_in(&self) -> Quantity {
        units(self.totals.units_in)
    }
    /// Units that went out, as a number above 0, in the product's smallest unit.
    async fn units_out(&self) -> Quantity {
        units(self.totals.units_out)
    }
    /// Value of the entries at their booked cost, in or out, in the tenant's currency. Entries in another currency, or without a cost, count as 0. Null
    /// for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(prelude::Money::new(self.totals.value, self.currency).into())
    }
}

/// The shell gives no sum beyond ±(2^53 − 1).
fn units(sum: i64) -> Quantity {
    prelude::Quantity::new(sum).unwrap_or_default().into()
}

/// Reports.
#[derive(Default)]
pub struct InsightQuery;

#[resolvers]
impl InsightQuery {
    /// Exact sums over orders and returns, in one currency, by the store's local business date. An order counts from its confirmation on
    /// and unless it was cancelled or expired; a return from its receipt on. Rows come in the order of their keys, what belongs to no group
    /// last; or, with topBy, the largest first. Rows by PRODUCT and CATEGORY leave charges out, so they sum to less than the whole:
    /// salesSummary has charges in its row without a key. A filter is asked of returns too: by their own store, customer and moment, by the channel of
    /// the order they were matched with, as FULFILLED, and as having no external reference.
    #[field(
        permit = ReportRead,
        cost = "50",
        list_size(arguments("first")),
        deprecation = "2026-11-23: use salesSummary, which returns all rows in pages. Removed after 2027-11-23."
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn sales_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Start of the range of time, included, at which orders were placed and returns created. Null for none."
        )]
        from: Option<DateTime>,
        #[graphql(desc = "End of the range of time, excluded, at which orders were placed and returns created. Null for none.")]
        to: Option<DateTime>,
        #[graphql(desc = "Meaning of a row. Default: one row for everything.", default_with = "SalesGroup::None")]
        group_by: SalesGroup,
        #[graphql(desc = "Orders to include, with the returns that match. Null for all.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Measure by which rows are sorted, the largest first. Null sorts them by their key.")] top_by: Option<
            SalesMeasure,
        >,
        #[graphql(desc = "Rows in the answer at most, 1 to 250. Default 250.", default = 250)] first: i32,
        #[graphql(desc = "Currency of the documents to include. Null for the tenant's own.")] currency: Option<CurrencyCode>,
    ) -> Answer<Vec<SalesRow>> {
        if group_by == SalesGroup::Customer {
            require_customer_access(ctx.caller()?).map_err(|denied| denied.at(vec!["groupBy".to_owned()]))?;
        }
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        let filter = orders_within(&permit, OrderFilter::compile_sales_filter(ctx, filter).await?);
        let (condition, values) = inventory::orders::rows::compile(
            &inventory::orders::rows::include_merged_customers(&scope, &filter).await?,
            scope.backend(),
            SalesFilter::FIRST_PARAMETER,
        );
        let filter = SalesFilter { condition, values };
        let (group, top_by) = (group_by.into(), top_by.map(Measure::from));
        let (from, to) = parse_span(from, to)?;
        let ask =
            SalesRequest { from, to, group, filter, top_by, first: checked_first(first)?, currency: checked_currency(currency)? };
        let is_ranked = ask.top_by.is_some();
        let report = shell::sales_report(permit, ctx.given::<Ledger>()?.database(), ask).await.map_err(report_error)?;
        if !is_ranked {
            truncated::tell(ctx, report.rows.len(), report.groups, "salesSummary");
        }
        Ok(report.rows.into_iter().map(|row| SalesRow { row }).collect())
    }

    /// Sums of the ledger's entries for each kind of movement that occurs.
    #[field(
        permit = ReportRead,
        cost = "20",
        deprecation = "2026-11-23: use movementSummary. Removed after 2027-11-23."
    )]
    async fn movement_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Movements to include. Null for all.")] filter: Option<MovementFilter>,
    ) -> Answer<Vec<MovementReportRow>> {
        if permit.channel().is_some() {
            // The ledger has no channels: the movements of one cannot be separated.
            return Err(TopError::Forbidden(kind::StockMovementRead::info().code));
        }
        let asked = by_ids(ctx, resolve_document_numbers(ctx, filter).await?, "filter").await?;
        let filter = movements_within(&permit, MovementFilter::spec(asked.as_ref())?);
        let (currency, rows) =
            shell::movement_report(permit, ctx.given::<Ledger>()?.database(), &filter).await.map_err(report_error)?;
        Ok(rows.into_iter().map(|totals| MovementReportRow { totals, currency }).collect())
    }
}

fn checked_first(first: i32) -> Answer<usize> {
    let fits = usize::try_from(first).ok().filter(|first| (1..=MAX_ROWS).contains(first));
    fits.ok_or_else(|| TopError::bad_input(format!("first must lie between 1 and {MAX_ROWS}"), vec!["first".to_owned()]))
}

fn checked_currency(code: Option<CurrencyCode>) -> Answer<Option<Currency>> {
    let Some(code) = code else { return Ok(None) };
    let known = Currency::parse(&code.0).map(Some);
    known.ok_or_else(|| TopError::bad_input("an ISO 4217 code in upper case is expected, as in GBP", vec!["currency".to_owned()]))
}
