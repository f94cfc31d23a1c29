//! The exchange rate of an order, as it was known when the order was confirmed.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::*;
use inventory::{
    currency::core::{FrozenRate, RateAsk},
    orders::core,
};

use super::{
    links::Money,
    loaders::{ConfirmedAt, load},
};
use crate::graphql::fault::Answer;

/// The rate of the order's day to the currency of the books, as it was known when the order was confirmed. None before that, where the order is in the currency of
/// the books, and where there was no rate.
pub(crate) async fn rate_of(ctx: &Context<'_>, order: &core::Order) -> Answer<Option<Arc<FrozenRate>>> {
    if matches!(order.status, OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Expired) {
        return Ok(None);
    }
    let confirmed = load(ctx, ConfirmedAt(order.id)).await?;
    let known_at = confirmed.unwrap_or(order.created_at);
    load(ctx, RateAsk { from: order.total.currency, day: order.business_date, known_at }).await
}

/// What an amount of the order comes to in the books by its rate.
pub async fn in_books(ctx: &Context<'_>, order: &core::Order, minor: i64) -> Answer<Option<Money>> {
    let rate = rate_of(ctx, order).await?;
    Ok(rate.and_then(|rate| Some(entity::prelude::Money::new(rate.convert(minor)?, rate.to).into())))
}
