//! The dashboard: one answer of many panels.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{Currency, StoreId};
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    core::Span,
    rows::{IncomingDocuments, Levels, Sales},
    shell::{self, DashboardCaller, DeadSums},
};

use super::{
    enums::DashboardPanel,
    filter::PeriodInput,
    links::{self, CurrencyCode, Date, DateTime, Long, Money, Product, Quantity, money, report_error, round6, units},
};
use crate::{
    catalog::{StoreRef, find_store_id},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
};

/// Stores that a dashboard may be of.
const MAX_STORES: usize = 250;

/// In the data of an operation whose caller does not ask again when an answer is not current: a saved view, or a table.
#[derive(Debug, Clone, Copy)]
pub struct SingleRead;

/// Sales of some days.
pub struct DashboardSales {
    span: Span,
    sums: Sales,
    currency: Currency,
}

/// Sales of some days.
#[resolvers]
impl DashboardSales {
    /// First business day.
    async fn from(&self) -> Date {
        Date(self.span.from)
    }
    /// Last business day.
    async fn to(&self) -> Date {
        Date(self.span.to)
    }
    /// Orders placed, each once.
    async fn orders(&self) -> Long {
        Long(self.sums.orders)
    }
    /// Units sold, in the products' smallest units.
    async fn units(&self) -> Quantity {
        units(self.sums.units.into())
    }
    /// Revenue before refunds.
    async fn gross_revenue(&self) -> Money {
        money(self.sums.gross.into(), self.currency)
    }
    /// Refunds of products.
    async fn refunds(&self) -> Money {
        money(self.sums.refunds.into(), self.currency)
    }
    /// Gross revenue less refunds.
    async fn net_revenue(&self) -> Money {
        money(i128::from(self.sums.gross) - i128::from(self.sums.refunds), self.currency)
    }
}

/// Stock levels, counted by status.
pub struct DashboardStock(Levels);

/// Stock levels of active products in open stores, by their current status.
#[resolvers]
impl DashboardStock {
    /// Number of stock levels.
    async fn levels(&self) -> Long {
        Long(self.0.all)
    }
    /// Number of levels with nothing available.
    async fn out_of_stock(&self) -> Long {
        Long(self.0.out)
    }
    /// Number of levels at their reorder point or below.
    async fn critical(&self) -> Long {
        Long(self.0.critical)
    }
    /// Number of levels above their reorder point by at most half of it.
    async fn low(&self) -> Long {
        Long(self.0.low)
    }
}

/// Documents that are on their way.
pub struct AwaitedDocuments(IncomingDocuments);

/// Documents that are on their way.
#[resolvers]
impl AwaitedDocuments {
    /// Number of documents.
    async fn documents(&self) -> Long {
        Long(self.0.documents)
    }
    /// Number of the documents that were expected before now.
    async fn overdue(&self) -> Long {
        Long(self.0.overdue)
    }
}

/// A product that sells best.
pub struct TopSeller {
    sums: shell::TopSeller,
    currency: Currency,
}

/// A product that sells best.
#[resolvers]
impl TopSeller {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.sums.product).await
    }
    /// Units sold, in the product's smallest units.
    async fn units(&self) -> Quantity {
        units(self.sums.units.into())
    }
    /// Gross revenue of the product.
    async fn revenue(&self) -> Money {
        money(self.sums.gross.into(), self.currency)
    }
}

/// Stock without sales.
pub struct DeadStock {
    sums: DeadSums,
    currency: Currency,
}

/// Stock that has been there, and of which nothing was sold, for the days of `liquidationSettings.daysWithoutSale`: 90 unless they are set.
#[resolvers]
impl DeadStock {
    /// Number of products.
    async fn products(&self) -> Long {
        Long(self.sums.products)
    }
    /// Units on hand, in the products' smallest units.
    async fn units(&self) -> Quantity {
        units(self.sums.units.into())
    }
    /// Booked cost of the units. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.value.into(), self.currency))
    }
}

/// The next weeks by the newest run of forecasts.
pub struct ForecastWeeks {
    first_week: i32,
    means: Vec<f64>,
}

/// Units of the next weeks by the newest run of forecasts, all products together.
#[resolvers]
impl ForecastWeeks {
    /// Monday of the first week.
    async fn first_week(&self) -> Date {
        Date(self.first_week)
    }
    /// Mean of each of four weeks, to six decimals.
    async fn means(&self) -> Vec<f64> {
        self.means.iter().copied().map(round6).collect()
    }
}

/// A panel that is not shown.
pub struct DashboardMask {
    panel: DashboardPanel,
    permission: Option<&'static str>,
}

/// A panel that is not shown, and why.
#[resolvers]
impl DashboardMask {
    /// Panel.
    async fn panel(&self) -> DashboardPanel {
        self.panel
    }
    /// Permission that is missing; null where the caller is bound to a channel, of which stock is not.
    async fn permission(&self) -> Option<&str> {
        self.permission
    }
}

/// One answer of many panels, and whether it is current.
pub struct Dashboard(pub(super) Arc<shell::Dashboard>, pub(super) bool);

