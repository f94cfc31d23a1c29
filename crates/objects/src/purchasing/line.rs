//! A line of a purchase order as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude;
use inventory::purchasing::core;
use macros::resolvers;

use super::{
    enums::PurchaseExpectedFrom,
    links::{self, Money, Product},
};
use crate::graphql::{
    fault::Answer,
    scalars::{Date, DateTime, Long, Quantity},
};

/// A line inside its order.
#[derive(Clone)]
pub struct PurchaseOrderLine {
    order: Arc<core::PurchaseOrder>,
    index: usize,
}

impl PurchaseOrderLine {
    pub fn new(order: Arc<core::PurchaseOrder>, index: usize) -> Self {
        Self { order, index }
    }
    /// The store that its order is of.
    pub fn order_store(&self) -> entity::prelude::StoreId {
        self.order.store
    }
    /// The line of an id, if this order has it.
    pub fn find(order: Arc<core::PurchaseOrder>, position: u16) -> Option<Self> {
        let index = order.lines.iter().position(|line| line.position == position)?;
        Some(Self { order, index })
    }
    fn row(&self) -> &core::Line {
        &self.order.lines[self.index]
    }
}

/// Line of a purchase order: a product, and the quantities ordered and received. Quantities are in the product's smallest unit.
#[resolvers(requires = PurchaseRead)]
impl PurchaseOrderLine {
    /// ID of the line, for purchaseOrderReceive.
    pub async fn id(&self) -> ID {
        ID(self.order.line_id(self.row().position).to_string())
    }
    /// Position in the order, from 1.
    async fn position(&self) -> i32 {
        i32::from(self.row().position)
    }
    /// Product of the line.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row().product).await
    }
    /// SKU of the product when the line was written.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// Name of the product when the line was written.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// The supplier's SKU of the product. Null where the supplier's catalogue has none.
    async fn supplier_sku(&self) -> Option<&str> {
        self.row().supplier_sku.as_deref()
    }
    /// Quantity ordered, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row().quantity)
    }
    /// Largest quantity that may be received in all, with the order's tolerance, in the product's smallest unit.
    async fn most_receivable(&self) -> Quantity {
        Quantity(self.row().most)
    }
    /// Quantity received, damaged goods included, in the product's smallest unit.
    async fn received(&self) -> Quantity {
        Quantity(self.row().received)
    }
    /// Part of the received quantity that was damaged, in the product's smallest unit.
    async fn damaged(&self) -> Quantity {
        Quantity(self.row().damaged)
    }
    /// Quantity still expected, in the product's smallest unit. It counts as incoming while the order is ORDERED or
    /// PARTIALLY_RECEIVED.
    async fn open(&self) -> Quantity {
        Quantity(self.row().open)
    }
    /// Quantity that was ordered and will not be delivered, in the product's smallest unit.
    async fn short(&self) -> Quantity {
        Quantity(self.row().short)
    }
    /// Quantity returned to the supplier, in the product's smallest unit.
    async fn returned(&self) -> Quantity {
        Quantity(self.row().returned)
    }
    /// Cost of one whole unit without charges, in the order's currency. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row().unit_cost.into())
    }
    /// Cost of the line in the order's currency: unitCost × quantity, rounded half away from zero to the minor unit. Null for
    /// callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row().total.into())
    }
    /// Share of the order's charges in its own currency that falls on the line, deposits aside. Null for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn charges(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row().charges.into())
    }
    /// Share of the order's charges in other currencies that falls on the line, in the currency of the books. Null where the
    /// order has no such charge, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn charges_in_books(&self, ctx: &Context<'_>) -> Option<Money> {
        let books = self.order.books_currency()?;
        Some(prelude::Money::new(self.row().charges_in_books, books).into())
    }
    /// Weight of the whole line, in the unit that all lines share. Null where none was given.
    async fn weight(&self) -> Option<Long> {
        self.row().weight.map(Long)
    }
    /// Expected day of arrival in the store's time zone: the confirmed day, else the line's, else
    /// the order's, else the day of ordering plus the lead time of the supplier's product, else of
    /// the supplier, both days moved to the next ones of the supplier's calendar. Null when none is
    /// known.
    async fn expected_on(&self) -> Option<Date> {
        self.row().expected_day(self.order.expected_on).map(|(day, _)| Date(day))
    }
    /// Source of expectedOn; null when no day is known.
    async fn expected_from(&self) -> Option<PurchaseExpectedFrom> {
        self.row().expected_day(self.order.expected_on).map(|(_, from)| from.into())
    }
    /// Day of arrival that the supplier confirmed. Null while none is confirmed.
    async fn confirmed_on(&self) -> Option<Date> {
        self.row().confirmed.on.map(Date)
    }
    /// Quantity of the whole line that the supplier confirmed, in the product's smallest unit. Null while none is confirmed, and
    /// after the quantity has changed.
    async fn confirmed_quantity(&self) -> Option<Quantity> {
        self.row().confirmed.quantity.map(Quantity)
    }
    /// Part of the quantity that the supplier does not promise and that has not been received, in the product's smallest unit. 0
    /// where nothing was confirmed.
    async fn promised_short(&self) -> Quantity {
        Quantity(self.row().promised_short())
    }
    /// Revision of the order in which the line was added or last changed.
    async fn revision(&self) -> i32 {
        i32::from(self.row().revision)
    }
    /// Time at which purchaseOrderAmend cancelled the line. Null when it is not cancelled. A cancelled line counts in no total
    /// and expects nothing.
    async fn cancelled_at(&self) -> Option<DateTime> {
        self.row().cancelled_at.map(DateTime)
    }
}

/// The ID of a line, from its order and its position there.
pub fn line_id(order: prelude::PurchaseOrderId, position: u16) -> ID {
    ID(order.line::<entity::id::kind::PurchaseOrderLineId>(position).to_string())
}
