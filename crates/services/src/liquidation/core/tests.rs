//! The worked example of INSIGHT 8.2 and cases from practice. Figures are computed by hand beside
//! each.

use std::collections::BTreeMap;

use entity::prelude::*;
use uuid::Uuid;

use super::{reason::ReasonCode, *};

mod bundles;

const TODAY: i32 = 20_000;

fn store(number: u128) -> StoreId {
    StoreId::from_uuid(Uuid::from_u128(number))
}
fn supplier() -> SupplierId {
    SupplierId::from_uuid(Uuid::from_u128(9))
}

/// 80 units, no sale for 100 days, half of them to be sold in 18 weeks.
fn level() -> Level {
    Level {
        store: store(1),
        is_asked: true,
        is_target: true,
        free: 80,
        coming: 0,
        first_day: Some(TODAY - 400),
        last_sale: Some(TODAY - 100),
        sold: 0,
        weekly: Some(0.5),
        expires: Some(TODAY + 125),
    }
}

/// Another store, which sells two a week and has four.
fn shop() -> Level {
    Level { store: store(2), free: 4, last_sale: Some(TODAY - 1), sold: 26, weekly: Some(2.0), ..level() }
}

fn product(levels: Vec<Level>) -> Product {
    Product {
        id: ProductId::from_uuid(Uuid::from_u128(5)),
        decimals: 0,
        price: Some(900),
        cost: Some(300.0),
        supplier: Some(supplier()),
        response: Response::NotShown,
        is_cut: false,
        is_bundled: false,
        partner: None,
        levels,
    }
}

fn terms() -> Criteria {
    let terms = SupplierTerms { supplier: supplier(), credit_percent: 85, freight_minor: 2_000, cancel_days: None };
    Criteria { supplier_terms: vec![terms], ..Criteria::default() }
}

fn recovery(low: i64, likely: i64, high: i64) -> Recovery {
    Recovery { low, likely, high }
}

fn of(proposal: &Proposal, word: LiquidationAction) -> &Candidate {
    let found = proposal.candidates.iter().find(|candidate| candidate.act.word() == word);
    found.unwrap_or_else(|| panic!("{word:?} is no candidate"))
}

fn codes(proposal: &Proposal) -> Vec<ReasonCode> {
    proposal.reasons.iter().map(|reason| reason.code).collect()
}

#[test]
fn the_worked_example_returns_what_a_markdown_cannot_sell() {
    let found = propose(&terms(), TODAY, &product(vec![level()]));
    assert_eq!(found.len(), 1);
    // 0.5 × (1 − d)^−ε units a week, six weeks at each of 7.20, 5.40 and 3.60: ε 1 sells 3.75 + 5 + 7.5, ε 2 and ε 3 more.
    let markdown = of(&found[0], LiquidationAction::Markdown);
    assert_eq!(markdown.recovery, recovery(8_100, 14_625, 28_594));
    let steps: Vec<_> = markdown.act.steps().iter().map(|step| (step.price_minor, step.from_date - TODAY)).collect();
    assert_eq!(steps, [(720, 0), (540, 42), (360, 84)]);
    assert_eq!((markdown.left.0.round(), markdown.left.1.round(), markdown.until), (13.0, 64.0, TODAY + 125));
    // 85 % of 80 × 3.00, less 20.00.
    let back = found[0].best_candidate().unwrap();
    assert_eq!((back.act.word(), back.recovery), (LiquidationAction::Return, recovery(18_400, 18_400, 18_400)));
    assert_eq!(found[0].value, Some(24_000));
}

#[test]
fn without_terms_the_price_is_cut_and_the_rest_is_told() {
    let found = propose(&Criteria::default(), TODAY, &product(vec![level()]));
    assert_eq!(found[0].best_candidate().unwrap().act.word(), LiquidationAction::Markdown);
    assert!(found[0].reasons.iter().any(|reason| reason.text == "13 to 64 units will be left"), "{:?}", found[0].reasons);
    assert!(codes(&found[0]).contains(&ReasonCode::ResponseNotShown));
    // Nine are likely to sell, by chance 9 ± 1.2816 × 3; what stays costs 25 % of 3.00 a year: 46.40 − 20.10, 81.00 − 19.60, 115.60 − 19.10.
    assert_eq!(of(&found[0], LiquidationAction::Keep).recovery, recovery(2_630, 6_140, 9_650));
}

