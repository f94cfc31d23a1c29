//! List of all suppliers by their deliveries.

use async_graphql::{Context, Enum, InputObject, InputType as _};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::{SupplierId, Timestamp};
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    purchasing::{
        core::{Performance, PriceDrift},
        rows::DeliveryFilter,
        shell::{self, SupplierPriceDrifts},
    },
};
use macros::resolvers;
use platform::paging::{CursorSigner, Key};
use serde_json::json;

use super::{links::MAX_PAGE_SIZE, reorder::SupplierPerformance};
use crate::{
    catalog::{Direction, ProductFilter, products_at},
    graphql::{
        canonical,
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::IdFilter,
        scalars::{DateTime, Long},
    },
    keyed_filters::{KeyKind, resolve_test_keys},
};

/// Seconds of a year, the default span.
const YEAR_SECONDS: i64 = 365 * 86_400;

/// Sort order of a list of suppliers by their deliveries; rows with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct SupplierPerformanceSort {
    /// Field by which the list is sorted. Suppliers without a value come last in both directions.
    pub field: SupplierPerformanceSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of suppliers by their deliveries can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SupplierPerformanceSortField {
    /// Number of orders that were measured.
    Orders,
    /// Share of orders that were on time.
    OnTimeRate,
    /// Received units by ordered units.
    UnitFillRate,
    /// Share of lines that were received whole.
    LineFillRate,
    /// Share of orders that were received whole.
    OrderFillRate,
    /// Mean number of days from ordering to the last receipt.
    LeadTimeDaysMean,
    /// Share of orders that were on time and received whole.
    OnTimeInFullRate,
    /// Units received damaged by all units received.
    DamagedRate,
    /// Units that went back to the supplier by all units received.
    ReturnedRate,
}

impl SupplierPerformanceSort {
    /// The place of a supplier in the list.
    fn place(self, performance: &Performance) -> Key {
        let value = match self.field {
            SupplierPerformanceSortField::Orders => Some(performance.orders as f64),
            SupplierPerformanceSortField::OnTimeRate => performance.on_time,
            SupplierPerformanceSortField::UnitFillRate => performance.unit_fill,
            SupplierPerformanceSortField::LineFillRate => performance.line_fill,
            SupplierPerformanceSortField::OrderFillRate => performance.order_fill,
            SupplierPerformanceSortField::LeadTimeDaysMean => performance.lead_days_mean,
            SupplierPerformanceSortField::OnTimeInFullRate => performance.on_time_in_full,
            SupplierPerformanceSortField::DamagedRate => performance.damaged,
            SupplierPerformanceSortField::ReturnedRate => performance.returned,
        };
        let millionths = value.map(|value| (value * 1e6).round() as i64);
        Key::Int(millionths.map_or(i64::MAX, |value| if self.direction == Direction::Desc { -value } else { value }))
    }
    /// Returns the name that cursors of the list are bound to, without its filters.
    fn list_name(self, (from, to): (Option<DateTime>, Option<DateTime>)) -> String {
        let micros_text = |at: Option<DateTime>| at.map_or_else(String::new, |at| at.0.micros().to_string());
        let (field, direction) = (self.field.to_value(), self.direction.to_value());
        format!("supplierPerformances:{field}:{direction}:{}:{}", micros_text(from), micros_text(to))
    }
}

/// Arguments of a list: the suppliers, their deliveries that count, and the order.
pub(super) struct PerformanceListArgs {
    pub span: (Option<DateTime>, Option<DateTime>),
    pub supplier: Option<IdFilter>,
    pub store: Option<IdFilter>,
    pub products: Option<ProductFilter>,
    pub sort: Option<SupplierPerformanceSort>,
}

