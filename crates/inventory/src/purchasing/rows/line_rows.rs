//! Rows of lines: whole, or the figures that change from step to step.

use entity::{prelude::*, record::Record, tables::purchase_order_line};

use super::load::LineRow;
use crate::purchasing::core::Line;

#[derive(Record)]
#[record(of = purchase_order_line)]
pub(super) struct ChangedLine {
    purchase_order_id: PurchaseOrderId,
    position: i32,
    received: Quantity,
    damaged: Quantity,
    open: Quantity,
    short: Quantity,
    returned: Quantity,
    goods_off_minor: i64,
    charges_off_minor: i64,
    charges_books_off_minor: i64,
    confirmed_on: Option<i32>,
    confirmed_quantity: Option<Quantity>,
    lead_on: Option<i32>,
    lead_from: Option<LeadSource>,
}

impl LineRow {
    pub(super) fn of(order: PurchaseOrderId, line: &Line) -> Self {
        Self {
            purchase_order_id: order,
            position: line.position.into(),
            product_id: line.product,
            sku: line.sku.clone(),
            name: line.name.clone(),
            supplier_sku: line.supplier_sku.clone(),
            unit_decimals: line.decimals.into(),
            expected_on: line.expected_on,
            weight: line.weight,
            quantity: line.quantity,
            most: line.most,
            unit_cost_minor: line.unit_cost.minor,
            total_minor: line.total.minor,
            charges_minor: line.charges.minor,
            charges_books_minor: line.charges_in_books,
            received: line.received,
            damaged: line.damaged,
            open: line.open,
            short: line.short,
            returned: line.returned,
            goods_off_minor: line.off.goods,
            charges_off_minor: line.off.charges,
            charges_books_off_minor: line.off.charges_in_books,
            confirmed_on: line.confirmed.on,
            confirmed_quantity: line.confirmed.quantity,
            lead_on: line.lead.map(|lead| lead.on),
            lead_from: line.lead.map(|lead| lead.from),
            revision: line.revision.into(),
            cancelled_at: line.cancelled_at,
        }
    }
}

impl ChangedLine {
    pub(super) fn of(order: PurchaseOrderId, line: &Line) -> Self {
        Self {
            purchase_order_id: order,
            position: line.position.into(),
            received: line.received,
            damaged: line.damaged,
            open: line.open,
            short: line.short,
            returned: line.returned,
            goods_off_minor: line.off.goods,
            charges_off_minor: line.off.charges,
            charges_books_off_minor: line.off.charges_in_books,
            confirmed_on: line.confirmed.on,
            confirmed_quantity: line.confirmed.quantity,
            lead_on: line.lead.map(|lead| lead.on),
            lead_from: line.lead.map(|lead| lead.from),
        }
    }
}
