//! A blanket order as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use entity::prelude;
use iam::access::kind;
use inventory::purchasing::core;
use macros::resolvers;
use platform::storage::Fault;

use super::{
    links::{self, Actor, Money, Product},
    loaders::load,
};
use crate::{
    catalog::Supplier,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{CurrencyCode, Date, DateTime, Long, Quantity},
    },
    numbering,
};

/// Status of a blanket order. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::BlanketOrderStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum BlanketOrderStatus {
    /// The blanket order is drafted; nothing is called off from it.
    Draft,
    /// The blanket order is in force: purchase orders call off from it.
    Active,
    /// The agreed quantities are called off. A purchase order that gives back makes the blanket order ACTIVE again.
    Exhausted,
    /// The last day has gone by. Purchase orders that were called off go on.
    Expired,
    /// The blanket order was closed. Purchase orders that were called off go on.
    Closed,
}

/// A blanket order's row, with its lines or without.
#[derive(Clone)]
pub struct BlanketOrder {
    row: Arc<core::BlanketOrder>,
    is_whole: bool,
}

impl BlanketOrder {
    /// With its lines.
    pub fn with_loaded_lines(row: Arc<core::BlanketOrder>) -> Self {
        Self { row, is_whole: true }
    }
    /// A blanket order whose lines are read on demand.
    pub fn head(row: Arc<core::BlanketOrder>) -> Self {
        Self { row, is_whole: false }
    }
    async fn with_lines(&self, ctx: &Context<'_>) -> Answer<Arc<core::BlanketOrder>> {
        if self.is_whole {
            return Ok(self.row.clone());
        }
        load(ctx, self.row.id).await?.ok_or_else(|| Fault::corrupt("blanket_order", "a blanket order stays").into())
    }
}

/// The blanket order of an id.
pub async fn load_blanket(ctx: &Context<'_>, id: prelude::BlanketOrderId) -> Answer<Option<BlanketOrder>> {
    ctx.permit::<kind::PurchaseRead>()?;
    Ok(load(ctx, id).await?.map(BlanketOrder::with_loaded_lines))
}

/// Agreement with a supplier on quantities and prices for a time, from which purchase orders call off. It is the whole tenant's, is never incoming,
/// and its costs are null for callers without product.cost.read.
#[resolvers(requires = PurchaseRead)]
impl BlanketOrder {
    /// ID of the blanket order.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in BPO-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: BPO-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, prelude::Numbered::BlanketOrder, self.row.number.get()).await
    }
    /// Status of the blanket order.
    async fn status(&self) -> BlanketOrderStatus {
        self.row.status.into()
    }
    /// Supplier that the quantities and prices are agreed with.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.row.supplier).await
    }
    /// Currency of all amounts of the blanket order, and of the purchase orders that call off from it.
    async fn currency_code(&self) -> CurrencyCode {
        CurrencyCode(self.row.currency.as_str().to_owned())
    }
    /// First day of call-offs, in the time zone of the store that calls off.
    async fn valid_from(&self) -> Date {
        Date(self.row.valid_from)
    }
    /// Last day of call-offs, in the time zone of the store that calls off.
    async fn valid_to(&self) -> Date {
        Date(self.row.valid_to)
    }
    /// Reference of the agreement outside of this system. Null where none was given.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Note on the agreement. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    tagged!("blanket order", self.row.id);
    /// Lines of the blanket order, in the order of the input; each is of another product.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<BlanketOrderLine>> {
        let blanket = self.with_lines(ctx).await?;
        Ok(blanket.lines.iter().cloned().map(BlanketOrderLine).collect())
    }
    /// Cost of all agreed quantities: the sum of the lines, in the agreement's currency. Null for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.total.into())
    }
    /// Reason for which the blanket order was closed. Null where none was given.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }
    /// Member, integration or job that created the blanket order.
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Member who activated the blanket order. Null where it was not activated.
    async fn activated_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(links::actor(ctx, prelude::Actor::member(self.row.activation?.by)).await)
    }
    /// Time at which the blanket order was activated. Null where it was not activated.
    async fn activated_at(&self) -> Option<DateTime> {
        self.row.activation.map(|activation| DateTime(activation.at))
    }
    /// Time at which the blanket order expired or was closed. Null where neither happened.
    async fn ended_at(&self) -> Option<DateTime> {
        self.row.ended_at.map(DateTime)
    }
    /// Version of the blanket order, +1 for each change, call-offs among them.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time of the last change of the blanket order.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
    /// Time at which the blanket order was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// A line of a blanket order.
pub struct BlanketOrderLine(core::BlanketLine);

/// Line of a blanket order: the agreed quantity and price of a product, and the part that was called off. Quantities are in the product's smallest unit.
#[resolvers]
impl BlanketOrderLine {
    /// Position in the blanket order, from 1.
    async fn position(&self) -> i32 {
        i32::from(self.0.position)
    }
    /// Product of the line.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// SKU of the product when the line was written.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Name of the product when the line was written.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Agreed quantity, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Smallest quantity that one purchase order calls off, unless it calls off all that is left, in the product's
    /// smallest unit. Null for none.
    async fn call_off_minimum(&self) -> Option<Quantity> {
        self.0.terms.minimum.map(Quantity)
    }
    /// Quantity of which purchase orders call off multiples, unless they call off all that is left, in the product's
    /// smallest unit. Null for any.
    async fn call_off_multiple(&self) -> Option<Quantity> {
        self.0.terms.multiple.map(Quantity)
    }
    /// Quantity that purchase orders ask for, drafts among them, less what will not come, in the product's smallest unit: a line that is lowered,
    /// cancelled or closed short gives back. From 0 to `quantity`.
    async fn called_off(&self) -> Quantity {
        Quantity(self.0.called_off)
    }
    /// Quantity that can still be called off, in the product's smallest unit: `quantity` less `calledOff`.
    async fn left(&self) -> Quantity {
        Quantity(self.0.remaining_quantity())
    }
    /// Agreed cost of one whole unit. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.unit_cost.into())
    }
    /// unitCost × quantity, rounded half away from zero to the minor unit. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.total.into())
    }
}
