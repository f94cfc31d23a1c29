//! Endpoints.

use entity::prelude::*;
use platform::{
    secrets::SealedColumn,
    storage::{Fault, Global, Reads, Row, Work},
};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::webhooks::core::{DisabledWhy, Endpoint, Health, shard_of};

/// What messages are signed with.
pub const SECRET: SealedColumn =
    SealedColumn { table: "webhook_endpoint", column: "secret_sealed", keys: &["tenant_id", "id"], blind: None };
/// What they are signed with too, while a new secret is taken up.
pub const OLD_SECRET: SealedColumn =
    SealedColumn { table: "webhook_endpoint", column: "old_secret_sealed", keys: &["tenant_id", "id"], blind: None };

const COLUMNS: &str = "e.tenant_id, e.id, e.url, e.description, e.event_types, e.maker_id, e.journal_seq, e.skipped_through, e.failures, \
    e.failing_since, e.paused_until, e.disabled_at, e.disabled_why, e.old_secret_until, e.version, e.created_at, e.updated_at";

fn read(row: &mut Row<'_>) -> Result<Endpoint, Fault> {
    let (tenant, id, url, description) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let patterns = serde_json::from_str(&row.take::<String>()?)
        .map_err(|_| Fault::corrupt("webhook_endpoint", "event_types is a list of texts"))?;
    let (maker, journal_seq, skipped_through) = (row.take()?, row.take()?, row.take()?);
    let health = Health { failures: row.take()?, failing_since: row.time_opt()?, paused_until: row.time_opt()? };
    let (disabled_at, why) = (row.time_opt()?, row.take::<Option<String>>()?);
    let why = why
        .map(|word| DisabledWhy::parse(&word).ok_or_else(|| Fault::corrupt("webhook_endpoint", format!("unknown word {word}"))));
    Ok(Endpoint {
        tenant,
        id,
        url,
        description,
        patterns,
        maker,
        journal_seq,
        skipped_through,
        health,
        disabled: disabled_at.zip(why.transpose()?),
        old_secret_until: row.time_opt()?,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

fn endpoint(row: &QueryResult) -> Result<Endpoint, Fault> {
    read(&mut Row::new(row))
}

/// A tenant's endpoints, the oldest first.
pub async fn all(reads: &impl Reads) -> Result<Vec<Endpoint>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint e WHERE e.tenant_id = $1 ORDER BY e.id");
    reads.rows(&sql, vec![]).await?.iter().map(endpoint).collect()
}

pub async fn by_id(reads: &impl Reads, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.id = $2");
    reads.rows(&sql, vec![id.into()]).await?.first().map(endpoint).transpose()
}

/// The same, locked until the transaction ends.
pub async fn lock(work: &Work, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
    let lock = work.backend().for_change("e");
    let sql = format!("SELECT {COLUMNS} FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.id = $2{lock}");
    work.rows(&sql, vec![id.into()]).await?.first().map(endpoint).transpose()
}

/// How many endpoints the tenant has.
pub async fn count(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM webhook_endpoint WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

fn patterns(endpoint: &Endpoint) -> Value {
    serde_json::Value::from(endpoint.patterns.clone()).to_string().into()
}

pub async fn add(work: &Work, new: &Endpoint, sealed: Vec<u8>) -> Result<(), Fault> {
    let sql = "INSERT INTO webhook_endpoint (tenant_id, id, shard, url, description, event_types, maker_id, secret_sealed, journal_seq, version,
               created_at, updated_at, disabled_at, disabled_why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)";
    let (disabled_at, why) = new.disabled.unzip();
    let values = vec![
        new.id.into(),
        shard_of(new.id).into(),
        new.url.as_str().into(),
        new.description.as_str().into(),
        patterns(new),
        new.maker.into(),
        sealed.into(),
        new.journal_seq.into(),
        new.version.into(),
        new.created_at.micros().into(),
        disabled_at.map(Timestamp::micros).into(),
        why.map(DisabledWhy::as_str).into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// Writes everything but secrets.
pub async fn change(work: &Work, after: &Endpoint) -> Result<(), Fault> {
    let sql = "UPDATE webhook_endpoint SET url = $3, description = $4, event_types = $5, maker_id = $6, journal_seq = $7, skipped_through = $8,
               failures = $9, failing_since = $10, paused_until = $11, disabled_at = $12, disabled_why = $13, version = $14, updated_at = $15
               WHERE tenant_id = $1 AND id = $2";
    let (disabled_at, why) = after.disabled.unzip();
    let values = vec![
        after.id.into(),
        after.url.as_str().into(),
        after.description.as_str().into(),
        patterns(after),
        after.maker.into(),
        after.journal_seq.into(),
        after.skipped_through.into(),
        after.health.failures.into(),
        after.health.failing_since.map(Timestamp::micros).into(),
        after.health.paused_until.map(Timestamp::micros).into(),
        disabled_at.map(Timestamp::micros).into(),
        why.map(DisabledWhy::as_str).into(),
        after.version.into(),
        after.updated_at.micros().into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// Removes an endpoint with all that was to be sent to it and what came of it.
pub async fn remove(work: &Work, id: EndpointId) -> Result<u64, Fault> {
    for table in ["webhook_attempt", "webhook_delivery"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND endpoint_id = $2");
        work.execute(&sql, vec![id.into()]).await?;
    }
    work.execute("DELETE FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

/// The sealed secrets that sign now: the newest first.
pub async fn secrets(reads: &impl Reads, id: EndpointId, now: Timestamp) -> Result<Vec<(&'static SealedColumn, Vec<u8>)>, Fault> {
    let sql = "SELECT secret_sealed, CASE WHEN old_secret_until > $3 THEN old_secret_sealed END FROM webhook_endpoint
               WHERE tenant_id = $1 AND id = $2";
    let rows = reads.rows(sql, vec![id.into(), now.micros().into()]).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let mut row = Row::new(row);
    let (new, old) = (row.take()?, row.take::<Option<Vec<u8>>>()?);
    let mut secrets = vec![(&SECRET, new)];
    secrets.extend(old.map(|old| (&OLD_SECRET, old)));
    Ok(secrets)
}

/// Puts a new secret in the place of the one that was, which signs beside it until a moment.
pub async fn rotate(work: &Work, id: EndpointId, new: Vec<u8>, old: Vec<u8>, until: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE webhook_endpoint SET secret_sealed = $3, old_secret_sealed = $4, old_secret_until = $5 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![id.into(), new.into(), old.into(), until.micros().into()]).await.map(drop)
}

/// An endpoint for which there is something to do, and where its tenant's journal stands.
#[derive(Debug, Clone)]
pub struct Busy {
    pub endpoint: Endpoint,
    pub head: i64,
    pub epoch: Uuid,
    pub is_due: bool,
}

/// The endpoints of a shard that have events to look at or messages to send, those behind `after` first: so that each has its turn.
pub async fn busy(global: &Global, shard: i32, after: EndpointId, now: Timestamp, most: i64) -> Result<Vec<Busy>, Fault> {
    let due = "EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'PENDING'
        AND d.due_at <= $2) AND (e.paused_until IS NULL OR e.paused_until <= $2)";
    let sql = format!(
        "SELECT * FROM (SELECT {COLUMNS}, c.head, c.epoch, {due} AS is_due FROM webhook_endpoint e JOIN tenant_counter c ON c.tenant_id = e.tenant_id
         WHERE e.shard = $1 AND e.disabled_at IS NULL) e WHERE e.is_due OR e.journal_seq < e.head ORDER BY CASE WHEN e.id > $4 THEN 0 ELSE 1 END, e.id LIMIT $3"
    );
    let rows = global.rows(&sql, vec![shard.into(), now.micros().into(), most.into(), after.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Busy { endpoint: read(&mut row)?, head: row.take()?, epoch: row.take()?, is_due: row.take()? })
        })
        .collect()
}

/// Notes that the events up to one have been looked at, if nobody has meanwhile.
pub async fn advance(work: &Work, id: EndpointId, from: i64, to: i64, skipped_through: Option<i64>) -> Result<bool, Fault> {
    let sql = "UPDATE webhook_endpoint SET journal_seq = $4, skipped_through = coalesce($5, skipped_through)
               WHERE tenant_id = $1 AND id = $2 AND journal_seq = $3 AND disabled_at IS NULL";
    Ok(work.execute(sql, vec![id.into(), from.into(), to.into(), skipped_through.into()]).await? == 1)
}

/// Writes how an endpoint fares.
pub async fn note_health(work: &Work, id: EndpointId, health: Health) -> Result<(), Fault> {
    let sql = "UPDATE webhook_endpoint SET failures = $3, failing_since = $4, paused_until = $5 WHERE tenant_id = $1 AND id = $2";
    let times = [health.failing_since, health.paused_until].map(|at| at.map(Timestamp::micros));
    work.execute(sql, vec![id.into(), health.failures.into(), times[0].into(), times[1].into()]).await.map(drop)
}

/// Forgets secrets that sign no more.
pub async fn forget_old_secrets(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    let sql = "UPDATE webhook_endpoint SET old_secret_sealed = NULL, old_secret_until = NULL WHERE tenant_id = $1 AND old_secret_until <= $2";
    work.execute(sql, vec![now.micros().into()]).await
}
