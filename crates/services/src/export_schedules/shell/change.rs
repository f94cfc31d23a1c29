//! Setting schedules, asking for a run, and taking schedules away.

use entity::prelude::*;
use iam::access::{code, kind};
use inventory::ledger::Mode;
use platform::{
    audit, clock,
    stages::{Refusals, Stage},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, Acted, Before, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{ExportScheduleError, ExportScheduleRefusal, ExportSchedules, May, sees};
use crate::{
    exchange::may_feed,
    export_schedules::{
        core::{Bucket, Fields, MOST_SCHEDULES, Problem, Schedule, SecretKey, noun_of},
        events::{EXPORT_SCHEDULE_DELETED, EXPORT_SCHEDULE_REQUESTED, EXPORT_SCHEDULE_SET, EventType, ExportScheduleEvent},
        rows,
    },
    saved_views::shell::next_run,
    webhooks,
};

/// A schedule as it is wanted. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleSet {
    #[serde(skip)]
    pub idempotency_key: String,
    /// The schedule that is changed; None makes one.
    pub id: Option<ExportScheduleId>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Its time zone is empty where it is to be the tenant's.
    pub fields: Fields,
    pub bucket: Option<Bucket>,
    /// None: the one that is kept.
    pub secret: Option<SecretKey>,
    pub is_paused: bool,
    /// The key that a program asks with.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// A run that is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleRun {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: ExportScheduleId,
    /// Whether all rows are written once more, into a new set.
    pub wants_all: bool,
}

/// A schedule that is to go.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleDelete {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: ExportScheduleId,
}

/// What is remembered of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    schedule: ExportScheduleId,
    seq: Option<i64>,
}

const NO_ZONE: Problem = Problem::Invalid { message: "an IANA time zone is expected, as in Europe/London", name: "timeZone" };
const NO_SECRET: Problem =
    Problem::Missing { message: "the secret is needed for a login that is not kept", name: "secretAccessKey" };

/// What of a schedule is neither of the input nor of the one before.
struct Kept {
    id: ExportScheduleId,
    /// With the time zone that is meant.
    fields: Fields,
    sealed: Option<Vec<u8>>,
}

/// The schedule as a call leaves it; None where it is gone.
pub type Acting = Result<Acted<Option<Schedule>>, ExportScheduleError>;

