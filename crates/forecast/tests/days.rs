//! Policies played by days: compared with figures computed by hand, and with arbitrary records.

#![expect(clippy::unwrap_used, reason = "a test, or a tool of developers: it may panic")]

use std::ops::Range;

use forecast::{
    Panel, Traits,
    models::Method,
    reorder::{LeadTime, Policy, SafetyMethod, Terms},
    selection::DEFAULT_METHOD,
    simulate::{
        DailyDemand, DayOutcome, DayRule, DaySimulation, OrderUpTo, Outcome, Past, PlanRule, RecordedDay, SupplierDays, Target,
        UnmetDemand, simulate, simulate_days, simulate_days_on,
    },
};
use proptest::prelude::*;

const TERMS: Terms<'_> = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
const STATED: LeadTime<'_> = LeadTime::Stated(14.0);

/// Products by their days, all of them known; `units` has those of each by its number and the day.
fn shop(products: usize, weeks: usize, units: impl Fn(usize, usize) -> i64) -> (DailyDemand, Panel) {
    let (mut demand, mut panel) = (DailyDemand::new(weeks, 1), Panel::new(weeks).unwrap());
    for product in 0..products {
        let day = |day: usize| RecordedDay { units: units(product, day), is_known: true };
        demand.push(&(0..7 * weeks).map(day).collect::<Vec<_>>(), product as u64);
        add(&demand, product, &mut panel);
    }
    (demand, panel)
}

/// Adds the weeks of a product, which forecasts are made of.
fn add(demand: &DailyDemand, product: usize, panel: &mut Panel) {
    let weeks: Vec<f32> = demand.sums(product).iter().map(|units| *units as f32).collect();
    panel.push(&weeks, Traits::default()).unwrap();
}

/// 0 to 5 units a day, without a pattern.
fn uneven(product: usize, day: usize) -> i64 {
    let mixed = (product as u64 * 1_000 + day as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) % 6) as i64
}

fn past(panel: &Panel, span: usize) -> Past {
    Past::new(panel, &Method::single(DEFAULT_METHOD), span, (8, 1))
}

fn play(review_days: usize, weeks: Range<usize>) -> DaySimulation<'static> {
    DaySimulation { review_days, terms: TERMS, unmet: UnmetDemand::Lost, weeks, warm_up: 0, seed: 1 }
}

fn by(policy: Policy, safety: SafetyMethod) -> Target {
    Target::Rule(PlanRule { policy, safety, cover_days: None })
}

fn point(service: f64, cover_days: f64) -> Policy {
    Policy::ReorderPoint { service, cover_days, economic: None }
}

/// Plays all products by one target, in the last 16 of 40 weeks.
fn played((demand, panel): &(DailyDemand, Panel), review_days: usize, target: Target) -> DayOutcome {
    let rules = vec![Some(DayRule::new(target, STATED)); panel.len()];
    let play = DaySimulation { warm_up: 4, ..play(review_days, 24..40) };
    total(&simulate_days(demand, &past(panel, 3), &play, &rules))
}

fn total(found: &[DayOutcome]) -> DayOutcome {
    let mut all = DayOutcome::default();
    for one in found {
        all.total += one.total;
        all.days += one.days;
        all.short_days += one.short_days;
    }
    all
}

/// Ten a day for a number of weeks, beginning with a full shelf.
fn ten_a_day_by(
    policy: Policy,
    (weeks, review_days): (usize, usize),
    lead: LeadTime<'_>,
    supplier: Option<&dyn SupplierDays>,
) -> DayOutcome {
    let (demand, panel) = shop(1, 16, |_, _| 10);
    let rule = DayRule { supplier, ..DayRule::new(by(policy, SafetyMethod::Quantile), lead) };
    simulate_days(&demand, &past(&panel, 3), &play(review_days, 10..10 + weeks), &[Some(rule)])[0]
}

/// Two weeks of it, ordered up to 100 at 30.
fn ten_a_day(review_days: usize, lead: LeadTime<'_>) -> DayOutcome {
    ten_a_day_by(Policy::MinMax { point: 30.0, maximum: 100.0 }, (2, review_days), lead, None)
}

