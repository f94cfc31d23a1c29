//! Rows for continuous exports: pages of the rows that a range of events has changed, and files of
//! them in memory.

use bytes::Bytes;
use entity::prelude::*;
use iam::access::{Caller, Denied, kind, permit};
use platform::storage::{Fault, Reads, journal};
use sea_orm::Value;
use sha2::{Digest as _, Sha256};

use super::{
    columnar::Columnar,
    engine::Requester,
    error::ExchangeError,
    export::{build_export_scope, check_generation},
    halt::Halt,
    manage::check_permission,
    service::Exchange,
    text_rows::{csv_row, empty_csv, internal_halt, json_line},
    write::write_columns,
};
use crate::exchange::{
    core::{ExportOptions, FactRange, Format, Kind, Noun, cells::Item, columns::exported_columns},
    rows::{export::page, export_facts, export_page::ExportScope},
};

/// Size at which a file ends; the rows continue in the next one.
const PART_BYTES: usize = 32 << 20;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Maximum events that are read at once.
const EVENTS: u32 = 500;

/// Selection of the rows of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub noun: Noun,
    /// All rows up to an event, or the rows that the events of a range have changed.
    pub range: FactRange,
    /// For demand facts: the first of their days and the day after the last, as days since 1970.
    pub days: Option<(i32, i32)>,
    /// For orders: only these.
    pub orders: Option<Vec<OrderId>>,
}

/// Progress of the rows of a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedHead {
    /// Generation of demand facts; 0 for other rows.
    pub generation: i64,
    /// The last event that they include.
    pub seq: i64,
    /// The journal is complete after this event.
    pub low: i64,
}

/// A page of rows, and the key after which the next one continues; None after the last.
#[derive(Debug)]
pub struct FeedPage {
    pub rows: Vec<Vec<Item>>,
    pub next: Option<Vec<Value>>,
}

/// Reasons for the absence of a page.
#[derive(Debug)]
pub enum FeedError {
    /// The requester has no access any more.
    Gone,
    /// The requester may not see these rows; the text says why.
    Denied(String),
    Fault(Fault),
}
impl From<Fault> for FeedError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<Denied> for FeedError {
    fn from(denied: Denied) -> Self {
        Halt::from(denied).into()
    }
}
impl From<Halt> for FeedError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Failed(reason) | Halt::Raced(reason) => Self::Denied(reason),
            Halt::Fault(fault) => Self::Fault(fault),
            Halt::Cancelled | Halt::Yielded => Self::Fault(Fault::ShuttingDown),
        }
    }
}

/// Checks that a caller may export rows of a noun.
///
/// # Errors
/// The caller lacks the permission for it.
pub fn may_feed(caller: &Caller, noun: Noun) -> Result<(), Denied> {
    match check_permission(caller, Kind::Export, Some(noun)) {
        Err(ExchangeError::Denied(denied)) => Err(denied),
        _ => Ok(()),
    }
}

/// Returns the progress of the rows of a noun; None for demand facts before the first are counted.
pub async fn feed_head(reads: &impl Reads, noun: Noun) -> Result<Option<FeedHead>, Fault> {
    if noun == Noun::DemandFacts {
        let current = export_facts::current(reads).await?;
        return Ok(current.map(|(generation, seq)| FeedHead { generation, seq, low: 0 }));
    }
    let head = journal::head(reads).await?;
    Ok(Some(FeedHead { generation: 0, seq: head.seq, low: head.low }))
}

impl Exchange {
    /// The days of the demand facts in a range.
    pub async fn feed_days(&self, tenant: TenantId, range: FactRange) -> Result<Vec<i32>, Fault> {
        export_facts::days(&self.0.db.tenant(tenant).long().with_caught_up_replica().await, range).await
    }

    /// The orders that events of a range concern, directly or through their returns or fulfilments.
    pub async fn feed_orders(&self, tenant: TenantId, (from, to): (i64, i64)) -> Result<Vec<OrderId>, Fault> {
        let scope = self.0.db.tenant(tenant).long().with_caught_up_replica().await;
        let (mut at, mut order_ids) = (from, std::collections::BTreeSet::new());
        while at < to {
            let events = journal::page_after(&scope, at, EVENTS).await?.events;
            let Some(last) = events.last() else { break };
            at = last.seq;
            for event in events.iter().take_while(|event| event.seq <= to) {
                order_ids.extend(orders_of(&event.payload));
            }
        }
        Ok(order_ids.into_iter().collect())
    }

    /// A page of rows, as the requester may see them now.
    pub async fn feed_page(&self, requester: Requester, feed: &Feed, after: &[Value]) -> Result<FeedPage, FeedError> {
        let caller = self.feed_requester(requester).await?;
        let scope = self.0.db.tenant(requester.tenant).long().with_caught_up_replica().await;
        let (noun, range) = (feed.noun, feed.range);
        let facts = (noun == Noun::DemandFacts).then_some(range);
        let export_scope = ExportScope {
            since: range.is_increment.then_some(range.from).or((noun == Noun::Movements).then_some(range.from)),
            orders: feed.orders.clone(),
            ..build_export_scope(&caller, noun, (range.to, facts))?
        };
        let moment = |day: i32| i64::from(day) * DAY;
        let options = ExportOptions {
            format: Format::Csv,
            stores: None,
            categories: None,
            products: None,
            from: feed.days.map(|(first, _)| moment(first)),
            before: feed.days.map(|(_, end_day)| moment(end_day)),
            since: None,
        };
        let export_page = page(&scope, noun, (&export_scope, &options), &after.to_vec()).await?;
        if let Some(range) = facts {
            check_generation(&scope, range).await?;
        }
        Ok(FeedPage { rows: export_page.rows, next: export_page.next })
    }

