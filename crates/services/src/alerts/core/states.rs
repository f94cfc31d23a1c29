//! The state machine of alerts as one table. `docs/states.md` draws it, and a test compares the two.

use crate::alerts::events::{ALERT_ACKNOWLEDGED, ALERT_ASSIGNED, ALERT_RESOLVED, ALERT_SNOOZED, AlertEvent, EventType};
use entity::prelude::AlertState::{self, Acknowledged, Open, Resolved, Snoozed};

/// Action of a member on an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Acknowledge,
    Snooze,
    Assign,
    Resolve,
}

impl Action {
    /// Returns the mutation of the action.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Acknowledge => "alertAcknowledge",
            Self::Snooze => "alertSnooze",
            Self::Assign => "alertAssign",
            Self::Resolve => "alertResolve",
        }
    }
    /// Returns the type of the action's event.
    pub const fn event(self) -> EventType<AlertEvent> {
        match self {
            Self::Acknowledge => ALERT_ACKNOWLEDGED,
            Self::Snooze => ALERT_SNOOZED,
            Self::Assign => ALERT_ASSIGNED,
            Self::Resolve => ALERT_RESOLVED,
        }
    }
}

/// Steps of members: from a state, by an action, to a state. A SNOOZED alert becomes OPEN at its
/// time, and an alert of any state becomes RESOLVED when its condition is over.
pub const ALERT_STEPS: &[(AlertState, Action, AlertState)] = &[
    (Open, Action::Acknowledge, Acknowledged),
    (Open, Action::Snooze, Snoozed),
    (Open, Action::Assign, Open),
    (Open, Action::Resolve, Resolved),
    (Acknowledged, Action::Snooze, Snoozed),
    (Acknowledged, Action::Assign, Acknowledged),
    (Acknowledged, Action::Resolve, Resolved),
    (Snoozed, Action::Acknowledge, Acknowledged),
    (Snoozed, Action::Snooze, Snoozed),
    (Snoozed, Action::Assign, Snoozed),
    (Snoozed, Action::Resolve, Resolved),
];

/// Returns the actions that are allowed in a state.
pub fn actions_from(state: AlertState) -> impl Iterator<Item = Action> {
    ALERT_STEPS.iter().filter(move |step| step.0 == state).map(|step| step.1)
}

/// Whether the action is open in the state.
pub fn is_allowed(state: AlertState, action: Action) -> bool {
    to_state(state, action).is_some()
}

/// Returns the state after an action; `None` if the action is not allowed in the state.
pub fn to_state(state: AlertState, action: Action) -> Option<AlertState> {
    ALERT_STEPS.iter().find(|step| step.0 == state && step.1 == action).map(|step| step.2)
}
