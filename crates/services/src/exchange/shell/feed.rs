//! Rows for exports that go on by themselves: pages of what a range of events has brought, and files of them in memory.

use bytes::Bytes;
use entity::prelude::*;
use iam::access::{Caller, Denied, kind, permit};
use platform::storage::{Fault, Reads, journal};
use sea_orm::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Exchange, ExchangeError, Halt, Requester,
    columnar::Columnar,
    export::{are_still, export_scope},
    manage::may,
    write::{broken, columns_written, csv_row, empty_csv, json_line},
};
use crate::exchange::{
    core::{ExportOptions, FactRange, Format, Kind, Noun, cells::Item, columns::exported},
    rows::{
        export::{ExportScope, page},
        export_facts,
    },
};

/// Bytes at which a file ends: another one goes on behind it.
const PART_BYTES: usize = 32 << 20;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Events that are looked at in one go, at most.
const EVENTS: u32 = 500;

/// Which rows are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub noun: Noun,
    /// All rows up to an event, or those that the events of a range have brought.
    pub range: FactRange,
    /// Of demand facts: the first of their days and the one behind the last, as days since 1970.
    pub days: Option<(i32, i32)>,
    /// Of orders: only these.
    pub orders: Option<Vec<OrderId>>,
}

/// How far the rows of a noun are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedHead {
    /// Of demand facts; 0 of other rows.
    pub generation: i64,
    /// The last event that they include.
    pub seq: i64,
    /// The journal is whole behind this event.
    pub low: i64,
}

/// A page of rows, and where the next one goes on; None behind the last.
#[derive(Debug)]
pub struct FeedPage {
    pub rows: Vec<Vec<Item>>,
    pub next: Option<Vec<Value>>,
}

/// Why there is no page.
#[derive(Debug)]
pub enum FeedError {
    /// Whoever it is for may not come in any more.
    Gone,
    /// They may not see these rows, in words.
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
            Halt::Failed(why) | Halt::Raced(why) => Self::Denied(why),
            Halt::Fault(fault) => Self::Fault(fault),
            Halt::Cancelled | Halt::Yielded => Self::Fault(Fault::ShuttingDown),
        }
    }
}

/// Whether somebody may export rows of a noun.
///
/// # Errors
/// They lack the permission for it.
pub fn may_feed(caller: &Caller, noun: Noun) -> Result<(), Denied> {
    match may(caller, Kind::Export, Some(noun)) {
        Err(ExchangeError::Denied(denied)) => Err(denied),
        _ => Ok(()),
    }
}

/// How far the rows of a noun are; None of demand facts before there are any.
pub async fn feed_head(reads: &impl Reads, noun: Noun) -> Result<Option<FeedHead>, Fault> {
    if noun == Noun::DemandFacts {
        let current = export_facts::current(reads).await?;
        return Ok(current.map(|(generation, seq)| FeedHead { generation, seq, low: 0 }));
    }
    let head = journal::head(reads).await?;
    Ok(Some(FeedHead { generation: 0, seq: head.seq, low: head.low }))
}

impl Exchange {
    /// The days of which demand facts of a range tell something.
    pub async fn feed_days(&self, tenant: TenantId, range: FactRange) -> Result<Vec<i32>, Fault> {
        export_facts::days(&self.0.db.tenant(tenant).long().caught_up().await, range).await
    }

