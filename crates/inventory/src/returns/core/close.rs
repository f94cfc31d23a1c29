//! Closing a return: what is given back, at most what was charged for what came.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    act::not_open,
    book::{ReturnBasis, Settled},
    refusal::{ReturnRefusal, ReturnStepRefusal},
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    orders::core::{Order, share},
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// What was charged for some of a line's goods, and on which order; None of what came from no known one.
type Charged = (Option<OrderId>, i128);

/// Files it with what is given back: at most what was charged for what came. The orders that it goes back on come to less by their shares.
pub(super) fn close(
    basis: ReturnBasis<'_>,
    (ret, orders): (&mut Return, &mut BTreeMap<OrderId, Order>),
    refund: Option<Money>,
) -> Result<(), Rejection> {
    let ReturnState::Inspected { received_at } = ret.state else { return Err(not_open(ret)) };
    let currency = ret.refund.currency;
    let field = || At::input(Field::Refund);
    let too_large = || ReturnRefusal::RefundTooLarge.at(field());
    let (mut usual, mut charged) = (0_i128, 0_i128);
    let mut settled = Settled::new();
    let mut shares = Vec::new();
    for line in &ret.lines {
        let own = i128::from(line.unit_price.times(line.received, line.decimals).ok_or_else(too_large)?.minor);
        let parts = charged_for(basis, &mut settled, line).ok_or_else(too_large)?;
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
    let given = give_back(basis, orders, &shares, refunded);
    keep_given(ret, &given);
    Ok(())
}

/// Keeps with the return how much it gave back on each order: it is taken back by that when it is opened again.
fn keep_given(ret: &mut Return, given: &BTreeMap<OrderId, i64>) {
    let mut kept = BTreeSet::new();
    for piece in ret.lines.iter_mut().flat_map(|line| &mut line.matches) {
        let order: OrderId = piece.line.split_line().0;
        let is_first = kept.insert(order);
        piece.given = Some(if is_first { given.get(&order).copied().unwrap_or(0) } else { 0 });
    }
}

/// What was charged for what came of a line, in minor units: its share of what counts of each order line that it goes back on, discounts and taxes with them;
/// what came from no known order at its own price. `settled` notes what this return brought of each order line so far.
fn charged_for(basis: ReturnBasis<'_>, settled: &mut Settled, line: &ReturnLine) -> Option<Vec<Charged>> {
    let mut charged = Vec::with_capacity(line.matches.len() + 1);
    let mut own = line.received.get();
    for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
        let (order, position) = piece.line.split_line();
        let sold = basis.order(order).and_then(|order| order.lines.iter().find(|sold| sold.position == position))?;
        let before = settled.entry(piece.line).or_insert_with(|| basis.returns.settled.get(&piece.line).copied().unwrap_or(0));
        // Of what was cancelled nothing was charged, and what is left of a line is not to the penny its share of all of it.
        let (total, units) = (sold.current_total().minor, sold.current());
        charged.push((Some(order), share(total, (*before, piece.received.get()), units)));
        *before += piece.received.get();
        own -= piece.received.get();
    }
    charged.push((None, i128::from(line.unit_price.times(Quantity::new(own)?, line.decimals)?.minor)));
    Some(charged)
}

/// Takes from what each order comes to its share of what is given back, as what was charged for its goods is to all of it, and says how much.
fn give_back(
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
