//! Alerts in GraphQL: types, lists, inputs, answers, and the stream.

mod alert;
mod inputs;
mod live;
mod mutation;
mod named;
mod payload;
mod query;
mod rule;
mod enums;

pub use alert::{Alert, AlertConnection, AlertEdge};
pub use enums::{AlertDigest, AlertKind, AlertStatus};
pub use inputs::{
    AlertActionInput, AlertAssignInput, AlertRuleDeleteInput, AlertRuleUpsertInput, AlertSnoozeInput, QuietHoursInput,
};
pub use live::{AlertChange, AlertChanges, AlertSubscription};
pub use mutation::AlertMutation;
pub use payload::{AlertPayload, AlertRulePayload};
pub use query::{AlertListFilter, AlertQuery, load_alert, load_rule};
pub use rule::{AlertRule, QuietHours};
