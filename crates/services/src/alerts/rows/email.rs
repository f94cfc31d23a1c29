//! Rows of e-mails to send: one for each alert and recipient.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::alert_letter,
};
use platform::storage::{Fault, Finds, Global, LockOrder, Reads, Row, Rows, SUSPENDED, Work};

/// Lock order of `find_due_emails`.
const LOCKS: LockOrder = LockOrder::for_update("alert_letter", "recipient, alert_id");

#[derive(Record)]
#[record(of = alert_letter)]
struct NewEmail {
    alert_id: AlertId,
    recipient: String,
    due_at: Timestamp,
}

/// Inserts a row for each e-mail of a new alert: alert, recipient, due time.
pub async fn insert_emails(work: &Work, emails: &[(AlertId, String, Timestamp)]) -> Result<(), Fault> {
    let mut rows = Rows::<NewEmail>::insert(work.tenant());
    for (alert, recipient, due_at) in emails {
        rows.push(NewEmail { alert_id: *alert, recipient: recipient.clone(), due_at: *due_at });
    }
    work.write(rows.into()).await
}

/// Returns the tenants that have due e-mails.
pub async fn tenants_due(global: &Global, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT DISTINCT tenant_id FROM alert_letter WHERE queued_at IS NULL AND due_at <= $1 AND tenant_id NOT IN {SUSPENDED}"
    );
    global.rows(&sql, vec![now.micros().into()]).await?.iter().map(Row::scalar).collect()
}

/// E-mail that is due.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = alert_letter, alias = "l")]
pub struct DueEmail {
    pub recipient: String,
    #[record(column = "alert_id")]
    pub alert: AlertId,
}

/// Reads a page of due e-mails, locked until the transaction ends and ordered by recipient.
pub async fn find_due_emails(work: &Work, now: Timestamp, limit: i64) -> Result<Vec<DueEmail>, Fault> {
    let sql = format!(
        "SELECT {} FROM alert_letter l WHERE l.tenant_id = $1 AND l.queued_at IS NULL AND l.due_at <= $2
         ORDER BY l.recipient, l.alert_id LIMIT $3{}",
        DueEmail::SELECT,
        work.backend().for_update("l")
    );
    work.records(&sql, vec![now.micros().into(), limit.into()]).await
}

#[derive(Record)]
#[record(of = alert_letter)]
struct QueuedEmail {
    alert_id: AlertId,
    recipient: String,
    queued_at: Option<Timestamp>,
}

/// Records that these e-mails have a job.
pub async fn mark_queued(work: &Work, emails: &[DueEmail], now: Timestamp) -> Result<(), Fault> {
    let mut rows = Rows::<QueuedEmail>::update(work.tenant());
    for email in emails {
        rows.push(QueuedEmail { alert_id: email.alert, recipient: email.recipient.clone(), queued_at: Some(now) });
    }
    work.write(rows.into()).await
}

/// Marks the e-mails that were due by `until` as queued, so that they are not sent; returns their
/// number.
pub async fn discard_due_emails(work: &Work, until: Timestamp, now: Timestamp) -> Result<u64, Fault> {
    work.lock_in_order(LOCKS, "queued_at IS NULL AND due_at <= $2", vec![until.micros().into()]).await?;
    let sql = "UPDATE alert_letter SET queued_at = $2 WHERE tenant_id = $1 AND queued_at IS NULL AND due_at <= $3";
    work.execute(sql, vec![now.micros().into(), until.micros().into()]).await
}
