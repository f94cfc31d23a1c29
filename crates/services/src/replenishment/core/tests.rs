//! Plans of single products: the worked example of INSIGHT 6.1, and cases from practice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use entity::prelude::*;
use forecast::{
    intervals::{DayShape, DayShare, SumPools},
    xyz::XyzClass,
};
use inventory::purchasing::core::{PriceBreak, Supply};
use uuid::Uuid;

use super::{line::LineKind, reason::ReasonCode, *};

/// Mean of the worked example: three weeks are 33.379.
const MEAN: f64 = 33.379 / 3.0;

fn id<K>(n: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(n))
}
fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}
fn quantity(units: i64) -> Quantity {
    Quantity::new(units).unwrap_or_default()
}
/// Every error of a sum over up to eight weeks is this.
fn basis(error: f32, rule: Option<Rule>) -> Basis {
    let pools = BTreeMap::from([(0, SumPools::from_order_statistics(vec![vec![error; 300]; 8]))]);
    let policy = rule.map(|rule| Policy {
        id: id(9),
        scope: PolicyScope::default(),
        rule,
        method: SafetyStockMethod::Quantile,
        version: 3,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    });
    Basis::new(Policies::new(policy), pools, true, 4)
}
#[expect(clippy::unnecessary_wraps, reason = "as a basis takes it")]
fn point(service: i32, cover_days: i32) -> Option<Rule> {
    Some(Rule::ReorderPoint { service, cover_days, order_cost: None })
}
fn wanted(mean: f64, scale: f64) -> Demand {
    Demand {
        path: vec![mean; 26],
        scale,
        pool: Some(0),
        class: DemandClass::Smooth,
        status: ForecastStatus::Ready,
        known_weeks: 30,
        score: 80.0,
        classes: None,
        shape: None,
    }
}
#[expect(clippy::unnecessary_wraps, reason = "as a level has it")]
fn demand(mean: f64, scale: f64) -> Option<Demand> {
    Some(wanted(mean, scale))
}
fn level(store: u128, available: i64, mean: f64) -> LevelState {
    LevelState { available, demand: demand(mean, 6.7056), year_units: 600, ..LevelState::empty(id(store)) }
}
fn supply(minimum: i64, pack: i64) -> Supply {
    Supply {
        supplier: id(50),
        product: id(1),
        supplier_sku: None,
        pack_size: quantity(pack),
        minimum_order: quantity(minimum),
        lead_time_days: Some(21),
        unit_cost: gbp(180),
        breaks: Vec::new(),
        is_preferred: true,
        archived_at: None,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}
fn product(levels: Vec<LevelState>) -> ProductState {
    ProductState {
        product: id(1),
        decimals: 0,
        price: Some(gbp(900)),
        cost: Some(gbp(200)),
        supplier: Some(id(50)),
        supply: Some(supply(24, 12)),
        leads: LeadTimes { stated: 21.0, ..LeadTimes::default() },
        sellable_days: None,
        open_lines: Vec::new(),
        levels,
    }
}
fn summarize(lines: &[PlanLine]) -> Vec<(ReplenishmentLineKind, StoreId, Option<StoreId>, i64)> {
    lines.iter().map(|line| (line.kind.word(), line.store, line.kind.source_store(), line.quantity)).collect()
}
fn codes(line: &PlanLine) -> Vec<ReasonCode> {
    line.reasons.iter().map(|reason| reason.code).collect()
}
fn numbered(mut lines: Vec<PlanLine>) -> Vec<PlanLine> {
    for (line, position) in lines.iter_mut().zip(1..) {
        (line.id, line.position) = (id(position as u128), position);
    }
    lines
}

mod budgets;
mod calendar;
mod cuts;
mod kits;
mod minimum;
mod risk;
mod safety;
mod weekdays;

const BUY: ReplenishmentLineKind = ReplenishmentLineKind::Purchase;
const MOVE: ReplenishmentLineKind = ReplenishmentLineKind::Transfer;

#[test]
fn the_worked_example_of_the_paper_orders_60() {
    let lines = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)]));
    assert_eq!(summarize(&lines), [(BUY, id(2), None, 60)]);
    let figures = &lines[0].figures;
    assert!((figures.exact_point - 76.941).abs() < 0.001, "76.61, and what is sold before the plan of a night: {figures:?}");
    assert_eq!((figures.point, figures.up_to, figures.position, figures.needed, figures.after_break), (77, 77, 18, 59, 59));
    assert!((figures.lead_demand - 33.379).abs() < 1e-9 && figures.service == Some(0.95));
    assert_eq!(codes(&lines[0]), [ReasonCode::BelowPoint, ReasonCode::Pack]);
    assert_eq!(lines[0].reasons[1].text, "59 become 60 in packs of 12");
    assert_eq!((lines[0].cost, lines[0].policy), (Some(gbp(60 * 180)), Some((id(9), 3))));
    assert_eq!(lines[0].urgency_days, Some(11), "18 at 11.126 a week");
    assert_eq!(figures.confidence, Some(0.8));
}

