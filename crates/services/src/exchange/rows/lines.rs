//! Answers to the lines of a bulk operation, stored until they are in the result file.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::exchange_line,
};
use platform::storage::{Fault, Finds, Global, Reads, Row, Rows, Work};

use crate::exchange::core::bulk::LineAnswer;

/// Marks a line that is about to be begun.
pub async fn mark_started(work: &Work, id: ExchangeId, number: i64) -> Result<(), Fault> {
    let row = exchange_line::Model { tenant_id: work.tenant(), exchange_id: id, number, answer: None };
    work.insert::<exchange_line::Entity>(row).await
}

/// The last line that was answered; 0 before the first.
pub async fn last(reads: &impl Reads, id: ExchangeId) -> Result<i64, Fault> {
    let sql =
        "SELECT coalesce(max(number), 0) FROM exchange_line WHERE tenant_id = $1 AND exchange_id = $2 AND answer IS NOT NULL";
    reads.rows(sql, vec![id.into()]).await?.first().map_or(Ok(0), Row::scalar)
}

/// The line that was begun and not answered: at most one.
pub async fn started_line(reads: &impl Reads, id: ExchangeId) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM exchange_line WHERE tenant_id = $1 AND exchange_id = $2 AND answer IS NULL";
    let rows = reads.rows(sql, vec![id.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// A line and its answer, a JSON object: never the empty text, which would be stored as none.
#[derive(Record)]
#[record(of = exchange_line)]
struct NewLine {
    exchange_id: ExchangeId,
    number: i64,
    answer: Option<String>,
}

#[derive(Record)]
struct AnsweredLine {
    #[record(of = exchange_line, alias = "exchange_line")]
    number: i64,
    #[record(sql = "answer")]
    answer: String,
}

/// Stores the answers of lines, and replaces their marks.
pub async fn answer(work: &Work, id: ExchangeId, lines: &[LineAnswer]) -> Result<(), Fault> {
    let sql = "DELETE FROM exchange_line WHERE tenant_id = $1 AND exchange_id = $2 AND answer IS NULL";
    work.execute(sql, vec![id.into()]).await?;
    let mut rows = Rows::<NewLine>::insert(work.tenant());
    for line in lines {
        rows.push(NewLine { exchange_id: id, number: line.number, answer: Some(line.answer.clone()) });
    }
    work.write(rows.into()).await
}

/// Returns the answers to lines after a number, in order.
pub async fn load_answers(reads: &impl Reads, id: ExchangeId, after: i64, limit: i64) -> Result<Vec<(i64, String)>, Fault> {
    let sql = format!(
        "SELECT {} FROM exchange_line WHERE tenant_id = $1 AND exchange_id = $2 AND number > $3 AND answer IS NOT NULL
               ORDER BY number LIMIT $4",
        AnsweredLine::SELECT
    );
    let rows = reads.records::<AnsweredLine>(&sql, vec![id.into(), after.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.number, row.answer)).collect())
}

/// Whether another mutation of the tenant is being run line by line.
pub async fn is_running(reads: &impl Reads) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM exchange WHERE tenant_id = $1 AND kind = 'BULK' AND state = 'RUNNING' LIMIT 1";
    Ok(!reads.rows(sql, vec![]).await?.is_empty())
}

/// Returns the queued operation that has waited longest.
pub async fn next_bulk_run(reads: &impl Reads) -> Result<Option<ExchangeId>, Fault> {
    let sql =
        "SELECT id FROM exchange WHERE tenant_id = $1 AND kind = 'BULK' AND state = 'QUEUED' ORDER BY created_at, id LIMIT 1";
    reads.rows(sql, vec![]).await?.first().map(Row::scalar).transpose()
}

/// Deletes the lines of up to `limit` exchanges that finished before a time, as their result files
/// have them. Returns the number of deleted rows.
pub async fn delete_before(work: &Work, before: Timestamp, limit: i64) -> Result<u64, Fault> {
    let sql = "DELETE FROM exchange_line WHERE tenant_id = $1 AND exchange_id IN (SELECT id FROM exchange WHERE tenant_id = $1 AND finished_at < $2
               AND EXISTS (SELECT 1 FROM exchange_line l WHERE l.tenant_id = $1 AND l.exchange_id = exchange.id) ORDER BY finished_at LIMIT $3)";
    work.execute(sql, vec![before.micros().into(), limit.into()]).await
}

/// The tenants that have such lines.
pub async fn tenants_to_clear(global: &Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT x.tenant_id FROM exchange x WHERE x.finished_at < $1
               AND EXISTS (SELECT 1 FROM exchange_line l WHERE l.tenant_id = x.tenant_id AND l.exchange_id = x.id)";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(Row::scalar).collect()
}
