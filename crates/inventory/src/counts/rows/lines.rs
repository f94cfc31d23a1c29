//! Lines of a count as clients see them, and the figures over all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{count_line, count_try},
};
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    count_row::{LineRow, cost},
    load::corrected_book_sql,
};
use crate::counts::core::{CountAttempt, CountDecision, Finding, Line, LineKey, LineOrigin, LineState, Pair, Tally};

#[derive(Record)]
struct ProgressRow {
    #[record(of = count_line, alias = "l")]
    count_id: CountId,
    #[record(sql = "count(*)")]
    lines: i64,
    #[record(sql = "count(CASE WHEN l.state = 'COUNTED' THEN 1 END)")]
    counted: i64,
    #[record(sql = "count(CASE WHEN l.state = 'RECOUNT' THEN 1 END)")]
    recount: i64,
    #[record(sql = "count(CASE WHEN l.is_expected = 0 THEN 1 END)")]
    found: i64,
}

/// A line that was counted.
#[derive(Record)]
#[record(of = count_line, alias = "l")]
struct CountedRow {
    id: CountLineId,
    #[record(not_null)]
    counted: Quantity,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    unit_decimals: i32,
}

/// A counted line, and the book quantity at the time of its count as it is known now.
#[derive(Record)]
struct PairRow {
    #[record(sql = "{book}")]
    book: i64,
    line: CountedRow,
}

/// A line for display, counted or not, and the book quantity at the time of its count.
#[derive(Record)]
struct LineWithBookRow {
    line: LineRow,
    #[record(sql = "{book}")]
    book: Option<i64>,
}

#[derive(Record)]
#[record(of = count_try, alias = "t")]
struct AttemptRow {
    product_id: ProductId,
    lot_key: String,
    attempt: i64,
    counted: Quantity,
    counted_at: Timestamp,
    book: i64,
    book_version: i64,
    actor_kind: ActorKind,
    actor_id: Uuid,
    note: Option<String>,
    recorded_at: Timestamp,
}

#[derive(Record)]
struct AttemptOfLine {
    #[record(of = count_line, alias = "l", column = "id")]
    line: CountLineId,
    of: AttemptRow,
}

/// A line, and the book quantity when it was counted, with the corrections known by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWithBook {
    pub line: Line,
    pub book: Option<i64>,
}

/// A condition on lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineTest {
    State(Vec<CountLineState>),
    Product(Vec<ProductId>),
    /// Counted, with or without a difference.
    Difference(Difference),
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    Some,
    None,
}

/// Names the order of lines in cursors.
pub const COUNT_LINES: &str = "countLines:SKU:ASC";

/// Returns the cursor keys of a line in its list.
pub fn line_keys(line: &Line) -> Vec<Key> {
    vec![Key::Text(line.sku.clone()), line.id.into()]
}

/// A page of a count's lines, by SKU.
pub async fn load_line_page(
    reads: &impl Reads,
    count: CountId,
    tests: &Nested<Vec<LineTest>>,
    request: &PageRequest,
) -> Result<ListPage<LineWithBook>, Fault> {
    let source = lines_source(reads.backend(), count, tests);
    let select = LineWithBookRow::SELECT.replace("{book}", &corrected_book_sql());
    let (sql, values) = source.clone().page(&select, &["l.sku", "l.id"], false, request);
    let shown_rows = reads.records::<LineWithBookRow>(&sql, values).await?;
    let to_shown_line = |row: LineWithBookRow| Ok(LineWithBook { line: row.line.try_into()?, book: row.book });
    let rows = shown_rows.into_iter().map(to_shown_line).collect::<Result<_, Fault>>()?;
    Ok(ListPage { rows, source })
}

/// The lines of a count that fulfil all tests.
fn lines_source(backend: Backend, count: CountId, tests: &Nested<Vec<LineTest>>) -> ListSource {
    let (conditions, condition_values) = tests.conditions(3, &|tests: &Vec<LineTest>, first| conditions(tests, backend, first));
    let from = format!(
        "FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
         WHERE l.tenant_id = $1 AND l.count_id = $2{conditions}"
    );
    let mut values: Vec<Value> = vec![count.into()];
    values.extend(condition_values);
    ListSource { from, values }
}

/// The conditions of all tests, each beginning with ` AND `, and their values; parameters are numbered from `first`.
fn conditions(tests: &[LineTest], backend: Backend, first: usize) -> (String, Vec<Value>) {
    let (book_sql, mut sql, mut values) = (corrected_book_sql(), String::new(), Vec::new());
    for test in tests {
        let next_parameter = first + values.len();
        let condition = match test {
            LineTest::State(list) => {
                values.push(backend.texts(list.iter().map(|state| state.as_str())));
                backend.in_texts("l.state", next_parameter)
            }
            LineTest::Product(products) => {
                values.push(backend.ids(products.iter().copied()));
                backend.in_ids("l.product_id", next_parameter)
            }
            LineTest::Difference(Difference::Some) => format!("l.state = 'COUNTED' AND l.counted <> {book_sql}"),
            LineTest::Difference(Difference::None) => format!("l.state = 'COUNTED' AND l.counted = {book_sql}"),
        };
        sql.push_str(" AND ");
        sql.push_str(&condition);
    }
    (sql, values)
}

/// Progress of a count, in lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub lines: i64,
    pub counted: i64,
    pub recount: i64,
    pub found: i64,
}

