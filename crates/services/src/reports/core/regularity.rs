//! Regularity of demand in the weeks in which products could be sold: while stock is out, demand is
//! unknown.

use std::collections::HashMap;

use entity::prelude::ProductId;
use forecast::xyz::classify_variation;

use super::abc::{ClassifiedProduct, WeekRegularity, units_by_week};

/// Days with stock from which the sales of a week count as its demand, as in forecasts.
const MIN_STOCKED_DAYS: i32 = 5;
const WEEK: i32 = 7;

/// Days on which a product closed with stock in any store: the first and the last day of each run,
/// in the order of the first. Products that never had stock are missing; if they were sold
/// nevertheless, such as services, they can be sold on every day.
pub type StockedDays = HashMap<ProductId, Vec<(i32, i32)>>;

/// Sets the regularity of each product in the complete weeks with stock on five days or more.
/// `weeks` has units by Monday.
pub fn set_regularity(
    products: &mut [ClassifiedProduct],
    weeks: &HashMap<ProductId, Vec<(i32, i64)>>,
    stocked: &StockedDays,
    mondays: Option<(i32, i32)>,
) {
    for classified in products {
        let product = classified.sold.product;
        let units = units_by_week(weeks.get(&product).map(Vec::as_slice).unwrap_or_default(), mondays);
        let days = mondays.map(|mondays| match stocked.get(&product) {
            None if units.iter().any(|units| *units > 0.0) => vec![WEEK; units.len()],
            runs => days_by_week(runs.map(Vec::as_slice).unwrap_or_default(), mondays),
        });
        let week_units =
            units.iter().zip(days.unwrap_or_default()).filter(|(_, days)| *days >= MIN_STOCKED_DAYS).map(|(units, _)| *units);
        let week_units: Vec<f64> = week_units.collect();
        let (variation, class) = classify_variation(&week_units);
        classified.known = Some(WeekRegularity { weeks: week_units.len() as i64, xyz: class, variation });
    }
}

/// Days with stock of each week. Runs of several stores may overlap: a day counts once.
fn days_by_week(runs: &[(i32, i32)], (first, last): (i32, i32)) -> Vec<i32> {
    let mut weeks = vec![0; usize::try_from((last - first) / WEEK + 1).unwrap_or_default()];
    let mut next = first;
    for (from, to) in runs {
        let to = (*to).min(last + WEEK - 1);
        let mut day = (*from).max(next);
        while day <= to {
            let nth = (day - first) / WEEK;
            let end = to.min(first + nth * WEEK + WEEK - 1);
            if let Some(days) = usize::try_from(nth).ok().and_then(|nth| weeks.get_mut(nth)) {
                *days += end - day + 1;
            }
            day = end + 1;
        }
        next = next.max(day);
    }
    weeks
}

#[cfg(test)]
mod tests {
    use forecast::xyz::XyzClass;

    use super::*;
    use crate::reports::core::{ProductSold, classify_products};

    #[test]
    fn days_of_several_stores_count_once() {
        // Three weeks from Monday 4 on: stores have stock on 2–12, 6–7 and 11–19, and on 24.
        let runs = [(2, 12), (6, 7), (11, 19), (24, 40)];
        assert_eq!(days_by_week(&runs, (4, 18)), [7, 7, 3]);
        assert_eq!((days_by_week(&[], (4, 11)), days_by_week(&[(30, 40)], (4, 4))), (vec![0, 0], vec![0]));
    }

    #[test]
    fn a_week_without_stock_says_nothing() {
        let product = ProductId::NIL;
        let weeks = HashMap::from([(product, vec![(4, 10), (18, 10), (25, 3)])]);
        let sold = ProductSold { product, sku: "MUG".to_owned(), revenue: 900, units: 23, other_units: 0 };
        let of = |runs: &[(i32, i32)]| {
            let mut all = classify_products(vec![sold.clone()], &weeks, Some((4, 25)));
            set_regularity(&mut all, &weeks, &HashMap::from([(product, runs.to_vec())]), Some((4, 25)));
            (all[0].xyz, all[0].known.unwrap())
        };
        // No sale in the second week, and stock on four days of the last one.
        let (xyz, known) = of(&[(1, 10), (18, 28)]);
        assert_eq!((xyz, known), (XyzClass::Y, WeekRegularity { weeks: 2, xyz: XyzClass::X, variation: Some(0.0) }));
        assert_eq!(of(&[(1, 29)]).1.weeks, 4, "five days of the last week");
        assert_eq!(of(&[]).1, WeekRegularity { weeks: 0, xyz: XyzClass::Z, variation: None });
        let mut service = classify_products(vec![sold.clone()], &weeks, Some((4, 25)));
        set_regularity(&mut service, &weeks, &StockedDays::new(), Some((4, 25)));
        assert_eq!(service[0].known.map(|known| (known.weeks, known.xyz)), Some((4, XyzClass::Y)), "it is never in stock");
    }
}
