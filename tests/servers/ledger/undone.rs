//! Reversals of sales, shipments and returns restore the state before, by rules alone, without a
//! database.

use std::collections::HashMap;

use entity::prelude::*;
use entrepot::{
    fulfilment::core::{ReverseShipment, ShipmentReversal, WorkBook},
    ledger::{Books, Command},
    orders::core::{Fulfilment, NewStatus, Order, OrderCommand, OrderDecision, ReverseSale, SaleReversal},
    returns::core::{
        ActOnReturn, Inspection, Receive, RefundReversal, Return, ReturnCommand, ReturnDecision, ReturnStep, ReverseRefund,
    },
    reversals::core::Call,
    stock::core::{Draft, Movement, Shortage},
};
use proptest::prelude::*;

use super::{
    factory::{CommandFactory, gbp, piece},
    scenario::Scenario,
    world::{MUG, RICE},
};

/// Mugs and rice in the first store.
fn stocked() -> Scenario {
    Scenario::given(60, 3).stocked(RICE, 0, 60)
}

/// Some lines of mugs and rice: a product may be on several.
fn lines() -> impl Strategy<Value = Vec<(usize, i64)>> {
    prop::collection::vec((prop_oneof![Just(MUG), Just(RICE)], 1..6i64), 1..6)
}

fn call(make: &CommandFactory, movements: usize) -> Call {
    Call {
        id: make.clock.document_id(),
        note: "typed twice".to_owned(),
        actor: make.actor,
        occurred_at: None,
        on_shortage: Shortage::Refuse,
        movements: (0..movements).map(|_| std::array::from_fn(|_| make.clock.document_id())).collect(),
    }
}

/// On hand, reserved and unavailable of all levels.
fn levels(scenario: &Scenario) -> Vec<(ProductId, StoreId, [i64; 3])> {
    let level = |level: &entrepot::stock::core::Level| {
        let figures = [level.on_hand, level.reserved, level.unavailable].map(Quantity::get);
        (level.key.product, level.key.store, figures)
    };
    let mut all: Vec<_> = scenario.book.levels.values().map(level).collect();
    all.sort_unstable();
    all
}

/// Returns the last movement of the last step.
fn posted(scenario: &Scenario) -> Movement {
    scenario.result.as_ref().unwrap().stock.movements.last().unwrap().clone()
}

/// Returns the quantities of an order's lines: ordered, open, fulfilled and cancelled.
fn figures(order: &Order) -> Vec<[i64; 4]> {
    let of = |line: &entrepot::orders::core::Line| [line.quantity, line.open, line.fulfilled, line.cancelled].map(Quantity::get);
    order.lines.iter().map(of).collect()
}

/// Undoes a shipment, of whose works nothing is known.
fn unship(scenario: &mut Scenario, shipment: &Fulfilment, original: Movement) {
    let order = scenario.the_order().clone();
    let reverse = ReverseShipment {
        order: order.id,
        fulfilment: shipment.id,
        store: shipment.store,
        expected_version: None,
        seen: order.version,
        original,
        lines: None,
        holding: scenario.make.clock.document_id(),
        call: call(&scenario.make, 1),
    };
    let mut books = Books::of(scenario.orders.clone());
    books.put(WorkBook { fulfilments: HashMap::from([(shipment.id, shipment.clone())]), ..WorkBook::default() });
    let mut draft = Draft::new(&scenario.book);
    let mut decision = Command::of(ShipmentReversal(Box::new(reverse))).decide(&mut draft, &books).unwrap();
    decision.stock = draft.finish().unwrap();
    scenario.book.evolve(&decision.stock);
    scenario.orders.evolve(decision.documents.get::<OrderDecision>().unwrap());
}

/// A step of a return.
fn step(make: &CommandFactory, ret: &Return, step: ReturnStep) -> Command {
    let action = ActOnReturn {
        ret: ret.id,
        orders: ret.orders(),
        expected_version: None,
        note: None,
        actor: make.actor,
        movements: std::array::from_fn(|_| make.clock.document_id()),
        time_zone: "Europe/London".to_owned(),
        step,
    };
    Command::of(ReturnCommand::Act(Box::new(action), make.keys([MUG])))
}

/// The return as the last step left it.
fn the_return(scenario: &Scenario) -> Return {
    scenario.result.as_ref().unwrap().documents.get::<ReturnDecision>().unwrap().sales_return.clone()
}

