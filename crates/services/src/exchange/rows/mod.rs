//! Rows of exchanges, the rows that they refused, and the IDs of names in a chunk.

mod customers;
pub mod export;
pub mod export_facts;
mod export_orders;
pub mod export_page;
mod export_stock;
pub mod resolved_names;
pub mod lines;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{exchange, exchange_row},
};
use platform::storage::{Fault, Finds, Reads, Row, Rows, Work, word};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{Counts, Kind, Noun, Run, State};

#[derive(Record)]
#[record(of = exchange, alias = "x")]
struct RunRow {
    tenant_id: TenantId,
    id: ExchangeId,
    kind: String,
    noun: Option<String>,
    options: String,
    #[record(column = "told")]
    reading: String,
    input_id: Option<FileId>,
    result_id: Option<FileId>,
    maker_kind: ActorKind,
    maker_id: Uuid,
    key_id: Option<ApiKeyId>,
    idempotency_key: String,
    hash: Vec<u8>,
    digest: Option<Vec<u8>>,
    state: String,
    created_rows: i64,
    updated_rows: i64,
    unchanged_rows: i64,
    refused_rows: i64,
    error: Option<String>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    version: i64,
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], Fault> {
    bytes.try_into().map_err(|_| Fault::corrupt("exchange", "a digest has 32 bytes"))
}

impl TryFrom<RunRow> for Run {
    type Error = Fault;
    fn try_from(row: RunRow) -> Result<Self, Fault> {
        let reading = serde_json::from_str(&row.reading).map_err(|_| Fault::corrupt("exchange", "reading is valid JSON"))?;
        Ok(Self {
            tenant: row.tenant_id,
            id: row.id,
            kind: word("exchange", &row.kind, Kind::parse)?,
            noun: row.noun.map(|noun| word("exchange", &noun, Noun::parse)).transpose()?,
            options: row.options,
            reading,
            input: row.input_id,
            result: row.result_id,
            maker: Actor { kind: row.maker_kind, id: row.maker_id },
            key: row.key_id,
            idempotency_key: row.idempotency_key,
            hash: digest(row.hash)?,
            sent: row.digest.map(digest).transpose()?,
            state: word("exchange", &row.state, State::parse)?,
            counts: Counts {
                created: row.created_rows,
                updated: row.updated_rows,
                unchanged: row.unchanged_rows,
                refused: row.refused_rows,
            },
            error: row.error,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            version: row.version,
        })
    }
}

pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Run>, Fault> {
    let sql = format!("SELECT {} FROM exchange x WHERE x.tenant_id = $1{conditions}{order}", RunRow::SELECT);
    reads.records::<RunRow>(&sql, values).await?.into_iter().map(Run::try_from).collect()
}

pub async fn by_id(reads: &impl Reads, id: ExchangeId) -> Result<Option<Run>, Fault> {
    Ok(page(reads, " AND x.id = $2", "", vec![id.into()]).await?.pop())
}

/// The exchange that was requested with this idempotency key.
pub async fn by_key(reads: &impl Reads, requester: Actor, kind: Kind, key: &str) -> Result<Option<Run>, Fault> {
    let values = vec![requester.id.into(), kind.as_str().into(), key.into()];
    Ok(page(reads, " AND x.maker_id = $2 AND x.kind = $3 AND x.idempotency_key = $4", "", values).await?.pop())
}

/// An exchange by its ID, locked until the transaction ends.
pub async fn lock(work: &Work, id: ExchangeId) -> Result<Option<Run>, Fault> {
    let lock = work.backend().for_change("x");
    Ok(page(work, " AND x.id = $2", &lock, vec![id.into()]).await?.pop())
}

