//! Runs of schedules: each due schedule gets a job, so that each due time has one; the job makes
//! the table and sends it.

use bytes::Bytes;
use entity::prelude::*;
use iam::identity::{self, Attachment, Identity, Mailer};
use platform::{
    jobs::{self, Failure, core::Job},
    storage::{Fault, Work, is_suspended, journal},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    destinations::TableToStore,
    due::next_run,
    engine::{DocumentRefusal, Table, TableOutcome, TableRequest},
    service::SavedViews,
};
use crate::{
    alerts::core::is_same_address,
    buckets::BucketFailure,
    exchange::Requester,
    files::FileError,
    saved_views::{
        core::{MAX_MAIL_BYTES, Run, RunEnd, Schedule, View, ViewRef, compose_email, file_extension, media_type},
        events::{VIEW_RESULT, ViewResultEvent},
        rows,
    },
};

/// Kind of the job that executes a run.
pub const SCHEDULE_JOB: &str = "view.send";
/// Tries of a run: with their pauses, most of an hour of an unavailable mail server.
pub const MAX_TRIES: i64 = 12;
/// Failed e-mails of one try after which the others wait for the next try.
const MAX_FAILED_EMAILS: usize = 3;

const NO_MAIL: &str = "no e-mails leave this deployment (--mail)";
const ACCESS_LOST: &str = "the member or integration that set the schedule has no access any more: set it again";
const NO_ACTIVE_RECIPIENT: &str = "none of its recipients is an active member any more";
const PREVIOUS_RUN_PENDING: &str = "no run ended before the next one was due";
const TOO_LARGE_FOR_FILES: &str = "the table is too large for a file, or the files of the company are";
const FILE_STORE_FAILED: &str = "the store of files did not take the table";
const MAIL_NOT_ACCEPTED: &str = "the mail server did not take an e-mail";
const STORED_AS_FILE: &str = "the table is kept as a file of the owner's for seven days (lastFile)";

/// Payload of a job that runs a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledRun {
    pub schedule: SavedViewScheduleId,
    pub due_at: Timestamp,
}

/// Mailer and sender address.
pub(super) type Sender<'a> = (&'a Mailer, &'a str);

/// Ends the waiting runs, and skips the due times of schedules: each runs again at its next time.
/// Returns the number of due schedules.
pub async fn skip_due(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    // Lock order: the journal before the schedules, as in changes of several.
    journal::hold(work).await?;
    let mut skipped = 0;
    for schedule in rows::due_schedules(work, now).await? {
        rows::skip_to(work, schedule.id, next_run(&schedule.fields.rule, now)).await?;
        skipped += 1;
    }
    rows::discard_unfinished_runs(work).await?;
    Ok(skipped)
}

impl SavedViews {
    /// Enqueues a job for each due schedule; returns the number. A schedule that missed several
    /// times has one run.
    pub async fn enqueue_due(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut enqueued = 0;
        for tenant in rows::tenants_due(&self.0.db.global(), now).await? {
            let mut work = self.0.db.global().maintenance_for(tenant).await?;
            // Lock order: the journal before the schedules, as in changes of schedules. The end of
            // a stopped run appends an event.
            journal::hold(&work).await?;
            let due = rows::due_schedules(&work, now).await?;
            for schedule in due {
                enqueued += usize::from(self.begin_run(&mut work, schedule, now).await?);
            }
            work.commit().await?;
        }
        Ok(enqueued)
    }

    async fn begin_run(&self, work: &mut Work, schedule: Schedule, now: Timestamp) -> Result<bool, Fault> {
        let Some(due_at) = schedule.next_run_at else { return Ok(false) };
        if due_at > now {
            // A clock that was ahead has set the time. Nothing is due.
            rows::skip_to(work, schedule.id, next_run(&schedule.fields.rule, now)).await?;
            return Ok(false);
        }
        // A run that has not ended by now has failed: its job finds that this one has replaced it.
        let schedule = match schedule.run.as_ref().map(|run| run.due_at) {
            Some(before) => {
                let failures = schedule.failures;
                let failed = schedule.after_failure();
                let last_error = failed.last_error.clone().or_else(|| Some(PREVIOUS_RUN_PENDING.to_owned()));
                let failed = Schedule { last_error, ..failed };
                let event = self.end_event(work, &failed, failures).await?;
                journal::append_other(work, event.into_iter().collect(), now).await?;
                if failed.next_run_at.is_none() {
                    rows::end_run(work, &failed, before).await?;
                    return Ok(false);
                }
                failed
            }
            None => schedule,
        };
        rows::begin_run(work, &schedule, due_at, next_run(&schedule.fields.rule, now)).await?;
        jobs::enqueue(work, &self.0.clock, SCHEDULE_JOB, &ScheduledRun { schedule: schedule.id, due_at }).await?;
        Ok(true)
    }