    /// Returns the requester of a feed with its current rights.
    async fn feed_requester(&self, requester: Requester) -> Result<Caller, FeedError> {
        let Requester { tenant, actor, key } = requester;
        let caller = match key {
            Some(key) => self.0.access.program(tenant, key).await?,
            None => self.0.access.member(tenant, MemberId::from_uuid(actor.id)).await?,
        };
        let Some(caller) = caller else {
            let is_suspended = self.0.access.is_suspended(tenant).await?;
            return Err(if is_suspended { Fault::Broken(format!("{tenant} is suspended")).into() } else { FeedError::Gone });
        };
        permit::<kind::ExchangeRun>(&caller)?;
        Ok(caller)
    }
}

/// The orders that the payload of an event names.
fn orders_of(payload: &str) -> Vec<OrderId> {
    if !payload.contains("\"ord_") {
        return Vec::new();
    }
    let Ok(payload) = serde_json::from_str::<serde_json::Value>(payload) else { return Vec::new() };
    let order_list = payload["orders"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(&payload["order"]).chain(order_list).filter_map(|id| id.as_str()?.parse().ok()).collect()
}

enum FeedEncoder {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Jsonl(Vec<u8>),
    /// None while a blocking thread encodes the full groups.
    Parquet(Option<Box<Columnar>>),
}

/// A file of rows under way, in memory.
pub struct FeedFile {
    names: Vec<String>,
    form: FeedEncoder,
    bytes: Vec<u8>,
    rows: i64,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPart {
    pub bytes: Bytes,
    pub rows: i64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl FeedFile {
    /// Begins a file of a noun's columns.
    pub fn begin(noun: Noun, format: ExportFormat) -> Result<Self, FeedError> {
        let columns = exported_columns(noun);
        let mut form = match format {
            ExportFormat::Csv => FeedEncoder::Csv(Box::new(empty_csv())),
            ExportFormat::Jsonl => FeedEncoder::Jsonl(Vec::new()),
            ExportFormat::Parquet => FeedEncoder::Parquet(Some(Box::new(Columnar::of(columns)?))),
        };
        if let FeedEncoder::Csv(rows) = &mut form {
            rows.write_record(columns).map_err(internal_halt)?;
        }
        let names = columns.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { names, form, bytes: Vec::new(), rows: 0 })
    }

    /// Adds the rows of a page.
    pub async fn push(&mut self, rows: &[Vec<Item>]) -> Result<(), FeedError> {
        for row in rows {
            match &mut self.form {
                FeedEncoder::Csv(csv) => csv_row(csv, row)?,
                FeedEncoder::Jsonl(buffer) => json_line(buffer, &self.names, row)?,
                FeedEncoder::Parquet(Some(open)) => open.row(row)?,
                FeedEncoder::Parquet(None) => return Err(internal_halt("its writer is gone").into()),
            }
        }
        self.rows += rows.len() as i64;
        self.flush().await
    }

    /// Moves the encoded bytes into the file's buffer.
    async fn flush(&mut self) -> Result<(), FeedError> {
        let mut flushed = match &mut self.form {
            FeedEncoder::Csv(rows) => {
                rows.flush().map_err(internal_halt)?;
                std::mem::replace(&mut **rows, empty_csv()).into_inner().map_err(internal_halt)?
            }
            FeedEncoder::Jsonl(buffer) => std::mem::take(buffer),
            FeedEncoder::Parquet(Some(open)) if !open.is_full() => return Ok(()),
            FeedEncoder::Parquet(open) => write_columns(open, Columnar::write_full).await?,
        };
        self.bytes.append(&mut flushed);
        Ok(())
    }

    /// Whether the file has reached its maximum size, so that the next rows go into another one.
    pub fn is_large(&self) -> bool {
        self.bytes.len() >= PART_BYTES
    }

    /// The whole file.
    pub async fn finish(mut self) -> Result<FeedPart, FeedError> {
        self.flush().await?;
        let Self { form, mut bytes, rows, .. } = self;
        if let FeedEncoder::Parquet(mut open) = form {
            bytes.append(&mut write_columns(&mut open, Columnar::finish).await?);
        }
        let hash_task = tokio::task::spawn_blocking(move || {
            let sha256 = hex::encode(Sha256::digest(&bytes));
            (Bytes::from(bytes), sha256)
        });
        let (bytes, sha256) = hash_task.await.map_err(internal_halt)?;
        Ok(FeedPart { bytes, rows, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_found_in_events_of_orders_and_returns() {
        let id: OrderId = OrderId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(orders_of(&serde_json::json!({ "order": id, "number": 1 }).to_string()), [id]);
        assert_eq!(orders_of(&serde_json::json!({ "return": "ret_x", "orders": [id] }).to_string()), [id]);
        let purchase = serde_json::json!({ "order": PurchaseOrderId::from_uuid(uuid::Uuid::from_u128(7)) });
        assert!(orders_of(&purchase.to_string()).is_empty() && orders_of("no JSON \"ord_").is_empty());
    }
}
