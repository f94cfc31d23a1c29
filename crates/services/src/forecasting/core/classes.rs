//! Product classes: ABC by turnover in a store, XYZ by the evenness of demand. A class changes
//! beyond its border, or when two runs agree, so that a product on a border does not alternate.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{
    abc::{self, rank_by_revenue},
    reorder::service_level,
    xyz,
};
use serde::{Deserialize, Serialize};

use super::SeriesHistory;

/// Weeks that classes are computed from.
pub const YEAR_WEEKS: i32 = 52;

/// A product in a store.
pub type Level = (StoreId, ProductId);

/// Variability class of a product's demand, in its stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredXyz {
    X,
    Y,
    Z,
}

impl From<xyz::XyzClass> for StoredXyz {
    fn from(class: xyz::XyzClass) -> Self {
        match class {
            xyz::XyzClass::X => Self::X,
            xyz::XyzClass::Y => Self::Y,
            xyz::XyzClass::Z => Self::Z,
        }
    }
}

impl From<StoredXyz> for xyz::XyzClass {
    fn from(class: StoredXyz) -> Self {
        match class {
            StoredXyz::X => Self::X,
            StoredXyz::Y => Self::Y,
            StoredXyz::Z => Self::Z,
        }
    }
}

/// The classes of a product in a store: the effective ones, and those computed from its year alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredClasses {
    pub abc: AbcClass,
    pub xyz: StoredXyz,
    pub computed_abc: AbcClass,
    pub computed_xyz: StoredXyz,
}

/// Returns the service level of a product's classes; without classes that of C and Z.
pub fn service_of(classes: Option<StoredClasses>) -> f64 {
    let (abc, xyz) = classes.map_or((AbcClass::C, StoredXyz::Z), |classes| (classes.abc, classes.xyz));
    service_level(rank(abc), xyz.into())
}

/// A year of a product in a store.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Turnover {
    /// Units of all weeks, and the sum of the squares of each week's.
    pub units: i64,
    pub squares: f64,
    /// At the product's current price, in minor units; 0 if it has none.
    pub revenue: i64,
}

impl Turnover {
    /// Returns the turnover of the last year of a history. Revenue is left 0.
    pub fn of(series: &SeriesHistory) -> Self {
        let year = || series.units.last(YEAR_WEEKS as usize);
        let squares = year().map(|units| (units as f64).powi(2)).sum();
        Self { units: year().fold(0, i64::saturating_add), squares, revenue: 0 }
    }
    /// Adds the revenue at a price of a whole unit with this many decimals.
    #[must_use]
    pub fn at(self, price_minor: i64, decimals: i32) -> Self {
        let scale = 10_i128.pow(decimals.clamp(0, 9).unsigned_abs());
        let minor = i128::from(price_minor) * i128::from(self.units.max(0)) / scale;
        Self { revenue: i64::try_from(minor).unwrap_or(i64::MAX), ..self }
    }
    /// Returns deviation ÷ mean of an evenly weighted year, including weeks without demand. `None`
    /// without demand.
    fn variation(&self) -> Option<f64> {
        let weeks = f64::from(YEAR_WEEKS);
        let mean = self.units as f64 / weeks;
        let deviation = (self.squares / weeks - mean * mean).max(0.0).sqrt();
        (mean > 0.0).then(|| deviation / mean)
    }
}

const fn word(class: abc::AbcClass) -> AbcClass {
    match class {
        abc::AbcClass::A => AbcClass::A,
        abc::AbcClass::B => AbcClass::B,
        abc::AbcClass::C => AbcClass::C,
    }
}

const fn rank(class: AbcClass) -> abc::AbcClass {
    match class {
        AbcClass::A => abc::AbcClass::A,
        AbcClass::B => abc::AbcClass::B,
        AbcClass::C => abc::AbcClass::C,
    }
}