    /// Executes a run: makes the table with the rights of the schedule's maker, and sends it to
    /// each recipient who does not have it yet. If the process stops between sending and recording,
    /// it is sent again.
    pub async fn send_scheduled(&self, identity: &Identity, sender: Sender<'_>, job: &Job) -> Result<(), Failure> {
        let scheduled_run: ScheduledRun = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        let scope = self.0.db.tenant(job.tenant);
        let Some(schedule) = rows::schedule(&scope, scheduled_run.schedule).await? else { return Ok(()) };
        // A later run or a change has replaced this one.
        let Some(run) = schedule.run.clone().filter(|run| run.due_at == scheduled_run.due_at) else { return Ok(()) };
        let Some(view) = rows::view(&scope, &ViewRef::Id(schedule.view)).await? else { return Ok(()) };
        if view.is_paused {
            return self.end(job, &schedule, RunEnd::Skipped("the view is paused".to_owned())).await;
        }
        let requester = Requester { tenant: job.tenant, actor: schedule.maker, key: schedule.key };
        let request = TableRequest {
            view: view.id,
            variables: schedule.fields.variables.clone(),
            rows: schedule.fields.rows.clone(),
            format: schedule.fields.format,
            locale: schedule.fields.locale,
            request_id: job.id.to_string(),
        };
        let read_at = self.0.clock.now();
        let outcome = self.engine()?.table(requester, request).await?;
        // The job is retried until the tenant is resumed.
        if outcome == TableOutcome::Gone && is_suspended(&scope).await? {
            return Err(Failure::Fault(Fault::Broken(format!("the tenant of {} is suspended", schedule.id))));
        }
        let table = match outcome {
            TableOutcome::Made(table) => table,
            TableOutcome::Gone => return self.end(job, &schedule, RunEnd::Paused(ACCESS_LOST.to_owned())).await,
            TableOutcome::Refused(refused) => return self.fail_or_postpone(job, &schedule, refused).await,
        };
        self.deliver_table(identity, sender, job, CompletedRun { view, schedule, run, table, read_at }).await
    }

    /// Delivers a table: by e-mail, as a file and to webhooks, as the schedule is set. If an e-mail
    /// cannot be sent, the table is stored as a file in any case, if the quota allows, and webhooks
    /// are notified.
    async fn deliver_table(
        &self,
        identity: &Identity,
        sender: Sender<'_>,
        job: &Job,
        completed_run: CompletedRun,
    ) -> Result<(), Failure> {
        let CompletedRun { view, mut schedule, run, table, read_at } = completed_run;
        let hash = hex::encode(Sha256::digest(&table.bytes));
        let is_known = schedule.last_hash.as_ref() == Some(&hash);
        if schedule.fields.only_if_changed && is_known && run.sent.is_empty() {
            return self.end(job, &schedule, RunEnd::Sent(hash)).await;
        }
        let (is_mailed, keeps_file) = (schedule.fields.is_mailed(), schedule.fields.keeps_file);
        let recipients = addresses(identity, job.tenant, &schedule).await?;
        let result = schedule.fields.emits_event.then(|| result_of(&view, &schedule, (run.due_at, hash.as_str()), &table));
        let tenant = rows::tenant_name(&self.0.db.tenant(job.tenant)).await?;
        let keeps_bytes = is_mailed || keeps_file || schedule.fields.bucket.is_some();
        let stored_bytes = if keeps_bytes { Bytes::copy_from_slice(&table.bytes) } else { Bytes::new() };
        let bucket_bytes = stored_bytes.clone();
        let file = (is_mailed || keeps_file).then(|| TableToStore { bytes: stored_bytes, read_at });
        let due_at = run.due_at;
        let email = email_of(&tenant, &view, &schedule, table);
        let delivery_problem = if is_mailed && !sender.0.is_configured() {
            Some(NO_MAIL)
        } else if is_mailed && recipients.is_empty() {
            Some(NO_ACTIVE_RECIPIENT)
        } else {
            match self.deliver(sender, job, RunEmail { schedule: schedule.id, run, to: recipients, email }).await? {
                DeliveredRecipients::All => None,
                DeliveredRecipients::Overtaken => return Ok(()),
                DeliveredRecipients::Some if job.failures + 1 < MAX_TRIES => {
                    return self.postpone_or_fail(job, &schedule, MAIL_NOT_ACCEPTED.to_owned()).await;
                }
                DeliveredRecipients::Some => Some(MAIL_NOT_ACCEPTED),
            }
        };
        match self.write_to_bucket(&view, &schedule, (job.tenant, due_at), bucket_bytes).await {
            Ok(()) => {}
            Err(BucketFailure::Away(reason)) => return self.postpone_or_fail(job, &schedule, reason).await,
            Err(BucketFailure::Fault(fault)) => return Err(fault.into()),
        }
        // The file is written last, so that an unavailable mail server or bucket does not cause a
        // file for each try.
        let mut file_note = STORED_AS_FILE;
        if let Some(table) = file.filter(|_| keeps_file || delivery_problem.is_some()) {
            match self.store_table(job, &view, &schedule, table).await {
                Ok(file) => schedule.last_file = Some(file),
                Err(FileError::Fault(fault)) => return Err(fault.into()),
                Err(FileError::Quota { .. } | FileError::TooLarge { .. }) if delivery_problem.is_some() => {
                    file_note = TOO_LARGE_FOR_FILES;
                }
                Err(FileError::Quota { .. } | FileError::TooLarge { .. }) => {
                    return self.end(job, &schedule, RunEnd::Failed(TOO_LARGE_FOR_FILES.to_owned())).await;
                }
                Err(_) if delivery_problem.is_some() && job.failures + 1 >= MAX_TRIES => file_note = FILE_STORE_FAILED,
                Err(_) => return self.postpone_or_fail(job, &schedule, FILE_STORE_FAILED.to_owned()).await,
            }
        }
        let end = delivery_problem.map_or(RunEnd::Sent(hash), |reason| RunEnd::Failed(format!("{reason}; {file_note}")));
        self.end_with(job, &schedule, end, result).await?;
        if delivery_problem == Some(MAIL_NOT_ACCEPTED) { Err(Failure::Hopeless(MAIL_NOT_ACCEPTED.to_owned())) } else { Ok(()) }
    }

