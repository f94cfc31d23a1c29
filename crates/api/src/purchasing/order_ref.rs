//! Purchase orders by their numbers.

use async_graphql::{Context, ID, OneofObject};
use entity::prelude::{Numbered, PurchaseOrderId};
use inventory::purchasing::rows;
use platform::path;

use super::{links::argument, query::scope};
use crate::{
    graphql::fault::{Answer, TopError},
    numbering,
};

/// A purchase order by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum PurchaseOrderRef {
    /// ID of the purchase order.
    Id(ID),
    /// Number of the purchase order. Needs purchase.read.
    Number(String),
}

/// The purchase order that the argument `by` names, if there is one. What is no number is the number of no order.
pub(super) async fn id_of(ctx: &Context<'_>, by: PurchaseOrderRef) -> Answer<Option<PurchaseOrderId>> {
    let number = match by {
        PurchaseOrderRef::Id(id) => return Ok(Some(argument(&id, || path!["by", "id"])?)),
        PurchaseOrderRef::Number(number) => numbering::named(ctx, Numbered::PurchaseOrder, &number).await?,
    };
    let Some(number) = number else { return Ok(None) };
    Ok(rows::number_of(&scope(ctx)?, number).await?)
}

/// The same, beside the deprecated argument `id`. One of the two is needed.
pub(super) async fn id_of_either(
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
