//! Notices about a schedule that fails, or has stopped by itself: an event in the transaction that
//! ends its run, and an e-mail to the owner of one that has stopped.

use entity::prelude::*;
use iam::identity::{self, Identity};
use platform::{
    jobs::{self, Failure, core::Job},
    storage::{Fault, Work, journal::NewEvent},
};
use serde::{Deserialize, Serialize};

use super::{runs::Sender, service::SavedViews};
use crate::saved_views::{
    core::{Schedule, ViewRef, compose_stopped_email},
    events::{SCHEDULE_FAILED, SCHEDULE_STOPPED, ScheduleEndedEvent},
    rows,
};

/// Kind of the job that sends the owner of a schedule an e-mail.
pub const STOPPED_JOB: &str = "view.stopped";
/// Tries of such an e-mail.
pub const STOPPED_TRIES: i64 = 12;

/// Payload of a job that sends such an e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedSchedule {
    pub schedule: SavedViewScheduleId,
    /// The version of the stopped schedule: one that was set again since is not reported.
    pub version: i64,
}

impl SavedViews {
    /// Returns the event of a schedule that stops in this transaction, and enqueues the e-mail to
    /// its owner; or the event of the first of consecutive failures, where `failures` runs had
    /// failed in a row before. Otherwise `None`.
    pub(super) async fn end_event(&self, work: &Work, schedule: &Schedule, failures: i64) -> Result<Option<NewEvent>, Fault> {
        let is_active = schedule.status == ScheduleStatus::Active;
        if is_active && (failures, schedule.failures) != (0, 1) {
            return Ok(None);
        }
        let Some(view) = rows::view(work, &ViewRef::Id(schedule.view)).await? else { return Ok(None) };
        let event = ScheduleEndedEvent::of(&view, schedule);
        if is_active {
            return Ok(Some(SCHEDULE_FAILED.event(&event)));
        }
        let payload = StoppedSchedule { schedule: schedule.id, version: schedule.version };
        jobs::enqueue(work, &self.0.clock, STOPPED_JOB, &payload).await?;
        Ok(Some(SCHEDULE_STOPPED.event(&event)))
    }

    /// Sends the e-mail to the owner of a schedule that has stopped. Programs and former members
    /// get none.
    pub async fn notify_owner(&self, identity: &Identity, (mailer, from): Sender<'_>, job: &Job) -> Result<(), Failure> {
        let notice: StoppedSchedule = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        let scope = self.0.db.tenant(job.tenant);
        let Some(schedule) = rows::schedule(&scope, notice.schedule).await? else { return Ok(()) };
        let has_resumed = schedule.version != notice.version || schedule.status == ScheduleStatus::Active;
        if has_resumed || schedule.maker.kind != ActorKind::Member || !mailer.is_configured() {
            return Ok(());
        }
        let Some(view) = rows::view(&scope, &ViewRef::Id(schedule.view)).await? else { return Ok(()) };
        let owner = identity.find_member(job.tenant, MemberId::from_uuid(schedule.maker.id)).await?;
        let owner = owner.filter(|found| found.membership.status == MemberStatus::Active && found.left_at.is_none());
        let Some(owner) = owner else { return Ok(()) };
        let message = compose_stopped_email(&rows::tenant_name(&scope).await?, &view, &schedule);
        let email = identity::Email {
            to: owner.email,
            subject: message.subject,
            text: message.text,
            html: message.html,
            attachments: Vec::new(),
        };
        mailer.deliver(from, &email, &self.0.clock).await.map_err(|error| {
            tracing::warn!(%error, job = %job.id, "the owner of a schedule could not be notified");
            Failure::Fault(Fault::Broken("the mail server did not take an e-mail".to_owned()))
        })
    }
}
