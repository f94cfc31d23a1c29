//! Commands for an emergency: end sessions, end a job that cannot go on.

use entity::prelude::*;
use iam::identity::end_sessions;
use platform::{
    audit::{self, AuditWriter, Target},
    clock::Clock,
    jobs, secrets,
    storage::{Database, Fault, GlobalWork, Reads, Row, Work},
};
use services::exchange;

use super::{StartError, migrated, say};
use crate::config::{JobAction, KeysOf, SessionsAction};

/// `entrepot sessions`.
pub async fn sessions(action: SessionsAction) -> Result<(), StartError> {
    let SessionsAction::End { of, tenant: slug, all: _ } = action;
    let (clock, mut ended, mut count) = (Clock::system(), 0, 0);
    let (db, audit_writer) = opened(&of, &clock).await?;
    for tenant in tenants(&db, slug.as_deref()).await? {
        let work = GlobalWork::from(db.global().maintenance_for(tenant).await?);
        let sessions = end_sessions(&work, tenant, clock.now()).await?;
        let changes = serde_json::json!({ "sessions": sessions });
        record(&audit_writer, work.tenant(), "session.end.all", Target::of(tenant), &changes).await?;
        work.commit().await?;
        ended += sessions;
        count += 1;
    }
    say(&format!(
        "{ended} session(s) of {count} tenant(s) are ended, with their refresh tokens; running nodes notice within five seconds"
    ))?;
    say("API keys are not sessions: revoke them with apiKeyRevoke, or all of them with `entrepot epoch --revoke-keys`")?;
    db.close().await?;
    Ok(())
}

/// `entrepot job`.
pub async fn job(action: JobAction) -> Result<(), StartError> {
    let JobAction::Drop { of, id, reason } = action;
    let clock = Clock::system();
    let (db, audit_writer) = opened(&of, &clock).await?;
    let job = jobs::find_anywhere(&db.global(), id).await?.ok_or_else(|| Fault::Broken(format!("there is no job {id}")))?;
    if job.period.is_some() {
        let why = format!("{id} ({}) is a standing job, which comes again by itself: it cannot be dropped", job.kind);
        return Err(Fault::Broken(why).into());
    }
    let mut work = db.global().maintenance_for(job.tenant).await?;
    if !jobs::abandon(&work, id, &format!("dropped by the operator: {reason}"), clock.now()).await? {
        let why = format!("{id} ({}) is {} already: only a job that waits or runs is dropped", job.kind, job.state.as_str());
        work.rollback().await?;
        return Err(Fault::Broken(why).into());
    }
    let has_exchange = exchange::job_dropped(&mut work, (&job.kind, &job.payload), &clock).await?;
    let changes = serde_json::json!({ "kind": job.kind, "reason": reason });
    record(&audit_writer, &work, "job.drop", Target::of(id), &changes).await?;
    work.commit().await?;
    let next = if has_exchange { "its exchange is cancelled: ask for it anew" } else { "jobRetry begins it again" };
    say(&format!("{id} ({}) is dropped; {next}", job.kind))?;
    db.close().await?;
    Ok(())
}

async fn opened(of: &KeysOf, clock: &Clock) -> Result<(Database, AuditWriter), StartError> {
    let url = &of.database.database_url;
    let db = migrated(url, of.database.options()).await?;
    let ring = secrets::open(&db, &of.keys.source(url), clock).await?;
    Ok((db, AuditWriter::new(ring, clock.clone())))
}

/// The tenant with this slug, or all.
async fn tenants(db: &Database, slug: Option<&str>) -> Result<Vec<TenantId>, Fault> {
    let rows = match slug {
        Some(slug) => db.global().rows("SELECT id FROM tenant WHERE slug = $1", vec![slug.into()]).await?,
        None => db.global().rows("SELECT id FROM tenant ORDER BY slug, id", vec![]).await?,
    };
    match slug {
        Some(slug) if rows.is_empty() => Err(Fault::Broken(format!("there is no tenant {slug}"))),
        _ => rows.iter().map(|row| Row::new(row).take()).collect(),
    }
}

/// The operator is the system; the tenant's own log has the act, in the transaction of what it is about.
async fn record(
    audit_writer: &AuditWriter,
    work: &Work,
    action: &str,
    target: Target,
    changes: &serde_json::Value,
) -> Result<(), Fault> {
    let entry = audit_writer.of_the_system(Reads::tenant(work), action, Some(target), "command line", changes.to_string());
    work.write(audit::rows::waiting(audit_writer, [(entry, None)])).await
}
