//! Demand for a product as a part of kits.

use super::*;

fn kit(per_kit: i64, mean: f64, scale: f64) -> KitUse {
    KitUse { per_kit, demand: wanted(mean, scale), year_units: 52, year_squares: 104.0 }
}

#[test]
fn means_add_up_and_errors_by_the_root_of_their_squares() {
    let mut cup = LevelState { demand: demand(10.0, 3.0), year_units: 520, year_squares: 6_000.0, ..LevelState::empty(id(2)) };
    cup.add_kits(vec![kit(4, 1.0, 1.0), kit(0, 50.0, 50.0)]);
    let both = cup.demand.as_ref().map(|both| (both.path[0], both.path.len(), both.scale));
    assert_eq!(both, Some((14.0, 26, 5.0)));
    assert_eq!(cup.kits, Some(KitShare { kits: 1, weekly: 4.0 }));
    // A week's variance is 6000 ÷ 52 − 10² of its own and 4² × (104 ÷ 52 − 1²) of kits.
    assert_eq!(cup.year_units, 728);
    let (mean, squares) = (728.0 / 52.0, cup.year_squares / 52.0);
    assert!((squares - mean * mean - (6_000.0 / 52.0 - 100.0 + 16.0)).abs() < 1e-9, "{squares}");
}

#[test]
fn what_has_no_demand_of_its_own_has_that_of_its_kits() {
    let ended = Demand { status: ForecastStatus::Ended, ..wanted(0.0, 80.0) };
    for own in [None, Some(ended.clone())] {
        let mut cup = LevelState { demand: own, ..LevelState::empty(id(2)) };
        cup.add_kits(vec![kit(2, 3.0, 1.5)]);
        let found = cup.demand.map(|found| (found.path[25], found.scale, found.status));
        assert_eq!(found, Some((6.0, 3.0, ForecastStatus::Ready)));
    }
    let mut cup = LevelState { demand: demand(5.0, 1.0), ..LevelState::empty(id(2)) };
    let of_ended = KitUse { demand: ended, ..kit(2, 0.0, 1.0) };
    cup.add_kits(vec![of_ended]);
    assert_eq!((cup.demand, cup.kits, cup.year_units), (demand(5.0, 1.0), None, 0), "a kit that has ended takes nothing");
}

#[test]
fn days_are_those_of_the_larger_part() {
    let shaped = |mean: f64, weekly: f64| Demand {
        shape: Some(DayShape {
            days: [DayShare::default(); 7],
            weekly,
            variance: 2.0,
            sizes: vec![1.0],
            sales: mean as u32,
            is_even: true,
        }),
        ..wanted(mean, 1.0)
    };
    let mut cup = LevelState { demand: Some(shaped(1.0, 1.0)), ..LevelState::empty(id(2)) };
    cup.add_kits(vec![KitUse { demand: shaped(9.0, 9.0), ..kit(3, 0.0, 0.0) }]);
    let shape = cup.demand.and_then(|both| both.shape).map(|shape| (shape.weekly, shape.variance, shape.sales));
    assert_eq!(shape, Some((28.0, 20.0, 9)));
}
