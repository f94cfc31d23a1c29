//! Actions on an order in each state: generated from the table, with the effect of each step on
//! stock.

use entity::prelude::{MovementKind::*, *};
use entrepot::{
    api::stock::describe_reason,
    ledger::{Command, StockCommand},
    orders::core::{Action, NewStatus, ORDER_STEPS, OrderCommand, OrderDecision, actions_from, is_action_allowed},
    stock::core::Shortage,
};

use super::{
    factory::CommandFactory,
    order_rules::counters,
    scenario::{HOUR, Hold::*, NOW, Scenario},
    world::{MUG, POSTER},
};

const PENDING: NewStatus = NewStatus::Pending { until: Timestamp(NOW.0 + HOUR * 1_000_000) };
const ACTIONS: [Action; 6] = [Action::Confirm, Action::Fulfil, Action::Cancel, Action::Expire, Action::Close, Action::Reopen];

fn command(make: &CommandFactory, order: OrderId, action: Action) -> Command {
    match action {
        Action::Confirm => Command::of(OrderCommand::Confirm(Box::new(make.act(order).into()), Vec::new())),
        Action::Fulfil => Command::of(OrderCommand::Fulfil(make.fulfilling(order, None, None), Vec::new())),
        Action::Cancel => Command::of(OrderCommand::Cancel(make.act(order), Vec::new())),
        Action::Expire => Command::of(OrderCommand::Expire(make.act(order), Vec::new())),
        Action::Close => Command::of(OrderCommand::Close(make.act(order))),
        Action::Reopen => Command::of(OrderCommand::Reopen(make.act(order))),
        Action::Update => unreachable!("an edit says what it changes: orders::edits"),
    }
}
/// Positions and quantities.
type Named = &'static [(u16, i64)];

fn fulfil(order: OrderId, store: Option<usize>, lines: Named) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| Command::of(OrderCommand::Fulfil(make.fulfilling(order, store, Some(lines)), Vec::new()))
}
fn place_order(on_hand: i64, status: NewStatus, lines: &[(usize, i64)]) -> (OrderId, Scenario) {
    let resulting_order = Scenario::given(on_hand, 0).stocked(POSTER, 0, 4).after(|make| make.order(status, lines).1);
    (resulting_order.the_order().id, resulting_order)
}

/// An order of four mugs in this state, its time limit over.
fn in_state(status: OrderStatus) -> (OrderId, Scenario) {
    let new = match status {
        OrderStatus::Draft => NewStatus::Draft,
        OrderStatus::Pending | OrderStatus::Expired => PENDING,
        OrderStatus::Fulfilled | OrderStatus::Closed => NewStatus::Fulfilled,
        _ => NewStatus::Confirmed,
    };
    let (order, scenario) = place_order(10, new, &[(MUG, 4)]);
    let scenario = scenario.later(2 * HOUR);
    let scenario = match status {
        OrderStatus::PartiallyFulfilled => scenario.after(fulfil(order, None, &[(1, 3)])),
        OrderStatus::Cancelled => scenario.after(|make| command(make, order, Action::Cancel)),
        OrderStatus::Expired => scenario.after(|make| command(make, order, Action::Expire)),
        OrderStatus::Closed => scenario.after(|make| command(make, order, Action::Close)),
        _ => scenario,
    };
    assert_eq!(scenario.the_order().status, status);
    (order, scenario)
}

#[test]
fn every_step_of_the_table_leads_where_it_says_and_every_other_is_refused() {
    for status in OrderStatus::ALL.iter().copied() {
        for action in ACTIONS {
            let (order, scenario) = in_state(status);
            let version = scenario.the_order().version;
            let outcome = scenario.when(|make| command(make, order, action));
            if let Some((_, _, ends)) = ORDER_STEPS.iter().find(|step| step.0 == status && step.1 == action) {
                assert!(outcome.result.is_ok(), "{status} {action:?}: {:?}", outcome.result);
                assert!(ends.contains(&outcome.the_order().status), "{status} {action:?} led to {}", outcome.the_order().status);
                assert_eq!(outcome.the_order().version, version + 1);
            } else if action == Action::Expire {
                // The job may come late or twice: it does nothing then.
                assert_eq!(
                    outcome.result.as_ref().map(|d| d.documents.get::<OrderDecision>().unwrap().orders.len()),
                    Ok(0),
                    "{status}"
                );
            } else {
                let outcome = outcome.then_refused("INVALID_STATE").at("input.id");
                assert_eq!(outcome.the_order().version, version, "{status} {action:?}");
            }
        }
    }
}

