//! A reversal as clients see it.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::{Context, ID};
use entity::{
    id::{Id, Kind, kind as ids, prefix_of},
    prelude,
};
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    numbering::core::digits_of,
    reversals::{core, shell},
    stock::core::{Movement, Reference},
};
use macros::resolvers;
use uuid::Uuid;

use super::enums::{ReversalEffectKind, ReversedKind};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Quantity},
    },
    identity::{Actor, actor},
    nodes::{self, Node},
    orders::links::{self, Money, Product, Store},
    stock::{StockMovement, visible_movement},
};

/// A reversal, with its movements or without.
#[derive(Clone)]
pub struct DocumentReversal {
    row: Arc<core::Reversal>,
    movements: Option<Arc<Vec<Arc<Movement>>>>,
}

crate::connection!(counted DocumentReversalConnection, DocumentReversalEdge, DocumentReversal, "reversals of documents");

impl DocumentReversal {
    /// With the movements that it has just written, or in a dry run would write.
    pub fn with_movements(row: core::Reversal, movements: Vec<Arc<Movement>>) -> Self {
        Self { row: Arc::new(row), movements: Some(Arc::new(movements)) }
    }
    /// A reversal whose movements are read on demand.
    pub fn from_row(row: core::Reversal) -> Self {
        Self::from_shared_row(Arc::new(row))
    }
    /// The same with a shared row.
    pub fn from_shared_row(row: Arc<core::Reversal>) -> Self {
        Self { row, movements: None }
    }
    pub fn row(&self) -> &core::Reversal {
        &self.row
    }
}

fn typed_id<K: Kind>(id: Uuid) -> ID {
    ID(Id::<K>::from_uuid(id).to_string())
}

fn units(units: i64) -> Quantity {
    Quantity(prelude::Quantity::new(units).unwrap_or_default())
}

/// Reversal of a document, or of a step of one: a document with a number of its own, which never changes and is not reversed itself.
#[resolvers(requires = StockMovementRead)]
impl DocumentReversal {
    /// ID of the reversal.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number: per tenant, without gaps. A dot in a dry run, as a number is given when it is written.
    async fn number(&self) -> String {
        digits_of(self.row.number.get())
    }
    /// Kind of document or step that was reversed.
    async fn kind(&self) -> ReversedKind {
        self.row.subject.kind.into()
    }
    /// ID of the goods receipt, movement of a transfer, return to a supplier, count, order, fulfilment or return that was reversed.
    async fn document_id(&self) -> ID {
        let subject = self.row.subject;
        match subject.kind {
            prelude::ReversedKind::GoodsReceipt => typed_id::<ids::GoodsReceiptId>(subject.part),
            prelude::ReversedKind::TransferShipment
            | prelude::ReversedKind::TransferReceipt
            | prelude::ReversedKind::TransferClose => typed_id::<ids::MovementId>(subject.part),
            prelude::ReversedKind::SupplierReturn => typed_id::<ids::SupplierReturnId>(subject.part),
            prelude::ReversedKind::Count => typed_id::<ids::CountId>(subject.part),
            prelude::ReversedKind::Sale => typed_id::<ids::OrderId>(subject.part),
            prelude::ReversedKind::Shipment => typed_id::<ids::FulfilmentId>(subject.part),
            prelude::ReversedKind::ReturnRefund
            | prelude::ReversedKind::ReturnReceipt
            | prelude::ReversedKind::ReturnInspection => typed_id::<ids::ReturnId>(subject.part),
        }
    }
    /// Document that was reversed or that the step belongs to, as it is now. Null where you may not see it.
    async fn document(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        let subject = self.row.subject;
        let reference = Reference { kind: subject.document_kind(), id: subject.document };
        Box::pin(nodes::reference(ctx, reference)).await.transpose()
    }
    /// Store whose stock changed: the receiver of a transfer, the sender where its shipment was reversed.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.subject.store).await
    }
    /// Store at the other end of a transfer. Null where nothing changed there.
    async fn other_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.row.subject.other_store?).await)
    }
    /// Units that went back, line by line.
    async fn lines(&self) -> Vec<ReversedLine> {
        let mut sums: BTreeMap<(Uuid, prelude::ProductId), i64> = BTreeMap::new();
        for line in &self.row.lines {
            *sums.entry((line.line, line.product)).or_default() += line.quantity;
        }
        let kind = self.row.subject.kind;
        // A shipment has two entries for each line: one at the sender, and one for the goods in
        // transit to the receiver.
        let entries = if kind == prelude::ReversedKind::TransferShipment { 2 } else { 1 };
        let line = |((line, product), sum)| ReversedLine { kind, line, product, quantity: sum / entries };
        sums.into_iter().map(line).collect()
    }
    /// Values that the reversal changed: first the document's status, then its lines, then levels. A dry run returns the same.
    async fn effects(&self) -> Vec<ReverseEffect> {
        self.row.effects.iter().cloned().map(ReverseEffect).collect()
    }
    /// Reason.
    async fn note(&self) -> &str {
        &self.row.note
    }
    /// Member or integration that made the reversal.
    #[field(was("actor", "2026-11-27"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.row.actor).await
    }
    /// Business time of the reversal.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// Day of the store at that time.
    async fn business_date(&self) -> Date {
        Date(self.row.business_date)
    }
    /// Time at which the reversal was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Movements that mirror what the document posted.
    async fn movements(&self, ctx: &Context<'_>) -> Answer<Vec<StockMovement>> {
        let movements = if let Some(movements) = &self.movements {
            movements.as_ref().clone()
        } else {
            let scope = ctx.permit::<kind::StockMovementRead>()?.scope(ctx.required_data::<Ledger>()?.database());
            shell::load_mirror_movements(&scope, &self.row).await?.into_iter().map(Arc::new).collect()
        };
        let mut visible_movements = Vec::with_capacity(movements.len());
        for movement in movements {
            visible_movements.extend(visible_movement(ctx, Some(movement))?);
        }
        Ok(visible_movements)
    }
}

