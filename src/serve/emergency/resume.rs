//! `entrepot resume`: sends, or drops, the messages that were held after a restore.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables,
};
use inventory::{fulfilment, purchasing};
use platform::{
    audit::Target,
    clock::{self, Clock},
    jobs,
    storage::{Fault, Global, Work},
};
use services::{alerts, export_schedules, saved_views, webhooks};

use super::operator::{open_with_audit, record};
use crate::{
    config::ResumeArgs,
    serve::{StartError, job_registry::OUTGOING_JOBS, open_migrated, print_stdout},
};

/// Jobs that send an e-mail.
const EMAIL_JOBS: [&str; 4] =
    [alerts::EMAIL_JOB, purchasing::shell::KIND, fulfilment::shell::READY_EMAIL, saved_views::shell::STOPPED_JOB];
/// Jobs that carry a schedule's run out.
const SCHEDULED_JOBS: [&str; 2] = [saved_views::shell::SCHEDULE_JOB, export_schedules::shell::JOB];
/// Reason for which a job is dead, for its tenant.
const DROP_REASON: &str = "dropped by the operator after a restore: it may have been done before";

/// Pending messages and runs of a tenant.
#[derive(Record)]
struct Pending {
    #[record(of = tables::tenant, alias = "q", column = "id")]
    tenant: TenantId,
    #[record(of = tables::tenant, alias = "q")]
    slug: String,
    #[record(sql = "q.emails")]
    emails: i64,
    #[record(sql = "q.runs")]
    runs: i64,
    #[record(sql = "q.deliveries")]
    deliveries: i64,
    /// Unread events, summed over all endpoints: each may become a delivery.
    #[record(sql = "q.unread")]
    unread: i64,
    #[record(sql = "q.schedules")]
    schedules: i64,
}

impl Pending {
    fn is_any(&self) -> bool {
        [self.emails, self.runs, self.deliveries, self.unread, self.schedules].iter().any(|count| *count > 0)
    }

    /// Tenant, e-mails, deliveries, events, runs and schedules, between tabs.
    fn line(&self) -> String {
        let Self { slug, emails, runs, deliveries, unread, schedules, .. } = self;
        format!(
            "{slug}\t{emails} e-mail(s)\t{deliveries} webhook message(s)\t{unread} event(s) that webhooks have not read\t{runs} report or export run(s)\t{schedules} schedule(s) due"
        )
    }
}

pub async fn run(args: &ResumeArgs) -> Result<(), StartError> {
    let (clock, database) = (Clock::system(), &args.of.database);
    let db = open_migrated(&database.database_url, database.options()).await?;
    let Some(hold) = jobs::outgoing_hold(&db.global()).await? else {
        print_stdout("nothing is held")?;
        db.close().await?;
        return Ok(());
    };
    print_stdout(&format!("held since {}: {}", clock::rfc3339(hold.held_at), hold.reason))?;
    let pending = pending_by_tenant(&db.global(), clock.now()).await?;
    for tenant in &pending {
        print_stdout(&tenant.line())?;
    }
    if args.dry_run {
        print_stdout(&format!("{} tenant(s) have something that waits; nothing was changed", pending.len()))?;
    } else {
        if args.drop_pending {
            drop_all(args, &pending, hold.held_at, &clock).await?;
        }
        jobs::release_outgoing(&db.global()).await?;
        print_stdout("resumed: workers notice within seconds")?;
    }
    db.close().await?;
    Ok(())
}

/// Returns the pending counts of the tenants that have any, by slug.
async fn pending_by_tenant(global: &Global, now: Timestamp) -> Result<Vec<Pending>, Fault> {
    let backend = global.backend();
    let jobs = |kinds: usize| {
        format!(
            "(SELECT count(*) FROM job j WHERE j.tenant_id = t.id AND j.period IS NULL AND j.state IN ('WAITING', 'RUNNING') AND {})",
            backend.in_texts("j.kind", kinds)
        )
    };
    let sql = format!(
        "SELECT {select} FROM (SELECT t.id, t.slug,
           {emails} + (SELECT count(*) FROM alert_letter l WHERE l.tenant_id = t.id AND l.queued_at IS NULL AND l.due_at <= $3) AS emails,
           {runs} AS runs,
           (SELECT count(*) FROM webhook_delivery d WHERE d.tenant_id = t.id AND d.state = 'PENDING') AS deliveries,
           (SELECT CAST(coalesce(sum(c.head - e.journal_seq), 0) AS bigint) FROM webhook_endpoint e
              JOIN tenant_counter c ON c.tenant_id = e.tenant_id
              WHERE e.tenant_id = t.id AND e.disabled_at IS NULL AND e.journal_seq < c.head) AS unread,
           (SELECT count(*) FROM saved_view_schedule s WHERE s.tenant_id = t.id AND s.next_run_at <= $3)
             + (SELECT count(*) FROM export_schedule s WHERE s.tenant_id = t.id AND s.next_run_at <= $3) AS schedules
         FROM tenant t) q ORDER BY q.slug, q.id",
        select = Pending::SELECT,
        emails = jobs(1),
        runs = jobs(2)
    );
    let values = vec![backend.texts(EMAIL_JOBS), backend.texts(SCHEDULED_JOBS), now.micros().into()];
    let mut pending: Vec<Pending> = global.records(&sql, values).await?;
    pending.retain(Pending::is_any);
    Ok(pending)
}

/// Drops the messages of these tenants from before the hold, each tenant in a transaction of its
/// own with its line in the tenant's audit log. If it is interrupted, the deployment remains held,
/// and the command is run again.
async fn drop_all(args: &ResumeArgs, pending: &[Pending], held_at: Timestamp, clock: &Clock) -> Result<(), StartError> {
    let (db, audit_writer) = open_with_audit(&args.of, clock).await?;
    for Pending { tenant, slug, .. } in pending {
        let work = db.global().maintenance_for(*tenant).await?;
        let changes = drop_pending_work(&work, held_at, clock.now()).await?;
        record(&audit_writer, &work, "outgoing.drop", Target::of(*tenant), &changes).await?;
        work.commit().await?;
        print_stdout(&format!("{slug}\tdropped"))?;
    }
    db.close().await?;
    Ok(())
}

/// Drops what waits of a tenant since before the hold, and nothing that was made after it; how much it was, for its audit log.
async fn drop_pending_work(work: &Work, held_at: Timestamp, now: Timestamp) -> Result<serde_json::Value, Fault> {
    let jobs = jobs::abandon_all(work, OUTGOING_JOBS, DROP_REASON, held_at, now).await?;
    let emails = alerts::rows::discard_due_emails(work, held_at, now).await?;
    let deliveries = webhooks::drop_pending(work, held_at, now).await?;
    // Those that came due meanwhile stay due.
    let schedules = saved_views::shell::skip_due(work, held_at).await? + export_schedules::shell::skip_due(work, held_at).await?;
    Ok(serde_json::json!({ "jobs": jobs, "emails": emails, "deliveries": deliveries, "schedules": schedules }))
}
