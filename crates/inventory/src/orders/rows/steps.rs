//! Steps of orders after they were placed: one row for each event of a version.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::order_step,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};
use uuid::Uuid;

use crate::orders::{
    core::{Order, OrderDecision},
    events::ORDER_CONFIRMED,
};

/// Maximum steps of an order that are shown: the latest ones.
pub const MAX_STEPS_SHOWN: usize = 250;

/// A step's row.
#[derive(Record)]
#[record(of = order_step, alias = "x")]
struct StepRow {
    order_id: OrderId,
    version: i64,
    nth: i64,
    action: String,
    cancel_reason: Option<CancelReason>,
    reason: Option<String>,
    recorded_at: Timestamp,
    actor_kind: ActorKind,
    actor_id: Uuid,
    register: Option<String>,
}

#[derive(Record)]
struct ConfirmedRow {
    #[record(of = order_step, alias = "x")]
    order_id: OrderId,
    #[record(sql = "min(x.recorded_at)")]
    at: Timestamp,
}

/// A step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedStep {
    pub order: OrderId,
    /// The order's version after the step.
    pub version: i64,
    /// Name of the step's event.
    pub action: String,
    pub cancel: Option<CancelReason>,
    pub reason: Option<String>,
    pub at: Timestamp,
    pub actor: Actor,
    pub register: Option<String>,
}

/// Returns the steps of a decision: one for each event of a version that an order had after it was
/// placed.
pub fn completed_steps(decision: &OrderDecision, now: Timestamp) -> impl Iterator<Item = CompletedStep> {
    decision.events.iter().filter(|fact| fact.before.is_some()).filter_map(move |fact| {
        // A hold that rules set on an order as it is placed is not a separate step.
        let of_fact = |order: &&Order| order.id == fact.order && order.version > 1;
        let order = decision.orders.iter().find(of_fact)?;
        Some(CompletedStep {
            order: order.id,
            version: order.version,
            action: fact.kind.name().to_owned(),
            cancel: fact.by.cancel,
            reason: fact.by.reason.clone(),
            at: now,
            actor: fact.by.actor,
            register: fact.by.register.clone(),
        })
    })
}

/// Returns the rows of a batch's steps: one for each event of a version that an order had after it
/// was placed.
pub fn step_rows(tenant: TenantId, decisions: &[&OrderDecision], now: Timestamp) -> Bulk {
    let mut rows = Rows::<StepRow>::insert(tenant);
    for decision in decisions {
        let mut of_order: HashMap<OrderId, i64> = HashMap::new();
        for step in completed_steps(decision, now) {
            let nth = of_order.entry(step.order).or_default();
            *nth += 1;
            rows.push(StepRow {
                order_id: step.order,
                version: step.version,
                nth: *nth,
                action: step.action,
                cancel_reason: step.cancel,
                reason: step.reason,
                recorded_at: step.at,
                actor_kind: step.actor.kind,
                actor_id: step.actor.id,
                register: step.register,
            });
        }
    }
    rows.into()
}

/// Returns the steps of these orders, for each the oldest first: if there are too many, the latest
/// ones, one more than are shown.
pub async fn steps_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<CompletedStep>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (SELECT s.*, row_number() OVER (PARTITION BY s.order_id ORDER BY s.version DESC, s.nth DESC) AS recency
           FROM order_step s WHERE s.tenant_id = $1 AND {of}) x
         WHERE x.recency <= {most} ORDER BY x.order_id, x.version, x.nth",
        select = StepRow::SELECT,
        of = backend.in_ids("s.order_id", 2),
        most = MAX_STEPS_SHOWN + 1
    );
    let rows = reads.records::<StepRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(CompletedStep::from).collect())
}

/// Reads when these orders were first confirmed after they had been placed; those placed as
/// CONFIRMED are left out.
pub async fn confirmed_at(reads: &impl Reads, orders: &[OrderId]) -> Result<HashMap<OrderId, Timestamp>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM order_step x WHERE x.tenant_id = $1 AND {of} AND x.action = $3 GROUP BY x.order_id",
        select = ConfirmedRow::SELECT,
        of = backend.in_ids("x.order_id", 2)
    );
    let values = vec![backend.ids(orders.iter().copied()), ORDER_CONFIRMED.name().into()];
    let rows = reads.records::<ConfirmedRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.at)).collect())
}

impl From<StepRow> for CompletedStep {
    fn from(row: StepRow) -> Self {
        Self {
            order: row.order_id,
            version: row.version,
            action: row.action,
            cancel: row.cancel_reason,
            reason: row.reason,
            at: row.recorded_at,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            register: row.register,
        }
    }
}