/// Classifies products in their stores: by each store's own revenue, ties by SKU. `last` are the
/// classes of the run before.
pub fn classify(
    turnovers: &BTreeMap<Level, Turnover>,
    skus: &BTreeMap<ProductId, &str>,
    last: &BTreeMap<Level, StoredClasses>,
) -> BTreeMap<Level, StoredClasses> {
    let mut by_store: BTreeMap<StoreId, Vec<(ProductId, &Turnover)>> = BTreeMap::new();
    for ((store, product), turnover) in turnovers {
        by_store.entry(*store).or_default().push((*product, turnover));
    }
    let mut classes_by_level = BTreeMap::new();
    for (store, products) in by_store {
        let items: Vec<(&str, i64)> = products
            .iter()
            .map(|(product, turnover)| (skus.get(product).copied().unwrap_or_default(), turnover.revenue))
            .collect();
        for ranked in rank_by_revenue(&items) {
            let (product, turnover) = products[ranked.item];
            let (before, variation) = (last.get(&(store, product)), turnover.variation());
            let abc = abc::assign_class(
                ranked,
                before.map(|classes| rank(classes.abc)),
                before.map(|classes| rank(classes.computed_abc)),
            );
            let xyz = xyz::assign_class(
                variation,
                before.map(|classes| classes.xyz.into()),
                before.map(|classes| classes.computed_xyz.into()),
            );
            let classes = StoredClasses {
                abc: word(abc),
                xyz: xyz.into(),
                computed_abc: word(ranked.class),
                computed_xyz: xyz::assign_class(variation, None, None).into(),
            };
            classes_by_level.insert((store, product), classes);
        }
    }
    classes_by_level
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(n: u128) -> ProductId {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn store(n: u128) -> StoreId {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_product_has_its_class_in_each_store() {
        let (mug, plate, dock, shop) = (product(1), product(2), store(3), store(4));
        let even = |revenue: i64| Turnover { units: 520, squares: 5_200.0, revenue };
        let once = |revenue: i64| Turnover { units: 52, squares: 52.0 * 52.0, revenue };
        let turnovers = BTreeMap::from([
            ((dock, mug), even(9_000)),
            ((dock, plate), once(1_000)),
            ((shop, mug), once(10)),
            ((shop, plate), even(9_000)),
        ]);
        let found = classify(&turnovers, &BTreeMap::from([(mug, "MUG"), (plate, "PLATE")]), &BTreeMap::new());
        let of = |store, product| (found[&(store, product)].abc, found[&(store, product)].xyz);
        assert_eq!(of(dock, mug), (AbcClass::A, StoredXyz::X));
        assert_eq!(of(dock, plate), (AbcClass::B, StoredXyz::Z), "90 % of the store's revenue come before it");
        assert_eq!((of(shop, mug).0, of(shop, plate).0), (AbcClass::C, AbcClass::A));
    }

    /// Returns the plate's classes after runs with these shares (of 1,000) of turnover before it
    /// and coefficients of variation; the first run has no earlier classes.
    fn after(runs: &[(i64, f64)]) -> (AbcClass, StoredXyz) {
        let (mug, plate, dock) = (product(1), product(2), store(3));
        let skus = BTreeMap::from([(mug, "MUG"), (plate, "PLATE")]);
        let mut last = BTreeMap::new();
        for (before, variation) in runs {
            // Ten units a week: the sum of squares is 52 × (100 + (10 × variation)²).
            let squares = 52.0 * (100.0 + (10.0 * *variation).powi(2));
            let of = |revenue: i64| Turnover { units: 520, squares, revenue };
            last = classify(&BTreeMap::from([((dock, mug), of(*before)), ((dock, plate), of(1_000 - before))]), &skus, &last);
        }
        (last[&(dock, plate)].abc, last[&(dock, plate)].xyz)
    }

    #[test]
    fn a_class_changes_beyond_its_border_or_when_two_runs_agree() {
        use AbcClass::{A, B, C};
        use StoredXyz::{X, Y, Z};
        for (runs, expected) in [
            (vec![(790, 0.49)], (A, X)),
            (vec![(790, 0.49), (810, 0.51)], (A, X)),
            (vec![(790, 0.49), (810, 0.51), (810, 0.51)], (B, Y)),
            (vec![(790, 0.49), (810, 0.51), (790, 0.49), (810, 0.51), (790, 0.49)], (A, X)),
            (vec![(790, 0.49), (830, 0.54)], (B, Y)),
            (vec![(790, 0.49), (990, 1.20)], (C, Z)),
            (vec![(810, 0.51), (790, 0.49)], (B, Y)),
            (vec![(810, 0.51), (770, 0.46)], (A, X)),
        ] {
            assert_eq!(after(&runs), expected, "{runs:?}");
        }
    }

    #[test]
    fn a_turnover_is_of_the_last_year_at_the_price_of_whole_units() {
        let turnover = Turnover { units: 2_500, squares: 0.0, revenue: 0 };
        assert_eq!([turnover.at(400, 3).revenue, turnover.at(400, 0).revenue], [1_000, 1_000_000]);
        assert_eq!(Turnover { units: -5, ..turnover }.at(400, 0).revenue, 0);
        assert_eq!(turnover.at(i64::MAX, 0).revenue, i64::MAX);
    }
}
