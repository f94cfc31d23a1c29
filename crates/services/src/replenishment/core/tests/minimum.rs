//! Orders that are below the minimum of their supplier.

use super::*;

fn least(minor: i64) -> BTreeMap<SupplierId, Money> {
    BTreeMap::from([(id(50), gbp(minor))])
}

/// A product of the worked example with this quantity in a store.
fn with(number: u128, available: i64) -> ProductState {
    ProductState { product: id(number), ..product(vec![level(2, available, MEAN)]) }
}

/// Returns the lines of products under a minimum and a budget.
fn spent(products: &[ProductState], minor: i64, budget: Option<Money>) -> Vec<PlanLine> {
    let basis = basis(6.447, point(9_500, 0));
    let mut lines: Vec<PlanLine> = products.iter().flat_map(|product| plan_product(&basis, product)).collect();
    fit_purchases(&mut lines, &least(minor), budget.map(AvailableBudget::company).as_slice());
    lines
}

fn units(lines: &[PlanLine]) -> Vec<i64> {
    lines.iter().map(|line| line.quantity).collect()
}

fn states(lines: &[PlanLine]) -> Vec<LineState> {
    lines.iter().map(|line| line.state).collect()
}

const WAITS: LineState = LineState::Cut(ReplenishmentIssue::BelowMinimum);

#[test]
fn an_order_is_filled_up_by_as_few_packs_as_reach_the_minimum() {
    let lines = spent(&[with(1, 18)], 10_800, None);
    assert_eq!((units(&lines), codes(&lines[0]).contains(&ReasonCode::FilledUp)), (vec![60], false), "it is there already");
    let margin = lines[0].margin;
    let lines = spent(&[with(1, 18)], 15_000, None);
    assert_eq!((units(&lines), lines[0].cost, lines[0].margin), (vec![84], Some(gbp(84 * 180)), margin));
    assert_eq!(states(&lines), [LineState::Open]);
    let reason = lines[0].reasons.last().unwrap();
    assert_eq!(reason.code, ReasonCode::FilledUp);
    assert_eq!(reason.text, "60 become 84, so that the order reaches the supplier's minimum of 150.00 GBP");
}

#[test]
fn what_would_be_at_its_point_again_first_is_filled_up_first() {
    // Both buy 60, and have 78 and 80 then.
    let both = [with(1, 18), with(3, 20)];
    assert_eq!(units(&spent(&both, 21_600, None)), [60, 60]);
    assert_eq!(units(&spent(&both, 22_000, None)), [72, 60]);
    assert_eq!(units(&spent(&both, 24_000, None)), [72, 72]);
}

#[test]
fn each_store_has_its_own_order() {
    let own = product(vec![level(2, 18, MEAN), level(3, 18, MEAN)]);
    assert_eq!(units(&spent(&[own], 20_000, None)), [120, 120]);
}

#[test]
fn a_lower_price_of_more_units_counts() {
    let supply = Supply { breaks: vec![PriceBreak { from: quantity(72), minor: 150 }], ..supply(24, 12) };
    let lines = spent(&[ProductState { supply: Some(supply), ..with(1, 18) }], 15_000, None);
    assert_eq!((units(&lines), lines[0].cost), (vec![108], Some(gbp(108 * 150))));
}

#[test]
fn shelf_life_maximum_and_half_a_year_bound_what_is_added() {
    let short_lived = ProductState { sellable_days: Some(3.5), supply: Some(supply(24, 1)), ..with(1, 18) };
    let full = product(vec![LevelState { maximum: Some(80), ..level(2, 18, MEAN) }]);
    for (own, minor) in [(short_lived, 10_000), (full, 15_000), (with(1, 18), 50_000)] {
        let plain = units(&plan_product(&basis(6.447, point(9_500, 0)), &own));
        let lines = spent(&[own], minor, None);
        // An order of tomorrow would arrive too late, so it is ordered although it is below the
        // minimum.
        assert_eq!((units(&lines), states(&lines)), (plain, vec![LineState::Open]));
        let reason = lines[0].reasons.last().unwrap();
        assert_eq!(reason.code, ReasonCode::BelowMinimum);
        assert!(reason.text.ends_with("and cannot wait for more"), "{reason:?}");
    }
    // The stock is half a year's then: 289 units, 22 packs of them ordered.
    assert_eq!(units(&spent(&[with(1, 18)], 264 * 180, None)), [264]);
}

