//! Setting and deleting schedules.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::ledger::Mode;
use platform::{
    clock,
    stages::{Refusals, Stage},
    storage::{
        Fault, Work,
        idempotency::{self, CallResult, hash_of, settle},
    },
};
use serde::Serialize;

use super::{
    change::{ChangeResult, CreatedExtra, ManagePermit, check_key, end, end_with, find_receipt, key_of, load_replayed},
    due::next_run,
    refusal::{SavedViewError, SavedViewRefusal},
    service::SavedViews,
};
use crate::{
    alerts::core::distinct_addresses,
    buckets::core::SecretKey,
    saved_views::{
        core::{MAX_SCHEDULES, MAX_SCHEDULES_OF_A_VIEW, Problem, Schedule, ScheduleFields, View, ViewRef},
        events::{SAVED_VIEW_SCHEDULE_DELETED, SAVED_VIEW_SCHEDULE_SET},
        rows,
    },
};

const NO_ZONE: &str = "an IANA time zone is expected, as in Europe/London";

/// Input of a schedule. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleSet {
    #[serde(skip)]
    pub idempotency_key: String,
    /// The schedule to change; `None` creates one.
    pub id: Option<SavedViewScheduleId>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub view: SavedViewId,
    /// An empty time zone stands for that of the tenant.
    pub fields: ScheduleFields,
    /// Secret of the bucket; `None` keeps the stored one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKey>,
    pub is_paused: bool,
    /// API key of the calling program.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// Input of a deletion.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleDelete {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: SavedViewScheduleId,
}

/// A schedule with its view.
#[derive(Clone)]
pub struct ScheduleWithView {
    pub view: Option<View>,
    pub schedule: Option<Schedule>,
}