proptest! {
    #[test]
    fn a_sale_that_is_undone_leaves_stock_as_it_was(lines in lines()) {
        let scenario = stocked();
        let before = levels(&scenario);
        let sold = scenario.after(|make| make.order(NewStatus::Fulfilled, &lines).1);
        let (order, original) = (sold.the_order().clone(), posted(&sold));
        let undone = sold.after(|make| {
            let (id, seen, call) = (order.id, order.version, call(make, 1));
            let sale = ReverseSale { order: id, expected_version: None, seen, original, lines: None, register: None, call };
            Command::of(SaleReversal(Box::new(sale)))
        });
        prop_assert_eq!(levels(&undone), before);
        let cancelled = undone.the_order();
        prop_assert_eq!(cancelled.status, OrderStatus::Cancelled);
        for (figures, line) in figures(cancelled).into_iter().zip(&order.lines) {
            prop_assert_eq!(figures, [line.quantity.get(), 0, 0, line.quantity.get()]);
        }
    }

    #[test]
    fn shipments_that_are_undone_are_held_again(lines in lines(), part in 1..6i64, first_undone in any::<bool>()) {
        let confirmed = stocked().after(|make| make.order(NewStatus::Confirmed, &lines).1);
        let (before, order) = (levels(&confirmed), confirmed.the_order().clone());
        let some = [(1, part.min(lines[0].1))];
        let mut scenario = confirmed;
        let mut shipments: Vec<(Fulfilment, Movement)> = Vec::new();
        for named in [Some(&some[..]), None] {
            if !scenario.the_order().has_open() {
                continue;
            }
            scenario = scenario.after(|make| {
                let fulfil = make.fulfilling(order.id, None, named);
                Command::of(OrderCommand::Fulfil(fulfil, make.keys([MUG, RICE])))
            });
            let decision = scenario.result.as_ref().unwrap().documents.get::<OrderDecision>().unwrap();
            shipments.push((decision.fulfilments[0].clone(), posted(&scenario)));
        }
        if first_undone {
            shipments.reverse();
        }
        while let Some((shipment, original)) = shipments.pop() {
            unship(&mut scenario, &shipment, original);
            let left = !shipments.is_empty();
            let status = if left { OrderStatus::PartiallyFulfilled } else { OrderStatus::Confirmed };
            prop_assert_eq!(scenario.the_order().status, status);
        }
        prop_assert_eq!(levels(&scenario), before);
        prop_assert_eq!(figures(scenario.the_order()), figures(&order));
    }

    #[test]
    fn what_a_return_gave_back_is_taken_back_to_the_penny(units in (1..8i64, 1..8i64), refund in 0..4_000i64) {
        let sold = stocked()
            .after(|make| make.order(NewStatus::Fulfilled, &[(MUG, units.0)]).1)
            .after(|make| make.order(NewStatus::Fulfilled, &[(MUG, units.1)]).1);
        let mut orders: Vec<(OrderId, i64)> =
            sold.orders.orders.values().map(|order| (order.id, order.lines[0].quantity.get())).collect();
        orders.sort_unstable();
        let back = sold.after(|make| {
            let mut line = make.return_line(MUG, units.0 + units.1, Disposition::Restock);
            line.matches = orders.iter().map(|(order, units)| piece(*order, 1, *units)).collect();
            Command::of(ReturnCommand::Create(Box::new(make.returning(Receive::Now, vec![line]))))
        });
        let ret = the_return(&back);
        let seen = back.after(|make| step(make, &ret, ReturnStep::Inspect(Inspection { lines: None, occurred_at: None })));
        let refund = refund.min(255 * (units.0 + units.1));
        let closed = seen.after(|make| step(make, &ret, ReturnStep::Close { refund: Some(gbp(refund)) }));
        let given = |scenario: &Scenario| scenario.orders.orders.values().map(|order| order.paid.returned).sum::<i64>();
        prop_assert_eq!(given(&closed), refund);
        let kept: Option<i64> = the_return(&closed).lines[0].matches.iter().map(|piece| piece.given).sum();
        prop_assert_eq!(kept, Some(refund));
        let open = closed.after(|make| {
            let reverse = ReverseRefund {
                ret: ret.id,
                orders: ret.orders(),
                expected_version: None,
                time_zone: "Europe/London".to_owned(),
                has_lines: false,
                call: call(make, 0),
            };
            Command::of(RefundReversal(Box::new(reverse)))
        });
        prop_assert_eq!(given(&open), 0);
        prop_assert_eq!(the_return(&open).status(), ReturnStatus::Inspected);
    }
}
