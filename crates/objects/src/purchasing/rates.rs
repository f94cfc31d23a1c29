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
    let goods_receipts: Vec<&core::GoodsReceipt> =
        receipts.iter().filter(|goods_receipt| !goods_receipt.lines.is_empty()).collect();
    let Some(ordered_at) = order.state.stage().ordered_at().filter(|_| !goods_receipts.is_empty()) else { return Ok(None) };
    let order_rate = if let Some(fixed) = order.fixed_rate {
        Some(Arc::new(fixed.to_frozen_rate(order.currency, 0)))
    } else {
        let zone = load(ctx, OrderTimeZoneKey(order.id)).await?.unwrap_or_else(|| "UTC".to_owned());
        let day = clock::local_day(ordered_at, &zone);
        load(ctx, RateRequest { from: order.currency, day, known_at: ordered_at }).await?
    };
    let Some(order_rate) = order_rate else { return Ok(None) };
    let mut rates = Vec::with_capacity(goods_receipts.len());
    for receipt in &goods_receipts {
        // With a fixed rate, the receipt has that rate too, so the rate of its day is looked up.
        let receipt_rate = receipt.rate.clone().filter(|_| order.fixed_rate.is_none());
        let rate = match receipt_rate {
            Some(rate) => Some(Arc::new(rate)),
            None => {
                load(ctx, RateRequest { from: order.currency, day: receipt.business_date, known_at: receipt.created_at }).await?
            }
        };
        let Some(rate) = rate else { return Ok(None) };
        rates.push(rate);
    }
    let pairs: Vec<(&core::GoodsReceipt, &FrozenRate)> =
        goods_receipts.into_iter().zip(&rates).map(|(goods_receipt, rate)| (goods_receipt, &**rate)).collect();
    let minor = core::rate_difference(&order_rate, &pairs);
    Ok(minor.map(|minor| entity::prelude::Money::new(minor, order_rate.to).into()))
}
