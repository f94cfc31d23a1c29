//! Actions to liquidate stock, and their expected recovery.

use async_graphql::{Context, SimpleObject};
use entity::prelude::{self, Currency};
use iam::access::kind;
use macros::resolvers;
use services::{demand::core::round6, liquidation::core};

use super::enums::{LiquidationAction, LiquidationReasonCode};
use crate::{
    catalog::Supplier,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, Quantity},
    },
    purchasing::links::{self, Money, Product, Store},
};

pub fn units(number: i64) -> Quantity {
    let limit = entity::quantity::MAX_SAFE;
    Quantity(prelude::Quantity::new(number.clamp(-limit, limit)).unwrap_or_default())
}

pub fn money(minor: i64, currency: Currency) -> Money {
    prelude::Money::new(minor, currency).into()
}

/// Amounts after the cost of the action: a range of about 80 %.
#[derive(Clone, SimpleObject)]
pub struct LiquidationRecovery {
    /// Lower bound, by which actions are compared.
    pub low: Money,
    /// Likely amount.
    pub likely: Money,
    /// Upper bound.
    pub high: Money,
}

impl LiquidationRecovery {
    pub fn of(recovery: core::Recovery, currency: Currency) -> Self {
        Self {
            low: money(recovery.low, currency),
            likely: money(recovery.likely, currency),
            high: money(recovery.high, currency),
        }
    }
}

/// Whether prices, and values derived from them, are hidden from the caller: prices limited by a
/// floor at the cost reveal the cost.
pub(crate) fn hides_prices(ctx: &Context<'_>, floor: core::PriceFloor) -> bool {
    floor == core::PriceFloor::OfCost && !ctx.holds::<kind::ProductCostRead>()
}

/// Price of a markdown from a day on.
#[derive(Clone, SimpleObject)]
pub struct LiquidationStep {
    /// Percent off the price, before it was rounded to the tenant's ending and held to the floor.
    pub percent: i32,
    /// Price of a whole unit.
    pub price: Money,
    /// First day of the price.
    pub from: Date,
}

impl LiquidationStep {
    pub fn all(act: &core::LineAction, currency: Currency) -> Vec<Self> {
        let step = |step: &core::Step| Self {
            percent: step.percent,
            price: money(step.price_minor, currency),
            from: Date(step.from_date),
        };
        act.steps().iter().map(step).collect()
    }
}

/// Reason in words.
#[derive(Debug, Clone, SimpleObject)]
pub struct LiquidationReason {
    /// Subject of the reason, as a stable code.
    pub code: LiquidationReasonCode,
    /// Reason in words, in whole units and days.
    pub text: String,
}

impl LiquidationReason {
    /// All reasons except the one hidden from the caller.
    pub fn all(reasons: &[core::Reason], hidden_reason: Option<core::ReasonCode>) -> Vec<Self> {
        let visible_reasons = reasons.iter().filter(|reason| Some(reason.code) != hidden_reason);
        visible_reasons.map(|reason| Self { code: reason.code.into(), text: reason.text.clone() }).collect()
    }
    /// The reason of an action that is hidden from the caller: the remaining units of a markdown
    /// follow from its prices.
    pub fn hidden(ctx: &Context<'_>, act: &core::LineAction, floor: core::PriceFloor) -> Option<core::ReasonCode> {
        let is_priced = act.word() == prelude::LiquidationAction::Markdown;
        (is_priced && hides_prices(ctx, floor)).then_some(core::ReasonCode::UnitsRemain)
    }
}

/// Percent by which weekly sales were higher where the price was lower by 1 %, as the own history shows it, else those of other products of the category. It is an
/// association: prices are cut because things do not sell, which bends it towards 0.
#[derive(Debug, Clone, SimpleObject)]
pub struct PriceResponse {
    /// Least value that leaving out one price gives; of CATEGORY the lower end of a range of 80 %.
    pub low: f64,
    /// Value of all weeks; of CATEGORY the mean of the products, drawn towards the own history by how well that is known.
    pub likely: f64,
    /// Largest value that leaving out one price gives; of CATEGORY the upper end of a range of 80 %.
    pub high: f64,
    /// Number of prices that are at least 5 % apart; of CATEGORY their sum over the products.
    pub prices: i32,
    /// Number of weeks; of CATEGORY their sum over the products.
    pub weeks: i32,
    /// Number of changes of the price from one known week to the next by 5 % or more, summed over the products. Null in plans of older releases, which did not count it.
    pub price_changes: Option<i32>,
    /// Number of products whose histories were used. Null in plans of older releases, which did not count them.
    pub products: Option<i32>,
}

