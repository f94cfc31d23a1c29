//! Purchase orders by their numbers.

use async_graphql::{Context, ID};
use entity::prelude::{Numbered, PurchaseOrderId};
use iam::access::kind;
use inventory::{ledger::Ledger, purchasing::rows};
use platform::{path, storage::TenantScope};

use super::{PurchaseOrderRef, links::argument};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    numbering,
};

/// The caller's rows of purchase orders.
pub(super) fn scope(ctx: &Context<'_>) -> Answer<TenantScope> {
    Ok(ctx.permit::<kind::PurchaseRead>()?.scope(ctx.required_data::<Ledger>()?.database()))
}

/// Returns the ID of the purchase order that the argument `by` names, if there is one. An invalid
/// number finds no order.
pub(super) async fn id_of(ctx: &Context<'_>, by: PurchaseOrderRef) -> Answer<Option<PurchaseOrderId>> {
    let number = match by {
        PurchaseOrderRef::Id(id) => return Ok(Some(argument(&id, || path!["by", "id"])?)),
        PurchaseOrderRef::Number(number) => numbering::parse_number(ctx, Numbered::PurchaseOrder, &number).await?,
    };
    let Some(number) = number else { return Ok(None) };
    Ok(rows::order_by_number(&scope(ctx)?, number).await?)
}

/// The same with the deprecated argument `id` beside it. One of the two is required.
pub(super) async fn id_by_ref_or_id(
    ctx: &Context<'_>,
    order_ref: Option<PurchaseOrderRef>,
    id: Option<ID>,
) -> Answer<Option<PurchaseOrderId>> {
    let sibling_id: Option<PurchaseOrderId> = id.map(|id| argument(&id, || path!["id"])).transpose()?;
    let Some(order_ref) = order_ref else {
        return if sibling_id.is_some() { Ok(sibling_id) } else { Err(TopError::bad_input("by or id is needed", path!["by"])) };
    };
    let referenced_id = id_of(ctx, order_ref).await?;
    if sibling_id.is_some() && sibling_id != referenced_id {
        return Err(TopError::bad_input("it names another one than id: leave one of the two out", path!["by"]));
    }
    Ok(referenced_id)
}
