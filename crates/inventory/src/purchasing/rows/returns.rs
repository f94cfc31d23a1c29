//! Returns to suppliers: reading them, and a batch's rows.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{supplier_return, supplier_return_line},
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};
use uuid::Uuid;

use super::order_row::currency_of;
use crate::{
    ledger::DocumentNumber,
    purchasing::core::{ReversedReturnLine, SupplierReturn, SupplierReturnLine},
};

/// Row of a return, without its lines.
#[derive(Record)]
#[record(of = supplier_return, alias = "r")]
pub(super) struct ReturnRow {
    id: SupplierReturnId,
    number: i64,
    supplier_id: SupplierId,
    store_id: StoreId,
    purchase_order_id: Option<PurchaseOrderId>,
    external_ref: Option<String>,
    currency: String,
    credit_minor: i64,
    reason_code: ReasonCode,
    note: Option<String>,
    occurred_at: Timestamp,
    business_date: i32,
    actor_kind: ActorKind,
    actor_id: Uuid,
    created_at: Timestamp,
}

/// Row of a line.
#[derive(Record)]
#[record(of = supplier_return_line, alias = "l")]
struct LineRow {
    supplier_return_id: SupplierReturnId,
    position: i32,
    product_id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
    purchase_order_id: Option<PurchaseOrderId>,
    order_position: Option<i32>,
    quantity: Quantity,
    source: ReturnSource,
    unit_credit_minor: i64,
    total_minor: i64,
    reversed: Quantity,
}

/// A line of which a reversal brought units back.
#[derive(Record)]
#[record(of = supplier_return_line)]
struct ReversedReturnLineRow {
    supplier_return_id: SupplierReturnId,
    position: i32,
    reversed: Quantity,
}

#[derive(Record)]
struct LineAndCurrency {
    line: LineRow,
    #[record(of = supplier_return, alias = "r")]
    currency: String,
}

pub(super) fn return_rows(tenant: TenantId, returns: &[&SupplierReturn]) -> [Bulk; 2] {
    let (mut heads, mut lines) = (Rows::<ReturnRow>::insert(tenant), Rows::<LineRow>::insert(tenant));
    for &ret in returns {
        heads.push(ret.into());
        lines.extend(ret.lines.iter().map(|line| LineRow::of(ret.id, line)));
    }
    [heads.into(), lines.into()]
}

pub(super) fn reversed_return_rows(tenant: TenantId, reversed_lines: &[&ReversedReturnLine]) -> Bulk {
    // The last reversal of a line has its total reversed quantity.
    let last_by_line: BTreeMap<(SupplierReturnId, u16), &ReversedReturnLine> =
        reversed_lines.iter().map(|reversed_line| ((reversed_line.ret, reversed_line.position), *reversed_line)).collect();
    let mut rows = Rows::<ReversedReturnLineRow>::update(tenant);
    rows.extend(last_by_line.into_values().map(|reversed_line| ReversedReturnLineRow {
        supplier_return_id: reversed_line.ret,
        position: reversed_line.position.into(),
        reversed: reversed_line.reversed,
    }));
    rows.into()
}

impl From<&SupplierReturn> for ReturnRow {
    fn from(supplier_return: &SupplierReturn) -> Self {
        Self {
            id: supplier_return.id,
            number: supplier_return.number.get(),
            supplier_id: supplier_return.supplier,
            store_id: supplier_return.store,
            purchase_order_id: supplier_return.order,
            external_ref: supplier_return.external_ref.clone(),
            currency: supplier_return.credit.currency.to_string(),
            credit_minor: supplier_return.credit.minor,
            reason_code: supplier_return.reason,
            note: supplier_return.note.clone(),
            occurred_at: supplier_return.occurred_at,
            business_date: supplier_return.business_date,
            actor_kind: supplier_return.actor.kind,
            actor_id: supplier_return.actor.id,
            created_at: supplier_return.created_at,
        }
    }
}

impl LineRow {
    fn of(return_id: SupplierReturnId, line: &SupplierReturnLine) -> Self {
        let (order, order_position) = line.of.map(Id::split_line).unzip();
        Self {
            supplier_return_id: return_id,
            position: line.position.into(),
            product_id: line.product,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit_decimals: line.decimals.into(),
            purchase_order_id: order,
            order_position: order_position.map(i32::from),
            quantity: line.quantity,
            source: line.source,
            unit_credit_minor: line.unit_credit.minor,
            total_minor: line.total.minor,
            reversed: line.reversed,
        }
    }
    fn line(self, currency: Currency) -> SupplierReturnLine {
        let source_line = self.purchase_order_id.zip(self.order_position);
        SupplierReturnLine {
            position: self.position as u16,
            product: self.product_id,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            of: source_line.map(|(order, position)| order.line(position as u16)),
            quantity: self.quantity,
            source: self.source,
            unit_credit: Money::new(self.unit_credit_minor, currency),
            total: Money::new(self.total_minor, currency),
            reversed: self.reversed,
        }
    }
}

/// Returns without their lines; in no order.
pub async fn returns(reads: &impl Reads, ids: &[SupplierReturnId]) -> Result<Vec<SupplierReturn>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, condition) = (ReturnRow::SELECT, backend.in_ids("r.id", 2));
    let sql = format!("SELECT {select} FROM supplier_return r WHERE r.tenant_id = $1 AND {condition}");
    let rows = reads.records::<ReturnRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(ReturnRow::ret).collect()
}

impl ReturnRow {
    pub fn ret(self) -> Result<SupplierReturn, Fault> {
        let currency = currency_of("supplier_return", &self.currency)?;
        Ok(SupplierReturn {
            id: self.id,
            number: DocumentNumber::Given(self.number),
            supplier: self.supplier_id,
            store: self.store_id,
            order: self.purchase_order_id,
            external_ref: self.external_ref,
            credit: Money::new(self.credit_minor, currency),
            reason: self.reason_code,
            note: self.note,
            occurred_at: self.occurred_at,
            business_date: self.business_date,
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            created_at: self.created_at,
            lines: Vec::new(),
        })
    }
}

/// The lines of these returns.
pub async fn return_lines(
    reads: &impl Reads,
    ids: &[SupplierReturnId],
) -> Result<HashMap<SupplierReturnId, Vec<SupplierReturnLine>>, Fault> {
    let mut lines_by_return: HashMap<SupplierReturnId, Vec<SupplierReturnLine>> =
        ids.iter().map(|id| (*id, Vec::new())).collect();
    if ids.is_empty() {
        return Ok(lines_by_return);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select}
         FROM supplier_return_line l JOIN supplier_return r ON r.tenant_id = l.tenant_id AND r.id = l.supplier_return_id
         WHERE l.tenant_id = $1 AND {of} ORDER BY l.supplier_return_id, l.position",
        select = LineAndCurrency::SELECT,
        of = backend.in_ids("l.supplier_return_id", 2)
    );
    for LineAndCurrency { line, currency } in reads.records(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let currency = currency_of("supplier_return", &currency)?;
        lines_by_return.entry(line.supplier_return_id).or_default().push(line.line(currency));
    }
    Ok(lines_by_return)
}
