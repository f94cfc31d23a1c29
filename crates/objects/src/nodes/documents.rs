//! Documents that other rows refer to, found by the kind in the row.

use async_graphql::Context;
use iam::access::kind as may;
use inventory::stock::core::{Noun, Reference, ReferenceKind};

use super::Node;
use crate::{
    counts, fulfilment,
    graphql::{context::ContextExt, fault::Answer},
    orders, purchasing, returns, stock, transfers,
};

/// Returns the document that a movement or a reservation belongs to.
pub async fn reference(ctx: &Context<'_>, reference: Reference) -> Answer<Option<Node>> {
    match reference.kind {
        ReferenceKind::Order => Ok(orders::load_order(ctx, entity::id::OrderId::from_uuid(reference.id)).await?.map(Node::Order)),
        ReferenceKind::Return => {
            Ok(returns::load_return(ctx, entity::id::ReturnId::from_uuid(reference.id)).await?.map(Node::Return))
        }
        // Stock that is only reserved for a transfer is not its own: such a reference has no kind.
        ReferenceKind::Transfer | ReferenceKind::Other => {
            Ok(transfers::load_transfer(ctx, entity::id::TransferId::from_uuid(reference.id)).await?.map(Node::Transfer))
        }
        ReferenceKind::Count => {
            Ok(counts::load_count(ctx, entity::id::CountId::from_uuid(reference.id)).await?.map(Node::Stocktake))
        }
        ReferenceKind::Lot => Ok(stock::visible_lot(ctx, entity::id::LotId::from_uuid(reference.id)).await?.map(Node::Lot)),
        ReferenceKind::PurchaseOrder | ReferenceKind::SupplierReturn => purchasing::reference(ctx, reference).await,
        ReferenceKind::Reservation => Ok(None),
    }
}

/// The current document of a stale write, if the caller may see it.
pub async fn current_document(ctx: &Context<'_>, noun: Noun, id: uuid::Uuid) -> Option<Node> {
    match noun {
        Noun::Transfer => {
            let id = entity::id::TransferId::from_uuid(id);
            transfers::load_transfer(ctx, id).await.ok().flatten().map(Node::Transfer)
        }
        Noun::Return => returns::load_return(ctx, entity::id::ReturnId::from_uuid(id)).await.ok().flatten().map(Node::Return),
        Noun::Count => counts::load_count(ctx, entity::id::CountId::from_uuid(id)).await.ok().flatten().map(Node::Stocktake),
        Noun::FulfilmentWork => {
            let id = entity::id::FulfilmentWorkId::from_uuid(id);
            fulfilment::load_work(ctx, id).await.ok().flatten().map(Node::FulfilmentWork)
        }
        Noun::PurchaseOrder => purchasing::current(ctx, id).await,
        Noun::BlanketOrder => purchasing::current_blanket(ctx, id).await,
        Noun::Order => {
            ctx.permit::<may::OrderRead>().ok()?;
            orders::load_order(ctx, entity::id::OrderId::from_uuid(id)).await.ok().flatten().map(Node::Order)
        }
        _ => None,
    }
}
