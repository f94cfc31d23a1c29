//! Parcels by their tracking numbers and by the numbers of their orders, and orders by the tracking
//! numbers of their shipped parcels.

use inventory::catalog::rows::filter::begins_with;

use super::branches::{Branches, HitColumns, MAX_BRANCH_ROWS, NUMBER_COLUMNS, ORDER_NUMBER};
use crate::{
    scan::core::tracking_spellings,
    search::core::{Field, Query},
};

/// Rows that have a tracking number: their tables, the join conditions, and the column.
struct TrackedTable {
    from: &'static str,
    joined: &'static str,
    number: &'static str,
    columns: HitColumns,
}

pub(super) fn add_parcels(branches: &mut Branches, query: &Query) {
    let shown_columns = HitColumns { title: "r.tracking_number", is_archived: "0" };
    add_tracking_branch(
        branches,
        query,
        &TrackedTable { from: "parcel r", joined: "", number: "r.tracking_number", columns: shown_columns },
    );
    add_packed_parcels(branches, query);
}

/// A parcel of an order: without a tracking number its title is its fulfilment and its position.
const PACKED_PARCEL: HitColumns = HitColumns {
    title: "COALESCE(r.tracking_number, CAST(o.number AS text) || '-' || CAST(w.nth AS text) || '/' || CAST(r.position AS text))",
    is_archived: "0",
};

/// Adds parcels by the number of their order, as fulfilments show them: without emptied ones.
fn add_packed_parcels(branches: &mut Branches, query: &Query) {
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
    branches.close("w.nth, r.position", MAX_BRANCH_ROWS);
}

/// Parcels that are still in a store are found by callers who see its fulfilments. CROSS JOIN makes
/// SQLite begin with the parcels.
pub(super) fn of_orders(branches: &mut Branches, query: &Query) {
    let joined = "p.tenant_id = $1 AND f.tenant_id = $1 AND f.id = p.fulfilment_id AND r.id = f.order_id AND ";
    let from = "parcel p CROSS JOIN fulfilment f CROSS JOIN sales_order r";
    add_tracking_branch(branches, query, &TrackedTable { from, joined, number: "p.tracking_number", columns: NUMBER_COLUMNS });
}

/// Adds a branch by tracking numbers that begin with the query, unchanged or in capitals: an equal
/// number comes first.
fn add_tracking_branch(branches: &mut Branches, query: &Query, table: &TrackedTable) {
    if !query.may_be_tracking() {
        return;
    }
    for spelling in tracking_spellings(&query.text) {
        branches.open(Field::TrackingNumber, table.number, table.columns, table.from);
        branches.clause.push(&format!("{}{} IS NOT NULL AND ", table.joined, table.number));
        begins_with(&mut branches.clause, table.number, &spelling);
        branches.close(table.number, MAX_BRANCH_ROWS);
    }
}
