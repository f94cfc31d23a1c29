//! Removal of old events of the journal, and of old attempts.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::{
    jobs::Lease,
    storage::{Backend, Database, Fault, Reads, Row, Work, journal},
};

use super::service::Webhooks;
use crate::webhooks::rows::{
    deliveries::{self, OldAttempts},
    endpoints,
};

/// Retention of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalRetention {
    /// Minimum age of removed events.
    pub seconds: i64,
    /// Additional retention of events that an endpoint has not received yet, or that alerts have
    /// not processed; after it they are deleted all the same.
    pub grace_seconds: i64,
    /// On Postgres, no event and no attempt is removed by its age: months leave only by
    /// `backups::archive_months`, after they were written and read back.
    pub until_archived: bool,
}
impl Default for JournalRetention {
    fn default() -> Self {
        Self { seconds: 7 * 24 * 3600, grace_seconds: 7 * 24 * 3600, until_archived: false }
    }
}

impl JournalRetention {
    /// Whether rows of a table that is parted by month leave with their month alone. SQLite has no months.
    fn waits_for_archive(self, db: &Database) -> bool {
        self.until_archived && db.backend() == Backend::Postgres
    }
}

/// Retention of attempts and settled messages.
const LOG_RETENTION_SECONDS: i64 = 30 * 24 * 3600;
/// Additional age up to which attempts are searched for answers to empty, so that months of empty
/// ones are not read each hour.
const EMPTYING_WINDOW_SECONDS: i64 = 7 * 24 * 3600;
/// Maximum rows that one transaction removes: the counter's row is locked meanwhile, and writers
/// wait.
const PAGE: u32 = 1_000;

impl Webhooks {
    /// Removes attempts and settled messages older than a month, and secrets that no longer sign;
    /// returns the number of rows. If months are archived, their attempts stay until then, without
    /// the responses of the receivers.
    pub async fn forget_old(&self, keep: JournalRetention) -> Result<u64, Fault> {
        let (global, now) = (self.0.db.global(), self.0.clock.now());
        let before = now.plus_seconds(-LOG_RETENTION_SECONDS);
        let old = if keep.waits_for_archive(&self.0.db) {
            OldAttempts::Emptied { since: before.plus_seconds(-EMPTYING_WINDOW_SECONDS) }
        } else {
            OldAttempts::Removed
        };
        let mut removed = 0;
        for tenant in deliveries::tenants_to_clear(&global, before, old, now).await? {
            loop {
                let work = global.maintenance_for(tenant).await?;
                endpoints::delete_expired_secrets(&work, now).await?;
                let page = deliveries::clear_old(&work, before, old, i64::from(PAGE)).await?;
                work.commit().await?;
                removed += page;
                if page < u64::from(PAGE) {
                    break;
                }
            }
        }
        Ok(removed)
    }

