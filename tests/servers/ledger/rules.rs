//! The rules of stock, as tables.

use entity::prelude::{MovementKind::*, *};
use entrepot::{
    clock,
    ledger::{Command, StockCommand},
    stock::core::{Compare, Costs, RateLookup, Shortage},
};

use super::{
    factory::{CommandFactory, q},
    scenario::{HOUR, Hold::*, NOW, Scenario},
    world::{ARCHIVED, MUG, RICE, WRAPPING},
};

fn adjust(kind: MovementKind, policy: Shortage, delta: i64) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| Command::of(StockCommand::Adjust(make.adjusting(kind, policy, &[(MUG, 0, delta)])))
}
fn set(policy: Shortage, on_hand: i64, compare: Compare) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| Command::of(StockCommand::Set(make.setting(policy, &[(MUG, 0, on_hand, compare)])))
}
fn reserve(items: &[(usize, usize, i64)]) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| Command::of(StockCommand::Reserve(make.reserving(None, items)))
}

#[test]
fn each_kind_of_adjustment_has_its_sign() {
    for (kind, up, down) in
        [(Receipt, true, false), (Return, true, false), (Sale, false, true), (Removal, false, true), (Adjustment, true, true)]
    {
        for (delta, allowed) in [(3, up), (-3, down), (0, false)] {
            let scenario = Scenario::given(10, 0).when(adjust(kind, Shortage::Refuse, delta));
            if allowed {
                scenario.then_mugs(10 + delta, 0).then_posts(&[kind]);
            } else {
                scenario.then_refused("OUT_OF_RANGE").at("input.changes.0.delta");
            }
        }
    }
}

#[test]
fn what_is_promised_or_set_aside_is_not_taken() {
    // on hand, unavailable, held, taken → allowed
    for (on_hand, unavailable, held, taken, allowed) in [
        (10, 0, 7, 3, true),
        (10, 0, 7, 4, false),
        (10, 2, 5, 3, true),
        (10, 2, 5, 4, false),
        (10, 10, 0, 1, false),
        (0, 0, 0, 1, false),
    ] {
        let mut scenario = Scenario::given(on_hand, unavailable);
        if held > 0 {
            scenario = scenario.held(held, Paid);
        }
        let scenario = scenario.when(adjust(Sale, Shortage::Refuse, -taken));
        if allowed {
            scenario.then_mugs(on_hand - taken, held);
        } else {
            scenario.then_refused("INSUFFICIENT").at("input.changes.0.delta");
        }
    }
}

#[test]
fn shorten_takes_from_unpaid_holds_newest_first() {
    let scenario = || Scenario::given(10, 0).held(2, Unpaid).held(3, Paid).held(4, Unpaid);
    // One is free; of nine held, six are unpaid.
    let cases = [
        (1, [(2, "ACTIVE"), (3, "ACTIVE"), (4, "ACTIVE")]),
        (3, [(2, "ACTIVE"), (3, "ACTIVE"), (2, "ACTIVE")]),
        (6, [(1, "ACTIVE"), (3, "ACTIVE"), (0, "SHORTENED")]),
        (8, [(0, "SHORTENED"), (2, "ACTIVE"), (0, "SHORTENED")]),
        (10, [(0, "SHORTENED"), (0, "SHORTENED"), (0, "SHORTENED")]),
    ];
    for (taken, holds) in cases {
        let outcome = scenario().when(adjust(Removal, Shortage::Shorten, -taken));
        let left: i64 = holds.iter().map(|(n, _)| n).sum();
        let kinds: &[MovementKind] = if taken == 1 { &[Removal] } else { &[Release, Removal] };
        let outcome = outcome.then_mugs(10 - taken, left).then_posts(kinds);
        for (hold, (remaining, status)) in holds.into_iter().enumerate() {
            assert_eq!(
                outcome.remaining(hold),
                (remaining, ReservationStatus::parse(status).unwrap()),
                "taking {taken}, hold {hold}"
            );
        }
    }
    scenario().when(adjust(Removal, Shortage::Shorten, -11)).then_refused("INSUFFICIENT");
}

