//! Units of lots in parcels, and the units that their orders hold.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment_work, lot_level},
};
use platform::storage::{Fault, Finds, Reads};

use crate::stock::core::{LevelKey, PackedUnits};

#[derive(Record)]
struct PackedRow {
    #[record(of = lot_level, alias = "u")]
    product_id: ProductId,
    #[record(of = lot_level, alias = "u")]
    store_id: StoreId,
    #[record(of = fulfilment_work, alias = "u")]
    order_id: OrderId,
    #[record(sql = "u.named")]
    named: i64,
    #[record(sql = "u.held")]
    held: i64,
}

/// Reads the units of these lots that are named by parcels which have not left, by their orders,
/// and the units that those orders hold in the parcels' stores: fewer, if holds gave way.
pub(super) async fn load_packed(reads: &impl Reads, lots: &[LotId]) -> Result<BTreeMap<(LevelKey, OrderId), PackedUnits>, Fault> {
    let backend = reads.backend();
    let lot_condition = backend.in_ids("x.lot_id", 2);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT w.order_id, w.store_id, l.product_id, CAST(sum(x.units) AS bigint) AS named,
             (SELECT CAST(coalesce(sum(r.remaining), 0) AS bigint) FROM reservation r WHERE r.tenant_id = $1 AND r.order_id = w.order_id
                AND r.product_id = l.product_id AND r.store_id = w.store_id AND r.status = 'ACTIVE') AS held
           FROM parcel_line_lot x
           JOIN parcel_line n ON n.tenant_id = x.tenant_id AND n.parcel_id = x.parcel_id AND n.nth = x.nth AND n.quantity =
             (SELECT sum(y.units) FROM parcel_line_lot y WHERE y.tenant_id = $1 AND y.parcel_id = x.parcel_id AND y.nth = x.nth)
           JOIN parcel h ON h.tenant_id = x.tenant_id AND h.id = x.parcel_id AND h.fulfilment_id IS NULL
           JOIN fulfilment_work w ON w.tenant_id = h.tenant_id AND w.id = h.work_id
           JOIN fulfilment_work_line l ON l.tenant_id = w.tenant_id AND l.work_id = w.id AND l.nth = x.nth
           WHERE x.tenant_id = $1 AND {lot_condition} AND x.units > 0 AND NOT x.has_left
           GROUP BY w.order_id, w.store_id, l.product_id) u",
        select = PackedRow::SELECT
    );
    let rows = reads.records::<PackedRow>(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    let entry = |row: PackedRow| {
        let key = LevelKey { product: row.product_id, store: row.store_id };
        ((key, row.order_id), PackedUnits { named: row.named, held: row.held })
    };
    Ok(rows.into_iter().map(entry).collect())
}
