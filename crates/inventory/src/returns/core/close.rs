//! Closing a return: the refund is at most the amount that was charged for the received goods.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    book::{ReturnBasis, ReturnedQuantities},
    refusal::{ReturnRefusal, ReturnStepRefusal},
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    orders::core::{Order, share},
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// Amount charged for some of a line's goods, and their order; `None` for goods without a known
/// order.
type ChargedAmount = (Option<OrderId>, i128);

/// Closes it with the refund: at most the amount that was charged for the received goods. The
/// totals of its orders are reduced by their shares.
pub(super) fn close_return(
    basis: ReturnBasis<'_>,
    (sales_return, orders): (&mut Return, &mut BTreeMap<OrderId, Order>),
    refund: Option<Money>,
) -> Result<(), Rejection> {
    let ReturnState::Inspected { received_at } = sales_return.state else { return Err(sales_return.not_open()) };
    let currency = sales_return.refund.currency;
    let field = || At::input(Field::Refund);
    let too_large = || ReturnRefusal::RefundTooLarge.at(field());
    let (mut usual_amount, mut charged_total) = (0_i128, 0_i128);
    let mut settled_by_line = ReturnedQuantities::new();
    let mut shares = Vec::new();
    for line in &sales_return.lines {
        let line_amount = i128::from(line.unit_price.times(line.received, line.decimals).ok_or_else(too_large)?.minor);
        let parts = compute_charged_amounts(basis, &mut settled_by_line, line).ok_or_else(too_large)?;
        usual_amount += line_amount;
        if line_amount > 0 {
            charged_total += parts.iter().map(|(_, part)| part).sum::<i128>();
            shares.extend(parts);
        }
    }
    let max_refund = i64::try_from(charged_total.max(0)).map_err(|_| too_large())?;
    let refunded = match refund {
        None => Money::new(i64::try_from(usual_amount.clamp(0, i128::from(max_refund))).map_err(|_| too_large())?, currency),
        Some(amount) if amount.currency != currency => {
            return Err(ReturnStepRefusal::RefundIn(currency).at(field()));
        }
        Some(amount) if amount.minor < 0 || amount.minor > max_refund => {
            return Err(ReturnStepRefusal::RefundUpTo(Money::new(max_refund, currency)).at(field()));
        }
        Some(amount) => amount,
    };
    sales_return.state = ReturnState::Closed { received_at, refunded };
    let amount = reduce_order_totals(basis, orders, &shares, refunded);
    store_refunds(sales_return, &amount);
    Ok(())
}

/// Stores in the return how much it refunded on each order: a reversal needs these amounts.
fn store_refunds(sales_return: &mut Return, amounts_by_order: &BTreeMap<OrderId, i64>) {
    let mut seen_orders = BTreeSet::new();
    for piece in sales_return.lines.iter_mut().flat_map(|line| &mut line.matches) {
        let order: OrderId = piece.line.split_line().0;
        let is_first = seen_orders.insert(order);
        piece.given = Some(if is_first { amounts_by_order.get(&order).copied().unwrap_or(0) } else { 0 });
    }
}

/// Returns the amounts charged for a line's received goods, in minor units: the share of the
/// current total of each order line that they go back on, with discounts and taxes; goods without a
/// known order at the line's own price. `settled_by_line` is updated with the quantities that this return
/// brought of each order line so far.
fn compute_charged_amounts(
    basis: ReturnBasis<'_>,
    settled_by_line: &mut ReturnedQuantities,
    line: &ReturnLine,
) -> Option<Vec<ChargedAmount>> {
    let mut charged = Vec::with_capacity(line.matches.len() + 1);
    let mut unmatched_units = line.received.get();
    for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
        let (order, position) = piece.line.split_line();
        let sold_line =
            basis.order(order).and_then(|order| order.lines.iter().find(|sold_line| sold_line.position == position))?;
        let settled_units =
            settled_by_line.entry(piece.line).or_insert_with(|| basis.returns.settled.get(&piece.line).copied().unwrap_or(0));
        // Cancelled units were not charged, and the current total of a line is not to the penny its
        // share of the whole.
        let (total, units) = (sold_line.current_total().minor, sold_line.current());
        charged.push((Some(order), share(total, (*settled_units, piece.received.get()), units)));
        *settled_units += piece.received.get();
        unmatched_units -= piece.received.get();
    }
    charged.push((None, i128::from(line.unit_price.times(Quantity::new(unmatched_units)?, line.decimals)?.minor)));
    Some(charged)
}

/// Reduces each order's total by its share of the refund, in proportion to the charges for its
/// goods, and returns the shares.
fn reduce_order_totals(
    basis: ReturnBasis<'_>,
    orders: &mut BTreeMap<OrderId, Order>,
    shares: &[ChargedAmount],
    refunded: Money,
) -> BTreeMap<OrderId, i64> {
    let mut amounts_by_order = BTreeMap::new();
    let mut weights: BTreeMap<Option<OrderId>, i64> = BTreeMap::new();
    for (order, part) in shares {
        *weights.entry(*order).or_default() += i64::try_from((*part).max(0)).unwrap_or(0);
    }
    let total_weight: i64 = weights.values().sum();
    let mut running_weight = 0;
    for (order, weight) in weights {
        let amount = i64::try_from(share(refunded.minor, (running_weight, weight), total_weight)).unwrap_or(0);
        running_weight += weight;
        let Some(stored_order) = order.and_then(|order| basis.order(order)).filter(|_| amount > 0) else { continue };
        orders.entry(stored_order.id).or_insert_with(|| stored_order.clone()).paid.returned += amount;
        amounts_by_order.insert(stored_order.id, amount);
    }
    amounts_by_order
}
