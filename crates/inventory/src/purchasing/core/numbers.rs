//! How many receipts, discrepancies and revisions an order may have: each has a number of 16 bits, which must not wrap.

use super::{order::PurchaseOrder, refusal::Refusal};
use crate::stock::core::{At, Field, Rejection, RoomRefusal};

/// An order that has so many takes no further receipt and no amendment. What one of them notes, and what closing the order notes, has numbers that are left.
const MOST_NUMBERED: u16 = 30_000;

/// That an order has numbers for what another receipt or amendment notes.
pub(super) fn check_numbers(order: &PurchaseOrder) -> Result<(), Rejection> {
    check([order.receipts, order.discrepancies, order.revision])
}

fn check(numbers: [u16; 3]) -> Result<(), Rejection> {
    if numbers.iter().any(|number| *number >= MOST_NUMBERED) {
        return Err(Refusal::TooOften { most: MOST_NUMBERED }.at(At::input(Field::Id)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_whose_numbers_come_to_their_end_takes_no_more() {
        assert_eq!(check([MOST_NUMBERED - 1; 3]), Ok(()));
        let refused = || Err(Refusal::TooOften { most: 30_000 }.at(At::input(Field::Id)));
        for numbers in [[MOST_NUMBERED, 0, 1], [1, u16::MAX, 1], [0, 0, MOST_NUMBERED]] {
            assert_eq!(check(numbers), refused(), "{numbers:?}");
        }
    }
}
