//! Dashboard of several panels in one answer: each for the stores of its own permission, read
//! concurrently, and cached for a minute.

use entity::{prelude::*, quantity::MAX_SAFE};
use forecast::ratios::is_dead;
use iam::access::{Permission, Permit, Reach, kind};
use platform::{
    clock::local_day,
    storage::{Database, Fault, TenantScope, books::BookProgress, journal},
};
use tokio::time::Instant;

use super::{
    dashboard_cache::{Freshness, Staleness, ValueCache, add_elapsed},
    report_context::{costs_source, unfiltered},
};
use crate::{
    forecasting::rows::last_run,
    insight::shell::ReportError,
    reports::{
        core::{Span, changes_dashboard},
        rows::{self, IncomingDocuments, Levels, ReportFilter, Sales},
    },
};

/// Products that sell best.
const TOP: i64 = 5;
/// Weeks that are forecast.
const WEEKS: usize = 4;
/// Maximum events that are searched for one that changes a dashboard; after more events one of them
/// is assumed to.
const MAX_SEARCHED_EVENTS: usize = 64;

/// A part of the dashboard that needs a permission of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    StockValue,
    Stock,
    OpenOrders,
    PurchaseOrders,
    Transfers,
    Alerts,
    DeadStock,
    Forecast,
}

/// The stores of a panel, None for all; or the missing permission, None if the caller is bound to a
/// channel.
type PanelStores = Result<Option<Vec<StoreId>>, Option<&'static str>>;

/// Cache key of a dashboard. Two callers with equal rights over equal stores share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct DashboardKey {
    tenant: TenantId,
    span: Span,
    channels: Option<Vec<ChannelId>>,
    sales: Option<Vec<StoreId>>,
    panels: Vec<(Panel, PanelStores)>,
}

/// Sales of the days, of the same number of days before, and of those a year before with the same
/// weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SalesComparison {
    pub now: Sales,
    pub before: (Span, Sales),
    pub year_before: (Span, Sales),
}

/// A product, its units and revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopSeller {
    pub product: ProductId,
    pub units: i64,
    pub gross: i64,
}

/// Products without a sale for the days of the tenant's criteria, although they were in stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadSums {
    pub products: i64,
    pub units: i64,
    pub value: i64,
}

/// Panels; None for a hidden one, whose reason is in `hidden`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    pub as_of: Timestamp,
    pub progress: BookProgress,
    pub currency: Currency,
    pub span: Span,
    pub sales: SalesComparison,
    pub top: Vec<TopSeller>,
    pub stock_value: Option<i64>,
    pub stock: Option<Levels>,
    pub open_orders: Option<i64>,
    pub purchase_orders: Option<IncomingDocuments>,
    pub transfers: Option<IncomingDocuments>,
    pub alerts: Option<i64>,
    pub dead: Option<DeadSums>,
    /// The Monday of the first week, and the mean of each week. None also before the first forecast
    /// run.
    pub forecast: Option<(i32, Vec<f64>)>,
    /// Panels with the missing permission; None if the caller is bound to a channel.
    pub hidden: Vec<(Panel, Option<&'static str>)>,
}

impl Dashboard {
    /// Whether another dashboard shows the same figures, regardless of the times of both.
    #[must_use]
    pub fn has_same_figures(&self, other: &Self) -> bool {
        let same_time = Self { as_of: other.as_of, progress: other.progress, ..self.clone() };
        self.progress.is_current() == other.progress.is_current() && same_time == *other
    }
}

fn restrict_stores(reach: &Reach, requested_stores: Option<&[StoreId]>) -> Option<Vec<StoreId>> {
    match (reach, requested_stores) {
        (Reach::Everywhere, requested_stores) => requested_stores.map(<[StoreId]>::to_vec),
        (Reach::Stores(permitted_stores), None) => Some(permitted_stores.to_vec()),
        (Reach::Stores(permitted_stores), Some(requested_stores)) => {
            Some(permitted_stores.iter().copied().filter(|store| requested_stores.contains(store)).collect())
        }
    }
}