    /// Ends or postpones a run whose table was refused.
    async fn fail_or_postpone(&self, job: &Job, schedule: &Schedule, refused: DocumentRefusal) -> Result<(), Failure> {
        match refused.code.as_str() {
            "FORBIDDEN" | "UNAUTHENTICATED" => {
                let reason =
                    format!("the member or integration that set the schedule may not see all of the view: {}", refused.message);
                self.end(job, schedule, RunEnd::Paused(reason)).await
            }
            "RATE_LIMITED" | "OVERLOADED" | "UNAVAILABLE" | "TIMEOUT" | "INTERNAL" => {
                self.postpone_or_fail(job, schedule, refused.message).await
            }
            _ => self.end(job, schedule, RunEnd::Failed(refused.message)).await,
        }
    }

    /// Postpones a run to the next try, or fails it after the last one.
    async fn postpone_or_fail(&self, job: &Job, schedule: &Schedule, reason: String) -> Result<(), Failure> {
        if job.failures + 1 >= MAX_TRIES {
            self.end(job, schedule, RunEnd::Failed(reason.clone())).await?;
            return Err(Failure::Hopeless(reason));
        }
        if let Some(run) = &schedule.run {
            let work = self.0.db.global().maintenance_for(job.tenant).await?;
            rows::record_error(&work, schedule.id, run.due_at, &reason).await?;
            work.commit().await?;
        }
        Err(Failure::Fault(Fault::Broken(reason)))
    }

    async fn end(&self, job: &Job, schedule: &Schedule, end: RunEnd) -> Result<(), Failure> {
        self.end_with(job, schedule, end, None).await
    }

    /// Ends a run, and appends the event of its table unless another run or a change has replaced
    /// it.
    async fn end_with(
        &self,
        job: &Job,
        schedule: &Schedule,
        end: RunEnd,
        result: Option<ViewResultEvent>,
    ) -> Result<(), Failure> {
        let Some(run) = &schedule.run else { return Ok(()) };
        let now = self.0.clock.now();
        let ended_schedule = schedule.after_run(end, now);
        let mut work = self.0.db.global().maintenance_for(job.tenant).await?;
        // Lock order: the journal before the schedule, as in changes of schedules.
        journal::hold(&work).await?;
        if rows::end_run(&work, &ended_schedule, run.due_at).await? > 0 {
            let notice = self.end_event(&work, &ended_schedule, schedule.failures).await?;
            let result = result.map(|result| VIEW_RESULT.event(&result));
            journal::append_other(&mut work, result.into_iter().chain(notice).collect(), now).await?;
        }
        work.commit().await?;
        Ok(())
    }

