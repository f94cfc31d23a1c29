//! What can be done with stock, and what it is expected to bring.

use async_graphql::{Context, SimpleObject};
use entity::prelude::{self, Currency};
use macros::resolvers;
use services::{demand::core::six, liquidation::core};

use super::enums::{LiquidationAction, LiquidationReasonCode};
use crate::{
    catalog::Supplier,
    graphql::{
        fault::Answer,
        scalars::{Date, Quantity},
    },
    purchasing::links::{self, Money, Product, Store},
};

pub(super) fn units(n: i64) -> Quantity {
    let most = entity::quantity::MAX_SAFE;
    Quantity(prelude::Quantity::new(n.clamp(-most, most)).unwrap_or_default())
}

pub(super) fn money(minor: i64, currency: Currency) -> Money {
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
    pub(super) fn of(recovery: core::Recovery, currency: Currency) -> Self {
        Self {
            low: money(recovery.low, currency),
            likely: money(recovery.likely, currency),
            high: money(recovery.high, currency),
        }
    }
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
    pub(super) fn all(act: &core::Act, currency: Currency) -> Vec<Self> {
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

impl From<&core::Reason> for LiquidationReason {
    fn from(reason: &core::Reason) -> Self {
        Self { code: reason.code.into(), text: reason.text.clone() }
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
    pub(super) fn of(response: core::Response) -> Option<Self> {
        match response {
            core::Response::NotShown => None,
            core::Response::Shown { low, likely, high, levels, weeks, changes, products, .. } => Some(Self {
                low: six(low),
                likely: six(likely),
                high: six(high),
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
    of: core::Candidate,
    currency: Currency,
}

impl LiquidationOption {
    pub(super) fn of(candidate: &core::Candidate, currency: Currency) -> Self {
        Self { of: candidate.clone(), currency }
    }
}

/// Action that is possible for dead or slow stock, with the recovery that is expected of it.
#[resolvers]
impl LiquidationOption {
    /// Action.
    async fn action(&self) -> LiquidationAction {
        self.of.act.word().into()
    }
    /// Units of the option, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.of.quantity)
    }
    /// Store that a TRANSFER goes to. Null for other actions.
    async fn to_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.of.act.target()?).await)
    }
    /// Supplier that a RETURN goes to. Null for other actions.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.of.act.supplier()?).await)
    }
    /// Other product of a BUNDLE. Null for other actions.
    async fn partner(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.of.act.bundle()?.partner).await)
    }
    /// Price of a BUNDLE: of a whole unit of both products together. Null for other actions.
    async fn bundle_price(&self) -> Option<Money> {
        Some(money(self.of.act.bundle()?.price_minor, self.currency))
    }
    /// Prices of a MARKDOWN. Empty for other actions.
    #[field(list_size(assumed = 3))]
    async fn steps(&self) -> Vec<LiquidationStep> {
        LiquidationStep::all(&self.of.act, self.currency)
    }
    /// Last day of the expectation.
    async fn until(&self) -> Date {
        Date(self.of.until)
    }
    /// Recovery that is expected until then. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Option<LiquidationRecovery> {
        Some(LiquidationRecovery::of(self.of.recovery, self.currency))
    }
    /// Whole units that are left then if much is sold.
    async fn least_left(&self) -> f64 {
        six(self.of.left.0)
    }
    /// Whole units that are left then if little is sold.
    async fn most_left(&self) -> f64 {
        six(self.of.left.1)
    }
}
