//! The endpoint that proposes descriptions, and the count of today's calls.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::description_endpoint,
};
use platform::{
    secrets::{Loss, SealedColumn},
    storage::{Fault, Finds, Reads, Work},
};
use sea_orm::Value;

use crate::suggestions::core::Endpoint;

/// API key of the endpoint.
pub const KEY: SealedColumn = SealedColumn {
    table: "description_endpoint",
    column: "key_sealed",
    keys: &["tenant_id"],
    blind: None,
    loss: Loss::Null("is_enabled = 0, version = version + 1, updated_at = :now"),
};

const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(Record)]
#[record(of = description_endpoint, alias = "e")]
struct EndpointRow {
    url: String,
    model: String,
    key_sealed: Option<Vec<u8>>,
    is_enabled: i32,
    max_tokens: i32,
    calls_per_day: i32,
    calls_day: i64,
    calls: i64,
    version: i64,
    updated_at: Timestamp,
}

/// Days since 1970, by UTC.
fn day_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(MICROS_PER_DAY)
}

/// The tenant's endpoint and its sealed key.
pub async fn endpoint(reads: &impl Reads, now: Timestamp) -> Result<Option<(Endpoint, Option<Vec<u8>>)>, Fault> {
    let sql = format!("SELECT {} FROM description_endpoint e WHERE e.tenant_id = $1", EndpointRow::SELECT);
    let Some(row) = reads.records::<EndpointRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let endpoint = Endpoint {
        url: row.url,
        model: row.model,
        has_key: row.key_sealed.is_some(),
        is_enabled: row.is_enabled == 1,
        max_tokens: row.max_tokens,
        calls_per_day: row.calls_per_day,
        calls_today: if row.calls_day == day_of(now) { row.calls } else { 0 },
        version: row.version,
        updated_at: row.updated_at,
    };
    Ok(Some((endpoint, row.key_sealed)))
}

/// Creates or replaces the endpoint. The count of today's calls stays.
pub async fn set_endpoint(work: &Work, endpoint: &Endpoint, key: Option<Vec<u8>>) -> Result<(), Fault> {
    let sql = "INSERT INTO description_endpoint (tenant_id, url, model, key_sealed, is_enabled, max_tokens, calls_per_day, calls_day, calls, version, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9)
        ON CONFLICT (tenant_id) DO UPDATE SET url = excluded.url, model = excluded.model, key_sealed = excluded.key_sealed,
        is_enabled = excluded.is_enabled, max_tokens = excluded.max_tokens, calls_per_day = excluded.calls_per_day,
        version = excluded.version, updated_at = excluded.updated_at";
    let values: Vec<Value> = vec![
        endpoint.url.as_str().into(),
        endpoint.model.as_str().into(),
        key.into(),
        i32::from(endpoint.is_enabled).into(),
        endpoint.max_tokens.into(),
        endpoint.calls_per_day.into(),
        endpoint.version.into(),
        endpoint.updated_at.micros().into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// Counts a call of today; returns false if today's calls are spent.
pub async fn consume_daily_call(work: &Work, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE description_endpoint SET calls = CASE WHEN calls_day = $2 THEN calls + 1 ELSE 1 END, calls_day = $2
        WHERE tenant_id = $1 AND is_enabled = 1 AND (calls_day <> $2 OR calls < calls_per_day)";
    Ok(work.execute(sql, vec![day_of(now).into()]).await? == 1)
}
