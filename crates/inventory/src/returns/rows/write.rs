//! Returns as a batch decided them, as rows: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{return_line, return_line_part, return_match, sales_return},
};
use platform::storage::{Bulk, Rows};
use uuid::Uuid;

use super::load::{LineRow, LotRow};
use crate::returns::core::{Return, ReturnLine, ReturnLot, ReturnPiece, StateBefore};

/// A return's first row, which is not rejected.
#[derive(Record)]
#[record(of = sales_return)]
struct NewReturn {
    id: ReturnId,
    number: i64,
    status: ReturnStatus,
    store_id: StoreId,
    customer_id: Option<CustomerId>,
    external_ref: Option<String>,
    currency: String,
    refund_minor: i64,
    refunded_minor: Option<i64>,
    note: Option<String>,
    occurred_at: Timestamp,
    received_at: Option<Timestamp>,
    business_date: i32,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    country: Option<String>,
    at_counter: Option<bool>,
    register: Option<String>,
}

#[derive(Record)]
#[record(of = sales_return)]
struct ChangedReturn {
    id: ReturnId,
    status: ReturnStatus,
    refunded_minor: Option<i64>,
    reject_reason: Option<String>,
    occurred_at: Timestamp,
    received_at: Option<Timestamp>,
    business_date: i32,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = return_line)]
struct ChangedLine {
    return_id: ReturnId,
    position: i32,
    received: Quantity,
    restocked: Quantity,
    quarantined: Quantity,
    written_off: Quantity,
}

#[derive(Record)]
#[record(of = return_match)]
struct NewMatch {
    return_id: ReturnId,
    return_position: i32,
    order_id: OrderId,
    order_position: i32,
    quantity: Quantity,
    received: Quantity,
    given_minor: Option<i64>,
}

#[derive(Record)]
#[record(of = return_match)]
struct ChangedMatch {
    return_id: ReturnId,
    return_position: i32,
    order_id: OrderId,
    order_position: i32,
    received: Quantity,
    given_minor: Option<i64>,
}

#[derive(Record)]
#[record(of = return_line_part)]
struct NewPart {
    return_id: ReturnId,
    position: i32,
    product_id: ProductId,
    quantity: Quantity,
}

/// Returns the rows of returns after the batch, with their lines, the order lines that they credit,
/// and their lots: new rows, then changed ones. Each return comes with the lots that had rows
/// before the batch.
pub fn return_rows(tenant: TenantId, returns: &[(&Return, Option<&StateBefore>)]) -> [Bulk; 9] {
    let (mut new_returns, mut changed_returns) = (Rows::<NewReturn>::insert(tenant), Rows::<ChangedReturn>::update(tenant));
    let mut lines = (Rows::<LineRow>::insert(tenant), Rows::<ChangedLine>::update(tenant));
    let mut matches = (Rows::<NewMatch>::insert(tenant), Rows::<ChangedMatch>::update(tenant));
    let mut parts = Rows::<NewPart>::insert(tenant);
    let mut lots = (Rows::<LotRow>::insert(tenant), Rows::<LotRow>::update(tenant));
    for &(sales_return, before) in returns {
        if before.is_some() {
            changed_returns.push(sales_return.into());
        } else {
            new_returns.push(sales_return.into());
        }
        for (index, line) in sales_return.lines.iter().enumerate() {
            let line_key = (sales_return.id, i32::from(line.position));
            if before.is_some() {
                lines.1.push(ChangedLine::of(line_key, line));
                matches.1.extend(line.matches.iter().map(|piece| ChangedMatch::of(line_key, piece)));
            } else {
                lines.0.push(LineRow::of(line_key, line));
                parts.extend(line.parts.iter().map(|part| NewPart::of(line_key, *part)));
                matches.0.extend(line.matches.iter().map(|piece| NewMatch::of(line_key, piece)));
            }
            for lot in &line.lots {
                let target_rows =
                    if before.is_some_and(|before| before.has_lot(index, lot.lot)) { &mut lots.1 } else { &mut lots.0 };
                target_rows.push(LotRow::of(line_key, lot));
            }
        }
    }
    [
        new_returns.into(),
        lines.0.into(),
        matches.0.into(),
        lots.0.into(),
        parts.into(),
        changed_returns.into(),
        lines.1.into(),
        matches.1.into(),
        lots.1.into(),
    ]
}