#[test]
fn what_another_store_sells_is_moved_there_and_its_price_stays() {
    let found = propose(&terms(), TODAY, &product(vec![level(), shop()]));
    assert_eq!(found.len(), 1, "the shop sells its four in two weeks");
    let chosen = found[0].best_candidate().unwrap();
    // 36 wanted in 18 weeks less its own four; at least 36 − 1.2816 × 6 − 4 = 24.31.
    assert_eq!((&chosen.act, chosen.quantity), (&LineAction::Transfer { to: store(2) }, 32));
    assert_eq!(chosen.recovery, recovery(21_879, 28_800, 28_800));
    assert!(found[0].candidates.iter().all(|candidate| candidate.act.word() != LiquidationAction::Markdown));
    assert!(codes(&found[0]).contains(&ReasonCode::SellsElsewhere));
    // Units coming by an earlier plan are sold first, as are those on hand.
    let found = propose(&terms(), TODAY, &product(vec![level(), Level { coming: 10, ..shop() }]));
    let less = found[0].candidates.iter().find(|candidate| candidate.act.word() == LiquidationAction::Transfer).unwrap();
    assert_eq!((less.quantity, less.target_free), (22, 14));
}

#[test]
fn two_stores_do_not_send_the_same_demand() {
    let other = Level { store: store(3), free: 20, ..level() };
    let found = propose(&Criteria::default(), TODAY, &product(vec![other, level(), shop()]));
    assert_eq!((found[0].store, found[0].best_candidate().unwrap().quantity), (store(1), 32), "the larger one first");
    // 36 wanted, 4 in stock and 32 on the way: no unit is left to send, and the price may not be
    // cut.
    assert_eq!(found[1].best_candidate().unwrap().act, LineAction::Keep);
}

#[test]
fn new_stock_is_not_dead_and_expired_stock_is_written_off() {
    let young = Level { first_day: Some(TODAY - 30), last_sale: None, expires: None, ..level() };
    assert_eq!(propose(&Criteria::default(), TODAY, &product(vec![young])), Vec::new());
    let expired = Level { expires: Some(TODAY - 1), ..level() };
    let found = propose(&Criteria::default(), TODAY, &product(vec![expired]));
    let chosen = found[0].best_candidate().unwrap();
    assert_eq!((chosen.act.clone(), chosen.recovery), (LineAction::WriteOff, Recovery::default()));
    assert!(codes(&found[0]).contains(&ReasonCode::Expires), "{:?}", found[0].reasons);
}

#[test]
fn slow_is_by_supply_and_by_velocity_and_each_can_be_switched_off() {
    // 13 of 91 days sold 3: 80 last 2,427 days; 0.99 a month.
    let slow = Level { last_sale: Some(TODAY - 5), sold: 3, weekly: None, expires: None, ..level() };
    let found = propose(&Criteria::default(), TODAY, &product(vec![slow.clone()]));
    assert_eq!(codes(&found[0])[..2], [ReasonCode::LongSupply, ReasonCode::SlowVelocity]);
    assert_eq!(found[0].reasons[0].text, "stock lasts 2427 days; more than 180 are slow");
    assert_eq!(found[0].reasons[1].text, "0.99 sold a month; fewer than 1 are slow");
    let off = Criteria { slow_days_of_supply: None, slow_monthly_units: None, ..Criteria::default() };
    assert_eq!(propose(&off, TODAY, &product(vec![slow.clone()])), Vec::new());
    let dear = Criteria { least_value_minor: 24_001, ..Criteria::default() };
    assert_eq!(propose(&dear, TODAY, &product(vec![slow])), Vec::new(), "80 × 3.00 is less");
}

#[test]
fn where_nothing_can_be_said_nothing_is_proposed() {
    let unknown = Product { price: None, cost: None, ..product(vec![Level { expires: None, ..level() }]) };
    let found = propose(&terms(), TODAY, &unknown);
    assert_eq!((found[0].best_candidate(), found[0].value), (None, None));
    assert!(codes(&found[0]).contains(&ReasonCode::NoPrice) && codes(&found[0]).contains(&ReasonCode::NoCost));
}

