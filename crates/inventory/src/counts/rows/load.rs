//! Loading and locking counts, with as much of their lines as is asked for.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::{
    counts::core::{BookVisibility, Count, CountedLot, Expected, Line, LineKey, Tally},
    stock::core::LevelKey,
};

pub(super) const COUNT: &str = "c.id, c.number, c.kind, c.status, c.store_id, c.category_id, c.abc_class, c.is_blind, c.external_ref, c.note,
    c.started_at, c.submitted_at, c.completed_at, c.actor_kind, c.actor_id, c.approver_kind, c.approver_id, c.version, c.created_at, c.updated_at";

pub(super) const LINE: &str =
    "l.count_id, l.product_id, l.id, l.sku, l.name, l.unit_decimals, l.is_expected, l.state, l.attempts, l.counted,
    l.counted_at, l.book, l.book_version, l.unit_cost_minor, l.cost_currency, l.posted, l.lot_key, l.lot_id, l.lot_code, l.made_on, l.expires_on";

/// Counts, locked in id order until the transaction ends.
pub async fn lock_counts(work: &impl Reads, ids: &[CountId]) -> Result<Vec<Count>, Fault> {
    read(work, ids, &work.backend().for_change("c")).await
}

/// Counts as committed; in no order.
pub async fn counts(reads: &impl Reads, ids: &[CountId]) -> Result<Vec<Count>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[CountId], lock: &str) -> Result<Vec<Count>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("c.id", 2);
    let sql = format!("SELECT {COUNT} FROM stock_count c WHERE c.tenant_id = $1 AND {of} ORDER BY c.id{lock}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| count(&mut Row::new(row))).collect()
}

pub(super) fn count(row: &mut Row<'_>) -> Result<Count, Fault> {
    let (id, number) = (row.take()?, row.take()?);
    let (kind, status) = (row.word("stock_count", CountKind::parse)?, row.word("stock_count", CountStatus::parse)?);
    let (store, category) = (row.take()?, row.take()?);
    let class = row.take::<Option<String>>()?.as_deref().and_then(AbcClass::parse);
    let sight = if row.take::<i32>()? == 1 { BookVisibility::Blind } else { BookVisibility::Open };
    let (external_ref, note) = (row.take()?, row.take()?);
    let (started_at, submitted_at, completed_at) = (row.time_opt()?, row.time_opt()?, row.time_opt()?);
    let actor = Actor { kind: row.word("stock_count", ActorKind::parse)?, id: row.take()? };
    let (approver_kind, approver_id): (Option<String>, Option<uuid::Uuid>) = (row.take()?, row.take()?);
    let approver = approver_kind.as_deref().and_then(ActorKind::parse).zip(approver_id).map(|(kind, id)| Actor { kind, id });
    Ok(Count {
        id,
        number,
        kind,
        status,
        store,
        category,
        class,
        sight,
        external_ref,
        note,
        started_at,
        submitted_at,
        completed_at,
        actor,
        approver,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        exists: true,
    })
}

/// Lines of a count: those of these products, or all.
pub async fn lines(reads: &impl Reads, count: CountId, of: Option<&[ProductId]>) -> Result<HashMap<LineKey, Line>, Fault> {
    let backend = reads.backend();
    let (mut sql, mut values) =
        (format!("SELECT {LINE} FROM count_line l WHERE l.tenant_id = $1 AND l.count_id = $2"), vec![count.into()]);
    if let Some(products) = of {
        sql.push_str(&format!(" AND {}", backend.in_ids("l.product_id", 3)));
        values.push(backend.ids(products.iter().copied()));
    }
    let rows = reads.rows(&sql, values).await?;
    let read = |row| {
        let line = line(&mut Row::new(row))?;
        Ok((line.key(), line))
    };
    rows.iter().map(read).collect()
}

