//! References of orders to other rows: channels, customers and stores that exist, and external
//! references that are taken.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{channel, customer, sales_order, store},
};
use platform::storage::{Fault, Finds, Reads};

use crate::orders::core::{BuyerFacts, StoreFacts};

#[derive(Record)]
#[record(of = channel, alias = "")]
struct ChannelRow {
    id: ChannelId,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
struct CustomerRow {
    #[record(of = customer, alias = "c")]
    id: CustomerId,
    #[record(of = customer, alias = "c")]
    country: Option<String>,
    /// Time at which the customer was archived; for a merged one, that of the customer it was
    /// merged into.
    #[record(sql = "CASE WHEN c.merged_into IS NULL THEN c.archived_at ELSE i.archived_at END")]
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = store, alias = "")]
struct StoreRow {
    id: StoreId,
    time_zone: String,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
struct ExistingReference {
    #[record(of = channel, alias = "c")]
    id: ChannelId,
    #[record(of = sales_order, alias = "o", not_null)]
    external_ref: String,
}

/// Reads which of these channels exist, and since when each is archived.
pub async fn existing_channels(reads: &impl Reads, ids: &[ChannelId]) -> Result<HashMap<ChannelId, Option<Timestamp>>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (ChannelRow::SELECT, backend.in_ids("id", 2));
    let sql = format!("SELECT {select} FROM channel WHERE tenant_id = $1 AND {condition}");
    let rows = reads.records::<ChannelRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.archived_at)).collect())
}
/// Reads the facts of those of these customers that exist.
pub async fn existing_customers(reads: &impl Reads, ids: &[CustomerId]) -> Result<HashMap<CustomerId, BuyerFacts>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (CustomerRow::SELECT, backend.in_ids("c.id", 2));
    let sql = format!(
        "SELECT {select} FROM customer c LEFT JOIN customer i ON i.tenant_id = c.tenant_id AND i.id = c.merged_into
         WHERE c.tenant_id = $1 AND {condition}"
    );
    let rows = reads.records::<CustomerRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let facts = |row: CustomerRow| (row.id, BuyerFacts { country: row.country, archived_at: row.archived_at });
    Ok(rows.into_iter().map(facts).collect())
}

/// Reads the time zones of these stores, and whether they are archived.
pub async fn store_facts(reads: &impl Reads, ids: &[StoreId]) -> Result<HashMap<StoreId, StoreFacts>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (StoreRow::SELECT, backend.in_ids("id", 2));
    let sql = format!("SELECT {select} FROM store WHERE tenant_id = $1 AND {condition}");
    let rows = reads.records::<StoreRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let facts = |row: StoreRow| (row.id, StoreFacts { time_zone: row.time_zone, archived: row.archived_at.is_some() });
    Ok(rows.into_iter().map(facts).collect())
}

/// Reads which of these external references an order has, each with its channel.
pub async fn existing_order_references(reads: &impl Reads, references: &[&str]) -> Result<HashSet<(ChannelId, String)>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let condition = backend.in_texts("o.external_ref", 2);
    // The channel leads the index: naming the tenant's channels keeps the search in it. SQLite
    // joins in this order only with CROSS JOIN; otherwise it reads all orders of the tenant.
    let sql = format!(
        "SELECT {select} FROM channel c CROSS JOIN sales_order o
         WHERE c.tenant_id = $1 AND o.tenant_id = $1 AND o.channel_id = c.id AND {condition}",
        select = ExistingReference::SELECT
    );
    let rows = reads.records::<ExistingReference>(&sql, vec![backend.texts(references.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.external_ref)).collect())
}
