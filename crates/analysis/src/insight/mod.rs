//! GraphQL of the reports and of the journal.

mod convert;
mod events;
mod sales_row;
mod summary;

pub(crate) use convert::{checked_currency, report_error};
pub use events::EventQuery;
pub use sales_row::{SalesGroup, SalesMeasure, SalesRow};
pub use summary::{
    CurrencyBasis, MovementGroup, MovementSummary, MovementSummaryRow, MovementSummaryRowConnection, MovementSummaryRowEdge,
    SalesRowConnection, SalesRowEdge, SalesSummary, SummaryQuery,
};

use async_graphql::Context;
use entity::prelude::{self, Currency};
use iam::access::{Permission, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::storage::Reads;
use services::insight::{
    core::Measure,
    rows::{MovementTotals, SalesFilter},
    shell::{self, MAX_ROWS, SalesRequest},
};

use crate::{
    catalog::Money,
    costing::{parse_row_limit, parse_span},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, DateTime, Long, Quantity},
        truncated,
    },
    keyed_filters::resolve_filter_keys,
    orders::{OrderFilter, orders_within, require_customer_access},
    stock::{MovementFilter, MovementKind, movements_within, resolve_document_numbers},
};

use convert::units;

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
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let filter = orders_within(&permit, OrderFilter::compile_sales_filter(ctx, filter).await?);
        let (condition, values) = inventory::orders::rows::compile(
            &inventory::orders::rows::include_merged_customers(&scope, &filter).await?,
            scope.backend(),
            SalesFilter::FIRST_PARAMETER,
        );
        let filter = SalesFilter { condition, values };
        let (group, top_by) = (group_by.into(), top_by.map(Measure::from));
        let (from, to) = parse_span(from, to)?;
        let (first, currency) = (parse_row_limit(first, MAX_ROWS)?, checked_currency(currency)?);
        let request = SalesRequest { from, to, group, filter, top_by, first, currency };
        let is_ranked = request.top_by.is_some();
        let report =
            shell::sales_report(permit, ctx.required_data::<Ledger>()?.database(), request).await.map_err(report_error)?;
        if !is_ranked {
            truncated::record_truncation(ctx, report.rows.len(), report.groups, "salesSummary");
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
        let resolved_filter = resolve_filter_keys(ctx, resolve_document_numbers(ctx, filter).await?, "filter").await?;
        let filter = movements_within(&permit, MovementFilter::spec(resolved_filter.as_ref())?);
        let (currency, rows) =
            shell::movement_report(permit, ctx.required_data::<Ledger>()?.database(), &filter).await.map_err(report_error)?;
        Ok(rows.into_iter().map(|totals| MovementReportRow { totals, currency }).collect())
    }
}