pub(super) fn line(row: &mut Row<'_>) -> Result<Line, Fault> {
    let _: CountId = row.take()?;
    let (product, id, sku, name) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let decimals: i32 = row.take()?;
    let expected = if row.take::<i32>()? == 1 { Expected::Listed } else { Expected::Found };
    let state = row.word("count_line", CountLineState::parse)?;
    let attempts = row.take()?;
    let (counted, counted_at): (Option<Quantity>, _) = (row.take()?, row.time_opt()?);
    let (book, book_version): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    let tally = match (counted, counted_at, book, book_version) {
        (Some(counted), Some(counted_at), Some(book), Some(book_version)) => {
            Some(Tally { counted, counted_at, book, book_version })
        }
        _ => None,
    };
    let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
    let unit_cost = minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency));
    let posted = row.take()?;
    Ok(Line {
        id,
        product,
        lot: lot(row)?,
        sku,
        name,
        decimals: decimals as u8,
        expected,
        state,
        attempts,
        tally,
        unit_cost,
        posted,
        exists: true,
    })
}

fn lot(row: &mut Row<'_>) -> Result<Option<CountedLot>, Fault> {
    let (key, id, code): (String, Option<LotId>, Option<String>) = (row.take()?, row.take()?, row.take()?);
    let (made_on, expires_on) = (row.take()?, row.take()?);
    Ok(code.map(|code| CountedLot { id, code, key, made_on, expires_on }))
}

/// How many lines of each count are still to be counted.
pub async fn open_lines(reads: &impl Reads, ids: &[CountId]) -> Result<HashMap<CountId, i64>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.count_id, count(*) FROM count_line l WHERE l.tenant_id = $1 AND {} AND l.state <> 'COUNTED' GROUP BY l.count_id",
        backend.in_ids("l.count_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok((row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// That an entry is of the line's lot; what is kept by lots and has none in stock had nothing arrive.
const OF_LOT: &str = "CASE WHEN e.lot_id IS NULL THEN l.lot_key = ''
    ELSE l.lot_key = (SELECT o.code_key FROM lot o WHERE o.tenant_id = $1 AND o.id = e.lot_id) END";

/// That an entry is what another count posted. It set right what was off when that count was made, though it is dated when it was approved.
const OF_A_COUNT: &str = "EXISTS (SELECT 1 FROM movement m WHERE m.tenant_id = $1 AND m.seq = e.seq AND m.kind = 'COUNT' AND m.reference_kind = 'COUNT')";

/// That a later count of the line's product or lot has been posted: that one holds.
const IS_OVERTAKEN: &str =
    "(EXISTS (SELECT 1 FROM stock_level v WHERE v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = c.store_id
      AND v.counted_at > l.counted_at AND l.lot_key = '')
    OR EXISTS (SELECT 1 FROM lot o JOIN lot_level v ON v.tenant_id = $1 AND v.lot_id = o.id AND v.store_id = c.store_id
      WHERE o.tenant_id = $1 AND o.product_id = l.product_id AND o.code_key = l.lot_key AND v.counted_at > l.counted_at))";

/// What the books had when the line was counted, with what is known by now: what arrived behind its tally and happened before it, or was posted
/// by another count, is added (few rows, found by the level's versions). What a later count has settled is as it was found. A completed count has
/// its lines' books as they were posted: what arrives later is no business of theirs.
pub(super) fn known_book() -> String {
    format!(
        "CASE WHEN c.status = 'COMPLETED' THEN l.book WHEN {IS_OVERTAKEN} THEN l.counted
         ELSE l.book + coalesce((SELECT CAST(sum(e.on_hand_delta) AS bigint) FROM entry e WHERE e.tenant_id = $1 AND e.product_id = l.product_id
           AND e.store_id = c.store_id AND e.version_after > l.book_version AND e.on_hand_delta <> 0
           AND (e.occurred_at < l.counted_at OR {OF_A_COUNT}) AND {OF_LOT}), 0) END"
    )
}

