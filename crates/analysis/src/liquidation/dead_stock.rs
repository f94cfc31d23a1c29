//! Dead and slow stock as clients see it.

use async_graphql::{Context, InputObject};
use entity::prelude::{Currency, StoreId};
use macros::resolvers;
use services::{
    demand::core::round6,
    liquidation::{
        core::Proposal,
        shell::{DeadStockRequest, DeadSums},
    },
};

use super::{
    enums::{LiquidationAction, PriceResponseSource},
    option::{LiquidationOption, LiquidationReason, LiquidationRecovery, PriceResponse, money, units},
};
use crate::{
    graphql::{
        fault::Answer,
        filters::IdFilter,
        scalars::{Date, Long, Quantity},
    },
    purchasing::links::{self, Money, Product, Store},
    reports::page::report_connection,
};

/// Dead and slow stock. All conditions hold; one that is null is absent.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DeadStockFilter {
    /// Products to include.
    pub product: Option<IdFilter>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Best actions to include; an empty list matches nothing.
    pub action: Option<Vec<LiquidationAction>>,
}

crate::keyed_filter!(flat DeadStockFilter, "product" product ProductSku, "store" store StoreCode);

impl DeadStockFilter {
    /// Checks the filter; without one it matches everything.
    pub(super) fn read(filter: Option<Self>) -> Answer<DeadStockRequest> {
        let Self { product, store, action } = filter.unwrap_or_default();
        let stores: Option<Vec<StoreId>> = store.and_then(|ids| ids.ids(&["filter", "store"]).transpose()).transpose()?;
        Ok(DeadStockRequest {
            products: product.and_then(|ids| ids.ids(&["filter", "product"]).transpose()).transpose()?,
            stores,
            actions: action.map(|actions| actions.into_iter().map(Into::into).collect()),
        })
    }
}

/// Dead or slow stock of a product in a store.
pub struct DeadStockItem {
    row: Proposal,
    currency: Currency,
}

impl DeadStockItem {
    pub(super) const fn new(proposal: Proposal, currency: Currency) -> Self {
        Self { row: proposal, currency }
    }
}

/// Dead or slow stock of a product in a store, with all that is possible for it.
#[resolvers]
impl DeadStockItem {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row.product).await
    }
    /// Store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Free units, in the product's smallest unit: neither reserved nor owed nor unavailable, nor in a draft of a transfer.
    async fn quantity(&self) -> Quantity {
        units(self.row.free)
    }
    /// Cost of these units by the cost books, else by the product. Null where none is known, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.row.value?, self.currency))
    }
    /// Price of a whole unit. Null where it has none in the company's currency.
    async fn price(&self) -> Option<Money> {
        Some(money(self.row.price?, self.currency))
    }
    /// Days since the last sale. Null where nothing was ever sold.
    async fn days_without_sale(&self) -> Option<i32> {
        self.row.days_without_sale
    }
    /// Days that the units last at the sales of the last 91 days. Null where nothing was sold then.
    async fn days_of_supply(&self) -> Option<f64> {
        self.row.days_of_supply.map(round6)
    }
    /// Smallest units a week that are expected to be sold at the present price: the forecast's mean, else the sales of the last 91 days, else half a whole unit in
    /// the weeks without a sale.
    async fn weekly_demand(&self) -> f64 {
        round6(self.row.weekly)
    }
    /// Last day on which more than half of the units can be sold. Null where that is more than 26 weeks away.
    async fn expires_on(&self) -> Option<Date> {
        self.row.expires.map(Date)
    }
    /// Reasons for which the stock is listed, and notes on the values. UNITS_REMAIN is left out for a MARKDOWN whose steps are hidden.
    #[field(list_size(assumed = 4))]
    async fn reasons(&self, ctx: &Context<'_>) -> Vec<LiquidationReason> {
        let hidden =
            self.row.best_candidate().and_then(|chosen| LiquidationReason::hidden(ctx, &chosen.act, self.row.price_floor));
        LiquidationReason::all(&self.row.reasons, hidden)
    }
    /// Source of the response of sales to the price.
    async fn price_response_source(&self) -> PriceResponseSource {
        self.row.response.source().into()
    }
    /// Response of sales to the price that the own history shows, else the category's. Null where neither can show any: elasticities of 1, 2 and 3 are assumed then.
    async fn price_response(&self) -> Option<PriceResponse> {
        PriceResponse::of(self.row.response)
    }
    /// Best action: the one with the highest lower bound, and of equal ones the simpler. Null where nothing can be said, as without a price and terms.
    async fn best(&self) -> Option<LiquidationOption> {
        Some(LiquidationOption::of(self.row.best_candidate()?, &self.row, self.currency))
    }
    /// Actions that are possible, the simplest first.
    #[field(list_size(assumed = 4))]
    async fn options(&self) -> Vec<LiquidationOption> {
        self.row.candidates.iter().map(|candidate| LiquidationOption::of(candidate, &self.row, self.currency)).collect()
    }
}

/// Totals of the list.
pub struct DeadStockTotals {
    row: DeadSums,
    currency: Currency,
}

impl DeadStockTotals {
    pub(super) const fn new(sums: DeadSums, currency: Currency) -> Self {
        Self { row: sums, currency }
    }
}

/// Totals of the list.
#[resolvers]
impl DeadStockTotals {
    /// Number of products, counted in each store.
    async fn levels(&self) -> Long {
        Long(self.row.levels)
    }
    /// Cost of the units of dead stock. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.row.value, self.currency))
    }
    /// Number of levels whose cost is unknown, which the value leaves out.
    async fn without_cost(&self) -> Long {
        Long(self.row.without_cost)
    }
    /// Sums of the best actions. Bounds of parts do not add up to the bounds of the sum: these are the outermost. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Option<LiquidationRecovery> {
        Some(LiquidationRecovery::of(self.row.expected, self.currency))
    }
}
report_connection!(DeadStockConnection, DeadStockEdge, DeadStockItem, DeadStockTotals, "dead and slow stock by its value");

impl DeadStockConnection {
    pub(super) fn new(
        page: crate::graphql::connection::CountedPage<DeadStockItem>,
        totals: DeadStockTotals,
        source: services::reports::shell::ReportSource,
    ) -> Self {
        Self { page, totals, source }
    }
}
