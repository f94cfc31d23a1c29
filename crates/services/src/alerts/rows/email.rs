//! Letters that are to be written: one for each alert and each who is told of it.

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind, Fault, Global, Reads, Row, Work};

const COLUMNS: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("alert_id", ColumnKind::Id),
    Column("recipient", ColumnKind::Text),
    Column("due_at", ColumnKind::Int),
];

/// Puts down who is to be told of new alerts, and when.
pub async fn put_down(work: &Work, emails: &[(AlertId, String, Timestamp)]) -> Result<(), Fault> {
    let mut bulk = Bulk::insert("alert_letter", COLUMNS);
    for (alert, recipient, due_at) in emails {
        bulk.row([work.tenant().into(), (*alert).into(), recipient.as_str().into(), due_at.micros().into()]);
    }
    work.write(bulk).await
}

/// The tenants that have letters which are due.
pub async fn tenants_due(global: &Global, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM alert_letter WHERE queued_at IS NULL AND due_at <= $1";
    global.rows(sql, vec![now.micros().into()]).await?.iter().map(|row| Row::new(row).take()).collect()
}

/// A letter that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEmail {
    pub recipient: String,
    pub alert: AlertId,
}

/// A page of the letters that are due, locked until the transaction ends: those of one recipient stand together.
pub async fn due(work: &Work, now: Timestamp, most: i64) -> Result<Vec<DueEmail>, Fault> {
    let sql = format!(
        "SELECT l.recipient, l.alert_id FROM alert_letter l WHERE l.tenant_id = $1 AND l.queued_at IS NULL AND l.due_at <= $2
         ORDER BY l.recipient, l.alert_id LIMIT $3{}",
        work.backend().for_update("l")
    );
    let rows = work.rows(&sql, vec![now.micros().into(), most.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(DueEmail { recipient: row.take()?, alert: row.take()? })
        })
        .collect()
}

const QUEUED: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("alert_id", ColumnKind::Id),
    Column("recipient", ColumnKind::Text),
    Column("queued_at", ColumnKind::IntOrNull),
];

/// Notes that there is a job for each of these.
pub async fn note_queued(work: &Work, emails: &[DueEmail], now: Timestamp) -> Result<(), Fault> {
    let mut bulk = Bulk::update("alert_letter", QUEUED, 3);
    for email in emails {
        bulk.row([work.tenant().into(), email.alert.into(), email.recipient.as_str().into(), Some(now.micros()).into()]);
    }
    work.write(bulk).await
}