    /// Removes the events of all tenants that are old, measured from the newest event of the
    /// deployment, the oldest first, and moves the journal's low mark in the same transaction;
    /// returns the number. Removes none if months are archived: an event in the table is then of a
    /// month that is not archived, since archiving detaches a month before it is written.
    pub async fn trim(&self, lease: Lease, keep: JournalRetention) -> Result<u64, Fault> {
        if keep.waits_for_archive(&self.0.db) {
            return Ok(0);
        }
        let global = self.0.db.global();
        let Some(newest) = newest_event(&global).await? else { return Ok(0) };
        // A clock that is ahead of all writers does not age events.
        let now = self.0.clock.now().min(newest);
        let before = now.plus_seconds(-keep.seconds);
        let mut removed = 0;
        for tenant in with_old_events(&global, before).await? {
            loop {
                let work = global.maintenance_for(tenant).await?;
                lease.guard(&work).await?;
                let page = trim_page(&work, before, now.plus_seconds(-keep.seconds - keep.grace_seconds)).await?;
                work.commit().await?;
                removed += page;
                if page < u64::from(PAGE) {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// Seq of a tenant's last event of a month.
#[derive(Record)]
struct LastEvent {
    #[record(sql = "tenant_id")]
    tenant: TenantId,
    #[record(sql = "max(seq)")]
    last: i64,
}

/// Moves the low mark of journals behind a month that is about to leave the database, so that
/// readers from before its end are told that events are missing. Skips tenants whose webhooks or
/// alerts have not processed the month, unless it ended before `at_all`; returns their number.
pub async fn release_month(db: &Database, from: Timestamp, to: Timestamp, at_all: Timestamp) -> Result<u64, Fault> {
    let global = db.global();
    let sql = format!(
        "SELECT {} FROM event WHERE recorded_at >= $1 AND recorded_at < $2 GROUP BY tenant_id ORDER BY tenant_id",
        LastEvent::SELECT
    );
    let mut waiting = 0;
    for LastEvent { tenant, last } in global.records::<LastEvent>(&sql, vec![from.micros().into(), to.micros().into()]).await? {
        let work = global.maintenance_for(tenant).await?;
        if to > at_all && first_needed(&work).await?.is_some_and(|needed| needed <= last) {
            work.rollback().await?;
            waiting += 1;
            continue;
        }
        let sql = "UPDATE tenant_counter SET low_seq = $2 WHERE tenant_id = $1 AND low_seq < $2";
        work.execute(sql, vec![last.into()]).await?;
        work.commit().await?;
    }
    Ok(waiting)
}

/// Returns the time of the last event of all tenants, as its writer recorded it.
async fn newest_event(global: &platform::storage::Global) -> Result<Option<Timestamp>, Fault> {
    let sql = "SELECT max(e.recorded_at) FROM tenant_counter c JOIN event e ON e.tenant_id = c.tenant_id AND e.seq = c.head";
    global.rows(sql, vec![]).await?.first().map_or(Ok(None), Row::scalar)
}

/// Returns the tenants whose oldest stored event is old enough.
async fn with_old_events(global: &platform::storage::Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT c.tenant_id FROM tenant_counter c JOIN event e ON e.tenant_id = c.tenant_id AND e.seq = c.low_seq + 1
               WHERE e.recorded_at < $1 ORDER BY c.tenant_id";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(Row::scalar).collect()
}

/// Removes events from the oldest on, up to the first young one. Numbers follow the order of
/// commits: an event with an old time that was committed recently comes after young ones, and
/// stays.
async fn trim_page(work: &Work, before: Timestamp, at_all: Timestamp) -> Result<u64, Fault> {
    let low = journal::head(work).await?.low;
    let events = journal::headers_after(work, low, PAGE).await?;
    let needed = first_needed(work).await?;
    let is_over = |event: &&journal::EventHeader| {
        event.recorded_at < before && (needed.is_none_or(|needed| event.seq < needed) || event.recorded_at < at_all)
    };
    let Some(last) = events.iter().take_while(is_over).last().map(|event| event.seq) else { return Ok(0) };
    let sql = "UPDATE tenant_counter SET low_seq = $2 WHERE tenant_id = $1 AND low_seq < $2";
    if work.execute(sql, vec![last.into()]).await? == 0 {
        return Ok(0);
    }
    work.execute("DELETE FROM event WHERE tenant_id = $1 AND seq <= $2", vec![last.into()]).await
}

/// Returns the first event that an enabled endpoint has not processed or not received, or that
/// alerts have not processed.
async fn first_needed(work: &Work) -> Result<Option<i64>, Fault> {
    let sql = "SELECT min(least_seq) FROM (
                 SELECT journal_seq + 1 AS least_seq FROM webhook_endpoint WHERE tenant_id = $1 AND disabled_at IS NULL
                 UNION ALL SELECT journal_seq + 1 FROM alert_follower WHERE tenant_id = $1
                 UNION ALL SELECT d.seq FROM webhook_delivery d JOIN webhook_endpoint e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
                 WHERE d.tenant_id = $1 AND d.state = 'PENDING' AND e.disabled_at IS NULL) n";
    let rows = work.rows(sql, vec![]).await?;
    rows.first().map_or(Ok(None), Row::scalar)
}
