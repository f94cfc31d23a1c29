//! Closing a return: what is given back, at most what was charged for what came.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    order::OrderBook,
    refusal::{ReturnRefusal, ReturnStepRefusal},
    return_doc::{Return, ReturnLine},
};
use crate::stock::core::{At, Field, Rejection, RoomRefusal};

/// How much of each order line came back with returns that are CLOSED.
pub type Settled = BTreeMap<OrderLineId, i64>;

/// Files it with what is given back: at most what was charged for what came.
pub(super) fn close(book: &OrderBook, ret: &mut Return, refund: Option<Money>) -> Result<(), Rejection> {
    let currency = ret.refund.currency;
    let field = || At::input(Field::Refund);
    let too_large = || ReturnRefusal::RefundTooLarge.at(field());
    let (mut usual, mut charged) = (0_i128, 0_i128);
    let mut settled = Settled::new();
    for line in &ret.lines {
        let own = i128::from(line.unit_price.times(line.received, line.decimals).ok_or_else(too_large)?.minor);
        let share = charged_for(book, &mut settled, line).ok_or_else(too_large)?;
        usual += own;
        charged += if own > 0 { share } else { 0 };
    }
    let most = i64::try_from(charged.max(0)).map_err(|_| too_large())?;
    let refund = match refund {
        None => Money::new(i64::try_from(usual.clamp(0, i128::from(most))).map_err(|_| too_large())?, currency),
        Some(given) if given.currency != currency => {
            return Err(ReturnStepRefusal::RefundIn(currency).at(field()));
        }
        Some(given) if given.minor < 0 || given.minor > most => {
            return Err(ReturnStepRefusal::RefundUpTo(Money::new(most, currency)).at(field()));
        }
        Some(given) => given,
    };
    (ret.refunded, ret.status) = (Some(refund), ReturnStatus::Closed);
    Ok(())
}

/// What was charged for what came of a line, in minor units: its share of the order lines that it goes back on, discounts and taxes with them;
/// what came from no known order at its own price. `settled` notes what this return brought of each order line so far.
fn charged_for(book: &OrderBook, settled: &mut Settled, line: &ReturnLine) -> Option<i128> {
    let mut charged = 0;
    let mut own = line.received.get();
    for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
        let (order, position) = piece.line.split_line();
        let sold = book.orders.get(&order).and_then(|order| order.lines.iter().find(|sold| sold.position == position))?;
        let before = settled.entry(piece.line).or_insert_with(|| book.settled.get(&piece.line).copied().unwrap_or(0));
        charged += share(sold.total.minor, (*before, piece.received.get()), sold.quantity.get());
        *before += piece.received.get();
        own -= piece.received.get();
    }
    Some(charged + i128::from(line.unit_price.times(Quantity::new(own)?, line.decimals)?.minor))
}

/// What `part` of a line's `whole` adds to the share of what came `before` it: however a line comes back in parts, their shares add up to its
/// `total` and no more.
pub(super) fn share(total: i64, (before, part): (i64, i64), whole: i64) -> i128 {
    let up_to = |part: i64| {
        let (product, whole) = (i128::from(total) * i128::from(part), i128::from(whole.max(1)));
        let half = whole / 2;
        // Half away from zero.
        if product < 0 { (product - half) / whole } else { (product + half) / whole }
    };
    up_to(before + part) - up_to(before)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        for (total, part, whole, expected) in [
            (1_000, 1, 3, 333),
            (1_000, 2, 3, 667),
            (5, 1, 2, 3),
            (-5, 1, 2, -3),
            (0, 1, 1, 0),
            (i64::MAX, 7, 7, i128::from(i64::MAX)),
        ] {
            assert_eq!(share(total, (0, part), whole), expected, "{total} × {part} ÷ {whole}");
        }
    }

    #[test]
    fn the_shares_of_parts_add_up_to_what_was_charged() {
        for (total, whole) in [(5, 10), (1_001, 3), (-7, 4), (0, 5), (9, 1), (i64::MAX, 7)] {
            for step in 1..=whole {
                let parts = (0..whole).step_by(step as usize).map(|before| (before, step.min(whole - before)));
                let sum: i128 = parts.map(|part| share(total, part, whole)).sum();
                assert_eq!(sum, i128::from(total), "{total} ÷ {whole}, {step} at a time");
            }
        }
    }
}
