//! Documents, by their numbers and references.

use inventory::catalog::rows::filter::begins_with;

use super::{
    branches::{Branches, HitColumns, MAX_BRANCH_ROWS, NUMBER_COLUMNS, ORDER_NUMBER, add_reference_branch},
    parcels,
};
use crate::{
    scan::core::{InvoiceNumber, Kind, WorkNumber},
    search::core::{Field, Query},
};

/// An invoice or a credit note.
const INVOICE: HitColumns = HitColumns { title: "r.label", is_archived: "0" };

/// The displayed number of a fulfilment: that of its order, and its position among the order's
/// fulfilments.
const WORK: HitColumns = HitColumns { title: "CAST(o.number AS text) || '-' || CAST(r.nth AS text)", is_archived: "0" };

/// Adds branches by the number that the tenant assigned, and by the reference.
pub(super) fn add_number_branches(branches: &mut Branches, query: &Query, kind: Kind) {
    let from = match kind {
        Kind::Return => "sales_return r",
        Kind::PurchaseOrder => "purchase_order r",
        Kind::Transfer => "transfer r",
        Kind::Stocktake => "stock_count r",
        Kind::SupplierReturn => "supplier_return r",
        Kind::BlanketOrder => "blanket_order r",
        Kind::Revaluation => "revaluation r",
        Kind::Reversal => "document_reversal r",
        _ => "sales_order r",
    };
    if let Some((number, _)) = query.number.as_ref().filter(|(_, kinds)| kinds.contains(&kind)) {
        branches.open(Field::Number, NUMBER_COLUMNS.title, NUMBER_COLUMNS, from);
        let mark = branches.clause.bind(*number);
        branches.clause.push(&format!("r.number = {mark}"));
        branches.close("", MAX_BRANCH_ROWS);
    }
    match kind {
        Kind::Order => of_channels(branches, query),
        // They have no references.
        Kind::Reversal => {}
        _ => add_reference_branch(branches, query, from, NUMBER_COLUMNS),
    }
}

/// Adds orders by the references of their channels, and by the tracking numbers of their parcels.
fn of_channels(branches: &mut Branches, query: &Query) {
    // A reference is unique within a channel: the index begins with the channel, and its rows come
    // channel by channel. CROSS JOIN makes SQLite begin with the channels.
    let (from, condition) =
        ("channel c CROSS JOIN sales_order r", "c.tenant_id = $1 AND r.channel_id = c.id AND r.external_ref IS NOT NULL AND ");
    branches.open(Field::ExternalRef, "r.external_ref", NUMBER_COLUMNS, from);
    let mark = branches.clause.bind(query.text.as_str());
    branches.clause.push(&format!("{condition}r.external_ref = {mark}"));
    branches.close("", MAX_BRANCH_ROWS);
    branches.open(Field::ExternalRef, "r.external_ref", NUMBER_COLUMNS, from);
    branches.clause.push(condition);
    begins_with(&mut branches.clause, "r.external_ref", &query.text);
    branches.close("", MAX_BRANCH_ROWS);
    parcels::of_orders(branches, query);
}

/// Adds invoices and credit notes by their printed number, and by its digits with or without the
/// prefix. Numbers must be complete: a prefix alone would match all.
pub(super) fn add_invoices(branches: &mut Branches, query: &Query) {
    if !query.may_be_invoice() {
        return;
    }
    let from = "invoice r";
    branches.open(Field::Number, INVOICE.title, INVOICE, from);
    let mark = branches.clause.bind(query.text.as_str());
    branches.clause.push(&format!("r.label = {mark}"));
    branches.close("", MAX_BRANCH_ROWS);
    if let Some(InvoiceNumber { number, label }) = &query.invoice {
        branches.open(Field::Number, INVOICE.title, INVOICE, from);
        let mark = branches.clause.bind(*number);
        branches.clause.push(&format!("r.number = {mark}"));
        if let Some(label) = label {
            let mark = branches.clause.bind(label.as_str());
            branches.clause.push(&format!(" AND lower(r.label) = {mark}"));
        }
        branches.close("", MAX_BRANCH_ROWS);
    }
}

/// Adds fulfilments by their own number, which is that of their order and their position, and by
/// that of their order alone.
pub(super) fn add_works(branches: &mut Branches, query: &Query) {
    let (from, condition) =
        ("sales_order o CROSS JOIN fulfilment_work r", "o.tenant_id = $1 AND r.order_id = o.id AND o.number = ");
    if let Some(WorkNumber { order, nth }) = query.work {
        branches.open(Field::Number, WORK.title, WORK, from);
        let (order, nth) = (branches.clause.bind(order), branches.clause.bind(nth));
        branches.clause.push(&format!("{condition}{order} AND r.nth = {nth}"));
        branches.close("", MAX_BRANCH_ROWS);
    }
    if let Some(order) = query.order_number() {
        branches.open(Field::OrderNumber, ORDER_NUMBER, WORK, from);
        let order = branches.clause.bind(order);
        branches.clause.push(&format!("{condition}{order}"));
        branches.close("r.nth", MAX_BRANCH_ROWS);
    }
}
