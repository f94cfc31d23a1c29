//! Budgets of plans, weeks and months.

use platform::calendar::first_day_of_month;

use super::*;

fn day(year: i32, month: i32, day: i32) -> i32 {
    first_day_of_month(year * 12 + month - 1) + day - 1
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap_or(Currency::GBP))
}

#[test]
fn a_week_begins_on_a_monday_and_a_month_on_its_first() {
    let sunday = day(2026, 11, 29);
    assert_eq!(BudgetPeriod::Week.days(sunday), Some((day(2026, 11, 23), sunday + 1)), "a Sunday");
    assert_eq!(BudgetPeriod::Week.days(sunday + 1), Some((sunday + 1, day(2026, 12, 7))));
    assert_eq!(BudgetPeriod::Month.days(day(2026, 12, 31)), Some((day(2026, 12, 1), day(2027, 1, 1))));
    assert_eq!(BudgetPeriod::Month.days(day(2028, 2, 29)), Some((day(2028, 2, 1), day(2028, 3, 1))));
    assert_eq!(BudgetPeriod::Plan.days(sunday), None);
}

#[test]
fn what_orders_take_is_not_left_and_nothing_is_owed_to_the_budget() {
    let budget = Budget { period: BudgetPeriod::Month, amount: gbp(1_000) };
    assert_eq!([0, 400, 1_000, 1_001].map(|taken| budget.remaining_after(taken)), [1_000, 600, 0, 0].map(gbp));
}

#[test]
fn a_plan_has_the_lower_of_its_own_budget_and_what_is_left() {
    let (less, more, other) = (Some(gbp(100)), Some(gbp(200)), Some(euros(100)));
    assert_eq!(
        [lower_amount(less, more), lower_amount(more, less), lower_amount(None, less), lower_amount(less, None)],
        [less; 4]
    );
    assert_eq!((lower_amount(other, less), lower_amount(None, None)), (other, None));
}

#[test]
fn what_an_approval_holds_back_is_what_saves_least() {
    let base = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
    let line =
        |number: u128, minor: i64, margin: i64| PlanLine { id: id(number), cost: Some(gbp(minor)), margin, ..base.clone() };
    let abroad = PlanLine { cost: Some(euros(900)), ..line(4, 0, 0) };
    let moved = PlanLine { kind: LineKind::Transfer { from: id(4) }, cost: None, ..line(5, 0, 0) };
    let lines = [line(1, 600, 60), line(2, 500, 900), line(3, 450, 40), abroad, moved];
    let mut claims = Claims { claimed: (0..lines.len()).map(|index| (index + 10, Uuid::nil())).collect(), ..Claims::default() };
    claims.release_over_budget(&lines, &[AvailableBudget::company(gbp(1_000))]);
    let kept: Vec<usize> = claims.claimed.iter().map(|(index, _)| *index).collect();
    assert_eq!((claims.beyond, kept), (vec![10], vec![11, 12, 13, 14]), "600 do not fit beside 500; euros are not counted");
}

#[test]
fn lines_beyond_a_budget_are_approved_by_name_alone() {
    let base = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
    let of = |state: LineState| PlanLine { id: id(1), state, ..base.clone() };
    let named = Choice::Ids(vec![id(1)]);
    for (issue, is_taken) in [
        (ReplenishmentIssue::OverBudget, true),
        (ReplenishmentIssue::OtherCurrency, true),
        (ReplenishmentIssue::BelowMinimum, false),
    ] {
        let line = of(LineState::Cut(issue));
        let others = [Choice::All, Choice::Under(gbp(i64::MAX)), Choice::Rule { lines: [id(1)].into() }];
        assert_eq!(
            (named.includes_line(&line), others.map(|choice| choice.includes_line(&line))),
            (is_taken, [false; 3]),
            "{issue:?}"
        );
    }
    assert!(named.includes_line(&of(LineState::Open)) && Choice::All.includes_line(&of(LineState::Open)));
}