impl ExportSchedules {
    /// Makes a schedule, or puts another in the place of one that is there: it has the rights of whoever sets it last.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn set(&self, permit: May, input: ScheduleSet, mode: Mode) -> Acting {
        input.check_shape()?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = Box::pin(self.be_set(&mut work, &permit, &input)).await;
        settle(work, done, mode.is_dry()).await
    }

    async fn be_set(&self, work: &mut Work, permit: &May, input: &ScheduleSet) -> Acting {
        let key = key_of(permit, "exportScheduleSet", &input.idempotency_key, hash_of(input));
        if let Some(replayed) = replayed(work, permit, &key).await? {
            return Ok(replayed);
        }
        may_feed(permit.caller(), noun_of(input.fields.entity)).map_err(ExportScheduleRefusal::Denied)?;
        let before = match input.id {
            Some(id) => Some(own(work, permit, id).await?),
            None => None,
        };
        let mut refusals = Refusals::default();
        refusals.extend(input.fields.problems().into_iter().map(ExportScheduleRefusal::Field));
        if let Some(bucket) = &input.bucket {
            let closed = webhooks::check(&bucket.endpoint, self.0.sender.allowed()).err();
            refusals.extend(closed.map(|bad| ExportScheduleRefusal::Endpoint(bad.to_string())));
        }
        let is_full = before.is_none() && rows::count(work).await? >= MOST_SCHEDULES;
        refusals.extend(is_full.then_some(ExportScheduleRefusal::TooMany));
        refusals.extend(before.as_ref().and_then(|before| other_version(before, input.expected_version)));
        let id = before.as_ref().map_or_else(|| self.0.clock.id(), |before| before.id);
        let sealed = refusals.take(self.sealed(permit, input, (id, before.as_ref()))?).flatten();
        refusals.end(Stage::State)?;
        let mut fields = input.fields.clone();
        if fields.time_zone.is_empty() {
            fields.time_zone = rows::tenant_zone(work).await?;
        }
        let schedule = self.wanted(permit, input, before.as_ref(), Kept { id, fields, sealed })?;
        tell(work, before.as_ref(), Some(&schedule), input.secret.is_some());
        match before {
            None => rows::insert(work, &schedule).await?,
            Some(_) => rows::update(work, &schedule).await?,
        }
        end(work, (&key, EXPORT_SCHEDULE_SET), schedule, self.0.clock.now()).await
    }

    /// The schedule as it is to be kept. Where it goes on in the files of before, so does its run.
    fn wanted(
        &self,
        permit: &May,
        input: &ScheduleSet,
        before: Option<&Schedule>,
        Kept { id, fields, sealed }: Kept,
    ) -> Result<Schedule, ExportScheduleError> {
        if !clock::is_time_zone(&fields.time_zone) {
            return Err(ExportScheduleRefusal::Field(NO_ZONE).into());
        }
        let now = self.0.clock.now();
        let next_run_at = (!input.is_paused).then(|| next_run(&fields.rule(), now));
        let is_anew = before.is_none_or(|before| before.is_begun_anew(&fields, input.bucket.as_ref(), permit.actor()));
        let kept = before.filter(|_| !is_anew);
        Ok(Schedule {
            id,
            fields,
            bucket: input.bucket.clone(),
            sealed,
            status: if input.is_paused { ExportScheduleStatus::Paused } else { ExportScheduleStatus::Active },
            maker: permit.actor(),
            key: input.key,
            set: before.map_or(0, |before| before.set),
            generation: kept.and_then(|kept| kept.generation),
            through: kept.and_then(|kept| kept.through),
            run: kept.and_then(|kept| kept.run.clone()),
            wants_all: kept.is_some_and(|kept| kept.wants_all),
            failures: 0,
            last_run_at: before.and_then(|before| before.last_run_at),
            last_error: None,
            next_run_at,
            version: before.map_or(1, |before| before.version + 1),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        })
    }

    /// The bucket's secret, sealed. One that is not given is the one that is kept for the same login at the same host.
    fn sealed(
        &self,
        permit: &May,
        input: &ScheduleSet,
        (id, before): (ExportScheduleId, Option<&Schedule>),
    ) -> Result<Result<Option<Vec<u8>>, ExportScheduleRefusal>, Fault> {
        let Some(bucket) = &input.bucket else { return Ok(Ok(None)) };
        if let Some(secret) = &input.secret {
            let context = rows::SECRET.context(&[permit.tenant().uuid(), id.uuid()]);
            return Ok(Ok(Some(self.0.ring.seal(&context, secret.0.as_bytes())?)));
        }
        let is_kept = |known: &&Bucket| known.endpoint == bucket.endpoint && known.access_key_id == bucket.access_key_id;
        let kept = before.and_then(|before| before.bucket.as_ref()).filter(is_kept).and(before);
        let missing = || ExportScheduleRefusal::Bucket(NO_SECRET);
        let (Some(id), Some(sealed)) = (kept.map(|kept| kept.id), kept.and_then(|kept| kept.sealed.clone())) else {
            return Ok(Err(missing()));
        };
        // An empty one took the place of one that was lost with its key.
        let plain = self.0.ring.open(&rows::SECRET.context(&[permit.tenant().uuid(), id.uuid()]), &sealed)?;
        Ok(if plain.is_empty() { Err(missing()) } else { Ok(Some(sealed)) })
    }

    /// Lets a schedule run now, and from the beginning where that is asked for.
    pub async fn request(&self, permit: May, input: ScheduleRun, mode: Mode) -> Acting {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = Box::pin(self.be_requested(&mut work, &permit, &input)).await;
        settle(work, done, mode.is_dry()).await
    }

    async fn be_requested(&self, work: &mut Work, permit: &May, input: &ScheduleRun) -> Acting {
        let key = key_of(permit, "exportScheduleRun", &input.idempotency_key, hash_of(input));
        if let Some(replayed) = replayed(work, permit, &key).await? {
            return Ok(replayed);
        }
        let before = own(work, permit, input.id).await?;
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

    /// Takes a schedule away. What it has written stays where it is.
    pub async fn delete(&self, permit: May, input: ScheduleDelete, mode: Mode) -> Acting {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = Box::pin(self.be_deleted(&mut work, &permit, &input)).await;
        settle(work, done, mode.is_dry()).await
    }

    async fn be_deleted(&self, work: &mut Work, permit: &May, input: &ScheduleDelete) -> Acting {
        let key = key_of(permit, "exportScheduleDelete", &input.idempotency_key, hash_of(input));
        if let Some(replayed) = replayed(work, permit, &key).await? {
            return Ok(replayed);
        }
        let schedule = own(work, permit, input.id).await?;
        rows::remove(work, schedule.id).await?;
        tell(work, Some(&schedule), None, false);
        end(work, (&key, EXPORT_SCHEDULE_DELETED), schedule, self.0.clock.now()).await
    }
}

