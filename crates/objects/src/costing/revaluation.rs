//! Revaluations as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::{self, CostingMethod, Currency, RevaluationId};
use iam::access::kind;
use inventory::{
    costing::{core, rows},
    ledger::Ledger,
    numbering::core::digits_of,
};
use macros::resolvers;

use super::{
    added_charge::AddedCharge,
    loaders::{entry_cost, find_reversal_of},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::DateTime},
    orders::links::{self, Actor, Money, Product, actor},
};

/// A document that sets the unit value of stock.
#[derive(Clone)]
pub struct StockRevaluation {
    pub row: Arc<core::Revaluation>,
    /// Costing method of the tenant, and the currency of the books.
    pub how: (CostingMethod, Currency),
    /// Values that a dry run computed, line by line; None if the document is written.
    pub foreseen: Option<Arc<Vec<core::Values>>>,
}

/// A document that sets the value of units. It never changes; a later revaluation corrects it, and revaluationReverse undoes it.
#[resolvers(requires = ProductCostRead)]
impl StockRevaluation {
    /// ID of the revaluation.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number: per tenant, without gaps. A dot in a dry run, as a number is given when it is written.
    async fn number(&self) -> String {
        digits_of(if self.foreseen.is_some() { 0 } else { self.row.number })
    }
    /// Reason for the revaluation.
    async fn note(&self) -> &str {
        &self.row.note
    }
    /// Your own reference for the revaluation, unique in the tenant. Null where none was given.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Member, integration or job that created the revaluation.
    #[field(was("actor", "2026-11-25"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.row.actor).await
    }
    /// Time at which the revaluation was created, and from which it is in force.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// ID of the revaluation that this one undoes. Null where it undoes none.
    async fn reverses_id(&self) -> Option<ID> {
        self.row.reverses.map(|id| ID(id.to_string()))
    }
    /// Revaluation that undoes this one. Null while none does.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Answer<Option<Self>> {
        let reversal = Box::pin(find_reversal_of(ctx, self.row.id)).await?;
        Ok(reversal.map(|row| Self { row, how: self.how, foreseen: None }))
    }
    /// Charge of a purchase order that was added after its goods had come. Null for other revaluations, and for those that undo one.
    async fn charge(&self) -> Option<AddedCharge> {
        self.row.charge.clone().map(AddedCharge)
    }
    /// Lines of the revaluation, in the order of the input; of a charge, one for each product that was received.
    async fn lines(&self) -> Vec<RevaluationLine> {
        (0..self.row.lines.len()).map(|index| RevaluationLine { revaluation: self.clone(), index }).collect()
    }
}

/// A line of a revaluation.
pub struct RevaluationLine {
    revaluation: StockRevaluation,
    index: usize,
}

impl RevaluationLine {
    /// The change of the stock's value; None until it has been posted.
    async fn value_change(&self, ctx: &Context<'_>) -> Answer<Option<prelude::Money>> {
        let line = &self.revaluation.row.lines[self.index];
        let Some(foreseen) = &self.revaluation.foreseen else {
            return entry_cost(ctx, self.revaluation.row.seq, line.position).await;
        };
        let (method, currency) = self.revaluation.how;
        Ok(foreseen.get(self.index).map(|values| prelude::Money::new(values.by(method), currency)))
    }
    /// The share of a charge that falls on its product.
    fn share(&self) -> Option<prelude::Money> {
        let share = self.revaluation.row.lines[self.index].charge.as_ref()?;
        Some(prelude::Money::new(share.amount, self.revaluation.how.1))
    }
}

/// Line of a revaluation: a product, and the value of its units from then on.
#[resolvers(requires = ProductCostRead)]
impl RevaluationLine {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.revaluation.row.lines[self.index].product).await
    }
    /// Value of one whole unit from the revaluation on, in the currency of the books; of a charge, and of one that undoes another, by the moving average and rounded.
    async fn unit_cost(&self) -> Money {
        prelude::Money::new(self.revaluation.row.lines[self.index].unit_cost, self.revaluation.how.1).into()
    }
    /// Change of the value of the stock on hand, by the tenant's costing method; in a dry run, the
    /// change that would result. Null until the books include the revaluation.
    async fn change(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        self.value_change(ctx).await.map(|money| money.map(Money::from)).transpose()
    }
    /// Share of a charge that falls on the product, in the currency of the books: `change` and `landedCostVariance` together. Null where the revaluation
    /// neither adds a charge nor undoes one.
    async fn charge(&self) -> Option<Money> {
        Some(self.share()?.into())
    }
    /// Part of the charge that falls on goods no longer in stock, by the tenant's costing method: a cost of the day, which is not in the value of stock. In a
    /// dry run, the part that would result. Null until the books include the revaluation, and where it is of no charge.
    async fn landed_cost_variance(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        let charge = self.share()?;
        let variance = |change: prelude::Money| prelude::Money::new(charge.minor - change.minor, charge.currency);
        self.value_change(ctx).await.map(|change| change.map(variance).map(Money::from)).transpose()
    }
}

crate::connection!(counted StockRevaluationConnection, StockRevaluationEdge, StockRevaluation, "revaluations");

/// The revaluation of an id.
pub async fn find_revaluation(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<StockRevaluation>> {
    let scope = ctx.permit::<kind::ProductCostRead>()?.scope(ctx.required_data::<Ledger>()?.database());
    let Some(row) = rows::load_revaluation(&scope, RevaluationId::from_uuid(id)).await? else { return Ok(None) };
    Ok(Some(StockRevaluation { row: Arc::new(row), how: rows::load_costing_method(&scope).await?, foreseen: None }))
}
