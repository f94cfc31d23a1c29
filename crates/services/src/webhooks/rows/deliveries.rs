//! Messages to deliver, and results of attempts.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{event, webhook_attempt, webhook_delivery},
};
use platform::storage::{Fault, Finds, Global, Reads, Row, Rows, Work, word};
use sea_orm::Value;

use super::endpoints;

/// State of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// All attempts have failed.
    Failed,
    /// The endpoint's maker may no longer see the event.
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
    /// The event's name; `None` if the event was removed.
    pub event: Option<String>,
    pub state: DeliveryState,
    /// Attempts since the message was enqueued, or last enqueued again.
    pub attempts: i64,
    pub due_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// Result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = webhook_attempt, alias = "a")]
pub struct Attempt {
    pub id: AttemptId,
    #[record(column = "endpoint_id")]
    pub endpoint: EndpointId,
    pub seq: i64,
    pub number: i64,
    pub at: Timestamp,
    pub status: Option<i32>,
    pub error: Option<String>,
    pub latency_ms: i64,
    pub body: String,
}

/// Row of a message that is enqueued.
#[derive(Record)]
#[record(of = webhook_delivery)]
struct NewDelivery {
    endpoint_id: EndpointId,
    seq: i64,
    state: String,
    attempts: i64,
    due_at: Timestamp,
}

/// Enqueues new messages.
pub async fn add(work: &Work, endpoint: EndpointId, seqs: &[i64], now: Timestamp) -> Result<(), Fault> {
    let mut rows = Rows::<NewDelivery>::insert(work.tenant());
    rows.extend(seqs.iter().map(|seq| NewDelivery {
        endpoint_id: endpoint,
        seq: *seq,
        state: DeliveryState::Pending.as_str().to_owned(),
        attempts: 0,
        due_at: now,
    }));
    work.write(rows.into()).await
}

/// Enqueues messages again, whatever their state, with their full number of attempts.
pub async fn requeue(work: &Work, endpoint: EndpointId, seqs: &[i64], now: Timestamp) -> Result<(), Fault> {
    for &seq in seqs {
        let row = webhook_delivery::Model {
            tenant_id: work.tenant(),
            endpoint_id: endpoint,
            seq,
            state: "PENDING".to_owned(),
            attempts: 0,
            due_at: now,
            settled_at: None,
        };
        work.upsert(row).await?;
    }
    Ok(())
}

/// A due message with its event; `None` if that was removed.
#[derive(Debug, Clone)]
pub struct DueMessage {
    pub seq: i64,
    pub attempts: i64,
    pub event: Option<(String, String, Timestamp)>,
}

#[derive(Record)]
struct DueRow {
    #[record(of = webhook_delivery, alias = "d")]
    seq: i64,
    #[record(of = webhook_delivery, alias = "d")]
    attempts: i64,
    #[record(of = event, alias = "v", outer)]
    kind: Option<String>,
    #[record(of = event, alias = "v", outer)]
    payload: Option<String>,
    #[record(of = event, alias = "v", outer)]
    recorded_at: Option<Timestamp>,
}

impl From<DueRow> for DueMessage {
    fn from(row: DueRow) -> Self {
        let event = row.kind.zip(row.payload).zip(row.recorded_at);
        Self { seq: row.seq, attempts: row.attempts, event: event.map(|((kind, payload), at)| (kind, payload, at)) }
    }
}

/// Reads the oldest due messages. Those that were never tried are due, whatever the clock said that queued them.
pub async fn due(reads: &impl Reads, endpoint: EndpointId, now: Timestamp, limit: i64) -> Result<Vec<DueMessage>, Fault> {
    let sql = format!(
        "SELECT {} FROM webhook_delivery d
               LEFT JOIN event v ON v.tenant_id = d.tenant_id AND v.seq = d.seq
               WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = 'PENDING' AND d.seq IN (
                 SELECT seq FROM (SELECT w.seq FROM webhook_delivery w WHERE w.tenant_id = $1 AND w.endpoint_id = $2 AND w.state = 'PENDING'
                   AND w.due_at <= $3 ORDER BY w.seq LIMIT $4) due
                 UNION SELECT seq FROM (SELECT w.seq FROM webhook_delivery w WHERE w.tenant_id = $1 AND w.endpoint_id = $2 AND w.state = 'PENDING'
                   AND w.attempts = 0 ORDER BY w.seq LIMIT $4) untried)
               ORDER BY d.seq LIMIT $4",
        DueRow::SELECT
    );
    let rows = reads.records::<DueRow>(&sql, vec![endpoint.into(), now.micros().into(), limit.into()]).await?;
    Ok(rows.into_iter().map(DueMessage::from).collect())
}

