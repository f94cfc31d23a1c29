//! The exchange rate of an order, as known when the order was confirmed.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::*;
use inventory::{
    currency::core::{FrozenRate, RateRequest},
    orders::core,
};

use super::{
    links::Money,
    loaders::{ConfirmationTimeKey, load},
};
use crate::graphql::fault::Answer;

/// The rate of the order's day to the currency of the books, as known when the order was confirmed.
/// None before that, if the order is in the currency of the books, and if there was no rate.
pub(crate) async fn rate_of(ctx: &Context<'_>, order: &core::Order) -> Answer<Option<Arc<FrozenRate>>> {
    if matches!(order.status, OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Expired) {
        return Ok(None);
    }
    let confirmation_time = load(ctx, ConfirmationTimeKey(order.id)).await?;
    let known_at = confirmation_time.unwrap_or(order.created_at);
    load(ctx, RateRequest { from: order.total.currency, day: order.business_date, known_at }).await
}

/// Converts an amount of the order into the currency of the books, by the order's rate.
pub async fn in_books(ctx: &Context<'_>, order: &core::Order, minor: i64) -> Answer<Option<Money>> {
    let rate = rate_of(ctx, order).await?;
    Ok(rate.and_then(|rate| Some(entity::prelude::Money::new(rate.convert(minor)?, rate.to).into())))
}
