//! What is to be delivered, and what came of each attempt.

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind, Fault, Global, Reads, Row, Work};
use sea_orm::{QueryResult, Value};

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// All attempts have failed.
    Failed,
    /// Whoever made the endpoint may not see the event any more.
    Withheld,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Withheld];
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
            Self::Withheld => "WITHHELD",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A message for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub endpoint: EndpointId,
    pub seq: i64,
    /// The event's name; None when the event itself is no longer kept.
    pub event: Option<String>,
    pub state: DeliveryState,
    /// Since it was put down, or last put down again.
    pub attempts: i64,
    pub due_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub endpoint: EndpointId,
    pub seq: i64,
    pub number: i64,
    pub at: Timestamp,
    pub status: Option<i32>,
    pub error: Option<String>,
    pub latency_ms: i64,
    pub body: String,
}

const DELIVERIES: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("endpoint_id", ColumnKind::Id),
    Column("seq", ColumnKind::Int),
    Column("state", ColumnKind::Text),
    Column("attempts", ColumnKind::Int),
    Column("due_at", ColumnKind::Int),
];

/// Puts messages down that were never there.
pub async fn add(work: &Work, endpoint: EndpointId, seqs: &[i64], now: Timestamp) -> Result<(), Fault> {
    let mut bulk = Bulk::insert("webhook_delivery", DELIVERIES);
    for seq in seqs {
        bulk.row([work.tenant().into(), endpoint.into(), (*seq).into(), "PENDING".into(), 0_i64.into(), now.micros().into()]);
    }
    work.write(bulk).await
}

/// Puts messages down again, whatever became of them before, with all of their attempts before them.
pub async fn add_again(work: &Work, endpoint: EndpointId, seqs: &[i64], now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO webhook_delivery (tenant_id, endpoint_id, seq, state, attempts, due_at) VALUES ($1, $2, $3, 'PENDING', 0, $4)
               ON CONFLICT (tenant_id, endpoint_id, seq) DO UPDATE SET state = 'PENDING', attempts = 0, due_at = excluded.due_at, settled_at = NULL";
    for seq in seqs {
        work.execute(sql, vec![endpoint.into(), (*seq).into(), now.micros().into()]).await?;
    }
    Ok(())
}

/// A message that is due, and its event; none when that is no longer kept.
#[derive(Debug, Clone)]
pub struct Due {
    pub seq: i64,
    pub attempts: i64,
    pub event: Option<(String, String, Timestamp)>,
}

/// The oldest messages that are due.
pub async fn due(reads: &impl Reads, endpoint: EndpointId, now: Timestamp, most: i64) -> Result<Vec<Due>, Fault> {
    let sql = "SELECT d.seq, d.attempts, v.kind, v.payload, v.recorded_at FROM webhook_delivery d
               LEFT JOIN event v ON v.tenant_id = d.tenant_id AND v.seq = d.seq
               WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = 'PENDING' AND d.due_at <= $3 ORDER BY d.seq LIMIT $4";
    let rows = reads.rows(sql, vec![endpoint.into(), now.micros().into(), most.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (seq, attempts) = (row.take()?, row.take()?);
            let event = row.take::<Option<String>>()?.zip(row.take::<Option<String>>()?).zip(row.time_opt()?);
            Ok(Due { seq, attempts, event: event.map(|((kind, payload), at)| (kind, payload, at)) })
        })
        .collect()
}

/// Writes what became of a message after it had been tried so often before; says whether nobody else has meanwhile.
pub async fn settle(
    work: &Work,
    endpoint: EndpointId,
    due: &Due,
    (state, attempts, due_at): (DeliveryState, i64, Timestamp),
    now: Timestamp,
) -> Result<bool, Fault> {
    let settled_at = (state != DeliveryState::Pending).then_some(now.micros());
    let sql = "UPDATE webhook_delivery SET state = $5, attempts = $6, due_at = $7, settled_at = $8
               WHERE tenant_id = $1 AND endpoint_id = $2 AND seq = $3 AND attempts = $4 AND state = 'PENDING'";
    let values = vec![
        endpoint.into(),
        due.seq.into(),
        due.attempts.into(),
        state.as_str().into(),
        attempts.into(),
        due_at.micros().into(),
        settled_at.into(),
    ];
    Ok(work.execute(sql, values).await? == 1)
}

