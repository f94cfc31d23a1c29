//! Documents that revalue products.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, revaluation, revaluation_line},
};
use platform::storage::{Fault, Finds, Reads, Row, Rows, Work};
use serde_json::json;
use uuid::Uuid;

use crate::{
    costing::core::{AddedCharge, ChargeShare, LaterDocuments, Revaluation, RevaluationLine},
    currency::core::{BrokenRate, FrozenRate, RateColumns},
};

/// A revaluation's row, without its lines.
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
    purchase_order_id: Option<PurchaseOrderId>,
    charge_kind: Option<ChargeKind>,
    charge_basis: Option<ChargeBasis>,
    charge_name: Option<String>,
    charge_minor: Option<i64>,
    charge_currency: Option<String>,
    charge_books_minor: Option<i64>,
    charge_books_currency: Option<String>,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
    rate_day: Option<i32>,
    rate_source: Option<String>,
}

/// A revaluation line's row.
#[derive(Record)]
#[record(of = revaluation_line, alias = "l")]
struct LineRow {
    revaluation_id: RevaluationId,
    position: i32,
    product_id: ProductId,
    unit_cost_minor: i64,
    charge_minor: Option<i64>,
    charge_receipts: Option<String>,
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
        charge_minor: line.charge.as_ref().map(|share| share.amount),
        charge_receipts: line.charge.as_ref().map(|share| json!(share.receipts).to_string()),
    }));
    work.write(head.into()).await?;
    work.write(lines.into()).await
}

impl From<&Revaluation> for HeadRow {
    fn from(document: &Revaluation) -> Self {
        let charge = document.charge.as_ref();
        let rate = charge.and_then(|charge| charge.rate.as_ref());
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
            purchase_order_id: charge.map(|charge| charge.order),
            charge_kind: charge.map(|charge| charge.kind),
            charge_basis: charge.map(|charge| charge.basis),
            charge_name: charge.map(|charge| charge.name.clone()),
            charge_minor: charge.map(|charge| charge.amount.minor),
            charge_currency: charge.map(|charge| charge.amount.currency.to_string()),
            charge_books_minor: charge.map(|charge| charge.in_books.minor),
            charge_books_currency: charge.map(|charge| charge.in_books.currency.to_string()),
            rate_numerator: rate.map(|rate| rate.numerator.to_string()),
            rate_denominator: rate.map(|rate| rate.denominator.to_string()),
            rate_day: rate.map(|rate| rate.day),
            rate_source: rate.map(|rate| rate.source.clone()),
        }
    }
}

impl HeadRow {
    /// Returns the added charge; None for other revaluations.
    fn charge(&self) -> Result<Option<AddedCharge>, Fault> {
        let Some(order) = self.purchase_order_id else { return Ok(None) };
        let corrupt = || Fault::corrupt("revaluation", "a charge has its kind, basis, name, amounts and currencies");
        let currency = |code: Option<&str>| code.and_then(Currency::parse).ok_or_else(corrupt);
        let (from, to) = (currency(self.charge_currency.as_deref())?, currency(self.charge_books_currency.as_deref())?);
        Ok(Some(AddedCharge {
            order,
            kind: self.charge_kind.ok_or_else(corrupt)?,
            basis: self.charge_basis.ok_or_else(corrupt)?,
            name: self.charge_name.clone().ok_or_else(corrupt)?,
            amount: Money::new(self.charge_minor.ok_or_else(corrupt)?, from),
            in_books: Money::new(self.charge_books_minor.ok_or_else(corrupt)?, to),
            rate: self.rate(from, to)?,
        }))
    }

    fn rate(&self, from: Currency, to: Currency) -> Result<Option<FrozenRate>, Fault> {
        let columns = RateColumns {
            numerator: self.rate_numerator.as_deref(),
            denominator: self.rate_denominator.as_deref(),
            day: self.rate_day,
            source: self.rate_source.as_deref(),
        };
        let corrupt = |BrokenRate| Fault::corrupt("revaluation", "a rate has two decimals, a day and a source, or none of them");
        columns.rate(from, to).map_err(corrupt)
    }
}

impl LineRow {
    /// Returns the product's share of an added charge; None for other revaluations.
    fn charge(&self) -> Result<Option<ChargeShare>, Fault> {
        let corrupt = || Fault::corrupt("revaluation_line", "a share of a charge has the receipts that it falls on");
        match (self.charge_minor, &self.charge_receipts) {
            (None, None) => Ok(None),
            (Some(amount), Some(receipts)) => {
                let receipts = serde_json::from_str(receipts).map_err(|_| corrupt())?;
                Ok(Some(ChargeShare { amount, receipts }))
            }
            _ => Err(corrupt()),
        }
    }
}

impl TryFrom<HeadRow> for Revaluation {
    type Error = Fault;

    fn try_from(row: HeadRow) -> Result<Self, Fault> {
        Ok(Self {
            charge: row.charge()?,
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
        })
    }
}

/// True if another document has this external reference.
pub async fn is_reference_taken(reads: &impl Reads, external_ref: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM revaluation WHERE tenant_id = $1 AND external_ref = $2";
    Ok(!reads.rows(sql, vec![external_ref.into()]).await?.is_empty())
}

/// Reads the number of units in stock of products, and the decimals of their unit; unknown products
/// are left out.
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

