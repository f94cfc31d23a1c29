//! Goods receipts of a purchase order and their discrepancies, as the API shows them.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use inventory::purchasing::core;
use macros::resolvers;
use platform::storage::Fault;

use super::{
    enums::DiscrepancyKind,
    line::{PurchaseOrderLine, line_id},
    links::{self, Actor, Money, Product},
    loaders::load,
};
use crate::{
    currency::FrozenRate,
    graphql::{
        fault::Answer,
        scalars::{Date, DateTime, Quantity},
    },
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
};

/// A receipt of an order.
#[derive(Clone)]
pub struct GoodsReceipt {
    all: Arc<Vec<core::GoodsReceipt>>,
    index: usize,
    /// The order after a dry run, with its lines. None: it is looked up.
    dry_run_order: Option<Arc<core::PurchaseOrder>>,
}

impl GoodsReceipt {
    pub fn new(all: Arc<Vec<core::GoodsReceipt>>, index: usize) -> Self {
        Self { all, index, dry_run_order: None }
    }
    /// With its order as a dry run would leave it.
    #[must_use]
    pub(super) fn of_order(self, order: Arc<core::PurchaseOrder>) -> Self {
        Self { dry_run_order: Some(order), ..self }
    }
    pub fn row(&self) -> &core::GoodsReceipt {
        &self.all[self.index]
    }
}

/// Receipt of one delivery, as it was counted.
#[resolvers]
impl GoodsReceipt {
    /// ID of the receipt.
    pub async fn id(&self) -> ID {
        ID(self.row().id.to_string())
    }
    /// Number of the receipt within its order, from 1.
    async fn number(&self) -> i32 {
        i32::from(self.row().number)
    }
    /// Number of the supplier's delivery note. Null where none was given.
    async fn delivery_note(&self) -> Option<&str> {
        self.row().external_ref.as_deref()
    }
    /// Note on the receipt. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.row().note.as_deref()
    }
    /// Time at which the goods were received.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row().occurred_at)
    }
    /// Business date of the receipt: the store's local day on which the goods were received.
    async fn business_date(&self) -> Date {
        Date(self.row().business_date)
    }
    /// Member, integration or job that recorded the receipt.
    async fn received_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row().actor).await
    }
    /// Exchange rate by which the goods entered the books: that of the receipt's day, or the order's `fixedRate`, which has the source PURCHASE_ORDER and the
    /// receipt's day. Null where the order is in the currency of the books.
    async fn rate(&self) -> Option<FrozenRate> {
        self.row().rate.as_ref().map(FrozenRate::from)
    }
    /// Reversals of the receipt, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row().id.uuid())).await)
    }
    /// True if there are more reversals of the receipt than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row().id.uuid())).await)
    }
    tagged!("receipt", self.row().id, PurchaseRead);
    /// Lines received.
    async fn lines(&self) -> Vec<GoodsReceiptLine> {
        let receipt = self.row();
        let line = |row: &core::ReceiptLine| GoodsReceiptLine {
            order: receipt.order,
            row: row.clone(),
            dry_run_order: self.dry_run_order.clone(),
        };
        receipt.lines.iter().map(line).collect()
    }
}

/// A line of a receipt.
pub struct GoodsReceiptLine {
    order: entity::prelude::PurchaseOrderId,
    row: core::ReceiptLine,
    dry_run_order: Option<Arc<core::PurchaseOrder>>,
}

/// Goods received for one line of the order.
#[resolvers]
impl GoodsReceiptLine {
    /// Line of the order that the goods are of.
    async fn line(&self, ctx: &Context<'_>) -> Answer<PurchaseOrderLine> {
        let order = match &self.dry_run_order {
            Some(order) => Some(order.clone()),
            None => load(ctx, self.order).await?,
        };
        let line = order.and_then(|order| PurchaseOrderLine::find(order, self.row.position));
        line.ok_or_else(|| Fault::corrupt("purchase_order", "a line stays").into())
    }
    /// ID of the order's line.
    #[field(deprecation = "2026-11-25: use line. Removed after 2027-11-25.")]
    async fn purchase_order_line_id(&self) -> ID {
        line_id(self.order, self.row.position)
    }
    /// Quantity received, damaged goods included, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row.quantity)
    }
    /// Part of the received quantity that was damaged, in the product's smallest unit. It is on hand, set aside as DAMAGED.
    async fn damaged(&self) -> Quantity {
        Quantity(self.row.damaged)
    }
    /// Units that reversals took back, damaged goods included, in the product's smallest unit.
    async fn reversed(&self) -> Quantity {
        Quantity(self.row.reversed)
    }
    /// Cost of the goods without charges, in the order's currency. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn goods_total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.goods.into())
    }
    /// Cost of the goods with their share of the charges in the order's currency, in that currency. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn landed_total(&self, ctx: &Context<'_>) -> Option<Money> {
        self.row.goods.checked_add(self.row.charges).map(Money::from)
    }
    /// Share of charges in other currencies than the order's, in the currency of the books. Null where the receipt carries none, and
    /// for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn charges_in_books(&self, ctx: &Context<'_>) -> Option<Money> {
        // A receipt without a value in the books belongs to an order in the currency of the books.
        let books = self.row.in_books.map_or(self.row.goods.currency, |value| value.currency);
        let amount = entity::prelude::Money::new(self.row.charges_in_books, books);
        Some(amount).filter(|amount| amount.minor != 0).map(Money::from)
    }
    /// Landed total with charges in all currencies, in the currency of the books, as the ledger's entries have it to the minor unit.
    /// Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn book_value(&self, ctx: &Context<'_>) -> Option<Money> {
        self.row.landed_cost().map(Money::from)
    }
}

/// A difference between the goods ordered and the goods received.
pub struct PurchaseDiscrepancy(pub core::Discrepancy);

/// Discrepancy between the goods ordered and the goods received.
#[Object]
impl PurchaseDiscrepancy {
    /// Kind of the discrepancy.
    async fn kind(&self) -> DiscrepancyKind {
        self.0.kind.into()
    }
    /// ID of the order's line. Null for a wrong item.
    async fn purchase_order_line_id(&self) -> Option<ID> {
        self.0.position.map(|position| line_id(self.0.order, position))
    }
    /// Product of a wrong item. Null where it is not one of yours, and for other discrepancies.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.product?).await)
    }
    /// Quantity of the discrepancy, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Note on the discrepancy. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    /// ID of the receipt with the discrepancy. Null when the order was closed short.
    async fn receipt_id(&self) -> Option<ID> {
        self.0.receipt.map(|receipt| ID(receipt.to_string()))
    }
    /// Time at which the discrepancy was noted.
    async fn noted_at(&self) -> DateTime {
        DateTime(self.0.noted_at)
    }
}
