//! A line of an order.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Context, ID};
use entity::prelude::{self, OrderLineId, StoreId};
use inventory::orders::core;
use macros::resolvers;
use platform::storage::Fault;

use super::{
    enums::OrderLineKind,
    held_stock::{DryRunStock, held_units, load_held_stock},
    links::{self, Money, Product, Store},
    loaders::order_of,
    order::Order,
};
use crate::graphql::{
    fault::Answer,
    scalars::{Decimal, Quantity},
};

/// A line inside its order.
#[derive(Clone)]
pub struct OrderLine {
    order: Arc<core::Order>,
    index: usize,
    foreseen: DryRunStock,
    /// The order after a dry run, with the rows that it would add.
    dry_run_order: Option<Order>,
}

impl OrderLine {
    /// The line at a place that the order has.
    pub fn new(order: Arc<core::Order>, index: usize, foreseen: DryRunStock) -> Self {
        Self { order, index, foreseen, dry_run_order: None }
    }
    /// With its order as a dry run would leave it.
    #[must_use]
    pub(super) fn of_order(self, order: Option<Order>) -> Self {
        Self { dry_run_order: order, ..self }
    }
    /// The store that its order is of.
    pub fn order_store(&self) -> entity::prelude::StoreId {
        self.order.store
    }
    /// The line of an id, if its order has it.
    pub fn find(order: Arc<core::Order>, id: OrderLineId) -> Option<Self> {
        let index = Self::place_of(&order, id)?;
        Some(Self::new(order, index, None))
    }
    /// The index of the line with an ID among those of its order.
    pub(super) fn place_of(order: &core::Order, id: OrderLineId) -> Option<usize> {
        let (_, position) = id.split_line::<entity::id::kind::OrderId>();
        order.lines.iter().position(|line| line.position == position)
    }
    fn row(&self) -> &core::Line {
        &self.order.lines[self.index]
    }
}

/// The line that a row refers to.
pub async fn line_of(ctx: &Context<'_>, id: OrderLineId) -> Answer<OrderLine> {
    let order = order_of(ctx, id.split_line().0).await?;
    OrderLine::find(order, id).ok_or_else(|| Fault::corrupt("order_line", "what is referred to exists").into())
}

/// A line of an order: quantity = open + backordered + cancelled + fulfilled.
#[resolvers(shared)]
impl OrderLine {
    /// ID of the order line.
    pub async fn id(&self) -> ID {
        ID(self.order.line_id(self.row().position).to_string())
    }
    /// Order that the line belongs to.
    async fn order(&self) -> Order {
        self.dry_run_order.clone().unwrap_or_else(|| Order::from_dry_run(self.order.clone(), self.foreseen.clone()))
    }
    /// Kind of the line.
    async fn kind(&self) -> OrderLineKind {
        self.row().kind().into()
    }
    /// Product of the line. Null for a CHARGE.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row().product()?).await)
    }
    /// SKU of the product when the order was placed.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// Name of the product or charge when the order was placed.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// Ordered quantity, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row().quantity)
    }
    /// Quantity still to be delivered from stock that is there, in the product's smallest unit.
    async fn open(&self) -> Quantity {
        Quantity(self.row().open)
    }
    /// Quantity still to be delivered from stock that has yet to arrive, in the product's smallest unit.
    async fn backordered(&self) -> Quantity {
        Quantity(self.row().backordered)
    }
    /// Quantity that was cancelled, in the product's smallest unit.
    async fn cancelled(&self) -> Quantity {
        Quantity(self.row().cancelled)
    }
    /// Quantity that was shipped, in the product's smallest unit.
    async fn fulfilled(&self) -> Quantity {
        Quantity(self.row().fulfilled)
    }
    /// Quantity that was shipped and has been returned, in the product's smallest unit.
    async fn returned(&self) -> Quantity {
        Quantity(self.row().returned)
    }
    /// Quantity of returns that are requested or approved and not received yet, in the product's smallest unit.
    async fn return_pending(&self) -> Quantity {
        Quantity(self.row().return_pending)
    }
    /// Price of one whole unit, before discount and tax.
    async fn unit_price(&self) -> Money {
        self.row().unit_price.into()
    }
    /// Discount on the whole line, deducted from its price.
    async fn discount(&self) -> Money {
        self.row().discount.into()
    }
    /// Tax on the whole line, added to its price less the discount.
    async fn tax(&self) -> Money {
        self.row().tax.into()
    }
    /// Tax rate of the line, as a fraction of its price less the discount, from 0 to 1: 0.2 is 20 %. Null where the tax is stated
    /// as an amount.
    async fn tax_rate(&self) -> Option<Decimal> {
        self.row().basis.rate.map(|rate| Decimal(rate.to_string()))
    }
    /// unitPrice × quantity, rounded half away from zero to the minor unit, less discount, plus tax.
    async fn total(&self) -> Money {
        self.row().total.into()
    }
    /// Total of the quantity that is not cancelled, with discount and tax in proportion, each rounded half away from zero to the
    /// minor unit.
    async fn current_total(&self) -> Money {
        self.row().current_total().into()
    }
    /// Cost of one whole unit when the order was placed; null where no cost was known.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        self.row().unit_cost.map(Money::from)
    }
    /// Components that one kit takes from stock, as they were when the order was placed; empty for a product that is no
    /// kit.
    #[field(list_size(assumed = 5))]
    async fn parts(&self) -> Vec<OrderLinePart> {
        (0..self.row().parts().len()).map(|part_index| OrderLinePart { line: self.clone(), nth: part_index }).collect()
    }
    /// Stock that stores hold for the line; for a kit the number of whole kits in each store.
    async fn allocations(&self, ctx: &Context<'_>) -> Answer<Vec<Allocation>> {
        let reservations = load_held_stock(ctx, self.order.id, self.foreseen.as_ref()).await?;
        if !self.row().is_kit() {
            let line_reservations = reservations
                .iter()
                .filter(|reservation| reservation.position == self.row().position && reservation.remaining.is_positive());
            return Ok(line_reservations
                .map(|reservation| Allocation { store: reservation.store, quantity: reservation.remaining })
                .collect());
        }
        let line_reservations = reservations.iter().filter(|reservation| reservation.position == self.row().position);
        let stores: BTreeSet<StoreId> = line_reservations.map(|reservation| reservation.store).collect();
        let to_allocation = |store: StoreId| {
            let quantity = prelude::Quantity::new(held_units(self.row(), &reservations, Some(store)))?;
            quantity.is_positive().then_some(Allocation { store, quantity })
        };
        Ok(stores.into_iter().filter_map(to_allocation).collect())
    }
}

/// A part of a kit on an order's line.
pub struct OrderLinePart {
    line: OrderLine,
    nth: usize,
}

impl OrderLinePart {
    fn row(&self) -> &core::Part {
        &self.line.row().parts()[self.nth]
    }
}

/// Component of a kit: a product and the quantity that one kit takes of it.
#[resolvers(shared)]
impl OrderLinePart {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row().product).await
    }
    /// SKU of the product when the order was placed.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// Name of the product or charge when the order was placed.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// Quantity that one kit takes of the product, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row().quantity)
    }
}

/// Quantity of a line that is held in a store.
pub struct Allocation {
    store: StoreId,
    quantity: prelude::Quantity,
}

/// Stock that is held for a line. The order's store is who sold it; this one is where it is.
#[resolvers(shared)]
impl Allocation {
    /// Store that holds the stock.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.store).await
    }
    /// Quantity that the store holds, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.quantity)
    }
}
