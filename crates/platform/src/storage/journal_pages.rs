//! Reads of consecutive events: pages limited by the bytes of their payloads, and reads without
//! payloads.
//!
//! An event of a movement of 1,000 lines has some 250 kB, so 500 of them have 125 MB. A page's
//! statement therefore reads only the payloads of small events, with the size of each. A second one
//! reads the large payloads of the page, if it has any: a page of small events needs one statement.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
    tables::event,
};
use sea_orm::{Statement, Value};

use super::{
    Backend, Fault, Reads, Row,
    events::AnyEventType,
    journal_bounds::{JournalBounds, RECORDED_SINCE},
    journal_event::Event,
};

/// Size of a page: bytes of payloads, in UTF-8. The event that reaches it is the page's last one,
/// whatever its size.
pub const PAGE_BYTES: usize = 2_000_000;
/// Maximum events read by one statement. `SizedEvent` has payloads of up to 4,000 bytes, and so
/// many of them have `PAGE_BYTES`.
const STATEMENT_EVENTS: u32 = 500;
/// Maximum events of a page's first statement on SQLite. The table is `WITHOUT ROWID`, so a
/// statement reads the payload of each row that it passes, even if it returns none: 4 ms for 64
/// rows of 250 kB.
const FIRST_ON_SQLITE: u32 = 32;

/// Condition on kinds of events. Equal lists have equal texts: a partial index is used only for the
/// text that it was created with.
#[derive(Debug, Clone)]
pub struct Kinds(String);

impl Kinds {
    pub fn of(event_types: &[&dyn AnyEventType]) -> Self {
        let names: Vec<String> = event_types.iter().map(|event| format!("'{}'", event.name())).collect();
        Self(format!("kind IN ({})", names.join(", ")))
    }
    /// The condition.
    pub fn sql(&self) -> &str {
        &self.0
    }
}

/// Events of the journal, oldest first.
#[derive(Debug, Default)]
pub struct Page {
    pub events: Vec<Event>,
    /// True if it ended by its number of events or by its bytes: more may follow. Such a page has an event.
    pub is_full: bool,
}

impl Page {
    /// Returns the number up to which the page was read: `upto`, which was requested, or that of
    /// its last event if the page ended before.
    pub fn last_read_seq(&self, upto: i64) -> i64 {
        self.events.last().filter(|_| self.is_full).map_or(upto, |event| event.seq)
    }
}

/// An event without its payload.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = event, alias = "event")]
pub struct EventHeader {
    pub seq: i64,
    pub kind: String,
    pub recorded_at: Timestamp,
}

/// An event with the size of its payload, in bytes, and with the payload itself if that is small.
#[derive(Record)]
struct SizedEvent {
    #[record(of = event, alias = "event")]
    seq: i64,
    #[record(of = event, alias = "event")]
    kind: String,
    #[record(sql = "CASE WHEN octet_length(event.payload) <= 4000 THEN event.payload END")]
    payload: Option<String>,
    #[record(of = event, alias = "event")]
    recorded_at: Timestamp,
    #[record(sql = "CAST(octet_length(event.payload) AS bigint)")]
    bytes: i64,
}

impl SizedEvent {
    fn with_payload(self) -> Option<Event> {
        Some(Event { seq: self.seq, kind: self.kind, payload: self.payload?, recorded_at: self.recorded_at })
    }
}

/// The number and the time of an event that was read.
trait Positioned {
    fn recorded_position(&self) -> (i64, Timestamp);
}
impl Positioned for Event {
    fn recorded_position(&self) -> (i64, Timestamp) {
        (self.seq, self.recorded_at)
    }
}
impl Positioned for EventHeader {
    fn recorded_position(&self) -> (i64, Timestamp) {
        (self.seq, self.recorded_at)
    }
}
impl Positioned for SizedEvent {
    fn recorded_position(&self) -> (i64, Timestamp) {
        (self.seq, self.recorded_at)
    }
}

/// A part of the journal: events after `after`, up to `upto` if there is one, with a further condition, at most `limit`.
#[derive(Debug, Clone, Copy)]
struct Span<'a> {
    after: i64,
    upto: Option<i64>,
    /// Empty, or ` AND kind IN ('a.b')`.
    also: &'a str,
    limit: Option<u32>,
}

