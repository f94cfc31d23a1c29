//! Payloads of mutations of alerts: the alert or the rule, or refusals.

use async_graphql::{Context, Object};
use iam::access::kind;
use platform::{path, storage::idempotency::CallResult};
use services::alerts::{AlertError, AlertRefusal, can_see_alert, core};

use super::{alert::Alert, rule::AlertRule};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, UserError, user_errors_of},
        scalars::Long,
    },
    payload,
};

payload!(AlertRulePayload, alert_rule: AlertRule, "rule for alerts");

/// The answer of a mutation of alerts.
#[derive(Default)]
pub struct AlertPayload {
    alert: Option<Alert>,
    pub(super) user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// The alert as the change left it.
#[Object]
impl AlertPayload {
    /// The alert as it is after the change; null when there are userErrors, or you may not see it.
    async fn alert(&self, ctx: &Context<'_>) -> Option<Answer<Alert>> {
        let alert = self.alert.clone()?;
        match ctx.permit::<kind::AlertRead>() {
            Ok(permit) => can_see_alert(permit.caller(), &alert.0).then_some(Ok(alert)),
            Err(denied) => Some(Err(denied)),
        }
    }
    /// Reasons for which nothing was changed; empty when the change was made.
    pub async fn user_errors(&self) -> &Vec<UserError> {
        &self.user_errors
    }
    /// True if the payload repeats the result of an earlier call with the same idempotency key, with the alert as it is now.
    pub async fn replayed(&self) -> &bool {
        &self.replayed
    }
    /// The number of the event of this change; null when nothing was written.
    pub async fn seq(&self) -> &Option<Long> {
        &self.seq
    }
}

impl From<Vec<UserError>> for AlertPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl AlertPayload {
    pub(super) fn of(outcome: Result<CallResult<core::Alert>, AlertError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { alert: Some(value.into()), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

impl AlertRulePayload {
    pub(super) fn of(outcome: Result<CallResult<Option<core::Rule>>, AlertError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => user_errors_of(error, refusal_error)?.into(),
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { alert_rule: value.map(Into::into), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
        })
    }
}

/// Converts a refusal of this room into a user error.
fn refusal_error(refusal: AlertRefusal) -> UserError {
    match refusal {
        AlertRefusal::BadKey(reason) => UserError::invalid_key(reason, path!["input", "idempotencyKey"]),
        AlertRefusal::Required { field } => UserError::new(ErrorCode::Required, "a text is needed", field),
        AlertRefusal::TooLong { most: limit, field } => {
            UserError::new(ErrorCode::TooLong, format!("at most {limit} characters are kept"), field)
        }
        AlertRefusal::LimitExceeded { message, field } => UserError::new(ErrorCode::LimitExceeded, message, field),
        AlertRefusal::NotFound { what: noun, field } => UserError::not_found(noun, field),
        AlertRefusal::Malformed { message, field }
        | AlertRefusal::NotEverywhere { message, field }
        | AlertRefusal::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        AlertRefusal::OutOfRange { message, field } => UserError::new(ErrorCode::OutOfRange, message, field),
        AlertRefusal::InvalidState { message, field } => UserError::new(ErrorCode::InvalidState, message, field),
        AlertRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
        AlertRefusal::Stale { actual } => UserError::version_conflict("alert", actual),
    }
}
