//! Setting schedules, requesting a run, and deleting schedules.

use entity::prelude::*;
use iam::access::{code, kind};
use inventory::ledger::Mode;
use platform::{
    audit, clock,
    stages::{Refusals, Stage},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    refusal::{ExportScheduleError, ExportScheduleRefusal},
    service::{ExchangePermit, ExportSchedules, can_see_schedule},
};
use crate::{
    buckets::core::{Bucket, SecretKey},
    exchange::may_feed,
    export_schedules::{
        core::{Fields, MAX_SCHEDULES, Problem, Schedule, noun_of},
        events::{EXPORT_SCHEDULE_DELETED, EXPORT_SCHEDULE_REQUESTED, EXPORT_SCHEDULE_SET, EventType, ExportScheduleEvent},
        rows,
    },
    saved_views::shell::next_run,
    webhooks,
};

/// Input of a schedule. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleSet {
    #[serde(skip)]
    pub idempotency_key: String,
    /// The schedule to change; `None` creates one.
    pub id: Option<ExportScheduleId>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// An empty time zone stands for that of the tenant.
    pub fields: Fields,
    pub bucket: Option<Bucket>,
    /// `None` keeps the stored one.
    pub secret: Option<SecretKey>,
    pub is_paused: bool,
    /// API key of the calling program.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// Input of a requested run.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleRun {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: ExportScheduleId,
    /// Whether all rows are written again, into a new set.
    pub wants_all: bool,
}

/// Input of a deletion.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleDelete {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: ExportScheduleId,
}

/// Stored result of a call, for its idempotency key.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    schedule: ExportScheduleId,
    seq: Option<i64>,
}

const NO_ZONE: Problem = Problem::Invalid { message: "an IANA time zone is expected, as in Europe/London", name: "timeZone" };

/// Fields of a schedule that are taken neither from the input nor from the version before.
struct RetainedFields {
    id: ExportScheduleId,
    /// Input fields with the resolved time zone.
    fields: Fields,
    sealed: Option<Vec<u8>>,
}

/// Result of a call: the schedule; `None` if it was deleted.
pub type ScheduleResult = Result<CallResult<Option<Schedule>>, ExportScheduleError>;

impl ExportSchedules {
    /// Creates or replaces a schedule: it has the rights of the caller who set it last.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn set(&self, permit: ExchangePermit, input: ScheduleSet, mode: Mode) -> ScheduleResult {
        input.check_shape()?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = Box::pin(self.apply_set(&mut work, &permit, &input)).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_set(&self, work: &mut Work, permit: &ExchangePermit, input: &ScheduleSet) -> ScheduleResult {
        let key = key_of(permit, "exportScheduleSet", &input.idempotency_key, hash_of(input));
        if let Some(replay_result) = find_replay(work, permit, &key).await? {
            return Ok(replay_result);
        }
        may_feed(permit.caller(), noun_of(input.fields.entity)).map_err(ExportScheduleRefusal::Denied)?;
        let before = match input.id {
            Some(id) => Some(lock_visible(work, permit, id).await?),
            None => None,
        };
        let mut refusals = Refusals::default();
        refusals.extend(input.fields.problems().into_iter().map(ExportScheduleRefusal::Field));
        if let Some(bucket) = &input.bucket {
            refusals.extend(self.0.buckets.endpoint_problem(bucket).map(ExportScheduleRefusal::Endpoint));
        }
        let is_full = before.is_none() && rows::count(work).await? >= MAX_SCHEDULES;
        refusals.extend(is_full.then_some(ExportScheduleRefusal::TooMany));
        refusals.extend(before.as_ref().and_then(|before| check_version(before, input.expected_version)));
        let id = before.as_ref().map_or_else(|| self.0.clock.id(), |before| before.id);
        let sealed = refusals.take(self.seal_secret(permit, input, (id, before.as_ref()))?).flatten();
        refusals.end(Stage::State)?;
        let mut fields = input.fields.clone();
        if fields.time_zone.is_empty() {
            fields.time_zone = rows::tenant_zone(work).await?;
        }
        let schedule = self.build_schedule(permit, input, before.as_ref(), RetainedFields { id, fields, sealed })?;
        audit_changes(work, before.as_ref(), Some(&schedule), input.secret.is_some());
        match before {
            None => rows::insert(work, &schedule).await?,
            Some(_) => rows::update(work, &schedule).await?,
        }
        end(work, (&key, EXPORT_SCHEDULE_SET), schedule, self.0.clock.now()).await
    }

