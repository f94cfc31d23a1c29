//! Maximum receipts, discrepancies and revisions of an order: each has a number of 16 bits, which
//! must not wrap.

use super::{order::PurchaseOrder, refusal::Refusal};
use crate::stock::core::{At, Field, Rejection, RoomRefusal};

/// An order with this many takes no further receipt and no amendment. The numbers above it are left
/// for the discrepancies of the last of these, and of closing the order.
const MAX_NUMBERED: u16 = 30_000;

/// Checks that an order has numbers left for another receipt or amendment.
pub(super) fn check_numbers(order: &PurchaseOrder) -> Result<(), Rejection> {
    check([order.receipts, order.discrepancies, order.revision])
}

fn check(numbers: [u16; 3]) -> Result<(), Rejection> {
    if numbers.iter().any(|number| *number >= MAX_NUMBERED) {
        return Err(Refusal::TooOften { most: MAX_NUMBERED }.at(At::input(Field::Id)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_whose_numbers_come_to_their_end_takes_no_more() {
        assert_eq!(check([MAX_NUMBERED - 1; 3]), Ok(()));
        let refused = || Err(Refusal::TooOften { most: 30_000 }.at(At::input(Field::Id)));
        for numbers in [[MAX_NUMBERED, 0, 1], [1, u16::MAX, 1], [0, 0, MAX_NUMBERED]] {
            assert_eq!(check(numbers), refused(), "{numbers:?}");
        }
    }
}
