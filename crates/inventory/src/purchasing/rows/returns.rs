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

pub(super) fn reversed_return_rows(tenant: TenantId, all: &[&ReversedReturnLine]) -> Bulk {
    // The last reversal of a line has its total reversed quantity.
    let last: BTreeMap<(SupplierReturnId, u16), &ReversedReturnLine> =
        all.iter().map(|one| ((one.ret, one.position), *one)).collect();
    let mut rows = Rows::<ReversedReturnLineRow>::update(tenant);
    rows.extend(last.into_values().map(|one| ReversedReturnLineRow {
        supplier_return_id: one.ret,
        position: one.position.into(),
        reversed: one.reversed,
    }));
    rows.into()
}

impl From<&SupplierReturn> for ReturnRow {
    fn from(ret: &SupplierReturn) -> Self {
        Self {
            id: ret.id,
            number: ret.number.get(),
            supplier_id: ret.supplier,
            store_id: ret.store,
            purchase_order_id: ret.order,
            external_ref: ret.external_ref.clone(),
            currency: ret.credit.currency.to_string(),
            credit_minor: ret.credit.minor,
            reason_code: ret.reason,
            note: ret.note.clone(),
            occurred_at: ret.occurred_at,
            business_date: ret.business_date,
            actor_kind: ret.actor.kind,
            actor_id: ret.actor.id,
            created_at: ret.created_at,
        }
    }
}

impl LineRow {
    fn of(ret: SupplierReturnId, line: &SupplierReturnLine) -> Self {
        let (order, order_position) = line.of.map(Id::split_line).unzip();
        Self {
            supplier_return_id: ret,
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
        let of = self.purchase_order_id.zip(self.order_position);
        SupplierReturnLine {
            position: self.position as u16,
            product: self.product_id,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            of: of.map(|(order, position)| order.line(position as u16)),
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
    let (select, of) = (ReturnRow::SELECT, backend.in_ids("r.id", 2));
    let sql = format!("SELECT {select} FROM supplier_return r WHERE r.tenant_id = $1 AND {of}");
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
    let mut all: HashMap<SupplierReturnId, Vec<SupplierReturnLine>> = ids.iter().map(|id| (*id, Vec::new())).collect();
    if ids.is_empty() {
        return Ok(all);
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
        all.entry(line.supplier_return_id).or_default().push(line.line(currency));
    }
    Ok(all)
}
