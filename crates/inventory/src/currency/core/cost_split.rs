//! Splitting the joint cost of goods into unit costs that carry it exactly.

use entity::prelude::*;

/// Offsets of a split point, tried in this order to avoid two halves that are both rounded up.
const SPLIT_OFFSETS: [i64; 7] = [0, 1, -1, 2, -2, 3, -3];

/// Splits `quantity` smallest units that cost `total` together into one or two pieces whose unit
/// costs (for one whole unit, in minor units) carry exactly `total`: no minor unit is lost in a
/// price that does not divide. None if an amount exceeds the exact range.
pub fn split_by_unit_cost(total: Money, quantity: i64, decimals: u8) -> Option<Vec<(i64, Money)>> {
    let (units, scale) = (
        Quantity::new(quantity).filter(|quantity_above_zero| quantity_above_zero.is_positive())?,
        10i128.pow(u32::from(decimals)),
    );
    let scaled_total = i128::from(total.minor) * scale;
    let (floor, dearer_units) =
        (scaled_total.div_euclid(i128::from(quantity)), scaled_total.rem_euclid(i128::from(quantity)) as i64);
    let cost = |minor: i128| Some(Money::new(Quantity::new(i64::try_from(minor).ok()?)?.get(), total.currency));
    let nearest_cost = cost(floor + i128::from(dearer_units > quantity / 2))?;
    if nearest_cost.times(units, decimals) == Some(total) {
        return Some(vec![(quantity, nearest_cost)]);
    }
    let (upper_cost, lower_cost) = (cost(floor + 1)?, cost(floor)?);
    let split_at = |dear_units: i64| {
        if dear_units <= 0 || dear_units >= quantity {
            return None;
        }
        let sum = upper_cost
            .times(Quantity::new(dear_units)?, decimals)?
            .checked_add(lower_cost.times(Quantity::new(quantity - dear_units)?, decimals)?);
        (sum == Some(total)).then(|| vec![(dear_units, upper_cost), (quantity - dear_units, lower_cost)])
    };
    SPLIT_OFFSETS.into_iter().find_map(|offset| split_at(dearer_units + offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_carry_the_total_to_the_last_unit() {
        let gbp = |minor| Money::new(minor, Currency::GBP);
        assert_eq!(split_by_unit_cost(gbp(1_000), 3, 0), Some(vec![(1, gbp(334)), (2, gbp(333))]));
        assert_eq!(split_by_unit_cost(gbp(999), 3, 0), Some(vec![(3, gbp(333))]));
        assert_eq!(split_by_unit_cost(gbp(0), 5, 0), Some(vec![(5, gbp(0))]), "a cost of zero is a cost");
        assert_eq!(split_by_unit_cost(gbp(5), 0, 0), None);
        let mut seed = 7_u64;
        let mut draw = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for _ in 0..20_000 {
            let (total, quantity, decimals) = (draw(5_000_000) as i64, 1 + draw(90_000) as i64, draw(4) as u8);
            let found = split_by_unit_cost(gbp(total), quantity, decimals)
                .unwrap_or_else(|| panic!("{total} over {quantity} of {decimals}"));
            let units: i64 = found.iter().map(|(units, _)| units).sum();
            let value: i64 =
                found.iter().map(|(units, cost)| cost.times(Quantity::new(*units).unwrap(), decimals).unwrap().minor).sum();
            assert_eq!((units, value), (quantity, total), "{total} over {quantity} of {decimals}: {found:?}");
        }
    }
}
