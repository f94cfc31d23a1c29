//! Cuts of units on order that are not needed any more, and costs of transfers.

use super::*;

const CUT: ReplenishmentLineKind = ReplenishmentLineKind::CancelIncoming;

fn open(ordered: i64, received: i64, expected_on: Option<i32>) -> OpenLine {
    let open = ordered - received;
    OpenLine {
        store: id(2),
        supplier: id(50),
        order: id(70),
        position: 1,
        ordered,
        received,
        open,
        unit_cost: gbp(180),
        expected_on,
    }
}

/// The supplier accepts cuts until this number of days before the delivery.
fn until(cancel_days: i32) -> Terms {
    let own = CancelTerms { supplier: id(50), cancel_days: Some(cancel_days) };
    Terms { supplier_terms: vec![own], currency: Some(Currency::GBP), ..Terms::default() }
}

/// Returns the plan of the worked example with `available` units and a line on order.
fn planned(available: i64, line: OpenLine, terms: Terms) -> Vec<PlanLine> {
    let level = LevelState { incoming: line.open, ..level(2, available, MEAN) };
    let own = ProductState { open_lines: vec![line], ..product(vec![level]) };
    plan_product(&basis(6.447, point(9_500, 0)).with_terms(terms), &own)
}

fn units(lines: &[PlanLine]) -> Vec<(ReplenishmentLineKind, i64)> {
    lines.iter().map(|line| (line.kind.word(), line.quantity)).collect()
}

#[test]
fn what_is_not_needed_is_cut_in_packs_or_as_a_whole() {
    // 138 are on hand and on order, 77 are kept, and 61 are not a multiple of the pack.
    let lines = planned(18, open(120, 0, Some(30)), until(7));
    assert_eq!((units(&lines), lines[0].cost), (vec![(CUT, 60)], Some(gbp(60 * 180))));
    assert_eq!((lines[0].kind.cut_order(), lines[0].kind.supplier(), lines[0].margin), (Some(id(70)), None, 0));
    assert_eq!(codes(&lines[0]), [ReasonCode::NotNeeded]);
    assert_eq!(lines[0].reasons[0].text, "the position is 138 and 77 are kept: without 60 of the order 78 are left for 7 weeks");
    assert_eq!(units(&planned(100, open(48, 0, Some(30)), until(7))), [(CUT, 48)], "the whole line");
    assert_eq!(units(&planned(100, open(48, 12, Some(30)), until(7))), [(CUT, 24)], "as much as leaves the supplier's minimum");
    assert!(planned(18, open(72, 0, Some(30)), until(7)).is_empty(), "12 of 72 are not worth a letter");
    assert!(sums(&lines).is_empty(), "it costs nothing");
    let level = LevelState { incoming: 120, leaving: 40, ..level(2, 18, MEAN) };
    let own = ProductState { open_lines: vec![open(120, 0, Some(30))], ..product(vec![level]) };
    assert!(
        plan_product(&basis(6.447, point(9_500, 0)).with_terms(until(7)), &own).is_empty(),
        "40 are about to be sent elsewhere"
    );
}

#[test]
fn what_is_on_order_for_stock_that_a_plan_clears_is_cut() {
    let cut = |is_liquidated: bool| {
        let level =
            LevelState { incoming: 70, reorder_point: Some(100), maximum: Some(150), is_liquidated, ..LevelState::empty(id(2)) };
        let own =
            ProductState { open_lines: vec![open(70, 0, Some(30))], ..product(vec![LevelState { available: 80, ..level }]) };
        units(&plan_product(&basis(6.447, None).with_terms(until(7)), &own))
    };
    assert_eq!((cut(false), cut(true)), (vec![], vec![(CUT, 70)]), "its own maximum does not count any more");
}

#[test]
fn a_supplier_takes_cuts_until_its_day() {
    let of = |expected_on, terms| units(&planned(100, open(48, 0, expected_on), terms)).len();
    // Today is day 4.
    assert_eq!([of(Some(11), until(7)), of(Some(10), until(7)), of(None, until(7)), of(None, until(0))], [1, 0, 0, 1]);
    assert_eq!(of(Some(30), Terms::default()), 0, "nobody said that it does");
    let other = OpenLine { supplier: id(51), ..open(48, 0, Some(30)) };
    assert!(planned(100, other, until(7)).is_empty());
}

#[test]
fn the_first_order_of_a_new_product_is_not_cut() {
    let mut level = LevelState { incoming: 48, ..level(2, 100, MEAN) };
    if let Some(demand) = &mut level.demand {
        demand.status = ForecastStatus::New;
    }
    let basis = basis(6.447, point(9_500, 0)).with_terms(until(0));
    let of = |level: LevelState| {
        plan_product(&basis, &ProductState { open_lines: vec![open(48, 0, Some(30))], ..product(vec![level]) }).len()
    };
    assert_eq!(of(LevelState { demand: None, ..level.clone() }), 0, "nor one that nobody forecasts");
    assert_eq!(of(level), 0);
}

#[test]
fn goods_are_moved_where_that_saves_what_it_costs() {
    let freight = |minor: i64| Terms { transfer_freight_minor: minor, currency: Some(Currency::GBP), ..Terms::default() };
    let with = |available: i64, cost: i64, terms: Terms| {
        let levels = vec![level(2, available, MEAN), level(4, 200, MEAN)];
        let own = ProductState { cost: Some(gbp(cost)), ..product(levels) };
        plan_product(&basis(6.447, point(9_500, 0)).with_terms(terms), &own)
    };
    let moved = [(MOVE, id(2), Some(id(4)), 7)];
    assert_eq!(summarize(&with(70, 200, freight(0))), moved, "for nothing");
    let bought = with(70, 200, freight(1));
    assert_eq!(summarize(&bought), [(BUY, id(2), None, 24)], "it is cheaper to buy than what is there was");
    let reason = bought[0].reasons.last().unwrap();
    assert_eq!(
        (reason.code, &*reason.text),
        (ReasonCode::TransportTooDear, "moving 7 from other stores would cost more than it saves")
    );
    // Each costs 80 less than it is bought for, and a quarter of its cost a year to keep the 77 days that the surplus lasts.
    let cheap = with(70, 100, freight(500));
    assert_eq!(summarize(&cheap), moved);
    assert_eq!((cheap[0].figures.freight, cheap[0].figures.saving), (Some(gbp(500)), Some(gbp(597))));
    assert_eq!(summarize(&with(70, 100, freight(598)))[0].0, BUY);
    let late = with(18, 200, freight(5_000));
    assert_eq!(summarize(&late)[0], (MOVE, id(2), Some(id(4)), 59), "18 last eleven days, and a delivery takes 21");
}
