//! E-mails of alerts: one job for each recipient with the due alerts, so that no recipient gets an
//! alert twice; the job writes and sends them.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::identity::{self, Mailer};
use platform::{
    clock,
    jobs::{self, Failure, core::Job},
    storage::{Fault, Work},
};
use serde::{Deserialize, Serialize};

use super::{service::Alerts, visibility::can_see_alert};
use crate::alerts::{
    core::{MAX_LISTED, Recipient, compose_email},
    rows::{self, DueEmail},
};

/// Kind of the job that sends an e-mail.
pub const EMAIL_JOB: &str = "alert.letter";
/// Maximum e-mails of a transaction.
const PAGE: i64 = 2_000;

/// Payload of an e-mail job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEmail {
    /// An address, or a member.
    pub to: String,
    pub alerts: Vec<AlertId>,
    /// Number of further alerts that are not in `alerts`.
    pub more: usize,
}

impl Alerts {
    /// Enqueues a job for each recipient of due e-mails; returns the number.
    pub async fn enqueue_due(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut queued_count = 0;
        for tenant in rows::tenants_due(&self.0.db.global(), now).await? {
            loop {
                let work = self.0.db.global().maintenance_for(tenant).await?;
                let due_emails = rows::find_due_emails(&work, now, PAGE).await?;
                queued_count += self.queue(&work, &due_emails).await?;
                rows::mark_queued(&work, &due_emails, now).await?;
                work.commit().await?;
                if due_emails.len() < PAGE as usize {
                    break;
                }
            }
        }
        Ok(queued_count)
    }

    async fn queue(&self, work: &Work, due_emails: &[DueEmail]) -> Result<usize, Fault> {
        let mut by_recipient: BTreeMap<&str, Vec<AlertId>> = BTreeMap::new();
        for email in due_emails {
            by_recipient.entry(&email.recipient).or_default().push(email.alert);
        }
        let emails = by_recipient.len();
        for (to, mut alerts) in by_recipient {
            let unlisted_count = alerts.len().saturating_sub(MAX_LISTED);
            alerts.truncate(MAX_LISTED);
            jobs::enqueue(work, &self.0.clock, EMAIL_JOB, &AlertEmail { to: to.to_owned(), alerts, more: unlisted_count })
                .await?;
        }
        Ok(emails)
    }

    /// Writes the e-mail from the current alerts, and sends it. If the process stops between
    /// sending and recording, it is sent again.
    pub async fn send(&self, (mailer, from): (&Mailer, &str), job: &Job) -> Result<(), Failure> {
        let alert_email: AlertEmail = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        if !mailer.is_configured() {
            return Err(Failure::Hopeless("no e-mails leave this deployment (--mail)".to_owned()));
        }
        let scope = self.0.db.tenant(job.tenant);
        let (tenant, mut alerts) = rows::alerts_with_names(&scope, &alert_email.alerts).await?;
        let to = match Recipient::parse(&alert_email.to) {
            Recipient::Address(address) => address,
            Recipient::Member(member) => {
                // A member who has left, or may no longer see the alerts, gets no e-mail: that is
                // no failure.
                let Some(caller) = self.0.access.member(job.tenant, member).await? else { return Ok(()) };
                alerts.retain(|(alert, _)| can_see_alert(&caller, alert));
                let Some(view) = self.0.identity.find_member(job.tenant, member).await? else { return Ok(()) };
                view.email
            }
        };
        if alerts.is_empty() {
            return Ok(());
        }
        let email = compose_email(&tenant, &alerts, alert_email.more, clock::day_text);
        let email = identity::Email { to, subject: email.subject, text: email.text, html: email.html, attachments: Vec::new() };
        let sent = mailer.deliver(from, &email, &self.0.clock).await;
        sent.map_err(|error| Failure::Fault(Fault::Broken(format!("the e-mail could not be sent: {error}"))))
    }
}