/// Reads the filters of a list, and returns their name; it is empty without filters.
async fn read_delivery_filter(
    ctx: &Context<'_>,
    (supplier, store): (Option<IdFilter>, Option<IdFilter>),
    products: Option<ProductFilter>,
) -> Answer<(DeliveryFilter, String)> {
    let supplier = resolve_test_keys(ctx, KeyKind::SupplierCode, supplier, "supplier").await?;
    let store = resolve_test_keys(ctx, KeyKind::StoreCode, store, "store").await?;
    let suppliers = supplier.and_then(|ids| ids.ids(&["supplier"]).transpose()).transpose()?;
    let stores = store.and_then(|ids| ids.ids(&["store"]).transpose()).transpose()?;
    let (products, products_name) = products_at(ctx, products, "products").await?;
    let filter = DeliveryFilter { suppliers, stores, products };
    if filter.suppliers.is_none() && filter.stores.is_none() && products_name.is_none() {
        return Ok((filter, String::new()));
    }
    let products_name = products_name.map(|name| URL_SAFE_NO_PAD.encode(name));
    let conditions = json!({ "supplier": filter.suppliers, "store": filter.stores, "products": products_name });
    Ok((filter, format!(":{}", URL_SAFE_NO_PAD.encode(canonical::digest_of(conditions)))))
}

/// A page of suppliers by how they deliver, and all of them together.
pub struct SupplierPerformanceConnection {
    page: CountedPage<SupplierPerformance>,
    totals: Performance,
    /// Price drifts of all suppliers together; empty if not selected.
    prices: Vec<PriceDrift>,
    suppliers: usize,
}
crate::connection!(@edge SupplierPerformanceEdge, SupplierPerformance, "suppliers by their deliveries");

/// A page of suppliers by their deliveries.
#[resolvers(connection(page, SupplierPerformanceEdge, SupplierPerformance))]
impl SupplierPerformanceConnection {
    /// Deliveries of all these suppliers together, also those that are on no page.
    async fn totals(&self) -> SupplierPerformance {
        SupplierPerformance::of(None, self.totals).with_prices(self.prices.clone())
    }
    /// Number of suppliers on all pages together.
    async fn supplier_count(&self) -> Long {
        Long(i64::try_from(self.suppliers).unwrap_or(i64::MAX))
    }
}

/// The requested span of ordering times; by default a year up to now.
pub(super) fn measured_span((from, to): (Option<DateTime>, Option<DateTime>), now: Timestamp) -> (Timestamp, Timestamp) {
    (from.map_or(now.plus_seconds(-YEAR_SECONDS), |at| at.0), to.map_or(now.plus_seconds(1), |at| at.0))
}

/// A page of the suppliers with measured deliveries.
pub(super) async fn supplier_performances(
    ctx: &Context<'_>,
    permit: Permit<kind::PurchaseRead>,
    list_args: PerformanceListArgs,
    args: &PageArgs,
) -> Answer<SupplierPerformanceConnection> {
    let default_sort = SupplierPerformanceSort { field: SupplierPerformanceSortField::Orders, direction: Direction::Desc };
    let PerformanceListArgs { span, supplier, store, products, sort } = list_args;
    let sort = sort.unwrap_or(default_sort);
    let (filter, name) = read_delivery_filter(ctx, (supplier, store), products).await?;
    let (ledger, signer) = (ctx.required_data::<Ledger>()?, ctx.required_data::<CursorSigner>()?);
    let list = format!("{}{name}", sort.list_name(span));
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    let now = ledger.clock().now();
    let window = measured_span(span, now);
    let performances = shell::supplier_performances(ledger.database(), &permit, &filter, (window, now)).await?;
    let drifts = if is_drift_selected(ctx)? {
        shell::supplier_price_drifts(ledger.database(), &permit, &filter, window).await?
    } else {
        SupplierPriceDrifts::default()
    };
    let (totals, suppliers) = (performances.totals, performances.rows.len());
    let row = |(supplier, performance): (SupplierId, Performance)| {
        let prices = drifts.of.get(&supplier).cloned().unwrap_or_default();
        (
            SupplierPerformance::of(Some(supplier), performance).with_prices(prices),
            vec![sort.place(&performance), Key::from(supplier)],
        )
    };
    let page = Page::of_all(performances.rows.into_iter().map(row).collect(), &request, list, signer);
    Ok(SupplierPerformanceConnection { page, totals, prices: drifts.totals, suppliers })
}

/// Whether the drift of prices is selected, of single suppliers or of all, by a caller who may see
/// it: it is read separately.
fn is_drift_selected(ctx: &Context<'_>) -> Answer<bool> {
    let selection = ctx.look_ahead();
    let rows = [selection.field("nodes"), selection.field("edges").field("node"), selection.field("totals")];
    Ok(ctx.caller()?.sees_costs() && rows.iter().any(|row| row.field("priceDrift").exists()))
}