fn stores_of_panel<P: Permission>(
    permit: &Permit<kind::ReportRead>,
    requested_stores: Option<&[StoreId]>,
    knows_channels: bool,
) -> PanelStores {
    let panel_permit = permit.also::<P>().map_err(|denied| Some(denied.0))?;
    if permit.channel().is_some() && !knows_channels {
        return Err(None);
    }
    // A panel that belongs to no store covers the stores of the caller's report permit.
    Ok(restrict_stores(&permit.reach().and(&panel_permit.reach()), requested_stores))
}

impl DashboardKey {
    fn of(permit: &Permit<kind::ReportRead>, span: Span, stores: Option<Vec<StoreId>>) -> Self {
        let stores = stores.map(|mut stores| {
            stores.sort_unstable();
            stores.dedup();
            stores
        });
        let requested_stores = stores.as_deref();
        let panels = vec![
            (Panel::StockValue, stores_of_panel::<kind::ProductCostRead>(permit, requested_stores, false)),
            (Panel::Stock, stores_of_panel::<kind::StockRead>(permit, requested_stores, false)),
            (Panel::OpenOrders, stores_of_panel::<kind::OrderRead>(permit, requested_stores, true)),
            (Panel::PurchaseOrders, stores_of_panel::<kind::PurchaseRead>(permit, requested_stores, false)),
            (Panel::Transfers, stores_of_panel::<kind::TransferRead>(permit, requested_stores, false)),
            (Panel::Alerts, stores_of_panel::<kind::AlertRead>(permit, requested_stores, false)),
            (Panel::DeadStock, stores_of_panel::<kind::StockRead>(permit, requested_stores, false)),
            (Panel::Forecast, stores_of_panel::<kind::ReportRead>(permit, requested_stores, false)),
        ];
        let channels = permit.channel().map(|own| vec![own]);
        Self { tenant: permit.tenant(), span, channels, sales: restrict_stores(&permit.reach(), requested_stores), panels }
    }
    fn filter_of_panel(&self, panel: Panel) -> Option<ReportFilter> {
        let (_, panel_stores) = self.panels.iter().find(|(candidate, _)| *candidate == panel)?;
        let stores = panel_stores.as_ref().ok()?;
        Some(unfiltered(self.span, stores.clone(), self.channels.clone()))
    }
    fn sales_filter(&self, span: Span) -> ReportFilter {
        unfiltered(span, self.sales.clone(), self.channels.clone())
    }
    fn hidden_panels(&self) -> Vec<(Panel, Option<&'static str>)> {
        self.panels
            .iter()
            .filter_map(|(panel, panel_stores)| panel_stores.as_ref().err().map(|permission| (*panel, *permission)))
            .collect()
    }
}

/// Kind of caller of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashboardCaller {
    /// Gets the cached dashboard while a changed one is computed, and requests it again.
    Client,
    /// Does not repeat the request, and waits for changes, with an allowed delay of some seconds.
    Once,
    /// Was notified of an event, and waits until the dashboard includes all events up to it.
    Follower(i64),
}

