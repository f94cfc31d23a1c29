//! Documents that revalue.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, revaluation, revaluation_line},
};
use platform::{
    paging::{Key, ListSource, Listed, PageRequest, keyset},
    storage::{Fault, Finds, Reads, Row, Rows, Work},
};
use uuid::Uuid;

use crate::costing::core::{Resting, Revaluation, RevaluationLine};

/// A document without its lines, as it is written and read.
#[derive(Record)]
#[record(of = revaluation, alias = "v")]
struct HeadRow {
    id: RevaluationId,
    number: i64,
    seq: i64,
    external_ref: Option<String>,
    note: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    business_date: i32,
    created_at: Timestamp,
    reverses_id: Option<RevaluationId>,
}

/// A line as it is written and read.
#[derive(Record)]
#[record(of = revaluation_line, alias = "l")]
struct LineRow {
    revaluation_id: RevaluationId,
    position: i32,
    product_id: ProductId,
    unit_cost_minor: i64,
}

#[derive(Record)]
struct LineAndUnit {
    line: LineRow,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
}

#[derive(Record)]
struct UnitsRow {
    #[record(of = product, alias = "p")]
    id: ProductId,
    #[record(sql = "coalesce(c.quantity, 0)")]
    quantity: i64,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
}

pub async fn insert_revaluation(work: &Work, document: &Revaluation) -> Result<(), Fault> {
    let tenant = work.tenant();
    let mut head = Rows::<HeadRow>::insert(tenant);
    head.push(document.into());
    let mut lines = Rows::<LineRow>::insert(tenant);
    lines.extend(document.lines.iter().map(|line| LineRow {
        revaluation_id: document.id,
        position: line.position.into(),
        product_id: line.product,
        unit_cost_minor: line.unit_cost,
    }));
    work.write(head.into()).await?;
    work.write(lines.into()).await
}

impl From<&Revaluation> for HeadRow {
    fn from(document: &Revaluation) -> Self {
        Self {
            id: document.id,
            number: document.number,
            seq: document.seq,
            external_ref: document.external_ref.clone(),
            note: document.note.clone(),
            actor_kind: document.actor.kind,
            actor_id: document.actor.id,
            business_date: document.business_date,
            created_at: document.created_at,
            reverses_id: document.reverses,
        }
    }
}

impl From<HeadRow> for Revaluation {
    fn from(row: HeadRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            seq: row.seq,
            external_ref: row.external_ref,
            note: row.note,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            business_date: row.business_date,
            created_at: row.created_at,
            reverses: row.reverses_id,
            lines: Vec::new(),
        }
    }
}

/// Whether a document is called so elsewhere.
pub async fn is_taken(reads: &impl Reads, external_ref: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM revaluation WHERE tenant_id = $1 AND external_ref = $2";
    Ok(!reads.rows(sql, vec![external_ref.into()]).await?.is_empty())
}

/// How many units there are of products, and their unit's decimals; products that there are not are left out.
pub async fn product_units(reads: &impl Reads, products: &[ProductId]) -> Result<HashMap<ProductId, (i64, u8)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM product p LEFT JOIN cost_pool c ON c.tenant_id = $1 AND c.product_id = p.id
         WHERE p.tenant_id = $1 AND {of}",
        select = UnitsRow::SELECT,
        of = backend.in_ids("p.id", 2)
    );
    let rows = reads.records::<UnitsRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.quantity, row.unit_decimals as u8))).collect())
}

/// What all products are worth, by the method that says more: about, because it may be more than can be told.
pub async fn worth_of_all(reads: &impl Reads) -> Result<f64, Fault> {
    let dearer = "CASE WHEN average_minor > fifo_minor THEN average_minor ELSE fifo_minor END";
    let sql = format!("SELECT coalesce(sum(CAST({dearer} AS double precision)), 0.0) FROM cost_pool WHERE tenant_id = $1");
    let rows = reads.rows(&sql, vec![]).await?;
    rows.first().map_or(Ok(0.0), |row| Row::new(row).take())
}

/// Those that the rest of the statement finds, from its WHERE on.
async fn documents(reads: &impl Reads, rest: &str, values: Vec<sea_orm::Value>) -> Result<Vec<Revaluation>, Fault> {
    let sql = format!("SELECT {} FROM revaluation v {rest}", HeadRow::SELECT);
    let mut all: Vec<Revaluation> = reads.records::<HeadRow>(&sql, values).await?.into_iter().map(Into::into).collect();
    if all.is_empty() {
        return Ok(all);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM revaluation_line l
         JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND {of} ORDER BY l.revaluation_id, l.position",
        select = LineAndUnit::SELECT,
        of = backend.in_ids("l.revaluation_id", 2)
    );
    let mut lines: HashMap<RevaluationId, Vec<RevaluationLine>> = HashMap::new();
    for LineAndUnit { line, unit_decimals } in reads.records(&sql, vec![backend.ids(all.iter().map(|one| one.id))]).await? {
        lines.entry(line.revaluation_id).or_default().push(RevaluationLine {
            position: line.position as u16,
            product: line.product_id,
            unit_cost: line.unit_cost_minor,
            decimals: unit_decimals as u8,
        });
    }
    for one in &mut all {
        one.lines = lines.remove(&one.id).unwrap_or_default();
    }
    Ok(all)
}

