//! Loading and locking counts, with the requested part of their lines.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{count_line, count_try, lot_level, stock_count},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use super::count_row::{CountRow, LineRow};
use crate::{
    counts::core::{Count, Line, LineKey, Selection},
    ledger::DocumentNumber,
    stock::core::LevelKey,
};

#[derive(Record)]
struct OpenLines {
    #[record(of = count_line, alias = "l")]
    count_id: CountId,
    #[record(sql = "count(*)")]
    lines: i64,
}

#[derive(Record)]
struct BookCorrectionRow {
    #[record(of = count_line, alias = "k")]
    product_id: ProductId,
    #[record(of = count_line, alias = "k")]
    lot_key: String,
    #[record(sql = "k.known - k.book")]
    late: i64,
}

#[derive(Record)]
struct PostedRow {
    #[record(of = count_line, alias = "l")]
    product_id: ProductId,
    #[record(of = stock_count, alias = "c")]
    store_id: StoreId,
    #[record(of = count_line, alias = "l")]
    lot_id: Option<LotId>,
    #[record(
        sql = "CAST(sum(CASE WHEN c.completed_at > {time} THEN l.posted ELSE 0 END - CASE WHEN l.reversed_at > {time} THEN l.posted ELSE 0 END) AS bigint)"
    )]
    posted: i64,
}

#[derive(Record)]
struct PastLotQuantity {
    #[record(of = lot_level, alias = "v")]
    lot_id: LotId,
    #[record(of = lot_level, alias = "v")]
    store_id: StoreId,
    #[record(sql = "CAST(coalesce(sum(e.on_hand_delta), 0) AS bigint)")]
    on_hand: i64,
}

#[derive(Record)]
struct OpenCountRow {
    #[record(of = stock_count, alias = "c")]
    id: CountId,
    #[record(of = stock_count, alias = "c")]
    number: i64,
    #[record(of = stock_count, alias = "c")]
    store_id: StoreId,
    #[record(of = count_line, alias = "l")]
    product_id: ProductId,
}

#[derive(Record)]
#[record(of = count_try, alias = "t")]
struct CountingActorRow {
    actor_kind: ActorKind,
    actor_id: Uuid,
}

/// Counts, locked in id order until the transaction ends.
pub async fn lock_counts(work: &impl Reads, ids: &[CountId]) -> Result<Vec<Count>, Fault> {
    select_counts(work, ids, &work.backend().for_change("c")).await
}

/// Counts as committed; in no order.
pub async fn load_counts(reads: &impl Reads, ids: &[CountId]) -> Result<Vec<Count>, Fault> {
    select_counts(reads, ids, "").await
}

async fn select_counts(reads: &impl Reads, ids: &[CountId], lock: &str) -> Result<Vec<Count>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (CountRow::SELECT, backend.in_ids("c.id", 2));
    let sql = format!("SELECT {select} FROM stock_count c WHERE c.tenant_id = $1 AND {id_condition} ORDER BY c.id{lock}");
    let rows = reads.records::<CountRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(Count::try_from).collect()
}

/// Lines of a count: those of these products, or all.
pub async fn load_lines(
    reads: &impl Reads,
    count: CountId,
    requested_products: Option<&[ProductId]>,
) -> Result<HashMap<LineKey, Line>, Fault> {
    let backend = reads.backend();
    let mut sql = format!("SELECT {} FROM count_line l WHERE l.tenant_id = $1 AND l.count_id = $2", LineRow::SELECT);
    let mut values = vec![count.into()];
    if let Some(products) = requested_products {
        sql.push_str(&format!(" AND {}", backend.in_ids("l.product_id", 3)));
        values.push(backend.ids(products.iter().copied()));
    }
    let lines = reads.records::<LineRow>(&sql, values).await?.into_iter().map(Line::try_from);
    lines.map(|line| line.map(|line| (line.key(), line))).collect()
}

/// Counts the open lines of each count.
pub async fn count_open_lines(reads: &impl Reads, ids: &[CountId]) -> Result<HashMap<CountId, i64>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM count_line l WHERE l.tenant_id = $1 AND {of} AND l.state <> 'COUNTED' GROUP BY l.count_id",
        select = OpenLines::SELECT,
        of = backend.in_ids("l.count_id", 2)
    );
    let rows = reads.records::<OpenLines>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.count_id, row.lines)).collect())
}

