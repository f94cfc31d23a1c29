//! Runs of schedules: those that are due get a job each, so that each moment has one; the job makes the table and sends it.

use entity::prelude::*;
use iam::identity::{self, Attachment, Identity, Mailer};
use platform::{
    jobs::{self, Failure, core::Job},
    storage::{Fault, Work, journal},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    SavedViews,
    due::next_run,
    engine::{Refused, Table, TableOutcome, TableRequest},
};
use crate::{
    exchange::Requester,
    saved_views::{
        core::{MOST_MAIL_BYTES, Run, RunEnd, Schedule, View, ViewRef, ending, written},
        events::{VIEW_RESULT, ViewResultEvent},
        rows,
    },
};

/// The kind of job that carries a run out.
pub const SCHEDULE_JOB: &str = "view.send";
/// Tries of a run: with their pauses, most of an hour of a mail server that is away.
pub const MOST_TRIES: i64 = 12;
/// E-mails that are not taken in one try before the others wait for the next one.
const MOST_MISSES: usize = 3;

const NO_MAIL: &str = "no e-mails leave this deployment (--mail)";
const GONE: &str = "the member or integration that set the schedule has no access any more: set it again";
const NOBODY: &str = "none of its recipients is an active member any more";
const NOT_ENDED: &str = "no run ended before the next one was due";
const NOT_TAKEN: &str = "the mail server did not take an e-mail";

/// What such a job is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledRun {
    pub schedule: SavedViewScheduleId,
    pub due_at: Timestamp,
}

/// How e-mails leave, and from whom.
type Sender<'a> = (&'a Mailer, &'a str);

impl SavedViews {
    /// Puts down a job for each schedule that is due; says how many. However many moments have passed, it has one run.
    pub async fn post_due(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut put = 0;
        for tenant in rows::tenants_due(&self.0.db.global(), now).await? {
            let work = self.0.db.global().maintenance_for(tenant).await?;
            for schedule in rows::due_schedules(&work, now).await? {
                put += usize::from(self.begin_run(&work, schedule, now).await?);
            }
            work.commit().await?;
        }
        Ok(put)
    }