    /// Sends an e-mail to each who has none of this run yet, and notes each that was taken.
    async fn deliver(&self, (mailer, from): Sender<'_>, job: &Job, outgoing: RunEmail) -> Result<DeliveredRecipients, Fault> {
        let RunEmail { schedule, mut run, mut to, mut email } = outgoing;
        to.retain(|address| !run.sent.contains(address));
        // Addresses that were rejected in the try before do not delay the others in this one.
        let tried_count = usize::try_from(job.failures).unwrap_or_default() * MAX_FAILED_EMAILS;
        let rotation = tried_count.checked_rem(to.len()).unwrap_or_default();
        to.rotate_left(rotation);
        let mut misses = 0;
        for address in to {
            email.to.clone_from(&address);
            if let Err(error) = mailer.deliver(from, &email, &self.0.clock).await {
                tracing::warn!(%error, job = %job.id, "the e-mail of a schedule could not be sent");
                misses += 1;
                if misses == MAX_FAILED_EMAILS {
                    break;
                }
                continue;
            }
            run.sent.push(address);
            let work = self.0.db.global().maintenance_for(job.tenant).await?;
            let updated_rows = rows::record_sent(&work, schedule, &run).await?;
            work.commit().await?;
            if updated_rows == 0 {
                return Ok(DeliveredRecipients::Overtaken);
            }
        }
        Ok(if misses == 0 { DeliveredRecipients::All } else { DeliveredRecipients::Some })
    }
}

/// A run with its table.
struct CompletedRun {
    view: View,
    schedule: Schedule,
    run: Run,
    table: Table,
    /// A time before the data was read.
    read_at: Timestamp,
}

/// E-mail of a run, and its recipients.
struct RunEmail {
    schedule: SavedViewScheduleId,
    run: Run,
    to: Vec<String>,
    email: identity::Email,
}

/// Recipients of a schedule that have been sent the e-mail.
enum DeliveredRecipients {
    All,
    Some,
    /// Another run or a change has replaced this run.
    Overtaken,
}

/// Returns the addresses of a schedule, without those of former members.
async fn addresses(identity: &Identity, tenant: TenantId, schedule: &Schedule) -> Result<Vec<String>, Fault> {
    let mut address_list = schedule.fields.emails.clone();
    for member in &schedule.fields.members {
        let Some(profile) = identity.find_member(tenant, *member).await? else { continue };
        let is_active = profile.membership.status == MemberStatus::Active && profile.left_at.is_none();
        if is_active && !address_list.iter().any(|other| is_same_address(other, &profile.email)) {
            address_list.push(profile.email);
        }
    }
    Ok(address_list)
}

/// Returns the event of a table with this hash, made by a run with this due time.
fn result_of(view: &View, schedule: &Schedule, (due_at, hash): (Timestamp, &str), table: &Table) -> ViewResultEvent {
    let (slug, format) = (view.fields.slug.clone(), schedule.fields.format);
    let path = format!("/views/{slug}.{}", file_extension(format));
    ViewResultEvent {
        id: view.id,
        slug,
        schedule: schedule.id,
        due_at,
        rows: table.rows as u64,
        hash: hash.to_owned(),
        path,
        owner: Some(schedule.maker.id),
        is_restricted: view.readers.is_some(),
        first_rows: schedule.fields.tells_rows.then(|| table.first_rows.clone()),
        rights: schedule.fields.tells_rows.then(|| table.rights.clone()),
    }
}

/// Writes the e-mail of a table and its chart, without recipients. A table that is too large is not
/// attached, and the e-mail says so.
fn email_of(tenant: &str, view: &View, schedule: &Schedule, table: Table) -> identity::Email {
    let (format, bytes) = (schedule.fields.format, table.bytes.len());
    let message = compose_email(tenant, view, (table.rows, bytes), format, table.chart.is_some());
    let file_name = |ending: &str| format!("{}.{ending}", view.fields.slug);
    let mut attachments = Vec::new();
    if bytes <= MAX_MAIL_BYTES {
        attachments.push(Attachment { name: file_name(file_extension(format)), media: media_type(format), bytes: table.bytes });
    }
    let chart = table.chart.map(String::into_bytes);
    attachments.extend(chart.map(|bytes| Attachment { name: file_name("svg"), media: "image/svg+xml", bytes }));
    identity::Email { to: String::new(), subject: message.subject, text: message.text, html: message.html, attachments }
}