/// Exchanges of the tenant that are not over.
pub async fn count_open(reads: &impl Reads) -> Result<i64, Fault> {
    let rows =
        reads.rows("SELECT count(*) FROM exchange WHERE tenant_id = $1 AND state IN ('QUEUED', 'RUNNING')", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn add(work: &Work, run: &Run) -> Result<(), Fault> {
    let row = exchange::Model {
        tenant_id: work.tenant(),
        id: run.id,
        kind: run.kind.as_str().to_owned(),
        noun: run.noun.map(|noun| noun.as_str().to_owned()),
        options: run.options.clone(),
        told: reading_json(run)?,
        input_id: run.input,
        result_id: None,
        maker_kind: run.maker.kind,
        maker_id: run.maker.id,
        key_id: run.key,
        idempotency_key: run.idempotency_key.clone(),
        hash: run.hash.to_vec(),
        state: run.state.as_str().to_owned(),
        position: 0,
        created_rows: 0,
        updated_rows: 0,
        unchanged_rows: 0,
        refused_rows: 0,
        error: None,
        created_at: run.created_at,
        started_at: None,
        finished_at: None,
        version: 1,
        digest: run.sent.map(Vec::from),
    };
    work.insert::<exchange::Entity>(row).await
}

fn reading_json(run: &Run) -> Result<String, Fault> {
    serde_json::to_string(&run.reading).map_err(|error| Fault::Broken(format!("how a file is read has no JSON: {error}")))
}

#[derive(Record)]
#[record(of = exchange)]
struct ChangedRun {
    id: ExchangeId,
    #[record(column = "told")]
    reading: String,
    result_id: Option<FileId>,
    state: String,
    position: i64,
    created_rows: i64,
    updated_rows: i64,
    unchanged_rows: i64,
    refused_rows: i64,
    error: Option<String>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    version: i64,
}

/// Writes the result of an exchange. The row is locked by this transaction.
pub async fn change(work: &Work, after: &Run) -> Result<(), Fault> {
    let row = ChangedRun {
        id: after.id,
        reading: reading_json(after)?,
        result_id: after.result,
        state: after.state.as_str().to_owned(),
        position: after.position(),
        created_rows: after.counts.created,
        updated_rows: after.counts.updated,
        unchanged_rows: after.counts.unchanged,
        refused_rows: after.counts.refused,
        error: after.error.clone(),
        started_at: after.started_at,
        finished_at: after.finished_at,
        version: after.version,
    };
    work.update_row(row).await.map(drop)
}

/// A refused row as it is stored.
#[derive(Debug, Record)]
#[record(of = exchange_row, alias = "exchange_row")]
pub struct RefusedRow {
    pub number: i64,
    pub code: String,
    pub field: String,
    pub message: String,
}

#[derive(Record)]
#[record(of = exchange_row)]
struct NewRefused {
    exchange_id: ExchangeId,
    number: i64,
    code: String,
    field: String,
    message: String,
}

/// Keeps rows that were refused, each once.
pub async fn insert_refused(work: &Work, id: ExchangeId, refused: Vec<RefusedRow>) -> Result<(), Fault> {
    let mut rows = Rows::<NewRefused>::insert(work.tenant());
    rows.extend(refused.into_iter().map(|RefusedRow { number, code, field, message }| NewRefused {
        exchange_id: id,
        number,
        code,
        field,
        message,
    }));
    work.write(rows.into()).await
}

/// Refused rows from after one number to another, in order.
pub async fn refused(reads: &impl Reads, id: ExchangeId, (after, to): (i64, i64), limit: i64) -> Result<Vec<RefusedRow>, Fault> {
    let sql = format!(
        "SELECT {} FROM exchange_row WHERE tenant_id = $1 AND exchange_id = $2 AND number > $3 AND number <= $4
               ORDER BY number LIMIT $5",
        RefusedRow::SELECT
    );
    reads.records(&sql, vec![id.into(), after.into(), to.into(), limit.into()]).await
}

/// Deletes the stored refused rows of exchanges that finished before a moment: their result files
/// have them. Returns the number of deleted rows.
pub async fn delete_before(work: &Work, before: Timestamp, limit: i64) -> Result<u64, Fault> {
    let sql = "DELETE FROM exchange_row WHERE tenant_id = $1 AND exchange_id IN (SELECT id FROM exchange WHERE tenant_id = $1 AND finished_at < $2
               AND EXISTS (SELECT 1 FROM exchange_row r WHERE r.tenant_id = $1 AND r.exchange_id = exchange.id) ORDER BY finished_at LIMIT $3)";
    work.execute(sql, vec![before.micros().into(), limit.into()]).await
}

/// The tenants that have such lists.
pub async fn tenants_to_clear(global: &platform::storage::Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT x.tenant_id FROM exchange x WHERE x.finished_at < $1
               AND EXISTS (SELECT 1 FROM exchange_row r WHERE r.tenant_id = x.tenant_id AND r.exchange_id = x.id)";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(Row::scalar).collect()
}
