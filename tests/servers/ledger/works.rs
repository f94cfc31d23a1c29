//! Statements that break the invariants of works and parcels of an order that was partly shipped
//! without a work.

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
        &["work: the units that stores"],
    ),
    case(
        "UPDATE fulfilment_work_line SET open = open - 1, dropped = dropped + 1 WHERE @ AND order_id = {boxed}",
        &["work: the units that stores", "work: the units that an"],
    ),
    case(
        "UPDATE parcel_line SET quantity = quantity + 1 WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["work line: parcels"],
    ),
    case(
        "UPDATE fulfilment_work_line SET packed = 1, shipped = shipped - 1 WHERE @ AND order_id = {partly} AND nth = 1",
        &["work line: parcels", "work: the units that stores", "work: its state"],
    ),
    case(
        "UPDATE fulfilment SET work_id = (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly}) WHERE @ AND order_id = {partly};
         UPDATE parcel_line SET quantity = quantity - 1 WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["fulfilment: the parcels", "work line: parcels"],
    ),
    case(
        "UPDATE fulfilment_work SET store_id = {new} WHERE @ AND order_id = {partly}",
        &["references: every referenced row exists in", "work: the units that an"],
    ),
    case(
        "UPDATE fulfilment_work SET store_id = (SELECT id FROM store WHERE @ AND id <> {s0} ORDER BY id LIMIT 1) WHERE @ AND order_id = {partly}",
        &["work: the units that an"],
    ),
    case(
        "INSERT INTO parcel_line_lot (tenant_id, parcel_id, nth, lot_id, units) SELECT tenant_id, parcel_id, nth, {lot}, quantity + 1
         FROM parcel_line WHERE @ AND work_id IN (SELECT id FROM fulfilment_work WHERE @ AND order_id = {partly})",
        &["parcel line: its lots"],
    ),
    case("UPDATE parcel SET fulfilment_id = {new} WHERE @", &["references: every referenced row exists in"]),
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
    "customer: a merged one points",
    "supplier: a merged one is",
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
