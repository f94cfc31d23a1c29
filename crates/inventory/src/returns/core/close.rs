//! Closing a return: what is given back, at most what was charged for what came.

use entity::prelude::*;

use super::{
    act::not_open,
    book::{ReturnBasis, Settled},
    refusal::{ReturnRefusal, ReturnStepRefusal},
    sales_return::{Return, ReturnLine, ReturnState},
};
use crate::{
    orders::core::share,
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// Files it with what is given back: at most what was charged for what came.
pub(super) fn close(basis: ReturnBasis<'_>, ret: &mut Return, refund: Option<Money>) -> Result<(), Rejection> {
    let ReturnState::Inspected { received_at } = ret.state else { return Err(not_open(ret)) };
    let currency = ret.refund.currency;
    let field = || At::input(Field::Refund);
    let too_large = || ReturnRefusal::RefundTooLarge.at(field());
    let (mut usual, mut charged) = (0_i128, 0_i128);
    let mut settled = Settled::new();
    for line in &ret.lines {
        let own = i128::from(line.unit_price.times(line.received, line.decimals).ok_or_else(too_large)?.minor);
        let share = charged_for(basis, &mut settled, line).ok_or_else(too_large)?;
        usual += own;
        charged += if own > 0 { share } else { 0 };
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
    Ok(())
}

/// What was charged for what came of a line, in minor units: its share of the order lines that it goes back on, discounts and taxes with them;
/// what came from no known order at its own price. `settled` notes what this return brought of each order line so far.
fn charged_for(basis: ReturnBasis<'_>, settled: &mut Settled, line: &ReturnLine) -> Option<i128> {
    let mut charged = 0;
    let mut own = line.received.get();
    for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
        let (order, position) = piece.line.split_line();
        let sold = basis.order(order).and_then(|order| order.lines.iter().find(|sold| sold.position == position))?;
        let before = settled.entry(piece.line).or_insert_with(|| basis.returns.settled.get(&piece.line).copied().unwrap_or(0));
        charged += share(sold.total.minor, (*before, piece.received.get()), sold.quantity.get());
        *before += piece.received.get();
        own -= piece.received.get();
    }
    Some(charged + i128::from(line.unit_price.times(Quantity::new(own)?, line.decimals)?.minor))
}
