//! Dashboard of several panels in one answer: each for the stores of its own permission, read
//! concurrently, and cached for a minute.

use entity::{prelude::*, quantity::MAX_SAFE};
use forecast::ratios::is_dead;
use iam::access::{Permission, Permit, Reach, kind};
use platform::{
    clock::local_day,
    storage::{Database, Fault, TenantScope, journal},
};
use tokio::time::Instant;

use super::{
    dashboard_cache::{Freshness, Staleness, ValueCache, after},
    report_context::{costs_source, unfiltered},
};
use crate::{
    demand::shell::FactsProgress,
    forecasting::rows::last_run,
    insight::shell::ReportError,
    reports::{
        core::{Span, changes_dashboard},
        rows::{self, IncomingDocuments, Levels, ReportFilter, Sales},
    },
};

/// Products that sell best.
const TOP: i64 = 5;
/// Days without a sale after which stock is dead.
const DEAD_DAYS: i32 = 90;
/// Weeks that are forecast.
const WEEKS: usize = 4;
/// Maximum events that are searched for one that changes a dashboard; after more events one of them
/// is assumed to.
const MAX_LOOKED_THROUGH: usize = 64;

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
pub struct Compared {
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

/// Products without a sale for 90 days, although they were in stock.
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
    pub progress: FactsProgress,
    pub currency: Currency,
    pub span: Span,
    pub sales: Compared,
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

fn restrict_stores(reach: &Reach, asked: Option<&[StoreId]>) -> Option<Vec<StoreId>> {
    match (reach, asked) {
        (Reach::Everywhere, asked) => asked.map(<[StoreId]>::to_vec),
        (Reach::Stores(own), None) => Some(own.to_vec()),
        (Reach::Stores(own), Some(asked)) => Some(own.iter().copied().filter(|store| asked.contains(store)).collect()),
    }
}

fn shown<P: Permission>(permit: &Permit<kind::ReportRead>, asked: Option<&[StoreId]>, knows_channels: bool) -> PanelStores {
    let own = permit.also::<P>().map_err(|denied| Some(denied.0))?;
    if permit.channel().is_some() && !knows_channels {
        return Err(None);
    }
    // A panel that belongs to no store covers the stores of the caller's report permit.
    Ok(restrict_stores(&permit.reach().and(&own.reach()), asked))
}

impl DashboardKey {
    fn of(permit: &Permit<kind::ReportRead>, span: Span, stores: Option<Vec<StoreId>>) -> Self {
        let stores = stores.map(|mut stores| {
            stores.sort_unstable();
            stores.dedup();
            stores
        });
        let asked = stores.as_deref();
        let panels = vec![
            (Panel::StockValue, shown::<kind::ProductCostRead>(permit, asked, false)),
            (Panel::Stock, shown::<kind::StockRead>(permit, asked, false)),
            (Panel::OpenOrders, shown::<kind::OrderRead>(permit, asked, true)),
            (Panel::PurchaseOrders, shown::<kind::PurchaseRead>(permit, asked, false)),
            (Panel::Transfers, shown::<kind::TransferRead>(permit, asked, false)),
            (Panel::Alerts, shown::<kind::AlertRead>(permit, asked, false)),
            (Panel::DeadStock, shown::<kind::StockRead>(permit, asked, false)),
            (Panel::Forecast, shown::<kind::ReportRead>(permit, asked, false)),
        ];
        let channels = permit.channel().map(|own| vec![own]);
        Self { tenant: permit.tenant(), span, channels, sales: restrict_stores(&permit.reach(), asked), panels }
    }
    fn narrow(&self, panel: Panel) -> Option<ReportFilter> {
        let (_, shown) = self.panels.iter().find(|(one, _)| *one == panel)?;
        let stores = shown.as_ref().ok()?;
        Some(unfiltered(self.span, stores.clone(), self.channels.clone()))
    }
    fn sales_filter(&self, span: Span) -> ReportFilter {
        unfiltered(span, self.sales.clone(), self.channels.clone())
    }
    fn hidden(&self) -> Vec<(Panel, Option<&'static str>)> {
        self.panels.iter().filter_map(|(panel, shown)| shown.as_ref().err().map(|why| (*panel, *why))).collect()
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
    (now, asker): (Timestamp, DashboardCaller),
) -> Result<(std::sync::Arc<Dashboard>, bool), ReportError> {
    let asked = DashboardKey::of(&permit, span, stores);
    let scope = permit.scope(db).long();
    if scope.has_consistent_reads() {
        // A cached dashboard may be newer than the moment, and one computed for the moment is older
        // than other callers may get.
        return Ok((std::sync::Arc::new(Box::pin(compute_dashboard(scope, asked, now)).await?.0), true));
    }
    let wanted = match asker {
        DashboardCaller::Follower(seq) => Freshness { seq, now, staleness: Staleness::None },
        DashboardCaller::Client | DashboardCaller::Once => {
            Freshness { seq: scope.head().await?.seq, now, staleness: Staleness::Seconds }
        }
    };
    let kept: ValueCache<DashboardKey, Dashboard> = db.extensions().get().unwrap_or_else(|| {
        let kept = ValueCache::default();
        db.extensions().insert(kept.clone());
        kept
    });
    let since = Instant::now();
    let own = scope.clone();
    let key = asked.clone();
    // The computation may start some seconds later. It runs in a task of its own, and does not use
    // the request's replica, which may lack the facts that it writes.
    let make = Box::pin(async move { compute_dashboard(own.of_this_request(), key, after(now, since.elapsed())).await });
    match asker {
        DashboardCaller::Client => kept.get_or_renew(&asked, wanted, |shown| has_changed(scope, shown), make).await,
        DashboardCaller::Once | DashboardCaller::Follower(_) => {
            Ok((kept.get(&asked, wanted, |shown| has_changed(scope, shown), make).await?, true))
        }
    }
}

/// Whether something has happened after an event that a dashboard may show.
async fn has_changed(scope: TenantScope, shown: i64) -> Result<bool, ReportError> {
    let later = journal::headers_after(&scope, shown, MAX_LOOKED_THROUGH as u32 + 1).await?;
    Ok(later.len() > MAX_LOOKED_THROUGH || later.iter().any(|event| changes_dashboard(&event.kind)))
}

/// Computes the current dashboard, and returns the last event that all of its panels include. The
/// day is the tenant's current one: a cached dashboard is at most a minute old when a new day
/// begins.
async fn compute_dashboard(scope: TenantScope, asked: DashboardKey, now: Timestamp) -> Result<(Dashboard, i64), ReportError> {
    let (source, method) = costs_source(scope.database(), &scope, asked.span).await?;
    let currency = source.currency;
    let today = local_day(now, &rows::tenant_zone(&scope).await?);
    let panel = |panel| asked.narrow(panel);
    let own = asked.sales_filter(asked.span);
    let (sales, top, value, stock, orders, purchases, transfers, alerts, dead, forecast) = tokio::try_join!(
        compare_sales(&scope, &asked, currency),
        rows::top_sellers(&scope, &own, currency, TOP),
        stock_value(&scope, panel(Panel::StockValue), method),
        levels(&scope, panel(Panel::Stock)),
        open_orders(&scope, panel(Panel::OpenOrders)),
        purchases(&scope, panel(Panel::PurchaseOrders), today),
        transfers(&scope, panel(Panel::Transfers), now),
        alerts(&scope, panel(Panel::Alerts)),
        dead(&scope, panel(Panel::DeadStock), (method, today)),
        forecast_of(&scope, panel(Panel::Forecast)),
    )?;
    let told = [sales.now, sales.before.1, sales.year_before.1].into_iter().flat_map(|one| [one.units, one.gross, one.refunds]);
    let dead_units = dead.iter().flat_map(|one| [one.units, one.value]);
    if told.chain(value).chain(dead_units).any(|sum| sum.abs() > MAX_SAFE) {
        return Err(ReportError::TooLarge);
    }
    let dashboard = Dashboard {
        as_of: now,
        progress: source.progress,
        currency,
        span: asked.span,
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
        hidden: asked.hidden(),
    };
    // The facts were brought up to this event before the panels were read.
    Ok((dashboard, source.progress.seq))
}

async fn compare_sales(scope: &TenantScope, asked: &DashboardKey, currency: Currency) -> Result<Compared, Fault> {
    let (before, year_before) = (asked.span.before(), asked.span.year_before());
    let of = [asked.span, before, year_before].map(|span| asked.sales_filter(span));
    let (now, then, last_year) = tokio::try_join!(
        rows::net_sales(scope, &of[0], currency),
        rows::net_sales(scope, &of[1], currency),
        rows::net_sales(scope, &of[2], currency),
    )?;
    Ok(Compared { now, before: (before, then), year_before: (year_before, last_year) })
}

async fn stock_value(scope: &TenantScope, narrow: Option<ReportFilter>, method: CostingMethod) -> Result<Option<i64>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::stock_worth(scope, &narrow, method).await.map(Some)
}

async fn levels(scope: &TenantScope, narrow: Option<ReportFilter>) -> Result<Option<Levels>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::levels(scope, &narrow).await.map(Some)
}

