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
    links::{self, Date, Long, Money, Product, Quantity, Store, money, report_error, six, units},
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
    keyed_filters::{KeyKind, test_by_ids},
    stock::{Lot, visible_lot},
};

/// Five years.
const MAX_DAYS: i32 = 1_826;

/// A lot in a store, and what of it will not be sold in time.
pub struct ExpiryRisk {
    of: RiskRow,
    currency: Currency,
}

/// A lot in a store, with the units that will not be sold before it expires. Lots that expire first are sold first.
#[resolvers]
impl ExpiryRisk {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.of.lot.product_id).await
    }
    /// Store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.of.lot.store_id).await
    }
    /// ID of the lot.
    async fn lot_id(&self) -> ID {
        ID(self.of.lot.lot.to_string())
    }
    /// Lot. Null for callers without stock.read.
    #[field(mask = StockRead)]
    async fn lot(&self, ctx: &Context<'_>) -> Answer<Option<Lot>> {
        visible_lot(ctx, self.of.lot.lot).await
    }
    /// Last day on which the lot can be sold.
    async fn expires_on(&self) -> Date {
        Date(self.of.lot.expires_on)
    }
    /// Days from today, in the tenant's time zone, to the last day of sale; below 0 when it is past.
    async fn days_left(&self) -> i32 {
        self.of.days_left
    }
    /// Units of the lot in the store that could be sold, in the product's smallest units.
    async fn quantity(&self) -> Quantity {
        units(self.of.lot.units.into())
    }
    /// Source of the demand.
    async fn basis(&self) -> ExpiryRiskBasis {
        self.of.basis.into()
    }
    /// Units of the lot that demand takes in time, after lots that expire before, in the product's smallest units.
    async fn expected_units(&self) -> f64 {
        six(self.of.risk.taken)
    }
    /// Units of the lot that are left on its last day, in the product's smallest units.
    async fn units_at_risk(&self) -> f64 {
        six(self.of.risk.at_risk)
    }
    /// Booked cost of the units at risk. Null where the books know none, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value_at_risk(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.of.value?.into(), self.currency))
    }
}

/// Totals of all lots.
pub struct ExpiryRiskTotals {
    of: RiskSums,
    currency: Currency,
}

/// Totals of all lots.
#[resolvers]
impl ExpiryRiskTotals {
    /// Number of lots, counted in each store.
    async fn lots(&self) -> Long {
        Long(self.of.lots)
    }
    /// Units of the lots, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        units(self.of.units.into())
    }
    /// Units at risk, in the products' smallest units.
    async fn units_at_risk(&self) -> f64 {
        six(self.of.at_risk)
    }
    /// Booked cost of the units at risk. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value_at_risk(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.of.value.into(), self.currency))
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
        let ledger = ctx.given::<Ledger>()?;
        let today = shell::report_day(&permit, ledger.database(), ledger.clock().now()).await?;
        let products: ProductCondition = products_within(ctx, product, None).await?;
        let store = test_by_ids(ctx, KeyKind::StoreCode, store, "store").await?;
        let stores = store.and_then(|ids| ids.ids(&["store"]).transpose()).transpose()?;
        let narrow = ReportFilter { span: Span { from: today, to: today + within }, products, stores, channels: None };
        let found = Box::pin(shell::expiry_risk(permit, ledger.database(), narrow)).await.map_err(report_error)?;
        let currency = found.source.currency;
        let totals = ExpiryRiskTotals { of: found.totals, currency };
        let page = paging.page(found.rows, |of| ExpiryRisk { of, currency });
        Ok(ExpiryRiskConnection { page, totals, source: found.source })
    }
}
