//! Stock that keeps a promise: by normal theory, by a share of units, by corrected levels, over no time at all, and until the plan of a night.

use forecast::reorder::z;

use super::*;
use crate::forecasting::core::{Calibration, StoredCorrection};

/// A basis whose policy uses this method.
fn by(method: SafetyStockMethod, error: f32, service: i32, cover_days: i32) -> Basis {
    let mut known = basis(error, None);
    let rule = Rule::ReorderPoint { service, cover_days, order_cost: None };
    let policy = Policy {
        id: id(9),
        scope: PolicyScope::default(),
        rule,
        method,
        version: 3,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    known.policies = Policies::new([policy]);
    known
}

#[test]
fn normal_theory_keeps_z_deviations_of_the_year_and_of_deliveries() {
    let basis = by(SafetyStockMethod::Normal, 6.447, 9_500, 0);
    // Thirty known weeks of 20 on average, whose squares are 436 on average: a deviation of 6.
    let level = LevelState { year_squares: 30.0 * 436.0, ..level(2, 0, MEAN) };
    let of = |measured: Vec<f64>| {
        let leads = LeadTimes { stated: 21.0, measured, ..LeadTimes::default() };
        let lines = plan_product(&basis, &ProductState { leads, supply: Some(supply(0, 1)), ..product(vec![level.clone()]) });
        (lines[0].figures.exact_point, lines[0].figures.method, codes(&lines[0]))
    };
    let Some(deviations) = z(0.95) else { panic!("0.95 is a chance") };
    let (point, method, reasons) = of(Vec::new());
    assert!((point - (33.379 + deviations * (3.0 * 36.0_f64).sqrt())).abs() < 1e-6, "{point}");
    assert_eq!((method, reasons), (Some(SafetyStockMethod::Normal), vec![ReasonCode::BelowPoint]));
    // Deliveries of 14 and 28 days: a deviation of one week, in which the mean is sold.
    let (point, ..) = of([14.0, 28.0].repeat(3));
    assert!((point - (33.379 + deviations * (3.0 * 36.0 + MEAN * MEAN).sqrt())).abs() < 1e-6, "{point}");
    let mut none = basis.clone();
    none.pools = BTreeMap::new();
    assert!(!codes(&plan_product(&none, &product(vec![level.clone()]))[0]).contains(&ReasonCode::FewErrors), "it needs none");
}

#[test]
fn a_share_of_units_needs_less_stock_where_lots_are_large() {
    let point = |method: SafetyStockMethod, service: i32, cover_days: i32| {
        let mut basis = by(method, 0.0, service, cover_days);
        // Errors from −5 to 5, evenly spread.
        let errors: Vec<f32> = (-500_i16..=500).map(|error| f32::from(error) / 100.0).collect();
        basis.pools = BTreeMap::from([(0, Arc::new(SumPools::from_order_statistics(vec![errors; 8])))]);
        let lines = plan_product(&basis, &ProductState { supply: Some(supply(0, 1)), ..product(vec![level(2, 0, MEAN)]) });
        lines[0].figures.exact_point
    };
    let fill = |service: i32, cover_days: i32| point(SafetyStockMethod::FillRate, service, cover_days);
    // Demand is evenly spread over 67.056 around 33.379. 5 % of a lot of three weeks are 1.669
    // units, and the units beyond S are (66.907 − S)² ÷ (2 × 67.056) on average. 0.29 are sold
    // before the nightly plan, and the errors of 0.19 days more require 0.03.
    let expected = 33.379 + 33.528 - (2.0 * 67.056 * 0.05 * 33.379_f64).sqrt() + 0.323;
    assert!((fill(9_500, 21) - expected).abs() < 0.01, "{} instead of {expected}", fill(9_500, 21));
    assert!(fill(9_500, 21) < fill(9_500, 7) && fill(9_500, 21) < fill(9_900, 21));
    assert!(fill(9_500, 21) < point(SafetyStockMethod::Quantile, 9_500, 21));
    // Nothing is planned if the stock exceeds the need of the slowest delivery.
    let basis = by(SafetyStockMethod::FillRate, 6.447, 9_500, 21);
    assert_eq!(plan_product(&basis, &product(vec![level(2, 500, MEAN)])), []);
}

#[test]
fn a_class_is_asked_for_the_level_that_gave_its_promise() {
    let correction = StoredCorrection {
        class: AbcClass::A,
        promised: 0.95,
        given: 0.98,
        corrected: 0.951,
        level: 0.90,
        cycles: 2_000,
        is_used: true,
    };
    let plan = |method: SafetyStockMethod, abc: AbcClass| {
        let mut basis = by(method, 0.0, 9_500, 0).with_calibration(Calibration::new(&[correction]));
        let errors: Vec<f32> = (0_u16..1_000).map(|error| f32::from(error) / 100.0).collect();
        basis.pools = BTreeMap::from([(0, Arc::new(SumPools::from_order_statistics(vec![errors; 8])))]);
        let level = LevelState { classes: Some(Classes { abc, xyz: XyzClass::X }), ..level(2, 18, MEAN) };
        plan_product(&basis, &ProductState { supply: Some(supply(0, 1)), ..product(vec![level]) }).remove(0)
    };
    let (corrected, other) = (plan(SafetyStockMethod::Quantile, AbcClass::A), plan(SafetyStockMethod::Quantile, AbcClass::B));
    let errors = |line: &PlanLine| (line.figures.exact_point - line.figures.undershoot.unwrap_or_default() - 33.379) / 6.7056;
    assert!((errors(&corrected) - 9.0).abs() < 0.02 && (errors(&other) - 9.5).abs() < 0.02, "{corrected:?} {other:?}");
    assert_eq!((corrected.figures.service, other.figures.service), (Some(0.95), Some(0.95)), "what is promised stays");
    let reason = corrected.reasons.iter().find(|reason| reason.code == ReasonCode::CorrectedService);
    let text = "95.0 % is promised; in simulation a level of 90.0 % gives its class that";
    assert_eq!(reason.map(|reason| reason.text.as_str()), Some(text));
    assert!(!codes(&other).contains(&ReasonCode::CorrectedService));
    assert!(!codes(&plan(SafetyStockMethod::FillRate, AbcClass::A)).contains(&ReasonCode::CorrectedService), "of quantiles only");
}

#[test]
fn a_lead_time_of_nothing_orders_when_less_is_left_than_is_sold_before_the_next_plan() {
    let same_day = |available: i64| {
        let own =
            ProductState { leads: LeadTimes::default(), supply: Some(supply(0, 1)), ..product(vec![level(2, available, 14.0)]) };
        plan_product(&basis(2.0, point(9_500, 7)), &own)
    };
    // Two a day pass a point by half a unit, with errors of a quarter of a day.
    assert_eq!(same_day(2), []);
    assert_eq!(summarize(&same_day(1)), [(BUY, id(2), None, 14)], "a week of demand above the point");
}

#[test]
fn a_point_lasts_for_what_is_sold_before_the_plan_of_a_night() {
    // Thirty known weeks of 20 on average: all alike, or with a deviation of 10.
    let planned = |method: SafetyStockMethod, deviation: f64, available: i64| {
        let level = LevelState { year_squares: 30.0 * (400.0 + deviation * deviation), ..level(2, available, MEAN) };
        let own = ProductState { supply: Some(supply(0, 1)), ..product(vec![level]) };
        plan_product(&by(method, 6.447, 9_500, 7), &own)
    };
    let passed = |method: SafetyStockMethod, deviation: f64| planned(method, deviation, 0)[0].figures.undershoot;
    let near = |found: Option<f64>, expected: f64| found.is_some_and(|units| (units - expected).abs() < 0.000_1);
    // A day sells 1.589 of 2.857 that it sold, with a variance of 100 ÷ 7.
    for method in [SafetyStockMethod::Quantile, SafetyStockMethod::FillRate] {
        assert!(near(passed(method, 0.0), 0.294_738), "{method:?}");
        assert!(near(passed(method, 10.0), 2.5 + 0.294_738), "{method:?}");
    }
    assert_eq!(passed(SafetyStockMethod::Normal, 10.0), None);
    // 76.61 and 2.79, with the errors of 0.18 days more; the target is a week of demand higher.
    let lines = planned(SafetyStockMethod::Quantile, 10.0, 80);
    assert_eq!((lines[0].figures.point, lines[0].figures.up_to, lines[0].quantity), (80, 91, 11));
    assert_eq!(planned(SafetyStockMethod::Quantile, 10.0, 81), [], "plenty");
    assert_eq!(
        (planned(SafetyStockMethod::Quantile, 0.0, 77).len(), planned(SafetyStockMethod::Quantile, 0.0, 78).len()),
        (1, 0)
    );
    // A point that a year's sales bound rests on these: 40 in thirty weeks are 69 in a year.
    let slow = LevelState { year_units: 40, year_squares: 1_600.0, ..level(2, 0, MEAN) };
    let lines = plan_product(&by(SafetyStockMethod::Quantile, 6.447, 9_500, 7), &product(vec![slow]));
    assert!(codes(&lines[0]).contains(&ReasonCode::CappedBySales) && lines[0].figures.undershoot.is_none(), "{lines:?}");
    assert_eq!((lines[0].figures.exact_point, lines[0].figures.up_to), (69.0, 69));
}

#[test]
fn nothing_is_ordered_for_stock_that_a_plan_clears_but_what_is_owed() {
    let cleared = |available: i64, owed: i64| LevelState { is_liquidated: true, owed, ..level(2, available, MEAN) };
    let planned = |levels: Vec<LevelState>| {
        let own = ProductState { supply: Some(supply(0, 1)), ..product(levels) };
        plan_product(&by(SafetyStockMethod::Quantile, 6.447, 9_500, 7), &own)
    };
    assert_eq!(summarize(&planned(vec![LevelState { is_liquidated: false, ..cleared(0, 0) }])).len(), 1);
    assert_eq!(planned(vec![cleared(0, 0)]), []);
    assert_eq!(planned(vec![LevelState { reorder_point: Some(50), ..cleared(0, 0) }]), [], "its own point does not count");
    let lines = planned(vec![cleared(0, 4)]);
    assert_eq!((summarize(&lines), codes(&lines[0]).contains(&ReasonCode::Liquidated)), (vec![(BUY, id(2), None, 4)], true));
    // Approved after its stock was put up for clearance, a line of before is stale, and one for owed units is not.
    let current = CurrentLevel { position: -4, free: -4, is_liquidated: true };
    let stale = |lines: Vec<PlanLine>, position: i64| {
        let now = BTreeMap::from([((id(1), id(2)), CurrentLevel { position, ..current })]);
        approve(&numbered(lines), &Choice::All, &now, &|_| true, (10, Uuid::nil)).stale
    };
    assert!(stale(lines, -4).is_empty());
    assert_eq!(stale(planned(vec![LevelState { is_liquidated: false, ..cleared(0, 0) }]), 0), [0]);
    let lines = planned(vec![cleared(100, 0), level(3, 0, MEAN)]);
    assert_eq!((lines[0].kind.source_store(), lines[0].store), (Some(id(2)), id(3)), "where it still sells it is sent first");
}
