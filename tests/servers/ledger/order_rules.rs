//! The rules of orders and returns, as tables.

use entity::prelude::{MovementKind::*, *};
use entrepot::{
    clock,
    ledger::Command,
    orders::core::{Create, NewLine, NewStatus, OrderCommand},
    returns::core::{NewReturnLine, Receive, ReturnCommand, ReturnDecision},
    stock::core::Shortage,
};

use super::{
    factory::{CommandFactory, gbp, piece, q},
    scenario::{HOUR, Hold::*, NOW, Scenario},
    world::{ARCHIVED, MUG, POSTER, RICE, WRAPPING},
};

const PENDING: NewStatus = NewStatus::Pending { until: Timestamp(NOW.0 + HOUR * 1_000_000) };

fn create(status: NewStatus, lines: &[(usize, i64)]) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| make.order(status, lines).1
}
fn with(change: impl FnOnce(&CommandFactory, &mut Create)) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| {
        let mut create = make.creating(NewStatus::Confirmed, vec![make.line(MUG, 1)]);
        change(make, &mut create);
        Command::of(OrderCommand::Create(Box::new(create), Vec::new()))
    }
}
fn with_line(change: impl FnOnce(&mut NewLine)) -> impl FnOnce(&CommandFactory) -> Command {
    with(|_, create| change(&mut create.lines[0]))
}
pub fn counters(scenario: &Scenario, line: usize) -> [i64; 5] {
    let line = &scenario.the_order().lines[line];
    [line.open, line.backordered, line.cancelled, line.fulfilled, line.returned].map(Quantity::get)
}

#[test]
fn an_order_holds_or_takes_what_its_status_says() {
    let cases: [(NewStatus, [i64; 2], &[MovementKind]); 4] = [
        (NewStatus::Draft, [10, 0], &[]),
        (PENDING, [10, 4], &[Reserve]),
        (NewStatus::Confirmed, [10, 4], &[Reserve]),
        (NewStatus::Fulfilled, [6, 0], &[Sale]),
    ];
    for (status, [on_hand, reserved], kinds) in cases {
        let scenario = Scenario::given(10, 0).when(create(status, &[(MUG, 4)])).then_mugs(on_hand, reserved).then_posts(kinds);
        let order = scenario.the_order();
        assert_eq!(order.expires_at.is_some(), order.status == OrderStatus::Pending);
        let fulfilled = if status == NewStatus::Fulfilled { 4 } else { 0 };
        assert_eq!(counters(&scenario, 0), [4 - fulfilled, 0, 0, fulfilled, 0]);
    }
    for status in [PENDING, NewStatus::Confirmed, NewStatus::Fulfilled] {
        Scenario::given(3, 0).when(create(status, &[(MUG, 4)])).then_refused("INSUFFICIENT").at("input.lines.0.quantity");
        Scenario::given(7, 0)
            .when(create(status, &[(MUG, 4), (MUG, 4)]))
            .then_refused("INSUFFICIENT")
            .at("input.lines.1.quantity");
    }
    Scenario::given(0, 0).when(create(NewStatus::Draft, &[(MUG, 4)])).then_mugs(0, 0);
}

#[test]
fn backordered_products_hold_what_there_is_and_owe_the_rest() {
    let order = |status| create(status, &[(POSTER, 10)]);
    let scenario = Scenario::given(0, 0).stocked(POSTER, 0, 4).when(order(NewStatus::Confirmed)).then_level(POSTER, 0, [4, 4, 0]);
    assert_eq!(counters(&scenario, 0), [4, 6, 0, 0, 0]);
    let none = Scenario::given(0, 0).when(order(NewStatus::Confirmed)).then_posts(&[]);
    assert_eq!(counters(&none, 0), [0, 10, 0, 0, 0]);
    // Over the counter there is nothing to owe.
    Scenario::given(0, 0).stocked(POSTER, 0, 4).when(order(NewStatus::Fulfilled)).then_refused("INSUFFICIENT");
}

#[test]
fn services_and_charges_move_nothing() {
    let both = |make: &CommandFactory| {
        let lines = vec![make.line(WRAPPING, 3), CommandFactory::charge(499)];
        Command::of(OrderCommand::Create(Box::new(make.creating(NewStatus::Fulfilled, lines)), Vec::new()))
    };
    let scenario = Scenario::given(0, 0).when(both).then_posts(&[]);
    assert_eq!(scenario.the_order().total, gbp(3 * 255 + 499));
    assert_eq!(counters(&scenario, 1), [0, 0, 0, 1, 0]);
}

