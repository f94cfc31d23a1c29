//! A payment as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::{self, OrderId, PaymentId, ReturnId};
use iam::access::kind;
use inventory::payments::core;
use macros::resolvers;

use super::{
    enums::{PaymentKind, RefundStatus},
    loaders::{OrderPaymentsKey, ReturnPaymentsKey, load},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::DateTime},
    orders::{
        Order,
        links::{self, Actor, Money},
        load_order, visible_dry_run_order,
    },
    returns::{Return, ReturnDryRun, load_return},
};

/// A fact's row.
#[derive(Clone)]
pub struct Payment {
    row: Arc<core::Payment>,
    /// The order after a dry run. None: it is looked up.
    dry_run_order: Option<Order>,
}

impl Payment {
    pub fn new(row: Arc<core::Payment>) -> Self {
        Self { row, dry_run_order: None }
    }
    /// With its order as a dry run would leave it.
    #[must_use]
    pub fn of_order(self, order: Option<Order>) -> Self {
        Self { dry_run_order: order, ..self }
    }
    pub fn fact_id(&self) -> PaymentId {
        self.row.id
    }
    /// The order that it is of.
    pub fn order_id(&self) -> OrderId {
        self.row.order
    }
}

/// The payments of an order that the caller sees, the oldest first.
pub async fn payments_of_order(ctx: &Context<'_>, id: OrderId) -> Answer<Vec<Payment>> {
    let payments = load(ctx, OrderPaymentsKey(id)).await?.unwrap_or_default();
    Ok(payments.iter().cloned().map(Payment::new).collect())
}

/// The same for an order that may come from a dry run, with the payments that it would record.
pub async fn payments_of_dry_run(ctx: &Context<'_>, order: &Order) -> Answer<Vec<Payment>> {
    let recorded_payments = payments_of_order(ctx, order.row().id).await?;
    let Some(dry_run) = order.dry_run_rows() else { return Ok(recorded_payments) };
    let new_payments = dry_run.payments.iter().cloned().map(Payment::new);
    Ok(recorded_payments.into_iter().chain(new_payments).map(|payment| payment.of_order(Some(order.clone()))).collect())
}

/// The payments of a return, of orders that the caller sees, the oldest first. A dry run adds those
/// that it would record.
pub async fn payments_of_return(ctx: &Context<'_>, id: ReturnId, dry_run: Option<&ReturnDryRun>) -> Answer<Vec<Payment>> {
    let payments = load(ctx, ReturnPaymentsKey(id)).await?.unwrap_or_default();
    let new_payments = dry_run.into_iter().flat_map(|dry_run| dry_run.refunds(id));
    let payments: Vec<Arc<core::Payment>> = payments.iter().chain(new_payments).cloned().collect();
    let mut visible_payments = Vec::with_capacity(payments.len());
    for payment in payments {
        if load_order(ctx, payment.order).await?.is_some() {
            let order = dry_run.and_then(|dry_run| dry_run.order(payment.order)).cloned();
            visible_payments.push(Payment::new(payment).of_order(order));
        }
    }
    Ok(visible_payments)
}

/// Returns the refund status of a return, by all payments that name it, and by those that a dry run
/// would record.
pub async fn refund_status_of_return(
    ctx: &Context<'_>,
    (id, due): (ReturnId, prelude::Money),
    dry_run: Option<&ReturnDryRun>,
) -> Answer<RefundStatus> {
    let payments = load(ctx, ReturnPaymentsKey(id)).await?.unwrap_or_default();
    // A refund that was reversed is listed with its reversal.
    let new_payments = dry_run.into_iter().flat_map(|dry_run| dry_run.refunds(id));
    let refunded_minor: i64 = payments.iter().chain(new_payments).map(|payment| payment.amount.minor).sum();
    Ok(match refunded_minor {
        0 => RefundStatus::None,
        refunded_minor if refunded_minor < due.minor => RefundStatus::Partial,
        _ => RefundStatus::Full,
    })
}

/// The payment with an ID, of an order that the caller sees.
pub async fn find_payment(ctx: &Context<'_>, id: PaymentId) -> Answer<Option<Payment>> {
    ctx.permit::<kind::OrderRead>()?;
    let Some(row) = load(ctx, id).await? else { return Ok(None) };
    Ok(load_order(ctx, row.order).await?.map(|_| Payment::new(row)))
}

/// Payment, refund or authorisation of an order, as the payment provider reported it. It never
/// changes: money that goes back is a refund, a lapsed authorisation a void, and a mistake is taken
/// back by a payment of the same kind. Amounts are in the order's currency.
#[resolvers(requires = OrderRead)]
impl Payment {
    /// ID of the payment.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Kind of the payment.
    async fn kind(&self) -> PaymentKind {
        self.row.kind.into()
    }
    /// Amount of the payment: above 0 for every kind, below 0 for one that takes another payment back.
    async fn amount(&self) -> Money {
        self.row.amount.into()
    }
    /// Method of the payment, as a code of the tenant's: CARD, CASH, EXCHANGE.
    async fn method(&self) -> &str {
        &self.row.method
    }
    /// Reference at the gateway or till, unique with its method and kind; null when none was given.
    async fn reference(&self) -> Option<&str> {
        self.row.reference.as_deref()
    }
    /// Time of the payment.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// Time at which the payment was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.row.recorded_at)
    }
    /// Member or integration that recorded the payment.
    #[field(was("actor", "2026-11-27"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Order that was paid. Null when you may not see it.
    async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
        if let Some(order) = &self.dry_run_order {
            return visible_dry_run_order(ctx, order);
        }
        load_order(ctx, self.row.order).await.transpose()
    }
    /// Return that a refund is for. Null when it names none, or one that you may not see.
    #[graphql(name = "return")]
    async fn sales_return(&self, ctx: &Context<'_>) -> Option<Answer<Return>> {
        load_return(ctx, self.row.sales_return?).await.transpose()
    }
    /// Authorisation of a capture or a void, capture of a refund; null when it names none.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Answer<Payment>> {
        load(ctx, self.row.parent?).await.map(|parent_row| parent_row.map(Payment::new)).transpose()
    }
    /// Payment that this one takes back. Null for every other payment.
    async fn reverses(&self, ctx: &Context<'_>) -> Option<Answer<Payment>> {
        let found = load(ctx, self.row.reverses?).await;
        found.map(|found| found.map(|row| Self::new(row).of_order(self.dry_run_order.clone()))).transpose()
    }
    /// Payment that takes this one back. Null while there is none.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Payment>> {
        let order_payments = match load(ctx, OrderPaymentsKey(self.row.order)).await {
            Ok(order_payments) => order_payments.unwrap_or_default(),
            Err(error) => return Some(Err(error)),
        };
        let dry_run = self
            .dry_run_order
            .as_ref()
            .and_then(Order::dry_run_rows)
            .map(|dry_run| dry_run.payments.as_slice())
            .unwrap_or_default();
        let reversal = order_payments.iter().chain(dry_run).find(|candidate| candidate.reverses == Some(self.row.id)).cloned();
        reversal.map(|candidate| Ok(Self::new(candidate).of_order(self.dry_run_order.clone())))
    }
    /// Note on the payment. Null when there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
}