/// A line of a reversal.
pub struct ReversedLine {
    kind: prelude::ReversedKind,
    line: Uuid,
    product: prelude::ProductId,
    quantity: i64,
}

/// Units of one line that went back.
#[resolvers]
impl ReversedLine {
    /// ID of the document's line; of the product for a return to a supplier.
    async fn line_id(&self) -> ID {
        match self.kind {
            prelude::ReversedKind::GoodsReceipt => typed_id::<ids::PurchaseOrderLineId>(self.line),
            prelude::ReversedKind::TransferShipment
            | prelude::ReversedKind::TransferReceipt
            | prelude::ReversedKind::TransferClose => typed_id::<ids::TransferLineId>(self.line),
            prelude::ReversedKind::SupplierReturn => typed_id::<ids::ProductId>(self.line),
            prelude::ReversedKind::Count => typed_id::<ids::CountLineId>(self.line),
            prelude::ReversedKind::Sale | prelude::ReversedKind::Shipment => typed_id::<ids::OrderLineId>(self.line),
            prelude::ReversedKind::ReturnRefund
            | prelude::ReversedKind::ReturnReceipt
            | prelude::ReversedKind::ReturnInspection => typed_id::<ids::ReturnLineId>(self.line),
        }
    }
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.product).await
    }
    /// Number of units, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.quantity)
    }
}

/// Value that a reversal changed.
pub struct ReverseEffect(core::Effect);

/// Value that a reversal changed.
#[resolvers]
impl ReverseEffect {
    /// ID of what changed: a document, a line of one, a stock level.
    async fn subject_id(&self) -> ID {
        ID(self.0.subject.clone())
    }
    /// Object that changed, as it is now. Null for lines that have no page of their own, and where you may not see it.
    async fn node(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        let (prefix, _) = prefix_of(&self.0.subject)?;
        let is_node = prefix != ids::TransferLineId::PREFIX;
        if is_node { Box::pin(nodes::find(ctx, &self.0.subject)).await.transpose() } else { None }
    }
    /// Value that changed.
    async fn what(&self) -> ReversalEffectKind {
        self.0.kind.into()
    }
    /// Difference in units, in the product's smallest unit; below 0 for less than before. Null for money and states.
    async fn quantity_delta(&self) -> Option<Quantity> {
        self.0.quantity.map(units)
    }
    /// Difference in money; below 0 for less than before. Null for units and states.
    #[field(mask = ProductCostRead)]
    async fn money_delta(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.money.map(Money::from)
    }
    /// Status before. Null for units and money.
    async fn status_before(&self) -> Option<&str> {
        self.0.status.as_ref().map(|(before, _)| before.as_str())
    }
    /// Status after. Null for units and money.
    async fn status_after(&self) -> Option<&str> {
        self.0.status.as_ref().map(|(_, after)| after.as_str())
    }
}

/// The reversal of an id, if it is in a store of the caller's.
pub async fn find_reversal(ctx: &Context<'_>, id: Uuid) -> Answer<Option<DocumentReversal>> {
    let permit = ctx.permit::<kind::StockMovementRead>()?;
    let reversal =
        shell::find_reversal(&permit, ctx.required_data::<Ledger>()?.database(), prelude::ReversalId::from_uuid(id)).await?;
    Ok(reversal.map(DocumentReversal::from_row))
}
