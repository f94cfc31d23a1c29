//! Payloads of mutations of waves.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::FulfilmentWorkId;
use iam::access::kind;
use inventory::{
    fulfilment::shell::{WaveError, WaveRefusal, WaveResult, WaveStepResult, WaveWorkRefusal},
    ledger::SubmitResult,
};
use platform::{path, storage::TenantScope};

use super::{payload::load_works, visibility::covers, wave::FulfilmentWave, work::FulfilmentWork};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        refusal::{ErrorCode, Path, UserError, truncate_errors},
        scalars::Long,
    },
    payload,
    stock::{receipt, user_errors_of_stop},
};

payload!(FulfilmentWavePayload, wave: FulfilmentWave, "wave");

/// Result of a step for one work of a wave.
#[derive(SimpleObject)]
pub struct FulfilmentWaveResult {
    /// ID of the work.
    pub work_id: ID,
    /// Work as it is after the step; null when the step was refused, or when you may not see the work.
    pub work: Option<FulfilmentWork>,
    /// Reasons for which the step was refused for the work, with the paths of the mutation that does the step for one work; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Result of a step of a wave: works are refused one by one, and keep no other work back.
#[derive(SimpleObject, Default)]
pub struct FulfilmentWaveStepPayload {
    /// The wave as it is now; null when the call was refused, or when you may not see the wave.
    pub wave: Option<FulfilmentWave>,
    /// Results for the works, in the order of the wave; empty when the call was refused. Works that were rejected or cancelled before are not packed or
    /// shipped, and are left out.
    pub results: Vec<FulfilmentWaveResult>,
    /// Reasons for which the call was refused; empty when it was carried out, also where works were refused.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key, and no work was changed now.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for FulfilmentWaveStepPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl FulfilmentWavePayload {
    pub(super) async fn of(ctx: &Context<'_>, _scope: &TenantScope, outcome: Result<WaveResult, WaveError>) -> Answer<Self> {
        let WaveResult { wave, works, seq, is_replayed } = match outcome {
            Ok(outcome) => outcome,
            Err(stop) => return Ok(wave_errors(ctx, stop, "works").await?.into()),
        };
        let wave = visible_wave(ctx, FulfilmentWave::new(wave, works));
        Ok(Self { wave, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
    }
}

impl FulfilmentWaveStepPayload {
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, outcome: Result<WaveStepResult, WaveError>) -> Answer<Self> {
        let WaveStepResult { wave, works, parts, mut seq, is_replayed } = match outcome {
            Ok(outcome) => outcome,
            Err(stop) => return Ok(wave_errors(ctx, stop, "found").await?.into()),
        };
        let mut results = Vec::with_capacity(parts.len());
        for (id, outcome) in parts {
            let (result, last) = match result_of(ctx, scope, (id, outcome)).await {
                Ok(step_result) => step_result,
                Err(error) => (fault_result(id, error)?, None),
            };
            results.push(result);
            seq = seq.max(last);
        }
        let wave = visible_wave(ctx, FulfilmentWave::new(wave, works));
        Ok(Self { wave, results, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
    }
}

/// The wave, if the caller may see works of its store.
fn visible_wave(ctx: &Context<'_>, wave: FulfilmentWave) -> Option<FulfilmentWave> {
    let permit = ctx.permit::<kind::FulfilmentRead>().ok()?;
    (permit.channel().is_none() && permit.covers(wave.row().store)).then_some(wave)
}

/// Returns the result of a step of a work, and the `seq` of its last event.
async fn result_of(
    ctx: &Context<'_>,
    scope: &TenantScope,
    (id, outcome): (FulfilmentWorkId, SubmitResult),
) -> Answer<(FulfilmentWaveResult, Option<i64>)> {
    let work_id = ID(id.to_string());
    let mut receipt = match receipt(ctx, outcome).await? {
        Ok(receipt) => receipt,
        Err(user_errors) => return Ok((FulfilmentWaveResult { work_id, work: None, user_errors }, None)),
    };
    let work = load_works(scope, &mut receipt).await?.into_iter().next();
    let permit = ctx.permit::<kind::FulfilmentRead>().ok();
    let work = work.filter(|work| permit.as_ref().is_some_and(|permit| covers(permit, work.row())));
    Ok((FulfilmentWaveResult { work_id, work, user_errors: Vec::new() }, receipt.seq))
}

/// Reports a fault of one work as its user error, so that it does not hide the results of others.
/// Other errors end the call.
fn fault_result(id: FulfilmentWorkId, error: TopError) -> Answer<FulfilmentWaveResult> {
    let code = match error {
        TopError::Overloaded | TopError::Unavailable | TopError::Unwritable => ErrorCode::Unavailable,
        TopError::Internal => ErrorCode::Internal,
        other => return Err(other),
    };
    let user_error = UserError::new(code, format!("{error}: send the same call with the same key"), Vec::new());
    Ok(FulfilmentWaveResult { work_id: ID(id.to_string()), work: None, user_errors: vec![user_error] })
}

/// Returns the errors of a call about a wave that was refused; `list` is the place at which it
/// names works.
async fn wave_errors(ctx: &Context<'_>, stop: WaveError, list: &str) -> Answer<Vec<UserError>> {
    match stop {
        WaveError::Call(stop) => Ok(user_errors_of_stop(ctx, stop).await?),
        WaveError::Refused(refusals) => {
            Ok(truncate_errors(refusals.into_iter().map(|refusal| wave_refusal_error(refusal, list))))
        }
    }
}

fn wave_refusal_error(refusal: WaveRefusal, list: &str) -> UserError {
    let at = |field: &str| -> Path { path!["input", field] };
    match refusal {
        WaveRefusal::KeyReused => UserError::key_reused(at("idempotencyKey")),
        WaveRefusal::NoStore => UserError::not_found("store", at("store")),
        WaveRefusal::NoWave => UserError::not_found("wave", at("id")),
        WaveRefusal::Closed => UserError::new(ErrorCode::InvalidState, "the wave is closed", at("id")),
        WaveRefusal::NoWorks => {
            UserError::new(ErrorCode::InvalidState, "there is no ACCEPTED work to put into a wave: accept one first", at("works"))
        }
        WaveRefusal::TooManyWorks { most } => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {most} works are taken"), at(list))
        }
        WaveRefusal::TooManyLines { most } => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {most} lines are taken"), at(list))
        }
        WaveRefusal::Work(index, reason) => {
            let field: Path = path!["input", list, index];
            match reason {
                WaveWorkRefusal::Unknown => UserError::not_found("work", field),
                WaveWorkRefusal::Twice => UserError::new(ErrorCode::Invalid, "this work occurs twice", field),
                WaveWorkRefusal::Status(status) => {
                    let message = format!("the work is {}: only ACCEPTED works are put into a wave", status.as_str());
                    UserError::new(ErrorCode::InvalidState, message, field)
                }
                WaveWorkRefusal::Taken => UserError::new(ErrorCode::InUse, "the work is in another open wave", field),
            }
        }
    }
}