/// The dashboard within the permit and the caller's other permissions, and whether it includes all
/// events.
pub async fn dashboard(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    (span, stores): (Span, Option<Vec<StoreId>>),
    (now, caller): (Timestamp, DashboardCaller),
) -> Result<(std::sync::Arc<Dashboard>, bool), ReportError> {
    let dashboard_key = DashboardKey::of(&permit, span, stores);
    let scope = permit.scope(db).long();
    if scope.has_consistent_reads() {
        // A cached dashboard may be newer than the moment, and one computed for the moment is older
        // than other callers may get.
        return Ok((std::sync::Arc::new(Box::pin(compute_dashboard(scope, dashboard_key, now)).await?.0), true));
    }
    let freshness = match caller {
        DashboardCaller::Follower(seq) => Freshness { seq, now, staleness: Staleness::None },
        DashboardCaller::Client | DashboardCaller::Once => {
            Freshness { seq: scope.head().await?.seq, now, staleness: Staleness::Seconds }
        }
    };
    let cache: ValueCache<DashboardKey, Dashboard> = db.extensions().get().unwrap_or_else(|| {
        let cache = ValueCache::default();
        db.extensions().insert(cache.clone());
        cache
    });
    let started = Instant::now();
    let task_scope = scope.clone();
    let key = dashboard_key.clone();
    // The computation may start some seconds later. It runs in a task of its own, and does not use
    // the request's replica, which may lack the facts that it writes.
    let make =
        Box::pin(async move { compute_dashboard(task_scope.of_this_request(), key, add_elapsed(now, started.elapsed())).await });
    match caller {
        DashboardCaller::Client => {
            cache.get_or_renew(&dashboard_key, freshness, |shown_seq| has_changed(scope, shown_seq), make).await
        }
        DashboardCaller::Once | DashboardCaller::Follower(_) => {
            Ok((cache.get(&dashboard_key, freshness, |shown_seq| has_changed(scope, shown_seq), make).await?, true))
        }
    }
}

/// Whether something has happened after an event that a dashboard may show.
async fn has_changed(scope: TenantScope, shown_seq: i64) -> Result<bool, ReportError> {
    let later = journal::headers_after(&scope, shown_seq, MAX_SEARCHED_EVENTS as u32 + 1).await?;
    Ok(later.len() > MAX_SEARCHED_EVENTS || later.iter().any(|event| changes_dashboard(&event.kind)))
}

/// Computes the current dashboard, and returns the last event that all of its panels include. The
/// day is the tenant's current one: a cached dashboard is at most a minute old when a new day
/// begins.
async fn compute_dashboard(
    scope: TenantScope,
    dashboard_key: DashboardKey,
    now: Timestamp,
) -> Result<(Dashboard, i64), ReportError> {
    let (source, method) = costs_source(scope.database(), &scope, dashboard_key.span).await?;
    let currency = source.currency;
    let today = local_day(now, &rows::tenant_zone(&scope).await?);
    let panel = |panel| dashboard_key.filter_of_panel(panel);
    let filter = dashboard_key.sales_filter(dashboard_key.span);
    let (sales, top, value, stock, orders, purchases, transfers, alerts, dead, forecast) = tokio::try_join!(
        compare_sales(&scope, &dashboard_key, currency),
        rows::top_sellers(&scope, &filter, currency, TOP),
        stock_value(&scope, panel(Panel::StockValue), method),
        levels(&scope, panel(Panel::Stock)),
        open_orders(&scope, panel(Panel::OpenOrders)),
        purchases(&scope, panel(Panel::PurchaseOrders), today),
        transfers(&scope, panel(Panel::Transfers), now),
        alerts(&scope, panel(Panel::Alerts)),
        compute_dead_stock(&scope, panel(Panel::DeadStock), (method, today)),
        forecast_of(&scope, panel(Panel::Forecast)),
    )?;
    let sales_sums =
        [sales.now, sales.before.1, sales.year_before.1].into_iter().flat_map(|one| [one.units, one.gross, one.refunds]);
    let dead_units = dead.iter().flat_map(|one| [one.units, one.value]);
    if sales_sums.chain(value).chain(dead_units).any(|sum| sum.abs() > MAX_SAFE) {
        return Err(ReportError::TooLarge);
    }
    let dashboard = Dashboard {
        as_of: now,
        progress: source.progress,
        currency,
        span: dashboard_key.span,
        sales,
        top: top.into_iter().map(|(product, units, gross)| TopSeller { product, units, gross }).collect(),
        stock_value: value,
        stock,
        open_orders: orders,
        purchase_orders: purchases,
        transfers,
        alerts,
        dead,
        forecast,
        hidden: dashboard_key.hidden_panels(),
    };
    // The facts were brought up to this event before the panels were read.
    Ok((dashboard, source.progress.seq))
}