#[test]
fn prices_end_as_the_tenant_likes_stay_above_the_floor_and_only_fall() {
    let criteria = Criteria { price_ending: Some(99), floor_percent: 150, ..Criteria::default() };
    let found = propose(&criteria, TODAY, &product(vec![level()]));
    let steps: Vec<i64> = of(&found[0], LiquidationAction::Markdown).act.steps().iter().map(|step| step.price_minor).collect();
    // 7.20 → 6.99, 5.40 → 4.99, 3.60 → 2.99, which the floor of 4.50 lifts.
    assert_eq!(steps, [699, 499, 450]);
    assert_eq!([criteria.round_price(1_099), criteria.round_price(1_098), criteria.round_price(50)], [1_099, 999, 50]);
}

#[test]
fn a_line_of_before_floors_were_kept_may_tell_the_cost() {
    let figures = line(LineAction::Keep, LineState::Proposed).figures;
    let mut kept = serde_json::to_value(&figures).unwrap();
    assert_eq!(kept["priceFloor"], "NONE");
    kept.as_object_mut().unwrap().remove("priceFloor");
    let before: LineFigures = serde_json::from_value(kept).unwrap();
    assert_eq!(before, LineFigures { price_floor: PriceFloor::OfCost, ..figures });
    let found = propose(&Criteria { floor_percent: 1, ..Criteria::default() }, TODAY, &product(vec![level()]));
    assert_eq!(found[0].price_floor, PriceFloor::OfCost, "whether or not it lifts a price");
}

/// Four weeks at each price, eight weeks apart, with units that 400 ÷ p² less a half gives.
fn history(prices: &[f64], category: Option<f64>) -> Vec<PricedWeek> {
    let weeks = (0..).zip(prices.iter().cycle()).take(4 * prices.len());
    weeks
        .map(|(place, price)| PricedWeek {
            week: 19_000 + 56 * place,
            price: *price,
            units: 400.0 / price.powi(2) - 0.5,
            category,
        })
        .collect()
}

#[test]
fn a_history_of_three_prices_shows_its_elasticity() {
    let near = |response: Response| match response {
        Response::Shown { low, likely, high, levels, weeks, source, changes, products } => {
            assert_eq!((levels, weeks), (3, 12));
            assert_eq!((source, changes, products), (ResponseSource::Own, Some(11), Some(1)));
            [low, likely, high].map(|figure| (figure * 1e6).round() as i64)
        }
        Response::NotShown => panic!("it shows nothing"),
    };
    assert_eq!(near(price_response(&history(&[10.0, 8.0, 5.0], None))), [2_000_000; 3]);
    assert_eq!(near(price_response(&history(&[10.0, 8.0, 5.0], Some(70.0)))), [2_000_000; 3], "a flat category explains nothing");
    assert_eq!(price_response(&history(&[10.0, 5.0], None)), Response::NotShown, "two prices");
    assert_eq!(price_response(&history(&[10.0, 9.8, 5.0], None)), Response::NotShown, "two of them are one level");
    let season: Vec<_> =
        history(&[10.0, 8.0, 5.0], None).into_iter().map(|week| PricedWeek { week: week.week % 7, ..week }).collect();
    assert_eq!(price_response(&season), Response::NotShown, "one season");
    assert!(has_levels([10.0, 8.0, 5.0].into_iter(), 3) && !has_levels([10.0, 9.8, 5.0].into_iter(), 3));
    let two = estimate_slope(&history(&[10.0, 5.0], None)).unwrap();
    assert!((two.elasticity - 2.0).abs() < 1e-6, "two prices have a slope: {two:?}");
    assert_eq!((two.levels, two.weeks, two.changes), (2, 8, 7));
    assert_eq!(estimate_slope(&history(&[10.0], None)), None);
}

