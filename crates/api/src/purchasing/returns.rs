//! Goods that went back to a supplier, as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID};
use inventory::purchasing::core;
use macros::resolvers;

use super::{
    enums::SupplierReturnSource,
    links::{self, Actor, Money, Product, Store},
    loaders::{LinesOf, load},
    order::PurchaseOrder,
};
use crate::{
    catalog::Supplier,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Quantity},
    },
    stock::ReasonCode,
};

/// A return's row, with its lines or without.
#[derive(Clone)]
pub struct SupplierReturn {
    row: Arc<core::SupplierReturn>,
    lines: Option<Arc<Vec<core::SupplierReturnLine>>>,
}

impl SupplierReturn {
    /// With its lines.
    pub fn whole(mut row: core::SupplierReturn) -> Self {
        let lines = Arc::new(std::mem::take(&mut row.lines));
        Self { row: Arc::new(row), lines: Some(lines) }
    }
    /// They are read when they are asked for.
    pub fn head(row: Arc<core::SupplierReturn>) -> Self {
        Self { row, lines: None }
    }
    pub fn row(&self) -> &core::SupplierReturn {
        &self.row
    }
}

/// Goods that went back to their supplier: a document of its own, with what is credited for them.
#[resolvers(requires = PurchaseRead)]
impl SupplierReturn {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Its number: per tenant, without gaps. 0 in a dry run, as a number is given when it is written.
    async fn number(&self) -> String {
        self.row.number.to_string()
    }
    /// Whom it went back to.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.row.supplier).await
    }
    /// Where it left from.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// The order that its lines are of; null where they are of none or of several, and where it is not yours.
    async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        super::load_order(ctx, self.row.order?).await.transpose()
    }
    /// What the supplier calls it.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Why it went back.
    async fn reason_code(&self) -> ReasonCode {
        self.row.reason.into()
    }
    /// What was noted about it.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// What went back, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<SupplierReturnLine>> {
        let lines = match &self.lines {
            Some(lines) => lines.clone(),
            None => load(ctx, LinesOf(self.row.id)).await?.unwrap_or_default(),
        };
        Ok(lines.iter().cloned().map(SupplierReturnLine).collect())
    }
    /// What is credited: the sum of its lines.
    #[field(mask = ProductCostRead)]
    async fn credit(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.credit.into())
    }
    /// When it left.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// Who sent it.
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// When it was written.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// A line of a return.
pub struct SupplierReturnLine(core::SupplierReturnLine);

/// What went back of one product.
#[resolvers]
impl SupplierReturnLine {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// The SKU as it was when it went back.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// The name as it was when it went back.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The order's line that it came by; null where it is not known.
    async fn purchase_order_line_id(&self) -> Option<ID> {
        self.0.of.map(|of| ID(of.to_string()))
    }
    /// How much, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Units that reversals brought back, in the product's smallest unit.
    async fn reversed(&self) -> Quantity {
        Quantity(self.0.reversed)
    }
    /// What it was taken from.
    async fn source(&self) -> SupplierReturnSource {
        self.0.source.into()
    }
    /// What is credited for one whole unit.
    #[field(mask = ProductCostRead)]
    async fn unit_credit(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.unit_credit.into())
    }
    /// unitCredit × quantity, rounded half away from zero to the minor unit.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.total.into())
    }
}