#[test]
fn what_is_under_way_in_drafts_or_owed_counts() {
    let basis = basis(6.447, point(9_500, 0));
    let with = |change: fn(&mut LevelState)| {
        let mut level = level(2, 18, MEAN);
        change(&mut level);
        plan_product(&basis, &product(vec![level])).first().map_or(0, |line| line.quantity)
    };
    assert_eq!(
        [with(|level| level.incoming = 12), with(|level| level.in_transit = 12), with(|level| level.drafted = 12)],
        [48; 3]
    );
    assert_eq!((with(|level| level.owed = 12), with(|level| level.drafted = 60)), (72, 0), "a plan does not order twice");
}

#[test]
fn stock_that_another_store_does_not_need_is_moved_first() {
    let basis = basis(6.447, point(9_500, 0));
    let levels = vec![level(2, 18, MEAN), level(3, 400, MEAN), LevelState { is_asked: false, ..level(4, 90, 0.0) }];
    let lines = plan_product(&basis, &product(levels));
    // The store without demand sends first; its units are enough.
    assert_eq!(summarize(&lines), [(MOVE, id(2), Some(id(4)), 59)]);
    assert_eq!((lines[0].figures.surplus, lines[0].cost), (Some(90), None));
    let levels = vec![level(2, 18, MEAN), LevelState { owed: 10, leaving: 5, safety_stock: 5, ..level(4, 60, 0.0) }];
    let lines = plan_product(&basis, &product(levels));
    assert_eq!(summarize(&lines)[0], (MOVE, id(2), Some(id(4)), 40), "promised, leaving and safety stock stay");
    assert_eq!(summarize(&lines)[1], (BUY, id(2), None, 24), "19 are missing then, and 24 the least");
    assert!(codes(&lines[1]).contains(&ReasonCode::MovedFirst) && codes(&lines[1]).contains(&ReasonCode::Minimum));
    let few = vec![level(2, 18, MEAN), level(4, 10, 0.0)];
    assert_eq!(summarize(&plan_product(&basis, &product(few))), [(BUY, id(2), None, 60)], "ten of 59 are not worth the way");
}

#[test]
fn a_surplus_is_given_once_and_the_neediest_store_is_served_first() {
    let basis = basis(6.447, point(9_500, 0));
    let levels = vec![level(2, 60, MEAN), level(3, 5, MEAN), level(4, 80, 0.0)];
    let lines = plan_product(&basis, &product(levels));
    assert_eq!(summarize(&lines)[..2], [(MOVE, id(3), Some(id(4)), 72), (MOVE, id(2), Some(id(4)), 8)]);
    assert_eq!(lines[0].urgency_days, Some(3));
}

#[test]
fn nobody_gives_while_nothing_is_known_of_demand() {
    let mut unknown = basis(0.0, Some(Rule::MinMax));
    unknown.has_run = false;
    let needy = LevelState { reorder_point: Some(10), maximum: Some(40), demand: None, ..level(2, 3, 0.0) };
    let rich = LevelState { demand: None, ..level(3, 500, 0.0) };
    let lines = plan_product(&unknown, &product(vec![needy.clone(), rich.clone()]));
    assert_eq!(summarize(&lines), [(BUY, id(2), None, 48)], "37 to the maximum, in packs");
    let lines = plan_product(&unknown, &product(vec![needy, LevelState { maximum: Some(100), ..rich }]));
    assert_eq!(summarize(&lines), [(MOVE, id(2), Some(id(3)), 37)]);
}