fn line(act: LineAction, state: LineState) -> PlanLine {
    let found = propose(&terms(), TODAY, &product(vec![level()]));
    PlanLine {
        id: LiquidationLineId::from_uuid(Uuid::from_u128(7)),
        position: 1,
        act,
        state,
        product: found[0].product,
        store: found[0].store,
        quantity: 32,
        expected: Recovery::default(),
        until: TODAY + 125,
        approved_on: Some(TODAY),
        steps_done: 0,
        figures: LineFigures {
            free: 80,
            target_free: 4,
            decimals: 0,
            weekly: 0.5,
            days_without_sale: Some(100),
            days_of_supply: None,
            price_minor: Some(900),
            value_minor: Some(24_000),
            credit_minor: 255,
            freight_minor: 0,
            response: Response::NotShown,
            price_floor: PriceFloor::None,
        },
        reasons: Vec::new(),
        score: None,
    }
}

#[test]
fn what_a_line_brought_is_told_by_the_days_that_are_its_own() {
    let group = Uuid::from_u128(3);
    let sales: Vec<SoldDay> = [(-1, 9, 8_100), (0, 10, 9_000), (9, 10, 9_000), (130, 9, 8_100)]
        .map(|(day, units, net_minor)| SoldDay { date: TODAY + day, units, net_minor })
        .into();
    let approved = |act: LineAction, document: Document| line(act, LineState::Approved { group, document });
    let moved = approved(LineAction::Transfer { to: store(2) }, Document::Transfer(TransferId::NIL));
    // 20 were sold there, and it had four itself: 16 units of 180.00.
    assert_eq!(recovered_minor(&moved, &sales, TODAY + 200), Some(14_400));
    assert_eq!(recovered_minor(&moved, &sales, TODAY), Some(5_400), "six of the first ten");
    let freight = PlanLine { figures: LineFigures { freight_minor: 400, ..moved.figures.clone() }, ..moved };
    assert_eq!(recovered_minor(&freight, &sales, TODAY), Some(5_000));
    let cut = approved(LineAction::Markdown { steps: Vec::new() }, Document::Price);
    assert_eq!(recovered_minor(&cut, &sales, TODAY + 200), Some(18_000));
    let few = PlanLine { quantity: 5, ..cut };
    assert_eq!(recovered_minor(&few, &sales, TODAY + 200), Some(4_500), "no more than its units");
    let back = approved(LineAction::Return { supplier: supplier() }, Document::SupplierReturn(SupplierReturnId::NIL));
    assert_eq!(recovered_minor(&back, &[], TODAY), Some(8_160), "32 × 2.55");
    assert_eq!(recovered_minor(&line(LineAction::WriteOff, LineState::Proposed), &sales, TODAY), None);
}

#[test]
fn lines_of_one_document_are_claimed_together_and_overtaken_ones_left() {
    let proposed = |number: u128, act: LineAction| PlanLine {
        id: LiquidationLineId::from_uuid(Uuid::from_u128(number)),
        product: ProductId::from_uuid(Uuid::from_u128(number)),
        ..line(act, LineState::Proposed)
    };
    let to = |number: u128| LineAction::Transfer { to: store(number) };
    let lines = [
        proposed(1, to(2)),
        proposed(2, to(2)),
        proposed(3, to(4)),
        proposed(4, LineAction::WriteOff),
        proposed(5, LineAction::WriteOff),
    ];
    let free: BTreeMap<_, _> =
        lines.iter().map(|line| ((line.product, line.store), if line.product == lines[3].product { 31 } else { 32 })).collect();
    let mut next = 0;
    let group = || {
        next += 1;
        Uuid::from_u128(next)
    };
    let may = |line: &PlanLine| line.product != lines[4].product;
    let claims = approve(&lines, &Approval::All, &free, &may, (2, group));
    let one = Uuid::from_u128(1);
    assert_eq!((claims.claimed, claims.later), (vec![(0, one), (1, one)], 1));
    assert_eq!((claims.stale, claims.forbidden), (vec![3], vec![4]));
    assert_eq!(state_of(&lines), LiquidationPlanState::Draft);
    let cut = [proposed(4, LineAction::Markdown { steps: Vec::new() })];
    let claims = approve(&cut, &Approval::All, &free, &|_| true, (2, || one));
    assert_eq!(claims.claimed, [(0, one)], "31 of 32 are left to be sold");
}