/// Why a schedule is not changed by who read that version of it.
fn other_version(before: &Schedule, expected: Option<i64>) -> Option<ExportScheduleRefusal> {
    match expected {
        None => Some(ExportScheduleRefusal::NoVersion),
        Some(version) => (version != before.version).then_some(ExportScheduleRefusal::Stale(before.version)),
    }
}

/// A schedule that the caller sees, locked.
async fn own(work: &Work, permit: &May, id: ExportScheduleId) -> Result<Schedule, ExportScheduleError> {
    let found = rows::lock(work, id).await?.filter(|schedule| sees(permit, schedule));
    found.ok_or_else(|| ExportScheduleRefusal::NotFound.into())
}

impl ScheduleSet {
    /// Refuses what is not written as it has to be.
    fn check_shape(&self) -> Result<(), ExportScheduleError> {
        let mut refusals = Refusals::default();
        refusals.extend(idempotency::check_key(&self.idempotency_key).err().map(ExportScheduleRefusal::BadKey));
        refusals.extend(self.fields.problems().into_iter().map(ExportScheduleRefusal::Field));
        let zone = &self.fields.time_zone;
        let is_odd = !zone.is_empty() && !clock::is_time_zone(zone);
        refusals.extend(is_odd.then_some(ExportScheduleRefusal::Field(NO_ZONE)));
        if let Some(bucket) = &self.bucket {
            refusals.extend(bucket.problems().into_iter().map(ExportScheduleRefusal::Bucket));
            let is_new = self.id.is_none() && self.secret.is_none();
            refusals.extend(is_new.then_some(ExportScheduleRefusal::Bucket(NO_SECRET)));
            refusals.extend(self.secret.as_ref().and_then(SecretKey::problem).map(ExportScheduleRefusal::Bucket));
        }
        refusals.end(Stage::Shape).map_err(ExportScheduleError::from)
    }
}

fn check_key(key: &str) -> Result<(), ExportScheduleError> {
    idempotency::check_key(key).map_err(|why| ExportScheduleRefusal::BadKey(why).into())
}

fn key_of(permit: &May, mutation: &'static str, key: &str, hash: idempotency::InputDigest) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash }
}

/// The answer of an earlier call: the schedule as it is now, if it is still there and the caller still sees it.
async fn replayed(work: &Work, permit: &May, key: &Key) -> Result<Option<Acted<Option<Schedule>>>, ExportScheduleError> {
    let receipt: Receipt = match idempotency::in_turn(work, key).await? {
        Before::Nothing => return Ok(None),
        Before::Reused => return Err(ExportScheduleRefusal::KeyReused.into()),
        Before::Same(receipt) => receipt,
    };
    let value = rows::schedule(work, receipt.schedule).await?.filter(|schedule| sees(permit, schedule));
    Ok(Some(Acted { value, seq: receipt.seq, is_replayed: true }))
}

/// Says in the audit log what differs of a schedule: fields of the tenant's, under its ID.
fn tell(work: &mut Work, before: Option<&Schedule>, after: Option<&Schedule>, has_new_secret: bool) {
    let tenant = work.tenant();
    let secret = if before.is_some() && has_new_secret { "REPLACED" } else { "SET" };
    let (was, is) = (before.map(|before| traced(before, "SET")), after.map(|after| traced(after, secret)));
    audit::changed(work, tenant, was.as_ref(), is.as_ref(), None);
}

/// What is compared: of the login at a bucket only that there is one, and no more of its address than the host, as the rest may hold a secret.
fn traced(schedule: &Schedule, secret: &'static str) -> audit::Fields {
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
) -> Acting {
    let seq = journal::append_other(work, vec![event.event(&ExportScheduleEvent::of(&schedule))], now).await?;
    idempotency::keep(work, key, &Receipt { schedule: schedule.id, seq }, now).await?;
    Ok(Acted { value: Some(schedule), seq, is_replayed: false })
}
