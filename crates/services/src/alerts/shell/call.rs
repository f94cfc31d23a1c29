//! Start and end of calls on alerts and rules.

use platform::storage::{
    Work, dry_run,
    idempotency::{self, Acted},
};

use super::refusal::{AlertError, AlertRefusal};

/// Refuses an invalid idempotency key.
pub(super) fn check_key(key: &str) -> Result<(), AlertError> {
    idempotency::check_key(key).map_err(|why| AlertRefusal::BadKey(why).into())
}

/// Commits a change; rolls back a refusal, a dry run and a replayed call.
pub(super) async fn settle<T>(work: Work, done: Result<Acted<T>, AlertError>) -> Result<Acted<T>, AlertError> {
    match &done {
        Ok(acted) if !dry_run::is_on() && acted.seq.is_some() && !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    done
}
