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
    Ok(ctx.permit::<kind::PurchaseRead>()?.scope(ctx.given::<Ledger>()?.database()))
}

/// Returns the ID of the purchase order that the argument `by` names, if there is one. An invalid
/// number finds no order.
pub(super) async fn id_of(ctx: &Context<'_>, by: PurchaseOrderRef) -> Answer<Option<PurchaseOrderId>> {
    let number = match by {
        PurchaseOrderRef::Id(id) => return Ok(Some(argument(&id, || path!["by", "id"])?)),
        PurchaseOrderRef::Number(number) => numbering::named(ctx, Numbered::PurchaseOrder, &number).await?,
    };
    let Some(number) = number else { return Ok(None) };
    Ok(rows::order_by_number(&scope(ctx)?, number).await?)
}

/// The same with the deprecated argument `id` beside it. One of the two is required.
pub(super) async fn id_by_ref_or_id(
    ctx: &Context<'_>,
    by: Option<PurchaseOrderRef>,
    id: Option<ID>,
) -> Answer<Option<PurchaseOrderId>> {
    let beside: Option<PurchaseOrderId> = id.map(|id| argument(&id, || path!["id"])).transpose()?;
    let Some(by) = by else {
        return if beside.is_some() { Ok(beside) } else { Err(TopError::bad_input("by or id is needed", path!["by"])) };
    };
    let named = id_of(ctx, by).await?;
    if beside.is_some() && beside != named {
        return Err(TopError::bad_input("it names another one than id: leave one of the two out", path!["by"]));
    }
    Ok(named)
}
