//! Changes of purchase prices, separately for each currency.

use std::collections::BTreeMap;

use entity::prelude::*;

/// Purchase prices of a product in some days: the cost of a whole unit in the first and in the last
/// order of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductPrices {
    pub currency: Currency,
    /// Decimals of the product's unit.
    pub decimals: i32,
    /// In minor units, for a whole unit.
    pub first: i64,
    pub last: i64,
    /// Quantity ordered on all these days, in smallest units.
    pub quantity: i64,
}

/// All products together, in one currency: the cost of the ordered quantities at the first and at
/// the last prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceDrift {
    pub currency: Currency,
    pub products: i64,
    /// In minor units.
    pub first: i128,
    pub last: i128,
}

impl PriceDrift {
    /// Returns the rise from the first to the last prices, as a share of the first. None if the
    /// first are 0.
    pub fn rate(&self) -> Option<f64> {
        (self.first > 0).then(|| (self.last - self.first) as f64 / self.first as f64)
    }
}

/// Returns the cost of a number of smallest units in minor units, rounded.
fn cost(minor: i64, product: &ProductPrices) -> i128 {
    let smallest_in_one = 10_i128.pow(u32::try_from(product.decimals).unwrap_or_default());
    (i128::from(minor) * i128::from(product.quantity) + smallest_in_one / 2) / smallest_in_one
}

/// Returns the drift in each currency, in the order of their codes. The ordered quantity is the
/// weight of each product, at both ends.
pub fn price_drifts<'p>(products: impl IntoIterator<Item = &'p ProductPrices>) -> Vec<PriceDrift> {
    let mut by_currency: BTreeMap<String, PriceDrift> = BTreeMap::new();
    for product in products {
        let no_drift = PriceDrift { currency: product.currency, products: 0, first: 0, last: 0 };
        let drift = by_currency.entry(product.currency.to_string()).or_insert(no_drift);
        drift.products += 1;
        drift.first += cost(product.first, product);
        drift.last += cost(product.last, product);
    }
    by_currency.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bought(code: &str, [first, last]: [i64; 2], quantity: i64, decimals: i32) -> ProductPrices {
        ProductPrices { currency: Currency::parse(code).unwrap(), decimals, first, last, quantity }
    }

    #[test]
    fn prices_drift_by_what_is_bought_in_each_currency() {
        // Ten mugs from 2.00 to 2.20, 30 plates from 1.00 to 0.90: 50.00 of goods cost 49.00.
        let pounds = [bought("GBP", [200, 220], 10, 0), bought("GBP", [100, 90], 30, 0)];
        // A kilogram and a half in grams, at 4.00 for a whole one, then at 5.00.
        let euros = bought("EUR", [400, 500], 1_500, 3);
        let found = price_drifts(pounds.iter().chain([&euros]));
        let of = |found: &PriceDrift| (found.currency.to_string(), found.products, found.first, found.last);
        let expected: [(String, i64, i128, i128); 2] = [("EUR".to_owned(), 1, 600, 750), ("GBP".to_owned(), 2, 5_000, 4_900)];
        assert_eq!(found.iter().map(of).collect::<Vec<_>>(), expected);
        assert_eq!(found.iter().map(PriceDrift::rate).collect::<Vec<_>>(), [Some(0.25), Some(-0.02)]);
    }

    #[test]
    fn what_cost_nothing_has_no_rate() {
        assert_eq!(price_drifts(&[bought("GBP", [0, 90], 3, 0)])[0].rate(), None);
        assert_eq!(price_drifts(&[]), []);
    }
}