#[test]
fn goods_arrive_on_their_day() {
    // On the morning of the eighth day 30 are in stock: 70 are ordered. They arrive three days later; the last of the 30 was sold the evening before.
    let in_time = DayOutcome {
        total: Outcome { cycles: 2, served: 2, demanded: 140.0, met: 140.0, stock: 630.0, orders: 1, ordered: 70.0 },
        days: 14,
        empty_days: 1,
        peak: 100.0,
        received: 70.0,
        opening: 100.0,
        closing: 30.0,
        ..DayOutcome::default()
    };
    assert_eq!(ten_a_day(1, LeadTime::Stated(3.0)), in_time);
    assert_eq!((in_time.total.service(), in_time.total.fill(), in_time.mean_stock()), (Some(1.0), Some(1.0), Some(45.0)));
    // Five days are two too many.
    let late = DayOutcome {
        total: Outcome { served: 1, met: 120.0, stock: 560.0, ..in_time.total },
        short_days: 2,
        short_weeks: 1,
        empty_days: 3,
        closing: 50.0,
        ..in_time
    };
    assert_eq!(ten_a_day(1, LeadTime::Stated(5.0)), late);
    // A delivery of half a day arrives the next morning; without a lead time it arrives at once.
    let (half, next) = (ten_a_day(1, LeadTime::Stated(0.5)), ten_a_day(1, LeadTime::Stated(1.0)));
    let none = ten_a_day(1, LeadTime::Stated(0.0));
    assert_eq!((half, next.closing, next.empty_days, next.total.stock), (next, 30.0, 0, 770.0));
    assert_eq!((none.closing, none.empty_days, none.total.stock), (30.0, 0, 840.0));
}

#[test]
fn a_point_is_looked_at_on_days_of_review() {
    // On the sixth day 50 are left, on the eleventh none: 100 are ordered, and come on the fourteenth.
    let found = ten_a_day(5, LeadTime::Stated(3.0));
    assert_eq!((found.total.orders, found.total.ordered, found.short_days, found.empty_days), (1, 100.0, 3, 4));
    assert_eq!(
        (found.total.met, found.closing, found.total.stock, found.total.served, found.total.cycles),
        (110.0, 90.0, 540.0, 1, 2)
    );
}

/// A supplier that takes orders on one day of `every` and delivers on any day; days are counted from a Monday.
#[derive(Debug)]
struct Orders {
    every: usize,
}

impl SupplierDays for Orders {
    fn arrival(&self, day: usize, lead_days: usize) -> usize {
        day.next_multiple_of(self.every) + lead_days
    }
    fn protection_days(&self, day: usize, lead_days: usize, review_days: usize) -> usize {
        let next_look = (day + review_days).max(day.next_multiple_of(self.every) + 1);
        self.arrival(next_look, lead_days) - day - review_days
    }
}

#[test]
fn an_order_of_a_tuesday_goes_out_on_the_next_monday() {
    let policy = Policy::MinMax { point: 20.0, maximum: 100.0 };
    let of = |supplier: Option<&dyn SupplierDays>| ten_a_day_by(policy, (3, 1), LeadTime::Stated(3.0), supplier);
    // On the morning of the second Tuesday 20 are in stock: 80 are ordered. The 20 last until Wednesday evening; the order goes out on Monday and
    // arrives on Thursday of the third week. Seven days sell nothing, three of them in that week; 40 of the 80 are left on its Sunday.
    let mondays = DayOutcome {
        total: Outcome { cycles: 2, served: 1, demanded: 210.0, met: 140.0, stock: 670.0, orders: 1, ordered: 80.0 },
        days: 21,
        short_days: 7,
        short_weeks: 2,
        empty_days: 8,
        peak: 100.0,
        received: 80.0,
        expired: 0.0,
        opening: 100.0,
        closing: 40.0,
    };
    assert_eq!(of(Some(&Orders { every: 7 })), mondays);
    // On any day it comes on Friday: one day sells nothing, and one day of the next order, which comes on Sunday of the third week.
    let any = of(None);
    assert_eq!((any.short_days, any.total.orders, any.total.met, any.closing), (2, 2, 190.0, 70.0));
    assert!(mondays.total.fill() < any.total.fill());
}