#[test]
fn only_active_products_of_open_stores_are_sold() {
    Scenario::given(0, 0)
        .when(create(NewStatus::Draft, &[(ARCHIVED, 1)]))
        .then_refused("INVALID_STATE")
        .at("input.lines.0.product");
    let draft = Scenario::given(9, 0).with_facts(MUG, 0, |facts| facts.status = ProductStatus::Draft);
    draft.when(create(NewStatus::Fulfilled, &[(MUG, 1)])).then_refused("INVALID_STATE");
    let closed = Scenario::given(9, 0).with_facts(MUG, 0, |facts| facts.store_archived = true);
    closed.when(create(NewStatus::Draft, &[(MUG, 1)])).then_refused("INVALID_STATE").at("input.store");
    Scenario::given(9, 0).when(with_line(|line| line.product = Some(ProductId::NIL))).then_refused("NOT_FOUND");
}

#[test]
fn an_order_of_charges_alone_knows_its_store() {
    let charges = |at: Option<StoreId>| {
        with(move |_, create| {
            create.lines = vec![CommandFactory::charge(100)];
            create.store = at.unwrap_or(create.store);
        })
    };
    let scenario = Scenario::given(0, 0).later(0).when(charges(None));
    assert_eq!(clock::day_text(scenario.the_order().business_date), "2023-11-14");
    Scenario::given(0, 0).when(charges(Some(StoreId::NIL))).then_refused("NOT_FOUND").at("input.store");
    let mut closed = Scenario::given(0, 0);
    closed.orders.stores.values_mut().for_each(|store| store.archived = true);
    closed.when(charges(None)).then_refused("INVALID_STATE");
    let mut far = Scenario::given(0, 0).later(12 * HOUR);
    far.orders.stores.values_mut().for_each(|store| store.time_zone = "Pacific/Auckland".to_owned());
    let scenario = far.when(charges(None));
    assert_eq!(clock::day_text(scenario.the_order().business_date), "2023-11-15");
}

#[test]
fn names_are_checked_before_anything_moves() {
    Scenario::given(9, 0).when(with(|_, c| c.channel = ChannelId::NIL)).then_refused("NOT_FOUND").at("input.channelId");
    Scenario::given(9, 0).when(with(|_, c| c.customer = Some(CustomerId::NIL))).then_refused("NOT_FOUND").at("input.customerId");
    Scenario::given(9, 0).when(with(|_, c| c.lines.clear())).then_refused("INVALID").at("input.lines");
    let named = || with(|_, c| c.external_ref = Some("A-1".to_owned()));
    Scenario::given(9, 0).after(named()).when(named()).then_refused("DUPLICATE").at("input.externalRef");
    for policy in [Shortage::Shorten, Shortage::PostDiscrepancy] {
        Scenario::given(9, 0).when(with(|_, c| c.on_shortage = policy)).then_refused("INVALID").at("input.onShortage");
    }
    let closed = Scenario::given(9, 0).closed_through("2023-10-31");
    let october = clock::parse_rfc3339("2023-10-31T12:00:00Z").unwrap();
    closed.when(with(|_, c| c.placed_at = Some(october))).then_refused("PERIOD_CLOSED").at("input.placedAt");
    Scenario::given(9, 0).when(with(|_, c| c.placed_at = Some(NOW.plus_seconds(301)))).then_refused("OUT_OF_RANGE");
}

/// A code, the field it is about, and the line that it refuses.
type Refused = (&'static str, &'static str, fn(&mut NewLine, Money));

