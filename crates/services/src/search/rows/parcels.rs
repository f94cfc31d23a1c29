//! Parcels by their tracking numbers and by the numbers of their orders, and orders by the tracking
//! numbers of their shipped parcels.

use inventory::catalog::rows::filter::begins_with;

use super::branches::{Branches, MAX_OF_A_BRANCH, NUMBERED, ORDER_NUMBER, ShownColumns};
use crate::{
    scan::core::tracking_spellings,
    search::core::{Field, Query},
};

/// Rows that have a tracking number: their tables, the join conditions, and the column.
struct TrackedTable {
    from: &'static str,
    joined: &'static str,
    number: &'static str,
    shown: ShownColumns,
}

pub(super) fn parcels(branches: &mut Branches, query: &Query) {
    let shown = ShownColumns { title: "r.tracking_number", is_archived: "0" };
    tracked(branches, query, &TrackedTable { from: "parcel r", joined: "", number: "r.tracking_number", shown });
    packed_for(branches, query);
}

/// A parcel of an order: without a tracking number its title is its fulfilment and its position.
const PACKED_PARCEL: ShownColumns = ShownColumns {
    title: "COALESCE(r.tracking_number, CAST(o.number AS text) || '-' || CAST(w.nth AS text) || '/' || CAST(r.position AS text))",
    is_archived: "0",
};

/// Adds parcels by the number of their order, as fulfilments show them: without emptied ones.
fn packed_for(branches: &mut Branches, query: &Query) {
    let Some(order) = query.order_number() else { return };
    branches.open(
        Field::OrderNumber,
        ORDER_NUMBER,
        PACKED_PARCEL,
        "sales_order o CROSS JOIN fulfilment_work w CROSS JOIN parcel r",
    );
    let order = branches.clause.bind(order);
    branches.clause.push(&format!(
        "o.tenant_id = $1 AND o.number = {order} AND w.tenant_id = $1 AND w.order_id = o.id AND r.work_id = w.id
         AND EXISTS (SELECT 1 FROM parcel_line l WHERE l.tenant_id = $1 AND l.parcel_id = r.id AND l.quantity > 0)"
    ));
    branches.close("w.nth, r.position", MAX_OF_A_BRANCH);
}

/// Parcels that are still in a store are found by callers who see its fulfilments. CROSS JOIN makes
/// SQLite begin with the parcels.
pub(super) fn of_orders(branches: &mut Branches, query: &Query) {
    let joined = "p.tenant_id = $1 AND f.tenant_id = $1 AND f.id = p.fulfilment_id AND r.id = f.order_id AND ";
    let from = "parcel p CROSS JOIN fulfilment f CROSS JOIN sales_order r";
    tracked(branches, query, &TrackedTable { from, joined, number: "p.tracking_number", shown: NUMBERED });
}

/// Adds a branch by tracking numbers that begin with the query, unchanged or in capitals: an equal
/// number comes first.
fn tracked(branches: &mut Branches, query: &Query, of: &TrackedTable) {
    if !query.may_be_tracking() {
        return;
    }
    for spelling in tracking_spellings(&query.text) {
        branches.open(Field::TrackingNumber, of.number, of.shown, of.from);
        branches.clause.push(&format!("{}{} IS NOT NULL AND ", of.joined, of.number));
        begins_with(&mut branches.clause, of.number, &spelling);
        branches.close(of.number, MAX_OF_A_BRANCH);
    }
}