#[test]
fn a_rule_buys_for_what_is_left_and_in_no_other_currency() {
    let base = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
    let line = |number: u128, supplier: u128, minor: i64| PlanLine {
        id: id(number),
        kind: LineKind::Purchase { supplier: Some(id(supplier)) },
        cost: Some(gbp(minor)),
        ..base.clone()
    };
    let lines = [line(1, 50, 600), line(2, 51, 300), line(3, 50, 500)];
    let known: BTreeSet<SupplierId> = [50, 51].map(id).into();
    let taken = |plan: i64, budget: Money| -> Vec<ReplenishmentLineId> {
        let rule = ApprovalRule::new(true, (Some(gbp(plan)), Some(gbp(9_999))), false, 0.0);
        rule.map(|rule| rule.lines_to_approve(&lines, &known, &[AvailableBudget::company(budget)]).into_iter().collect())
            .unwrap_or_default()
    };
    let ids = |numbers: &[u128]| -> Vec<ReplenishmentLineId> { numbers.iter().map(|number| id(*number)).collect() };
    assert_eq!(taken(9_999, gbp(1_400)), ids(&[1, 2, 3]));
    assert_eq!(taken(9_999, gbp(1_399)), ids(&[1, 3]), "300 do not fit beside 1,100");
    assert_eq!(taken(9_999, gbp(1_099)), ids(&[2]), "an order is not split");
    assert_eq!(taken(300, gbp(9_999)), ids(&[2]), "the amount of the plan holds as well");
    assert_eq!(taken(9_999, euros(9_999)), ids(&[]));
}

#[test]
fn a_purchase_takes_of_each_budget_that_it_is_of() {
    let base = plan_product(&basis(6.447, point(9_500, 0)), &product(vec![level(2, 18, MEAN)])).remove(0);
    let line = |number: u128, supplier: u128, minor: i64| PlanLine {
        id: id(number),
        kind: LineKind::Purchase { supplier: Some(id(supplier)) },
        cost: Some(gbp(minor)),
        margin: 0,
        ..base.clone()
    };
    let lines = [line(1, 50, 600), line(2, 51, 500), line(3, 50, 300), PlanLine { store: id(9), ..line(4, 50, 400) }];
    let of = |scope: BudgetScope, minor: i64| AvailableBudget { scope, left: gbp(minor), products: BTreeSet::new() };
    let (supplier, store) = (BudgetScope::Supplier(id(50)), BudgetScope::Store(base.store));
    let available = [of(supplier, 1_000), of(store, 1_200), AvailableBudget::company(gbp(9_999))];
    let beyond: Vec<(usize, Exceeded)> =
        lines_over_budget(&lines, &available).iter().map(|one| (one.index, one.exceeded)).collect();
    // 600 and 500 leave 100 in the store's budget, 600 and 400 leave nothing in the supplier's.
    assert_eq!(beyond, [(2, Exceeded { scope: store, left: gbp(100) })]);
    let available = [of(BudgetScope::Category(id(7)), 0)];
    assert!(lines_over_budget(&lines, &available).is_empty(), "no product is in it");
    let known: BTreeSet<SupplierId> = [50, 51].map(id).into();
    let rule = ApprovalRule::new(true, (Some(gbp(9_999)), Some(gbp(9_999))), false, 0.0);
    let taken = |left: i64| -> Vec<ReplenishmentLineId> {
        rule.as_ref()
            .map(|rule| rule.lines_to_approve(&lines, &known, &[of(supplier, left)]).into_iter().collect())
            .unwrap_or_default()
    };
    let ids = |numbers: &[u128]| -> Vec<ReplenishmentLineId> { numbers.iter().map(|number| id(*number)).collect() };
    assert_eq!((taken(1_300), taken(1_299)), (ids(&[1, 2, 3, 4]), ids(&[2])), "an order waits as a whole");
}

#[test]
fn a_plan_with_money_of_its_own_keeps_the_other_budgets() {
    let narrow = AvailableBudget { scope: BudgetScope::Store(id(2)), left: gbp(50), products: BTreeSet::new() };
    let has = |left: Option<i64>, given: Option<i64>| {
        let mut available: Vec<AvailableBudget> =
            left.map(|left| AvailableBudget::company(gbp(left))).into_iter().chain([narrow.clone()]).collect();
        let has = apply_plan_budget(&mut available, given.map(gbp));
        (has, available)
    };
    assert_eq!(has(Some(100), Some(30)), (Some(gbp(30)), vec![narrow.clone(), AvailableBudget::company(gbp(30))]));
    assert_eq!(has(Some(100), None), (Some(gbp(100)), vec![narrow.clone(), AvailableBudget::company(gbp(100))]));
    assert_eq!(has(None, None), (None, vec![narrow.clone()]));
}
