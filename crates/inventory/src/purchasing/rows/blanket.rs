//! Blanket orders: reading and locking them, and a batch's rows.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{blanket_order, blanket_order_line, product},
};
use platform::storage::{Bulk, Fault, Finds, Global, Reads, Row, Rows, SUSPENDED};
use uuid::Uuid;

use super::{
    order_row::{currency_of, parse_editors},
    write::editors,
};
use crate::{
    ledger::DocumentNumber,
    purchasing::core::{Activation, BlanketChange, BlanketLine, BlanketOrder, CallOffTerms, ProductFacts},
};

/// Row of a blanket order, without its lines.
#[derive(Record)]
#[record(of = blanket_order, alias = "b")]
pub(super) struct BlanketRow {
    id: BlanketOrderId,
    number: i64,
    status: BlanketOrderStatus,
    supplier_id: SupplierId,
    currency: String,
    valid_from: i32,
    valid_to: i32,
    external_ref: Option<String>,
    note: Option<String>,
    reason: Option<String>,
    total_minor: i64,
    actor_kind: ActorKind,
    actor_id: Uuid,
    editors: Option<String>,
    activator_id: Option<MemberId>,
    activated_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Row of a line.
#[derive(Record)]
#[record(of = blanket_order_line, alias = "l")]
struct LineRow {
    blanket_order_id: BlanketOrderId,
    position: i32,
    product_id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
    quantity: Quantity,
    unit_cost_minor: i64,
    total_minor: i64,
    called_off: Quantity,
    call_off_minimum: Option<Quantity>,
    call_off_multiple: Option<Quantity>,
}

#[derive(Record)]
#[record(of = blanket_order_line)]
struct LineKey {
    blanket_order_id: BlanketOrderId,
    position: i32,
}

/// Called-off quantity of a line.
#[derive(Record)]
#[record(of = blanket_order_line)]
struct CalledOffRow {
    blanket_order_id: BlanketOrderId,
    position: i32,
    called_off: Quantity,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct FactsRow {
    id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
    stock_policy: StockPolicy,
    status: ProductStatus,
    is_kit: i32,
}

/// Rows of a batch's blanket orders, each in the state after the last command.
pub fn blanket_rows(tenant: TenantId, blankets: &[&BlanketOrder]) -> [Bulk; 5] {
    let (mut new_rows, mut changed_rows) = (Rows::<BlanketRow>::insert(tenant), Rows::<BlanketRow>::update(tenant));
    let mut old_lines = Rows::<LineKey>::delete(tenant);
    let (mut new_lines, mut changed_lines) = (Rows::<LineRow>::insert(tenant), Rows::<CalledOffRow>::update(tenant));
    for &blanket in blankets {
        let blanket_order_id = blanket.id;
        match blanket.change {
            BlanketChange::New => new_rows.push(blanket.into()),
            BlanketChange::Replaced { lines } => {
                changed_rows.push(blanket.into());
                old_lines.extend((1..=i32::from(lines)).map(|position| LineKey { blanket_order_id, position }));
            }
            BlanketChange::Figures => {
                changed_rows.push(blanket.into());
                changed_lines.extend(blanket.lines.iter().map(|line| CalledOffRow {
                    blanket_order_id,
                    position: line.position.into(),
                    called_off: line.called_off,
                }));
                continue;
            }
        }
        new_lines.extend(blanket.lines.iter().map(|line| LineRow::of(blanket.id, line)));
    }
    [new_rows.into(), changed_rows.into(), old_lines.into(), new_lines.into(), changed_lines.into()]
}

impl From<&BlanketOrder> for BlanketRow {
    fn from(blanket: &BlanketOrder) -> Self {
        Self {
            id: blanket.id,
            number: blanket.number.get(),
            status: blanket.status,
            supplier_id: blanket.supplier,
            currency: blanket.currency.to_string(),
            valid_from: blanket.valid_from,
            valid_to: blanket.valid_to,
            external_ref: blanket.external_ref.clone(),
            note: blanket.note.clone(),
            reason: blanket.reason.clone(),
            total_minor: blanket.total.minor,
            actor_kind: blanket.actor.kind,
            actor_id: blanket.actor.id,
            editors: editors(&blanket.editors),
            activator_id: blanket.activation.map(|activation| activation.by),
            activated_at: blanket.activation.map(|activation| activation.at),
            ended_at: blanket.ended_at,
            version: blanket.version,
            created_at: blanket.created_at,
            updated_at: blanket.updated_at,
        }
    }
}

impl BlanketRow {
    pub(super) fn blanket(self) -> Result<BlanketOrder, Fault> {
        let currency = currency_of("blanket_order", &self.currency)?;
        let editors = parse_editors("blanket_order", self.editors.as_deref())?;
        Ok(BlanketOrder {
            id: self.id,
            number: DocumentNumber::Given(self.number),
            status: self.status,
            supplier: self.supplier_id,
            currency,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            external_ref: self.external_ref,
            note: self.note,
            reason: self.reason,
            total: Money::new(self.total_minor, currency),
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            editors,
            activation: self.activator_id.zip(self.activated_at).map(|(activator, at)| Activation { by: activator, at }),
            ended_at: self.ended_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            lines: Vec::new(),
            change: BlanketChange::Figures,
        })
    }
}

impl LineRow {
    fn of(blanket: BlanketOrderId, line: &BlanketLine) -> Self {
        Self {
            blanket_order_id: blanket,
            position: line.position.into(),
            product_id: line.product,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit_decimals: line.decimals.into(),
            quantity: line.quantity,
            unit_cost_minor: line.unit_cost.minor,
            total_minor: line.total.minor,
            called_off: line.called_off,
            call_off_minimum: line.terms.minimum,
            call_off_multiple: line.terms.multiple,
        }
    }
    fn line(self, currency: Currency) -> BlanketLine {
        BlanketLine {
            position: self.position as u16,
            product: self.product_id,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            quantity: self.quantity,
            terms: CallOffTerms { minimum: self.call_off_minimum, multiple: self.call_off_multiple },
            unit_cost: Money::new(self.unit_cost_minor, currency),
            total: Money::new(self.total_minor, currency),
            called_off: self.called_off,
        }
    }
}

/// Returns blanket orders with their lines, locked in ID order until the transaction ends.
pub async fn lock_blankets(work: &impl Reads, ids: &[BlanketOrderId]) -> Result<Vec<BlanketOrder>, Fault> {
    read(work, ids, &work.backend().for_change("b")).await
}

/// Returns blanket orders with their lines, as committed; in no order.
pub async fn blankets(reads: &impl Reads, ids: &[BlanketOrderId]) -> Result<Vec<BlanketOrder>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[BlanketOrderId], lock: &str) -> Result<Vec<BlanketOrder>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, condition) = (BlanketRow::SELECT, backend.in_ids("b.id", 2));
    let sql = format!("SELECT {select} FROM blanket_order b WHERE b.tenant_id = $1 AND {condition} ORDER BY b.id{lock}");
    let rows = reads.records::<BlanketRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut blankets = rows.into_iter().map(BlanketRow::blanket).collect::<Result<Vec<_>, _>>()?;
    let indexes: HashMap<BlanketOrderId, usize> =
        blankets.iter().enumerate().map(|(index, blanket_order)| (blanket_order.id, index)).collect();
    let (select, condition) = (LineRow::SELECT, backend.in_ids("l.blanket_order_id", 2));
    let sql = format!(
        "SELECT {select} FROM blanket_order_line l WHERE l.tenant_id = $1 AND {condition} ORDER BY l.blanket_order_id, l.position"
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        if let Some(blanket) = indexes.get(&row.blanket_order_id).and_then(|index| blankets.get_mut(*index)) {
            let line = row.line(blanket.currency);
            blanket.lines.push(line);
        }
    }
    Ok(blankets)
}

