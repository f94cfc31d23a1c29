//! A line of a plan as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::Currency;
use iam::access::kind;
use macros::resolvers;
use platform::storage::Fault;
use services::{
    demand::core::round6,
    liquidation::core::{self, Document},
};

use super::{
    enums::{LiquidationAction, LiquidationIssue, LiquidationLineStatus, LiquidationOutcome, PriceResponseSource},
    option::{LiquidationReason, LiquidationRecovery, LiquidationStep, PriceResponse, hides_prices, money, units},
};
use crate::{
    catalog::Supplier,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, Quantity},
    },
    purchasing::{
        self, SupplierReturn,
        links::{self, Money, Product, Store},
    },
    transfers::{self, Transfer},
};

/// A line's row.
#[derive(Clone)]
pub struct LiquidationPlanLine {
    pub line: Arc<core::PlanLine>,
    pub currency: Currency,
    /// Minor units that the line has recovered. None if they were not requested, or the plan is not
    /// approved yet.
    pub recovered: Option<i64>,
}

crate::connection!(counted LiquidationPlanLineConnection, LiquidationPlanLineEdge, LiquidationPlanLine, "lines of a liquidation plan");

impl LiquidationPlanLine {
    pub fn new(line: core::PlanLine, currency: Currency, recovered: Option<i64>) -> Self {
        Self { line: Arc::new(line), currency, recovered }
    }
}