/// The progress of several counts; one without lines is left out.
pub async fn load_progress(reads: &impl Reads, ids: &[CountId]) -> Result<HashMap<CountId, Progress>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM count_line l WHERE l.tenant_id = $1 AND {of} GROUP BY l.count_id",
        select = ProgressRow::SELECT,
        of = backend.in_ids("l.count_id", 2)
    );
    let rows = reads.records(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let progress = |row| {
        let ProgressRow { count_id, lines, counted, recount, found } = row;
        (count_id, Progress { lines, counted, recount, found })
    };
    Ok(rows.into_iter().map(progress).collect())
}

/// Returns the progress of a count after a decision that is not written.
pub async fn progress_after(reads: &impl Reads, decision: &CountDecision) -> Result<Progress, Fault> {
    let id = decision.count.id;
    let mut progress = load_progress(reads, &[id]).await?.remove(&id).unwrap_or_default();
    let touched_keys: BTreeSet<LineKey> = decision.changed.iter().map(Line::key).chain(decision.gone.iter().cloned()).collect();
    if !touched_keys.is_empty() {
        let products: BTreeSet<ProductId> = touched_keys.iter().map(|key| key.product).collect();
        let stored_lines = super::load::load_lines(reads, id, Some(&products.into_iter().collect::<Vec<_>>())).await?;
        stored_lines.iter().filter(|(key, _)| touched_keys.contains(key)).for_each(|(_, line)| progress.count(line, -1));
    }
    let lines_after: BTreeMap<LineKey, &Line> = decision.lines().map(|line| (line.key(), line)).collect();
    lines_after.values().for_each(|line| progress.count(line, 1));
    Ok(progress)
}

impl Progress {
    /// Adds or removes a line.
    fn count(&mut self, line: &Line, by: i64) {
        self.lines += by;
        match line.state.status() {
            CountLineState::Uncounted => {}
            CountLineState::Counted => self.counted += by,
            CountLineState::Recount => self.recount += by,
        }
        self.found += if line.expected == LineOrigin::Found { by } else { 0 };
    }
}

/// Reads the book and counted quantities of each line that was counted and is not to be counted
/// again, with its unit cost and decimals. Lines of a dry run replace their stored rows.
pub async fn load_counted_pairs(
    reads: &impl Reads,
    count: CountId,
    changed_lines: &[Line],
) -> Result<Vec<(Pair, Option<Money>, u8)>, Fault> {
    let sql = format!(
        "SELECT {select} FROM count_line l
         JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
         WHERE l.tenant_id = $1 AND l.count_id = $2 AND l.state = 'COUNTED'",
        select = PairRow::SELECT.replace("{book}", &corrected_book_sql())
    );
    let rows = reads.records::<PairRow>(&sql, vec![count.into()]).await?;
    let to_pair = |PairRow { book, line }: PairRow| {
        let cost = cost(line.unit_cost_minor, line.cost_currency.as_deref());
        (Pair { book, counted: line.counted.get() }, cost, line.unit_decimals as u8)
    };
    // Posting a line changes neither of its two figures.
    let changed_lines = changed_lines.iter().filter(|line| line.state.posted_difference().is_none());
    let replaced_ids: HashSet<CountLineId> = changed_lines.clone().map(|line| line.id).collect();
    let kept_pairs = rows.into_iter().filter(|row| !replaced_ids.contains(&row.line.id)).map(to_pair);
    Ok(kept_pairs.chain(changed_lines.filter_map(counted_pair)).collect())
}

/// Returns the figures of a line that was counted in this step; None if it must be counted.
fn counted_pair(line: &Line) -> Option<(Pair, Option<Money>, u8)> {
    let LineState::Counted(Finding { tally, unit_cost, .. }) = line.state else { return None };
    Some((Pair { book: tally.book, counted: tally.counted.get() }, unit_cost, line.decimals))
}

/// Returns all attempts at counting these lines, by line and in order, with the times at which they
/// were recorded.
pub async fn attempts_of_lines(
    reads: &impl Reads,
    lines: &[CountLineId],
) -> Result<HashMap<CountLineId, Vec<(CountAttempt, Timestamp)>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select}
         FROM count_line l JOIN count_try t ON t.tenant_id = $1 AND t.count_id = l.count_id AND t.product_id = l.product_id
           AND t.lot_key = l.lot_key
         WHERE l.tenant_id = $1 AND {of} ORDER BY l.id, t.attempt",
        select = AttemptOfLine::SELECT,
        of = backend.in_ids("l.id", 2)
    );
    let mut attempts_by_line: HashMap<CountLineId, Vec<(CountAttempt, Timestamp)>> = HashMap::new();
    for AttemptOfLine { line, of } in reads.records(&sql, vec![backend.ids(lines.iter().copied())]).await? {
        let recorded_at = of.recorded_at;
        attempts_by_line.entry(line).or_default().push((of.into(), recorded_at));
    }
    Ok(attempts_by_line)
}

impl From<AttemptRow> for CountAttempt {
    fn from(row: AttemptRow) -> Self {
        let AttemptRow { counted, counted_at, book, book_version, .. } = row;
        Self {
            of: LineKey { product: row.product_id, lot: row.lot_key },
            attempt: row.attempt,
            tally: Tally { counted, counted_at, book, book_version },
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            note: row.note,
        }
    }
}
