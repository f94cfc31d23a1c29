//! Orders that wait for the days of their supplier. Plans are made on 1970-01-05, a Monday.

use inventory::catalog::core::calendar::{ClosedDay, SupplierCalendar};

use super::*;

fn mondays() -> SupplierCalendar {
    SupplierCalendar { order_days: vec![1], ..SupplierCalendar::default() }
}
fn within(days: f64, calendar: SupplierCalendar) -> LeadTimes {
    LeadTimes { stated: days, calendar, ..LeadTimes::default() }
}
/// A product with this quantity in a store.
fn with(leads: LeadTimes, available: i64) -> ProductState {
    ProductState { leads, ..product(vec![level(2, available, MEAN)]) }
}

#[test]
fn a_weekly_order_day_makes_two_weeks_three() {
    let basis = basis(6.447, point(9_500, 0));
    let plain = plan_product(&basis, &with(within(15.0, SupplierCalendar::default()), 18));
    assert_eq!((plain[0].figures.lead_days, codes(&plain[0]).contains(&ReasonCode::SupplierCalendar)), (15.0, false));
    // An order that is not sent today is sent in seven days and arrives in 22: the stock covers 21
    // days, as in the worked example.
    let measured = LeadTimes { stated: 3.0, measured: vec![15.0; 5], calendar: mondays(), ..LeadTimes::default() };
    for leads in [within(15.0, mondays()), measured] {
        let lines = plan_product(&basis, &with(leads.clone(), 18));
        let figures = &lines[0].figures;
        assert_eq!((figures.lead_days, figures.point, lines[0].quantity), (21.0, 77, 60));
        assert!(plain[0].figures.point < 77);
        let reason = lines[0].reasons.iter().find(|reason| reason.code == ReasonCode::SupplierCalendar).unwrap();
        assert_eq!(
            reason.text,
            "by the supplier's calendar an order goes out on 1970-01-05 and arrives on 1970-01-20; \
             the lead time counts as 21 days instead of 15"
        );
        assert_eq!(plan_product(&basis, &with(leads, 78)), [], "plenty");
    }
}

#[test]
fn a_review_on_the_order_day_waits_for_nothing_but_a_closed_one() {
    let basis = basis(1.0, Some(Rule::Periodic { service: 9_500, review_days: 7, review_from: 4 }));
    let lines = plan_product(&basis, &with(within(21.0, mondays()), 40));
    assert_eq!((lines[0].figures.lead_days, lines[0].figures.up_to, lines[0].quantity), (21.0, 52, 24));
    assert!(!codes(&lines[0]).contains(&ReasonCode::SupplierCalendar));
    let closed = SupplierCalendar { closed_days: vec![ClosedDay { day: 11, name: None }], ..mondays() };
    let lines = plan_product(&basis, &with(within(21.0, closed), 40));
    let found = (lines[0].figures.lead_days, codes(&lines[0]).contains(&ReasonCode::SupplierCalendar));
    assert_eq!(found, (28.0, true), "what the next review orders goes out a week later");
}

#[test]
fn an_order_can_wait_as_long_as_the_next_plan_still_reaches_its_day() {
    let mut basis = basis(6.447, point(9_500, 0));
    // 13 last for eight days: until an order of tomorrow's plan arrives, unless today is the order
    // day.
    for (today, is_last_day) in [(4, true), (5, false), (10, false)] {
        basis.today = today;
        let lines = plan_product(&basis, &with(within(2.0, mondays()), 13));
        assert_eq!(lines[0].headroom.as_ref().unwrap().is_last_day, is_last_day, "{today}");
    }
}
