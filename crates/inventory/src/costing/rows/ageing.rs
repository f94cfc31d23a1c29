//! Layers with the receipts that joined them.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::cost_layer,
};
use platform::storage::{Fault, Finds, Reads};

use crate::{
    catalog::rows::page::ProductCondition,
    costing::core::{Piece, split_layer},
};

#[derive(Record)]
#[record(of = cost_layer, alias = "l")]
struct LayerRow {
    product_id: ProductId,
    seq: i64,
    line: i32,
    received_at: Timestamp,
    quantity: i64,
    value_minor: i64,
}

#[derive(Record)]
struct ArrivalRow {
    layer: LayerRow,
    #[record(sql = "p.occurred_at")]
    arrived_at: Option<Timestamp>,
    #[record(sql = "p.quantity")]
    arrived: Option<i64>,
}

/// Returns the units of these products' layers with their times of receipt, product by product. A
/// layer that several receipts joined is read with those receipts only that have units left.
pub async fn layer_pieces(reads: &impl Reads, products: &ProductCondition) -> Result<Vec<(ProductId, Piece)>, Fault> {
    let product_condition = products.on("l.product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let sql = format!(
        "SELECT {select} FROM cost_layer l LEFT JOIN (
           SELECT l.product_id, l.seq AS layer_seq, l.line AS layer_line, p.seq, p.line, p.occurred_at, p.quantity, l.quantity AS remaining,
             sum(p.quantity) OVER (PARTITION BY l.product_id, l.seq, l.line ORDER BY p.seq DESC, p.line DESC) - p.quantity AS newer
           FROM cost_layer l JOIN cost_posting p ON p.tenant_id = $1 AND p.product_id = l.product_id AND p.seq >= l.seq AND p.seq <= l.last_seq
           WHERE l.tenant_id = $1 AND l.last_seq > l.seq AND p.quantity > 0 AND (p.seq > l.seq OR p.line >= l.line){product_condition}) p
           ON p.product_id = l.product_id AND p.layer_seq = l.seq AND p.layer_line = l.line AND p.newer < p.remaining
         WHERE l.tenant_id = $1{product_condition} ORDER BY l.product_id, l.seq, l.line, p.seq DESC, p.line DESC",
        select = ArrivalRow::SELECT
    );
    let mut product_pieces = Vec::new();
    let mut arrivals: Vec<(Timestamp, i64)> = Vec::new();
    let mut rows = reads.records::<ArrivalRow>(&sql, products.values.clone()).await?.into_iter().peekable();
    while let Some(ArrivalRow { layer, arrived_at, arrived }) = rows.next() {
        arrivals.extend(arrived_at.zip(arrived));
        let is_last = rows.peek().is_none_or(|next| {
            (next.layer.product_id, next.layer.seq, next.layer.line) != (layer.product_id, layer.seq, layer.line)
        });
        if is_last {
            let layer_piece = Piece { received_at: layer.received_at, quantity: layer.quantity, value: layer.value_minor };
            product_pieces.extend(split_layer(layer_piece, &arrivals).into_iter().map(|piece| (layer.product_id, piece)));
            arrivals.clear();
        }
    }
    Ok(product_pieces)
}
