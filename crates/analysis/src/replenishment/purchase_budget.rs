//! The budget of purchases as clients see it.

use async_graphql::{Context, Enum, SimpleObject};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::replenishment::{core, rows::KeptBudget, shell};

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Long},
    },
    purchasing::links::Money,
};

/// Period of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::BudgetPeriod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentBudgetPeriod {
    /// Each plan has the whole amount.
    Plan,
    /// Week from Monday to Sunday, in the tenant's time zone.
    Week,
    /// Calendar month, in the tenant's time zone.
    Month,
}

/// Use of a budget in the current week or month.
#[derive(SimpleObject)]
pub struct ReplenishmentBudgetUse {
    /// First day of the period.
    pub from: Date,
    /// Last day of the period.
    pub through: Date,
    /// Cost of the goods of purchase orders in the currency of the budget: those that were placed in the period, those that have yet to be placed, and approved
    /// lines of plans without an order yet. Cancelled orders and charges do not count.
    pub committed: Money,
    /// Amount less `committed`, at least 0.
    pub remaining: Money,
}

impl From<shell::BudgetUse> for ReplenishmentBudgetUse {
    fn from(of: shell::BudgetUse) -> Self {
        Self { from: Date(of.from), through: Date(of.through), committed: of.committed.into(), remaining: of.remaining.into() }
    }
}

/// A budget's row.
pub struct ReplenishmentBudget(pub KeptBudget);

/// Budget of purchases for the whole company. Plans keep within it, and so does the rule of approval.
#[resolvers(requires = StockPolicy)]
impl ReplenishmentBudget {
    /// Limit of what the goods that are bought in a period may cost together. Null: no limit.
    async fn amount(&self) -> Option<Money> {
        self.0.budget.map(|budget| budget.amount.into())
    }
    /// Period of the amount. Null without an amount.
    async fn period(&self) -> Option<ReplenishmentBudgetPeriod> {
        self.0.budget.map(|budget| budget.period.into())
    }
    /// Use of the amount in the current period. Null without an amount, where each plan has the whole one, for a caller whose stock.policy is for
    /// some stores, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn current(&self, ctx: &Context<'_>) -> Answer<Option<ReplenishmentBudgetUse>> {
        let Some(budget) = self.0.budget else { return Ok(None) };
        let permit = ctx.permit::<kind::StockPolicy>()?;
        let found = shell::budget_use(&permit, ctx.given::<Ledger>()?, &budget).await?;
        Ok(found.map(Into::into))
    }
    /// Version of the budget: 1 when it was first set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
