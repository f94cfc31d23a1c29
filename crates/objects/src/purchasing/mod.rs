//! Purchasing in GraphQL: types, lists, inputs, answers. Objects of other rooms are reached through
//! `links`.

pub mod blanket;
pub mod blanket_refusal;
pub mod filter;
pub mod line;
pub mod links;
pub mod loaders;
pub mod node;
pub mod order;
pub mod rates;
pub mod receipt;
pub mod refs;
pub mod refusal;
pub mod returns;
pub mod shared_inputs;
pub mod enums;

use async_graphql::Context;
use entity::prelude::{BlanketOrderId, GoodsReceiptId, PurchaseOrderId, PurchaseOrderLineId, SupplierReturnId};
use iam::access::kind;
use inventory::{ledger::Ledger, purchasing::rows};

pub use blanket::BlanketOrder;
pub use enums::{ChargeBasis, ChargeKind};
pub use filter::{PurchaseOrderConnection, PurchaseOrderFilter, PurchaseOrderListArgs, PurchaseOrderSort, purchase_orders};
pub use line::PurchaseOrderLine;
pub use loaders::Rows;
pub use node::{current, current_blanket, find as find_node, reference};
pub use order::{PurchaseOrder, PurchaseOrderDryRun};
pub use receipt::GoodsReceipt;
pub use refs::{BlanketOrderRef, PurchaseOrderRef};
pub use returns::SupplierReturn;
pub use shared_inputs::{check_key, product_name};

use crate::graphql::{context::ContextExt, fault::Answer};

/// The purchase order with an ID, if it belongs to one of the caller's stores.
pub async fn load_order(ctx: &Context<'_>, id: PurchaseOrderId) -> Answer<Option<PurchaseOrder>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let found = loaders::load(ctx, id).await?;
    Ok(found.filter(|order| permit.covers(order.store)).map(PurchaseOrder::whole))
}

/// The purchase order's line with an ID, if its order belongs to one of the caller's stores.
pub async fn load_line(ctx: &Context<'_>, id: PurchaseOrderLineId) -> Answer<Option<PurchaseOrderLine>> {
    let (of, position) = id.split_line();
    Ok(load_order(ctx, of).await?.and_then(|order| PurchaseOrderLine::find(order.shared(), position)))
}

/// The goods receipt with an ID, if its order belongs to one of the caller's stores.
pub async fn load_receipt(ctx: &Context<'_>, id: GoodsReceiptId) -> Answer<Option<GoodsReceipt>> {
    let scope = ctx.permit::<kind::PurchaseRead>()?.scope(ctx.given::<Ledger>()?.database());
    let Some(of) = rows::order_of_receipt(&scope, id).await? else { return Ok(None) };
    if load_order(ctx, of).await?.is_none() {
        return Ok(None);
    }
    let all = loaders::load(ctx, loaders::GoodsReceiptsKey(of)).await?.unwrap_or_default();
    let index = all.iter().position(|receipt| receipt.id == id);
    Ok(index.map(|index| GoodsReceipt::new(all.clone(), index)))
}

/// The blanket order of an id.
pub async fn load_blanket(ctx: &Context<'_>, id: BlanketOrderId) -> Answer<Option<BlanketOrder>> {
    ctx.permit::<kind::PurchaseRead>()?;
    Ok(loaders::load(ctx, id).await?.map(BlanketOrder::whole))
}

/// The return to a supplier with an ID, if it belongs to one of the caller's stores.
pub async fn load_return(ctx: &Context<'_>, id: SupplierReturnId) -> Answer<Option<SupplierReturn>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let found = loaders::load(ctx, id).await?;
    Ok(found.filter(|ret| permit.covers(ret.store)).map(SupplierReturn::head))
}