#[test]
fn a_discrepancy_balances_first_and_keeps_what_is_promised() {
    Scenario::given(10, 0)
        .held(8, Paid)
        .when(adjust(Removal, Shortage::PostDiscrepancy, -5))
        .then_mugs(8, 8)
        .then_posts(&[Discrepancy, Removal]);
    Scenario::given(0, 0).when(adjust(Sale, Shortage::PostDiscrepancy, -4)).then_mugs(0, 0).then_posts(&[Discrepancy, Sale]);
    Scenario::given(9, 0).when(adjust(Sale, Shortage::PostDiscrepancy, -4)).then_mugs(5, 0).then_posts(&[Sale]);
}

#[test]
fn set_compares_and_sets() {
    let cases = [
        (Compare::Unconditional, true),
        (Compare::Version(0), true),
        (Compare::Version(1), false),
        (Compare::OnHand(q(10)), true),
        (Compare::OnHand(q(9)), false),
    ];
    for (compare, agrees) in cases {
        let scenario = Scenario::given(10, 0).when(set(Shortage::Refuse, 4, compare));
        if agrees {
            scenario.then_mugs(4, 0);
        } else {
            scenario.then_refused("VERSION_CONFLICT").at("input.items.0.compare");
        }
    }
    Scenario::given(10, 0).when(set(Shortage::Refuse, 10, Compare::Unconditional)).then_mugs(10, 0).then_posts(&[]);
    Scenario::given(10, 0).when(set(Shortage::Refuse, -1, Compare::Unconditional)).then_refused("OUT_OF_RANGE");
    Scenario::given(10, 0).held(8, Paid).when(set(Shortage::Refuse, 7, Compare::Unconditional)).then_refused("INSUFFICIENT");
    for policy in [Shortage::Shorten, Shortage::PostDiscrepancy] {
        Scenario::given(10, 0)
            .held(8, Paid)
            .when(set(policy, 5, Compare::Unconditional))
            .then_mugs(5, 5)
            .then_posts(&[Release, Adjustment]);
    }
    let twice = |make: &CommandFactory| {
        Command::of(StockCommand::Set(
            make.setting(Shortage::Refuse, &[(MUG, 0, 1, Compare::Unconditional), (MUG, 0, 2, Compare::Unconditional)]),
        ))
    };
    Scenario::given(10, 0).when(twice).then_refused("INVALID").at("input.items.1");
}

#[test]
fn a_level_may_occur_twice_and_its_version_is_checked_before_the_first() {
    let call = |versions: [Option<i64>; 3]| {
        move |make: &CommandFactory| {
            let mut adjust = make.adjusting(Adjustment, Shortage::Refuse, &[(MUG, 0, -4), (RICE, 0, 1), (MUG, 0, -6)]);
            adjust.changes.iter_mut().zip(versions).for_each(|(change, version)| change.expected_version = version);
            Command::of(StockCommand::Adjust(adjust))
        }
    };
    let scenario = Scenario::given(10, 0).when(call([Some(0), Some(0), Some(0)])).then_mugs(0, 0);
    let entries = &scenario.result.as_ref().unwrap().stock.movements[0].entries;
    let seen: Vec<_> = entries.iter().map(|e| (e.line, e.version_after, e.on_hand_after.get())).collect();
    assert_eq!(seen, [(1, 1, 6), (2, 1, 1), (3, 2, 0)]);
    Scenario::given(10, 0)
        .when(call([None, None, Some(1)]))
        .then_refused("VERSION_CONFLICT")
        .at("input.changes.2.expectedVersion");
    // Taken in order: what the third takes must be left by the first.
    Scenario::given(9, 0).when(call([None; 3])).then_refused("INSUFFICIENT").at("input.changes.2.delta");
}

