//! A transfer as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude as values;
use iam::access::{Caller, Permission, kind};
use inventory::transfers::core::{self, Action, actions_from};
use macros::resolvers;
use platform::storage::Fault;

use super::{enums::TransferStatus, loaders::load};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long, Quantity},
    },
    numbering,
    orders::links::{self, Actor, Money, Product, Store},
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
    stock::{Lot, ReasonCode, lot_of_document, visible_lot},
    tagging::tags_of,
};

/// A transfer's row, with its lines or without.
#[derive(Clone)]
pub struct Transfer {
    row: Arc<core::Transfer>,
    lines: Lines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Read,
    ToRead,
}

impl Transfer {
    /// With its lines.
    pub fn with_loaded_lines(row: Arc<core::Transfer>) -> Self {
        Self { row, lines: Lines::Read }
    }
    /// A transfer whose lines are read on demand.
    pub fn head(row: Arc<core::Transfer>) -> Self {
        Self { row, lines: Lines::ToRead }
    }
    pub fn row(&self) -> &core::Transfer {
        &self.row
    }
}

/// Transfer of goods from one store to another. Callers who may see either store see the transfer, and its movements in their own
/// stores only.
#[resolvers(requires = TransferRead)]
impl Transfer {
    /// ID of the transfer.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in TR-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: TR-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, values::Numbered::Transfer, self.row.number.get()).await
    }
    /// Status of the transfer.
    async fn status(&self) -> TransferStatus {
        self.row.status().into()
    }
    /// Store that sends the goods.
    async fn from_store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.from).await
    }
    /// Store that receives the goods.
    async fn to_store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.to).await
    }
    /// Your own reference for the transfer, unique in the tenant. Null where none was given.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Note on the transfer. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// Time at which the goods are expected to arrive. Null where none was given.
    async fn expected_at(&self) -> Option<DateTime> {
        self.row.expected_at.map(DateTime)
    }
    /// Tags of the transfer, at most 50, in the order in which they were given. Empty when there are none.
    async fn tags(&self, ctx: &Context<'_>) -> Answer<Vec<String>> {
        tags_of(ctx, self.row.id.uuid()).await
    }
    /// Custom data: a JSON object, empty where none was given.
    async fn metadata(&self) -> Json {
        Json::from_text(self.row.metadata.as_deref().unwrap_or("{}"))
    }
    /// Time at which the goods were shipped. Null before that.
    async fn shipped_at(&self) -> Option<DateTime> {
        self.row.state.shipped_at().map(DateTime)
    }
    /// Time of the last receipt. Null before the first.
    async fn received_at(&self) -> Option<DateTime> {
        self.row.state.received_at().map(DateTime)
    }
    /// Reason for which missing goods were written off. Null when nothing was written off.
    #[field(was("lossReason", "2026-11-27"))]
    async fn loss_reason_code(&self) -> Option<ReasonCode> {
        self.row.state.loss().map(|loss| loss.reason.into())
    }
    /// Note on the goods that did not arrive. Null where there is none.
    async fn loss_note(&self) -> Option<&str> {
        self.row.state.loss()?.note.as_deref()
    }
    /// Lines of the transfer, one for each product.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<TransferLine>> {
        let row = match self.lines {
            Lines::Read => self.row.clone(),
            Lines::ToRead => load(ctx, self.row.id).await?.ok_or_else(|| Fault::corrupt("transfer", "a transfer stays"))?,
        };
        let live_lines = (0..row.lines.len()).filter(|index| row.lines[*index].quantity.is_positive());
        Ok(live_lines.map(|index| TransferLine { transfer: row.clone(), index }).collect())
    }
    /// Mutations that the transfer's status allows and that you may call.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        Ok(actions_from(self.row.status()).filter(|action| may_act(caller, *action, &self.row)).map(Action::mutation).collect())
    }
    /// Reversals of the transfer by its steps, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row.id.uuid())).await)
    }
    /// True if there are more reversals of the transfer than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row.id.uuid())).await)
    }
    /// Member, integration or job that created the transfer.
    #[field(was("requestedBy", "2026-11-25"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Version of the transfer, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time at which the transfer was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Time of the last change of the transfer.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}