#[test]
fn the_table_has_each_step_once_and_names_what_is_open() {
    for (index, step) in ORDER_STEPS.iter().enumerate() {
        assert!(!ORDER_STEPS[..index].iter().any(|earlier| (earlier.0, earlier.1) == (step.0, step.1)), "{step:?} twice");
        assert!(is_action_allowed(step.0, step.1));
    }
    let (order, scenario) = in_state(OrderStatus::Confirmed);
    let refused = scenario.when(|make| command(make, order, Action::Confirm)).result.unwrap_err();
    let open: Vec<_> = actions_from(OrderStatus::Confirmed).filter_map(Action::mutation).collect();
    assert_eq!(open, ["orderFulfil", "orderCancel", "orderUpdate"]);
    let reason = describe_reason(&refused.why).1;
    assert!(reason.contains("CONFIRMED; open are orderFulfil, orderCancel, orderUpdate"), "{reason}");
    let (order, scenario) = in_state(OrderStatus::Closed);
    let refused = scenario.when(|make| command(make, order, Action::Close)).result.unwrap_err();
    assert!(describe_reason(&refused.why).1.contains("CLOSED; open are orderReopen, orderUpdate"));
}

#[test]
fn a_stale_version_or_an_unknown_order_is_refused() {
    let (order, scenario) = in_state(OrderStatus::Confirmed);
    let stale = |make: &CommandFactory| {
        let mut action = make.act(order);
        action.expected_version = Some(2);
        Command::of(OrderCommand::Cancel(action, Vec::new()))
    };
    let scenario = scenario.when(stale).then_refused("STALE_DOCUMENT").at("input.expectedVersion");
    scenario.when(|make| command(make, OrderId::NIL, Action::Cancel)).then_refused("NOT_FOUND");
}

#[test]
fn confirming_a_draft_holds_and_confirming_a_pending_order_keeps() {
    let (order, scenario) = place_order(10, NewStatus::Draft, &[(MUG, 4)]);
    let scenario = scenario.when(|make| command(make, order, Action::Confirm)).then_mugs(10, 4).then_posts(&[Reserve]);
    assert!(scenario.book.reservations.values().all(|r| r.expires_at.is_none()));
    let (order, scenario) = place_order(10, PENDING, &[(MUG, 4)]);
    assert!(scenario.book.reservations.values().all(|r| r.expires_at.is_some()));
    let scenario = scenario.when(|make| command(make, order, Action::Confirm)).then_mugs(10, 4).then_posts(&[]);
    assert!(scenario.book.reservations.values().all(|r| r.expires_at.is_none()));
    let (order, scenario) = place_order(3, NewStatus::Draft, &[(MUG, 4)]);
    scenario.when(|make| command(make, order, Action::Confirm)).then_refused("INSUFFICIENT");
}

#[test]
fn fulfilling_in_parts_consumes_what_is_held() {
    let (order, scenario) = place_order(10, NewStatus::Confirmed, &[(MUG, 4), (POSTER, 6)]);
    assert_eq!((counters(&scenario, 0), counters(&scenario, 1)), ([4, 0, 0, 0, 0], [4, 2, 0, 0, 0]));
    let scenario = scenario.when(fulfil(order, None, &[(1, 3)])).then_mugs(7, 1).then_posts(&[Sale]);
    assert_eq!((scenario.the_order().status, counters(&scenario, 0)), (OrderStatus::PartiallyFulfilled, [1, 0, 0, 3, 0]));
    // Two posters are owed and not there.
    let scenario = scenario.when(fulfil(order, None, &[(2, 5)])).then_refused("INSUFFICIENT").at("input.lines.0.quantity");
    let scenario = scenario.when(fulfil(order, None, &[(1, 1), (2, 4)])).then_mugs(6, 0).then_level(POSTER, 0, [0, 0, 0]);
    assert_eq!(counters(&scenario, 1), [0, 2, 0, 4, 0]);
    let scenario = scenario.after(|make| make.adjust(Receipt, &[(POSTER, 0, 5)]));
    // Units received meanwhile must be named: none of them is held for the order yet.
    let scenario = scenario.when(|make| command(make, order, Action::Fulfil)).then_refused("INVALID_STATE").at("input.lines");
    let scenario = scenario.when(fulfil(order, None, &[(2, 2)])).then_level(POSTER, 0, [3, 0, 0]);
    assert_eq!((scenario.the_order().status, counters(&scenario, 1)), (OrderStatus::Fulfilled, [0, 0, 0, 6, 0]));
}

