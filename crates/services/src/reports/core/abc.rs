//! Classes of products by their share of revenue and by the regularity of their demand.

use std::collections::HashMap;

use entity::prelude::ProductId;
use forecast::{
    abc::{self, AbcClass},
    xyz::{self, XyzClass, classify_variation},
};

/// Sales of a product in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSold {
    pub product: ProductId,
    pub sku: String,
    /// In one currency.
    pub revenue: i64,
    pub units: i64,
    /// Part of `units` that was sold in other currencies.
    pub other_units: i64,
}

/// A product with its classes.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifiedProduct {
    pub sold: ProductSold,
    /// The share of revenue of products before it, 0 to 1.
    pub share_before: f64,
    pub abc: AbcClass,
    pub xyz: XyzClass,
    /// Coefficient of variation of its weeks; None if nothing was sold in them.
    pub variation: Option<f64>,
    /// The classes that it keeps, see `assign_classes`; until then those above.
    pub assigned_abc: AbcClass,
    pub assigned_xyz: XyzClass,
    /// Regularity over the weeks in which the product could be sold; None if not requested.
    pub known: Option<WeekRegularity>,
}

/// The class of a product over the weeks that are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeekRegularity {
    pub weeks: i64,
    pub xyz: XyzClass,
    /// None if nothing was sold in these weeks, or if there are none.
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

/// Number of pairs of classes.
pub const CLASS_PAIRS: usize = 9;

/// Ranks products by revenue, ties by SKU. `weeks` has units by Monday of each week with sales, and
/// `mondays` the first and the last week that counts: other weeks between them have 0 units.
pub fn classify_products(
    products: Vec<ProductSold>,
    weeks: &HashMap<ProductId, Vec<(i32, i64)>>,
    mondays: Option<(i32, i32)>,
) -> Vec<ClassifiedProduct> {
    let items: Vec<(&str, i64)> = products.iter().map(|one| (one.sku.as_str(), one.revenue)).collect();
    let ranked = abc::rank_by_revenue(&items);
    let one = |rank: &abc::RankedProduct| {
        let sold = products[rank.item].clone();
        let week_units = weeks.get(&sold.product).map(Vec::as_slice).unwrap_or_default();
        let (variation, xyz) = classify_variation(&units_by_week(week_units, mondays));
        let (share_before, abc) = (rank.share_before, rank.class);
        ClassifiedProduct { sold, share_before, abc, xyz, variation, assigned_abc: abc, assigned_xyz: xyz, known: None }
    };
    ranked.iter().map(one).collect()
}

/// The class of each product by revenue alone.
pub fn classes_of(products: &[ProductSold]) -> HashMap<ProductId, AbcClass> {
    let items: Vec<(&str, i64)> = products.iter().map(|product_sold| (product_sold.sku.as_str(), product_sold.revenue)).collect();
    abc::rank_by_revenue(&items).into_iter().map(|rank| (products[rank.item].product, rank.class)).collect()
}

/// Lets each product keep its class from the days `before`, unless it is past the border by two
/// points of revenue, or by 5 % of the coefficient. Products without earlier sales have no class to
/// keep.
pub fn assign_classes(products: &mut [ClassifiedProduct], before: &[ClassifiedProduct]) {
    let previous: HashMap<ProductId, &ClassifiedProduct> =
        before.iter().map(|classified| (classified.sold.product, classified)).collect();
    for classified in products {
        let Some(last) = previous.get(&classified.sold.product) else { continue };
        let ranked = abc::RankedProduct { item: 0, share_before: classified.share_before, class: classified.abc };
        // A product that sells nothing any more becomes C at once.
        if classified.sold.revenue > 0 && last.sold.revenue > 0 {
            classified.assigned_abc = abc::assign_class(ranked, Some(last.abc), Some(last.abc));
        }
        let last_xyz = last.variation.map(|_| last.xyz);
        classified.assigned_xyz = xyz::assign_class(classified.variation, last_xyz, last_xyz);
    }
}

