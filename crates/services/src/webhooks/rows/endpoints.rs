//! Endpoints.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{tenant_counter, webhook_endpoint},
};
use platform::{
    secrets::{Loss, SealedColumn},
    storage::{Fault, Finds, Global, LockOrder, Reads, Row, SUSPENDED, Work, word},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::webhooks::core::{DisabledReason, Endpoint, Health, shard_of};

/// Secret that signs messages. An endpoint whose secret is lost gets a random one, and is disabled
/// until a new one is requested.
pub const SECRET: SealedColumn = SealedColumn {
    table: "webhook_endpoint",
    column: "secret_sealed",
    keys: &["tenant_id", "id"],
    blind: None,
    loss: Loss::Random(
        32,
        "disabled_at = coalesce(disabled_at, :now), disabled_why = coalesce(disabled_why, 'SWITCHED_OFF'), \
         version = version + 1, updated_at = :now",
    ),
};
/// Previous secret, which signs messages too until receivers use the new one.
pub const OLD_SECRET: SealedColumn = SealedColumn {
    table: "webhook_endpoint",
    column: "old_secret_sealed",
    keys: &["tenant_id", "id"],
    blind: None,
    loss: Loss::Null("old_secret_until = NULL"),
};

/// Locks to take first for a change of several endpoints, or of messages of several.
pub const LOCKS: LockOrder = LockOrder::for_change("webhook_endpoint", "id");

/// An endpoint without its secrets.
#[derive(Record)]
#[record(of = webhook_endpoint, alias = "e")]
struct EndpointRow {
    tenant_id: TenantId,
    id: EndpointId,
    url: String,
    description: String,
    event_types: String,
    maker_id: MemberId,
    journal_seq: i64,
    skipped_through: Option<i64>,
    failures: i64,
    failing_since: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    disabled_why: Option<String>,
    old_secret_until: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<EndpointRow> for Endpoint {
    type Error = Fault;
    fn try_from(row: EndpointRow) -> Result<Self, Fault> {
        let patterns = serde_json::from_str(&row.event_types)
            .map_err(|_| Fault::corrupt("webhook_endpoint", "event_types is a list of texts"))?;
        let reason = row.disabled_why.map(|reason| word("webhook_endpoint", &reason, DisabledReason::parse)).transpose()?;
        Ok(Self {
            tenant: row.tenant_id,
            id: row.id,
            url: row.url,
            description: row.description,
            patterns,
            maker: row.maker_id,
            journal_seq: row.journal_seq,
            skipped_through: row.skipped_through,
            health: Health { failures: row.failures, failing_since: row.failing_since, paused_until: row.paused_until },
            disabled: row.disabled_at.zip(reason),
            old_secret_until: row.old_secret_until,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Endpoints: conditions, order and lock are SQL over `e`, values from `$2`.
async fn endpoints(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Endpoint>, Fault> {
    let sql = format!("SELECT {} FROM webhook_endpoint e WHERE e.tenant_id = $1{conditions}", EndpointRow::SELECT);
    reads.records::<EndpointRow>(&sql, values).await?.into_iter().map(Endpoint::try_from).collect()
}

/// A tenant's endpoints, the oldest first.
pub async fn all(reads: &impl Reads) -> Result<Vec<Endpoint>, Fault> {
    endpoints(reads, " ORDER BY e.id", vec![]).await
}

pub async fn by_id(reads: &impl Reads, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
    Ok(endpoints(reads, " AND e.id = $2", vec![id.into()]).await?.pop())
}

/// Reads an endpoint, locked until the transaction ends.
pub async fn lock(work: &Work, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
    let lock = work.backend().for_change("e");
    Ok(endpoints(work, &format!(" AND e.id = $2{lock}"), vec![id.into()]).await?.pop())
}

/// Returns the number of the tenant's endpoints.
pub async fn count(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM webhook_endpoint WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

fn patterns(endpoint: &Endpoint) -> String {
    serde_json::Value::from(endpoint.patterns.clone()).to_string()
}

pub async fn add(work: &Work, new: &Endpoint, sealed: Vec<u8>) -> Result<(), Fault> {
    let (disabled_at, reason) = new.disabled.unzip();
    let row = webhook_endpoint::Model {
        tenant_id: work.tenant(),
        id: new.id,
        shard: shard_of(new.id),
        url: new.url.clone(),
        description: new.description.clone(),
        event_types: patterns(new),
        maker_id: new.maker,
        secret_sealed: sealed,
        old_secret_sealed: None,
        old_secret_until: None,
        journal_seq: new.journal_seq,
        skipped_through: None,
        failures: 0,
        failing_since: None,
        paused_until: None,
        disabled_at,
        disabled_why: reason.map(|reason| reason.as_str().to_owned()),
        version: new.version,
        created_at: new.created_at,
        updated_at: new.created_at,
    };
    work.insert::<webhook_endpoint::Entity>(row).await
}

#[derive(Record)]
#[record(of = webhook_endpoint)]
struct ChangedEndpoint {
    id: EndpointId,
    url: String,
    description: String,
    event_types: String,
    maker_id: MemberId,
    journal_seq: i64,
    skipped_through: Option<i64>,
    failures: i64,
    failing_since: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    disabled_why: Option<String>,
    version: i64,
    updated_at: Timestamp,
}

/// Writes everything but secrets.
pub async fn change(work: &Work, after: &Endpoint) -> Result<(), Fault> {
    let (disabled_at, reason) = after.disabled.unzip();
    let row = ChangedEndpoint {
        id: after.id,
        url: after.url.clone(),
        description: after.description.clone(),
        event_types: patterns(after),
        maker_id: after.maker,
        journal_seq: after.journal_seq,
        skipped_through: after.skipped_through,
        failures: after.health.failures,
        failing_since: after.health.failing_since,
        paused_until: after.health.paused_until,
        disabled_at,
        disabled_why: reason.map(|reason| reason.as_str().to_owned()),
        version: after.version,
        updated_at: after.updated_at,
    };
    work.update_row(row).await.map(drop)
}

/// Removes an endpoint with all that was to be sent to it and what came of it.
pub async fn remove(work: &Work, id: EndpointId) -> Result<u64, Fault> {
    for table in ["webhook_attempt", "webhook_delivery"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND endpoint_id = $2");
        work.execute(&sql, vec![id.into()]).await?;
    }
    work.execute("DELETE FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

#[derive(Record)]
struct Secrets {
    #[record(of = webhook_endpoint, alias = "webhook_endpoint")]
    secret_sealed: Vec<u8>,
    #[record(sql = "CASE WHEN old_secret_until > $3 THEN old_secret_sealed END")]
    old: Option<Vec<u8>>,
}

/// Reads the sealed secrets that are valid now: the newest first.
pub async fn secrets(reads: &impl Reads, id: EndpointId, now: Timestamp) -> Result<Vec<(&'static SealedColumn, Vec<u8>)>, Fault> {
    let sql = format!("SELECT {} FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2", Secrets::SELECT);
    let mut rows = reads.records::<Secrets>(&sql, vec![id.into(), now.micros().into()]).await?;
    let Some(row) = rows.pop() else { return Ok(Vec::new()) };
    let mut secrets = vec![(&SECRET, row.secret_sealed)];
    secrets.extend(row.old.map(|old| (&OLD_SECRET, old)));
    Ok(secrets)
}

#[derive(Record)]
#[record(of = webhook_endpoint)]
struct RotatedSecrets {
    id: EndpointId,
    secret_sealed: Vec<u8>,
    old_secret_sealed: Option<Vec<u8>>,
    old_secret_until: Option<Timestamp>,
}

/// Sets a new secret; the previous one signs too until a time.
pub async fn rotate(work: &Work, id: EndpointId, new: Vec<u8>, old: Vec<u8>, until: Timestamp) -> Result<(), Fault> {
    let row = RotatedSecrets { id, secret_sealed: new, old_secret_sealed: Some(old), old_secret_until: Some(until) };
    work.update_row(row).await.map(drop)
}

/// An endpoint with work to do, and the head of its tenant's journal.
#[derive(Debug, Clone)]
pub struct BusyEndpoint {
    pub endpoint: Endpoint,
    pub head: i64,
    pub epoch: Uuid,
    pub is_due: bool,
}

#[derive(Record)]
struct BusyRow {
    endpoint: EndpointRow,
    #[record(of = tenant_counter, alias = "c")]
    head: i64,
    #[record(of = tenant_counter, alias = "c")]
    epoch: Uuid,
    #[record(
        sql = "(EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'PENDING'
        AND d.due_at <= $2) OR EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id
        AND d.state = 'PENDING' AND d.attempts = 0)) AND (e.paused_until IS NULL OR e.paused_until <= $2) AS is_due"
    )]
    is_due: bool,
}

/// Returns the endpoints of a shard that have events to process or messages to send, those after
/// `after` first, so that each has its turn.
pub async fn busy_endpoints(
    global: &Global,
    shard: i32,
    after: EndpointId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<BusyEndpoint>, Fault> {
    let sql = format!(
        "SELECT * FROM (SELECT {} FROM webhook_endpoint e JOIN tenant_counter c ON c.tenant_id = e.tenant_id
         WHERE e.shard = $1 AND e.disabled_at IS NULL AND e.tenant_id NOT IN {SUSPENDED}) e WHERE e.is_due OR e.journal_seq < e.head ORDER BY CASE WHEN e.id > $4 THEN 0 ELSE 1 END, e.id LIMIT $3",
        BusyRow::SELECT
    );
    let rows = global.records::<BusyRow>(&sql, vec![shard.into(), now.micros().into(), limit.into(), after.into()]).await?;
    let busy = |row: BusyRow| {
        Ok(BusyEndpoint { endpoint: row.endpoint.try_into()?, head: row.head, epoch: row.epoch, is_due: row.is_due })
    };
    rows.into_iter().map(busy).collect()
}

/// Stores the last processed event, if the stored one is still `from`.
pub async fn advance(work: &Work, id: EndpointId, from: i64, to: i64, skipped_through: Option<i64>) -> Result<bool, Fault> {
    let sql = "UPDATE webhook_endpoint SET journal_seq = $4, skipped_through = coalesce($5, skipped_through)
               WHERE tenant_id = $1 AND id = $2 AND journal_seq = $3 AND disabled_at IS NULL";
    Ok(work.execute(sql, vec![id.into(), from.into(), to.into(), skipped_through.into()]).await? == 1)
}

#[derive(Record)]
#[record(of = webhook_endpoint)]
struct ChangedHealth {
    id: EndpointId,
    failures: i64,
    failing_since: Option<Timestamp>,
    paused_until: Option<Timestamp>,
}

/// Writes how an endpoint fares.
pub async fn note_health(work: &Work, id: EndpointId, health: Health) -> Result<(), Fault> {
    let Health { failures, failing_since, paused_until } = health;
    work.update_row(ChangedHealth { id, failures, failing_since, paused_until }).await.map(drop)
}

/// Deletes secrets that no longer sign.
pub async fn delete_expired_secrets(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    work.lock_in_order(LOCKS, "old_secret_until <= $2", vec![now.micros().into()]).await?;
    let sql = "UPDATE webhook_endpoint SET old_secret_sealed = NULL, old_secret_until = NULL WHERE tenant_id = $1 AND old_secret_until <= $2";
    work.execute(sql, vec![now.micros().into()]).await
}