/// Dashboard with many panels. Each covers the stores of its own permission; a panel without
/// permission is null, and `masked` has the reason.
#[resolvers]
impl Dashboard {
    /// Time at which the dashboard was made, at most a minute ago.
    async fn as_of(&self) -> DateTime {
        DateTime(self.0.as_of)
    }
    /// Number of the last event that sales and values include.
    async fn seq(&self) -> Long {
        Long(self.0.progress.seq)
    }
    /// True if the dashboard includes the tenant's last event. If it does not, a new one is being made: query again after a second.
    async fn is_current(&self) -> bool {
        self.1 && self.0.progress.is_current()
    }
    /// Currency of the amounts: the company's own.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.to_string())
    }
    /// Sales of the period.
    async fn sales(&self) -> DashboardSales {
        DashboardSales { span: self.0.span, sums: self.0.sales.now, currency: self.0.currency }
    }
    /// Sales of as many days right before; of a week and more, of the nearest ones with the same weekdays.
    async fn sales_before(&self) -> DashboardSales {
        let (span, totals) = self.0.sales.before;
        DashboardSales { span, sums: totals, currency: self.0.currency }
    }
    /// Sales of as many days 364 days before, which have the same weekdays; of a period longer than that, 728 or 1,092 days before.
    async fn sales_year_before(&self) -> DashboardSales {
        let (span, totals) = self.0.sales.year_before;
        DashboardSales { span, sums: totals, currency: self.0.currency }
    }
    /// Products with the most gross revenue of the period, at most five.
    async fn top_sellers(&self) -> Vec<TopSeller> {
        self.0.top.iter().map(|top_seller| TopSeller { sums: *top_seller, currency: self.0.currency }).collect()
    }
    /// Value of the present stock at booked cost. Null where `masked` names the panel.
    async fn stock_value(&self) -> Option<Money> {
        Some(money(self.0.stock_value?.into(), self.0.currency))
    }
    /// Numbers of stock levels by their current status. Null where `masked` names the panel.
    async fn stock(&self) -> Option<DashboardStock> {
        self.0.stock.map(DashboardStock)
    }
    /// Number of orders that are pending, confirmed or fulfilled in part. Null where `masked` names the panel.
    async fn open_orders(&self) -> Option<Long> {
        self.0.open_orders.map(Long)
    }
    /// Purchase orders that are with their suppliers. Null where `masked` names the panel.
    async fn purchase_orders(&self) -> Option<AwaitedDocuments> {
        self.0.purchase_orders.map(AwaitedDocuments)
    }
    /// Transfers on their way to the stores. Null where `masked` names the panel.
    async fn transfers(&self) -> Option<AwaitedDocuments> {
        self.0.transfers.map(AwaitedDocuments)
    }
    /// Number of alerts that are not acknowledged. Null where `masked` names the panel.
    async fn open_alerts(&self) -> Option<Long> {
        self.0.alerts.map(Long)
    }
    /// Stock without sales. Null where `masked` names the panel.
    async fn dead_stock(&self) -> Option<DeadStock> {
        Some(DeadStock { sums: self.0.dead?, currency: self.0.currency })
    }
    /// Forecast of the next weeks. Null before the first run, too.
    async fn forecast(&self) -> Option<ForecastWeeks> {
        let (first_week, means) = self.0.forecast.clone()?;
        Some(ForecastWeeks { first_week, means })
    }
    /// Panels that are not shown.
    async fn masked(&self) -> Vec<DashboardMask> {
        self.0
            .hidden
            .iter()
            .map(|(panel, permission)| DashboardMask { panel: (*panel).into(), permission: *permission })
            .collect()
    }
}

/// The root field of the dashboard.
#[derive(Default)]
pub struct DashboardQuery;

#[resolvers]
impl DashboardQuery {
    /// Sales of a period with two comparisons, top sellers, and the present state: stock value, stock-outs, open orders, what is on its way and overdue,
    /// alerts, dead stock and the forecast. Kept for callers with equal rights for a minute. After a change the next answer is the one of before, with
    /// `isCurrent` false, while a new one is made.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50")]
    async fn dashboard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores, at most 250. Null for all that the caller sees.")] stores: Option<Vec<StoreRef>>,
        #[graphql(desc = "Business days that sales are of.")] period: PeriodInput,
    ) -> Answer<Dashboard> {
        let span = period.read()?;
        let stores = resolve_stores(ctx, stores).await?;
        let ledger = ctx.required_data::<Ledger>()?;
        let dashboard_caller =
            if ctx.data_opt::<SingleRead>().is_some() { DashboardCaller::Once } else { DashboardCaller::Client };
        let report = shell::dashboard(permit, ledger.database(), (span, stores), (ledger.clock().now(), dashboard_caller));
        let (dashboard, is_current) = Box::pin(report).await.map_err(report_error)?;
        Ok(Dashboard(dashboard, is_current))
    }
}

/// The stores that a dashboard is to be of; None for all that the caller sees.
pub(super) async fn resolve_stores(ctx: &Context<'_>, stores: Option<Vec<StoreRef>>) -> Answer<Option<Vec<StoreId>>> {
    let Some(store_refs) = stores else { return Ok(None) };
    if store_refs.len() > MAX_STORES {
        return Err(TopError::bad_input(format!("at most {MAX_STORES} stores"), vec!["stores".to_owned()]));
    }
    let mut store_ids = Vec::with_capacity(store_refs.len());
    for (index, store_ref) in store_refs.into_iter().enumerate() {
        let no_store = || TopError::bad_input("No such store.", vec!["stores".to_owned(), index.to_string()]);
        store_ids.push(find_store_id(ctx, &store_ref, &["stores"]).await?.ok_or_else(no_store)?);
    }
    Ok(Some(store_ids))
}