pub async fn add_attempt(work: &Work, attempt: &Attempt) -> Result<(), Fault> {
    let sql = "INSERT INTO webhook_attempt (tenant_id, endpoint_id, id, seq, number, at, status, error, latency_ms, body)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = vec![
        attempt.endpoint.into(),
        attempt.id.into(),
        attempt.seq.into(),
        attempt.number.into(),
        attempt.at.micros().into(),
        attempt.status.into(),
        attempt.error.clone().into(),
        attempt.latency_ms.into(),
        attempt.body.as_str().into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// A page of messages, with their events' names.
pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Delivery>, Fault> {
    let sql = format!(
        "SELECT d.endpoint_id, d.seq, v.kind, d.state, d.attempts, d.due_at, d.settled_at FROM webhook_delivery d
         LEFT JOIN event v ON v.tenant_id = d.tenant_id AND v.seq = d.seq WHERE d.tenant_id = $1{conditions}{order}"
    );
    let read = |row: &QueryResult| {
        let mut row = Row::new(row);
        Ok(Delivery {
            endpoint: row.take()?,
            seq: row.take()?,
            event: row.take()?,
            state: row.word("webhook_delivery", DeliveryState::parse)?,
            attempts: row.take()?,
            due_at: row.time()?,
            settled_at: row.time_opt()?,
        })
    };
    reads.rows(&sql, values).await?.iter().map(read).collect()
}

/// A page of attempts.
pub async fn attempts(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Attempt>, Fault> {
    let sql = format!(
        "SELECT a.id, a.endpoint_id, a.seq, a.number, a.at, a.status, a.error, a.latency_ms, a.body FROM webhook_attempt a
         WHERE a.tenant_id = $1{conditions}{order}"
    );
    let read = |row: &QueryResult| {
        let mut row = Row::new(row);
        Ok(Attempt {
            id: row.take()?,
            endpoint: row.take()?,
            seq: row.take()?,
            number: row.take()?,
            at: row.time()?,
            status: row.take()?,
            error: row.take()?,
            latency_ms: row.take()?,
            body: row.take()?,
        })
    };
    reads.rows(&sql, values).await?.iter().map(read).collect()
}

/// Removes what is older than a moment, of one tenant, some at a time; says how many rows.
pub async fn clear(work: &Work, before: Timestamp, most: i64) -> Result<u64, Fault> {
    let sql = "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND (endpoint_id, id) IN
               (SELECT endpoint_id, id FROM webhook_attempt WHERE tenant_id = $1 AND at < $2 LIMIT $3)";
    let attempts = work.execute(sql, vec![before.micros().into(), most.into()]).await?;
    let sql = "DELETE FROM webhook_delivery WHERE tenant_id = $1 AND (endpoint_id, seq) IN
               (SELECT endpoint_id, seq FROM webhook_delivery WHERE tenant_id = $1 AND settled_at < $2 LIMIT $3)";
    Ok(attempts + work.execute(sql, vec![before.micros().into(), most.into()]).await?)
}

/// The tenants that have something to clear, or a secret to forget.
pub async fn tenants_to_clear(global: &Global, before: Timestamp, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql =
        "SELECT tenant_id FROM webhook_attempt WHERE at < $1 UNION SELECT tenant_id FROM webhook_delivery WHERE settled_at < $1
               UNION SELECT tenant_id FROM webhook_endpoint WHERE old_secret_until <= $2";
    let rows = global.rows(sql, vec![before.micros().into(), now.micros().into()]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