    /// The orders that events of a range are about, or whose returns or fulfilments they are about.
    pub async fn feed_orders(&self, tenant: TenantId, (from, to): (i64, i64)) -> Result<Vec<OrderId>, Fault> {
        let scope = self.0.db.tenant(tenant).long().caught_up().await;
        let (mut at, mut found) = (from, std::collections::BTreeSet::new());
        while at < to {
            let events = journal::page_after(&scope, at, EVENTS).await?.events;
            let Some(last) = events.last() else { break };
            at = last.seq;
            for event in events.iter().take_while(|event| event.seq <= to) {
                found.extend(orders_of(&event.payload));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// A page of rows, as somebody may see them now.
    pub async fn feed_page(&self, requester: Requester, feed: &Feed, after: &[Value]) -> Result<FeedPage, FeedError> {
        let caller = self.feeder(requester).await?;
        let scope = self.0.db.tenant(requester.tenant).long().caught_up().await;
        let (noun, range) = (feed.noun, feed.range);
        let facts = (noun == Noun::DemandFacts).then_some(range);
        let export_scope = ExportScope {
            since: range.is_increment.then_some(range.from).or((noun == Noun::Movements).then_some(range.from)),
            orders: feed.orders.clone(),
            ..export_scope(&caller, noun, (range.to, facts))?
        };
        let moment = |day: i32| i64::from(day) * DAY;
        let options = ExportOptions {
            format: Format::Csv,
            stores: None,
            categories: None,
            products: None,
            from: feed.days.map(|(first, _)| moment(first)),
            before: feed.days.map(|(_, behind)| moment(behind)),
            since: None,
        };
        let found = page(&scope, noun, (&export_scope, &options), &after.to_vec()).await?;
        if let Some(range) = facts {
            are_still(&scope, range).await?;
        }
        Ok(FeedPage { rows: found.rows, next: found.next })
    }

    /// Whoever rows are for, as they may act now.
    async fn feeder(&self, requester: Requester) -> Result<Caller, FeedError> {
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
    let several = payload["orders"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(&payload["order"]).chain(several).filter_map(|id| id.as_str()?.parse().ok()).collect()
}

enum Form {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Jsonl(Vec<u8>),
    /// None while a thread beside us writes what is full.
    Parquet(Option<Box<Columnar>>),
}

/// A file of rows under way, in memory.
pub struct FeedFile {
    names: Vec<String>,
    form: Form,
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
        let columns = exported(noun);
        let mut form = match format {
            ExportFormat::Csv => Form::Csv(Box::new(empty_csv())),
            ExportFormat::Jsonl => Form::Jsonl(Vec::new()),
            ExportFormat::Parquet => Form::Parquet(Some(Box::new(Columnar::of(columns)?))),
        };
        if let Form::Csv(rows) = &mut form {
            rows.write_record(columns).map_err(broken)?;
        }
        let names = columns.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { names, form, bytes: Vec::new(), rows: 0 })
    }

    /// Adds the rows of a page.
    pub async fn push(&mut self, rows: &[Vec<Item>]) -> Result<(), FeedError> {
        for row in rows {
            match &mut self.form {
                Form::Csv(csv) => csv_row(csv, row)?,
                Form::Jsonl(out) => json_line(out, &self.names, row)?,
                Form::Parquet(Some(open)) => open.row(row)?,
                Form::Parquet(None) => return Err(broken("its writer is gone").into()),
            }
        }
        self.rows += rows.len() as i64;
        self.flush().await
    }

    /// Moves on what is written.
    async fn flush(&mut self) -> Result<(), FeedError> {
        let mut written = match &mut self.form {
            Form::Csv(rows) => {
                rows.flush().map_err(broken)?;
                std::mem::replace(&mut **rows, empty_csv()).into_inner().map_err(broken)?
            }
            Form::Jsonl(out) => std::mem::take(out),
            Form::Parquet(Some(open)) if !open.is_full() => return Ok(()),
            Form::Parquet(open) => columns_written(open, Columnar::write_full).await?,
        };
        self.bytes.append(&mut written);
        Ok(())
    }

    /// Whether it is so large that another one should go on behind it.
    pub fn is_large(&self) -> bool {
        self.bytes.len() >= PART_BYTES
    }

    /// The whole file.
    pub async fn finish(mut self) -> Result<FeedPart, FeedError> {
        self.flush().await?;
        let Self { form, mut bytes, rows, .. } = self;
        if let Form::Parquet(mut open) = form {
            bytes.append(&mut columns_written(&mut open, Columnar::finish).await?);
        }
        let hashing = tokio::task::spawn_blocking(move || {
            let sha256 = hex::encode(Sha256::digest(&bytes));
            (Bytes::from(bytes), sha256)
        });
        let (bytes, sha256) = hashing.await.map_err(broken)?;
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
