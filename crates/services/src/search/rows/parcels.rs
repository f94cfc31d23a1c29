//! Tracking numbers: of parcels, and of the orders whose parcels have left.

use inventory::catalog::rows::filter::begins_with;

use super::{Branches, MOST_OF_A_BRANCH, NUMBERED, Shown};
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
