//! Mutations that set, run and remove export schedules.

use async_graphql::Context;
use macros::resolvers;
use platform::{path, storage::idempotency::CallResult};
use services::export_schedules::{
    ExportSchedules,
    core::{MAX_SCHEDULES, Problem},
    events::{EXPORT_SCHEDULE_DELETED, EXPORT_SCHEDULE_REQUESTED, EXPORT_SCHEDULE_SET},
    shell::{ExportScheduleRefusal, ScheduleResult},
};

use super::{
    inputs::{ExportScheduleDeleteInput, ExportScheduleRunInput, ExportScheduleSetInput},
    schedule::ExportSchedule,
};
use crate::{
    access::KeyUse,
    buckets::{bucket_error, bucket_path},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::read,
        refusal::{ErrorCode, Path, UserError, try_user_errors_of},
        scalars::Long,
    },
    payload,
};

payload!(ExportSchedulePayload, export_schedule: ExportSchedule, "export schedule");

impl ExportSchedulePayload {
    fn of(outcome: ScheduleResult) -> Answer<Self> {
        let CallResult { value, seq, is_replayed } = match outcome {
            Ok(acted) => acted,
            Err(error) => return Ok(try_user_errors_of(error, refusal_error)?.into()),
        };
        Ok(Self {
            export_schedule: value.map(ExportSchedule::from),
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

/// Refusals are data; a missing permission is a top-level error.
fn refusal_error(refusal: ExportScheduleRefusal) -> Result<UserError, TopError> {
    Ok(match refusal {
        ExportScheduleRefusal::Denied(denied) => return Err(denied.into()),
        ExportScheduleRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        ExportScheduleRefusal::Field(problem) => problem_error(problem),
        ExportScheduleRefusal::Bucket(problem) => bucket_error(problem),
        ExportScheduleRefusal::NotFound => UserError::not_found("export schedule", input_path("id")),
        ExportScheduleRefusal::Endpoint(message) => UserError::new(ErrorCode::Invalid, message, bucket_path("endpoint")),
        ExportScheduleRefusal::TooMany => {
            let message = format!("at most {MAX_SCHEDULES} export schedules are kept: remove one");
            UserError::new(ErrorCode::LimitExceeded, message, path!["input"])
        }
        ExportScheduleRefusal::NoVersion => {
            let message = "the version of the schedule as it was read is needed to change it";
            UserError::new(ErrorCode::Required, message, input_path("expectedVersion"))
        }
        ExportScheduleRefusal::Stale(actual) => UserError::version_conflict("schedule", actual),
        ExportScheduleRefusal::Paused => {
            let message = "the schedule is paused: set it again to let it run";
            UserError::new(ErrorCode::InvalidState, message, input_path("id"))
        }
        ExportScheduleRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
    })
}

fn problem_error(problem: Problem) -> UserError {
    match problem {
        Problem::Invalid { message, name } => UserError::new(ErrorCode::Invalid, message, input_path(name)),
        Problem::OutOfRange { message, name } => UserError::new(ErrorCode::OutOfRange, message, input_path(name)),
        Problem::TooLong { most, name } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), input_path(name))
        }
        Problem::Missing { message, name } => UserError::new(ErrorCode::Required, message, input_path(name)),
    }
}

/// The root fields that change export schedules.
#[derive(Default)]
pub struct ExportScheduleMutation;

#[resolvers]
impl ExportScheduleMutation {
    /// Makes a schedule by which rows are exported, or puts another in the place of one. Each run has your rights as they are then; the permission to
    /// read the rows is needed, too. At most 50 schedules of a tenant are kept.
    #[mutation(permit = ExchangeRun, emits(EXPORT_SCHEDULE_SET), dry_run)]
    async fn export_schedule_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Schedule.")] input: ExportScheduleSetInput,
    ) -> Answer<ExportSchedulePayload> {
        let key = ctx.data_opt::<KeyUse>().map(|used| used.key);
        let input = match read(|reader| input.read(key, reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        ExportSchedulePayload::of(Box::pin(ctx.required_data::<ExportSchedules>()?.set(permit, input, dry_run)).await)
    }

    /// Begins a run of an export schedule now, beside those that it has by its rule. A run that is under way is not begun once more, unless all rows are
    /// asked for.
    #[mutation(permit = ExchangeRun, emits(EXPORT_SCHEDULE_REQUESTED), dry_run)]
    async fn export_schedule_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Run.")] input: ExportScheduleRunInput,
    ) -> Answer<ExportSchedulePayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        ExportSchedulePayload::of(Box::pin(ctx.required_data::<ExportSchedules>()?.request(permit, input, dry_run)).await)
    }

    /// Removes an export schedule. Files that it has written stay where they are.
    #[mutation(permit = ExchangeRun, emits(EXPORT_SCHEDULE_DELETED), dry_run)]
    async fn export_schedule_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Schedule.")] input: ExportScheduleDeleteInput,
    ) -> Answer<ExportSchedulePayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        ExportSchedulePayload::of(Box::pin(ctx.required_data::<ExportSchedules>()?.delete(permit, input, dry_run)).await)
    }
}