/// A message after an attempt; it is found only if it is unchanged since it was read.
#[derive(Record)]
#[record(of = webhook_delivery)]
struct AttemptedDelivery {
    #[record(key)]
    endpoint_id: EndpointId,
    #[record(key)]
    seq: i64,
    #[record(key, column = "attempts")]
    attempts_before: i64,
    #[record(key, column = "state")]
    state_before: String,
    state: String,
    attempts: i64,
    due_at: Timestamp,
    settled_at: Option<Timestamp>,
}

/// Writes the state of a message after an attempt; returns false if the message was changed since
/// it was read.
pub async fn settle(
    work: &Work,
    endpoint: EndpointId,
    due: &DueMessage,
    (state, attempts, due_at): (DeliveryState, i64, Timestamp),
    now: Timestamp,
) -> Result<bool, Fault> {
    let row = AttemptedDelivery {
        endpoint_id: endpoint,
        seq: due.seq,
        attempts_before: due.attempts,
        state_before: DeliveryState::Pending.as_str().to_owned(),
        state: state.as_str().to_owned(),
        attempts,
        due_at,
        settled_at: (state != DeliveryState::Pending).then_some(now),
    };
    Ok(work.update_row(row).await? == 1)
}

/// Fails the pending messages up to `until`, and skips the events of that time that endpoints have
/// not processed. Returns the number of failed messages.
///
/// The due time of an untried message is the time when it was enqueued. Tried messages are from
/// before `until`, since nothing is sent while deliveries are held.
pub async fn drop_pending(work: &Work, until: Timestamp, now: Timestamp) -> Result<u64, Fault> {
    // Before their messages, as all do.
    work.lock_in_order(endpoints::LOCKS, "true", vec![]).await?;
    let sql = "UPDATE webhook_delivery SET state = 'FAILED', settled_at = $2
               WHERE tenant_id = $1 AND state = 'PENDING' AND (attempts > 0 OR due_at <= $3)";
    let dropped = work.execute(sql, vec![now.micros().into(), until.micros().into()]).await?;
    // Read from the newest on: few events were recorded since, and the rest is not read.
    let sql = "SELECT e.seq FROM event e WHERE e.tenant_id = $1 AND e.recorded_at <= $2 ORDER BY e.seq DESC LIMIT 1";
    let rows = work.rows(sql, vec![until.micros().into()]).await?;
    let last: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
    let sql = "UPDATE webhook_endpoint SET journal_seq = $2, skipped_through = $2
               WHERE tenant_id = $1 AND disabled_at IS NULL AND journal_seq < $2";
    work.execute(sql, vec![last.into()]).await?;
    Ok(dropped)
}

pub async fn add_attempt(work: &Work, attempt: &Attempt) -> Result<(), Fault> {
    let row = webhook_attempt::Model {
        tenant_id: work.tenant(),
        endpoint_id: attempt.endpoint,
        id: attempt.id,
        seq: attempt.seq,
        number: attempt.number,
        at: attempt.at,
        status: attempt.status,
        error: attempt.error.clone(),
        latency_ms: attempt.latency_ms,
        body: attempt.body.clone(),
    };
    work.insert::<webhook_attempt::Entity>(row).await
}

#[derive(Record)]
struct DeliveryRow {
    #[record(of = webhook_delivery, alias = "d")]
    endpoint_id: EndpointId,
    #[record(of = webhook_delivery, alias = "d")]
    seq: i64,
    #[record(of = event, alias = "v", column = "kind", outer)]
    event: Option<String>,
    #[record(of = webhook_delivery, alias = "d")]
    state: String,
    #[record(of = webhook_delivery, alias = "d")]
    attempts: i64,
    #[record(of = webhook_delivery, alias = "d")]
    due_at: Timestamp,
    #[record(of = webhook_delivery, alias = "d")]
    settled_at: Option<Timestamp>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = Fault;
    fn try_from(row: DeliveryRow) -> Result<Self, Fault> {
        Ok(Self {
            endpoint: row.endpoint_id,
            seq: row.seq,
            event: row.event,
            state: word("webhook_delivery", &row.state, DeliveryState::parse)?,
            attempts: row.attempts,
            due_at: row.due_at,
            settled_at: row.settled_at,
        })
    }
}

