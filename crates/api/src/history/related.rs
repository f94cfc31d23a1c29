//! Documents, payments and papers whose entries are part of another document's history, if the
//! caller may read them.

use async_graphql::Context;
use entity::prelude::Id;
use iam::access::kind as may;
use uuid::Uuid;

use crate::{
    costing::charges_of_order,
    fulfilment::works_of_order,
    graphql::{context::ContextExt, fault::Answer},
    orders::{Order, fulfilments_of_order},
    papers::invoices_of_order,
    payments::payments_of_order,
    purchasing::PurchaseOrder,
    returns::returns_of_order,
    reversals::visible_reversals,
    schema::Node,
};

/// Maximum number of IDs related to one document.
const MAX_RELATED: usize = 500;

/// Returns the IDs of the objects that belong to a document and have entries of their own.
pub(super) async fn find_related_ids(ctx: &Context<'_>, node: &Node, id: Uuid) -> Answer<Vec<Uuid>> {
    let mut related_ids = match node {
        Node::Order(order) => Box::pin(ids_related_to_order(ctx, order)).await?,
        Node::PurchaseOrder(order) => Box::pin(ids_related_to_purchase_order(ctx, order)).await?,
        Node::Return(_) | Node::Transfer(_) | Node::Stocktake(_) | Node::SupplierReturn(_) | Node::Fulfilment(_) => Vec::new(),
        _ => return Ok(Vec::new()),
    };
    if ctx.holds::<may::StockMovementRead>() {
        related_ids.extend(Box::pin(visible_reversals(ctx, id)).await?.iter().map(|reversal| reversal.id.uuid()));
    }
    related_ids.truncate(MAX_RELATED);
    Ok(related_ids)
}

/// IDs related to an order. Payments, invoices and fulfilments are shown to readers of the order;
/// works and returns by their stores.
async fn ids_related_to_order(ctx: &Context<'_>, order: &Order) -> Answer<Vec<Uuid>> {
    let id = order.row().id;
    let mut related_ids: Vec<Uuid> = payments_of_order(ctx, id).await?.iter().map(|payment| payment.fact_id().uuid()).collect();
    related_ids.extend(Box::pin(invoices_of_order(ctx, id)).await?.iter().map(|invoice| invoice.0.id.uuid()));
    related_ids.extend(returns_of_order(ctx, id).await?.iter().map(|order_return| order_return.row().id.uuid()));
    related_ids.extend(fulfilments_of_order(ctx, id).await?.into_iter().map(Id::uuid));
    if ctx.holds::<may::FulfilmentRead>() {
        related_ids.extend(Box::pin(works_of_order(ctx, id)).await?.iter().map(|work| work.row().id.uuid()));
    }
    Ok(related_ids)
}

/// IDs related to a purchase order. Charges added after receipt are revaluations, for callers who
/// may read costs.
async fn ids_related_to_purchase_order(ctx: &Context<'_>, order: &PurchaseOrder) -> Answer<Vec<Uuid>> {
    if !ctx.holds::<may::ProductCostRead>() {
        return Ok(Vec::new());
    }
    Ok(charges_of_order(ctx, order.row().id).await?.iter().map(|charge| charge.row.id.uuid()).collect())
}
