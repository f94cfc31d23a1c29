//! What breaks the invariants of works and parcels: of an order of which a part has left by the short way.

use super::broken::{Case, case};

pub const CASES: &[Case] = &[
    case(
        "UPDATE fulfilment_work_line SET quantity = quantity + 1 WHERE @ AND order_id = {partly} AND nth = 1",
        &["work line: asked ="],
    ),
    case("UPDATE fulfilment_work SET status = 'PICKED' WHERE @ AND order_id = {partly}", &["work: its state"]),
    case("UPDATE fulfilment_work SET accepted_at = 1 WHERE @ AND order_id = {partly}", &["work: its state"]),
    case(
        "UPDATE fulfilment_work_line SET open = open + 1, quantity = quantity + 1 WHERE @ AND order_id = {partly} AND nth = 1",
        &["work: what stores"],
    ),
    case(
        "UPDATE fulfilment_work_line SET open = open - 1, dropped = dropped + 1 WHERE @ AND order_id = {boxed}",
        &["work: what stores", "work: what an order holds"],
    ),
    case(
        "UPDATE parcel_line SET quantity = quantity + 1 WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["work line: parcels"],
    ),
    case(
        "UPDATE fulfilment_work_line SET packed = 1, shipped = shipped - 1 WHERE @ AND order_id = {partly} AND nth = 1",
        &["work line: parcels", "work: what stores", "work: its state"],
    ),
    case(
        "UPDATE fulfilment SET work_id = (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly}) WHERE @ AND order_id = {partly};
         UPDATE parcel_line SET quantity = quantity - 1 WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["fulfilment: the parcels", "work line: parcels"],
    ),
    case(
        "UPDATE fulfilment_work SET store_id = {new} WHERE @ AND order_id = {partly}",
        &["references: every row that is named", "work: what an order holds"],
    ),
    case(
        "UPDATE fulfilment_work SET store_id = (SELECT id FROM store WHERE @ AND id <> {s0} ORDER BY id LIMIT 1) WHERE @ AND order_id = {partly}",
        &["work: what an order holds"],
    ),
    case(
        "INSERT INTO parcel_line_lot (tenant_id, parcel_id, nth, lot_id, units) SELECT tenant_id, parcel_id, nth, {lot}, quantity + 1
         FROM parcel_line WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["parcel line: the lots"],
    ),
    case("UPDATE parcel SET fulfilment_id = {new} WHERE @", &["references: every row that is named"]),
];

/// Invariants of what the story does not do, by their beginnings: they are broken in `purchasing/proofs.rs`, `purchasing/blanket_life.rs`,
/// `purchasing/unmerges.rs`, `purchasing/currencies.rs`, `purchasing/amendments.rs`, `costing/rights.rs`, `demand/proofs.rs`, `reversals/proofs.rs`
/// and `papers/mod.rs`.
pub const ELSEWHERE: [&str; 16] = [
    "purchase",
    "goods receipt",
    "supplier return",
    "blanket order",
    "replenishment policy",
    "customer: one that is merged",
    "supplier: one that is merged",
    "merge: ",
    "cost ",
    "revaluation",
    "demand ",
    "stock span",
    "document rev",
    "invoice",
    "rate: ",
    "audit: changed fields",
];
