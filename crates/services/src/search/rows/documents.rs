//! Documents: by their numbers and references.

use inventory::catalog::rows::filter::begins_with;

use super::{Branches, MOST_OF_A_BRANCH, NUMBERED, ORDER_NUMBER, Shown, parcels, references};
use crate::{
    scan::core::{InvoiceNumber, Kind, WorkNumber},
    search::core::{Field, Query},
};

/// An invoice or a credit note.
const INVOICE: Shown = Shown { title: "r.label", is_archived: "0" };

/// The number of a work, as it is shown: that of its order, and its position among the order's works.
const WORK: Shown = Shown { title: "CAST(o.number AS text) || '-' || CAST(r.nth AS text)", is_archived: "0" };

/// By the number that the tenant gave, and by the reference.
pub(super) fn numbered(branches: &mut Branches, query: &Query, kind: Kind) {
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
        branches.open(Field::Number, NUMBERED.title, NUMBERED, from);
        let mark = branches.clause.bind(*number);
        branches.clause.push(&format!("r.number = {mark}"));
        branches.close("", MOST_OF_A_BRANCH);
    }
    match kind {
        Kind::Order => of_channels(branches, query),
        // They have no references.
        Kind::Reversal => {}
        _ => references(branches, query, from, NUMBERED),
    }
}

/// Orders by the references of their channels, and by the tracking numbers of their parcels.
fn of_channels(branches: &mut Branches, query: &Query) {
    // A reference is unique for a channel: their index begins with it, and its rows come channel by channel. CROSS JOIN tells SQLite to begin with them.
    let (from, of) =
        ("channel c CROSS JOIN sales_order r", "c.tenant_id = $1 AND r.channel_id = c.id AND r.external_ref IS NOT NULL AND ");
    branches.open(Field::ExternalRef, "r.external_ref", NUMBERED, from);
    let mark = branches.clause.bind(query.text.as_str());
    branches.clause.push(&format!("{of}r.external_ref = {mark}"));
    branches.close("", MOST_OF_A_BRANCH);
    branches.open(Field::ExternalRef, "r.external_ref", NUMBERED, from);
    branches.clause.push(of);
    begins_with(&mut branches.clause, "r.external_ref", &query.text);
    branches.close("", MOST_OF_A_BRANCH);
    parcels::of_orders(branches, query);
}

/// Invoices and credit notes by the number that is printed, and by its digits with or without its prefix. Numbers are whole: a prefix alone is that of all.
pub(super) fn invoices(branches: &mut Branches, query: &Query) {
    if !query.may_be_invoice() {
        return;
    }
    let from = "invoice r";
    branches.open(Field::Number, INVOICE.title, INVOICE, from);
    let mark = branches.clause.bind(query.text.as_str());
    branches.clause.push(&format!("r.label = {mark}"));
    branches.close("", MOST_OF_A_BRANCH);
    if let Some(InvoiceNumber { number, label }) = &query.invoice {
        branches.open(Field::Number, INVOICE.title, INVOICE, from);
        let mark = branches.clause.bind(*number);
        branches.clause.push(&format!("r.number = {mark}"));
        if let Some(label) = label {
            let mark = branches.clause.bind(label.as_str());
            branches.clause.push(&format!(" AND lower(r.label) = {mark}"));
        }
        branches.close("", MOST_OF_A_BRANCH);
    }
}

/// Works of stores by their own number, which is that of their order and their position, and by that of their order alone.
pub(super) fn works(branches: &mut Branches, query: &Query) {
    let (from, of) = ("sales_order o CROSS JOIN fulfilment_work r", "o.tenant_id = $1 AND r.order_id = o.id AND o.number = ");
    if let Some(WorkNumber { order, nth }) = query.work {
        branches.open(Field::Number, WORK.title, WORK, from);
        let (order, nth) = (branches.clause.bind(order), branches.clause.bind(nth));
        branches.clause.push(&format!("{of}{order} AND r.nth = {nth}"));
        branches.close("", MOST_OF_A_BRANCH);
    }
    if let Some(order) = query.order_number() {
        branches.open(Field::OrderNumber, ORDER_NUMBER, WORK, from);
        let order = branches.clause.bind(order);
        branches.clause.push(&format!("{of}{order}"));
        branches.close("r.nth", MOST_OF_A_BRANCH);
    }
}
