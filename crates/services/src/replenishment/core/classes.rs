//! ABC by what a product turns over in a store, XYZ by how evenly it is asked for.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{
    abc::{self, abc},
    xyz::{self, XyzClass},
};

use super::product::Classes;

/// Weeks that classes are made of.
pub const YEAR_WEEKS: i32 = 52;

/// A year of a product in a store.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Turnover {
    /// Units of all weeks, and the sum of the squares of each week's.
    pub units: i64,
    pub squares: f64,
    /// At the product's price now, in minor units; 0 where it has none.
    pub revenue: i64,
}

/// The class of an evenly weighted year, weeks without demand among it.
fn variation(of: &Turnover) -> Option<f64> {
    let weeks = f64::from(YEAR_WEEKS);
    let mean = of.units as f64 / weeks;
    let deviation = (of.squares / weeks - mean * mean).max(0.0).sqrt();
    (mean > 0.0).then(|| deviation / mean)
}

const fn word(class: abc::AbcClass) -> AbcClass {
    match class {
        abc::AbcClass::A => AbcClass::A,
        abc::AbcClass::B => AbcClass::B,
        abc::AbcClass::C => AbcClass::C,
    }
}

/// Classes of products in their stores: by each store's own revenue, ties by SKU.
pub fn classify(
    turnovers: &BTreeMap<(StoreId, ProductId), Turnover>,
    skus: &BTreeMap<ProductId, &str>,
) -> BTreeMap<(StoreId, ProductId), Classes> {
    let mut by_store: BTreeMap<StoreId, Vec<(ProductId, &Turnover)>> = BTreeMap::new();
    for ((store, product), turnover) in turnovers {
        by_store.entry(*store).or_default().push((*product, turnover));
    }
    let mut found = BTreeMap::new();
    for (store, products) in by_store {
        let items: Vec<(&str, i64)> = products
            .iter()
            .map(|(product, turnover)| (skus.get(product).copied().unwrap_or_default(), turnover.revenue))
            .collect();
        for ranked in abc(&items) {
            let (product, turnover) = products[ranked.item];
            let xyz = variation(turnover).map_or(XyzClass::Z, |variation| xyz::assigned(Some(variation), None, None));
            found.insert((store, product), Classes { abc: word(ranked.class), xyz });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_its_class_in_each_store() {
        let (mug, plate): (ProductId, ProductId) =
            (Id::from_uuid(uuid::Uuid::from_u128(1)), Id::from_uuid(uuid::Uuid::from_u128(2)));
        let (dock, shop): (StoreId, StoreId) = (Id::from_uuid(uuid::Uuid::from_u128(3)), Id::from_uuid(uuid::Uuid::from_u128(4)));
        let even = |revenue: i64| Turnover { units: 520, squares: 5_200.0, revenue };
        let once = |revenue: i64| Turnover { units: 52, squares: 52.0 * 52.0, revenue };
        let turnovers = BTreeMap::from([
            ((dock, mug), even(9_000)),
            ((dock, plate), once(1_000)),
            ((shop, mug), once(10)),
            ((shop, plate), even(9_000)),
        ]);
        let found = classify(&turnovers, &BTreeMap::from([(mug, "MUG"), (plate, "PLATE")]));
        let of = |store, product| (found[&(store, product)].abc, found[&(store, product)].xyz);
        assert_eq!(of(dock, mug), (AbcClass::A, XyzClass::X));
        assert_eq!(of(dock, plate), (AbcClass::B, XyzClass::Z), "90 % of the store's revenue come before it");
        assert_eq!((of(shop, mug).0, of(shop, plate).0), (AbcClass::C, AbcClass::A));
    }
}