    /// Returns the schedule to store. If it continues the old files, it keeps its run.
    fn build_schedule(
        &self,
        permit: &ExchangePermit,
        input: &ScheduleSet,
        before: Option<&Schedule>,
        RetainedFields { id, fields, sealed }: RetainedFields,
    ) -> Result<Schedule, ExportScheduleError> {
        if !clock::is_time_zone(&fields.time_zone) {
            return Err(ExportScheduleRefusal::Field(NO_ZONE).into());
        }
        let now = self.0.clock.now();
        let next_run_at = (!input.is_paused).then(|| next_run(&fields.rule(), now));
        let is_anew = before.is_none_or(|before| before.needs_restart(&fields, input.bucket.as_ref(), permit.actor()));
        let retained = before.filter(|_| !is_anew);
        Ok(Schedule {
            id,
            fields,
            bucket: input.bucket.clone(),
            sealed,
            status: if input.is_paused { ExportScheduleStatus::Paused } else { ExportScheduleStatus::Active },
            maker: permit.actor(),
            key: input.key,
            set: before.map_or(0, |before| before.set),
            generation: retained.and_then(|retained| retained.generation),
            through: retained.and_then(|retained| retained.through),
            run: retained.and_then(|retained| retained.run.clone()),
            wants_all: retained.is_some_and(|retained| retained.wants_all),
            failures: 0,
            last_run_at: before.and_then(|before| before.last_run_at),
            last_error: None,
            next_run_at,
            version: before.map_or(1, |before| before.version + 1),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        })
    }

    /// Returns the bucket's sealed secret: the input's, or the stored one.
    fn seal_secret(
        &self,
        permit: &ExchangePermit,
        input: &ScheduleSet,
        (id, before): (ExportScheduleId, Option<&Schedule>),
    ) -> Result<Result<Option<Vec<u8>>, ExportScheduleRefusal>, Fault> {
        let Some(bucket) = &input.bucket else { return Ok(Ok(None)) };
        let row = rows::bucket_row(permit.tenant(), id);
        let stored = (before.and_then(|before| before.bucket.as_ref()), before.and_then(|before| before.sealed.as_deref()));
        let sealed = self.0.buckets.seal(row, (bucket, input.secret.as_ref()), stored)?;
        Ok(sealed.map(Some).map_err(ExportScheduleRefusal::Bucket))
    }

