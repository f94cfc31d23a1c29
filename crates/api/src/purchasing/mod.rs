//! Purchasing in GraphQL: types, lists, inputs, answers. What belongs to other rooms is reached through `links`.

mod amend_inputs;
mod blanket;
mod blanket_inputs;
mod blanket_list;
mod blanket_mutation;
mod blanket_refusal;
mod filter;
mod inputs;
mod line;
pub mod links;
mod loaders;
mod mutation;
mod node;
mod order;
mod order_ref;
mod payloads;
mod performance;
mod price_drift;
mod query;
mod rates;
mod receipt;
mod receive_inputs;
pub mod refusal;
mod reorder;
mod reorder_plan;
mod return_list;
mod returns;
mod supply;
mod supply_inputs;
mod supply_mutation;
mod enums;

use async_graphql::{Context, MergedObject};
use entity::prelude::{BlanketOrderId, GoodsReceiptId, PurchaseOrderId, PurchaseOrderLineId, SupplierReturnId};
use iam::access::kind;
use inventory::{ledger::Ledger, purchasing::rows};

pub use blanket::BlanketOrder;
pub use blanket_inputs::BlanketOrderRef;
pub use blanket_list::{BlanketOrderConnection, BlanketQuery};
pub use blanket_mutation::BlanketOrderPayload;
pub use enums::{ChargeBasis, ChargeKind};
pub use filter::{PurchaseOrderAsk, PurchaseOrderFilter, PurchaseOrderSort, purchase_orders};
pub use line::PurchaseOrderLine;
pub use loaders::Rows;
pub use node::{current, current_blanket, find as find_node, reference};
pub use order::PurchaseOrder;
pub use order_ref::PurchaseOrderRef;
pub use payloads::{
    PurchaseOrderPayload, PurchaseOrdersCreateFromSuggestionsPayload, ReorderPolicyPayload, SupplierProductBulkUpsertPayload,
    SupplierProductPayload, SupplierReturnPayload,
};
pub use query::{PurchaseOrderConnection, PurchaseQuery};
pub use receipt::GoodsReceipt;
pub use returns::SupplierReturn;
pub use supply_inputs::product_name;
pub use supply_mutation::check_key;

use crate::graphql::{boxed::Boxed, context::ContextExt, fault::Answer};

/// Purchasing's part of the mutations.
#[derive(MergedObject, Default)]
pub struct PurchasingMutation(
    mutation::PurchaseMutation,
    Boxed<blanket_mutation::BlanketMutation>,
    Boxed<supply_mutation::SupplyMutation>,
);

/// The purchase order of an id, if it is of one of the caller's stores.
pub async fn load_order(ctx: &Context<'_>, id: PurchaseOrderId) -> Answer<Option<PurchaseOrder>> {
    query::order(ctx, id).await
}
/// The purchase order's line of an id, if its order is of one of the caller's stores.
pub async fn load_line(ctx: &Context<'_>, id: PurchaseOrderLineId) -> Answer<Option<PurchaseOrderLine>> {
    let (of, position) = id.split_line();
    Ok(load_order(ctx, of).await?.and_then(|order| PurchaseOrderLine::find(order.shared(), position)))
}
/// The goods receipt of an id, if its order is of one of the caller's stores.
pub async fn load_receipt(ctx: &Context<'_>, id: GoodsReceiptId) -> Answer<Option<GoodsReceipt>> {
    let scope = ctx.permit::<kind::PurchaseRead>()?.scope(ctx.given::<Ledger>()?.database());
    let Some(of) = rows::order_of_receipt(&scope, id).await? else { return Ok(None) };
    if load_order(ctx, of).await?.is_none() {
        return Ok(None);
    }
    let all = loaders::load(ctx, loaders::ReceiptsOf(of)).await?.unwrap_or_default();
    let index = all.iter().position(|receipt| receipt.id == id);
    Ok(index.map(|index| GoodsReceipt::new(all.clone(), index)))
}
/// The blanket order of an id.
pub async fn load_blanket(ctx: &Context<'_>, id: BlanketOrderId) -> Answer<Option<BlanketOrder>> {
    blanket_list::blanket(ctx, id).await
}
/// The return to a supplier of an id, if it is of one of the caller's stores.
pub async fn load_return(ctx: &Context<'_>, id: SupplierReturnId) -> Answer<Option<SupplierReturn>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let found = loaders::load(ctx, id).await?;
    Ok(found.filter(|ret| permit.covers(ret.store)).map(SupplierReturn::head))
}
