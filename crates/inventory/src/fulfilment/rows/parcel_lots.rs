//! Lots that parcels name.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment_work, lot, parcel_line_lot},
};
use platform::storage::{Fault, Finds, Reads};

#[derive(Record)]
struct PackedRow {
    #[record(of = fulfilment_work, alias = "w")]
    store_id: StoreId,
    #[record(of = parcel_line_lot, alias = "x")]
    lot_id: LotId,
    #[record(sql = "CAST(sum(x.units) AS bigint)")]
    units: i64,
}

#[derive(Record)]
#[record(of = lot, alias = "l")]
struct CodeRow {
    id: LotId,
    product_id: ProductId,
    code_key: String,
}

#[derive(Record)]
#[record(of = lot, alias = "l")]
struct PrintedRow {
    id: LotId,
    code: String,
}

/// Reads the quantities of these lots that are packed by name in parcels that have not left, by
/// store. Parcels of the orders in `excluded_orders` are left out.
pub async fn packed_lots(
    reads: &impl Reads,
    lots: &[LotId],
    excluded_orders: &[OrderId],
) -> Result<HashMap<(StoreId, LotId), i64>, Fault> {
    let backend = reads.backend();
    let (lot_condition, order_condition) = (backend.in_ids("x.lot_id", 2), backend.in_ids("w.order_id", 3));
    let sql = format!(
        "SELECT {select} FROM parcel_line_lot x
         JOIN parcel_line l ON l.tenant_id = x.tenant_id AND l.parcel_id = x.parcel_id AND l.nth = x.nth AND l.quantity =
           (SELECT sum(y.units) FROM parcel_line_lot y WHERE y.tenant_id = $1 AND y.parcel_id = x.parcel_id AND y.nth = x.nth)
         JOIN parcel p ON p.tenant_id = x.tenant_id AND p.id = x.parcel_id AND p.fulfilment_id IS NULL
         JOIN fulfilment_work w ON w.tenant_id = p.tenant_id AND w.id = p.work_id
         WHERE x.tenant_id = $1 AND {lot_condition} AND x.units > 0 AND NOT x.has_left AND NOT ({order_condition}) GROUP BY w.store_id, x.lot_id",
        select = PackedRow::SELECT
    );
    let values = vec![backend.ids(lots.iter().copied()), backend.ids(excluded_orders.iter().copied())];
    let rows = reads.records::<PackedRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.store_id, row.lot_id), row.units)).collect())
}

/// Returns the lots with these codes, which are unique within a product.
pub async fn lots_by_code(
    reads: &impl Reads,
    codes: &[(ProductId, String)],
) -> Result<HashMap<(ProductId, String), LotId>, Fault> {
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, product_condition, code_condition) =
        (CodeRow::SELECT, backend.in_ids("l.product_id", 2), backend.in_texts("l.code_key", 3));
    let sql = format!("SELECT {select} FROM lot l WHERE l.tenant_id = $1 AND {product_condition} AND {code_condition}");
    let texts = backend.texts(codes.iter().map(|(_, code)| code.as_str()));
    let values = vec![backend.ids(codes.iter().map(|(product, _)| *product)), texts];
    let rows = reads.records::<CodeRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.product_id, row.code_key), row.id)).collect())
}

/// Returns the codes of these lots.
pub async fn lot_codes(reads: &impl Reads, lots: &[LotId]) -> Result<HashMap<LotId, String>, Fault> {
    if lots.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (PrintedRow::SELECT, backend.in_ids("l.id", 2));
    let sql = format!("SELECT {select} FROM lot l WHERE l.tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<PrintedRow>(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.code)).collect())
}