/// How far the books of a count's lines are from what its tallies say, where they are.
pub async fn late(reads: &impl Reads, count: CountId) -> Result<HashMap<(CountId, LineKey), i64>, Fault> {
    let known = known_book();
    let sql = format!(
        "SELECT k.product_id, k.lot_key, k.known - k.book FROM (SELECT l.product_id, l.lot_key, l.book, {known} AS known FROM count_line l
           JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
           WHERE l.tenant_id = $1 AND l.count_id = $2 AND l.counted IS NOT NULL) k WHERE k.known <> k.book"
    );
    let rows = reads.rows(&sql, vec![count.into()]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let key = LineKey { product: row.take()?, lot: row.take()? };
        Ok(((count, key), row.take()?))
    };
    rows.iter().map(read).collect()
}

/// What counts that were approved after a moment put on these levels, of lots by lot: the books of that moment lack it.
pub async fn posted_since(
    reads: &impl Reads,
    keys: &[LevelKey],
    at: Timestamp,
) -> Result<Vec<(LevelKey, Option<LotId>, i64)>, Fault> {
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (k, mut values) = reads.backend().pairs(&pairs, 2);
    let time = values.len() + 2;
    values.push(at.micros().into());
    let sql = format!(
        "SELECT l.product_id, c.store_id, l.lot_id, CAST(sum(l.posted) AS bigint) FROM {k} CROSS JOIN count_line l
         JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id AND c.store_id = k.b AND c.completed_at > ${time}
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.posted <> 0 GROUP BY l.product_id, c.store_id, l.lot_id"
    );
    let rows = reads.rows(&sql, values).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok((LevelKey { product: row.take()?, store: row.take()? }, row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// What lots had at an earlier moment, of all that ever lay at these levels.
pub async fn lots_past(
    reads: &impl Reads,
    keys: &[LevelKey],
    at: Timestamp,
) -> Result<HashMap<(LotId, StoreId, Timestamp), i64>, Fault> {
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (k, mut values) = reads.backend().pairs(&pairs, 2);
    let time = values.len() + 2;
    values.push(at.micros().into());
    // The lots are found first: levels that are not kept by them cost no walk along their entries.
    let sql = format!(
        "SELECT v.lot_id, v.store_id, CAST(coalesce(sum(e.on_hand_delta), 0) AS bigint) FROM {k} CROSS JOIN lot_level v
         JOIN entry e ON e.tenant_id = $1 AND e.lot_id = v.lot_id AND e.store_id = v.store_id AND e.occurred_at <= ${time}
         WHERE v.tenant_id = $1 AND v.product_id = k.a AND v.store_id = k.b GROUP BY v.lot_id, v.store_id"
    );
    let rows = reads.rows(&sql, values).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok(((row.take()?, row.take()?, at), row.take()?))
    };
    rows.iter().map(read).collect()
}

/// Who counted, each once.
pub async fn counters(reads: &impl Reads, count: CountId) -> Result<Vec<Actor>, Fault> {
    let sql = "SELECT DISTINCT t.actor_kind, t.actor_id FROM count_try t WHERE t.tenant_id = $1 AND t.count_id = $2";
    let rows = reads.rows(sql, vec![count.into()]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok(Actor { kind: row.word("count_try", ActorKind::parse)?, id: row.take()? })
    };
    rows.iter().map(read).collect()
}

/// Which of these external references a count has.
pub async fn taken_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let of = backend.in_texts("external_ref", 2);
    let sql = format!("SELECT external_ref FROM stock_count WHERE tenant_id = $1 AND {of}");
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// What a step of a count is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountScope {
    pub store: StoreId,
    pub kind: CountKind,
    pub category: Option<CategoryId>,
    pub class: Option<AbcClass>,
}

/// The places of a count; None when there is no such count.
pub async fn places_of(reads: &impl Reads, id: CountId) -> Result<Option<CountScope>, Fault> {
    let found = counts(reads, &[id]).await?.pop();
    Ok(found.map(|c| CountScope { store: c.store, kind: c.kind, category: c.category, class: c.class }))
}

/// Whether there is such a category.
pub async fn has_category(reads: &impl Reads, id: CategoryId) -> Result<bool, Fault> {
    let rows = reads.rows("SELECT 1 FROM category g WHERE g.tenant_id = $1 AND g.id = $2", vec![id.into()]).await?;
    Ok(!rows.is_empty())
}