#[test]
fn a_product_that_sold_once_is_not_piled_up() {
    // A pool of other products' errors would have it keep nine.
    let slow = |year_units: i64| LevelState { year_units, demand: demand(0.02, 1.0), ..LevelState::empty(id(2)) };
    let of = |year_units: i64| {
        let own = ProductState { supply: Some(supply(0, 1)), ..product(vec![slow(year_units)]) };
        plan_product(&basis(8.69, point(9_800, 14)), &own)
    };
    assert_eq!(summarize(&of(1)), [(BUY, id(2), None, 1)]);
    assert!(codes(&of(1)[0]).contains(&ReasonCode::CappedBySales));
    assert_eq!(of(30)[0].quantity, 9);
    // The same product in a pack of 48: the pack is reported as large.
    let large = ProductState { supply: Some(supply(0, 48)), ..product(vec![slow(1)]) };
    let lines = plan_product(&basis(8.69, point(9_800, 14)), &large);
    assert_eq!((lines[0].quantity, codes(&lines[0]).contains(&ReasonCode::LargePack)), (48, true));
}

#[test]
fn no_more_is_bought_than_sells_before_it_expires() {
    let own = |sellable_days| ProductState { sellable_days, supply: Some(supply(24, 1)), ..product(vec![level(2, 18, MEAN)]) };
    let lines = |sellable_days| plan_product(&basis(6.447, point(9_500, 0)), &own(sellable_days));
    assert_eq!((lines(None)[0].quantity, lines(Some(90.0))[0].quantity), (59, 59), "it keeps for long");
    let few = lines(Some(3.5));
    assert!((1..59).contains(&few[0].quantity) && codes(&few[0]).contains(&ReasonCode::ShelfLife), "{few:?}");
}

#[test]
fn what_has_ended_or_was_never_sold_is_not_bought_unless_it_is_owed() {
    let basis = basis(8.69, point(9_800, 14));
    let mut ended = level(2, 0, 0.0);
    ended.demand = ended.demand.map(|demand| Demand { status: ForecastStatus::Ended, ..demand });
    assert_eq!(plan_product(&basis, &product(vec![ended.clone()])), []);
    assert_eq!(plan_product(&basis, &product(vec![LevelState { demand: None, ..ended.clone() }])), [], "no forecast");
    let owed = LevelState { owed: 5, ..ended };
    let own = ProductState { supply: None, ..product(vec![owed]) };
    let lines = plan_product(&basis, &own);
    assert_eq!((summarize(&lines), lines[0].urgency_days), (vec![(BUY, id(2), None, 5)], Some(0)));
    assert!(codes(&lines[0]).contains(&ReasonCode::Owed) && codes(&lines[0]).contains(&ReasonCode::NoForecast));
    assert_eq!(lines[0].cost, Some(gbp(5 * 200)), "without a catalogue it costs what the product does");
}

#[test]
fn few_errors_are_said_and_days_stand_in() {
    let none = Basis::new(basis(1.0, point(9_500, 14)).policies, BTreeMap::new(), true, 4);
    let own = ProductState { supply: Some(supply(0, 1)), ..product(vec![level(2, 0, 14.0)]) };
    let lines = plan_product(&none, &own);
    // Three weeks and seven days are the point; fourteen days more the target.
    assert_eq!((lines[0].figures.point, lines[0].figures.up_to, lines[0].quantity), (56, 84, 84));
    assert!(codes(&lines[0]).contains(&ReasonCode::FewErrors));
}

#[test]
fn review_days_and_classes_decide() {
    let mut weekly = basis(1.0, Some(Rule::Periodic { service: 9_500, review_days: 7, review_from: 4 }));
    let own = product(vec![level(2, 40, MEAN)]);
    let lines = plan_product(&weekly, &own);
    // Over four weeks: 44.5 and one error.
    assert_eq!((lines[0].figures.up_to, lines[0].quantity, codes(&lines[0])[0]), (52, 24, ReasonCode::ReviewDay));
    weekly.today = 5;
    assert_eq!(plan_product(&weekly, &own), []);
    let service = |abc: AbcClass, xyz: XyzClass| {
        let level = LevelState { classes: Some(Classes { abc, xyz }), ..level(2, 0, MEAN) };
        plan_product(&basis(1.0, None), &product(vec![level]))[0].figures.service
    };
    assert_eq!((service(AbcClass::A, XyzClass::X), service(AbcClass::C, XyzClass::Z)), (Some(0.98), Some(0.85)));
    assert!(codes(&plan_product(&basis(1.0, None), &product(vec![level(2, 0, MEAN)]))[0]).contains(&ReasonCode::DefaultPolicy));
}

