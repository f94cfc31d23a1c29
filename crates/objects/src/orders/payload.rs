//! Payloads of mutations of orders: the order as the receipt has it, or refusals.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::Context;
use entity::prelude::{OrderId, ReservationId};
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, Receipt, StoredReceipt},
    orders::{
        StoredOrder,
        core::{self, OrderDecision},
        rows::{self, LineReservation},
    },
    stock::{
        core::Reservation,
        rows::{Which, reservations},
    },
};
use platform::storage::TenantScope;

use super::{detail::Hint, hold::OrderHold, order::Order, tried::OrderDryRun};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, lost},
};

/// Order and hints that a payload shows of a change.
#[derive(Default)]
pub struct OrderShown {
    order: Option<Order>,
    hints: Vec<core::Hint>,
}

seen_payload! {
    /// The order as the change left it.
    OrderPayload(shown: OrderShown) {
        /// Things that are true of the change, were not refused, and are worth a look; seldom more than one.
        async fn hints(&self) -> Vec<Hint> {
            self.shown.hints.iter().copied().map(Hint).collect()
        }
        /// The order as it is after the change; null exactly when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let order = self.shown.order.clone()?;
            let seen = |permit: Permit<kind::OrderRead>| permit.covers_document(order.row().store, order.row().channel);
            match ctx.permit().map(seen) {
                Ok(true) => Some(Ok(order)),
                Ok(false) => None,
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

impl ReceiptPayload for OrderPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let (mut detail, mut tried) = (None, None);
        let (order, hints) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut of: OrderDecision = receipt.documents.take().unwrap_or_default();
                detail = of.details.pop().map(|change| change.after);
                if receipt.seq.is_none() {
                    tried = of.orders.last().map(|order| OrderDryRun::of(order, &of, receipt.documents.get()));
                }
                (of.orders.pop(), of.hints)
            }
            Some(StoredOrder { order, hints, .. }) => (rows::orders(scope, order.as_slice()).await?.pop(), hints),
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        let foreseen = match receipt.seq {
            Some(_) => None,
            None => Some(Arc::new(foreseen(scope, &receipt.reservations, order.id).await?)),
        };
        Ok(OrderShown { order: Some(Order::foreseen(Arc::new(order), foreseen).with_detail(detail).with_dry_run(tried)), hints })
    }
}

seen_payload! {
    /// The order and its hold as the change left them.
    OrderHoldPayload(held: Option<(Order, Option<OrderHold>)>) {
        /// Order as it is after the change; null when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let (order, _) = self.held.clone()?;
            may_see_order(ctx, &order).map(|seen| seen.then_some(order)).transpose()
        }
        /// Hold that was set or lifted; null when there are userErrors.
        async fn hold(&self, ctx: &Context<'_>) -> Option<Answer<OrderHold>> {
            let (order, hold) = self.held.clone()?;
            may_see_order(ctx, &order).map(|seen| hold.filter(|_| seen)).transpose()
        }
    }
}

/// Whether the caller, who may change the order, also may see it.
pub(crate) fn may_see_order(ctx: &Context<'_>, order: &Order) -> Answer<bool> {
    let permit: Permit<kind::OrderRead> = ctx.permit()?;
    Ok(permit.covers_document(order.row().store, order.row().channel))
}

impl ReceiptPayload for OrderHoldPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let mut tried = None;
        let (order, hold) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut of: OrderDecision = receipt.documents.take().unwrap_or_default();
                if receipt.seq.is_none() {
                    tried = of.orders.last().map(|order| OrderDryRun::of(order, &of, None));
                }
                (of.orders.pop(), of.holds.pop())
            }
            Some(stored) => {
                let order = rows::orders(scope, stored.order.as_slice()).await?.pop();
                let hold = match stored.hold {
                    Some(id) => rows::hold(scope, id).await?,
                    None => None,
                };
                (order, hold)
            }
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        let hold = hold.map(|hold| OrderHold::set(hold, order.store));
        Ok(Some((Order::whole(Arc::new(order)).with_dry_run(tried), hold)))
    }
}

/// Returns the stock that an order would hold after a dry run: its reservations now, with the
/// changes applied.
pub(super) async fn foreseen(scope: &TenantScope, changed: &[Reservation], order: OrderId) -> Answer<Vec<LineReservation>> {
    let now = reservations(scope, Which::ActiveOfOrders(&[order])).await?;
    let mut held: BTreeMap<ReservationId, Reservation> = now.into_iter().map(|one| (one.id, one)).collect();
    held.extend(changed.iter().map(|one| (one.id, one.clone())));
    let held: Vec<Reservation> = held.into_values().collect();
    Ok(rows::line_reservations_in(&held, order))
}

/// The ledger and the caller's rows behind a permit.
pub fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.given::<Ledger>()
}
