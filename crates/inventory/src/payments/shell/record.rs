//! Recording payments: the callers' input, and its conversion into commands.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::Fault;
use serde::Serialize;

use crate::{
    ledger::{Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, Mode, Stop, SubmitResult, check_key, key_of, submit_resolved},
    numbering::{core::Patterns, rows::load_patterns},
    orders::{
        core::MAX_ORDER_LINES,
        rows::{OrderName, places_of},
        shell::MAX_METHOD_LENGTH,
    },
    payments::{
        core::{MAX_PAYMENTS_PER_ORDER, MAX_ROWS_PER_CALL, NewPayment, PaymentCommand, Record, check_read_size},
        rows,
    },
    stock::core::{At, Field},
};

/// Maximum payments of a call.
pub const MAX_PAYMENTS_PER_CALL: usize = 500;

/// Reference to an order, in one of three ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderRef {
    Id(OrderId),
    Number(String),
    External { channel: ChannelId, reference: String },
}

/// Input of a payment.
#[derive(Debug, Clone, Serialize)]
pub struct NewFact {
    pub order: OrderRef,
    pub kind: PaymentKind,
    pub amount: Money,
    pub method: String,
    pub reference: Option<String>,
    pub parent: Option<PaymentId>,
    pub sales_return: Option<ReturnId>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Record one fact, or several. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentsRecord {
    #[serde(skip)]
    pub idempotency_key: String,
    pub facts: Vec<NewFact>,
}

/// Records one fact. Needs `payment.refund` for a refund.
pub async fn payment_record(
    ledger: &Ledger,
    permit: Permit<kind::PaymentWrite>,
    input: PaymentsRecord,
    mode: Mode,
) -> SubmitResult {
    record_payments(ledger, &permit, ("paymentRecord", false), input, mode).await
}

/// Records several facts, all of them or none. Needs `payment.refund` where one is a refund.
pub async fn payments_record(
    ledger: &Ledger,
    permit: Permit<kind::PaymentWrite>,
    input: PaymentsRecord,
    mode: Mode,
) -> SubmitResult {
    record_payments(ledger, &permit, ("paymentsRecord", true), input, mode).await
}

async fn record_payments(
    ledger: &Ledger,
    permit: &Permit<kind::PaymentWrite>,
    (mutation, is_list): (&'static str, bool),
    input: PaymentsRecord,
    mode: Mode,
) -> SubmitResult {
    check(&input, is_list)?;
    let key = key_of(permit, mutation, &input.idempotency_key, &input);
    let command = build_record_command(ledger, permit, is_list, input.facts).await;
    submit_resolved(ledger, permit, command, key, mode).await
}

fn check(input: &PaymentsRecord, is_list: bool) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.facts.len(), MAX_PAYMENTS_PER_CALL, || At::input(Field::Payments));
    for (index, fact) in input.facts.iter().enumerate().take(MAX_PAYMENTS_PER_CALL) {
        let place = if is_list { At::row(Field::Payments, index) } else { At::INPUT };
        checks.check_required(&fact.method, MAX_METHOD_LENGTH, || place.field(Field::Method));
        checks.text(fact.reference.as_deref(), MAX_REFERENCE, || place.field(Field::PaymentReference));
        checks.text(fact.note.as_deref(), MAX_NOTE, || place.field(Field::Note));
        if let OrderRef::External { reference, .. } = &fact.order {
            checks.check_required(reference, MAX_REFERENCE, || place.field(Field::Order));
        }
    }
    checks.done()
}

/// Checks that the orders do not have too many rows to read. A few orders always pass: each has its
/// own limits.
async fn check_size(ledger: &Ledger, permit: &Permit<kind::PaymentWrite>, orders: &[OrderId]) -> Result<(), Stop> {
    let orders: BTreeSet<OrderId> = orders.iter().copied().collect();
    if orders.len().saturating_mul(MAX_PAYMENTS_PER_ORDER + MAX_ORDER_LINES) <= MAX_ROWS_PER_CALL {
        return Ok(());
    }
    let orders: Vec<OrderId> = orders.into_iter().collect();
    let row_count = rows::count_payments_and_lines(&permit.scope(ledger.database()), &orders, MAX_ROWS_PER_CALL).await?;
    check_read_size(row_count).map_err(Stop::from)
}

