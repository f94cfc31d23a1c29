//! Landed cost: charges are spread over what they were paid for, and a receipt carries its share to the last minor unit.

use entity::prelude::*;

/// Spreads `amount` over lines in proportion to their weights: each share is rounded down, then one unit more goes to the largest fractions
/// (ties: the earlier line), so that the shares always add up to the amount (IAS 2, para. 23–27; largest remainder). None where every weight
/// is 0, one is below 0, or there are none.
pub fn allot(amount: i64, weights: &[i64]) -> Option<Vec<i64>> {
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
        parts().map(|part| part.rem_euclid(sum)).enumerate().map(|(i, rest)| (-rest, i)).collect();
    order.sort_unstable();
    let left = amount - shares.iter().sum::<i64>();
    for (_, index) in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[index] += 1;
    }
    Some(shares)
}

/// How much of `amount` belongs to the first `part` of `whole`, rounded half up: the shares of parts that follow each other are differences
/// of this, and so add up to the amount. What comes beyond the whole carries nothing.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let (amount, part, whole) = (i128::from(amount), i128::from(part.clamp(0, whole)), i128::from(whole));
    // At most `amount`, which fits.
    ((2 * amount * part + whole) / (2 * whole)) as i64
}

/// How far a split is moved to escape two halves that would both be rounded up.
const NUDGES: [i64; 7] = [0, 1, -1, 2, -2, 3, -3];

/// Splits `quantity` smallest units that cost `total` together into one or two pieces whose unit costs (for one whole unit, in minor units)
/// carry exactly `total`: no minor unit is lost in a price that does not divide. None beyond what can be kept exactly.
pub fn pieces(total: Money, quantity: i64, decimals: u8) -> Option<Vec<(i64, Money)>> {
    let (all, scale) = (Quantity::new(quantity).filter(|q| q.is_positive())?, 10i128.pow(u32::from(decimals)));
    let whole = i128::from(total.minor) * scale;
    let (floor, rest) = (whole.div_euclid(i128::from(quantity)), whole.rem_euclid(i128::from(quantity)) as i64);
    let cost = |minor: i128| Some(Money::new(Quantity::new(i64::try_from(minor).ok()?)?.get(), total.currency));
    let near = cost(floor + i128::from(rest > quantity / 2))?;
    if near.times(all, decimals) == Some(total) {
        return Some(vec![(quantity, near)]);
    }
    let (dear, cheap) = (cost(floor + 1)?, cost(floor)?);
    let exact = |more: i64| {
        if more <= 0 || more >= quantity {
            return None;
        }
        let sum =
            dear.times(Quantity::new(more)?, decimals)?.checked_add(cheap.times(Quantity::new(quantity - more)?, decimals)?);
        (sum == Some(total)).then(|| vec![(more, dear), (quantity - more, cheap)])
    };
    NUDGES.into_iter().find_map(|nudge| exact(rest + nudge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_spread_by_the_largest_remainder() {
        assert_eq!(allot(1_000, &[1, 1, 1]), Some(vec![334, 333, 333]));
        assert_eq!(allot(9_999, &[2_599, 1_299, 799, 303]), Some(vec![5_197, 2_598, 1_598, 606]));
        assert_eq!(allot(5, &[0, 7]), Some(vec![0, 5]), "what weighs nothing carries nothing");
        assert_eq!((allot(5, &[0, 0]), allot(5, &[]), allot(5, &[3, -1])), (None, None, None));
    }

    #[test]
    fn shares_of_parts_add_up_to_the_whole() {
        for (amount, whole) in [(1_000, 7), (1, 3), (9_007_199_254_740_991, 9_007_199_254_740_991), (99, 100)] {
            let parts: Vec<i64> = (0..=whole.min(200)).map(|part| share(amount, part, whole)).collect();
            assert!(parts.windows(2).all(|pair| pair[0] <= pair[1]), "{amount} over {whole} never goes back");
            assert_eq!((share(amount, whole, whole), share(amount, whole + 5, whole)), (amount, amount));
        }
    }

    #[test]
    fn pieces_carry_the_total_to_the_last_unit() {
        let gbp = |minor| Money::new(minor, Currency::GBP);
        assert_eq!(pieces(gbp(1_000), 3, 0), Some(vec![(1, gbp(334)), (2, gbp(333))]));
        assert_eq!(pieces(gbp(999), 3, 0), Some(vec![(3, gbp(333))]));
        assert_eq!(pieces(gbp(0), 5, 0), Some(vec![(5, gbp(0))]), "a cost of zero is a cost");
        assert_eq!(pieces(gbp(5), 0, 0), None);
        let mut seed = 7_u64;
        let mut draw = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for _ in 0..20_000 {
            let (total, quantity, decimals) = (draw(5_000_000) as i64, 1 + draw(90_000) as i64, draw(4) as u8);
            let found = pieces(gbp(total), quantity, decimals).unwrap_or_else(|| panic!("{total} over {quantity} of {decimals}"));
            let units: i64 = found.iter().map(|(units, _)| units).sum();
            let value: i64 =
                found.iter().map(|(units, cost)| cost.times(Quantity::new(*units).unwrap(), decimals).unwrap().minor).sum();
            assert_eq!((units, value), (quantity, total), "{total} over {quantity} of {decimals}: {found:?}");
        }
    }
}