/// SQL: an entry is of the line's lot. A line without a lot, of a product that is kept by lots and
/// has none in stock, has no such entry.
const OF_LOT: &str = "CASE WHEN e.lot_id IS NULL THEN l.lot_key = ''
    ELSE l.lot_key = (SELECT o.code_key FROM lot o WHERE o.tenant_id = $1 AND o.id = e.lot_id) END";

/// SQL: an entry was posted by another count, or reverses such a posting. It corrects a difference
/// that existed at the time of that count, though it is dated at the approval.
const OF_A_COUNT: &str = "EXISTS (SELECT 1 FROM movement m WHERE m.tenant_id = $1 AND m.seq = e.seq AND m.kind IN ('COUNT', 'REVERSAL') AND m.reference_kind = 'COUNT')";

/// SQL: a later count of the line's product or lot has been posted, and is decisive.
const IS_SUPERSEDED: &str =
    "(EXISTS (SELECT 1 FROM stock_level v WHERE v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = c.store_id
      AND v.counted_at > l.counted_at AND l.lot_key = '')
    OR EXISTS (SELECT 1 FROM lot o JOIN lot_level v ON v.tenant_id = $1 AND v.lot_id = o.id AND v.store_id = c.store_id
      WHERE o.tenant_id = $1 AND o.product_id = l.product_id AND o.code_key = l.lot_key AND v.counted_at > l.counted_at))";

/// Returns the SQL of the book quantity when the line was counted, as it is known now: entries that
/// were recorded after the tally and happened before it, or that another count posted, are added
/// (few rows, found by the level's versions). A line that a later count has settled has its counted
/// quantity. A completed count has its lines' book quantities as of their posting: later entries do
/// not change them.
///
/// Entries are searched only if the level has a later version than the line's. In a table without
/// statistics, Postgres rates the index of a store's entries as good as that of a level's, and
/// reads all entries of the store for each line.
pub(super) fn corrected_book_sql() -> String {
    format!(
        "CASE WHEN c.status = 'COMPLETED' THEN l.book WHEN {IS_SUPERSEDED} THEN l.counted
         ELSE l.book + CASE WHEN l.book_version < (SELECT w.version FROM stock_level w WHERE w.tenant_id = $1 AND w.product_id = l.product_id
             AND w.store_id = c.store_id)
           THEN coalesce((SELECT CAST(sum(e.on_hand_delta) AS bigint) FROM entry e WHERE e.tenant_id = $1 AND e.product_id = l.product_id
             AND e.store_id = c.store_id AND e.version_after > l.book_version AND e.on_hand_delta <> 0
             AND (e.occurred_at < l.counted_at OR {OF_A_COUNT}) AND {OF_LOT}), 0)
           ELSE 0 END END"
    )
}

/// Reads the corrections of the book quantities in a count's tallies; lines without a correction
/// are left out.
pub async fn load_book_corrections(reads: &impl Reads, count: CountId) -> Result<HashMap<(CountId, LineKey), i64>, Fault> {
    let corrected_book = corrected_book_sql();
    let sql = format!(
        "SELECT {select} FROM (SELECT l.product_id, l.lot_key, l.book, {corrected_book} AS known FROM count_line l
           JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
           WHERE l.tenant_id = $1 AND l.count_id = $2 AND l.counted IS NOT NULL) k WHERE k.known <> k.book",
        select = BookCorrectionRow::SELECT
    );
    let rows = reads.records::<BookCorrectionRow>(&sql, vec![count.into()]).await?;
    Ok(rows.into_iter().map(|row| ((count, LineKey { product: row.product_id, lot: row.lot_key }), row.late)).collect())
}

/// Reads the quantities that counts approved after a moment posted on these levels, for lots by
/// lot: the book quantities of that moment lack them. Postings that were reversed after it are
/// subtracted: the book quantities include them.
pub async fn load_posted_since(
    reads: &impl Reads,
    keys: &[LevelKey],
    at: Timestamp,
) -> Result<Vec<(LevelKey, Option<LotId>, i64)>, Fault> {
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, mut values) = reads.backend().pairs(&pairs, 2);
    let time = format!("${}", values.len() + 2);
    values.push(at.micros().into());
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN count_line l
         JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id AND c.store_id = k.b
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.posted <> 0 AND (c.completed_at > {time} OR l.reversed_at > {time})
         GROUP BY l.product_id, c.store_id, l.lot_id",
        select = PostedRow::SELECT.replace("{time}", &time)
    );
    let rows = reads.records::<PostedRow>(&sql, values).await?;
    let to_posted = |row: PostedRow| (LevelKey { product: row.product_id, store: row.store_id }, row.lot_id, row.posted);
    Ok(rows.into_iter().map(to_posted).collect())
}