#[test]
fn what_is_named_to_be_shipped_must_be_open() {
    let (order, scenario) = place_order(10, NewStatus::Confirmed, &[(MUG, 4)]);
    let cases: [(Named, &str, &str); 6] = [
        (&[], "INVALID", "input.lines"),
        (&[(1, 0)], "OUT_OF_RANGE", "input.lines.0.quantity"),
        (&[(1, -1)], "OUT_OF_RANGE", "input.lines.0.quantity"),
        (&[(1, 5)], "OUT_OF_RANGE", "input.lines.0.quantity"),
        (&[(2, 1)], "NOT_FOUND", "input.lines.0.lineId"),
        (&[(1, 1), (1, 1)], "INVALID", "input.lines.1.lineId"),
    ];
    let mut scenario = scenario;
    for (lines, code, path) in cases {
        scenario = scenario.when(fulfil(order, None, lines)).then_refused(code).at(path);
    }
    let foreign = |make: &CommandFactory| {
        let mut fulfil = make.fulfilling(order, None, Some(&[(1, 1)]));
        fulfil.lines.as_mut().unwrap()[0].line = OrderId::NIL.line(1);
        Command::of(OrderCommand::Fulfil(fulfil, Vec::new()))
    };
    scenario.when(foreign).then_refused("NOT_FOUND");
}

#[test]
fn from_another_store_the_hold_is_let_go_where_it_was() {
    let (order, scenario) = place_order(10, NewStatus::Confirmed, &[(MUG, 4)]);
    let scenario = scenario.when(fulfil(order, Some(1), &[(1, 3)])).then_refused("INSUFFICIENT");
    let scenario = scenario.after(|make| make.adjust(Receipt, &[(MUG, 1, 5)]));
    let scenario = scenario
        .when(fulfil(order, Some(1), &[(1, 3)]))
        .then_mugs(10, 1)
        .then_level(MUG, 1, [2, 0, 0])
        .then_posts(&[Release, Sale]);
    scenario.when(|make| command(make, order, Action::Fulfil)).then_mugs(9, 0);
}

#[test]
fn cancelling_lets_go_what_is_outstanding() {
    let (order, scenario) = place_order(10, NewStatus::Confirmed, &[(MUG, 4), (POSTER, 6)]);
    let scenario = scenario.when(|make| command(make, order, Action::Cancel)).then_mugs(10, 0).then_level(POSTER, 0, [4, 0, 0]);
    assert_eq!((counters(&scenario, 0), counters(&scenario, 1)), ([0, 0, 4, 0, 0], [0, 0, 6, 0, 0]));
    let (order, scenario) = in_state(OrderStatus::PartiallyFulfilled);
    let scenario = scenario.when(|make| command(make, order, Action::Cancel)).then_mugs(7, 0).then_posts(&[Release]);
    assert_eq!((scenario.the_order().status, counters(&scenario, 0)), (OrderStatus::Fulfilled, [0, 0, 1, 3, 0]));
}

#[test]
fn expiry_waits_for_its_time() {
    let (order, scenario) = place_order(10, PENDING, &[(MUG, 4)]);
    let scenario = scenario.when(|make| command(make, order, Action::Expire)).then_mugs(10, 4);
    assert_eq!(scenario.the_order().status, OrderStatus::Pending);
    let scenario = scenario.later(HOUR).when(|make| command(make, order, Action::Expire)).then_mugs(10, 0).then_posts(&[Release]);
    assert_eq!(scenario.the_order().status, OrderStatus::Expired);
    let ended = scenario.book.reservations.values().next().unwrap();
    assert_eq!((ended.status, ended.remaining), (ReservationStatus::Expired, Quantity::ZERO));
}

#[test]
fn an_orders_hold_is_not_released_by_hand() {
    let (order, scenario) = place_order(10, NewStatus::Confirmed, &[(MUG, 4)]);
    let hold = order.line(1);
    let scenario = scenario
        .when(|make| Command::of(StockCommand::Release(make.releasing(&[hold]), Vec::new())))
        .then_refused("INVALID_STATE");
    scenario.later(9 * HOUR).when(|make| Command::of(StockCommand::Expire(make.expiring(&[hold]), Vec::new()))).then_mugs(10, 4);
}

#[test]
fn what_is_about_to_ship_does_not_give_way_to_itself() {
    // Seven are held by others for longer; the order holds three of the five it wants to ship.
    let scenario = Scenario::given(10, 0).held(7, Unpaid).after(|make| make.order(NewStatus::Confirmed, &[(MUG, 3)]).1);
    let order = scenario.the_order().id;
    let mut scenario = scenario;
    let line = &mut scenario.orders.orders.get_mut(&order).unwrap().lines[0];
    (line.quantity, line.backordered) = (Quantity::new(5).unwrap(), Quantity::new(2).unwrap());
    let mut shorten = scenario.make.fulfilling(order, None, Some(&[(1, 5)]));
    shorten.on_shortage = Shortage::Shorten;
    // Unpaid ones give way first; were they confirmed, the order's own hold would be the newest.
    let paid = scenario.holds[0];
    scenario.book.reservations.get_mut(&paid).unwrap().expires_at = None;
    let scenario =
        scenario.when(|_| Command::of(OrderCommand::Fulfil(shorten, Vec::new()))).then_mugs(5, 5).then_posts(&[Release, Sale]);
    assert_eq!(scenario.remaining(0), (5, ReservationStatus::Active));
}