#[test]
fn reserve_release_and_expire() {
    Scenario::given(10, 3).when(reserve(&[(MUG, 0, 4), (MUG, 0, 3)])).then_mugs(10, 7).then_posts(&[Reserve]);
    Scenario::given(10, 3).when(reserve(&[(MUG, 0, 4), (MUG, 0, 4)])).then_refused("INSUFFICIENT").at("input.items.1.quantity");
    for (quantity, code) in [(0, "OUT_OF_RANGE"), (-1, "OUT_OF_RANGE"), ((1 << 53) - 1, "INSUFFICIENT")] {
        Scenario::given(10, 0).when(reserve(&[(MUG, 0, quantity)])).then_refused(code).at("input.items.0.quantity");
    }
    Scenario::given(10, 0).when(reserve(&[])).then_refused("INVALID");

    let held = || Scenario::given(10, 0).held(4, Unpaid);
    let id = held().holds[0];
    let release = |make: &CommandFactory| Command::of(StockCommand::Release(make.releasing(&[id]), Vec::new()));
    let released = held().when(release).then_mugs(10, 0).then_posts(&[Release]);
    assert_eq!(released.remaining(0), (0, ReservationStatus::Released));
    released.when(release).then_refused("INVALID_STATE").at("input.reservationIds.0");
    held().when(|make| Command::of(StockCommand::Release(make.releasing(&[id, id]), Vec::new()))).then_refused("INVALID_STATE");
    held()
        .when(|make| Command::of(StockCommand::Release(make.releasing(&[make.clock.id()]), Vec::new())))
        .then_refused("NOT_FOUND");
    held().when(|make| Command::of(StockCommand::Release(make.releasing(&[]), Vec::new()))).then_refused("INVALID");

    let expire = |make: &CommandFactory| Command::of(StockCommand::Expire(make.expiring(&[id]), Vec::new()));
    held().when(expire).then_mugs(10, 4).then_posts(&[]);
    let expired = held().later(HOUR).when(expire).then_mugs(10, 0).then_posts(&[Release]);
    assert_eq!(expired.remaining(0), (0, ReservationStatus::Expired));
    expired.when(expire).then_mugs(10, 0).then_posts(&[]);
}

#[test]
fn what_is_held_can_be_let_go_whatever_became_of_the_product() {
    let id = Scenario::given(10, 0).held(4, Unpaid).holds[0];
    for change in [
        (|facts| facts.status = ProductStatus::Archived) as fn(&mut entrepot::stock::core::Facts),
        |facts| facts.policy = StockPolicy::Untracked,
        |facts| facts.store_archived = true,
    ] {
        let held = Scenario::given(10, 0).held(4, Unpaid).with_facts(MUG, 0, change);
        held.when(|make| Command::of(StockCommand::Release(make.releasing(&[id]), Vec::new()))).then_mugs(10, 0);
    }
}

#[test]
fn a_movement_is_reversed_once_and_whole() {
    let scenario =
        Scenario::given(10, 0).after(|make| make.adjust(Adjustment, &[(MUG, 0, 5), (RICE, 0, 8), (MUG, 0, -2)])).then_mugs(13, 0);
    let original = scenario.result.as_ref().unwrap().stock.movements[0].clone();
    let again = original.clone();
    let reversed = scenario.when(|make| Command::of(StockCommand::Reverse(make.reversing(original, Shortage::Refuse))));
    let reversed = reversed.then_mugs(10, 0).then_level(RICE, 0, [0, 0, 0]).then_posts(&[Reversal]);
    let back = reversed.result.as_ref().unwrap().stock.movements[0].clone();
    let mirrored: Vec<_> = back.entries.iter().map(|e| (e.key.product, e.on_hand_delta)).collect();
    let make = &reversed.make;
    assert_eq!(mirrored, [(make.products[MUG], 2), (make.products[RICE], -8), (make.products[MUG], -5)]);
    let reversed = reversed
        .when(|make| Command::of(StockCommand::Reverse(make.reversing(again, Shortage::Refuse))))
        .then_refused("INVALID_STATE");
    reversed
        .when(|make| Command::of(StockCommand::Reverse(make.reversing(back, Shortage::Refuse))))
        .then_refused("INVALID_STATE");
}