#[test]
fn stock_is_kept_until_what_the_next_order_day_orders_arrives() {
    let policy = Policy::TargetDays { safety_days: 0.0, target_days: 7.0 };
    // On a Monday stock is kept for 8 days and filled up to 15 days: 150. On Tuesdays it is kept for 14 days: 140 are in stock, and are filled up to
    // 210. The order then goes out on Monday and arrives on Wednesday of the week after, when 60 are left.
    let found = ten_a_day_by(policy, (2, 1), LeadTime::Stated(2.0), Some(&Orders { every: 7 }));
    let expected = DayOutcome {
        total: Outcome { cycles: 2, served: 2, demanded: 140.0, met: 140.0, stock: 1_400.0, orders: 2, ordered: 140.0 },
        days: 14,
        peak: 150.0,
        received: 70.0,
        opening: 150.0,
        closing: 80.0,
        ..DayOutcome::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn a_supplier_of_all_days_is_one_without_a_calendar() {
    let (demand, panel) = shop(60, 40, uneven);
    let past = past(&panel, 4);
    let leads = [1.0, 4.0, 4.0, 9.0, 0.0];
    let points = by(point(0.95, 14.0), SafetyMethod::Quantile);
    let periodic = |review_days: f64| by(Policy::Periodic { service: 0.9, review_days }, SafetyMethod::Quantile);
    for (target, review) in [(points, 1), (points, 3), (periodic(5.0), 5), (Target::OfWeeks(4), 7)] {
        let of = |supplier: Option<&dyn SupplierDays>| {
            let lead = LeadTime::Measured { days: &leads, stated: 4.0 };
            let rules = vec![Some(DayRule { supplier, ..DayRule::new(target, lead) }); 60];
            simulate_days(&demand, &past, &play(review, 24..40), &rules)
        };
        let (none, all_days, mondays) = (of(None), of(Some(&Orders { every: 1 })), of(Some(&Orders { every: 7 })));
        assert_eq!(none, all_days, "{target:?} each {review} days");
        assert_eq!(none == mondays, review == 7, "looked at on Mondays only, nothing waits: {target:?} each {review} days");
    }
}

#[test]
fn weeks_by_days_are_what_weeks_are() {
    let (demand, panel) = shop(60, 40, uneven);
    for review in [1, 2] {
        let past = past(&panel, 2 + review);
        for service in [0.8, 0.95] {
            let policy = Policy::Periodic { service, review_days: 7.0 * review as f64 };
            let rules = vec![Some(DayRule::new(by(policy, SafetyMethod::Quantile), STATED)); 60];
            let days = DaySimulation { warm_up: 4, ..play(7 * review, 24..40) };
            let found = total(&simulate_days(&demand, &past, &days, &rules));
            let weekly = OrderUpTo {
                service,
                lead_weeks: 2,
                review_weeks: review,
                terms: TERMS,
                unmet: UnmetDemand::Lost,
                weeks: 24..40,
                warm_up: 4,
                seed: 1,
            };
            let weekly = simulate(&panel, &[], &past, &weekly).all;
            assert_eq!(
                Outcome { stock: weekly.stock, ..found.total },
                weekly,
                "but for the stock, which is that of the ends of days"
            );
            assert!(found.total.served < found.total.cycles, "{found:?}");
        }
    }
}

#[test]
fn a_point_lasts_for_the_lead_time_and_the_days_between_two_looks() {
    let steady = shop(60, 40, |_, _| 10);
    let target = by(point(0.95, 28.0), SafetyMethod::Quantile);
    let rules = vec![Some(DayRule::new(target, STATED)); 60];
    let of = |review: usize| simulate_days(&steady.0, &past(&steady.1, 3), &play(review, 24..32), &rules)[7];
    // 140 last for two weeks, and of the ten positions from 140 to 149 an order may go out at, each does. From 429 on, 280 are ordered on the 29th morning, and
    // come on the 43rd, when nine are left.
    let daily = of(1);
    assert_eq!((daily.total.orders, daily.total.ordered, daily.empty_days, daily.short_days), (1, 280.0, 0, 0));
    assert_eq!((daily.opening, daily.closing, daily.total.cycles, daily.total.served), (429.0, 149.0, 2, 2));
    // With a check once a week, 209 last for twenty days: 489, and the order goes out on the same morning.
    let weekly = of(7);
    assert_eq!((weekly.total.orders, weekly.empty_days, weekly.short_days, weekly.opening), (1, 0, 0, 489.0));
}

#[test]
fn each_order_takes_as_long_as_some_delivery_did() {
    let (demand, panel) = shop(40, 40, |_, _| 10);
    let past = past(&panel, 3);
    let target = by(Policy::MinMax { point: 30.0, maximum: 100.0 }, SafetyMethod::Quantile);
    let of = |lead: LeadTime<'_>| {
        let rules = vec![Some(DayRule::new(target, lead)); 40];
        simulate_days(&demand, &past, &play(1, 20..40), &rules)
    };
    let (days, stated) = ([2.0, 2.0, 2.0, 2.0, 9.0], 2.0);
    let found = of(LeadTime::Measured { days: &days, stated });
    assert_eq!(found, of(LeadTime::Measured { days: &days, stated }), "two runs are equal");
    let (one, all) = (found[0], total(&found));
    assert!(found.iter().any(|other| other.short_days != one.short_days), "chance differs from product to product");
    // Every fifth delivery arrives on the ninth day, and thirty units last for three days.
    let late = all.short_days as f64 / all.total.orders as f64;
    assert!((0.6..1.8).contains(&late), "6 days, one time in five: {late}");
    let few = of(LeadTime::Measured { days: &days[1..], stated });
    assert_eq!(few, of(LeadTime::Stated(2.0)), "four deliveries say nothing");
    assert_eq!(total(&few).short_days, 0);
}

#[test]
fn a_naive_policy_keeps_what_the_last_weeks_asked_for() {
    let periodic = |service: f64| by(Policy::Periodic { service, review_days: 7.0 }, SafetyMethod::Quantile);
    let steady = shop(60, 40, |_, _| 10);
    let (own, naive) = (played(&steady, 7, periodic(0.95)), played(&steady, 7, Target::OfWeeks(4)));
    // Steady demand needs no more than its mean: both policies are the same.
    assert_eq!((own.total.met, own.total.ordered, own.total.stock), (naive.total.met, naive.total.ordered, naive.total.stock));
    let any = shop(60, 40, uneven);
    let (own, naive) = (played(&any, 7, periodic(0.95)), played(&any, 7, Target::OfWeeks(4)));
    assert!(naive.total.fill() < own.total.fill() && naive.total.stock < own.total.stock, "{naive:?} {own:?}");
}

#[test]
fn products_are_played_at_once_as_each_would_be_alone() {
    let (demand, panel) = shop(60, 40, uneven);
    let past = past(&panel, 3);
    let rule = |service: f64| DayRule::new(by(point(service, 14.0), SafetyMethod::Quantile), STATED);
    let (low, high) = (rule(0.8), rule(0.98));
    // In each group of three products the first has a low service level, the second a high one, and
    // the third is not simulated.
    let rules: Vec<Option<DayRule<'_>>> = [Some(low), Some(high), None].into_iter().cycle().take(60).collect();
    let found = simulate_days(&demand, &past, &play(1, 24..40), &rules);
    for threads in [0, 2, 7, 100] {
        assert_eq!(simulate_days_on(&demand, &past, &play(1, 24..40), &rules, threads), found, "{threads} threads");
    }
    let alone = [low, high].map(|rule| simulate_days(&demand, &past, &play(1, 24..40), &[Some(rule); 60]));
    for (series, outcome) in found.iter().enumerate() {
        let expected = alone.get(series % 3).map_or_else(DayOutcome::default, |played| played[series]);
        assert_eq!(*outcome, expected, "{series}");
    }
    let units = |third: usize| found.iter().skip(third).step_by(3).map(|outcome| outcome.total.stock).sum::<f64>();
    assert!(units(0) < units(1) && units(2) < 1e-9, "{} {} {}", units(0), units(1), units(2));
    assert_eq!(simulate_days(&demand, &past, &play(1, 24..40), &[]), vec![DayOutcome::default(); 60]);
}

#[test]
fn errors_of_some_products_are_pooled_and_all_are_forecast() {
    let (_, panel) = shop(60, 40, uneven);
    let half: Vec<bool> = (0..60).map(|series| series % 2 == 0).collect();
    let (whole, pooled) = (past(&panel, 3), past(&panel, 3).with_pooled_series(&half));
    let scores = |past: &Past| past.pools(30).pool(1).map(|pool| pool.scores);
    assert_eq!(scores(&whole), scores(&pooled).map(|scores| 2 * scores));
    assert_eq!((whole.forecast(1, 30), whole.forecast(2, 30)), (pooled.forecast(1, 30), pooled.forecast(2, 30)));
}

#[test]
fn each_method_keeps_its_own_promise() {
    let any = shop(60, 40, uneven);
    let normal = SafetyMethod::Normal { deviation: 1_000.0 };
    let by = |service: f64, safety: SafetyMethod| played(&any, 1, by(point(service, 56.0), safety));
    let cycles = by(0.95, SafetyMethod::Quantile);
    let (low, high) = (by(0.6, normal), by(0.99, normal));
    assert!(low.total.stock < high.total.stock && low.total.fill() < high.total.fill(), "{low:?} {high:?}");
    assert!(high.mean_stock() < Some(300.0), "the deviation is that of the weeks, not the one that was named");
    // Lots of eight weeks: a share of units needs less than the same share of cycles.
    let units = by(0.95, SafetyMethod::FillRate);
    assert!(units.total.stock < cycles.total.stock && units.total.fill() >= Some(0.93), "{units:?} {cycles:?}");
}

#[test]
fn late_facts_are_not_known_earlier() {
    let until = |changed: i64, end: usize| {
        // The Monday of week 30 has the changed demand.
        let shop = shop(60, 40, |product, day| if day == 210 { changed } else { uneven(product, day) });
        let target = by(Policy::Periodic { service: 0.9, review_days: 3.0 }, SafetyMethod::Quantile);
        let rules = vec![Some(DayRule::new(target, LeadTime::Stated(4.0))); 60];
        total(&simulate_days(&shop.0, &past(&shop.1, 3), &play(3, 24..end), &rules))
    };
    assert_eq!(until(3, 30), until(900, 30));
    assert_ne!(until(3, 31), until(900, 31));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn units_are_conserved_and_stock_is_never_negative(
        days in proptest::collection::vec((-3_i64..40, any::<bool>()), 0..98),
        (point, more, kind) in (0_i64..120, 0_i64..120, 0_u8..3),
        leads in proptest::collection::vec(0_u8..40, 1..8),
        (review_days, pack, minimum) in (1_usize..20, 1_i64..30, 0_i64..30),
    ) {
        let recorded: Vec<RecordedDay> = days.into_iter().map(|(units, is_known)| RecordedDay { units, is_known }).collect();
        let (mut demand, mut panel) = (DailyDemand::new(14, 1), Panel::new(14).unwrap());
        for product in 0..2 {
            demand.push(&recorded, product as u64);
            add(&demand, product, &mut panel);
            for (asked, recorded) in demand.days(product).iter().zip(&recorded) {
                prop_assert!(*asked >= recorded.units.max(0) && (!recorded.is_known || *asked == recorded.units.max(0)));
            }
        }
        let leads: Vec<f64> = leads.into_iter().map(f64::from).collect();
        let target = match kind {
            0 => by(Policy::MinMax { point: point as f64, maximum: (point + more) as f64 }, SafetyMethod::Quantile),
            1 => by(Policy::TargetDays { safety_days: point as f64, target_days: (point + more) as f64 }, SafetyMethod::Quantile),
            _ => Target::OfWeeks(4),
        };
        let rules = [Some(DayRule::new(target, LeadTime::Measured { days: &leads, stated: leads[0] })); 2];
        let terms = Terms { minimum, pack, ..TERMS };
        let play = DaySimulation { terms, warm_up: 1, ..play(review_days, 9..14) };
        let found = simulate_days(&demand, &past(&panel, 3), &play, &rules);
        prop_assert_eq!(&found, &simulate_days(&demand, &past(&panel, 3), &play, &rules));
        for one in found {
            prop_assert!((one.opening + one.received - one.total.met - one.closing).abs() < 1e-9, "{one:?}");
            prop_assert!(one.total.met >= 0.0 && one.total.met <= one.total.demanded && one.opening >= 0.0 && one.closing >= 0.0, "{one:?}");
            prop_assert!(one.total.stock >= 0.0 && one.total.stock <= one.peak * one.days as f64 && one.days <= 35, "{one:?}");
            prop_assert!(one.total.served <= one.total.cycles && one.short_days <= one.empty_days && one.empty_days <= one.days, "{one:?}");
            prop_assert_eq!(one.total.met < one.total.demanded, one.short_days > 0);
            prop_assert_eq!(one.short_days > 0, one.short_weeks > 0);
            prop_assert_eq!(one.total.ordered as i64 % pack, 0);
        }
    }
}
