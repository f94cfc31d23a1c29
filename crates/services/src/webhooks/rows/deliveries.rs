//! What is to be delivered, and what came of each attempt.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{event, webhook_attempt, webhook_delivery},
};
use platform::storage::{Fault, Finds, Global, Reads, Row, Rows, Work, word};
use sea_orm::Value;

use super::endpoints;

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

/// A message that is put down.
#[derive(Record)]
#[record(of = webhook_delivery)]
struct NewDelivery {
    endpoint_id: EndpointId,
    seq: i64,
    state: String,
    attempts: i64,
    due_at: Timestamp,
}

/// Puts messages down that were never there.
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

/// Puts messages down again, whatever became of them before, with all of their attempts before them.
pub async fn add_again(work: &Work, endpoint: EndpointId, seqs: &[i64], now: Timestamp) -> Result<(), Fault> {
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

/// A message that is due, and its event; none when that is no longer kept.
#[derive(Debug, Clone)]
pub struct Due {
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

impl From<DueRow> for Due {
    fn from(row: DueRow) -> Self {
        let event = row.kind.zip(row.payload).zip(row.recorded_at);
        Self { seq: row.seq, attempts: row.attempts, event: event.map(|((kind, payload), at)| (kind, payload, at)) }
    }
}

/// The oldest messages that are due.
pub async fn due(reads: &impl Reads, endpoint: EndpointId, now: Timestamp, most: i64) -> Result<Vec<Due>, Fault> {
    let sql = format!(
        "SELECT {} FROM webhook_delivery d
               LEFT JOIN event v ON v.tenant_id = d.tenant_id AND v.seq = d.seq
               WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = 'PENDING' AND d.due_at <= $3 ORDER BY d.seq LIMIT $4",
        DueRow::SELECT
    );
    let rows = reads.records::<DueRow>(&sql, vec![endpoint.into(), now.micros().into(), most.into()]).await?;
    Ok(rows.into_iter().map(Due::from).collect())
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

/// Gives up what was to be delivered by `until`, and passes over the events of that time that endpoints have not looked at. How many messages were given up.
///
/// A message that was not tried is due since it was put down. Those that were tried are of before, as none is tried while what leaves is held.
pub async fn drop_pending(work: &Work, until: Timestamp, now: Timestamp) -> Result<u64, Fault> {
    // Before their messages, as all do.
    work.lock_in_order(endpoints::LOCKS, "true", vec![]).await?;
    let sql = "UPDATE webhook_delivery SET state = 'FAILED', settled_at = $2
               WHERE tenant_id = $1 AND state = 'PENDING' AND (attempts > 0 OR due_at <= $3)";
    let dropped = work.execute(sql, vec![now.micros().into(), until.micros().into()]).await?;
    // From the newest on: few were recorded since, and the rest is not looked at.
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

/// What becomes of attempts that are old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldAttempts {
    Removed,
    /// They stay until their month is archived. The answers of receivers are in no archive, and are emptied where an attempt is not older than this moment: an
    /// index finds those, and before it they are empty already.
    Emptied {
        since: Timestamp,
    },
}

/// Removes what is older than a moment, of one tenant, some at a time, or empties it; says how many rows. It waits for none: those that somebody has at this
/// moment, as who removes their endpoint or puts a message down again, are found the next time.
pub async fn clear(work: &Work, before: Timestamp, old: OldAttempts, most: i64) -> Result<u64, Fault> {
    let free = |table: &str| work.backend().for_update_if_free(table);
    let attempts = match old {
        OldAttempts::Removed => {
            let sql = format!(
                "DELETE FROM webhook_attempt WHERE tenant_id = $1 AND (endpoint_id, id) IN
               (SELECT endpoint_id, id FROM webhook_attempt WHERE tenant_id = $1 AND at < $2 LIMIT $3{})",
                free("webhook_attempt")
            );
            work.execute(&sql, vec![before.micros().into(), most.into()]).await?
        }
        OldAttempts::Emptied { since } => {
            let sql = format!(
                "UPDATE webhook_attempt SET body = '' WHERE tenant_id = $1 AND at >= $4 AND at < $2 AND (endpoint_id, id) IN
               (SELECT endpoint_id, id FROM webhook_attempt WHERE tenant_id = $1 AND at >= $4 AND at < $2 AND body <> '' LIMIT $3{})",
                free("webhook_attempt")
            );
            work.execute(&sql, vec![before.micros().into(), most.into(), since.micros().into()]).await?
        }
    };
    let sql = format!(
        "DELETE FROM webhook_delivery WHERE tenant_id = $1 AND (endpoint_id, seq) IN
               (SELECT endpoint_id, seq FROM webhook_delivery WHERE tenant_id = $1 AND settled_at < $2 LIMIT $3{})",
        free("webhook_delivery")
    );
    Ok(attempts + work.execute(&sql, vec![before.micros().into(), most.into()]).await?)
}

/// The tenants that have something to clear, or a secret to forget.
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