#[test]
fn a_reversal_takes_no_more_than_is_there() {
    let received = || {
        let outcome = Scenario::given(0, 0).after(adjust(Receipt, Shortage::Refuse, 5));
        let movement = outcome.result.as_ref().unwrap().stock.movements[0].clone();
        (outcome.after(adjust(Sale, Shortage::Refuse, -3)), movement)
    };
    let (scenario, receipt) = received();
    scenario
        .when(|make| Command::of(StockCommand::Reverse(make.reversing(receipt, Shortage::Refuse))))
        .then_refused("INSUFFICIENT");
    let (scenario, receipt) = received();
    let balanced = scenario.when(|make| Command::of(StockCommand::Reverse(make.reversing(receipt, Shortage::PostDiscrepancy))));
    balanced.then_mugs(0, 0).then_posts(&[Discrepancy, Reversal]);
    let reservation = Scenario::given(5, 0).after(reserve(&[(MUG, 0, 2)]));
    let movement = reservation.result.as_ref().unwrap().stock.movements[0].clone();
    reservation
        .when(|make| Command::of(StockCommand::Reverse(make.reversing(movement, Shortage::Refuse))))
        .then_refused("INVALID_STATE");
}

#[test]
fn figures_stay_within_what_every_client_can_read() {
    let most = (1 << 53) - 1;
    Scenario::given(0, 0).when(adjust(Receipt, Shortage::Refuse, most)).then_mugs(most, 0);
    Scenario::given(1, 0).when(adjust(Receipt, Shortage::Refuse, most)).then_refused("OUT_OF_RANGE");
    Scenario::given(0, 0).when(set(Shortage::Refuse, most, Compare::Unconditional)).then_mugs(most, 0);
    Scenario::given(0, 0).when(adjust(Sale, Shortage::PostDiscrepancy, -most)).then_mugs(0, 0);
}

#[test]
fn only_stocked_products_move() {
    for (product, code) in [(WRAPPING, "INVALID"), (ARCHIVED, "INVALID_STATE")] {
        Scenario::given(0, 0)
            .when(|make| make.adjust(Receipt, &[(product, 0, 1)]))
            .then_refused(code)
            .at("input.changes.0.product");
        Scenario::given(0, 0).when(reserve(&[(product, 0, 1)])).then_refused(code).at("input.items.0.product");
        let set = |make: &CommandFactory| {
            Command::of(StockCommand::Set(make.setting(Shortage::Refuse, &[(product, 0, 1, Compare::Unconditional)])))
        };
        Scenario::given(0, 0).when(set).then_refused(code).at("input.items.0.product");
    }
    let closed = || Scenario::given(9, 0).with_facts(MUG, 0, |facts| facts.store_archived = true);
    closed().when(adjust(Sale, Shortage::Refuse, -1)).then_refused("INVALID_STATE").at("input.changes.0.store");
    closed().when(reserve(&[(MUG, 0, 1)])).then_refused("INVALID_STATE").at("input.items.0.store");
    let unknown = |make: &CommandFactory| {
        let mut adjust = make.adjusting(Receipt, Shortage::Refuse, &[(MUG, 0, 1)]);
        adjust.changes[0].key.product = make.clock.id();
        Command::of(StockCommand::Adjust(adjust))
    };
    Scenario::given(9, 0).when(unknown).then_refused("NOT_FOUND");
}

#[test]
fn moments_lie_in_the_open_past() {
    let at = |moment: Timestamp| {
        move |make: &CommandFactory| {
            let mut adjust = make.adjusting(Receipt, Shortage::Refuse, &[(MUG, 0, 1)]);
            adjust.head.occurred_at = moment;
            Command::of(StockCommand::Adjust(adjust))
        }
    };
    let closed = || Scenario::given(0, 0).closed_through("2023-10-31");
    let moment = |text: &str| clock::parse_rfc3339(text).unwrap();
    closed().when(at(NOW.plus_seconds(300))).then_mugs(1, 0);
    closed().when(at(Timestamp(NOW.plus_seconds(300).micros() + 1))).then_refused("OUT_OF_RANGE").at("input.occurredAt");
    // The store's own day counts: London is an hour ahead of UTC until 29 October, and level with it after.
    closed().when(at(moment("2023-11-01T00:00:00Z"))).then_mugs(1, 0);
    closed().when(at(moment("2023-10-31T23:59:59Z"))).then_refused("PERIOD_CLOSED");
    let summer = || Scenario::given(0, 0).closed_through("2023-06-30");
    summer().when(at(moment("2023-06-30T23:00:00Z"))).then_mugs(1, 0);
    summer().when(at(moment("2023-06-30T22:59:59Z"))).then_refused("PERIOD_CLOSED");
    // A movement over several stores has the local day of each store, whichever comes first.
    for far in [0, 1] {
        let both = move |make: &CommandFactory| {
            let mut adjust = make.adjusting(Receipt, Shortage::Refuse, &[(MUG, 0, 1), (MUG, 1, 1)]);
            adjust.head.occurred_at = moment("2023-11-01T00:00:00Z");
            Command::of(StockCommand::Adjust(adjust))
        };
        let honolulu = closed().with_facts(MUG, far, |facts| facts.time_zone = "Pacific/Honolulu".to_owned());
        honolulu.when(both).then_refused("PERIOD_CLOSED").at("input.occurredAt");
    }
    let scenario = closed().when(at(moment("2023-11-02T10:00:00Z")));
    let movement = &scenario.result.unwrap().stock.movements[0];
    assert_eq!(clock::day_text(movement.business_date), "2023-11-02");
    assert_eq!((movement.recorded_at, movement.entries[0].occurred_max), (NOW, movement.occurred_at));
}