/// Units of each week from the first Monday to the last.
pub(super) fn units_by_week(week_units: &[(i32, i64)], mondays: Option<(i32, i32)>) -> Vec<f64> {
    let Some((first, last)) = mondays else { return Vec::new() };
    let mut weeks = vec![0.0; usize::try_from((last - first) / 7 + 1).unwrap_or_default()];
    for (monday, units) in week_units {
        let index = usize::try_from((monday - first).div_euclid(7)).ok();
        if let Some(week) = index.and_then(|index| weeks.get_mut(index)) {
            *week += *units as f64;
        }
    }
    weeks
}

/// Products and revenue of each pair of classes, A and X first.
pub fn sums_of_classes(all: &[ClassifiedProduct]) -> Vec<ClassSum> {
    let pairs = [AbcClass::A, AbcClass::B, AbcClass::C]
        .into_iter()
        .flat_map(|abc| [XyzClass::X, XyzClass::Y, XyzClass::Z].map(|xyz| (abc, xyz)));
    let sum = |(abc, xyz): (AbcClass, XyzClass)| {
        let class_products = all.iter().filter(|classified| classified.abc == abc && classified.xyz == xyz);
        let (products, revenue) = class_products.fold((0_i64, 0_i128), |(products, revenue), classified| {
            (products + 1, revenue + i128::from(classified.sold.revenue))
        });
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
        assert_eq!(units(units_by_week(&[(4, 6), (18, 2), (25, 9)], Some((4, 18)))), [6, 0, 2]);
        assert!(units_by_week(&[(4, 6)], None).is_empty());
    }

    #[test]
    fn a_class_is_kept_near_its_border() {
        use AbcClass::{A, B, C};
        let product = |nth| ProductId::from_uuid(uuid::Uuid::from_u128(nth));
        let of = |revenues: [i64; 3]| {
            let sold = |(nth, revenue): (u128, i64)| ProductSold {
                product: product(nth),
                sku: nth.to_string(),
                revenue,
                units: 1,
                other_units: 0,
            };
            classify_products((1..).zip(revenues).map(sold).collect(), &HashMap::new(), None)
        };
        let assigned = |before, now| {
            let mut all = of(now);
            assign_classes(&mut all, &of(before));
            let class = |nth| all.iter().find(|one| one.sold.product == product(nth)).unwrap().assigned_abc;
            [class(1), class(2), class(3)]
        };
        assert_eq!(assigned([790, 160, 50], [810, 150, 40]), [A, A, C], "81 % come before the second: it stays A");
        assert_eq!(assigned([790, 160, 50], [830, 130, 40]), [A, B, C], "83 %");
        assert_eq!(assigned([810, 150, 40], [790, 150, 60]), [A, B, C], "79 and 94 %: both stay");
        assert_eq!(assigned([790, 210, 0], [760, 180, 60]), [A, A, B], "one that sold nothing before has no class to keep");
        assert_eq!(assigned([790, 160, 50], [810, 0, 40]), [A, C, C], "one that sells nothing is C at once");
    }

    #[test]
    fn classes_sum_to_all_products() {
        let sold =
            |sku: &str, revenue| ProductSold { product: ProductId::NIL, sku: sku.to_owned(), revenue, units: 1, other_units: 0 };
        let all = classify_products(vec![sold("b", 0), sold("a", 90), sold("c", 10)], &HashMap::new(), Some((4, 18)));
        assert_eq!(all.iter().map(|one| one.sold.sku.as_str()).collect::<Vec<_>>(), ["a", "c", "b"]);
        assert_eq!(all.iter().map(|one| one.abc).collect::<Vec<_>>(), [AbcClass::A, AbcClass::B, AbcClass::C]);
        let sums = sums_of_classes(&all);
        assert_eq!((sums.len(), sums.iter().map(|sum| sum.products).sum::<i64>()), (CLASS_PAIRS, 3));
        assert_eq!(sums.iter().map(|sum| sum.revenue).sum::<i128>(), 100);
    }
}