#[test]
fn a_step_that_was_passed_over_is_not_made_up_for() {
    let found = propose(&Criteria::default(), TODAY, &product(vec![level()]));
    let act = of(&found[0], LiquidationAction::Markdown).act.clone();
    let cut = line(act, LineState::Proposed);
    assert_eq!(
        [cut.due_price(TODAY - 1), cut.due_price(TODAY), cut.due_price(TODAY + 90)],
        [None, Some((1, 720)), Some((3, 360))]
    );
    assert_eq!(PlanLine { steps_done: 3, ..cut }.due_price(TODAY + 90), None);
}

#[test]
fn criteria_out_of_their_range_are_named() {
    let steps = |steps: Vec<i32>| Criteria { markdown_percents: steps, ..Criteria::default() }.problems();
    for wrong in [vec![20, 20], vec![], vec![96]] {
        assert_eq!(steps(wrong), [CriteriaProblem::Steps]);
    }
    assert!(steps(vec![10]).is_empty());
    let days = Criteria { days_without_sale: 0, ..Criteria::default() };
    assert_eq!(days.problems(), [CriteriaProblem::Range("daysWithoutSale", 1, 3_650)]);
    let one = SupplierTerms { supplier: supplier(), credit_percent: 50, freight_minor: 0, cancel_days: None };
    let twice = Criteria { supplier_terms: vec![one, one], ..Criteria::default() };
    assert_eq!(twice.problems(), [CriteriaProblem::Twice(1)]);
    let free = SupplierTerms { credit_percent: 101, freight_minor: -1, ..one };
    let many = Criteria { supplier_terms: vec![free, one], markdown_percents: vec![], ..days };
    let terms = |name: &'static str, least: i64, most: i64| CriteriaProblem::Terms(0, name, least, most);
    let all = [
        CriteriaProblem::Range("daysWithoutSale", 1, 3_650),
        CriteriaProblem::Steps,
        terms("creditPercent", 1, 100),
        terms("freight", 0, 1_000_000_000_000),
        CriteriaProblem::Twice(1),
    ];
    assert_eq!(many.problems(), all);
}

#[test]
fn a_week_without_a_sale_counts_where_the_product_lay_in_a_store() {
    let sales = [(70, 3.0, 9.0), (84, 2.0, 7.0)];
    // In stock until the Wednesday of the week of 91, and again from the Monday of 98 on.
    let spans = [(60, Some(93)), (98, None)];
    let found = priced_weeks(&sales, &spans, Some(&|_| 5.0), 105);
    let shown: Vec<_> =
        found.iter().map(|week| (week.week, week.units as i64, week.price as i64, week.category.map(|all| all as i64))).collect();
    assert_eq!(shown, [(70, 3, 9, Some(2)), (77, 0, 9, Some(5)), (84, 2, 7, Some(3)), (98, 0, 7, Some(5))]);
}

#[test]
fn a_price_that_a_plan_cuts_is_not_cut_again() {
    let cut = Product { is_cut: true, ..product(vec![level()]) };
    let found = propose(&Criteria::default(), TODAY, &cut);
    assert_eq!(found[0].best_candidate().unwrap().act, LineAction::Keep);
    assert!(codes(&found[0]).contains(&ReasonCode::UnderWay));
}

#[test]
fn a_step_is_skipped_where_the_stock_sells_out_anyway() {
    let cut = line(
        LineAction::Markdown { steps: Vec::new() },
        LineState::Approved { group: Uuid::from_u128(3), document: Document::Price },
    );
    let sold = |units: i64| [SoldDay { date: TODAY + 2, units, net_minor: 0 }];
    // 126 days in all, 10 of them over. 4 sold of 32: 46 more at that pace, at least 46.4 − 0.8416 × 6.8 = 40.7 of the 28 that are left.
    assert!(sells_out(&cut, &sold(4), TODAY + 9));
    // 2 sold: 23 more, of 30.
    assert!(!sells_out(&cut, &sold(2), TODAY + 9));
    assert!(!sells_out(&cut, &[], TODAY + 9) && sells_out(&cut, &sold(32), TODAY + 9));
}