/// Proposal for the units of a product in a store.
#[resolvers(requires = PurchaseRead)]
impl LiquidationPlanLine {
    /// ID of the line, for liquidationPlanApprove.
    async fn id(&self) -> ID {
        ID(self.line.id.to_string())
    }
    /// Place in the plan, from 1; the largest value comes first. 0 without product.cost.read.
    async fn position(&self, ctx: &Context<'_>) -> i32 {
        if ctx.holds::<kind::ProductCostRead>() { self.line.position } else { 0 }
    }
    /// Action.
    async fn action(&self) -> LiquidationAction {
        self.line.act.word().into()
    }
    /// Status of the line.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> LiquidationLineStatus {
        self.line.state.word().into()
    }
    /// Reason for which the line is REFUSED. Null in other states.
    async fn issue(&self) -> Option<LiquidationIssue> {
        self.line.state.issue().map(Into::into)
    }
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.line.product).await
    }
    /// Store that holds the units.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.line.store).await
    }
    /// Store that a TRANSFER goes to. Null for other actions.
    async fn to_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.line.act.target()?).await)
    }
    /// Supplier that a RETURN goes to. Null for other actions.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.line.act.supplier()?).await)
    }
    /// Units of the line, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.line.quantity)
    }
    /// Price of a whole unit when the plan was made. Null where there was none.
    async fn price(&self) -> Option<Money> {
        Some(money(self.line.figures.price_minor?, self.currency))
    }
    /// Other product of a BUNDLE. Null for other actions.
    async fn partner(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.line.act.bundle()?.partner).await)
    }
    /// Price of a BUNDLE: of a whole unit of both products together. Null for other actions, and without product.cost.read where `floorPercent` was above
    /// 0 when the plan was made. Plans of older releases did not keep that, and show none without product.cost.read.
    async fn bundle_price(&self, ctx: &Context<'_>) -> Option<Money> {
        let bundle = self.line.act.bundle().filter(|_| !hides_prices(ctx, self.line.figures.price_floor))?;
        Some(money(bundle.price_minor, self.currency))
    }
    /// Prices of a MARKDOWN. Empty for other actions, and without product.cost.read where `floorPercent` was above 0 when the plan was made. Plans of
    /// older releases did not keep that, and show none without product.cost.read.
    #[field(list_size(assumed = 3))]
    async fn steps(&self, ctx: &Context<'_>) -> Vec<LiquidationStep> {
        if hides_prices(ctx, self.line.figures.price_floor) {
            return Vec::new();
        }
        LiquidationStep::all(&self.line.act, self.currency)
    }
    /// Number of steps of a MARKDOWN that were made or passed over.
    async fn steps_done(&self) -> i32 {
        self.line.steps_done
    }
    /// Last day of the expectation.
    async fn until(&self) -> Date {
        Date(self.line.until)
    }
    /// Cost of the free units when the plan was made. Null where none is known, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.line.figures.value_minor?, self.currency))
    }
    /// Recovery that is expected. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Option<LiquidationRecovery> {
        Some(LiquidationRecovery::of(self.line.expected, self.currency))
    }
    /// Amount that it has brought so far: of a MARKDOWN the sales of its units in its store less refunds, of a TRANSFER those of the other store beyond the units
    /// that this had itself, of a BUNDLE those of its kit beside the other product's price, of a RETURN the credit less freight, of a WRITE_OFF the salvage that was expected. Null before it is approved, in the answer to a mutation, and without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn recovered(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.recovered?, self.currency))
    }
    /// Recovery until the line's last day, compared with `expected`. Null until seven days after its last day, and where it was not
    /// approved. `recovered` does not change any more once this is set.
    async fn outcome(&self) -> Option<LiquidationOutcome> {
        self.line.score.map(|score| score.outcome.into())
    }
    /// Day on which the line was approved, in the tenant's time zone. Null before.
    async fn approved_on(&self) -> Option<Date> {
        self.line.approved_on.map(Date)
    }
    /// Smallest units a week that were expected to be sold at the price of then.
    async fn weekly_demand(&self) -> f64 {
        round6(self.line.figures.weekly)
    }
    /// Days since the last sale when the plan was made. Null where nothing was ever sold.
    async fn days_without_sale(&self) -> Option<i32> {
        self.line.figures.days_without_sale
    }
    /// Source of the response of sales to the price.
    async fn price_response_source(&self) -> PriceResponseSource {
        self.line.figures.response.source().into()
    }
    /// Response of sales to the price that the own history showed, else the category's. Null where neither could show any: elasticities of 1, 2 and 3 were assumed then.
    async fn price_response(&self) -> Option<PriceResponse> {
        PriceResponse::of(self.line.figures.response)
    }
    /// Reasons in words. UNITS_REMAIN is left out for a MARKDOWN whose steps are hidden.
    #[field(list_size(assumed = 4))]
    async fn reasons(&self, ctx: &Context<'_>) -> Vec<LiquidationReason> {
        let hidden_reason = LiquidationReason::hidden(ctx, &self.line.act, self.line.figures.price_floor);
        LiquidationReason::all(&self.line.reasons, hidden_reason)
    }
    /// Draft of a transfer that the line became. Null unless it is an approved TRANSFER.
    async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
        let Some(Document::Transfer(id)) = self.line.state.document() else { return None };
        let lost = || Fault::corrupt("transfer", "a transfer stays").into();
        Some(transfers::load_transfer(ctx, id).await.and_then(|found| found.ok_or_else(lost)))
    }
    /// Return to the supplier that the line became. Null unless it is a RETURN that is done.
    async fn supplier_return(&self, ctx: &Context<'_>) -> Option<Answer<SupplierReturn>> {
        let Some(Document::SupplierReturn(id)) = self.line.state.document() else { return None };
        let lost = || Fault::corrupt("supplier_return", "a return stays").into();
        Some(purchasing::load_return(ctx, id).await.and_then(|found| found.ok_or_else(lost)))
    }
    /// Kit that the line became, as a draft of a product. Null unless it is an approved BUNDLE.
    async fn kit(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let Some(Document::Kit(id)) = self.line.state.document() else { return None };
        Some(links::product(ctx, id).await)
    }
    /// ID of the movement that removed the units. Null unless it is a WRITE_OFF that is done.
    async fn movement_id(&self) -> Option<ID> {
        match self.line.state.document() {
            Some(Document::Movement(id)) => Some(ID(id.to_string())),
            _ => None,
        }
    }
}
