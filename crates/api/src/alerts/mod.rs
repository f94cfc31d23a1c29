//! Alerts in GraphQL: types, lists, inputs, answers, and the stream.

pub use objects::alerts::*;

mod inputs;
mod live;
mod mutation;
mod payload;

pub use inputs::{
    AlertActionInput, AlertAssignInput, AlertRuleDeleteInput, AlertRuleUpsertInput, AlertSnoozeInput, QuietHoursInput,
};
pub use live::{AlertChange, AlertChanges, AlertSubscription};
pub use mutation::AlertMutation;
pub use payload::{AlertPayload, AlertRulePayload};
