//! Parcels by their tracking numbers and by the numbers of their orders, and orders by the tracking numbers of their parcels that have left.

use inventory::catalog::rows::filter::begins_with;

use super::{Branches, MOST_OF_A_BRANCH, NUMBERED, ORDER_NUMBER, Shown};
use crate::{
    scan::core::tracking_spellings,
    search::core::{Field, Query},
};

/// Rows that have a tracking number: their tables, the conditions that join these, and the column.
struct Tracked {
    from: &'static str,
    joined: &'static str,
    number: &'static str,
    shown: Shown,
}

pub(super) fn parcels(branches: &mut Branches, query: &Query) {
    let shown = Shown { title: "r.tracking_number", is_archived: "0" };
    tracked(branches, query, &Tracked { from: "parcel r", joined: "", number: "r.tracking_number", shown });
    packed_for(branches, query);
}

/// A parcel of an order: it may have no tracking number yet, and is called by its work and its position then.
const PACKED: Shown = Shown {
    title: "COALESCE(r.tracking_number, CAST(o.number AS text) || '-' || CAST(w.nth AS text) || '/' || CAST(r.position AS text))",
    is_archived: "0",
};

/// Parcels by the number of their order, as works show them: without those that were emptied.
fn packed_for(branches: &mut Branches, query: &Query) {
    let Some(order) = query.order_number() else { return };
    branches.open(Field::OrderNumber, ORDER_NUMBER, PACKED, "sales_order o CROSS JOIN fulfilment_work w CROSS JOIN parcel r");
    let order = branches.clause.bind(order);
    branches.clause.push(&format!(
        "o.tenant_id = $1 AND o.number = {order} AND w.tenant_id = $1 AND w.order_id = o.id AND r.work_id = w.id
         AND EXISTS (SELECT 1 FROM parcel_line l WHERE l.tenant_id = $1 AND l.parcel_id = r.id AND l.quantity > 0)"
    ));
    branches.close("w.nth, r.position", MOST_OF_A_BRANCH);
}

/// Parcels that are still in a store are found by callers who see its works. CROSS JOIN tells SQLite to begin with the parcels.
pub(super) fn of_orders(branches: &mut Branches, query: &Query) {
    let joined = "p.tenant_id = $1 AND f.tenant_id = $1 AND f.id = p.fulfilment_id AND r.id = f.order_id AND ";
    let from = "parcel p CROSS JOIN fulfilment f CROSS JOIN sales_order r";
    tracked(branches, query, &Tracked { from, joined, number: "p.tracking_number", shown: NUMBERED });
}

/// By a number that begins with the query as it is or in capitals: the number itself comes first.
fn tracked(branches: &mut Branches, query: &Query, of: &Tracked) {
    if !query.may_be_tracking() {
        return;
    }
    for spelling in tracking_spellings(&query.text) {
        branches.open(Field::TrackingNumber, of.number, of.shown, of.from);
        branches.clause.push(&format!("{}{} IS NOT NULL AND ", of.joined, of.number));
        begins_with(&mut branches.clause, of.number, &spelling);
        branches.close(of.number, MOST_OF_A_BRANCH);
    }
}