impl From<&Return> for NewReturn {
    fn from(sales_return: &Return) -> Self {
        Self {
            id: sales_return.id,
            number: sales_return.number.get(),
            status: sales_return.status(),
            store_id: sales_return.store,
            customer_id: sales_return.customer,
            external_ref: sales_return.external_ref.clone(),
            currency: sales_return.refund.currency.to_string(),
            refund_minor: sales_return.refund.minor,
            refunded_minor: sales_return.state.refunded().map(|refunded| refunded.minor),
            note: sales_return.note.clone(),
            occurred_at: sales_return.occurred_at,
            received_at: sales_return.state.received_at(),
            business_date: sales_return.business_date,
            actor_kind: sales_return.actor.kind,
            actor_id: sales_return.actor.id,
            version: sales_return.version,
            created_at: sales_return.created_at,
            updated_at: sales_return.updated_at,
            country: sales_return.country.clone(),
            at_counter: sales_return.at_counter,
            register: sales_return.register.clone(),
        }
    }
}

impl From<&Return> for ChangedReturn {
    fn from(sales_return: &Return) -> Self {
        Self {
            id: sales_return.id,
            status: sales_return.status(),
            refunded_minor: sales_return.state.refunded().map(|refunded| refunded.minor),
            reject_reason: sales_return.state.reject_reason().map(ToOwned::to_owned),
            occurred_at: sales_return.occurred_at,
            received_at: sales_return.state.received_at(),
            business_date: sales_return.business_date,
            version: sales_return.version,
            updated_at: sales_return.updated_at,
        }
    }
}

impl LineRow {
    fn of((ret, position): (ReturnId, i32), line: &ReturnLine) -> Self {
        Self {
            return_id: ret,
            position,
            kind: line.kind,
            product_id: line.product,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit_decimals: line.decimals.into(),
            quantity: line.quantity,
            unit_price_minor: line.unit_price.minor,
            total_minor: line.total.minor,
            disposition: line.disposition,
            received: line.received,
            restocked: line.restocked,
            quarantined: line.quarantined,
            written_off: line.written_off,
        }
    }
}

impl ChangedLine {
    fn of((ret, position): (ReturnId, i32), line: &ReturnLine) -> Self {
        Self {
            return_id: ret,
            position,
            received: line.received,
            restocked: line.restocked,
            quarantined: line.quarantined,
            written_off: line.written_off,
        }
    }
}

impl NewMatch {
    fn of((ret, position): (ReturnId, i32), piece: &ReturnPiece) -> Self {
        let (order, position_on_order) = piece.line.split_line();
        Self {
            return_id: ret,
            return_position: position,
            order_id: order,
            order_position: position_on_order.into(),
            quantity: piece.quantity,
            received: piece.received,
            given_minor: piece.given,
        }
    }
}

impl ChangedMatch {
    fn of((ret, position): (ReturnId, i32), piece: &ReturnPiece) -> Self {
        let (order, position_on_order) = piece.line.split_line();
        Self {
            return_id: ret,
            return_position: position,
            order_id: order,
            order_position: position_on_order.into(),
            received: piece.received,
            given_minor: piece.given,
        }
    }
}

impl NewPart {
    fn of((ret, position): (ReturnId, i32), (product, quantity): (ProductId, Quantity)) -> Self {
        Self { return_id: ret, position, product_id: product, quantity }
    }
}

impl LotRow {
    fn of((ret, position): (ReturnId, i32), lot: &ReturnLot) -> Self {
        Self { return_id: ret, position, lot_id: lot.lot, received: lot.received, inspected: lot.inspected }
    }
}