async fn open_orders(scope: &TenantScope, narrow: Option<ReportFilter>) -> Result<Option<i64>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::open_orders(scope, &narrow).await.map(Some)
}

async fn purchases(scope: &TenantScope, narrow: Option<ReportFilter>, today: i32) -> Result<Option<IncomingDocuments>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::incoming_purchases(scope, &narrow, today).await.map(Some)
}

async fn transfers(
    scope: &TenantScope,
    narrow: Option<ReportFilter>,
    now: Timestamp,
) -> Result<Option<IncomingDocuments>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::incoming_transfers(scope, &narrow, now).await.map(Some)
}

async fn alerts(scope: &TenantScope, narrow: Option<ReportFilter>) -> Result<Option<i64>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    rows::open_alerts(scope, &narrow).await.map(Some)
}

/// Vector pub-10, for all stores of the panel together.
async fn dead(
    scope: &TenantScope,
    narrow: Option<ReportFilter>,
    (method, today): (CostingMethod, i32),
) -> Result<Option<DeadSums>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    let found = rows::dead_stock(scope, &narrow, today - DEAD_DAYS + 1).await?;
    let is_dead = |one: &rows::DeadStock| {
        let since_first = one.first_day.map_or(0, |first| u32::try_from(today - first).unwrap_or_default());
        is_dead(one.on_hand, (one.is_sold == 1).then_some(0), since_first, DEAD_DAYS as u32)
    };
    let found: Vec<_> = found.into_iter().filter(is_dead).collect();
    let products: Vec<ProductId> = found.iter().map(|one| one.product).collect();
    let worth = rows::unit_values(scope, method, &products).await?;
    let mut sums = DeadSums::default();
    for one in &found {
        let value = worth.get(&one.product).map_or(0.0, |each| one.on_hand as f64 * each).round() as i64;
        sums.products += 1;
        sums.units = sums.units.saturating_add(one.on_hand);
        sums.value = sums.value.saturating_add(value);
    }
    Ok(Some(sums))
}

async fn forecast_of(scope: &TenantScope, narrow: Option<ReportFilter>) -> Result<Option<(i32, Vec<f64>)>, Fault> {
    let Some(narrow) = narrow else { return Ok(None) };
    let Some(run) = last_run(scope).await? else { return Ok(None) };
    let weeks = rows::forecast_weeks(scope, &narrow, run.first_week, WEEKS).await?;
    Ok(Some((run.first_week, weeks)))
}
