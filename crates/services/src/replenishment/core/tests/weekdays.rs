//! Products that sell on some weekdays only, or seldom: stock is kept for the days to come.

use forecast::intervals::{DayShape, DayTally};

use super::*;

/// The shape of 52 weeks.
fn shape(week: impl Fn(u32) -> [f64; 7]) -> Option<DayShape> {
    let mut tally = DayTally::default();
    (0..52).for_each(|nth| tally.add(&week(nth)));
    tally.shape(52)
}
/// About twenty on each Saturday, and nothing on other days.
fn saturdays() -> Option<DayShape> {
    shape(|week| [0.0, 0.0, 0.0, 0.0, 0.0, f64::from(18 + week % 5), 0.0])
}
/// Errors of weeks between −2 and 2.
fn basis_on(today: i32) -> Basis {
    let errors: Vec<f32> = (-500_i16..=500).map(|error| f32::from(error) / 250.0).collect();
    let mut basis = basis(0.0, point(9_000, 7));
    basis.pools = BTreeMap::from([(0, Arc::new(SumPools::from_order_statistics(vec![errors; 8])))]);
    basis.today = today;
    basis
}
fn sold(available: i64, weekly: f64, shape: Option<DayShape>) -> ProductState {
    let demand = demand(weekly, 2.0).map(|demand| Demand { shape, ..demand });
    let level = LevelState { available, demand, year_units: 1_040, ..LevelState::empty(id(2)) };
    ProductState { leads: LeadTimes { stated: 1.0, ..LeadTimes::default() }, supply: Some(supply(0, 1)), ..product(vec![level]) }
}

#[test]
fn what_sells_on_saturdays_is_ordered_on_fridays() {
    // 1970-01-09 is a Friday.
    for (today, is_ordered) in [(5, false), (6, false), (7, false), (8, true), (9, false), (10, false), (11, false)] {
        let lines = plan_product(&basis_on(today), &sold(10, 20.0, saturdays()));
        assert_eq!(lines.is_empty(), !is_ordered, "{today}: {lines:?}");
    }
    let line = plan_product(&basis_on(8), &sold(10, 20.0, saturdays())).remove(0);
    // Two of the twenty units on Saturday may be missed: at least 18 have to be in stock.
    assert!((16..=20).contains(&line.figures.point) && line.figures.lead_demand.abs() < 1e-9, "{:?}", line.figures);
    let text = "it does not sell evenly over the week: stock is kept for the demand from Friday on";
    assert!(line.reasons.iter().any(|reason| reason.code == ReasonCode::Weekdays && reason.text == text), "{:?}", line.reasons);
    assert_eq!(plan_product(&basis_on(8), &sold(21, 20.0, saturdays())), [], "plenty");
    // Without its days a week's demand comes evenly.
    assert!(codes(&plan_product(&basis_on(8), &sold(0, 20.0, None))[0]).iter().all(|code| *code != ReasonCode::Weekdays));
    // Nor where too few errors are known, and seven days of mean demand are kept.
    let mut unknown = basis_on(8);
    unknown.pools = BTreeMap::new();
    let found = plan_product(&unknown, &sold(0, 20.0, saturdays())).remove(0);
    assert!(
        codes(&found).contains(&ReasonCode::FewErrors) && !codes(&found).contains(&ReasonCode::Weekdays),
        "{:?}",
        found.reasons
    );
    assert!((found.figures.exact_point - 20.0 * 8.0 / 7.0).abs() < 1e-9, "{:?}", found.figures);
}

#[test]
fn a_promise_that_few_sales_cannot_bear_says_so() {
    // An order of twelve on one day of sixty.
    let rare = || shape(|week| std::array::from_fn(|day| f64::from(u8::from((week * 7 + day as u32) % 60 == 7)) * 12.0));
    let of = |service: i32| {
        let mut basis = basis_on(4);
        basis.policies = by_point(service);
        plan_product(&basis, &sold(0, 1.4, rare())).remove(0)
    };
    let (kept, likely) = (of(9_000), of(9_800));
    assert!(!codes(&kept).contains(&ReasonCode::FewSales), "{:?}", kept.reasons);
    let reason = likely.reasons.iter().find(|reason| reason.code == ReasonCode::FewSales);
    let text = "it sold on 6 days of the last year: too few to estimate the size of a single sale, so that 98.0 % is not certain";
    assert_eq!(reason.map(|reason| reason.text.as_str()), Some(text));
    // At 90 % the stock serves one sale, although most weeks have none.
    assert!(kept.figures.point >= 10 && likely.figures.point >= kept.figures.point, "{:?}", kept.figures);
}

fn by_point(service: i32) -> Policies {
    let Some(rule) = point(service, 7) else { panic!("a point is a rule") };
    let (scope, method) = (PolicyScope::default(), SafetyStockMethod::Quantile);
    Policies::new([Policy { id: id(9), scope, rule, method, version: 3, created_at: Timestamp(0), updated_at: Timestamp(0) }])
}
