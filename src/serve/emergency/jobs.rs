//! `entrepot job`: queued jobs of all tenants are listed, dropped and tried again.

use std::collections::HashMap;

use entity::prelude::*;
use iam::tenancy::suspension;
use platform::{
    audit::Target,
    clock::{self, Clock},
    jobs::{
        self,
        core::{Job, State},
    },
    storage::{Fault, is_suspended},
};
use services::exchange;

use super::operator::{find_tenants, open_with_audit, record};
use crate::{
    config::{DatabaseArgs, JobAction, KeysOf, ListedState},
    serve::{StartError, open_migrated, print_stdout},
};

pub async fn run(action: JobAction) -> Result<(), StartError> {
    match action {
        JobAction::List { database, tenant, state, first } => list(&database, tenant.as_deref(), state, first).await,
        JobAction::Retry { of: args, id } => retry(&args, id).await,
        JobAction::Drop { of: args, id, reason } => abandon(&args, id, &reason).await,
    }
}

async fn list(database: &DatabaseArgs, slug: Option<&str>, state: Option<ListedState>, limit: i64) -> Result<(), StartError> {
    let db = open_migrated(&database.database_url, database.options()).await?;
    let tenant = match slug {
        Some(_) => find_tenants(&db, slug).await?.pop(),
        None => None,
    };
    let states: &[State] = match state {
        Some(ListedState::Waiting) => &[State::Waiting],
        Some(ListedState::Running) => &[State::Running],
        Some(ListedState::Dead) => &[State::Dead],
        None => &[State::Waiting, State::Running, State::Dead],
    };
    let slugs: HashMap<TenantId, String> =
        suspension::all(&db.global()).await?.into_iter().map(|tenant| (tenant.id, tenant.slug)).collect();
    for job in jobs::list_across_tenants(&db.global(), tenant, states, limit).await? {
        let slug = slugs.get(&job.tenant).map_or("-", String::as_str);
        print_stdout(&line(&job, slug))?;
    }
    db.close().await?;
    Ok(())
}

/// ID, tenant, kind, state, when it is due, failures, and why it failed last, between tabs.
fn line(job: &Job, slug: &str) -> String {
    let problem = job.fault.as_deref().or(job.error.as_deref()).unwrap_or_default().replace(['\t', '\n', '\r'], " ");
    let due_text = clock::rfc3339(job.due_at);
    format!("{}\t{slug}\t{}\t{}\tdue {due_text}\t{} failure(s)\t{problem}", job.id, job.kind, job.state.as_str(), job.failures)
}

async fn retry(args: &KeysOf, id: JobId) -> Result<(), StartError> {
    let clock = Clock::system();
    let (db, audit_writer) = open_with_audit(args, &clock).await?;
    let job = jobs::find_across_tenants(&db.global(), id).await?.ok_or_else(|| unknown_job(id))?;
    let work = db.global().maintenance_for(job.tenant).await?;
    if jobs::revive(&work, id, clock.now()).await? == 0 {
        let message = format!("{id} ({}) is {}: only a DEAD job can be retried", job.kind, job.state.as_str());
        work.rollback().await?;
        return Err(Fault::Broken(message).into());
    }
    let changes = serde_json::json!({ "kind": job.kind });
    record(&audit_writer, &work, "job.retry", Target::of(id), &changes).await?;
    let waiting_note = if is_suspended(&work).await? { ", once its tenant is resumed" } else { "" };
    work.commit().await?;
    print_stdout(&format!("{id} ({}) waits for a worker{waiting_note}", job.kind))?;
    db.close().await?;
    Ok(())
}

async fn abandon(args: &KeysOf, id: JobId, reason: &str) -> Result<(), StartError> {
    let clock = Clock::system();
    let (db, audit_writer) = open_with_audit(args, &clock).await?;
    let job = jobs::find_across_tenants(&db.global(), id).await?.ok_or_else(|| unknown_job(id))?;
    if job.period.is_some() {
        let message = format!("{id} ({}) is a standing job, which is repeated automatically: it cannot be dropped", job.kind);
        return Err(Fault::Broken(message).into());
    }
    let mut work = db.global().maintenance_for(job.tenant).await?;
    if !jobs::abandon(&work, id, &format!("dropped by the operator: {reason}"), clock.now()).await? {
        let message = format!("{id} ({}) is {} already: only a job that waits or runs is dropped", job.kind, job.state.as_str());
        work.rollback().await?;
        return Err(Fault::Broken(message).into());
    }
    let has_exchange = exchange::cancel_dropped_job(&mut work, (&job.kind, &job.payload), &clock).await?;
    let changes = serde_json::json!({ "kind": job.kind, "reason": reason });
    record(&audit_writer, &work, "job.drop", Target::of(id), &changes).await?;
    work.commit().await?;
    let next_step = if has_exchange { "its exchange is cancelled: request it again" } else { "jobRetry starts it again" };
    print_stdout(&format!("{id} ({}) is dropped; {next_step}", job.kind))?;
    db.close().await?;
    Ok(())
}

fn unknown_job(id: JobId) -> Fault {
    Fault::Broken(format!("there is no job {id}"))
}
