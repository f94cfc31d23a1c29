//! Actions of members on alerts: acknowledge, snooze, assign, resolve.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    path,
    storage::{
        Work,
        idempotency::{self, CallResult, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::Serialize;

use super::{
    call::{check_key, finish_work},
    refusal::{AlertError, AlertRefusal},
    service::Alerts,
    visibility::can_see_alert,
};
use crate::alerts::AlertEvent;
use crate::alerts::{
    core::{Action, Alert, Handling, MAX_NOTE, MAX_SNOOZE_SECONDS, actions_from, to_state},
    rows,
};

/// Requested action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RequestedAction {
    Acknowledge,
    Snooze {
        until: Timestamp,
    },
    /// Assigns the alert; `None` removes the assignee.
    Assign {
        member: Option<MemberId>,
    },
    Resolve,
}

impl RequestedAction {
    const fn action(self) -> Action {
        match self {
            Self::Acknowledge => Action::Acknowledge,
            Self::Snooze { .. } => Action::Snooze,
            Self::Assign { .. } => Action::Assign,
            Self::Resolve => Action::Resolve,
        }
    }
}

/// A step of an alert. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct ActionRequest {
    #[serde(skip)]
    pub idempotency_key: String,
    pub alert: AlertId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Replaces the note; `None` keeps it.
    pub note: Option<String>,
    pub what: RequestedAction,
}

fn id() -> Vec<String> {
    path!["input", "id"]
}

impl Alerts {
    /// Takes a step, if it is allowed in the alert's state.
    pub async fn take_action(
        &self,
        permit: Permit<kind::AlertWrite>,
        request: ActionRequest,
    ) -> Result<CallResult<Alert>, AlertError> {
        check_key(&request.idempotency_key)?;
        if request.note.as_ref().is_some_and(|note| note.chars().nth(MAX_NOTE).is_some()) {
            return Err(AlertRefusal::TooLong { most: MAX_NOTE, field: path!["input", "note"] }.into());
        }
        if request.note.as_ref().is_some_and(|note| note.contains('\0')) {
            let message = "a text without NUL characters is expected".to_owned();
            return Err(AlertRefusal::Malformed { message, field: path!["input", "note"] }.into());
        }
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.step(&mut work, &permit, &request).await;
        finish_work(work, outcome).await
    }

    async fn step(
        &self,
        work: &mut Work,
        permit: &Permit<kind::AlertWrite>,
        request: &ActionRequest,
    ) -> Result<CallResult<Alert>, AlertError> {
        let (action, now) = (request.what.action(), self.0.clock.now());
        let not_found = || AlertError::from(AlertRefusal::NotFound { what: "alert", field: id() });
        let alert = rows::lock(work, request.alert).await?.ok_or_else(not_found)?;
        let is_covered = alert.subject.store().map_or(!permit.is_limited(), |store| permit.covers(store));
        if !is_covered || !can_see_alert(permit.caller(), &alert) && permit.also::<kind::AlertRead>().is_ok() {
            return Err(not_found());
        }
        let (owner, key) = (permit.actor().id, request.idempotency_key.clone());
        let key = Key { owner, mutation: action.mutation(), key, hash: hash_of(request) };
        match idempotency::before(work, &key).await? {
            None => {}
            Some(KeyUse::Reused) => return Err(AlertRefusal::KeyReused.into()),
            Some(KeyUse::Same(receipt)) => return Ok(CallResult { value: alert, seq: receipt.parse().ok(), is_replayed: true }),
        }
        if request.expected_version.is_some_and(|expected| expected != alert.version) {
            return Err(AlertRefusal::Stale { actual: alert.version }.into());
        }
        let Some(state) = to_state(alert.state(), action) else {
            let open_actions: Vec<&str> = actions_from(alert.state()).map(Action::mutation).collect();
            let steps = if open_actions.is_empty() {
                "no step is open".to_owned()
            } else {
                format!("open are {}", open_actions.join(", "))
            };
            let message = format!("the alert is {}: {steps}", alert.state());
            return Err(AlertRefusal::InvalidState { message, field: id() }.into());
        };
        let changed_alert = self.apply_action(permit, request, &alert, now).await?;
        debug_assert_eq!(changed_alert.state(), state, "a step leads where the table says");
        rows::change(work, [&changed_alert]).await?;
        let seq = journal::append_other(work, vec![action.event().event(&AlertEvent::of(&changed_alert))], now).await?;
        idempotency::store_receipts(work, [(&key, seq.unwrap_or_default().to_string())], now).await?;
        Ok(CallResult { value: changed_alert, seq, is_replayed: false })
    }

    /// Returns the alert after the step.
    async fn apply_action(
        &self,
        permit: &Permit<kind::AlertWrite>,
        request: &ActionRequest,
        alert: &Alert,
        now: Timestamp,
    ) -> Result<Alert, AlertError> {
        let note = request.note.clone().or_else(|| alert.note.clone());
        let next = Alert { note, version: alert.version + 1, updated_at: now, ..alert.clone() };
        Ok(match request.what {
            RequestedAction::Acknowledge => Alert { handling: Handling::Acknowledged, ..next },
            RequestedAction::Resolve => Alert { handling: Handling::Resolved { at: now, by: Some(permit.actor()) }, ..next },
            RequestedAction::Snooze { until } => {
                if until <= now || until > now.plus_seconds(MAX_SNOOZE_SECONDS) {
                    let message = "a moment that is still to come is expected, within a year".to_owned();
                    return Err(AlertRefusal::OutOfRange { message, field: path!["input", "until"] }.into());
                }
                Alert { handling: Handling::Snoozed(until), ..next }
            }
            RequestedAction::Assign { member } => {
                if let Some(member) = member {
                    self.check_assignee(permit.tenant(), member, alert).await?;
                }
                Alert { assignee: member, ..next }
            }
        })
    }

    /// Rejects an assignee who is no active member or does not see the alert.
    async fn check_assignee(&self, tenant: TenantId, member: MemberId, alert: &Alert) -> Result<(), AlertError> {
        let field = path!["input", "memberId"];
        let caller = self.0.access.member(tenant, member).await?;
        match caller {
            None => Err(AlertRefusal::NotFound { what: "active member", field }.into()),
            Some(caller) if !can_see_alert(&caller, alert) => {
                let message = "this member may not see the alert: give them alert.read for its store first".to_owned();
                Err(AlertRefusal::Invalid { message, field }.into())
            }
            Some(_) => Ok(()),
        }
    }
}
