//! The documents of purchasing by ID, also for references from other objects. Each needs the
//! permission that its type requires.

use async_graphql::Context;
use entity::{
    id::{Id, Kind, kind, prefix_of},
    prelude::{GoodsReceiptId, PurchaseOrderLineId, SupplierReturnId},
};
use iam::access::kind as may;
use inventory::{
    ledger::Ledger,
    purchasing::rows,
    stock::core::{Reference, ReferenceKind},
};

use super::{
    blanket::load_blanket,
    line::PurchaseOrderLine,
    loaders::{GoodsReceiptsKey, load},
    order::load_order,
    receipt::GoodsReceipt,
    returns::SupplierReturn,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    nodes::Node,
};

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

/// The purchase order's line with an ID, if its order belongs to one of the caller's stores.
pub async fn load_line(ctx: &Context<'_>, id: PurchaseOrderLineId) -> Answer<Option<PurchaseOrderLine>> {
    let (order_id, position) = id.split_line();
    Ok(load_order(ctx, order_id).await?.and_then(|order| PurchaseOrderLine::find(order.shared_row(), position)))
}

/// The goods receipt with an ID, if its order belongs to one of the caller's stores.
pub async fn load_receipt(ctx: &Context<'_>, id: GoodsReceiptId) -> Answer<Option<GoodsReceipt>> {
    let scope = ctx.permit::<may::PurchaseRead>()?.scope(ctx.required_data::<Ledger>()?.database());
    let Some(order_id) = rows::order_of_receipt(&scope, id).await? else { return Ok(None) };
    if load_order(ctx, order_id).await?.is_none() {
        return Ok(None);
    }
    let receipts = load(ctx, GoodsReceiptsKey(order_id)).await?.unwrap_or_default();
    let index = receipts.iter().position(|receipt| receipt.id == id);
    Ok(index.map(|index| GoodsReceipt::new(receipts.clone(), index)))
}

/// The return to a supplier with an ID, if it belongs to one of the caller's stores.
pub async fn load_return(ctx: &Context<'_>, id: SupplierReturnId) -> Answer<Option<SupplierReturn>> {
    let permit = ctx.permit::<may::PurchaseRead>()?;
    let supplier_return_row = load(ctx, id).await?;
    Ok(supplier_return_row.filter(|supplier_return| permit.covers(supplier_return.store)).map(SupplierReturn::head))
}