/// Whether the caller has, at the side of the transfer where the action is done, the permission
/// that its mutation requires.
fn may_act(caller: &Caller, action: Action, transfer: &core::Transfer) -> bool {
    let covers = |permission: usize, store| caller.permissions.reach(permission).covers(store);
    match action {
        Action::Update | Action::Cancel => {
            [transfer.from, transfer.to].into_iter().any(|store| covers(kind::TransferWrite::INDEX, store))
        }
        Action::Ready | Action::Ship => covers(kind::TransferShip::INDEX, transfer.from),
        Action::Receive | Action::Close => covers(kind::TransferReceive::INDEX, transfer.to),
    }
}

/// A line inside its transfer.
#[derive(Clone)]
pub struct TransferLine {
    transfer: Arc<core::Transfer>,
    index: usize,
}

impl TransferLine {
    fn row(&self) -> &core::Line {
        &self.transfer.lines[self.index]
    }
}

/// Line of a transfer: a product, its quantity, and the part shipped. Shipped units are in transit, received or lost.
#[resolvers]
impl TransferLine {
    /// ID of the transfer line.
    async fn id(&self) -> ID {
        ID(self.transfer.line_id(self.row().position).to_string())
    }
    /// Product of the line.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row().product).await
    }
    /// SKU of the product when the line was created.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// Name of the product when the line was created.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// Units to transfer, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        self.row().quantity.into()
    }
    /// Units shipped, in the product's smallest unit.
    async fn shipped(&self) -> Quantity {
        self.row().shipped.into()
    }
    /// Units received, in the product's smallest unit.
    async fn received(&self) -> Quantity {
        self.row().received.into()
    }
    /// Units lost in transit, in the product's smallest unit.
    async fn lost(&self) -> Quantity {
        self.row().lost.into()
    }
    /// Units still in transit, in the product's smallest unit.
    async fn in_transit(&self) -> Quantity {
        values::Quantity::new(self.row().under_way()).unwrap_or_default().into()
    }
    /// Lots that were shipped, with their quantities. Empty where the product is not tracked, and before the shipment.
    #[field(list_size(assumed = 5))]
    async fn lots(&self) -> Vec<SentLot> {
        self.row().lots.iter().copied().map(SentLot).collect()
    }
    /// Cost of one whole unit when it was shipped; it is received at the same cost. Null before the shipment, where no cost is known, and for callers who
    /// may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        self.row().unit_cost.map(Money::from)
    }
}

/// Units shipped of one lot.
pub struct SentLot(core::SentLot);

fn units(units: i64) -> Quantity {
    values::Quantity::new(units).unwrap_or_default().into()
}

/// Lot of a transfer line, with the units shipped. Shipped units are in transit, received or lost.
#[resolvers(name = "TransferLineLot")]
impl SentLot {
    /// Code printed on the lot.
    async fn code(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(lot_of_document(ctx, self.0.lot).await?.code.clone())
    }
    /// The lot; null where it never was in a store whose stock you may see.
    #[field(permit = StockRead)]
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        Box::pin(visible_lot(ctx, self.0.lot)).await.transpose()
    }
    /// Units of the lot shipped, in the product's smallest unit.
    async fn shipped(&self) -> Quantity {
        units(self.0.shipped)
    }
    /// Units of the lot received, in the product's smallest unit.
    async fn received(&self) -> Quantity {
        units(self.0.received)
    }
    /// Units of the lot lost in transit, in the product's smallest unit.
    async fn lost(&self) -> Quantity {
        units(self.0.lost)
    }
    /// Units of the lot still in transit, in the product's smallest unit.
    async fn in_transit(&self) -> Quantity {
        units(self.0.under_way())
    }
}

crate::connection!(counted TransferConnection, TransferEdge, Transfer, "transfers");