/// Reads the quantities of lots at an earlier moment, for all lots that were ever at these levels.
pub async fn load_past_lot_quantities(
    reads: &impl Reads,
    keys: &[LevelKey],
    at: Timestamp,
) -> Result<HashMap<(LotId, StoreId, Timestamp), i64>, Fault> {
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, mut values) = reads.backend().pairs(&pairs, 2);
    let time = values.len() + 2;
    values.push(at.micros().into());
    // The lots are found first: levels that are not kept by lots cost no scan of their entries.
    // CROSS JOIN forces this order in SQLite, and NOT keeps it from the entries' index by store: it
    // would read all entries of the store for each lot.
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN lot_level v CROSS JOIN entry e
         WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b
           AND e.tenant_id = $1 AND e.lot_id = v.lot_id AND NOT (e.store_id <> v.store_id) AND e.occurred_at <= ${time}
         GROUP BY v.lot_id, v.store_id",
        select = PastLotQuantity::SELECT
    );
    let rows = reads.records::<PastLotQuantity>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.lot_id, row.store_id, at), row.on_hand)).collect())
}

/// Reads the actors who counted, each once.
pub async fn load_counters(reads: &impl Reads, count: CountId) -> Result<Vec<Actor>, Fault> {
    let select = CountingActorRow::SELECT;
    let sql = format!("SELECT DISTINCT {select} FROM count_try t WHERE t.tenant_id = $1 AND t.count_id = $2");
    let rows = reads.records::<CountingActorRow>(&sql, vec![count.into()]).await?;
    Ok(rows.into_iter().map(|row| Actor { kind: row.actor_kind, id: row.actor_id }).collect())
}

/// Returns counts that have been started and have not ended, for these levels; of several at one
/// level, any.
pub async fn load_counts_under_way(
    reads: &impl Reads,
    keys: &BTreeSet<LevelKey>,
) -> Result<HashMap<LevelKey, (CountId, DocumentNumber)>, Fault> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let stores: BTreeSet<StoreId> = keys.iter().map(|key| key.store).collect();
    // The few counts are found first: a product has a line in every count that ever had it.
    let sql = format!(
        "SELECT {select} FROM stock_count c CROSS JOIN count_line l
         WHERE c.tenant_id = $1 AND c.status IN ('COUNTING', 'REVIEW') AND {of_store}
           AND l.tenant_id = $1 AND l.count_id = c.id AND {of_product}",
        select = OpenCountRow::SELECT,
        of_store = backend.in_ids("c.store_id", 2),
        of_product = backend.in_ids("l.product_id", 3)
    );
    let values = vec![backend.ids(stores), backend.ids(keys.iter().map(|key| key.product))];
    let rows = reads.records::<OpenCountRow>(&sql, values).await?.into_iter();
    let items_under_way =
        rows.map(|row| (LevelKey { product: row.product_id, store: row.store_id }, (row.id, DocumentNumber::Given(row.number))));
    Ok(items_under_way.filter(|(level, _)| keys.contains(level)).collect())
}

/// Returns those of these external references that a count has.
pub async fn find_used_references(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let reference_condition = backend.in_texts("external_ref", 2);
    let sql = format!("SELECT external_ref FROM stock_count WHERE tenant_id = $1 AND {reference_condition}");
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Store and selection of a count, which its permission checks need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountScope {
    pub store: StoreId,
    pub selection: Selection,
}

/// The places of a count; None when there is no such count.
pub async fn load_count_scope(reads: &impl Reads, id: CountId) -> Result<Option<CountScope>, Fault> {
    let stored_count = load_counts(reads, &[id]).await?.pop();
    Ok(stored_count.map(|count| CountScope { store: count.store, selection: count.selection }))
}

/// Whether there is such a category.
pub async fn category_exists(reads: &impl Reads, id: CategoryId) -> Result<bool, Fault> {
    let rows = reads.rows("SELECT 1 FROM category g WHERE g.tenant_id = $1 AND g.id = $2", vec![id.into()]).await?;
    Ok(!rows.is_empty())
}