    async fn begin_run(&self, work: &Work, schedule: Schedule, now: Timestamp) -> Result<bool, Fault> {
        let Some(due_at) = schedule.next_run_at else { return Ok(false) };
        // One that has not ended by now has failed: its job finds that this one has taken its place.
        let schedule = match schedule.run.as_ref().map(|run| run.due_at) {
            Some(before) => {
                let failed = schedule.failed();
                if failed.next_run_at.is_none() {
                    let last_error = failed.last_error.clone().or_else(|| Some(NOT_ENDED.to_owned()));
                    rows::end_run(work, &Schedule { last_error, ..failed }, before).await?;
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

    /// Carries a run out: makes the table with the rights of whoever set the schedule, and sends it to each who does not have it yet. One that was sent and
    /// not noted is sent again.
    pub async fn send_scheduled(&self, identity: &Identity, sender: Sender<'_>, job: &Job) -> Result<(), Failure> {
        let what: ScheduledRun = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        let scope = self.0.db.tenant(job.tenant);
        let Some(schedule) = rows::schedule(&scope, what.schedule).await? else { return Ok(()) };
        // A later run or a change has taken the place of this one.
        let Some(run) = schedule.run.clone().filter(|run| run.due_at == what.due_at) else { return Ok(()) };
        let Some(view) = rows::view(&scope, &ViewRef::Id(schedule.view)).await? else { return Ok(()) };
        if view.is_paused {
            return self.end(job, &schedule, RunEnd::Skipped("the view is paused".to_owned())).await;
        }
        if schedule.fields.is_mailed() && !sender.0.is_there() {
            return self.end(job, &schedule, RunEnd::Failed(NO_MAIL.to_owned())).await;
        }
        let requester = Requester { tenant: job.tenant, actor: schedule.maker, key: schedule.key };
        let request = TableRequest {
            view: view.id,
            variables: schedule.fields.variables.clone(),
            rows: schedule.fields.rows.clone(),
            format: schedule.fields.format,
            request_id: job.id.to_string(),
        };
        let table = match self.engine()?.table(requester, request).await? {
            TableOutcome::Made(table) => table,
            TableOutcome::Gone => return self.end(job, &schedule, RunEnd::Paused(GONE.to_owned())).await,
            TableOutcome::Refused(refused) => return self.unread(job, &schedule, refused).await,
        };
        let hash = hex::encode(Sha256::digest(table.text.as_bytes()));
        let is_known = schedule.last_hash.as_ref() == Some(&hash);
        if schedule.fields.only_if_changed && is_known && run.sent.is_empty() {
            return self.end(job, &schedule, RunEnd::Sent(hash)).await;
        }
        let to = addresses(identity, job.tenant, &schedule).await?;
        if schedule.fields.is_mailed() && to.is_empty() {
            return self.end(job, &schedule, RunEnd::Failed(NOBODY.to_owned())).await;
        }
        let result = schedule.fields.emits_event.then(|| result_of(&view, &schedule, what.due_at, (table.rows, hash.clone())));
        let tenant = rows::tenant_name(&scope).await?;
        let email = email_of(&tenant, &view, &schedule, table);
        match self.deliver(sender, job, Outgoing { schedule: schedule.id, run, to, email }).await? {
            Delivered::All => self.end_with(job, &schedule, RunEnd::Sent(hash), result).await,
            Delivered::Overtaken => Ok(()),
            Delivered::Some => self.later(job, &schedule, NOT_TAKEN.to_owned()).await,
        }
    }

    /// What becomes of a run whose table was refused.
    async fn unread(&self, job: &Job, schedule: &Schedule, refused: Refused) -> Result<(), Failure> {
        match refused.code.as_str() {
            "FORBIDDEN" | "UNAUTHENTICATED" => {
                let why =
                    format!("the member or integration that set the schedule may not see all of the view: {}", refused.message);
                self.end(job, schedule, RunEnd::Paused(why)).await
            }
            "RATE_LIMITED" | "OVERLOADED" | "UNAVAILABLE" | "TIMEOUT" | "INTERNAL" => {
                self.later(job, schedule, refused.message).await
            }
            _ => self.end(job, schedule, RunEnd::Failed(refused.message)).await,
        }
    }

    /// Lets a run be tried again, until its tries are spent.
    async fn later(&self, job: &Job, schedule: &Schedule, why: String) -> Result<(), Failure> {
        if job.failures + 1 >= MOST_TRIES {
            self.end(job, schedule, RunEnd::Failed(why.clone())).await?;
            return Err(Failure::Hopeless(why));
        }
        if let Some(run) = &schedule.run {
            let work = self.0.db.global().maintenance_for(job.tenant).await?;
            rows::note_error(&work, schedule.id, run.due_at, &why).await?;
            work.commit().await?;
        }
        Err(Failure::Fault(Fault::Broken(why)))
    }

    async fn end(&self, job: &Job, schedule: &Schedule, end: RunEnd) -> Result<(), Failure> {
        self.end_with(job, schedule, end, None).await
    }

    /// Ends a run, and tells of its table unless another run or a change has taken its place.
    async fn end_with(
        &self,
        job: &Job,
        schedule: &Schedule,
        end: RunEnd,
        result: Option<ViewResultEvent>,
    ) -> Result<(), Failure> {
        let Some(run) = &schedule.run else { return Ok(()) };
        let now = self.0.clock.now();
        let ended = schedule.after(end, now);
        let mut work = self.0.db.global().maintenance_for(job.tenant).await?;
        let is_ended = rows::end_run(&work, &ended, run.due_at).await? > 0;
        let events = result.filter(|_| is_ended).map(|result| VIEW_RESULT.event(&result));
        journal::append_other(&mut work, events.into_iter().collect(), now).await?;
        work.commit().await?;
        Ok(())
    }

    /// Sends an e-mail to each who has none of this run yet, and notes each that was taken.
    async fn deliver(&self, (mailer, from): Sender<'_>, job: &Job, outgoing: Outgoing) -> Result<Delivered, Fault> {
        let Outgoing { schedule, mut run, mut to, mut email } = outgoing;
        to.retain(|address| !run.sent.contains(address));
        // Addresses that were not taken in the try before do not keep the others waiting in this one.
        let tried = usize::try_from(job.failures).unwrap_or_default() * MOST_MISSES;
        let turned = tried.checked_rem(to.len()).unwrap_or_default();
        to.rotate_left(turned);
        let mut misses = 0;
        for address in to {
            email.to.clone_from(&address);
            if let Err(error) = mailer.deliver(from, &email, &self.0.clock).await {
                tracing::warn!(%error, job = %job.id, "the e-mail of a schedule could not be sent");
                misses += 1;
                if misses == MOST_MISSES {
                    break;
                }
                continue;
            }
            run.sent.push(address);
            let work = self.0.db.global().maintenance_for(job.tenant).await?;
            let noted = rows::note_sent(&work, schedule, &run).await?;
            work.commit().await?;
            if noted == 0 {
                return Ok(Delivered::Overtaken);
            }
        }
        Ok(if misses == 0 { Delivered::All } else { Delivered::Some })
    }
}

/// What a run sends, and to whom.
struct Outgoing {
    schedule: SavedViewScheduleId,
    run: Run,
    to: Vec<String>,
    email: identity::Email,
}

/// Who of a schedule's recipients has an e-mail.
enum Delivered {
    All,
    Some,
    /// Another run or a change has taken the place of this one.
    Overtaken,
}

/// The addresses of a schedule. Members who have left get nothing any more.
async fn addresses(identity: &Identity, tenant: TenantId, schedule: &Schedule) -> Result<Vec<String>, Fault> {
    let mut all = schedule.fields.emails.clone();
    for member in &schedule.fields.members {
        let Some(found) = identity.find_member(tenant, *member).await? else { continue };
        let is_active = found.membership.status == MemberStatus::Active && found.left_at.is_none();
        if is_active && !all.contains(&found.email) {
            all.push(found.email);
        }
    }
    Ok(all)
}

/// The event of a table of so many rows and this hash.
fn result_of(view: &View, schedule: &Schedule, due_at: Timestamp, (rows, hash): (usize, String)) -> ViewResultEvent {
    let (slug, format) = (view.fields.slug.clone(), schedule.fields.format);
    let path = format!("/views/{slug}.{}", ending(format));
    ViewResultEvent { id: view.id, slug, schedule: schedule.id, due_at, rows: rows as u64, hash, path }
}

/// The e-mail of a table, to nobody yet. One that is too large is not attached, and the e-mail says so.
fn email_of(tenant: &str, view: &View, schedule: &Schedule, table: Table) -> identity::Email {
    let (format, bytes) = (schedule.fields.format, table.text.len());
    let said = written(tenant, view, (table.rows, bytes), format);
    let attachment = (bytes <= MOST_MAIL_BYTES).then(|| Attachment {
        name: format!("{}.{}", view.fields.slug, ending(format)),
        media: match format {
            TableFormat::Csv => "text/csv; charset=utf-8",
            TableFormat::Jsonl => "application/jsonl; charset=utf-8",
        },
        bytes: table.text.into_bytes(),
    });
    identity::Email { to: String::new(), subject: said.subject, text: said.text, html: said.html, attachment }
}