#[test]
fn an_order_waits_until_the_latest_safe_day() {
    // Mean demand over 22 days is 34.97.
    for (available, state) in [(50, WAITS), (35, WAITS), (34, LineState::Open)] {
        let lines = spent(&[with(1, available)], 100_000, None);
        assert_eq!(states(&lines), [state], "{available}");
        assert_eq!(codes(&lines[0]).last(), Some(&ReasonCode::BelowMinimum));
    }
    let both = spent(&[with(1, 50), with(3, 18)], 100_000, None);
    assert_eq!(states(&both), [LineState::Open; 2], "one of them cannot wait, and takes the other along");
    // The next review is four weeks away.
    let basis = basis(6.447, Some(Rule::Periodic { service: 9_500, review_days: 28, review_from: 4 }));
    let mut lines = plan_product(&basis, &with(1, 50));
    fit_purchases(&mut lines, &least(100_000), &[]);
    assert_eq!(states(&lines), [LineState::Open]);
}

#[test]
fn what_a_budget_leaves_of_an_order_waits_too() {
    // 48 and 36 units: 151.20 together.
    let both = [with(1, 40), with(3, 50)];
    assert_eq!(states(&spent(&both, 15_000, None)), [LineState::Open; 2]);
    let lines = spent(&both, 15_000, Some(gbp(9_000)));
    assert_eq!(states(&lines), [WAITS, LineState::Cut(ReplenishmentIssue::OverBudget)]);
    assert!(codes(&lines[0]).contains(&ReasonCode::BelowMinimum) && !codes(&lines[1]).contains(&ReasonCode::BelowMinimum));
    assert_eq!(sums(&lines), []);
    let late = spent(&[with(1, 18), with(3, 50)], 15_000, Some(gbp(11_000)));
    assert_eq!(states(&late), [LineState::Open, LineState::Cut(ReplenishmentIssue::OverBudget)]);
    assert_eq!(codes(&late[0]).last(), Some(&ReasonCode::BelowMinimum));
}

#[test]
fn other_suppliers_and_other_currencies_are_left_alone() {
    let other = ProductState { supplier: Some(id(51)), ..with(1, 50) };
    assert_eq!(states(&spent(&[other], 100_000, None)), [LineState::Open]);
    let Some(euro) = Currency::parse("EUR") else { panic!("the euro is in use") };
    let mut lines = plan_product(&basis(6.447, point(9_500, 0)), &with(1, 50));
    let plain = lines.clone();
    fit_purchases(&mut lines, &BTreeMap::from([(id(50), Money::new(100_000, euro))]), &[]);
    assert_eq!(lines, plain);
}

#[test]
fn a_price_break_and_an_economic_lot_are_taken_where_they_pay() {
    let broken = Supply { breaks: vec![PriceBreak { from: quantity(72), minor: 150 }], ..supply(24, 12) };
    let own = ProductState { supply: Some(broken), ..product(vec![level(2, 18, MEAN)]) };
    let lines = plan_product(&basis(6.447, point(9_500, 0)), &own);
    assert_eq!((lines[0].quantity, lines[0].cost), (72, Some(gbp(72 * 150))));
    assert!(codes(&lines[0]).contains(&ReasonCode::PriceBreak));
    let lot = Rule::ReorderPoint { service: 9_500, cover_days: 0, order_cost: Some(gbp(1_000)) };
    let lines = plan_product(&basis(6.447, Some(lot)), &product(vec![level(2, 18, MEAN)]));
    // √(2 × 578.6 × 10.00 ÷ (1.80 × 0.25)) = 160.4 above the point.
    assert_eq!((lines[0].figures.point, lines[0].figures.up_to), (77, 238));
    let Some(euro) = Currency::parse("EUR") else { panic!("the euro is in use") };
    let euros = Rule::ReorderPoint { service: 9_500, cover_days: 0, order_cost: Some(Money::new(1_000, euro)) };
    assert_eq!(plan_product(&basis(6.447, Some(euros)), &product(vec![level(2, 18, MEAN)]))[0].quantity, 60);
}
