//! Exchange differences between the rates of an order's receipts and its own rate.

use std::sync::Arc;

use async_graphql::Context;
use inventory::{
    currency::core::{FrozenRate, RateRequest},
    purchasing::core,
};
use platform::clock;

use super::{
    links::Money,
    loaders::{GoodsReceiptsKey, OrderTimeZoneKey, load},
};
use crate::graphql::fault::Answer;

/// Returns the value of the goods received by the rates of their days, less their value by the
/// order's agreed rate, else by that of the day on which it was placed. None before any goods are
/// received, if the order is in the currency of the books, and if a rate was missing.
pub async fn difference(ctx: &Context<'_>, order: &core::PurchaseOrder) -> Answer<Option<Money>> {
    let receipts = load(ctx, GoodsReceiptsKey(order.id)).await?.unwrap_or_default();
    // A receipt with only wrong items has no rate and no value.
    let came: Vec<&core::GoodsReceipt> = receipts.iter().filter(|one| !one.lines.is_empty()).collect();
    let Some(ordered_at) = order.state.stage().ordered_at().filter(|_| !came.is_empty()) else { return Ok(None) };
    let own = if let Some(fixed) = order.fixed_rate {
        Some(Arc::new(fixed.frozen(order.currency, 0)))
    } else {
        let zone = load(ctx, OrderTimeZoneKey(order.id)).await?.unwrap_or_else(|| "UTC".to_owned());
        let day = clock::local_day(ordered_at, &zone);
        load(ctx, RateRequest { from: order.currency, day, known_at: ordered_at }).await?
    };
    let Some(own) = own else { return Ok(None) };
    let mut rates = Vec::with_capacity(came.len());
    for receipt in &came {
        // With a fixed rate, the receipt has that rate too, so the rate of its day is looked up.
        let booked = receipt.rate.clone().filter(|_| order.fixed_rate.is_none());
        let rate = match booked {
            Some(rate) => Some(Arc::new(rate)),
            None => {
                load(ctx, RateRequest { from: order.currency, day: receipt.business_date, known_at: receipt.created_at }).await?
            }
        };
        let Some(rate) = rate else { return Ok(None) };
        rates.push(rate);
    }
    let pairs: Vec<(&core::GoodsReceipt, &FrozenRate)> = came.into_iter().zip(&rates).map(|(one, rate)| (one, &**rate)).collect();
    let minor = core::rate_difference(&own, &pairs);
    Ok(minor.map(|minor| entity::prelude::Money::new(minor, own.to).into()))
}
