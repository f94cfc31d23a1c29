//! Closing a return: the refund is at most the amount that was charged for the received goods.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    book::{ReturnBasis, Settled},
    refusal::{ReturnRefusal, ReturnStepRefusal},
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    orders::core::{Order, share},
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// Amount charged for some of a line's goods, and their order; `None` for goods without a known
/// order.
type Charged = (Option<OrderId>, i128);

/// Closes it with the refund: at most the amount that was charged for the received goods. The
/// totals of its orders are reduced by their shares.
pub(super) fn close(
    basis: ReturnBasis<'_>,
    (ret, orders): (&mut Return, &mut BTreeMap<OrderId, Order>),
    refund: Option<Money>,
) -> Result<(), Rejection> {
    let ReturnState::Inspected { received_at } = ret.state else { return Err(ret.not_open()) };
    let currency = ret.refund.currency;
    let field = || At::input(Field::Refund);
    let too_large = || ReturnRefusal::RefundTooLarge.at(field());
    let (mut usual, mut charged) = (0_i128, 0_i128);
    let mut settled = Settled::new();
    let mut shares = Vec::new();
    for line in &ret.lines {
        let own = i128::from(line.unit_price.times(line.received, line.decimals).ok_or_else(too_large)?.minor);
        let parts = charged_amounts(basis, &mut settled, line).ok_or_else(too_large)?;
        usual += own;
        if own > 0 {
            charged += parts.iter().map(|(_, part)| part).sum::<i128>();
            shares.extend(parts);
        }
    }
    let most = i64::try_from(charged.max(0)).map_err(|_| too_large())?;
    let refunded = match refund {
        None => Money::new(i64::try_from(usual.clamp(0, i128::from(most))).map_err(|_| too_large())?, currency),
        Some(given) if given.currency != currency => {
            return Err(ReturnStepRefusal::RefundIn(currency).at(field()));
        }
        Some(given) if given.minor < 0 || given.minor > most => {
            return Err(ReturnStepRefusal::RefundUpTo(Money::new(most, currency)).at(field()));
        }
        Some(given) => given,
    };
    ret.state = ReturnState::Closed { received_at, refunded };
    let given = reduce_order_totals(basis, orders, &shares, refunded);
    store_refunds(ret, &given);
    Ok(())
}

/// Stores in the return how much it refunded on each order: a reversal needs these amounts.
fn store_refunds(ret: &mut Return, given: &BTreeMap<OrderId, i64>) {
    let mut kept = BTreeSet::new();
    for piece in ret.lines.iter_mut().flat_map(|line| &mut line.matches) {
        let order: OrderId = piece.line.split_line().0;
        let is_first = kept.insert(order);
        piece.given = Some(if is_first { given.get(&order).copied().unwrap_or(0) } else { 0 });
    }
}

/// Returns the amounts charged for a line's received goods, in minor units: the share of the
/// current total of each order line that they go back on, with discounts and taxes; goods without a
/// known order at the line's own price. `settled` is updated with the quantities that this return
/// brought of each order line so far.
fn charged_amounts(basis: ReturnBasis<'_>, settled: &mut Settled, line: &ReturnLine) -> Option<Vec<Charged>> {
    let mut charged = Vec::with_capacity(line.matches.len() + 1);
    let mut own = line.received.get();
    for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
        let (order, position) = piece.line.split_line();
        let sold = basis.order(order).and_then(|order| order.lines.iter().find(|sold| sold.position == position))?;
        let before = settled.entry(piece.line).or_insert_with(|| basis.returns.settled.get(&piece.line).copied().unwrap_or(0));
        // Cancelled units were not charged, and the current total of a line is not to the penny its
        // share of the whole.
        let (total, units) = (sold.current_total().minor, sold.current());
        charged.push((Some(order), share(total, (*before, piece.received.get()), units)));
        *before += piece.received.get();
        own -= piece.received.get();
    }
    charged.push((None, i128::from(line.unit_price.times(Quantity::new(own)?, line.decimals)?.minor)));
    Some(charged)
}

/// Reduces each order's total by its share of the refund, in proportion to the charges for its
/// goods, and returns the shares.
fn reduce_order_totals(
    basis: ReturnBasis<'_>,
    orders: &mut BTreeMap<OrderId, Order>,
    shares: &[Charged],
    refunded: Money,
) -> BTreeMap<OrderId, i64> {
    let mut given_on = BTreeMap::new();
    let mut weights: BTreeMap<Option<OrderId>, i64> = BTreeMap::new();
    for (order, part) in shares {
        *weights.entry(*order).or_default() += i64::try_from((*part).max(0)).unwrap_or(0);
    }
    let whole: i64 = weights.values().sum();
    let mut before = 0;
    for (order, weight) in weights {
        let given = i64::try_from(share(refunded.minor, (before, weight), whole)).unwrap_or(0);
        before += weight;
        let Some(known) = order.and_then(|order| basis.order(order)).filter(|_| given > 0) else { continue };
        orders.entry(known.id).or_insert_with(|| known.clone()).paid.returned += given;
        given_on.insert(known.id, given);
    }
    given_on
}
