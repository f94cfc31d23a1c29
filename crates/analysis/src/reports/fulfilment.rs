//! Fulfilment of orders in time, in GraphQL.

use async_graphql::Context;
use entity::prelude::{ChannelId, StoreId};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::reports::{
    rows,
    shell::{self, FulfilmentSums},
};
use uuid::Uuid;

use super::{
    enums::FulfilmentGroup,
    filter::SalesReportFilter,
    links::{self, Channel, Long, Quantity, Store, non_nil_id, report_error, round6, units},
    page::{ReportPaging, report_connection, value_name},
};
use crate::graphql::{
    connection::PageArgs,
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::Cursor,
};

/// A year and a day.
const MAX_HOURS: i32 = 8_784;

/// Fulfilment in time of the orders of a store, of a channel, or of all.
pub struct FulfilmentReport {
    key: Option<(rows::FulfilmentGroup, Uuid)>,
    sums: FulfilmentSums,
}

impl FulfilmentReport {
    fn id(&self, group: rows::FulfilmentGroup) -> Option<Uuid> {
        self.key.filter(|(row_group, _)| *row_group == group).and_then(|(_, key)| non_nil_id(key))
    }
}

/// Fill rates and fulfilment times of orders. Rates are 0 to 1, to six decimals, and null without an order. In time is what left until requestedFor of its
/// order, and within the hours asked for where the order has none. Charges, services and cancelled units are in none of the values.
#[resolvers]
impl FulfilmentReport {
    /// Store of the orders, when rows are grouped by store. Null for other rows.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let id = self.id(rows::FulfilmentGroup::Store)?;
        Some(links::store(ctx, StoreId::from_uuid(id)).await)
    }
    /// Channel of the orders, when rows are grouped by channel. Null for other rows.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        let id = self.id(rows::FulfilmentGroup::Channel)?;
        Some(links::channel(ctx, ChannelId::from_uuid(id)).await)
    }
    /// Number of orders placed in the period.
    async fn orders(&self) -> Long {
        Long(self.sums.fill.orders)
    }
    /// Number of orders whose lines all left whole in time.
    async fn whole_orders(&self) -> Long {
        Long(self.sums.fill.whole_orders)
    }
    /// Number of lines of these orders.
    async fn lines(&self) -> Long {
        Long(self.sums.fill.lines)
    }
    /// Number of lines that left whole in time.
    async fn whole_lines(&self) -> Long {
        Long(self.sums.fill.whole_lines)
    }
    /// Units ordered, in the products' smallest units.
    async fn ordered_units(&self) -> Quantity {
        units(self.sums.fill.ordered_units)
    }
    /// Ordered units that left in time, in the products' smallest units.
    async fn shipped_units(&self) -> Quantity {
        units(self.sums.fill.shipped_units)
    }
    /// Shipped units by ordered units, 0 to 1, to six decimals. Null without an order.
    async fn unit_fill_rate(&self) -> Option<f64> {
        self.sums.fill.unit_rate().map(round6)
    }
    /// Whole lines by all lines, 0 to 1, to six decimals. Null without an order.
    async fn line_fill_rate(&self) -> Option<f64> {
        self.sums.fill.line_rate().map(round6)
    }
    /// Whole orders by all orders, 0 to 1, to six decimals. Null without an order.
    async fn order_fill_rate(&self) -> Option<f64> {
        self.sums.fill.order_rate().map(round6)
    }
    /// Fulfilments that left. Units that were handed over with their order are in none.
    async fn fulfilments(&self) -> Long {
        Long(self.sums.hours.count() as i64)
    }
    /// Hours from an order to a fulfilment of it that half of them took at most; null without one.
    async fn median_hours(&self) -> Option<f64> {
        self.sums.hours.median().map(round6)
    }
    /// Hours that nine of ten took at most; null for fewer than five.
    async fn p90_hours(&self) -> Option<f64> {
        self.sums.hours.p90().map(round6)
    }
}
report_connection!(
    FulfilmentReportConnection,
    FulfilmentReportEdge,
    FulfilmentReport,
    FulfilmentReport,
    "rows by the share of orders that left in time"
);

/// The root field of what left in time.
#[derive(Default)]
pub struct FulfilmentReportQuery;

#[resolvers]
impl FulfilmentReportQuery {
    /// Fill rate by units, lines and orders, and hours from an order to its fulfilments, by the day on which orders were placed. Those with the most orders first.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn fulfilment_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Orders to report on, by the day on which they were placed.")] filter: SalesReportFilter,
        #[graphql(desc = "Meaning of a row. Default STORE.", default_with = "FulfilmentGroup::Store")] group_by: FulfilmentGroup,
        #[graphql(
            desc = "Hours after the order that count as in time, 1 to 8,784, of orders without requestedFor. Default 24.",
            default = 24
        )]
        within_hours: i32,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<FulfilmentReportConnection> {
        if !(1..=MAX_HOURS).contains(&within_hours) {
            return Err(TopError::bad_input(format!("withinHours lies between 1 and {MAX_HOURS}"), path!["withinHours"]));
        }
        let group: rows::FulfilmentGroup = group_by.into();
        let paging = ReportPaging::of(
            ctx,
            format!("fulfilmentReport:{}", value_name(group_by)),
            &PageArgs { first, after, last, before },
        )?;
        let report_filter = filter.read(ctx).await?;
        let db = ctx.required_data::<Ledger>()?.database();
        let report = Box::pin(shell::fulfilment_report(permit, db, report_filter, (group, within_hours.into())))
            .await
            .map_err(report_error)?;
        let totals = FulfilmentReport { key: None, sums: report.totals };
        let page = paging.page(report.rows, |(key, sums)| FulfilmentReport { key: Some((group, key)), sums });
        Ok(FulfilmentReportConnection { page, totals, source: report.source })
    }
}