    /// Makes a schedule run now; from the beginning if the input wants all rows.
    pub async fn request(&self, permit: ExchangePermit, input: ScheduleRun, mode: Mode) -> ScheduleResult {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = Box::pin(self.apply_request(&mut work, &permit, &input)).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_request(&self, work: &mut Work, permit: &ExchangePermit, input: &ScheduleRun) -> ScheduleResult {
        let key = key_of(permit, "exportScheduleRun", &input.idempotency_key, hash_of(input));
        if let Some(replay_result) = find_replay(work, permit, &key).await? {
            return Ok(replay_result);
        }
        let before = lock_visible(work, permit, input.id).await?;
        if before.status == ExportScheduleStatus::Paused {
            return Err(ExportScheduleRefusal::Paused.into());
        }
        let now = self.0.clock.now();
        let wants_all = before.wants_all || input.wants_all;
        let run = before.run.clone().filter(|_| !input.wants_all);
        let schedule = Schedule { next_run_at: Some(now), wants_all, run, ..before };
        rows::update(work, &schedule).await?;
        end(work, (&key, EXPORT_SCHEDULE_REQUESTED), schedule, now).await
    }

    /// Deletes a schedule. Its files stay.
    pub async fn delete(&self, permit: ExchangePermit, input: ScheduleDelete, mode: Mode) -> ScheduleResult {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = Box::pin(self.apply_delete(&mut work, &permit, &input)).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_delete(&self, work: &mut Work, permit: &ExchangePermit, input: &ScheduleDelete) -> ScheduleResult {
        let key = key_of(permit, "exportScheduleDelete", &input.idempotency_key, hash_of(input));
        if let Some(replay_result) = find_replay(work, permit, &key).await? {
            return Ok(replay_result);
        }
        let schedule = lock_visible(work, permit, input.id).await?;
        rows::remove(work, schedule.id).await?;
        audit_changes(work, Some(&schedule), None, false);
        end(work, (&key, EXPORT_SCHEDULE_DELETED), schedule, self.0.clock.now()).await
    }
}

/// Returns a refusal unless the caller has read the current version of the schedule.
fn check_version(before: &Schedule, expected: Option<i64>) -> Option<ExportScheduleRefusal> {
    match expected {
        None => Some(ExportScheduleRefusal::NoVersion),
        Some(version) => (version != before.version).then_some(ExportScheduleRefusal::Stale(before.version)),
    }
}

/// Reads a schedule that the caller sees, locked.
async fn lock_visible(work: &Work, permit: &ExchangePermit, id: ExportScheduleId) -> Result<Schedule, ExportScheduleError> {
    let own_schedule = rows::lock(work, id).await?.filter(|schedule| can_see_schedule(permit, schedule));
    own_schedule.ok_or_else(|| ExportScheduleRefusal::NotFound.into())
}

impl ScheduleSet {
    /// Refuses fields of a wrong form.
    fn check_shape(&self) -> Result<(), ExportScheduleError> {
        let mut refusals = Refusals::default();
        refusals.extend(idempotency::check_key(&self.idempotency_key).err().map(ExportScheduleRefusal::BadKey));
        refusals.extend(self.fields.problems().into_iter().map(ExportScheduleRefusal::Field));
        let zone = &self.fields.time_zone;
        let is_invalid = !zone.is_empty() && !clock::is_time_zone(zone);
        refusals.extend(is_invalid.then_some(ExportScheduleRefusal::Field(NO_ZONE)));
        if let Some(bucket) = &self.bucket {
            let problems = bucket.problems_with(self.secret.as_ref(), self.id.is_some());
            refusals.extend(problems.into_iter().map(ExportScheduleRefusal::Bucket));
        }
        refusals.end(Stage::Shape).map_err(ExportScheduleError::from)
    }
}

fn check_key(key: &str) -> Result<(), ExportScheduleError> {
    idempotency::check_key(key).map_err(|error| ExportScheduleRefusal::BadKey(error).into())
}

fn key_of(permit: &ExchangePermit, mutation: &'static str, key: &str, hash: idempotency::InputDigest) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash }
}

/// Answer of a repeated call: the current schedule, if it still exists and the caller still sees
/// it.
async fn find_replay(
    work: &Work,
    permit: &ExchangePermit,
    key: &Key,
) -> Result<Option<CallResult<Option<Schedule>>>, ExportScheduleError> {
    let receipt: Receipt = match idempotency::lock_and_look_up(work, key).await? {
        EarlierUse::Nothing => return Ok(None),
        EarlierUse::Reused => return Err(ExportScheduleRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => receipt,
    };
    let value = rows::schedule(work, receipt.schedule).await?.filter(|schedule| can_see_schedule(permit, schedule));
    Ok(Some(CallResult { value, seq: receipt.seq, is_replayed: true }))
}

/// Adds the differences of a schedule to the audit log, as fields of the tenant under the
/// schedule's ID.
fn audit_changes(work: &mut Work, before: Option<&Schedule>, after: Option<&Schedule>, has_new_secret: bool) {
    let tenant = work.tenant();
    let secret = if before.is_some() && has_new_secret { "REPLACED" } else { "SET" };
    let (previous, current) = (before.map(|before| audit_fields(before, "SET")), after.map(|after| audit_fields(after, secret)));
    audit::changed(work, tenant, previous.as_ref(), current.as_ref(), None);
}

/// Returns the fields that the audit log compares: of the login at a bucket only its presence, and
/// of its address only the host, as the rest may hold a secret.
fn audit_fields(schedule: &Schedule, secret: &'static str) -> audit::Fields {
    const MASK: &str = code::<kind::TenantWrite>();
    let (fields, bucket) = (&schedule.fields, schedule.bucket.as_ref());
    let path = |field: &str| format!("exportSchedules.{}.{field}", schedule.id);
    audit::Fields::default()
        .masked(path("name"), MASK, &fields.name)
        .masked(path("entity"), MASK, fields.entity)
        .masked(path("format"), MASK, fields.format)
        .masked(path("every"), MASK, fields.period)
        .masked(path("hour"), MASK, fields.hour)
        .masked(path("timeZone"), MASK, &fields.time_zone)
        .masked(path("bucket.origin"), MASK, bucket.and_then(|bucket| webhooks::origin_of(&bucket.endpoint)))
        .masked(path("bucket.name"), MASK, bucket.map(|bucket| &bucket.name))
        .masked(path("bucket.region"), MASK, bucket.map(|bucket| &bucket.region))
        .masked(path("bucket.prefix"), MASK, bucket.map(|bucket| &bucket.prefix))
        .masked(path("bucket.secret"), MASK, bucket.map(|_| secret))
        .masked(path("status"), MASK, schedule.status.as_str())
}

async fn end(
    work: &mut Work,
    (key, event): (&Key, EventType<ExportScheduleEvent>),
    schedule: Schedule,
    now: Timestamp,
) -> ScheduleResult {
    let seq = journal::append_other(work, vec![event.event(&ExportScheduleEvent::of(&schedule))], now).await?;
    idempotency::keep(work, key, &Receipt { schedule: schedule.id, seq }, now).await?;
    Ok(CallResult { value: Some(schedule), seq, is_replayed: false })
}
