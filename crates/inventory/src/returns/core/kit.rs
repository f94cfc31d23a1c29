//! Returned kits, as the components that they consist of.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::new_return::NewReturnLine;
use crate::{
    orders::core::{Kits, Line, Order, kit_times},
    stock::core::{At, Field, Rejection},
};

/// Returns the goods of a line of a return: for a kit, the components of its order's line, and its
/// current ones if it has no order line.
pub(super) fn expand_return_line(
    kits: &Kits,
    orders: &BTreeMap<OrderId, Order>,
    new_line: &NewReturnLine,
    index: usize,
) -> Result<Vec<(ProductId, i64)>, Rejection> {
    let Some(product) = new_line.product else { return Ok(Vec::new()) };
    let field = || At::line(index).field(Field::Quantity);
    let mut goods: BTreeMap<ProductId, i64> = BTreeMap::new();
    let mut add = |product: ProductId, quantity: i64| {
        let sum = goods.entry(product).or_default();
        *sum = kit_times(sum.saturating_add(quantity), 1, field)?;
        Ok::<(), Rejection>(())
    };
    let mut unmatched_units = new_line.quantity.get();
    for piece in &new_line.matches {
        let (id, position) = piece.line.split_line();
        let line: Option<&Line> = orders.get(&id).and_then(|order| order.lines.iter().find(|line| line.position == position));
        let quantity = piece.quantity.get();
        unmatched_units -= quantity;
        match line.map(Line::parts) {
            None | Some([]) => add(product, quantity)?,
            Some(parts) => {
                for part in parts {
                    add(part.product, kit_times(quantity, part.quantity.get(), field)?)?;
                }
            }
        }
    }
    match kits.get(&product) {
        _ if unmatched_units == 0 => {}
        None => add(product, unmatched_units)?,
        Some(parts) => {
            for part in parts {
                add(part.product, kit_times(unmatched_units, part.quantity.get(), field)?)?;
            }
        }
    }
    Ok(goods.into_iter().collect())
}
