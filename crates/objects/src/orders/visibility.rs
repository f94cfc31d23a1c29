//! Visibility of orders: a caller sees those of the stores that the permission is for, and of their
//! channel if they are bound to one.

use async_graphql::Context;
use iam::access::{Permission, Permit, Reach, kind};
use inventory::orders::rows::{Filter, IdColumn};

use super::order::Order;
use crate::graphql::{context::ContextExt, fault::Answer};

/// Limits a filter to the orders that the permit covers. Applied to returns too, if a report shows
/// them as orders.
pub fn orders_within<P: Permission>(permit: &Permit<P>, filter: Filter) -> Filter {
    if !permit.is_limited() {
        return filter;
    }
    let mut filters = vec![filter];
    if let Reach::Stores(stores) = permit.reach() {
        filters.push(Filter::Ids(IdColumn::Store, stores.iter().map(|id| id.uuid()).collect()));
    }
    filters.extend(permit.channel().map(|channel| Filter::Ids(IdColumn::Channel, vec![channel.uuid()])));
    Filter::All(filters)
}

/// Whether the caller, who may change the order, also may see it.
pub(super) fn may_see_order(ctx: &Context<'_>, order: &Order) -> Answer<bool> {
    let permit: Permit<kind::OrderRead> = ctx.permit()?;
    Ok(permit.covers_document(order.row().store, order.row().channel))
}
