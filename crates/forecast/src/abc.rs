//! Products by their share of revenue. Silver, Pyke & Thomas (2017); vectors pub-11, 12.

/// A: the first 80 % of revenue, B: up to 95 %, C: the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbcClass {
    A,
    B,
    C,
}

const CLASS_LIMITS: [(f64, AbcClass); 2] = [(0.80, AbcClass::A), (0.95, AbcClass::B)];
/// Least distance of the share beyond a border at which an assigned class changes at once.
const SHARE_HYSTERESIS: f64 = 0.02;

/// A product in the order of revenue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedProduct {
    /// Index into the input.
    pub item: usize,
    /// The share of revenue of the products before it, 0 to 1.
    pub share_before: f64,
    pub class: AbcClass,
}

fn class_of_share(share_before: f64) -> AbcClass {
    CLASS_LIMITS.iter().find(|(border, _)| share_before < *border).map_or(AbcClass::C, |(_, class)| *class)
}

/// Ranks products by revenue (minor units), ties by SKU. The class is by the share *before* the product, so the first is always A; without revenue it is C.
pub fn rank_by_revenue(items: &[(&str, i64)]) -> Vec<RankedProduct> {
    let revenue = |item: usize| items[item].1.max(0);
    let total: i128 = (0..items.len()).map(|item| i128::from(revenue(item))).sum();
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|item| (std::cmp::Reverse(revenue(*item)), items[*item].0));
    let mut before: i128 = 0;
    order
        .into_iter()
        .map(|item| {
            let share_before = if total > 0 { before as f64 / total as f64 } else { 0.0 };
            before += i128::from(revenue(item));
            let class = if revenue(item) > 0 { class_of_share(share_before) } else { AbcClass::C };
            RankedProduct { item, share_before, class }
        })
        .collect()
}

/// The class to use: the assigned one, until the share is two points beyond the border or the
/// previous run computed the same class. A product without revenue is C at once.
pub fn assign_class(ranked: RankedProduct, last_assigned: Option<AbcClass>, last_computed: Option<AbcClass>) -> AbcClass {
    let Some(last) = last_assigned.filter(|last| *last != ranked.class) else { return ranked.class };
    let is_beyond = if ranked.class > last {
        class_of_share(ranked.share_before - SHARE_HYSTERESIS) > last
    } else {
        class_of_share(ranked.share_before + SHARE_HYSTERESIS) < last
    };
    if is_beyond || last_computed == Some(ranked.class) { ranked.class } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AbcClass::{A, B, C};

    #[test]
    fn nothing_sold_is_c() {
        let found = rank_by_revenue(&[("x", 0), ("y", -5)]);
        assert!(found.iter().all(|one| one.class == C));
        assert!(rank_by_revenue(&[]).is_empty());
    }

    #[test]
    fn a_class_changes_beyond_the_border_or_twice() {
        let at = |share_before: f64| RankedProduct { item: 0, share_before, class: class_of_share(share_before) };
        assert_eq!(assign_class(at(0.81), Some(A), Some(A)), A, "one point beyond");
        assert_eq!(assign_class(at(0.83), Some(A), Some(A)), B);
        assert_eq!(assign_class(at(0.81), Some(A), Some(B)), B, "two months agree");
        assert_eq!((assign_class(at(0.79), Some(B), Some(B)), assign_class(at(0.77), Some(B), Some(B))), (B, A));
        assert_eq!((assign_class(at(0.81), None, None), assign_class(at(0.99), Some(A), None)), (B, C));
    }
}