impl SavedViews {
    /// Creates or replaces a schedule of a view: it has the rights of the caller who set it last.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn set_schedule(
        &self,
        permit: ManagePermit,
        input: ScheduleSet,
        mode: Mode,
    ) -> Result<CallResult<ScheduleWithView>, SavedViewError> {
        let mut problems = input.fields.problems();
        let zone = &input.fields.rule.time_zone;
        if !zone.is_empty() && !clock::is_time_zone(zone) {
            problems.push(Problem::Invalid { message: NO_ZONE, name: "timeZone" });
        }
        check_shape_with(&input, problems)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_schedule_set(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_schedule_set(
        &self,
        work: &mut Work,
        permit: &ManagePermit,
        input: &ScheduleSet,
    ) -> Result<CallResult<ScheduleWithView>, SavedViewError> {
        let key = key_of(permit, "savedViewScheduleSet", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            let schedule = match receipt.schedule {
                Some(id) => rows::schedule(work, id).await?,
                None => None,
            };
            let view = rows::view(work, &ViewRef::Id(receipt.view)).await?;
            return Ok(CallResult { value: ScheduleWithView { view, schedule }, seq: receipt.seq, is_replayed: true });
        }
        let (view, before) = lock_view_and_schedule(work, input).await?;
        let fields = self.validated_fields(work, permit, &view, input).await?;
        check_state(work, input, before.as_ref()).await?;
        let id = before.as_ref().map_or_else(|| self.0.clock.id(), |before| before.id);
        let sealed = self.sealed_secret(permit, input, (id, before.as_ref()))?;
        let schedule = self.build_schedule(permit, input, (id, fields, sealed), before);
        if schedule.version == 1 {
            rows::insert_schedule(work, &schedule).await?;
        } else {
            rows::update_schedule(work, &schedule).await?;
        }
        let extra = CreatedExtra { schedule: Some(schedule.id), ..CreatedExtra::default() };
        let acted = end_with(work, (&key, SAVED_VIEW_SCHEDULE_SET), view, extra, schedule.updated_at).await?;
        let CallResult { value: view, seq, is_replayed } = acted;
        Ok(CallResult { value: ScheduleWithView { view, schedule: Some(schedule) }, seq, is_replayed })
    }

    /// Returns the fields to store for an input, with the time zone that it implies.
    async fn validated_fields(
        &self,
        work: &Work,
        permit: &ManagePermit,
        view: &View,
        input: &ScheduleSet,
    ) -> Result<ScheduleFields, SavedViewError> {
        let mut fields = input.fields.clone();
        if fields.rule.time_zone.is_empty() {
            fields.rule.time_zone = rows::tenant_zone(work).await?;
        }
        if !clock::is_time_zone(&fields.rule.time_zone) {
            return Err(SavedViewRefusal::Field(Problem::Invalid { message: NO_ZONE, name: "timeZone" }).into());
        }
        let mut refusals = Refusals::default();
        refusals.extend(fields.problems().into_iter().map(SavedViewRefusal::Field));
        self.check_readable(permit, view, &fields.variables, &mut refusals).await?;
        let problem = self.engine()?.table_problem(&view.fields.document, fields.rows.as_deref());
        refusals.extend(problem.map(SavedViewRefusal::NoTable));
        let endpoint_problem = fields.bucket.as_ref().and_then(|bucket| self.0.buckets.endpoint_problem(bucket));
        refusals.extend(endpoint_problem.map(SavedViewRefusal::Endpoint));
        refusals.end(Stage::Value)?;
        fields.emails = distinct_addresses(&fields.emails);
        fields.members = fields.members.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        Ok(fields)
    }

    /// Returns the sealed secret of the bucket: the input's, or the stored one.
    fn sealed_secret(
        &self,
        permit: &ManagePermit,
        input: &ScheduleSet,
        (id, before): (SavedViewScheduleId, Option<&Schedule>),
    ) -> Result<Option<Vec<u8>>, SavedViewError> {
        let Some(bucket) = &input.fields.bucket else { return Ok(None) };
        let stored =
            (before.and_then(|before| before.fields.bucket.as_ref()), before.and_then(|before| before.sealed.as_deref()));
        let row = rows::bucket_row(permit.tenant(), id);
        let sealed = self.0.buckets.seal(row, (bucket, input.secret.as_ref()), stored)?;
        Ok(Some(sealed.map_err(SavedViewRefusal::Bucket)?))
    }

    /// Returns the schedule to store, without the run state of the one before.
    fn build_schedule(
        &self,
        permit: &ManagePermit,
        input: &ScheduleSet,
        (id, fields, sealed): (SavedViewScheduleId, ScheduleFields, Option<Vec<u8>>),
        before: Option<Schedule>,
    ) -> Schedule {
        let now = self.0.clock.now();
        let next = next_run(&fields.rule, now);
        Schedule {
            id,
            view: input.view,
            fields,
            status: if input.is_paused { ScheduleStatus::Paused } else { ScheduleStatus::Active },
            maker: permit.actor(),
            key: input.key,
            failures: 0,
            run: None,
            last_run_at: before.as_ref().and_then(|before| before.last_run_at),
            last_error: None,
            last_hash: None,
            next_run_at: (!input.is_paused).then_some(next),
            version: before.as_ref().map_or(1, |before| before.version + 1),
            created_at: before.as_ref().map_or(now, |before| before.created_at),
            updated_at: now,
            last_file: before.as_ref().and_then(|before| before.file_for(input.key)),
            sealed,
        }
    }

    /// Deletes a schedule.
    pub async fn delete_schedule(&self, permit: ManagePermit, input: ScheduleDelete, mode: Mode) -> ChangeResult {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_schedule_delete(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_schedule_delete(&self, work: &mut Work, permit: &ManagePermit, input: &ScheduleDelete) -> ChangeResult {
        let key = key_of(permit, "savedViewScheduleDelete", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt).await;
        }
        let schedule = rows::schedule(work, input.id).await?.ok_or(SavedViewRefusal::NoSchedule)?;
        let view = rows::lock_view(work, schedule.view).await?.ok_or(SavedViewRefusal::NoSchedule)?;
        if rows::remove_schedule(work, schedule.id).await? == 0 {
            return Err(SavedViewRefusal::NoSchedule.into());
        }
        end(work, (&key, SAVED_VIEW_SCHEDULE_DELETED), view, self.0.clock.now()).await
    }

    /// The schedules of a view, the oldest first.
    pub async fn schedules(&self, permit: &ManagePermit, view: SavedViewId) -> Result<Vec<Schedule>, Fault> {
        rows::schedules_of(&permit.scope(&self.0.db), view).await
    }
}

/// Refuses an invalid idempotency key, and fields or a bucket of a wrong form.
fn check_shape_with(input: &ScheduleSet, problems: Vec<Problem>) -> Result<(), SavedViewError> {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(SavedViewRefusal::BadKey));
    refusals.extend(problems.into_iter().map(SavedViewRefusal::Field));
    if let Some(bucket) = &input.fields.bucket {
        let problems = bucket.problems_with(input.secret.as_ref(), input.id.is_some());
        refusals.extend(problems.into_iter().map(SavedViewRefusal::Bucket));
    }
    refusals.end(Stage::Shape).map_err(SavedViewError::from)
}

/// Returns the view, and the schedule to change; `None` if one is created. Both are locked.
async fn lock_view_and_schedule(work: &Work, input: &ScheduleSet) -> Result<(View, Option<Schedule>), SavedViewError> {
    let mut refusals = Refusals::default();
    // Lock order: the view first, as in its deletion.
    let view = rows::lock_view(work, input.view).await?;
    let before = match input.id {
        Some(id) => rows::lock_schedule(work, id).await?.filter(|schedule| schedule.view == input.view),
        None => None,
    };
    if input.id.is_some() && before.is_none() {
        refusals.add(SavedViewRefusal::NoSchedule);
    }
    if view.is_none() {
        refusals.add(SavedViewRefusal::NoView);
    }
    for (index, member) in input.fields.members.iter().enumerate() {
        if !rows::is_active_member(work, *member).await? {
            refusals.add(SavedViewRefusal::NoMember(index));
        }
    }
    refusals.end(Stage::Reference)?;
    Ok((view.ok_or(SavedViewRefusal::NoView)?, before))
}

/// Refuses another version than the one that was read, and one schedule more than may be.
async fn check_state(work: &Work, input: &ScheduleSet, before: Option<&Schedule>) -> Result<(), SavedViewError> {
    let mut refusals = Refusals::default();
    match (before, input.expected_version) {
        (Some(_), None) => refusals.add(SavedViewRefusal::NoVersion),
        (Some(before), Some(version)) if version != before.version => {
            refusals.add(SavedViewRefusal::StaleSchedule(before.version));
        }
        (Some(_), Some(_)) => {}
        (None, _) => {
            if rows::schedules_of(work, input.view).await?.len() >= MAX_SCHEDULES_OF_A_VIEW {
                refusals.add(SavedViewRefusal::TooManySchedulesOfView);
            }
            if rows::count_schedules(work).await? >= MAX_SCHEDULES {
                refusals.add(SavedViewRefusal::TooManySchedules);
            }
        }
    }
    refusals.end(Stage::State).map_err(SavedViewError::from)
}
