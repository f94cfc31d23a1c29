//! Scores of plan lines in GraphQL: results compared with expectations.

use async_graphql::Context;
use macros::resolvers;
use services::liquidation::rows::ActionSum;

use super::{
    enums::LiquidationAction,
    option::{LiquidationRecovery, money},
};
use crate::{
    graphql::scalars::{CurrencyCode, Long},
    purchasing::links::Money,
};

/// Scored lines of one action, in one currency.
pub struct LiquidationActionScore(pub ActionSum);

/// Lines of one action, compared with what was expected of them.
#[resolvers(requires = PurchaseRead)]
impl LiquidationActionScore {
    /// Action of the lines.
    async fn action(&self) -> LiquidationAction {
        self.0.action.into()
    }
    /// Currency of the amounts: the company's own when the plans were made.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.to_string())
    }
    /// Number of lines.
    async fn lines(&self) -> Long {
        Long(self.0.lines)
    }
    /// Number of lines that brought less than their lower bound.
    async fn below_lines(&self) -> Long {
        Long(self.0.below)
    }
    /// Number of lines that brought what was expected, bounds included. Bounds are those of about 80 %, so about 80 of 100 lines are expected here.
    async fn within_lines(&self) -> Long {
        Long(self.0.lines - self.0.below - self.0.above)
    }
    /// Number of lines that brought more than their upper bound.
    async fn above_lines(&self) -> Long {
        Long(self.0.above)
    }
    /// Amount that the lines brought until their last days. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn recovered(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.0.recovered, self.0.currency))
    }
    /// Amount that was expected of the lines. Bounds of parts do not add up to the bounds of the sum: these are the outermost. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Option<LiquidationRecovery> {
        Some(LiquidationRecovery::of(self.0.expected, self.0.currency))
    }
}