async fn build_record_command(
    ledger: &Ledger,
    permit: &Permit<kind::PaymentWrite>,
    is_list: bool,
    facts: Vec<NewFact>,
) -> Result<Command, Stop> {
    let orders = visible_orders(ledger, permit, &facts).await?;
    check_size(ledger, permit, &orders).await?;
    let new_payment = |(fact, order): (NewFact, OrderId)| NewPayment {
        id: ledger.clock().id(),
        order,
        kind: fact.kind,
        amount: fact.amount,
        method: fact.method,
        reference: fact.reference,
        parent: fact.parent,
        sales_return: fact.sales_return,
        occurred_at: fact.occurred_at,
        note: fact.note,
    };
    let facts = facts.into_iter().zip(orders).map(new_payment).collect();
    Ok(Command::of(PaymentCommand::Record(Record { facts, is_list, actor: permit.actor() })))
}

/// Returns the order of each payment. An order that the caller may not record the payment of is
/// replaced by an unused ID, so that the ledger rejects it in the same words as one that does not
/// exist.
async fn visible_orders(ledger: &Ledger, permit: &Permit<kind::PaymentWrite>, facts: &[NewFact]) -> Result<Vec<OrderId>, Stop> {
    let is_refund = |fact: &NewFact| fact.kind == PaymentKind::Refund;
    let refunding = if facts.iter().any(is_refund) { Some(permit.also::<kind::PaymentRefund>()?) } else { None };
    let scope = permit.scope(ledger.database());
    let is_numbered = facts.iter().any(|fact| matches!(fact.order, OrderRef::Number(_)));
    let patterns = if is_numbered { load_patterns(&scope).await? } else { Patterns::default() };
    let names: HashSet<OrderName> = facts.iter().filter_map(|fact| order_name_of(&fact.order, &patterns)).collect();
    let ids_by_name = rows::orders_by_name(&scope, &names.into_iter().collect::<Vec<_>>()).await?;
    let unknown_id: OrderId = ledger.clock().document_id();
    let id = |fact: &NewFact| match &fact.order {
        OrderRef::Id(id) => *id,
        order_ref => order_name_of(order_ref, &patterns).and_then(|name| ids_by_name.get(&name).copied()).unwrap_or(unknown_id),
    };
    let orders: Vec<OrderId> = facts.iter().map(id).collect();
    if !permit.is_limited() && refunding.as_ref().is_none_or(|refunding| !refunding.is_limited()) {
        return Ok(orders);
    }
    let places: HashMap<OrderId, (StoreId, ChannelId)> = load_places(ledger, permit, &orders).await?;
    let authorized_order = |(fact, order): (&NewFact, OrderId)| {
        let is_own = places.get(&order).is_some_and(|(store, channel)| match &refunding {
            Some(refunding) if is_refund(fact) => {
                refunding.covers_document(*store, *channel) && permit.covers_document(*store, *channel)
            }
            _ => permit.covers_document(*store, *channel),
        });
        if is_own { order } else { unknown_id }
    };
    Ok(facts.iter().zip(orders).map(authorized_order).collect())
}

async fn load_places(
    ledger: &Ledger,
    permit: &Permit<kind::PaymentWrite>,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, (StoreId, ChannelId)>, Fault> {
    let order_places = places_of(&permit.scope(ledger.database()), orders).await?;
    Ok(order_places.into_iter().map(|(order, store, channel)| (order, (store, channel))).collect())
}

/// Returns the name to look an order up by; None for an ID, and for text that cannot be an order's
/// number.
fn order_name_of(order: &OrderRef, patterns: &Patterns) -> Option<OrderName> {
    match order {
        OrderRef::Id(_) => None,
        OrderRef::Number(number) => patterns.number(Numbered::Order, number).map(OrderName::Number),
        OrderRef::External { channel, reference } => Some(OrderName::External(*channel, reference.clone())),
    }
}