#[test]
fn prices_discounts_and_taxes_are_exact() {
    // price, quantity of rice in grams, discount, tax → total
    let cases = [
        (333, 1_500, 0, 0, 500),
        (333, 1_499, 0, 0, 499),
        (255, 1_000, 55, 40, 240),
        (255, 1_000, 255, 0, 0),
        (1, 499, 0, 0, 0),
        (1, 500, 0, 0, 1),
    ];
    for (price, grams, discount, tax, total) in cases {
        let order = with(move |make, create| {
            create.lines = vec![make.line(RICE, grams)];
            let line = &mut create.lines[0];
            (line.unit_price, line.discount, line.tax) = (Some(gbp(price)), Some(gbp(discount)), Some(gbp(tax)));
            create.status = NewStatus::Draft;
        });
        let scenario = Scenario::given(0, 0).when(order);
        assert_eq!(scenario.the_order().total, gbp(total), "{grams} g at {price}, less {discount}, plus {tax}");
    }
    let dollars = Money::new(1, Currency::parse("USD").unwrap());
    let refused: [Refused; 10] = [
        ("OUT_OF_RANGE", "discount", |line, _| line.discount = Some(gbp(256))),
        ("OUT_OF_RANGE", "discount", |line, _| line.discount = Some(gbp(-1))),
        ("OUT_OF_RANGE", "tax", |line, _| line.tax = Some(gbp(-1))),
        ("OUT_OF_RANGE", "unitPrice", |line, _| line.unit_price = Some(gbp(-1))),
        ("OUT_OF_RANGE", "quantity", |line, _| line.quantity = Quantity::ZERO),
        ("OUT_OF_RANGE", "quantity", |line, _| line.quantity = q(-1)),
        ("OUT_OF_RANGE", "quantity", |line, _| line.quantity = q((1 << 53) - 1)),
        ("INVALID", "discount", |line, dollars| line.discount = Some(dollars)),
        ("INVALID", "tax", |line, dollars| line.tax = Some(dollars)),
        ("INVALID", "product", |line, _| line.product = None),
    ];
    for (code, field, change) in refused {
        let scenario = Scenario::given(9, 0).when(with_line(|line| change(line, dollars))).then_refused(code);
        scenario.at(&format!("input.lines.0.{field}"));
    }
    let mixed = with(|make, create| {
        create.lines.push(make.line(MUG, 1));
        create.lines[1].unit_price = Some(dollars);
    });
    Scenario::given(9, 0).when(mixed).then_refused("INVALID").at("input.lines.1.unitPrice.currencyCode");
    let no_price = Scenario::given(9, 0).with_facts(MUG, 0, |facts| facts.price = None);
    no_price.when(with_line(|_| {})).then_refused("INVALID").at("input.lines.0.unitPrice");
}

#[test]
fn a_cost_in_another_currency_is_not_kept_as_the_orders() {
    let dollars = Money::new(150, Currency::parse("USD").unwrap());
    let scenario = Scenario::given(9, 0).with_facts(MUG, 0, |facts| facts.cost = Some(dollars)).after(with_line(|_| {}));
    assert_eq!(scenario.the_order().lines[0].unit_cost, None);
    let id = scenario.the_order().id;
    let shipped = scenario.when(|make| Command::of(OrderCommand::Fulfil(make.fulfilling(id, None, None), Vec::new())));
    assert_eq!(shipped.result.unwrap().stock.movements[0].entries[0].unit_cost, Some(dollars));
}

#[test]
fn an_order_takes_the_place_of_holds_made_before() {
    let scenario = || Scenario::given(10, 0).held(8, Unpaid);
    let hold = scenario().holds[0];
    let taking = |status, quantity, holds: Vec<ReservationId>| {
        with(move |make, create| {
            (create.status, create.reservations) = (status, holds);
            create.lines = vec![make.line(MUG, quantity)];
        })
    };
    let outcome = scenario().when(taking(NewStatus::Confirmed, 9, vec![hold])).then_mugs(10, 9).then_posts(&[Release, Reserve]);
    assert_eq!(outcome.remaining(0), (0, ReservationStatus::Consumed));
    scenario().when(taking(NewStatus::Fulfilled, 9, vec![hold])).then_mugs(1, 0).then_posts(&[Release, Sale]);
    scenario().when(taking(NewStatus::Confirmed, 9, vec![])).then_refused("INSUFFICIENT");
    scenario().when(taking(NewStatus::Confirmed, 1, vec![hold, hold])).then_refused("INVALID_STATE").at("input.reservationIds.1");
    let unknown = ReservationId::NIL;
    scenario().when(taking(NewStatus::Confirmed, 1, vec![unknown])).then_refused("NOT_FOUND").at("input.reservationIds.0");
}

#[test]
fn a_sale_that_happened_may_override_a_shortage() {
    let sold = |policy| {
        with(move |make, create| {
            (create.status, create.on_shortage) = (NewStatus::Fulfilled, policy);
            create.lines = vec![make.line(MUG, 5)];
        })
    };
    let scenario = || Scenario::given(6, 0).held(4, Unpaid);
    scenario().when(sold(Shortage::Refuse)).then_refused("INSUFFICIENT");
    scenario().when(sold(Shortage::Shorten)).then_mugs(1, 1).then_posts(&[Release, Sale]);
    scenario().when(sold(Shortage::PostDiscrepancy)).then_mugs(4, 4).then_posts(&[Discrepancy, Sale]);
}

fn take_back(lines: impl FnOnce(&CommandFactory) -> Vec<NewReturnLine>) -> impl FnOnce(&CommandFactory) -> Command {
    move |make| Command::of(ReturnCommand::Create(Box::new(make.returning(Receive::Now, lines(make)))))
}

