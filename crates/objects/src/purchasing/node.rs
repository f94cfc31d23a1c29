//! The documents of purchasing by ID, also for references from other objects. Each needs the
//! permission that its type requires.

use async_graphql::Context;
use entity::id::{Id, Kind, kind, prefix_of};
use inventory::stock::core::{Reference, ReferenceKind};

use super::{load_blanket, load_line, load_order, load_receipt, load_return};
use crate::{graphql::fault::Answer, nodes::Node};

/// Returns the object of purchasing with an ID; the outer None is an ID of another room.
pub async fn find(ctx: &Context<'_>, id: &str) -> Answer<Option<Option<Node>>> {
    let Some((prefix, uuid)) = prefix_of(id) else { return Ok(None) };
    Ok(Some(match prefix {
        kind::PurchaseOrderId::PREFIX => load_order(ctx, Id::from_uuid(uuid)).await?.map(Node::PurchaseOrder),
        kind::PurchaseOrderLineId::PREFIX => load_line(ctx, Id::from_uuid(uuid)).await?.map(Node::PurchaseOrderLine),
        kind::GoodsReceiptId::PREFIX => load_receipt(ctx, Id::from_uuid(uuid)).await?.map(Node::GoodsReceipt),
        kind::BlanketOrderId::PREFIX => load_blanket(ctx, Id::from_uuid(uuid)).await?.map(Node::BlanketOrder),
        kind::SupplierReturnId::PREFIX => load_return(ctx, Id::from_uuid(uuid)).await?.map(Node::SupplierReturn),
        _ => return Ok(None),
    }))
}

/// Returns the document that a movement of purchasing belongs to.
pub async fn reference(ctx: &Context<'_>, reference: Reference) -> Answer<Option<Node>> {
    Ok(match reference.kind {
        ReferenceKind::PurchaseOrder => load_order(ctx, Id::from_uuid(reference.id)).await?.map(Node::PurchaseOrder),
        ReferenceKind::SupplierReturn => load_return(ctx, Id::from_uuid(reference.id)).await?.map(Node::SupplierReturn),
        _ => None,
    })
}

/// The current order of a stale write, if the caller may see it.
pub async fn current(ctx: &Context<'_>, id: uuid::Uuid) -> Option<Node> {
    load_order(ctx, Id::from_uuid(id)).await.ok().flatten().map(Node::PurchaseOrder)
}

/// The current blanket order of a stale write, if the caller may see it.
pub async fn current_blanket(ctx: &Context<'_>, id: uuid::Uuid) -> Option<Node> {
    load_blanket(ctx, Id::from_uuid(id)).await.ok().flatten().map(Node::BlanketOrder)
}
