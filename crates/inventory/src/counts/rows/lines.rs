//! Lines of a count as clients see them, and the figures over all of them.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Fault, Reads, Row},
};

use super::load::{LINE, known_book, line};
use crate::counts::core::{Line, LineKey, Pair, Tally, Try};

/// A line, and what the books had when it was counted, with what is known by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    pub line: Line,
    pub book: Option<i64>,
}

/// A condition on lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineTest {
    State(Vec<CountLineState>),
    Product(Vec<ProductId>),
    /// Counted, and off or right.
    Difference(Difference),
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    Some,
    None,
}

/// Names the order of lines in cursors.
pub const COUNT_LINES: &str = "countLines:SKU:ASC";

/// Where a line stands in its list.
pub fn line_keys(line: &Line) -> Vec<Key> {
    vec![Key::Text(line.sku.clone()), line.id.into()]
}

/// A page of a count's lines, by SKU.
pub async fn line_page(
    reads: &impl Reads,
    count: CountId,
    tests: &[LineTest],
    request: &PageRequest,
) -> Result<Vec<ShownLine>, Fault> {
    let backend = reads.backend();
    let shown = known_book();
    let mut sql = format!(
        "SELECT {LINE}, {shown} FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
         WHERE l.tenant_id = $1 AND l.count_id = $2"
    );
    let mut values = vec![count.into()];
    for test in tests {
        let next = values.len() + 2;
        let part = match test {
            LineTest::State(list) => {
                values.push(backend.texts(list.iter().map(|state| state.as_str())));
                backend.in_texts("l.state", next)
            }
            LineTest::Product(products) => {
                values.push(backend.ids(products.iter().copied()));
                backend.in_ids("l.product_id", next)
            }
            LineTest::Difference(Difference::Some) => format!("l.state = 'COUNTED' AND l.counted <> {shown}"),
            LineTest::Difference(Difference::None) => format!("l.state = 'COUNTED' AND l.counted = {shown}"),
        };
        sql.push_str(" AND ");
        sql.push_str(&part);
    }
    let (bounds, tail, more) = keyset(&["l.sku", "l.id"], false, request, values.len() + 2);
    values.extend(more);
    let rows = reads.rows(&format!("{sql}{bounds}{tail}"), values).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok(ShownLine { line: line(&mut row)?, book: row.take()? })
    };
    rows.iter().map(read).collect()
}

/// How far a count has come, in lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub lines: i64,
    pub counted: i64,
    pub recount: i64,
    pub found: i64,
}

/// The progress of several counts; one without lines is left out.
pub async fn progress(reads: &impl Reads, ids: &[CountId]) -> Result<HashMap<CountId, Progress>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.count_id, count(*), count(CASE WHEN l.state = 'COUNTED' THEN 1 END), count(CASE WHEN l.state = 'RECOUNT' THEN 1 END),
           count(CASE WHEN l.is_expected = 0 THEN 1 END)
         FROM count_line l WHERE l.tenant_id = $1 AND {} GROUP BY l.count_id",
        backend.in_ids("l.count_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let id = row.take()?;
        Ok((id, Progress { lines: row.take()?, counted: row.take()?, recount: row.take()?, found: row.take()? }))
    };
    rows.iter().map(read).collect()
}

/// What the books had and what was there, of every line that was counted and is not to be counted again, with what one unit costs and its decimals.
pub async fn pairs(reads: &impl Reads, count: CountId) -> Result<Vec<(Pair, Option<Money>, u8)>, Fault> {
    let sql = format!(
        "SELECT {}, l.counted, l.unit_cost_minor, l.cost_currency, l.unit_decimals FROM count_line l
         JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
         WHERE l.tenant_id = $1 AND l.count_id = $2 AND l.state = 'COUNTED'",
        known_book()
    );
    let rows = reads.rows(&sql, vec![count.into()]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let pair = Pair { book: row.take()?, counted: row.take()? };
        let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
        let cost = minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency));
        Ok((pair, cost, row.take::<i32>()? as u8))
    };
    rows.iter().map(read).collect()
}

/// Every time that these lines were counted, by line and in order, with when it was recorded.
pub async fn tries(reads: &impl Reads, lines: &[CountLineId]) -> Result<HashMap<CountLineId, Vec<(Try, Timestamp)>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.id, t.product_id, t.lot_key, t.attempt, t.counted, t.counted_at, t.book, t.book_version, t.actor_kind, t.actor_id, t.note, t.recorded_at
         FROM count_line l JOIN count_try t ON t.tenant_id = $1 AND t.count_id = l.count_id AND t.product_id = l.product_id
           AND t.lot_key = l.lot_key
         WHERE l.tenant_id = $1 AND {} ORDER BY l.id, t.attempt",
        backend.in_ids("l.id", 2)
    );
    let mut found: HashMap<CountLineId, Vec<(Try, Timestamp)>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(lines.iter().copied())]).await? {
        let mut row = Row::new(row);
        let id = row.take()?;
        let of = LineKey { product: row.take()?, lot: row.take()? };
        let attempt = row.take()?;
        let tally = Tally { counted: row.take()?, counted_at: row.time()?, book: row.take()?, book_version: row.take()? };
        let actor = Actor { kind: row.word("count_try", ActorKind::parse)?, id: row.take()? };
        let one = Try { of, attempt, tally, actor, note: row.take()? };
        found.entry(id).or_default().push((one, row.time()?));
    }
    Ok(found)
}