impl PriceResponse {
    pub fn of(response: core::Response) -> Option<Self> {
        match response {
            core::Response::NotShown => None,
            core::Response::Shown { low, likely, high, levels, weeks, changes, products, .. } => Some(Self {
                low: round6(low),
                likely: round6(likely),
                high: round6(high),
                prices: i32::try_from(levels).unwrap_or(i32::MAX),
                weeks: i32::try_from(weeks).unwrap_or(i32::MAX),
                price_changes: changes.map(|changes| i32::try_from(changes).unwrap_or(i32::MAX)),
                products: products.map(|products| i32::try_from(products).unwrap_or(i32::MAX)),
            }),
        }
    }
}

/// An action that is possible.
pub struct LiquidationOption {
    candidate: core::Candidate,
    currency: Currency,
    floor: core::PriceFloor,
    /// Decimals of the product's unit.
    decimals: u8,
}

impl LiquidationOption {
    /// A candidate of the proposal.
    pub fn of(candidate: &core::Candidate, proposal: &core::Proposal, currency: Currency) -> Self {
        Self { candidate: candidate.clone(), currency, floor: proposal.price_floor, decimals: proposal.decimals }
    }
    /// Whether the remaining quantity is hidden from the caller, because it follows from hidden
    /// prices.
    fn hides_quantity(&self, ctx: &Context<'_>) -> bool {
        LiquidationReason::hidden(ctx, &self.candidate.act, self.floor).is_some()
    }
}

/// Action that is possible for dead or slow stock, with the recovery that is expected of it.
#[resolvers]
impl LiquidationOption {
    /// Action.
    async fn action(&self) -> LiquidationAction {
        self.candidate.act.word().into()
    }
    /// Units of the option, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.candidate.quantity)
    }
    /// Store that a TRANSFER goes to. Null for other actions.
    async fn to_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.candidate.act.target()?).await)
    }
    /// Supplier that a RETURN goes to. Null for other actions.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.candidate.act.supplier()?).await)
    }
    /// Other product of a BUNDLE. Null for other actions.
    async fn partner(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.candidate.act.bundle()?.partner).await)
    }
    /// Price of a BUNDLE: of a whole unit of both products together. Null for other actions, and where `floorPercent` is above 0 without product.cost.read.
    async fn bundle_price(&self, ctx: &Context<'_>) -> Option<Money> {
        let bundle = self.candidate.act.bundle().filter(|_| !hides_prices(ctx, self.floor))?;
        Some(money(bundle.price_minor, self.currency))
    }
    /// Prices of a MARKDOWN. Empty for other actions, and where `floorPercent` is above 0 without product.cost.read.
    #[field(list_size(assumed = 3))]
    async fn steps(&self, ctx: &Context<'_>) -> Vec<LiquidationStep> {
        if hides_prices(ctx, self.floor) {
            return Vec::new();
        }
        LiquidationStep::all(&self.candidate.act, self.currency)
    }
    /// Last day of the expectation.
    async fn until(&self) -> Date {
        Date(self.candidate.until)
    }
    /// Recovery that is expected until then. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Option<LiquidationRecovery> {
        Some(LiquidationRecovery::of(self.candidate.recovery, self.currency))
    }
    /// Whole units that are left then if much is sold. 0 for a MARKDOWN whose steps are hidden.
    async fn least_left(&self, ctx: &Context<'_>) -> f64 {
        if self.hides_quantity(ctx) { 0.0 } else { round6(self.candidate.left.0) }
    }
    /// Whole units that are left then if little is sold. All units for a MARKDOWN whose steps are hidden.
    async fn most_left(&self, ctx: &Context<'_>) -> f64 {
        let whole_units = self.candidate.quantity as f64 / 10_f64.powi(self.decimals.into());
        round6(if self.hides_quantity(ctx) { whole_units } else { self.candidate.left.1 })
    }
}
