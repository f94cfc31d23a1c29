//! The budgets of purchases as clients see them.

use std::sync::Arc;

use async_graphql::{Context, Enum, SimpleObject};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::replenishment::{
    core::{self, BudgetScope, Exceeded},
    rows::StoredBudget,
    shell::{self, BudgetUse},
};
use tokio::sync::OnceCell;

use crate::{
    catalog::{Category, Supplier, catalog_loaders},
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Long},
    },
    purchasing::links::{self, Money, Store},
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
    /// lines of plans without an order yet. Cancelled orders and charges do not count, nor does what is not of its supplier, category or store.
    pub committed: Money,
    /// Amount less `committed`, at least 0.
    pub remaining: Money,
}

impl From<BudgetUse> for ReplenishmentBudgetUse {
    fn from(budget_use: BudgetUse) -> Self {
        Self {
            from: Date(budget_use.from),
            through: Date(budget_use.through),
            committed: budget_use.committed.into(),
            remaining: budget_use.remaining.into(),
        }
    }
}

async fn supplier(ctx: &Context<'_>, scope: BudgetScope) -> Option<Answer<Supplier>> {
    let BudgetScope::Supplier(id) = scope else { return None };
    Some(links::supplier(ctx, id).await)
}

async fn category(ctx: &Context<'_>, scope: BudgetScope) -> Option<Answer<Category>> {
    let BudgetScope::Category(id) = scope else { return None };
    let row_read = async { catalog_loaders(ctx)?.category(id).await };
    row_read.await.map(|row| row.map(Category)).transpose()
}

async fn store(ctx: &Context<'_>, scope: BudgetScope) -> Option<Answer<Store>> {
    let BudgetScope::Store(id) = scope else { return None };
    Some(links::store(ctx, id).await)
}

/// A budget that has no place for a line.
pub struct ReplenishmentExceededBudget {
    pub exceeded: Exceeded,
    /// Whether the caller sees all that counts against it.
    pub is_seen: bool,
}

/// Budget without a place for a line of a plan. The company's is for no supplier, category and store.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentExceededBudget {
    /// Supplier whose purchases are limited. Null for all.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        supplier(ctx, self.exceeded.scope).await
    }
    /// Category whose products are limited, with all categories below it. Null for all.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        category(ctx, self.exceeded.scope).await
    }
    /// Store whose purchases are limited. Null for all.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        store(ctx, self.exceeded.scope).await
    }
    /// Amount that is left beside the lines that were approved. Null for a caller whose purchase.read is not for all that counts, and without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn remaining(&self, ctx: &Context<'_>) -> Option<Money> {
        self.is_seen.then(|| self.exceeded.left.into())
    }
}

/// Budgets that were read together, and the use of each, loaded when the first is requested.
struct BudgetBatch {
    stored: Vec<StoredBudget>,
    uses: OnceCell<Vec<Option<BudgetUse>>>,
}

/// A budget's row.
pub struct ReplenishmentBudget {
    stored: StoredBudget,
    all: Arc<BudgetBatch>,
    /// Among all.
    place: usize,
}

impl ReplenishmentBudget {
    pub(super) fn from_batch(kept: Vec<StoredBudget>) -> Vec<Self> {
        let all = Arc::new(BudgetBatch { stored: kept, uses: OnceCell::new() });
        all.stored.iter().enumerate().map(|(place, kept)| Self { stored: *kept, all: Arc::clone(&all), place }).collect()
    }
}

impl From<StoredBudget> for ReplenishmentBudget {
    fn from(budget: StoredBudget) -> Self {
        Self { stored: budget, all: Arc::new(BudgetBatch { stored: vec![budget], uses: OnceCell::new() }), place: 0 }
    }
}

/// Budget of purchases for the whole company, or for a supplier, a category or a store. A purchase counts in each that it is of. Plans keep within all of them,
/// and so does the rule of approval.
#[resolvers(requires = StockPolicy)]
impl ReplenishmentBudget {
    /// Supplier whose purchases are limited. Null for all.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        supplier(ctx, self.stored.scope).await
    }
    /// Category whose products are limited, with all categories below it. Null for all.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        category(ctx, self.stored.scope).await
    }
    /// Store whose purchases are limited. Null for all.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        store(ctx, self.stored.scope).await
    }
    /// Limit of what the goods that are bought in a period may cost together. Null: no limit.
    async fn amount(&self) -> Option<Money> {
        self.stored.budget.map(|budget| budget.amount.into())
    }
    /// Period of the amount. Null without an amount.
    async fn period(&self) -> Option<ReplenishmentBudgetPeriod> {
        self.stored.budget.map(|budget| budget.period.into())
    }
    /// Use of the amount in the current period. Null without an amount, where each plan has the whole one, for a caller whose stock.policy is for
    /// some stores, unless the amount is for one of these, and without product.cost.read.
    #[field(mask = ProductCostRead, cost = "5")]
    async fn current(&self, ctx: &Context<'_>) -> Answer<Option<ReplenishmentBudgetUse>> {
        let permit = ctx.permit::<kind::StockPolicy>()?;
        let (ledger, all) = (ctx.required_data::<Ledger>()?, &self.all);
        let uses = all.uses.get_or_try_init(|| Box::pin(shell::budget_uses(&permit, ledger, &all.stored))).await?;
        Ok(uses.get(self.place).copied().flatten().map(Into::into))
    }
    /// Version of the budget: 1 when it was first set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.stored.version)
    }
    /// Time of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.stored.updated_at)
    }
}