/// A page of messages, with their events' names.
pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Delivery>, Fault> {
    let sql = format!(
        "SELECT {} FROM webhook_delivery d
         LEFT JOIN event v ON v.tenant_id = d.tenant_id AND v.seq = d.seq WHERE d.tenant_id = $1{conditions}{order}",
        DeliveryRow::SELECT
    );
    reads.records::<DeliveryRow>(&sql, values).await?.into_iter().map(Delivery::try_from).collect()
}

/// A page of attempts.
pub async fn attempts(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Attempt>, Fault> {
    let sql = format!("SELECT {} FROM webhook_attempt a WHERE a.tenant_id = $1{conditions}{order}", Attempt::SELECT);
    reads.records(&sql, values).await
}

/// Treatment of old attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldAttempts {
    Removed,
    /// Attempts stay until their month is archived. Archives do not keep the responses of
    /// receivers, which are emptied in attempts that are not older than `since`: an index finds
    /// those, and older ones are empty already.
    Emptied {
        since: Timestamp,
    },
}

/// Removes or empties the rows of a tenant that are older than a time, at most `limit`; returns the
/// number. It waits for no lock: locked rows, such as those of a removed endpoint or of a replay,
/// are left to the next run.
pub async fn clear_old(work: &Work, before: Timestamp, old: OldAttempts, limit: i64) -> Result<u64, Fault> {
    let free = |table: &str| work.backend().for_update_if_free(table);
    let attempts = match old {
        OldAttempts::Removed => {
            let sql = format!(
                "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND (endpoint_id, id) IN
               (SELECT endpoint_id, id FROM webhook_attempt WHERE tenant_id = $1 AND at < $2 LIMIT $3{})",
                free("webhook_attempt")
            );
            work.execute(&sql, vec![before.micros().into(), limit.into()]).await?
        }
        OldAttempts::Emptied { since } => {
            let sql = format!(
                "UPDATE webhook_attempt SET body = '' WHERE tenant_id = $1 AND at >= $4 AND at < $2 AND (endpoint_id, id) IN
               (SELECT endpoint_id, id FROM webhook_attempt WHERE tenant_id = $1 AND at >= $4 AND at < $2 AND body <> '' LIMIT $3{})",
                free("webhook_attempt")
            );
            work.execute(&sql, vec![before.micros().into(), limit.into(), since.micros().into()]).await?
        }
    };
    let sql = format!(
        "DELETE FROM webhook_delivery WHERE tenant_id = $1 AND (endpoint_id, seq) IN
               (SELECT endpoint_id, seq FROM webhook_delivery WHERE tenant_id = $1 AND settled_at < $2 LIMIT $3{})",
        free("webhook_delivery")
    );
    Ok(attempts + work.execute(&sql, vec![before.micros().into(), limit.into()]).await?)
}

/// Returns the tenants that have rows to clear, or a secret to remove.
pub async fn tenants_to_clear(
    global: &Global,
    before: Timestamp,
    old: OldAttempts,
    now: Timestamp,
) -> Result<Vec<TenantId>, Fault> {
    let (attempts, since) = match old {
        OldAttempts::Removed => ("at >= $3", Timestamp(i64::MIN)),
        OldAttempts::Emptied { since } => ("at >= $3 AND body <> ''", since),
    };
    let sql = format!(
        "SELECT tenant_id FROM webhook_attempt WHERE at < $1 AND {attempts} UNION SELECT tenant_id FROM webhook_delivery WHERE settled_at < $1
               UNION SELECT tenant_id FROM webhook_endpoint WHERE old_secret_until <= $2"
    );
    let rows = global.rows(&sql, vec![before.micros().into(), now.micros().into(), since.micros().into()]).await?;
    rows.iter().map(Row::scalar).collect()
}
