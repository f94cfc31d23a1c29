//! Documents that revalue.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Bulk, Column, ColumnKind::*, Fault, Reads, Row, Work},
};

use crate::costing::core::{Revaluation, RevaluationLine};

const HEAD: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("seq", Int),
    Column("external_ref", TextOrNull),
    Column("note", Text),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("business_date", Small),
    Column("created_at", Int),
];
const LINES: &[Column] = &[
    Column("tenant_id", Id),
    Column("revaluation_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("unit_cost_minor", Int),
];

pub async fn insert_revaluation(work: &Work, document: &Revaluation) -> Result<(), Fault> {
    let tenant = work.tenant();
    let mut head = Bulk::insert("revaluation", HEAD);
    head.row([
        tenant.into(),
        document.id.into(),
        document.number.into(),
        document.seq.into(),
        document.external_ref.as_deref().unwrap_or_default().into(),
        document.note.as_str().into(),
        document.actor.kind.as_str().into(),
        document.actor.id.into(),
        document.business_date.into(),
        document.created_at.micros().into(),
    ]);
    let mut lines = Bulk::insert("revaluation_line", LINES);
    for line in &document.lines {
        let position = i32::from(line.position).into();
        lines.row([tenant.into(), document.id.into(), position, line.product.into(), line.unit_cost.into()]);
    }
    work.write(head).await?;
    work.write(lines).await
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
        "SELECT p.id, coalesce(c.quantity, 0), p.unit_decimals FROM product p LEFT JOIN cost_pool c ON c.tenant_id = $1 AND c.product_id = p.id
         WHERE p.tenant_id = $1 AND {}",
        backend.in_ids("p.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(products.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, (row.take()?, row.take::<i32>()? as u8)))
        })
        .collect()
}

/// What all products are worth, by the method that says more: about, because it may be more than can be told.
pub async fn worth_of_all(reads: &impl Reads) -> Result<f64, Fault> {
    let dearer = "CASE WHEN average_minor > fifo_minor THEN average_minor ELSE fifo_minor END";
    let sql = format!("SELECT coalesce(sum(CAST({dearer} AS double precision)), 0.0) FROM cost_pool WHERE tenant_id = $1");
    let rows = reads.rows(&sql, vec![]).await?;
    rows.first().map_or(Ok(0.0), |row| Row::new(row).take())
}

const SELECT: &str = "SELECT v.id, v.number, v.seq, v.external_ref, v.note, v.actor_kind, v.actor_id, v.business_date, v.created_at FROM revaluation v";

async fn documents(reads: &impl Reads, sql: &str, values: Vec<sea_orm::Value>) -> Result<Vec<Revaluation>, Fault> {
    let rows = reads.rows(sql, values).await?;
    let mut all = rows
        .iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Revaluation {
                id: row.take()?,
                number: row.take()?,
                seq: row.take()?,
                external_ref: row.take()?,
                note: row.take()?,
                actor: Actor { kind: row.word("revaluation", ActorKind::parse)?, id: row.take()? },
                business_date: row.take()?,
                created_at: row.time()?,
                lines: Vec::new(),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    if all.is_empty() {
        return Ok(all);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.revaluation_id, l.position, l.product_id, l.unit_cost_minor, p.unit_decimals FROM revaluation_line l
         JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND {} ORDER BY l.revaluation_id, l.position",
        backend.in_ids("l.revaluation_id", 2)
    );
    let mut lines: HashMap<RevaluationId, Vec<RevaluationLine>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(all.iter().map(|one| one.id))]).await? {
        let mut row = Row::new(row);
        let id = row.take()?;
        let line = RevaluationLine {
            position: row.take::<i32>()? as u16,
            product: row.take()?,
            unit_cost: row.take()?,
            decimals: row.take::<i32>()? as u8,
        };
        lines.entry(id).or_default().push(line);
    }
    for one in &mut all {
        one.lines = lines.remove(&one.id).unwrap_or_default();
    }
    Ok(all)
}

/// Those whose events lie after one and up to another, in their order.
pub async fn revaluations_between(reads: &impl Reads, after: i64, upto: i64) -> Result<Vec<Revaluation>, Fault> {
    let sql = format!("{SELECT} WHERE v.tenant_id = $1 AND v.seq > $2 AND v.seq <= $3 ORDER BY v.seq");
    documents(reads, &sql, vec![after.into(), upto.into()]).await
}

pub async fn revaluation(reads: &impl Reads, id: RevaluationId) -> Result<Option<Revaluation>, Fault> {
    let sql = format!("{SELECT} WHERE v.tenant_id = $1 AND v.id = $2");
    Ok(documents(reads, &sql, vec![id.into()]).await?.pop())
}

/// Names the order of revaluations in cursors.
pub const REVALUATIONS: &str = "revaluations:NUMBER:DESC";

/// Where one stands in its list.
pub fn revaluation_keys(document: &Revaluation) -> Vec<Key> {
    vec![Key::Int(document.number)]
}

/// A page of them, the newest first.
pub async fn page_of_revaluations(reads: &impl Reads, request: &PageRequest) -> Result<Vec<Revaluation>, Fault> {
    let (bounds, tail, values) = keyset(&["v.number"], true, request, 2);
    documents(reads, &format!("{SELECT} WHERE v.tenant_id = $1{bounds}{tail}"), values).await
}
