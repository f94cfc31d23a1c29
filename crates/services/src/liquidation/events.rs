//! Events of criteria and plans. No amounts: costs are not for everybody.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{EventViewer, PayloadVisibility, Terms},
    journal::NewEvent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::{Plan, PlanScore};

pub use platform::storage::events::EventType;

platform::events! {
    /// Criteria of dead stock.
    LIQUIDATION_SETTINGS: SettingsEvent = Terms { permission: code::<kind::StockPolicy>(), shown: PayloadVisibility::Part(visible_settings_payload), stream: None } => {
        LIQUIDATION_SETTINGS_SET "liquidation_settings.set",
    }
    /// Plans of liquidation.
    LIQUIDATION_PLAN: PlanEvent = Terms { permission: code::<kind::PurchaseRead>(), shown: PayloadVisibility::Part(visible_plan_payload), stream: None } => {
        LIQUIDATION_PLAN_CREATED "liquidation_plan.created",
        LIQUIDATION_PLAN_APPROVED "liquidation_plan.approved",
        LIQUIDATION_PLAN_ADVANCED "liquidation_plan.advanced",
        LIQUIDATION_PLAN_EXECUTED "liquidation_plan.executed",
    }
    /// Outcomes of plans of liquidation.
    LIQUIDATION_SCORE: ScoreEvent = Terms { permission: code::<kind::PurchaseRead>(), shown: PayloadVisibility::Part(visible_score_payload), stream: None } => {
        LIQUIDATION_PLAN_SCORED "liquidation_plan.scored" by system,
    }
}

/// The payload of an event of criteria.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsEvent {
    pub version: i64,
}

/// The payload of a plan's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanEvent {
    pub id: LiquidationPlanId,
    pub state: LiquidationPlanState,
    pub lines: i64,
    /// Lines that were executed, or whose price was cut further.
    #[serde(default)]
    pub changed: i64,
    pub version: i64,
}

impl PlanEvent {
    pub fn of(plan: &Plan, changed: i64) -> Self {
        Self { id: plan.id, state: plan.state, lines: plan.line_count, changed, version: plan.version }
    }
}

/// The payload of a plan whose lines are all scored: no amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreEvent {
    pub id: LiquidationPlanId,
    pub lines: i64,
    /// Lines that recovered less than their lower bound, and more than their upper one.
    pub below: i64,
    pub above: i64,
}

impl ScoreEvent {
    pub const fn of(score: &PlanScore) -> Self {
        Self { id: score.plan, lines: score.lines, below: score.below, above: score.above }
    }
}

/// Returns the events of a plan that was approved or followed, with `LIQUIDATION_PLAN_EXECUTED`
/// once none of its lines is under way.
pub fn plan_events(event: EventType<PlanEvent>, plan: &Plan, changed: usize) -> Vec<NewEvent> {
    let mut events = vec![event.event(&PlanEvent::of(plan, changed as i64))];
    if plan.state == LiquidationPlanState::Done {
        events.push(LIQUIDATION_PLAN_EXECUTED.event(&PlanEvent::of(plan, 0)));
    }
    events
}

fn visible_settings_payload(event: &SettingsEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| json!({ "version": event.version }))
}

fn visible_score_payload(event: &ScoreEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let lines_within = event.lines - event.below - event.above;
    viewer.is_permitted().then(
        || json!({ "id": event.id, "lines": event.lines, "belowLines": event.below, "withinLines": lines_within, "aboveLines": event.above }),
    )
}

fn visible_plan_payload(event: &PlanEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| {
        json!({ "id": event.id, "state": event.state, "lines": event.lines, "changed": event.changed, "version": event.version })
    })
}