#[test]
fn returned_goods_go_where_their_disposition_says() {
    let cases: [(Disposition, [i64; 3], &[MovementKind]); 3] = [
        (Disposition::Restock, [13, 0, 0], &[Return]),
        (Disposition::Quarantine, [13, 0, 3], &[Return]),
        (Disposition::WriteOff, [10, 0, 0], &[Return, Removal]),
    ];
    for (disposition, level, kinds) in cases {
        let back = take_back(move |make| vec![make.return_line(MUG, 3, disposition)]);
        Scenario::given(10, 0).when(back).then_level(MUG, 0, level).then_posts(kinds);
    }
    let asked = |make: &CommandFactory| {
        let lines = vec![make.return_line(MUG, 3, Disposition::Restock)];
        Command::of(ReturnCommand::Create(Box::new(make.returning(Receive::Later, lines))))
    };
    Scenario::given(10, 0).when(asked).then_mugs(10, 0).then_posts(&[]);
    let service = take_back(|make| vec![make.return_line(WRAPPING, 3, Disposition::Restock)]);
    Scenario::given(10, 0).when(service).then_posts(&[]);
}

#[test]
fn a_return_matches_what_was_delivered() {
    let sold = || Scenario::given(10, 0).after(create(NewStatus::Fulfilled, &[(MUG, 4), (MUG, 2)]));
    let order = sold().the_order().id;
    let back = |quantity: i64, pieces: Vec<(u16, i64)>| {
        take_back(move |make| {
            let mut line = make.return_line(MUG, quantity, Disposition::Restock);
            line.matches = pieces.iter().map(|(position, n)| piece(order, *position, *n)).collect();
            vec![line]
        })
    };
    let scenario = sold().when(back(5, vec![(1, 3), (2, 2)])).then_mugs(9, 0);
    assert_eq!((counters(&scenario, 0)[4], counters(&scenario, 1)[4]), (3, 2));
    assert_eq!(scenario.result.as_ref().unwrap().documents.get::<ReturnDecision>().unwrap().sales_return.refund, gbp(5 * 255));
    let scenario = scenario.when(back(1, vec![(2, 1)])).then_refused("OUT_OF_RANGE");
    scenario.when(back(1, vec![(1, 1)])).then_mugs(10, 0);
    // More in the parcel than was matched is taken all the same; more matched than is in it is not.
    sold().when(back(5, vec![(1, 3)])).then_mugs(9, 0);
    for pieces in [vec![(1, 3), (2, 2)], vec![(1, 0)], vec![(1, -1)], vec![(1, 5)]] {
        sold().when(back(4, pieces)).then_refused("OUT_OF_RANGE");
    }
    sold().when(back(4, vec![(3, 1)])).then_refused("NOT_FOUND").at("input.lines.0.matches.0");
    sold().when(back(4, vec![(1, 1), (1, 1)])).then_refused("INVALID").at("input.lines.0.matches.1");
    let other = take_back(|make| {
        let mut line = make.return_line(RICE, 1, Disposition::Restock);
        line.matches = vec![piece(order, 1, 1)];
        vec![line]
    });
    sold().when(other).then_refused("INVALID");
}

#[test]
fn a_refund_follows_the_price_it_was_sold_at() {
    let dear = with_line(|line| line.unit_price = Some(gbp(999)));
    let sold = Scenario::given(10, 0).after(dear);
    let order = sold.the_order().id;
    let sold = sold.after(|make| Command::of(OrderCommand::Fulfil(make.fulfilling(order, None, None), Vec::new())));
    let back = take_back(|make| {
        let mut matched = make.return_line(MUG, 1, Disposition::Restock);
        matched.matches = vec![piece(order, 1, 1)];
        let mut own = make.return_line(MUG, 1, Disposition::Restock);
        own.unit_price = Some(gbp(5));
        vec![matched, make.return_line(MUG, 1, Disposition::Restock), own]
    });
    let scenario = sold.when(back);
    let prices: Vec<_> = scenario
        .result
        .unwrap()
        .documents
        .get::<ReturnDecision>()
        .unwrap()
        .sales_return
        .lines
        .iter()
        .map(|line| line.unit_price.minor)
        .collect();
    assert_eq!(prices, [999, 255, 5]);
}

#[test]
fn a_draft_confirmed_after_its_month_was_closed_holds_from_now() {
    let october = clock::parse_rfc3339("2023-10-20T12:00:00Z").unwrap();
    let draft = with(|_, create| (create.status, create.placed_at) = (NewStatus::Draft, Some(october)));
    let placed = Scenario::given(5, 0).after(draft).closed_through("2023-10-31");
    let order = placed.the_order().id;
    placed
        .when(|make| Command::of(OrderCommand::Confirm(Box::new(make.act(order).into()), Vec::new())))
        .then_mugs(5, 1)
        .then_posts(&[Reserve]);
}
