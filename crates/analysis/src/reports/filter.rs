//! Filters of reports.

use async_graphql::{Context, InputObject};
use iam::access::{Permission, Permit, kind};
use inventory::ledger::Ledger;
use platform::path;
use services::{
    demand::shell::MAX_DAYS,
    reports::{
        core::{RelativePeriod, Span},
        rows::ReportFilter,
        shell::{latest_day, report_day},
    },
};

use super::enums::ReportPeriod;
use crate::{
    catalog::{ProductFilter, products_within},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        filters::IdFilter,
        scalars::Date,
    },
    keyed_filters::replace_keys_with_ids,
};

/// Sales of some days. All conditions hold.
#[derive(Debug, Clone, InputObject)]
pub struct SalesReportFilter {
    /// First business day. Needed with `to` where `period` is null, and refused with it.
    pub from: Option<Date>,
    /// Last business day, at most 731 days in all. Needed with `from` where `period` is null, and refused with it.
    pub to: Option<Date>,
    /// Business days that move with the day on which they are asked for, in the tenant's time zone. Null where `from` and `to` say the days.
    pub period: Option<ReportPeriod>,
    /// Products to include. `categoryTree` takes a category with its descendants. Needs
    /// product.read. Null for all.
    pub product: Option<ProductFilter>,
    /// Stores to include. Null for all.
    pub store: Option<IdFilter>,
    /// Channels to include. Null for all.
    pub channel: Option<IdFilter>,
}

crate::keyed_filter!(flat SalesReportFilter, "store" store StoreCode, "channel" channel ChannelCode);

/// Stock of some days. All conditions hold. Stock is of no channel.
#[derive(Debug, Clone, InputObject)]
pub struct StockReportFilter {
    /// First business day. Needed with `to` where `period` is null, and refused with it.
    pub from: Option<Date>,
    /// Last business day, at most 731 days in all. Needed with `from` where `period` is null, and refused with it.
    pub to: Option<Date>,
    /// Business days that move with the day on which they are asked for, in the tenant's time zone. Null where `from` and `to` say the days.
    pub period: Option<ReportPeriod>,
    /// Products to include. `categoryTree` takes a category with its descendants. Needs
    /// product.read. Null for all.
    pub product: Option<ProductFilter>,
    /// Stores to include. Null for all.
    pub store: Option<IdFilter>,
}

/// Days, both inclusive.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct PeriodInput {
    /// First business day.
    pub from: Date,
    /// Last business day, at most 731 days in all.
    pub to: Date,
}

impl SalesReportFilter {
    pub(super) async fn read(mut self, ctx: &Context<'_>) -> Answer<ReportFilter> {
        replace_keys_with_ids(ctx, &mut self, "filter").await?;
        let Self { from, to, period, product, store, channel } = self;
        let span = match (from, to, period) {
            (Some(from), Some(to), None) => span(from, to, &["filter", "to"])?,
            (None, None, Some(period)) => resolve_period(ctx, period).await?,
            (_, _, Some(_)) => return Err(TopError::bad_input("a period says its own days", path!["filter", "period"])),
            (from, _, None) => {
                let missing = if from.is_none() { "from" } else { "to" };
                return Err(TopError::bad_input("from and to, or a period, are expected", path!["filter", missing]));
            }
        };
        Ok(ReportFilter {
            span,
            products: products_within(ctx, product, None).await?,
            stores: store.and_then(|ids| ids.ids(&["filter", "store"]).transpose()).transpose()?,
            channels: channel.and_then(|ids| ids.ids(&["filter", "channel"]).transpose()).transpose()?,
        })
    }
}

impl StockReportFilter {
    /// Stock belongs to no channel: a caller who is bound to one is refused.
    pub(super) async fn read(self, ctx: &Context<'_>, permit: &Permit<kind::ReportRead>) -> Answer<ReportFilter> {
        require_no_channel(permit)?;
        let Self { from, to, period, product, store } = self;
        SalesReportFilter { from, to, period, product, store, channel: None }.read(ctx).await
    }
    /// Like `read`, without future days; a span of future days only has no known stock in any
    /// store.
    pub(super) async fn read_past_days(self, ctx: &Context<'_>, permit: &Permit<kind::ReportRead>) -> Answer<ReportFilter> {
        let mut report_filter = self.read(ctx, permit).await?;
        match clip_to_past(ctx, permit, report_filter.span).await? {
            Some(span) => report_filter.span = span,
            None => report_filter.stores = Some(Vec::new()),
        }
        Ok(report_filter)
    }
}

impl PeriodInput {
    pub(super) fn read(self) -> Answer<Span> {
        span(self.from, self.to, &["period", "to"])
    }
}

/// The days of a period that moves, as of now.
async fn resolve_period(ctx: &Context<'_>, period: ReportPeriod) -> Answer<Span> {
    let permit = ctx.permit::<kind::ReportRead>()?;
    let ledger = ctx.required_data::<Ledger>()?;
    let today = report_day(&permit, ledger.database(), ledger.clock().now()).await?;
    Ok(RelativePeriod::from(period).span(today))
}

/// The days that have begun; None where all are still to come.
pub(crate) async fn clip_to_past(ctx: &Context<'_>, permit: &Permit<kind::ReportRead>, span: Span) -> Answer<Option<Span>> {
    Ok(span.until(latest_started_day(ctx, permit).await?))
}

/// The latest day that has begun, in the company or in one of its stores.
pub(super) async fn latest_started_day(ctx: &Context<'_>, permit: &Permit<kind::ReportRead>) -> Answer<i32> {
    let ledger = ctx.required_data::<Ledger>()?;
    Ok(latest_day(permit, ledger.database(), ledger.clock().now()).await?)
}

fn span(from: Date, to: Date, at: &[&str]) -> Answer<Span> {
    let path = || at.iter().map(ToString::to_string).collect();
    if to.0 < from.0 {
        return Err(TopError::bad_input("to lies before from", path()));
    }
    let span = Span { from: from.0, to: to.0 };
    if span.days() > i64::from(MAX_DAYS) {
        return Err(TopError::bad_input(format!("at most {MAX_DAYS} days"), path()));
    }
    Ok(span)
}

pub(crate) fn require_no_channel(permit: &Permit<kind::ReportRead>) -> Answer<()> {
    match permit.channel() {
        Some(_) => Err(TopError::Forbidden(kind::StockRead::info().code)),
        None => Ok(()),
    }
}

/// An order by costs reveals them.
pub(super) fn require_cost_access(ctx: &Context<'_>, is_by_costs: bool) -> Answer<()> {
    if is_by_costs && !ctx.caller()?.sees_costs() {
        return Err(TopError::Forbidden(kind::ProductCostRead::info().code));
    }
    Ok(())
}
