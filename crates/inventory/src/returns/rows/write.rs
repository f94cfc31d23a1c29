//! Returns as a batch decided them, as rows: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{return_line, return_line_part, return_match, sales_return},
};
use platform::storage::{Bulk, Rows};
use uuid::Uuid;

use super::load::{LineRow, LotRow};
use crate::returns::core::{Before, Return, ReturnLine, ReturnLot, ReturnPiece};

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
pub fn return_rows(tenant: TenantId, returns: &[(&Return, Option<&Before>)]) -> [Bulk; 9] {
    let (mut new, mut changed) = (Rows::<NewReturn>::insert(tenant), Rows::<ChangedReturn>::update(tenant));
    let mut lines = (Rows::<LineRow>::insert(tenant), Rows::<ChangedLine>::update(tenant));
    let mut matches = (Rows::<NewMatch>::insert(tenant), Rows::<ChangedMatch>::update(tenant));
    let mut parts = Rows::<NewPart>::insert(tenant);
    let mut lots = (Rows::<LotRow>::insert(tenant), Rows::<LotRow>::update(tenant));
    for &(ret, before) in returns {
        if before.is_some() {
            changed.push(ret.into());
        } else {
            new.push(ret.into());
        }
        for (index, line) in ret.lines.iter().enumerate() {
            let place = (ret.id, i32::from(line.position));
            if before.is_some() {
                lines.1.push(ChangedLine::of(place, line));
                matches.1.extend(line.matches.iter().map(|piece| ChangedMatch::of(place, piece)));
            } else {
                lines.0.push(LineRow::of(place, line));
                parts.extend(line.parts.iter().map(|part| NewPart::of(place, *part)));
                matches.0.extend(line.matches.iter().map(|piece| NewMatch::of(place, piece)));
            }
            for lot in &line.lots {
                let to = if before.is_some_and(|before| before.has_lot(index, lot.lot)) { &mut lots.1 } else { &mut lots.0 };
                to.push(LotRow::of(place, lot));
            }
        }
    }
    [
        new.into(),
        lines.0.into(),
        matches.0.into(),
        lots.0.into(),
        parts.into(),
        changed.into(),
        lines.1.into(),
        matches.1.into(),
        lots.1.into(),
    ]
}

impl From<&Return> for NewReturn {
    fn from(ret: &Return) -> Self {
        Self {
            id: ret.id,
            number: ret.number.get(),
            status: ret.status(),
            store_id: ret.store,
            customer_id: ret.customer,
            external_ref: ret.external_ref.clone(),
            currency: ret.refund.currency.to_string(),
            refund_minor: ret.refund.minor,
            refunded_minor: ret.state.refunded().map(|refunded| refunded.minor),
            note: ret.note.clone(),
            occurred_at: ret.occurred_at,
            received_at: ret.state.received_at(),
            business_date: ret.business_date,
            actor_kind: ret.actor.kind,
            actor_id: ret.actor.id,
            version: ret.version,
            created_at: ret.created_at,
            updated_at: ret.updated_at,
            country: ret.country.clone(),
            at_counter: ret.at_counter,
            register: ret.register.clone(),
        }
    }
}

impl From<&Return> for ChangedReturn {
    fn from(ret: &Return) -> Self {
        Self {
            id: ret.id,
            status: ret.status(),
            refunded_minor: ret.state.refunded().map(|refunded| refunded.minor),
            reject_reason: ret.state.reject_reason().map(ToOwned::to_owned),
            occurred_at: ret.occurred_at,
            received_at: ret.state.received_at(),
            business_date: ret.business_date,
            version: ret.version,
            updated_at: ret.updated_at,
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
        let (order, of) = piece.line.split_line();
        Self {
            return_id: ret,
            return_position: position,
            order_id: order,
            order_position: of.into(),
            quantity: piece.quantity,
            received: piece.received,
            given_minor: piece.given,
        }
    }
}

impl ChangedMatch {
    fn of((ret, position): (ReturnId, i32), piece: &ReturnPiece) -> Self {
        let (order, of) = piece.line.split_line();
        Self {
            return_id: ret,
            return_position: position,
            order_id: order,
            order_position: of.into(),
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