#[test]
fn measured_deliveries_count_and_plenty_is_passed_over() {
    let basis = basis(1.0, point(9_500, 0));
    let of = |measured: Vec<f64>, available: i64| {
        let leads = LeadTimes { stated: 21.0, measured, ..LeadTimes::default() };
        plan_product(&basis, &ProductState { leads, supply: Some(supply(0, 1)), ..product(vec![level(2, available, 14.0)]) })
    };
    let stated = of(Vec::new(), 0)[0].figures.point;
    assert_eq!(stated, 50, "42, half a unit of undershoot, and one error");
    assert_eq!(of(vec![7.0; 5], 0)[0].figures.point, 22);
    assert_eq!(of(vec![7.0; 4], 0)[0].figures.point, stated, "four say nothing");
    let mixed = of(vec![7.0, 7.0, 7.0, 7.0, 42.0], 0)[0].figures.point;
    assert!(mixed > 22 && mixed <= 92, "{mixed}");
    assert_eq!(of(vec![7.0, 7.0, 7.0, 7.0, 42.0], 93), []);
}

#[test]
fn a_budget_goes_to_what_saves_most_and_the_rest_is_listed() {
    let line = |n: u128, minor: Option<i64>, margin: i64| {
        let mut line = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
        (line.id, line.cost, line.margin) = (id(n), minor.map(gbp), margin);
        line
    };
    let mut lines = vec![line(1, Some(600), 60), line(2, Some(500), 900), line(3, Some(450), 40), line(4, None, 0)];
    let mut unknown = line(5, Some(100), 100);
    unknown.state = LineState::Refused(ReplenishmentIssue::NoSupplier);
    lines.push(unknown);
    cut_over_budget(&mut lines, &[AvailableBudget::company(gbp(1_000))]);
    let states: Vec<LineState> = lines.iter().map(|line| line.state).collect();
    assert_eq!(
        states,
        [
            LineState::Cut(ReplenishmentIssue::OverBudget),
            LineState::Open,
            LineState::Open,
            LineState::Cut(ReplenishmentIssue::OtherCurrency),
            LineState::Refused(ReplenishmentIssue::NoSupplier),
        ],
        "600 do not fit beside 500; 450 do"
    );
    assert_eq!(sums(&lines), [gbp(950)], "what is cut and what is refused is not bought");
}

#[test]
fn lines_are_claimed_by_draft_and_stale_ones_left() {
    let basis = basis(6.447, point(9_500, 0));
    let lines = numbered(plan_product(&basis, &product(vec![level(2, 60, MEAN), level(3, 5, MEAN), level(4, 80, 0.0)])));
    assert_eq!(lines.len(), 3, "{:?}", summarize(&lines));
    let now = |second: i64, third: i64, free: i64| {
        BTreeMap::from([
            ((id(1), id(2)), CurrentLevel { position: second, free: second, ..CurrentLevel::default() }),
            ((id(1), id(3)), CurrentLevel { position: third, free: third, ..CurrentLevel::default() }),
            ((id(1), id(4)), CurrentLevel { position: free, free, ..CurrentLevel::default() }),
        ])
    };
    let mut next = 0_u128;
    let mut group = || {
        next += 1;
        Uuid::from_u128(next)
    };
    let claimed = approve(&lines, &Choice::All, &now(60, 5, 80), &|_| true, (10, &mut group));
    assert_eq!(claimed.claimed, [(0, Uuid::from_u128(1)), (1, Uuid::from_u128(2)), (2, Uuid::from_u128(3))]);
    // The first line is of 72: 14 more are within a fifth, 15 are not.
    for (third, stale) in [(19, vec![]), (20, vec![0])] {
        let found = approve(&lines, &Choice::All, &now(60, third, 80), &|_| true, (10, &mut group));
        assert_eq!(found.stale, stale, "{third}");
    }
    let found = approve(&lines, &Choice::All, &now(60, 5, 65), &|_| true, (10, &mut group));
    assert_eq!(found.stale, [0, 1], "the giver has less");
    let found = approve(&lines, &Choice::Ids(vec![lines[2].id]), &now(60, 5, 80), &|_| false, (10, &mut group));
    assert_eq!((found.forbidden, found.claimed), (vec![2], vec![]));
    let found = approve(&lines, &Choice::Under(gbp(1)), &now(60, 5, 80), &|_| true, (1, &mut group));
    assert_eq!((found.claimed.len(), found.later), (1, 1), "transfers cost nothing; one a call");
}

