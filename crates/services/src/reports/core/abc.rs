//! Products by their share of revenue and by how evenly they are asked for.

use std::collections::HashMap;

use entity::prelude::ProductId;
use forecast::{
    abc::{self, AbcClass},
    xyz::{XyzClass, xyz},
};

/// A product and what it sold in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSold {
    pub product: ProductId,
    pub sku: String,
    pub revenue: i64,
    pub units: i64,
}

/// A product with its classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    pub sold: ProductSold,
    /// The share of revenue of products before it, 0 to 1.
    pub share_before: f64,
    pub abc: AbcClass,
    pub xyz: XyzClass,
    /// Deviation by mean of its weeks; None where nothing was sold in them.
    pub variation: Option<f64>,
}

/// Products of two classes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSum {
    pub abc: AbcClass,
    pub xyz: XyzClass,
    pub products: i64,
    pub revenue: i128,
}

/// All pairs of classes.
pub const CLASSES: usize = 9;

/// Ranks products by revenue, ties by SKU. `weeks` has units by Monday of each week that anything was sold in, and `mondays` the first and the last week
/// that counts: the others between are weeks of 0.
pub fn classified(
    products: Vec<ProductSold>,
    weeks: &HashMap<ProductId, Vec<(i32, i64)>>,
    mondays: Option<(i32, i32)>,
) -> Vec<Classified> {
    let items: Vec<(&str, i64)> = products.iter().map(|one| (one.sku.as_str(), one.revenue)).collect();
    let ranked = abc::abc(&items);
    let one = |rank: &abc::Ranked| {
        let sold = products[rank.item].clone();
        let own = weeks.get(&sold.product).map(Vec::as_slice).unwrap_or_default();
        let (variation, xyz) = xyz(&filled(own, mondays));
        Classified { sold, share_before: rank.share_before, abc: rank.class, xyz, variation }
    };
    ranked.iter().map(one).collect()
}

fn filled(known: &[(i32, i64)], mondays: Option<(i32, i32)>) -> Vec<f64> {
    let Some((first, last)) = mondays else { return Vec::new() };
    let mut weeks = vec![0.0; usize::try_from((last - first) / 7 + 1).unwrap_or_default()];
    for (monday, units) in known {
        let place = usize::try_from((monday - first).div_euclid(7)).ok();
        if let Some(week) = place.and_then(|place| weeks.get_mut(place)) {
            *week += *units as f64;
        }
    }
    weeks
}

/// Products and revenue of each pair of classes, A and X first.
pub fn sums_of_classes(all: &[Classified]) -> Vec<ClassSum> {
    let pairs = [AbcClass::A, AbcClass::B, AbcClass::C]
        .into_iter()
        .flat_map(|abc| [XyzClass::X, XyzClass::Y, XyzClass::Z].map(|xyz| (abc, xyz)));
    let sum = |(abc, xyz): (AbcClass, XyzClass)| {
        let own = all.iter().filter(|one| one.abc == abc && one.xyz == xyz);
        let (products, revenue) =
            own.fold((0_i64, 0_i128), |(products, revenue), one| (products + 1, revenue + i128::from(one.sold.revenue)));
        ClassSum { abc, xyz, products, revenue }
    };
    pairs.map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_without_a_sale_are_weeks_of_nothing() {
        let units = |weeks: Vec<f64>| weeks.into_iter().map(|units| units as i64).collect::<Vec<_>>();
        assert_eq!(units(filled(&[(4, 6), (18, 2), (25, 9)], Some((4, 18)))), [6, 0, 2]);
        assert!(filled(&[(4, 6)], None).is_empty());
    }

    #[test]
    fn classes_sum_to_all_products() {
        let sold = |sku: &str, revenue| ProductSold { product: ProductId::NIL, sku: sku.to_owned(), revenue, units: 1 };
        let all = classified(vec![sold("b", 0), sold("a", 90), sold("c", 10)], &HashMap::new(), Some((4, 18)));
        assert_eq!(all.iter().map(|one| one.sold.sku.as_str()).collect::<Vec<_>>(), ["a", "c", "b"]);
        assert_eq!(all.iter().map(|one| one.abc).collect::<Vec<_>>(), [AbcClass::A, AbcClass::B, AbcClass::C]);
        let sums = sums_of_classes(&all);
        assert_eq!((sums.len(), sums.iter().map(|sum| sum.products).sum::<i64>()), (CLASSES, 3));
        assert_eq!(sums.iter().map(|sum| sum.revenue).sum::<i128>(), 100);
    }
}
