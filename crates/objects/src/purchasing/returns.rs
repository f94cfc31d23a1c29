//! Goods that went back to a supplier, as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::{Numbered, ReturnSource};
use inventory::purchasing::core;
use macros::resolvers;

use super::{
    links::{self, Actor, Money, Product, Store},
    loaders::{SupplierReturnLinesKey, load},
    order::{PurchaseOrder, load_order},
};
use crate::{
    catalog::Supplier,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Quantity},
    },
    numbering,
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
    stock::{ReasonCode, StockCondition},
};

/// A return's row, with its lines or without.
#[derive(Clone)]
pub struct SupplierReturn {
    row: Arc<core::SupplierReturn>,
    lines: Option<Arc<Vec<core::SupplierReturnLine>>>,
}

impl SupplierReturn {
    /// With its lines.
    pub fn with_loaded_lines(mut row: core::SupplierReturn) -> Self {
        let lines = Arc::new(std::mem::take(&mut row.lines));
        Self { row: Arc::new(row), lines: Some(lines) }
    }
    /// A return to a supplier whose lines are read on demand.
    pub fn head(row: Arc<core::SupplierReturn>) -> Self {
        Self { row, lines: None }
    }
    pub fn row(&self) -> &core::SupplierReturn {
        &self.row
    }
}

/// Return of goods to their supplier, with the credit for them.
#[resolvers(requires = PurchaseRead)]
impl SupplierReturn {
    /// ID of the supplier return.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in SR-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: SR-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, Numbered::SupplierReturn, self.row.number.get()).await
    }
    /// Supplier that received the returned goods.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.row.supplier).await
    }
    /// Store that the goods left.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Purchase order that delivered the goods. Null where none or several did, and where you may not see it.
    async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        load_order(ctx, self.row.order?).await.transpose()
    }
    /// The supplier's reference for the return. Null where none was given.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Reason for the return.
    async fn reason_code(&self) -> ReasonCode {
        self.row.reason.into()
    }
    /// Note on the return. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    tagged!("return", self.row.id);
    /// Lines of the return, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<SupplierReturnLine>> {
        let lines = match &self.lines {
            Some(lines) => lines.clone(),
            None => load(ctx, SupplierReturnLinesKey(self.row.id)).await?.unwrap_or_default(),
        };
        Ok(lines.iter().cloned().map(SupplierReturnLine).collect())
    }
    /// Credit for the goods: the sum of the lines. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn credit(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.credit.into())
    }
    /// Reversals of the return, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row.id.uuid())).await)
    }
    /// True if there are more reversals of the return than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row.id.uuid())).await)
    }
    /// Time at which the goods left the store.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// Member, integration or job that created the return.
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Time at which the return was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// A line of a return.
pub struct SupplierReturnLine(core::SupplierReturnLine);

/// Line of a return to a supplier: goods of one product.
#[resolvers]
impl SupplierReturnLine {
    /// Product of the line.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// SKU of the product when it was returned.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Name of the product when it was returned.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// ID of the purchase order's line that delivered the goods. Null where it is not known.
    async fn purchase_order_line_id(&self) -> Option<ID> {
        self.0.of.map(|line_id| ID(line_id.to_string()))
    }
    /// Quantity returned, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Units that reversals brought back, in the product's smallest unit.
    async fn reversed(&self) -> Quantity {
        Quantity(self.0.reversed)
    }
    /// Stock from which the goods were taken.
    async fn source(&self) -> StockCondition {
        match self.0.source {
            ReturnSource::Available => StockCondition::Available,
            ReturnSource::Quarantine => StockCondition::Quarantine,
        }
    }
    /// Credit for one whole unit. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_credit(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.unit_credit.into())
    }
    /// Credit for the line: unitCredit × quantity, rounded half away from zero to the minor unit. Null for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.total.into())
    }
}