#[test]
fn a_movement_that_arrives_late_keeps_the_latest_moment() {
    let at = |seconds: i64| {
        move |make: &CommandFactory| {
            let mut adjust = make.adjusting(Receipt, Shortage::Refuse, &[(MUG, 0, 1)]);
            adjust.head.occurred_at = NOW.plus_seconds(seconds);
            Command::of(StockCommand::Adjust(adjust))
        }
    };
    let scenario = Scenario::given(0, 0).after(at(-10)).after(at(-20)).after(at(-5));
    assert_eq!(scenario.book.levels[&scenario.key(MUG, 0)].last_occurred_at, NOW.plus_seconds(-5));
    let late = Scenario::given(0, 0).after(at(-10)).after(at(-20));
    assert_eq!(late.result.unwrap().stock.movements[0].entries[0].occurred_max, NOW.plus_seconds(-10));
}

#[test]
fn a_movement_has_at_most_as_many_entries_as_its_ids_can_number() {
    let many = |make: &CommandFactory| make.adjust(Receipt, &vec![(MUG, 0, 1); 4_096]);
    Scenario::given(0, 0).when(many).then_refused("LIMIT_EXCEEDED");
    let most = |make: &CommandFactory| make.adjust(Receipt, &vec![(MUG, 0, 1); 4_095]);
    Scenario::given(0, 0).when(most).then_mugs(4_095, 0);
}

#[test]
fn value_is_the_cost_of_a_whole_unit_extended() {
    let scenario = Scenario::given(0, 0).when(|make| make.adjust(Receipt, &[(RICE, 0, 1_500), (MUG, 0, 2)]));
    let values: Vec<_> = scenario.result.unwrap().stock.movements[0].entries.iter().map(|e| e.value.unwrap().minor).collect();
    // 1.5 kg at £1.01 is £1.515, which rounds away from zero.
    assert_eq!(values, [152, 202]);
}

#[test]
fn a_rate_is_missing_for_a_stated_cost_and_until_that_of_the_day_was_looked_up() {
    let (eur, day) = (Currency::parse("EUR").unwrap(), clock::local_day(NOW, "Europe/London"));
    let receipt = move |stated: Option<Money>, looked_up: Option<i32>| {
        move |make: &CommandFactory| {
            let mut adjust = make.adjusting(Receipt, Shortage::Refuse, &[(MUG, 0, 3)]);
            adjust.changes[0].unit_cost = stated;
            let rates = looked_up.map(|day| RateLookup { from: eur, to: Currency::GBP, day, found: None });
            adjust.costs = Costs { books: Some(Currency::GBP), rates: rates.into_iter().collect() };
            Command::of(StockCommand::Adjust(adjust))
        }
    };
    let abroad = || Scenario::given(10, 0).with_facts(MUG, 0, |facts| facts.cost = Some(Money::new(200, eur)));
    // The rate of the day before is no answer for this one: a call may go on over midnight.
    for (stated, looked_up) in [(None, None), (None, Some(day - 1)), (Some(Money::new(90, eur)), Some(day))] {
        abroad().when(receipt(stated, looked_up)).then_refused("RATE_MISSING").at("input.changes.0.unitCost");
    }
    abroad().when(receipt(None, Some(day))).then_mugs(13, 0);
}
