//! Reading payments: they never change, so nothing is locked.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::payment,
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::{
    orders::rows::currency_of,
    payments::core::{Payment, Reference},
};

/// A payment's row.
#[derive(Record)]
#[record(of = payment, alias = "p")]
pub(super) struct PaymentRow {
    pub id: PaymentId,
    pub order_id: OrderId,
    pub kind: PaymentKind,
    pub amount_minor: i64,
    pub currency: String,
    pub method: String,
    pub reference: Option<String>,
    pub parent_id: Option<PaymentId>,
    pub return_id: Option<ReturnId>,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub note: Option<String>,
    pub reverses_id: Option<PaymentId>,
}

#[derive(Record)]
#[record(of = payment, alias = "p")]
struct TakenRow {
    id: PaymentId,
    kind: PaymentKind,
    method: String,
    #[record(not_null)]
    reference: String,
}

#[derive(Record)]
struct RefundedRow {
    #[record(of = payment, alias = "p", not_null)]
    return_id: ReturnId,
    #[record(sql = "CAST(sum(CASE WHEN p.reverses_id IS NULL THEN p.amount_minor ELSE -p.amount_minor END) AS bigint)")]
    refunded: i64,
}

#[derive(Record)]
struct CountedRow {
    #[record(sql = "CAST(count(*) AS bigint)")]
    found: i64,
}

impl PaymentRow {
    fn payment(self) -> Result<Payment, Fault> {
        let currency = currency_of("payment", &self.currency)?;
        Ok(Payment {
            id: self.id,
            order: self.order_id,
            kind: self.kind,
            // A row's amount is above 0 also for a reversal.
            amount: Money::new(if self.reverses_id.is_some() { -self.amount_minor } else { self.amount_minor }, currency),
            method: self.method,
            reference: self.reference,
            parent: self.parent_id,
            sales_return: self.return_id,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            note: self.note,
            reverses: self.reverses_id,
        })
    }
}

/// Returns the payments of these orders, in the order in which they were recorded.
pub async fn payments_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Payment>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM payment p WHERE p.tenant_id = $1 AND {of} ORDER BY p.order_id, p.recorded_at, p.id",
        select = PaymentRow::SELECT,
        of = backend.in_ids("p.order_id", 2)
    );
    let rows = reads.records::<PaymentRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.into_iter().map(PaymentRow::payment).collect()
}

/// Counts the payments and lines of these orders together, up to one more than `max_count`.
pub async fn count_payments_and_lines(reads: &impl Reads, orders: &[OrderId], max_count: usize) -> Result<usize, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (SELECT 1 AS one FROM payment p WHERE p.tenant_id = $1 AND {facts}
           UNION ALL SELECT 1 AS one FROM order_line l WHERE l.tenant_id = $1 AND {lines} LIMIT {limit}) x",
        select = CountedRow::SELECT,
        facts = backend.in_ids("p.order_id", 2),
        lines = backend.in_ids("l.order_id", 2),
        limit = max_count + 1
    );
    let rows = reads.records::<CountedRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.first().and_then(|row| usize::try_from(row.found).ok()).unwrap_or(0))
}

/// Returns the payments that name these returns, in the order in which they were recorded.
pub async fn payments_of_returns(reads: &impl Reads, returns: &[ReturnId]) -> Result<Vec<Payment>, Fault> {
    if returns.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM payment p WHERE p.tenant_id = $1 AND p.return_id IS NOT NULL AND {of} ORDER BY p.recorded_at, p.id",
        select = PaymentRow::SELECT,
        of = backend.in_ids("p.return_id", 2)
    );
    let rows = reads.records::<PaymentRow>(&sql, vec![backend.ids(returns.iter().copied())]).await?;
    rows.into_iter().map(PaymentRow::payment).collect()
}

/// Returns payments by their IDs, in no order.
pub async fn payments(reads: &impl Reads, ids: &[PaymentId]) -> Result<Vec<Payment>, Fault> {
    let backend = reads.backend();
    let (select, condition) = (PaymentRow::SELECT, backend.in_ids("p.id", 2));
    let sql = format!("SELECT {select} FROM payment p WHERE p.tenant_id = $1 AND {condition}");
    let rows = reads.records::<PaymentRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(PaymentRow::payment).collect()
}

/// Reads the sums refunded for these returns, in minor units; those without refunds are left out.
pub async fn load_refunded(reads: &impl Reads, returns: &[ReturnId]) -> Result<HashMap<ReturnId, i64>, Fault> {
    if returns.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM payment p WHERE p.tenant_id = $1 AND p.return_id IS NOT NULL AND {of} GROUP BY p.return_id",
        select = RefundedRow::SELECT,
        of = backend.in_ids("p.return_id", 2)
    );
    let rows = reads.records::<RefundedRow>(&sql, vec![backend.ids(returns.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.return_id, row.refunded)).collect())
}

/// Returns the payments with these references and methods, by kind.
pub async fn load_ids_by_reference(
    reads: &impl Reads,
    references: &BTreeSet<Reference>,
) -> Result<HashMap<(Reference, PaymentKind), PaymentId>, Fault> {
    if references.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM payment p WHERE p.tenant_id = $1 AND p.reference IS NOT NULL AND {method} AND {reference}",
        select = TakenRow::SELECT,
        method = backend.in_texts("p.method", 2),
        reference = backend.in_texts("p.reference", 3)
    );
    let methods: BTreeSet<&str> = references.iter().map(|(method, _)| method.as_str()).collect();
    let texts = references.iter().map(|(_, reference)| reference.as_str());
    let rows = reads.records::<TakenRow>(&sql, vec![backend.texts(methods), backend.texts(texts)]).await?;
    Ok(rows.into_iter().map(|row| (((row.method, row.reference), row.kind), row.id)).collect())
}
