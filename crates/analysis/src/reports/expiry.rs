//! Stock that will expire before it is sold, as clients see it.

use async_graphql::{Context, ID};
use entity::prelude::Currency;
use inventory::{catalog::rows::page::ProductCondition, ledger::Ledger};
use macros::resolvers;
use platform::path;
use services::reports::{
    core::Span,
    rows::ReportFilter,
    shell::{self, RiskRow, RiskSums},
};

use super::{
    enums::ExpiryRiskBasis,
    filter::require_no_channel,
    links::{self, Date, Long, Money, Product, Quantity, Store, money, report_error, round6, units},
    page::{ReportPaging, report_connection},
};
use crate::{
    catalog::{ProductFilter, products_within},
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        filters::IdFilter,
        scalars::Cursor,
    },
    keyed_filters::{KeyKind, resolve_test_keys},
    stock::{Lot, visible_lot},
};

/// Five years.
const MAX_DAYS: i32 = 1_826;

/// A lot in a store, and what of it will not be sold in time.
pub struct ExpiryRisk {
    row: RiskRow,
    currency: Currency,
}

/// A lot in a store, with the units that will not be sold before it expires. Lots that expire first are sold first.
#[resolvers]
impl ExpiryRisk {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row.lot.product_id).await
    }
    /// Store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.lot.store_id).await
    }
    /// ID of the lot.
    async fn lot_id(&self) -> ID {
        ID(self.row.lot.lot.to_string())
    }
    /// Lot. Null for callers without stock.read.
    #[field(mask = StockRead)]
    async fn lot(&self, ctx: &Context<'_>) -> Answer<Option<Lot>> {
        visible_lot(ctx, self.row.lot.lot).await
    }
    /// Last day on which the lot can be sold.
    async fn expires_on(&self) -> Date {
        Date(self.row.lot.expires_on)
    }
    /// Days from today, in the tenant's time zone, to the last day of sale; below 0 when it is past.
    async fn days_left(&self) -> i32 {
        self.row.days_left
    }
    /// Units of the lot in the store that could be sold, in the product's smallest units.
    async fn quantity(&self) -> Quantity {
        units(self.row.lot.units.into())
    }
    /// Source of the demand.
    async fn basis(&self) -> ExpiryRiskBasis {
        self.row.basis.into()
    }
    /// Units of the lot that demand takes in time, after lots that expire before, in the product's smallest units.
    async fn expected_units(&self) -> f64 {
        round6(self.row.risk.taken)
    }
    /// Units of the lot that are left on its last day, in the product's smallest units.
    async fn units_at_risk(&self) -> f64 {
        round6(self.row.risk.at_risk)
    }
    /// Booked cost of the units at risk. Null where the books know none, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value_at_risk(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.row.value?.into(), self.currency))
    }
}

/// Totals of all lots.
pub struct ExpiryRiskTotals {
    row: RiskSums,
    currency: Currency,
}

/// Totals of all lots.
#[resolvers]
impl ExpiryRiskTotals {
    /// Number of lots, counted in each store.
    async fn lots(&self) -> Long {
        Long(self.row.lots)
    }
    /// Units of the lots, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        units(self.row.units.into())
    }
    /// Units at risk, in the products' smallest units.
    async fn units_at_risk(&self) -> f64 {
        round6(self.row.at_risk)
    }
    /// Booked cost of the units at risk. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value_at_risk(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.row.value.into(), self.currency))
    }
}
report_connection!(ExpiryRiskConnection, ExpiryRiskEdge, ExpiryRisk, ExpiryRiskTotals, "lots by the day on which they expire");

/// The root field of stock that expires.
#[derive(Default)]
pub struct ExpiryRiskQuery;

#[resolvers]
impl ExpiryRiskQuery {
    /// Lots that expire soon, compared with the demand until then: units that expire first leave first, and units that demand does not take are at risk.
    /// Those that expire first first. Demand is the newest forecast's mean in the store, or else the sales of the last 91 days. Lots without a date, in
    /// quarantine or recalled are not in it.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn expiry_risk(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Days from today, in the tenant's time zone, that lots expire in, 1 to 1,826. Default 90.",
            default = 90
        )]
        within: i32,
        #[graphql(
            desc = "Products to include; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        #[graphql(desc = "Stores to include. Null for all.")] store: Option<IdFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ExpiryRiskConnection> {
        require_no_channel(&permit)?;
        if !(1..=MAX_DAYS).contains(&within) {
            return Err(TopError::bad_input(format!("within lies between 1 and {MAX_DAYS}"), path!["within"]));
        }
        let paging = ReportPaging::of(ctx, "expiryRisk", &PageArgs { first, after, last, before })?;
        let ledger = ctx.required_data::<Ledger>()?;
        let today = shell::report_day(&permit, ledger.database(), ledger.clock().now()).await?;
        let products: ProductCondition = products_within(ctx, product, None).await?;
        let store = resolve_test_keys(ctx, KeyKind::StoreCode, store, "store").await?;
        let stores = store.and_then(|ids| ids.ids(&["store"]).transpose()).transpose()?;
        let report_filter = ReportFilter { span: Span { from: today, to: today + within }, products, stores, channels: None };
        let report = Box::pin(shell::expiry_risk(permit, ledger.database(), report_filter)).await.map_err(report_error)?;
        let currency = report.source.currency;
        let totals = ExpiryRiskTotals { row: report.totals, currency };
        let page = paging.page(report.rows, |risk_row| ExpiryRisk { row: risk_row, currency });
        Ok(ExpiryRiskConnection { page, totals, source: report.source })
    }
}
