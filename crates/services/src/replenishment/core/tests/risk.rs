//! The risk of lines: the chance that stock ends before a delivery, and units that are left after half a year.

use super::*;

/// Errors of sums over up to 26 weeks that are evenly spread from −1 to 1, times the root of the weeks.
fn spread(rule: Option<Rule>) -> Basis {
    let errors = |weeks: u8| (0_i16..=400).map(|nth| f32::from(nth - 200) / 200.0 * f32::from(weeks).sqrt()).collect();
    let mut basis = basis(0.0, rule);
    basis.pools = BTreeMap::from([(0, Arc::new(SumPools::from_order_statistics((1..=26).map(errors).collect())))]);
    basis
}
fn near(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 0.02 * expected.max(1.0))
}
/// Mean demand of ten a week, ± 10 × √weeks, in a store with this stock.
fn tens(available: i64) -> LevelState {
    LevelState { available, demand: demand(10.0, 10.0), year_units: 520, ..LevelState::empty(id(2)) }
}
fn weekly(levels: Vec<LevelState>) -> ProductState {
    ProductState { supply: Some(supply(0, 1)), leads: LeadTimes { stated: 7.0, ..LeadTimes::default() }, ..product(levels) }
}

#[test]
fn the_less_is_left_the_likelier_it_ends_before_the_delivery() {
    let basis = spread(point(9_500, 14));
    // Demand of the week until the delivery is evenly spread from 0 to 20.
    for (available, chance) in [(19, 0.05), (15, 0.25), (5, 0.75), (0, 1.0)] {
        let lines = plan_product(&basis, &weekly(vec![tens(available)]));
        assert!(near(lines[0].figures.stockout, chance), "{available}: {:?}", lines[0].figures);
    }
    let owed = plan_product(&basis, &weekly(vec![LevelState { owed: 6, ..tens(5) }]));
    assert_eq!(owed[0].figures.stockout, Some(1.0), "customers wait already");
    // Units on order count, and every other delivery takes two weeks: 20 ± 14.1.
    let mut product = weekly(vec![LevelState { incoming: 5, ..tens(10) }]);
    product.leads.measured = vec![7.0, 14.0, 7.0, 14.0, 7.0, 14.0];
    let lines = plan_product(&basis, &product);
    assert!(near(lines[0].figures.stockout, f64::midpoint(0.25, 0.677)), "{:?}", lines[0].figures);
}

#[test]
fn what_is_left_after_half_a_year_is_overstock() {
    let basis = spread(point(9_500, 14));
    // 26 weeks need 260 ± 51: a plan that orders for weeks leaves nothing.
    let lines = plan_product(&basis, &weekly(vec![tens(5)]));
    assert_eq!(lines[0].figures.overstock, Some(0.0), "{:?}", lines[0].figures);
    // A pack of 300 leaves 305 − 260.
    let packed = ProductState { supply: Some(supply(0, 300)), ..weekly(vec![tens(5)]) };
    let lines = plan_product(&basis, &packed);
    assert_eq!(lines[0].quantity, 300);
    assert!(near(lines[0].figures.overstock, 45.2), "{:?}", lines[0].figures);
    // A line that is filled up has the figures of its new quantity.
    let mut filled = lines[0].clone();
    filled.buy(600);
    assert!(near(filled.figures.overstock, 345.0), "{:?}", filled.figures);
}

#[test]
fn units_that_were_moved_before_count_in_what_is_left() {
    let basis = spread(point(9_500, 14));
    let giver = LevelState { is_asked: false, available: 15, ..LevelState::empty(id(3)) };
    let packed = ProductState { supply: Some(supply(0, 300)), ..weekly(vec![tens(0), giver]) };
    let lines = plan_product(&basis, &packed);
    assert_eq!(summarize(&lines), [(MOVE, id(2), Some(id(3)), 15), (BUY, id(2), None, 300)]);
    assert_eq!(lines[0].figures.overstock, Some(0.0));
    assert!(near(lines[1].figures.overstock, 55.0), "15 are moved, 300 bought, 260 sold: {:?}", lines[1].figures);
}

#[test]
fn a_cut_tells_of_what_is_left_after_it() {
    let own = CancelTerms { supplier: id(50), cancel_days: Some(7) };
    let terms = Terms { supplier_terms: vec![own], currency: Some(Currency::GBP), ..Terms::default() };
    let line = OpenLine {
        store: id(2),
        supplier: id(50),
        order: id(70),
        position: 1,
        ordered: 300,
        received: 0,
        open: 300,
        unit_cost: gbp(180),
        expected_on: Some(30),
    };
    let level = LevelState { incoming: 300, ..tens(100) };
    let lines = plan_product(
        &spread(point(9_500, 14)).with_terms(terms),
        &ProductState { open_lines: vec![line], ..weekly(vec![level]) },
    );
    assert_eq!((lines.len(), lines[0].kind.cut_order(), lines[0].quantity), (1, Some(id(70)), 300));
    // With the order 140 would be left.
    assert_eq!((lines[0].figures.overstock, lines[0].figures.stockout), (Some(0.0), Some(0.0)), "{:?}", lines[0].figures);
}

#[test]
fn without_errors_or_demand_nobody_knows_the_risk() {
    let mut unknown = spread(point(9_500, 14));
    unknown.pools = BTreeMap::new();
    let risk = |lines: &[PlanLine]| lines.iter().map(|line| (line.figures.stockout, line.figures.overstock)).collect::<Vec<_>>();
    assert_eq!(risk(&plan_product(&unknown, &weekly(vec![tens(5)]))), [(None, None)]);
    // A product without further demand is bought for its backorders.
    let mut ended = LevelState { owed: 9, ..tens(0) };
    ended.demand = ended.demand.map(|demand| Demand { status: ForecastStatus::Ended, path: vec![0.0; 26], ..demand });
    assert_eq!(risk(&plan_product(&spread(point(9_500, 14)), &weekly(vec![ended]))), [(None, None)]);
}
