//! A product with few known weeks borrows from the products of its category in its store, or from all of them.

use std::collections::BTreeMap;

use crate::series::median;

/// Minimum products of a group for a new product to borrow from it.
const MIN_GROUP_PRODUCTS: usize = 5;
/// Known weeks at which the own mean counts as much as the group's.
const HALF_WEIGHT_WEEKS: f64 = 4.0;

/// An established product, as an example for new ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Example {
    pub category: u32,
    pub store: u32,
    /// Mean units of its first eight known weeks.
    pub first_weeks: f64,
    /// D of its capped weeks.
    pub mean_step: f64,
}

/// The medians that a new product borrows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BorrowedMedians {
    pub first_weeks: f64,
    pub mean_step: f64,
}

/// Medians by category and store, and of all.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_key: BTreeMap<(u32, u32), BorrowedMedians>,
    all: Option<BorrowedMedians>,
}

fn medians(examples: &[Example]) -> Option<BorrowedMedians> {
    let mut first_weeks: Vec<f64> = examples.iter().map(|example| example.first_weeks).collect();
    let mut steps: Vec<f64> = examples.iter().map(|example| example.mean_step).collect();
    Some(BorrowedMedians { first_weeks: median(&mut first_weeks)?, mean_step: median(&mut steps)? })
}

impl Groups {
    pub(crate) fn of(examples: &[Example]) -> Self {
        let mut grouped: BTreeMap<(u32, u32), Vec<Example>> = BTreeMap::new();
        for example in examples {
            grouped.entry((example.category, example.store)).or_default().push(*example);
        }
        let enough = grouped.into_iter().filter(|(_, examples)| examples.len() >= MIN_GROUP_PRODUCTS);
        Self { by_key: enough.filter_map(|(key, examples)| Some((key, medians(&examples)?))).collect(), all: medians(examples) }
    }
    pub(crate) fn borrow_for(&self, category: u32, store: u32) -> Option<BorrowedMedians> {
        self.by_key.get(&(category, store)).copied().or(self.all)
    }
}

/// w × own mean + (1 − w) × the group's, w = n ÷ (n + 4) for n known weeks. Source: INSIGHT, section 3.1.
pub(crate) fn blend_means(own_units: &[f64], borrowed: Option<BorrowedMedians>) -> f64 {
    let count = own_units.len() as f64;
    let mean = if own_units.is_empty() { 0.0 } else { own_units.iter().sum::<f64>() / count };
    borrowed.map_or(mean, |borrowed| {
        let weight = count / (count + HALF_WEIGHT_WEEKS);
        weight * mean + (1.0 - weight) * borrowed.first_weeks
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_products_of_the_category_are_enough() {
        let example = |category: u32, first_weeks: f64| Example { category, store: 0, first_weeks, mean_step: first_weeks / 2.0 };
        let mut examples: Vec<Example> = [2.0, 4.0, 6.0, 8.0, 100.0].map(|first_weeks| example(1, first_weeks)).to_vec();
        examples.extend([example(2, 50.0), example(2, 60.0)]);
        let groups = Groups::of(&examples);
        assert_eq!(groups.borrow_for(1, 0), Some(BorrowedMedians { first_weeks: 6.0, mean_step: 3.0 }));
        assert_eq!(groups.borrow_for(2, 0).unwrap().first_weeks, 8.0, "two are too few: all seven");
        assert_eq!(Groups::default().borrow_for(1, 0), None);
        assert_eq!(blend_means(&[10.0; 4], groups.borrow_for(1, 0)), 8.0, "half own, half the group's");
        assert_eq!(
            (blend_means(&[], groups.borrow_for(1, 0)), blend_means(&[3.0], None), blend_means(&[], None)),
            (6.0, 3.0, 0.0)
        );
    }
}