/// The blanket order of a number.
pub async fn blanket_by_number(reads: &impl Reads, number: i64) -> Result<Option<BlanketOrderId>, Fault> {
    let rows = reads.rows("SELECT id FROM blanket_order WHERE tenant_id = $1 AND number = $2", vec![number.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Reads the facts of these products that lines of a blanket order copy; missing products are left
/// out.
pub async fn product_facts(reads: &impl Reads, ids: &[ProductId]) -> Result<HashMap<ProductId, ProductFacts>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (FactsRow::SELECT, backend.in_ids("p.id", 2));
    let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND {condition}");
    let rows = reads.records::<FactsRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let facts = |row: FactsRow| {
        let facts = ProductFacts {
            sku: row.sku,
            name: row.name,
            decimals: row.unit_decimals as u8,
            is_kit: row.is_kit == 1,
            is_tracked: row.stock_policy != StockPolicy::Untracked,
            is_archived: row.status == ProductStatus::Archived,
        };
        (row.id, facts)
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// An active blanket order whose last day has passed.
#[derive(Debug, Clone, Copy, Record)]
#[record(of = blanket_order, alias = "b")]
pub struct DueBlanket {
    #[record(column = "tenant_id")]
    pub tenant: TenantId,
    #[record(column = "id")]
    pub blanket: BlanketOrderId,
    pub valid_to: i32,
}

/// Returns the next page of active blanket orders whose last day is before this one, of all active
/// tenants; at most `limit`.
pub async fn due_blankets(global: &Global, day: i32, after: Option<DueBlanket>, limit: usize) -> Result<Vec<DueBlanket>, Fault> {
    let sql = format!(
        "SELECT {select} FROM blanket_order b
         WHERE b.status = 'ACTIVE' AND b.valid_to < $1 AND b.tenant_id NOT IN {SUSPENDED} AND (b.valid_to, b.id) > ($2, $3)
         ORDER BY b.valid_to, b.id LIMIT {limit}",
        select = DueBlanket::SELECT
    );
    let (from, id) = after.map_or((i32::MIN, Uuid::nil()), |last_due| (last_due.valid_to, last_due.blanket.uuid()));
    global.records(&sql, vec![day.into(), from.into(), id.into()]).await
}