impl Span<'_> {
    /// Returns the statement that reads the span, oldest first. On Postgres it searches only the
    /// months that may contain the events, as far as the bounds are known.
    fn statement(&self, reads: &impl Reads, select: &str) -> Statement {
        let mut values: Vec<Value> = vec![reads.tenant().into(), self.after.into()];
        let mut sql = format!("SELECT {select} FROM event WHERE tenant_id = $1 AND seq > $2");
        if let Some(bounds) = JournalBounds::of(reads) {
            values.push(bounds.start(reads.tenant(), self.after).into());
            sql.push_str(RECORDED_SINCE);
        }
        if let Some(upto) = self.upto {
            values.push(upto.into());
            sql = format!("{sql} AND seq <= ${}", values.len());
        }
        sql = format!("{sql}{} ORDER BY seq", self.also);
        if let Some(limit) = self.limit {
            values.push(i64::from(limit).into());
            sql = format!("{sql} LIMIT ${}", values.len());
        }
        Statement::from_sql_and_values(reads.backend().into(), sql, values)
    }
}

/// Returns at most `limit` events after `seq`, oldest first, whatever their size: for small limits.
/// For pages use `page_after`.
pub async fn after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Vec<Event>, Fault> {
    read(reads, page_statement(reads, "", seq, limit)).await
}

/// Returns the statement of `after`, with a further condition.
pub fn page_statement(reads: &impl Reads, condition: &str, seq: i64, limit: u32) -> Statement {
    Span { after: seq, upto: None, also: condition, limit: Some(limit) }.statement(reads, Event::SELECT)
}

/// Returns a page of events after `seq`: at most `limit`, or fewer if their payloads reach
/// `PAGE_BYTES`.
pub async fn page_after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Page, Fault> {
    page(reads, Span { after: seq, upto: None, also: "", limit: None }, limit).await
}

/// Returns a page of events of these kinds after `seq` up to `upto`: at most `limit`, or fewer if
/// their payloads reach `PAGE_BYTES`.
pub async fn page_of_kinds(reads: &impl Reads, kinds: &Kinds, seq: i64, upto: i64, limit: u32) -> Result<Page, Fault> {
    let condition = format!(" AND {}", kinds.sql());
    page(reads, Span { after: seq, upto: Some(upto), also: &condition, limit: None }, limit).await
}

/// Returns at most `limit` events after `seq` without their payloads, oldest first.
pub async fn headers_after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Vec<EventHeader>, Fault> {
    let span = Span { after: seq, upto: None, also: "", limit: Some(limit) };
    read(reads, span.statement(reads, EventHeader::SELECT)).await
}

/// Returns at most `limit` events of these kinds after `seq`, oldest first, whatever their size:
/// for kinds whose payloads have no lines.
pub async fn kinds_after(reads: &impl Reads, kinds: &Kinds, seq: i64, limit: u32) -> Result<Vec<Event>, Fault> {
    read(reads, page_statement(reads, &format!(" AND {}", kinds.sql()), seq, limit)).await
}

/// Returns all events of these kinds after `seq` up to `upto`.
pub async fn kinds_between(reads: &impl Reads, kinds: &Kinds, seq: i64, upto: i64) -> Result<Vec<Event>, Fault> {
    let condition = format!(" AND {}", kinds.sql());
    let span = Span { after: seq, upto: Some(upto), also: &condition, limit: None };
    read(reads, span.statement(reads, Event::SELECT)).await
}

/// Returns a page of a span, of at most `max_events` events.
async fn page(reads: &impl Reads, mut span: Span<'_>, max_events: u32) -> Result<Page, Fault> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    loop {
        let limit = next_limit(reads.backend(), max_events, events.len(), bytes);
        let mut sized_events: Vec<SizedEvent> =
            read(reads, Span { limit: Some(limit), ..span }.statement(reads, SizedEvent::SELECT)).await?;
        let count = sized_events.len();
        let fit_count = count_that_fit(sized_events.iter().map(|event| event.bytes), PAGE_BYTES.saturating_sub(bytes));
        sized_events.truncate(fit_count);
        let Some(last) = sized_events.last().map(|event| event.seq) else { return Ok(Page { events, is_full: false }) };
        let added = with_payloads(reads, span, sized_events, last).await?;
        bytes += added.iter().map(|event| event.payload.len()).sum::<usize>();
        events.extend(added);
        if fit_count == count && count < limit as usize {
            return Ok(Page { events, is_full: false });
        }
        if events.len() >= max_events as usize || bytes >= PAGE_BYTES {
            return Ok(Page { events, is_full: true });
        }
        span.after = last;
    }
}