#[test]
fn what_the_plan_itself_brought_is_no_change() {
    let basis = basis(6.447, point(9_500, 0));
    let levels = vec![level(2, 18, MEAN), LevelState { safety_stock: 20, ..level(4, 60, 0.0) }];
    let mut lines = numbered(plan_product(&basis, &product(levels)));
    assert_eq!(summarize(&lines), [(MOVE, id(2), Some(id(4)), 40), (BUY, id(2), None, 24)]);
    lines[0].state = LineState::Approved { group: Uuid::nil(), document: Document::Transfer(id(7)) };
    assert_eq!(state_of(&lines), ReplenishmentPlanState::Partly);
    let group = Uuid::nil;
    for (position, stale) in [(58, vec![]), (18, vec![1])] {
        let now = BTreeMap::from([((id(1), id(2)), CurrentLevel { position, free: 18, ..CurrentLevel::default() })]);
        assert_eq!(approve(&lines, &Choice::All, &now, &|_| true, (10, group)).stale, stale, "{position}");
    }
    lines[1].state = LineState::Refused(ReplenishmentIssue::Stale);
    assert_eq!(state_of(&lines), ReplenishmentPlanState::Approved);
}

#[test]
fn a_rule_takes_whole_orders_that_are_small_sure_and_not_the_first() {
    let base = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
    let line = |number: u128, supplier: u128, minor: i64| PlanLine {
        id: id(number),
        kind: LineKind::Purchase { supplier: Some(id(supplier)) },
        cost: Some(gbp(minor)),
        ..base.clone()
    };
    let lines = [line(1, 50, 600), line(2, 51, 900), line(3, 50, 500), line(4, 52, 100), line(5, 53, 100)];
    let known: BTreeSet<SupplierId> = [50, 51, 52].map(id).into();
    let taken = |plan: i64, supplier: i64, confidence: f64, lines: &[PlanLine]| -> Vec<ReplenishmentLineId> {
        let rule = ApprovalRule::new(true, (Some(gbp(plan)), Some(gbp(supplier))), true, confidence).unwrap();
        rule.lines_to_approve(lines, &known, &[]).into_iter().collect()
    };
    let ids = |numbers: &[u128]| -> Vec<ReplenishmentLineId> { numbers.iter().map(|number| id(*number)).collect() };
    assert_eq!(taken(9_999, 1_100, 0.8, &lines), ids(&[1, 2, 3, 4]), "53 was never ordered from");
    assert_eq!(taken(9_999, 1_099, 0.8, &lines), ids(&[2, 4]), "1,100 are above the amount, and are not split");
    assert_eq!(taken(1_200, 1_100, 0.8, &lines), ids(&[1, 3, 4]), "the most urgent order first, and what still fits");
    assert_eq!(taken(9_999, 1_100, 0.81, &lines), ids(&[]), "the data is good for 0.8");
    let moved = PlanLine { kind: LineKind::Transfer { from: id(4) }, cost: None, ..line(6, 50, 0) };
    let unknown = PlanLine { cost: None, ..line(7, 50, 0) };
    let unset = PlanLine { policy: None, ..line(8, 50, 1) };
    let done = PlanLine { state: LineState::Refused(ReplenishmentIssue::Stale), ..line(9, 50, 1) };
    assert_eq!(taken(9_999, 9_999, 0.0, &[moved.clone(), unknown, unset, done]), ids(&[6]));
    let still = ApprovalRule::new(true, (Some(gbp(1)), Some(gbp(1))), false, 0.0).unwrap();
    assert!(still.lines_to_approve(std::slice::from_ref(&moved), &known, &[]).is_empty());
    assert!(ApprovalRule { is_on: false, transfers: true, ..still }.lines_to_approve(&[moved], &known, &[]).is_empty());
}

#[test]
fn a_rule_says_what_of_it_cannot_hold() {
    let of = |plan: Option<i64>, supplier: Option<i64>, transfers, confidence| {
        ApprovalRule::new(true, (plan.map(gbp), supplier.map(gbp)), transfers, confidence).err()
    };
    let only = |problem: RuleProblem| Some(vec![problem]);
    assert!([1.01, f64::NAN].iter().all(|sure| of(Some(1), Some(1), true, *sure) == only(RuleProblem::Confidence)));
    assert_eq!(of(Some(1), None, true, 0.8), only(RuleProblem::AmountNeeded("supplierAmount")));
    assert_eq!(of(Some(1), Some(0), true, 0.8), only(RuleProblem::Amount("supplierAmount")));
    assert_eq!((of(None, None, false, 0.8), of(None, None, true, 0.8)), (only(RuleProblem::Idle), None));
    let both = [RuleProblem::Amount("planAmount"), RuleProblem::Amount("supplierAmount"), RuleProblem::Confidence];
    assert_eq!(of(Some(-1), Some(0), true, -0.1), Some(both.to_vec()));
}
