//! Events of policies and plans. No amounts: costs are not for everybody.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::{BudgetScope, Plan, PlanScore, Policy};

pub use platform::storage::events::EventType;

platform::events! {
    /// Policies of replenishment.
    REPLENISHMENT_POLICY: PolicyEvent = Terms { permission: code::<kind::StockPolicy>(), shown: PayloadVisibility::Part(visible_policy_payload), stream: None } => {
        REPLENISHMENT_POLICY_SET "replenishment_policy.set",
        REPLENISHMENT_POLICY_REMOVED "replenishment_policy.removed",
    }
    /// The rule that approves lines of the night's plan.
    REPLENISHMENT_RULE: RuleEvent = Terms { permission: code::<kind::StockPolicy>(), shown: PayloadVisibility::Part(visible_rule_payload), stream: None } => {
        REPLENISHMENT_RULE_SET "replenishment_rule.set",
    }
    /// The budget of purchases.
    REPLENISHMENT_BUDGET: BudgetEvent = Terms { permission: code::<kind::StockPolicy>(), shown: PayloadVisibility::Part(visible_budget_payload), stream: None } => {
        REPLENISHMENT_BUDGET_SET "replenishment_budget.set",
    }
    /// Plans of replenishment.
    REPLENISHMENT_PLAN: PlanEvent = Terms { permission: code::<kind::PurchaseRead>(), shown: PayloadVisibility::Part(visible_plan_payload), stream: None } => {
        REPLENISHMENT_PLAN_CREATED "replenishment_plan.created",
        REPLENISHMENT_PLAN_APPROVED "replenishment_plan.approved",
        REPLENISHMENT_PLAN_EXECUTED "replenishment_plan.executed" by system,
    }
    /// Outcomes of plans of replenishment.
    REPLENISHMENT_SCORE: ScoreEvent = Terms { permission: code::<kind::PurchaseRead>(), shown: PayloadVisibility::Part(visible_score_payload), stream: None } => {
        REPLENISHMENT_PLAN_SCORED "replenishment_plan.scored" by system,
    }
}

/// The payload of a policy's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyEvent {
    pub id: ReplenishmentPolicyId,
    pub kind: ReplenishmentPolicyKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    pub version: i64,
}

/// The payload of a rule's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleEvent {
    pub is_on: bool,
    pub version: i64,
}

/// The payload of a budget's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetEvent {
    #[serde(default, skip_serializing_if = "BudgetScope::is_company")]
    pub scope: BudgetScope,
    pub is_limited: bool,
    pub version: i64,
}

/// The payload of a plan's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanEvent {
    pub id: ReplenishmentPlanId,
    pub state: ReplenishmentPlanState,
    pub lines: i64,
    /// For an approval: the lines whose drafts it made.
    #[serde(default)]
    pub approved: i64,
    pub version: i64,
}

/// The payload of a plan's score: its lines, and those whose demand did not exceed the proposal's
/// reorder point, or a naive policy's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreEvent {
    pub id: ReplenishmentPlanId,
    pub lines: i64,
    pub within: i64,
    pub naive_within: i64,
}

impl ScoreEvent {
    pub const fn of(score: &PlanScore) -> Self {
        Self { id: score.plan, lines: score.lines, within: score.within, naive_within: score.naive_within }
    }
}

impl PolicyEvent {
    pub fn of(policy: &Policy) -> Self {
        Self { id: policy.id, kind: policy.rule.kind(), store: policy.scope.store, version: policy.version }
    }
}

impl PlanEvent {
    pub fn of(plan: &Plan, approved_count: i64) -> Self {
        Self { id: plan.id, state: plan.state, lines: plan.line_count, approved: approved_count, version: plan.version }
    }
}

/// A policy that is for a store of the viewer's, or for all.
fn visible_policy_payload(event: &PolicyEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = event.store.is_none_or(|store| viewer.covers(store));
    is_seen.then(|| json!({ "id": event.id, "kind": event.kind, "storeId": event.store, "version": event.version }))
}

fn visible_rule_payload(event: &RuleEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| json!({ "enabled": event.is_on, "version": event.version }))
}

/// A budget for a store of the viewer's, or the company's. One for a supplier or a category counts
/// purchases of all stores: it needs the viewer's permission for all of them.
fn visible_budget_payload(event: &BudgetEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let BudgetEvent { scope, is_limited, version } = event;
    let is_seen = match scope {
        BudgetScope::Company => viewer.is_permitted(),
        // No store has the nil ID: only a viewer with the permission for all stores covers it.
        BudgetScope::Supplier(_) | BudgetScope::Category(_) => viewer.covers(StoreId::NIL),
        BudgetScope::Store(store) => viewer.covers(*store),
    };
    is_seen.then(|| match scope {
        BudgetScope::Company => json!({ "isLimited": is_limited, "version": version }),
        BudgetScope::Supplier(id) => json!({ "supplierId": id, "isLimited": is_limited, "version": version }),
        BudgetScope::Category(id) => json!({ "categoryId": id, "isLimited": is_limited, "version": version }),
        BudgetScope::Store(id) => json!({ "storeId": id, "isLimited": is_limited, "version": version }),
    })
}

fn visible_score_payload(event: &ScoreEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(
        || json!({ "id": event.id, "lines": event.lines, "withinLines": event.within, "naiveWithinLines": event.naive_within }),
    )
}

fn visible_plan_payload(event: &PlanEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| {
        json!({ "id": event.id, "state": event.state, "lines": event.lines, "approved": event.approved, "version": event.version })
    })
}