async fn compare_sales(scope: &TenantScope, dashboard_key: &DashboardKey, currency: Currency) -> Result<SalesComparison, Fault> {
    let (before, year_before) = (dashboard_key.span.before(), dashboard_key.span.year_before());
    let filters = [dashboard_key.span, before, year_before].map(|span| dashboard_key.sales_filter(span));
    let (now, previous, last_year) = tokio::try_join!(
        rows::net_sales(scope, &filters[0], currency),
        rows::net_sales(scope, &filters[1], currency),
        rows::net_sales(scope, &filters[2], currency),
    )?;
    Ok(SalesComparison { now, before: (before, previous), year_before: (year_before, last_year) })
}

async fn stock_value(
    scope: &TenantScope,
    report_filter: Option<ReportFilter>,
    method: CostingMethod,
) -> Result<Option<i64>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::booked_stock_value(scope, &report_filter, method).await.map(Some)
}

async fn levels(scope: &TenantScope, report_filter: Option<ReportFilter>) -> Result<Option<Levels>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::levels(scope, &report_filter).await.map(Some)
}

async fn open_orders(scope: &TenantScope, report_filter: Option<ReportFilter>) -> Result<Option<i64>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::open_orders(scope, &report_filter).await.map(Some)
}

async fn purchases(
    scope: &TenantScope,
    report_filter: Option<ReportFilter>,
    today: i32,
) -> Result<Option<IncomingDocuments>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::incoming_purchases(scope, &report_filter, today).await.map(Some)
}

async fn transfers(
    scope: &TenantScope,
    report_filter: Option<ReportFilter>,
    now: Timestamp,
) -> Result<Option<IncomingDocuments>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::incoming_transfers(scope, &report_filter, now).await.map(Some)
}

async fn alerts(scope: &TenantScope, report_filter: Option<ReportFilter>) -> Result<Option<i64>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    rows::open_alerts(scope, &report_filter).await.map(Some)
}

/// Vector pub-10, for all stores of the panel together.
async fn compute_dead_stock(
    scope: &TenantScope,
    report_filter: Option<ReportFilter>,
    (method, today): (CostingMethod, i32),
) -> Result<Option<DeadSums>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    let silent_days = rows::days_without_sale(scope).await?;
    let dead_rows = rows::dead_stock(scope, &report_filter, today - silent_days + 1).await?;
    let is_dead = |dead_row: &rows::DeadStock| {
        let since_first = dead_row.first_day.map_or(0, |first| u32::try_from(today - first).unwrap_or_default());
        is_dead(dead_row.on_hand, (dead_row.is_sold == 1).then_some(0), since_first, silent_days.unsigned_abs())
    };
    let dead_rows: Vec<_> = dead_rows.into_iter().filter(is_dead).collect();
    let products: Vec<ProductId> = dead_rows.iter().map(|dead_row| dead_row.product).collect();
    let values = rows::unit_values(scope, method, &products).await?;
    let mut sums = DeadSums::default();
    for dead_row in &dead_rows {
        let value = values.get(&dead_row.product).map_or(0.0, |unit_value| dead_row.on_hand as f64 * unit_value).round() as i64;
        sums.products += 1;
        sums.units = sums.units.saturating_add(dead_row.on_hand);
        sums.value = sums.value.saturating_add(value);
    }
    Ok(Some(sums))
}

async fn forecast_of(scope: &TenantScope, report_filter: Option<ReportFilter>) -> Result<Option<(i32, Vec<f64>)>, Fault> {
    let Some(report_filter) = report_filter else { return Ok(None) };
    let Some(run) = last_run(scope).await? else { return Ok(None) };
    let weeks = rows::forecast_weeks(scope, &report_filter, run.first_week, WEEKS).await?;
    Ok(Some((run.first_week, weeks)))
}
