//! Lines that go back in packs.

use async_graphql::{Context, ID};
use entity::{
    id::{Id, Kind, kind, prefix_of},
    prelude::{self, GoodsReceiptId, StoreId, SupplierReturnId, TransferId},
};
use iam::access::{Permission, Permit, kind as may};
use inventory::{
    ledger::Ledger,
    purchasing::rows as purchasing,
    stock::{
        core::{Reference, ReferenceKind},
        rows::movement_of,
    },
    transfers::rows as transfers,
};
use platform::storage::{Fault, TenantScope};

use super::inputs::DocumentReverseInput;
use crate::{
    graphql::{context::ContextExt, fault::Answer, refusal::UserError, scalars::Quantity},
    packs::{LineOwner, convert_coded_lines},
};

/// Converts packs to smallest units, and returns the errors of lines. Packs of a document that is
/// reversed whole, or that the caller may not reverse, are not looked up: the rules refuse the call
/// for that reason, and no units are reversed.
pub(super) async fn convert_packs(
    ctx: &Context<'_>,
    permit: &Permit<may::DocumentReverse>,
    input: &mut DocumentReverseInput,
) -> Answer<Vec<UserError>> {
    if input.coded_lines().is_empty() {
        return Ok(Vec::new());
    }
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let document = input.document_id.clone().unwrap_or_default();
    let Some((kind, owner)) = Box::pin(lines_of(&scope, permit, &document)).await? else {
        for line in input.coded_lines() {
            *line.units = Some(Quantity(prelude::Quantity::ZERO));
        }
        return Ok(Vec::new());
    };
    convert_coded_lines(ctx, permit, (kind, &owner), input.coded_lines()).await
}

/// The document whose lines name the parts of this one. None if it is reversed whole, or if the
/// caller may not reverse it.
async fn lines_of(
    scope: &TenantScope,
    permit: &Permit<may::DocumentReverse>,
    document: &ID,
) -> Result<Option<(LineOwner, ID)>, Fault> {
    let Some((prefix, id)) = prefix_of(document) else { return Ok(None) };
    match prefix {
        kind::GoodsReceiptId::PREFIX => resolve_receipt(scope, permit, Id::from_uuid(id)).await,
        kind::SupplierReturnId::PREFIX => resolve_supplier_return(scope, permit, Id::from_uuid(id)).await,
        kind::TransferId::PREFIX => resolve_transfer(scope, permit, Id::from_uuid(id)).await,
        kind::MovementId::PREFIX => {
            let movement_reference = movement_of(scope, Id::from_uuid(id)).await?.and_then(|movement| movement.reference);
            let Some(Reference { kind: ReferenceKind::Transfer, id }) = movement_reference else { return Ok(None) };
            resolve_transfer(scope, permit, Id::from_uuid(id)).await
        }
        _ => Ok(None),
    }
}

/// The parts of a goods receipt are named by the lines of its order.
async fn resolve_receipt(
    scope: &TenantScope,
    permit: &Permit<may::DocumentReverse>,
    receipt: GoodsReceiptId,
) -> Result<Option<(LineOwner, ID)>, Fault> {
    let Some(order) = purchasing::order_of_receipt(scope, receipt).await? else { return Ok(None) };
    let places = purchasing::places_of(scope, &[order]).await?;
    let is_own = places.get(&order).is_some_and(|(store, _)| may_receive::<may::PurchaseReceive>(permit, *store));
    Ok(is_own.then(|| (LineOwner::PurchaseOrder, ID(order.to_string()))))
}

async fn resolve_supplier_return(
    scope: &TenantScope,
    permit: &Permit<may::DocumentReverse>,
    id: SupplierReturnId,
) -> Result<Option<(LineOwner, ID)>, Fault> {
    let supplier_returns = purchasing::returns(scope, &[id]).await?;
    let is_own =
        supplier_returns.iter().any(|supplier_return| may_receive::<may::PurchaseReceive>(permit, supplier_return.store));
    Ok(is_own.then(|| (LineOwner::SupplierReturn, ID(id.to_string()))))
}

/// Returns the lines of a transfer. Its receipt is the only step that can be reversed in part, by a
/// caller who may receive in its destination.
async fn resolve_transfer(
    scope: &TenantScope,
    permit: &Permit<may::DocumentReverse>,
    id: TransferId,
) -> Result<Option<(LineOwner, ID)>, Fault> {
    let Some(route) = transfers::load_route(scope, id).await? else { return Ok(None) };
    let is_own = may_receive::<may::TransferReceive>(permit, route.to);
    Ok(is_own.then(|| (LineOwner::Transfer, ID(id.to_string()))))
}

/// Whether the caller may undo documents in a store and, by the permission `R`, count goods in there.
fn may_receive<R: Permission>(permit: &Permit<may::DocumentReverse>, store: StoreId) -> bool {
    permit.covers(store) && permit.also::<R>().is_ok_and(|receive_permit| receive_permit.covers(store))
}
