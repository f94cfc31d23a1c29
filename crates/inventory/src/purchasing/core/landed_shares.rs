//! Landed cost: charges are spread over the goods that they were paid for, and a receipt carries
//! its share to the last minor unit.

use std::ops::{Add, Sub};

use entity::prelude::*;

/// Spreads `amount` over lines in proportion to their weights: each share is rounded down, then one
/// unit more goes to the largest fractions (ties: the earlier line), so that the shares always add
/// up to the amount (IAS 2, para. 23–27; largest remainder). None if every weight is 0, one is
/// below 0, or there are none.
pub fn allocate_proportionally(amount: i64, weights: &[i64]) -> Option<Vec<i64>> {
    if weights.iter().any(|weight| *weight < 0) {
        return None;
    }
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum == 0 {
        return None;
    }
    let parts = || weights.iter().map(|weight| i128::from(amount) * i128::from(*weight));
    let mut shares: Vec<i64> = parts().map(|part| (part.div_euclid(sum)) as i64).collect();
    let mut order: Vec<(i128, usize)> =
        parts().map(|part| part.rem_euclid(sum)).enumerate().map(|(i, remainder)| (-remainder, i)).collect();
    order.sort_unstable();
    let undistributed = amount - shares.iter().sum::<i64>();
    for (_, index) in order.into_iter().take(usize::try_from(undistributed).unwrap_or(0)) {
        shares[index] += 1;
    }
    Some(shares)
}

/// Returns the share of `amount` that belongs to the first `part` of `whole`, rounded half up: the
/// shares of consecutive parts are differences of this, and so add up to the amount. Units beyond
/// the whole carry nothing.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let (amount, part, whole) = (i128::from(amount), i128::from(part.clamp(0, whole)), i128::from(whole));
    // At most `amount`, which fits.
    ((2 * amount * part + whole) / (2 * whole)) as i64
}

/// Goods, charges in the order's currency, and charges in that of the books, each in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LandedShares {
    pub goods: i64,
    pub charges: i64,
    pub charges_in_books: i64,
}

impl Add for LandedShares {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            goods: self.goods + other.goods,
            charges: self.charges + other.charges,
            charges_in_books: self.charges_in_books + other.charges_in_books,
        }
    }
}

impl Sub for LandedShares {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            goods: self.goods - other.goods,
            charges: self.charges - other.charges,
            charges_in_books: self.charges_in_books - other.charges_in_books,
        }
    }
}

impl LandedShares {
    /// Clamps each figure to at least 0.
    pub(super) fn at_least_zero(self) -> Self {
        Self { goods: self.goods.max(0), charges: self.charges.max(0), charges_in_books: self.charges_in_books.max(0) }
    }

    /// Returns the share of the units from one count to another, out of `whole`.
    pub(super) fn between(self, (from, upto): (Quantity, Quantity), whole: Quantity) -> Self {
        let portion = |amount: i64| share(amount, upto.get(), whole.get()) - share(amount, from.get(), whole.get());
        Self { goods: portion(self.goods), charges: portion(self.charges), charges_in_books: portion(self.charges_in_books) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_spread_by_the_largest_remainder() {
        assert_eq!(allocate_proportionally(1_000, &[1, 1, 1]), Some(vec![334, 333, 333]));
        assert_eq!(allocate_proportionally(9_999, &[2_599, 1_299, 799, 303]), Some(vec![5_197, 2_598, 1_598, 606]));
        assert_eq!(allocate_proportionally(5, &[0, 7]), Some(vec![0, 5]), "what weighs nothing carries nothing");
        assert_eq!(
            (allocate_proportionally(5, &[0, 0]), allocate_proportionally(5, &[]), allocate_proportionally(5, &[3, -1])),
            (None, None, None)
        );
    }

    #[test]
    fn shares_of_parts_add_up_to_the_whole() {
        for (amount, whole) in [(1_000, 7), (1, 3), (9_007_199_254_740_991, 9_007_199_254_740_991), (99, 100)] {
            let parts: Vec<i64> = (0..=whole.min(200)).map(|part| share(amount, part, whole)).collect();
            assert!(parts.windows(2).all(|pair| pair[0] <= pair[1]), "{amount} over {whole} never goes back");
            assert_eq!((share(amount, whole, whole), share(amount, whole + 5, whole)), (amount, amount));
        }
    }
}
