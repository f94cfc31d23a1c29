//! Splitting the joint cost of goods into unit costs that carry it exactly.

use entity::prelude::*;

/// Offsets of a split point, tried in this order to avoid two halves that are both rounded up.
const SPLIT_OFFSETS: [i64; 7] = [0, 1, -1, 2, -2, 3, -3];

/// Splits `quantity` smallest units that cost `total` together into one or two pieces whose unit
/// costs (for one whole unit, in minor units) carry exactly `total`: no minor unit is lost in a
/// price that does not divide. None if an amount exceeds the exact range.
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
    SPLIT_OFFSETS.into_iter().find_map(|nudge| exact(rest + nudge))
}

#[cfg(test)]
mod tests {
    use super::*;

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
