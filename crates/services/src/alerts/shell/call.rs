//! Start and end of calls on alerts and rules.

use platform::storage::{
    Work, dry_run,
    idempotency::{self, CallResult},
};

use super::refusal::{AlertError, AlertRefusal};

/// Refuses an invalid idempotency key.
pub(super) fn check_key(key: &str) -> Result<(), AlertError> {
    idempotency::check_key(key).map_err(|error| AlertRefusal::BadKey(error).into())
}

/// Commits a change; rolls back a refusal, a dry run and a replayed call.
pub(super) async fn finish_work<T>(work: Work, outcome: Result<CallResult<T>, AlertError>) -> Result<CallResult<T>, AlertError> {
    match &outcome {
        Ok(result) if !dry_run::is_on() && result.seq.is_some() && !result.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    outcome
}