/// Those whose events lie after one and up to another, in their order.
pub async fn revaluations_between(reads: &impl Reads, after: i64, upto: i64) -> Result<Vec<Revaluation>, Fault> {
    let rest = "WHERE v.tenant_id = $1 AND v.seq > $2 AND v.seq <= $3 ORDER BY v.seq";
    documents(reads, rest, vec![after.into(), upto.into()]).await
}

pub async fn revaluation(reads: &impl Reads, id: RevaluationId) -> Result<Option<Revaluation>, Fault> {
    Ok(documents(reads, "WHERE v.tenant_id = $1 AND v.id = $2", vec![id.into()]).await?.pop())
}

/// Those that undo one of these; at most one each.
pub async fn revaluations_undoing(reads: &impl Reads, ids: &[RevaluationId]) -> Result<Vec<Revaluation>, Fault> {
    let backend = reads.backend();
    let rest = format!("WHERE v.tenant_id = $1 AND v.reverses_id IS NOT NULL AND {}", backend.in_ids("v.reverses_id", 2));
    documents(reads, &rest, vec![backend.ids(ids.iter().copied())]).await
}

/// Whether another one undoes it.
pub async fn is_reversed(reads: &impl Reads, id: RevaluationId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM revaluation WHERE tenant_id = $1 AND reverses_id = $2";
    Ok(!reads.rows(sql, vec![id.into()]).await?.is_empty())
}

/// Rows that are looked at of what rests on a revaluation, and those that are named.
const MOST_RESTING: usize = 500;
const MOST_NAMED: usize = 10;

/// What came of products after an event: movements that changed how many units there are, and revaluations that stand.
pub async fn resting(reads: &impl Reads, products: &BTreeSet<ProductId>, seq: i64) -> Result<Resting, Fault> {
    let backend = reads.backend();
    let values = || vec![seq.into(), backend.ids(products.iter().copied())];
    let movements = format!(
        "SELECT m.id FROM movement m WHERE m.tenant_id = $1 AND m.seq IN (
           SELECT e.seq FROM entry e WHERE e.tenant_id = $1 AND e.seq > $2 AND {of}
           GROUP BY e.seq, e.product_id HAVING sum(e.on_hand_delta + e.in_transit_delta) <> 0)
         ORDER BY m.seq DESC LIMIT {MOST_RESTING}",
        of = backend.in_ids("e.product_id", 3)
    );
    // LIMIT keeps it a look-up for each revaluation: Postgres would go through the lines of all of them.
    let revaluations = format!(
        "SELECT v.id FROM revaluation v WHERE v.tenant_id = $1 AND v.seq > $2 AND v.reverses_id IS NULL
           AND (SELECT 1 FROM revaluation_line l WHERE l.tenant_id = $1 AND l.revaluation_id = v.id AND {of} LIMIT 1) = 1
           AND NOT EXISTS (SELECT 1 FROM revaluation r WHERE r.tenant_id = $1 AND r.reverses_id = v.id)
         ORDER BY v.seq DESC LIMIT {MOST_RESTING}",
        of = backend.in_ids("l.product_id", 3)
    );
    let mut resting = Resting::default();
    for row in &reads.rows(&movements, values()).await? {
        resting.movements.push(Row::new(row).take()?);
    }
    for row in &reads.rows(&revaluations, values()).await? {
        resting.revaluations.push(Row::new(row).take()?);
    }
    resting.count = resting.movements.len() + resting.revaluations.len();
    resting.movements.truncate(MOST_NAMED);
    resting.revaluations.truncate(MOST_NAMED);
    Ok(resting)
}

/// Names the order of revaluations in cursors.
pub const REVALUATIONS: &str = "revaluations:NUMBER:DESC";

/// Where one stands in its list.
pub fn revaluation_keys(document: &Revaluation) -> Vec<Key> {
    vec![Key::Int(document.number)]
}

/// A page of them, the newest first.
pub async fn page_of_revaluations(reads: &impl Reads, request: &PageRequest) -> Result<Listed<Revaluation>, Fault> {
    let (bounds, tail, values) = keyset(&["v.number"], true, request, 2);
    let rows = documents(reads, &format!("WHERE v.tenant_id = $1{bounds}{tail}"), values).await?;
    Ok(Listed { rows, source: ListSource { from: "FROM revaluation v WHERE v.tenant_id = $1".to_owned(), values: Vec::new() } })
}