/// Returns the value of all products, each by the method that values it higher. It is approximate,
/// because it may exceed the range of exact numbers.
pub async fn approximate_total_value(reads: &impl Reads) -> Result<f64, Fault> {
    let greater_value_sql = "CASE WHEN average_minor > fifo_minor THEN average_minor ELSE fifo_minor END";
    let sql =
        format!("SELECT coalesce(sum(CAST({greater_value_sql} AS double precision)), 0.0) FROM cost_pool WHERE tenant_id = $1");
    let rows = reads.rows(&sql, vec![]).await?;
    rows.first().map_or(Ok(0.0), Row::scalar)
}

/// Returns the documents that a clause selects; `conditions` is the statement from its WHERE on.
pub(super) async fn select_revaluations(
    reads: &impl Reads,
    conditions: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<Revaluation>, Fault> {
    let sql = format!("SELECT {} FROM revaluation v {conditions}", HeadRow::SELECT);
    let rows = reads.records::<HeadRow>(&sql, values).await?;
    let mut revaluations = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<Revaluation>, Fault>>()?;
    if revaluations.is_empty() {
        return Ok(revaluations);
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
    for LineAndUnit { line, unit_decimals } in
        reads.records(&sql, vec![backend.ids(revaluations.iter().map(|revaluation_row| revaluation_row.id))]).await?
    {
        let charge = line.charge()?;
        lines.entry(line.revaluation_id).or_default().push(RevaluationLine {
            position: line.position as u16,
            product: line.product_id,
            unit_cost: line.unit_cost_minor,
            decimals: unit_decimals as u8,
            charge,
        });
    }
    for revaluation_row in &mut revaluations {
        revaluation_row.lines = lines.remove(&revaluation_row.id).unwrap_or_default();
    }
    Ok(revaluations)
}

/// Returns the revaluations whose events are after `after` and up to `last_seq`, in their order.
pub async fn revaluations_between(reads: &impl Reads, after: i64, last_seq: i64) -> Result<Vec<Revaluation>, Fault> {
    let conditions = "WHERE v.tenant_id = $1 AND v.seq > $2 AND v.seq <= $3 ORDER BY v.seq";
    select_revaluations(reads, conditions, vec![after.into(), last_seq.into()]).await
}

pub async fn load_revaluation(reads: &impl Reads, id: RevaluationId) -> Result<Option<Revaluation>, Fault> {
    Ok(select_revaluations(reads, "WHERE v.tenant_id = $1 AND v.id = $2", vec![id.into()]).await?.pop())
}

/// Returns the reversals of these revaluations; at most one each.
pub async fn reversals_of_revaluations(reads: &impl Reads, ids: &[RevaluationId]) -> Result<Vec<Revaluation>, Fault> {
    let backend = reads.backend();
    let conditions = format!("WHERE v.tenant_id = $1 AND v.reverses_id IS NOT NULL AND {}", backend.in_ids("v.reverses_id", 2));
    select_revaluations(reads, &conditions, vec![backend.ids(ids.iter().copied())]).await
}

/// True if another document reverses the revaluation.
pub async fn is_reversed(reads: &impl Reads, id: RevaluationId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM revaluation WHERE tenant_id = $1 AND reverses_id = $2";
    Ok(!reads.rows(sql, vec![id.into()]).await?.is_empty())
}

/// Maximum rows read that depend on a revaluation, and the maximum that a rejection names.
const MAX_LATER_ROWS: usize = 500;
const MAX_LISTED_DOCUMENTS: usize = 10;

/// Reads the documents that affected products after an event: movements that changed the number of
/// units, and revaluations that are not undone.
pub async fn load_later_documents(reads: &impl Reads, products: &BTreeSet<ProductId>, seq: i64) -> Result<LaterDocuments, Fault> {
    let backend = reads.backend();
    let values = || vec![seq.into(), backend.ids(products.iter().copied())];
    let movements = format!(
        "SELECT m.id FROM movement m WHERE m.tenant_id = $1 AND m.seq IN (
           SELECT e.seq FROM entry e WHERE e.tenant_id = $1 AND e.seq > $2 AND {of}
           GROUP BY e.seq, e.product_id HAVING sum(e.on_hand_delta + e.in_transit_delta) <> 0)
         ORDER BY m.seq DESC LIMIT {MAX_LATER_ROWS}",
        of = backend.in_ids("e.product_id", 3)
    );
    // LIMIT keeps this a look-up for each revaluation: otherwise Postgres scans the lines of all of
    // them.
    let revaluations = format!(
        "SELECT v.id FROM revaluation v WHERE v.tenant_id = $1 AND v.seq > $2 AND v.reverses_id IS NULL
           AND (SELECT 1 FROM revaluation_line l WHERE l.tenant_id = $1 AND l.revaluation_id = v.id AND {of} LIMIT 1) = 1
           AND NOT EXISTS (SELECT 1 FROM revaluation r WHERE r.tenant_id = $1 AND r.reverses_id = v.id)
         ORDER BY v.seq DESC LIMIT {MAX_LATER_ROWS}",
        of = backend.in_ids("l.product_id", 3)
    );
    let mut later_documents = LaterDocuments::default();
    for row in &reads.rows(&movements, values()).await? {
        later_documents.movements.push(Row::scalar(row)?);
    }
    for row in &reads.rows(&revaluations, values()).await? {
        later_documents.revaluations.push(Row::scalar(row)?);
    }
    later_documents.count = later_documents.movements.len() + later_documents.revaluations.len();
    later_documents.movements.truncate(MAX_LISTED_DOCUMENTS);
    later_documents.revaluations.truncate(MAX_LISTED_DOCUMENTS);
    Ok(later_documents)
}