/// Returns the limit of a page's next statement, given the events and bytes read so far.
fn next_limit(backend: Backend, max_events: u32, events: usize, bytes: usize) -> u32 {
    let remaining = (max_events as usize).saturating_sub(events).clamp(1, STATEMENT_EVENTS as usize);
    let limit = match backend {
        Backend::Postgres => remaining,
        Backend::Sqlite if events == 0 => remaining.min(FIRST_ON_SQLITE as usize),
        // As many as fit if they are as large as those before.
        Backend::Sqlite => remaining.min(PAGE_BYTES.saturating_sub(bytes) / (bytes / events + 1)).max(1),
    };
    u32::try_from(limit).unwrap_or(STATEMENT_EVENTS)
}

/// Returns the number of events of these sizes, in bytes, that a page takes with so many bytes
/// left: all before the room is used up, so one at least.
fn count_that_fit(sizes: impl Iterator<Item = i64>, room: usize) -> usize {
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    sizes
        .scan(0_i64, |sum, bytes| {
            let before = *sum;
            *sum = sum.saturating_add(bytes);
            Some(before)
        })
        .take_while(|before| *before < room)
        .count()
}

/// Returns the first events of a span, up to the number `last`. From the first large one on they
/// are read again, with their payloads. Events that were removed meanwhile are missing.
async fn with_payloads(
    reads: &impl Reads,
    span: Span<'_>,
    sized_events: Vec<SizedEvent>,
    last: i64,
) -> Result<Vec<Event>, Fault> {
    let count = sized_events.len();
    let mut events: Vec<Event> = sized_events.into_iter().map_while(SizedEvent::with_payload).collect();
    if events.len() < count {
        let after = events.last().map_or(span.after, |event| event.seq);
        let remaining_span = Span { after, upto: Some(last), limit: None, ..span };
        events.extend(read::<Event>(reads, remaining_span.statement(reads, Event::SELECT)).await?);
    }
    Ok(events)
}

/// Reads a statement's events, and notes when the last one was recorded.
async fn read<R: Record + Positioned>(reads: &impl Reads, statement: Statement) -> Result<Vec<R>, Fault> {
    let rows = reads.query(statement).await?;
    let records = rows.iter().map(|row| Row::new(row).record()).collect::<Result<Vec<R>, Fault>>()?;
    if let (Some(bounds), Some(last)) = (JournalBounds::of(reads), records.last()) {
        let (seq, recorded_at) = last.recorded_position();
        bounds.note(reads.tenant(), seq, recorded_at);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_events_until_its_bytes_are_used_up() {
        assert_eq!(count_that_fit([].into_iter(), 10), 0);
        assert_eq!(count_that_fit([50, 1].into_iter(), 10), 1, "one at least");
        assert_eq!(count_that_fit([4, 5, 1, 0].into_iter(), 10), 3, "those that have just so many bytes end it");
        assert_eq!(count_that_fit([4, 5, 9, 1].into_iter(), 10), 3);
        assert_eq!(count_that_fit([1, 1].into_iter(), 10), 2);
    }

    #[test]
    fn small_events_take_one_statement_on_postgres_and_two_on_sqlite() {
        assert_eq!(next_limit(Backend::Postgres, 500, 0, 0), 500);
        assert_eq!(next_limit(Backend::Postgres, 2_000, 1_800, 9), 200);
        assert_eq!(next_limit(Backend::Postgres, 2_000, 0, 0), STATEMENT_EVENTS);
        assert_eq!(next_limit(Backend::Sqlite, 500, 0, 0), FIRST_ON_SQLITE);
        assert_eq!(next_limit(Backend::Sqlite, 500, 32, 32 * 700), 468);
        assert_eq!(next_limit(Backend::Sqlite, 10, 0, 0), 10);
        // If events turn out to be large, no more of them are read than fit.
        assert_eq!(next_limit(Backend::Sqlite, 500, 32, 32 * 50_000), 7);
        assert_eq!(next_limit(Backend::Sqlite, 500, 32, PAGE_BYTES - 1), 1);
    }

    #[test]
    fn a_page_that_is_not_full_was_read_to_its_end() {
        let event = Event { seq: 7, kind: "a.b".to_owned(), payload: "{}".to_owned(), recorded_at: Timestamp(0) };
        assert_eq!(Page { events: vec![event.clone()], is_full: false }.last_read_seq(9), 9);
        assert_eq!(Page { events: vec![event], is_full: true }.last_read_seq(9), 7);
        assert_eq!(Page::default().last_read_seq(9), 9);
    }
}
