//! Lots that left with an order, line by line: with its shipments, or with a sale over the counter.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    order::Order,
    reverse::{assign_entries, shipped_goods},
    shipment::{Fulfilment, FulfilmentLine},
};
use crate::stock::core::Movement;

/// Quantity of a lot that left for a line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedLot {
    /// None for a sale over the counter.
    pub fulfilment: Option<FulfilmentId>,
    pub line: OrderLineId,
    /// The line's own product, or one of the parts of a kit.
    pub product: ProductId,
    /// SKU, as it was when the order was placed.
    pub sku: String,
    pub lot: LotId,
    pub units: i64,
    /// True if the shipment was undone, and the goods are back.
    pub undone: bool,
}

impl ShippedLot {
    /// Returns the lot's order.
    pub fn order(&self) -> OrderId {
        self.line.split_line().0
    }
}

/// Returns the sale that each shipment of an order posted: the one with its time, its store and its
/// goods. If several match, they are assigned in the order of the shipments.
pub fn sales_of<'p>(order: &Order, shipments: &[Fulfilment], movements: &'p [Movement]) -> Vec<Option<&'p Movement>> {
    let mut unmatched_sales: Vec<&'p Movement> = movements.iter().collect();
    let sale = |shipment: &Fulfilment| {
        let shipped_sums = sums(shipped_goods(order, &shipment.lines).into_iter().map(|(_, product, units)| (product, units)));
        let is_match = |movement: &&'p Movement| {
            let moved_entries = movement.entries.iter().filter(|entry| entry.on_hand_delta != 0);
            let is_same_store = movement.entries.iter().all(|entry| entry.key.store == shipment.store);
            let is_same_time = shipment.shipped_at == Some(movement.occurred_at);
            is_same_time
                && is_same_store
                && sums(moved_entries.map(|entry| (entry.key.product, -entry.on_hand_delta))) == shipped_sums
        };
        let index = unmatched_sales.iter().position(is_match)?;
        Some(unmatched_sales.remove(index))
    };
    shipments.iter().map(sale).collect()
}

fn sums(goods: impl Iterator<Item = (ProductId, i64)>) -> BTreeMap<ProductId, i64> {
    let mut sums = BTreeMap::new();
    for (product, units) in goods {
        *sums.entry(product).or_default() += units;
    }
    sums
}

/// Returns the lots that left with an order, from the sales that it posted. An order without
/// shipments was sold over the counter, and delivered all of its lines.
pub fn shipped_lots(order: &Order, shipments: &[Fulfilment], sales: &[Movement]) -> Vec<ShippedLot> {
    let mut lots = Vec::new();
    if shipments.is_empty() {
        let sold = order.lines.iter().map(|line| FulfilmentLine { position: line.position, quantity: line.fulfilled });
        let sold: Vec<FulfilmentLine> = sold.collect();
        for sale in sales {
            add_sale(&mut lots, order, None, &sold, sale);
        }
    }
    for (shipment, sale) in shipments.iter().zip(sales_of(order, shipments, sales)) {
        if let Some(sale) = sale {
            add_sale(&mut lots, order, Some(shipment), &shipment.lines, sale);
        }
    }
    lots
}

/// Adds the lots of one sale, each once for a line.
fn add_sale(lots: &mut Vec<ShippedLot>, order: &Order, shipment: Option<&Fulfilment>, sold: &[FulfilmentLine], sale: &Movement) {
    let first_index = lots.len();
    for original in assign_entries(order, sold, sale) {
        let (line, product) = (OrderLineId::from_uuid(original.line), original.entry.key.product);
        let Some(lot) = original.entry.lot else { continue };
        let units = -original.entry.on_hand_delta;
        let existing_lot = lots
            .iter_mut()
            .skip(first_index)
            .find(|shipped_lot| (shipped_lot.line, shipped_lot.product, shipped_lot.lot) == (line, product, lot));
        if let Some(existing_lot) = existing_lot {
            existing_lot.units += units;
            continue;
        }
        lots.push(ShippedLot {
            fulfilment: shipment.map(|shipment| shipment.id),
            line,
            product,
            sku: sku_of(order, line, product),
            lot,
            units,
            undone: shipment.is_some_and(|shipment| shipment.status == FulfilmentStatus::Cancelled),
        });
    }
}

fn sku_of(order: &Order, id: OrderLineId, product: ProductId) -> String {
    let Some(line) = order.lines.iter().find(|line| order.line_id(line.position) == id) else { return String::new() };
    let part = line.parts().iter().find(|part| part.product == product);
    part.map_or_else(|| line.sku.clone(), |part| part.sku.clone())
}
