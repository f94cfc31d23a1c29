//! Random orders and returns, with the ledger's resulting data.

use std::collections::BTreeMap;

use entity::prelude::*;
use entrepot::{
    ledger::{Command, Receipt},
    orders::core::{ActOnOrder, Create, Fulfil, LineQuantity, NewLine, NewStatus, Order, OrderCommand, OrderDecision},
    returns::core::{CreateReturn, NewReturnLine, Receive, Return, ReturnCommand, ReturnDecision, ReturnMatch},
    stock::core::{LevelKey, LotChoice, Shortage},
};
use rand::{Rng, rngs::StdRng};

use super::world::{HOUR, START, World};

#[derive(Default)]
pub struct Trade {
    pub orders: BTreeMap<OrderId, Order>,
    pub returns: BTreeMap<ReturnId, Return>,
}

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Currency::parse(currency).unwrap())
}

/// Placement of an order: store, status and time; with a number, also its customer and its
/// reference.
struct Deal {
    store: StoreId,
    status: NewStatus,
    placed_at: Timestamp,
    number: Option<usize>,
}

fn keys(order: &Order) -> Vec<LevelKey> {
    let level = |line: &entrepot::orders::core::Line| Some(LevelKey { product: line.product()?, store: order.store });
    order.lines.iter().filter_map(level).collect()
}

/// Enough stock, then 90 orders over a month, each advanced to a random status, and returns of some
/// delivered lines.
pub async fn trade(world: &World, random: &mut StdRng) -> Trade {
    let mut trade = Trade::default();
    let levels = [0, 1, 3]
        .into_iter()
        .flat_map(|p| world.stores.iter().map(move |store| LevelKey { product: world.products[p], store: *store }));
    let changes: Vec<_> = levels.map(|key| (key, 1_000_000)).collect();
    world.adjust(MovementKind::Receipt, &changes, Timestamp(START - 24 * HOUR)).await;
    world.hands().advance_clock(800 * HOUR);
    for number in 0..90 {
        let id = trade.place(world, random, number).await;
        let step = random.random_range(0..10);
        trade.carry_on(world, random, id, step).await;
        if random.random_bool(0.5) {
            trade.take_back(world, random, id).await;
        }
    }
    trade
}

impl Trade {
    fn keep(&mut self, mut receipt: Receipt) {
        let orders: Option<OrderDecision> = receipt.documents.take();
        let sales_return: Option<ReturnDecision> = receipt.documents.take();
        assert!(orders.is_some() || sales_return.is_some(), "a command without a document");
        self.orders.extend(orders.into_iter().flat_map(|own| own.orders).map(|order| (order.id, order)));
        self.returns.extend(sales_return.map(|own| (own.sales_return.id, own.sales_return)));
    }

    async fn place(&mut self, world: &World, random: &mut StdRng, number: usize) -> OrderId {
        // Late evening in London is the next day in Auckland, and some lie in another month.
        let placed_at = Timestamp(START - 20 * HOUR + random.random_range(0..780) * HOUR);
        let currency = if number % 15 == 14 { "EUR" } else { "GBP" };
        let status = match random.random_range(0..6) {
            0 => NewStatus::Draft,
            1 => NewStatus::Pending { until: Timestamp(START + 10_000 * HOUR) },
            2 | 3 => NewStatus::Confirmed,
            _ => NewStatus::Fulfilled,
        };
        let status = if currency == "EUR" { NewStatus::Fulfilled } else { status };
        let mut lines: Vec<_> = (0..random.random_range(1..7)).map(|_| line(world, random, currency)).collect();
        if random.random_bool(0.4) && currency == "GBP" {
            let (kind, name, quantity) = (LineKind::Charge, Some("Postage".to_owned()), Quantity::new(3).unwrap());
            let unit_price = Some(money(random.random_range(-50..400), currency));
            lines.push(NewLine { name, unit_price, ..NewLine::of(kind, quantity) });
        }
        let deal = Deal { store: world.stores[random.random_range(0..2)], status, placed_at, number: Some(number) };
        self.create(world, deal, lines).await
    }

    async fn create(&mut self, world: &World, deal: Deal, lines: Vec<NewLine>) -> OrderId {
        let Deal { store, status, placed_at, number } = deal;
        let id = world.clock.document_id();
        let customer = number.and_then(|number| world.customers.get(number % 5).copied());
        let create = Create {
            id,
            store,
            channel: world.channels[number.unwrap_or(0) / 2 % 2],
            customer,
            external_ref: number.map(|number| format!("W{number}")),
            country: None,
            register: None,
            placed_at: Some(placed_at),
            status,
            reservations: Vec::new(),
            on_shortage: Shortage::Refuse,
            lines,
            sourcing: None,
            detail: None,
            whereabouts: Default::default(),
            actor: Actor::SYSTEM,
            movements: [(); 3].map(|()| world.clock.document_id()),
            currency: Currency::GBP,
        };
        self.keep(world.must_submit(Command::of(OrderCommand::Create(Box::new(create), Vec::new()))).await);
        id
    }

    /// Confirms, ships in part, cancels the rest, ships the rest or closes.
    async fn carry_on(&mut self, world: &World, random: &mut StdRng, id: OrderId, step: u32) {
        let act = |order: &Order| {
            let movement = world.clock.document_id();
            (
                ActOnOrder {
                    order: order.id,
                    expected_version: None,
                    note: None,
                    reason: None,
                    register: None,
                    actor: Actor::SYSTEM,
                    by_channel: false,
                    movement,
                },
                keys(order),
            )
        };
        let order = self.orders[&id].clone();
        if matches!(order.status, OrderStatus::Draft | OrderStatus::Pending) && step > 3 {
            let (act, keys) = act(&order);
            let command = if step > 7 {
                Command::of(OrderCommand::Cancel(act, keys))
            } else {
                Command::of(OrderCommand::Confirm(Box::new(act.into()), keys))
            };
            self.keep(world.must_submit(command).await);
        }
        let order = self.orders[&id].clone();
        if order.status == OrderStatus::Confirmed && step > 1 {
            let part = |line: &entrepot::orders::core::Line, random: &mut StdRng| LineQuantity {
                line: order.line_id(line.position),
                quantity: Quantity::new(random.random_range(1..=line.quantity.get())).unwrap(),
                lot: LotChoice::Unsaid,
            };
            let lines = order.lines.iter().filter(|line| line.position % 2 == 1).map(|line| part(line, random)).collect();
            self.fulfil(world, &order, Some(lines)).await;
        }
        let order = self.orders[&id].clone();
        match (order.status, step % 3) {
            (OrderStatus::PartiallyFulfilled, 0) => {
                let (act, keys) = act(&order);
                self.keep(world.must_submit(Command::of(OrderCommand::Cancel(act, keys))).await);
            }
            (OrderStatus::PartiallyFulfilled, 1) => self.fulfil(world, &order, None).await,
            (OrderStatus::Fulfilled, 2) => self.keep(world.must_submit(Command::of(OrderCommand::Close(act(&order).0))).await),
            _ => {}
        }
    }

    async fn fulfil(&mut self, world: &World, order: &Order, lines: Option<Vec<LineQuantity>>) {
        let fulfil = Fulfil {
            order: order.id,
            expected_version: None,
            store: None,
            lines,
            lots: Vec::new(),
            occurred_at: None,
            on_shortage: Shortage::Refuse,
            actor: Actor::SYSTEM,
            fulfilment: world.clock.document_id(),
            movements: [(); 3].map(|()| world.clock.document_id()),
        };
        self.keep(world.must_submit(Command::of(OrderCommand::Fulfil(fulfil, keys(order)))).await);
    }

    /// A return of delivered units, at any store: some matched, some blind, some only requested.
    async fn take_back(&mut self, world: &World, random: &mut StdRng, id: OrderId) {
        let order = self.orders[&id].clone();
        if order.total.currency != Currency::GBP {
            return;
        }
        let mut lines = Vec::new();
        for line in order.lines.iter().filter(|line| line.fulfilled > line.returned) {
            if random.random_bool(0.3) {
                continue;
            }
            let quantity = Quantity::new(random.random_range(1..=line.fulfilled.get() - line.returned.get())).unwrap();
            let piece = ReturnMatch { line: order.line_id(line.position), quantity };
            lines.push(NewReturnLine {
                kind: line.kind(),
                product: line.product(),
                name: line.product().is_none().then(|| "Postage".to_owned()),
                quantity,
                unit_price: Some(money(random.random_range(0..500), "GBP")),
                disposition: Disposition::Restock,
                matches: if random.random_bool(0.6) { vec![piece] } else { Vec::new() },
                lot: LotChoice::Unsaid,
            });
        }
        if lines.is_empty() {
            return;
        }
        let create = CreateReturn {
            id: world.clock.document_id(),
            store: world.stores[random.random_range(0..2)],
            customer: order.customer.filter(|_| random.random_bool(0.8)),
            external_ref: Some(format!("W1-{id}")),
            register: None,
            receive: if random.random_bool(0.8) { Receive::Now } else { Receive::Later },
            settle: None,
            note: None,
            occurred_at: Some(Timestamp(order.placed_at.micros() + random.random_range(0..200) * HOUR / 10)),
            lines,
            parts: Vec::new(),
            left: None,
            actor: Actor::SYSTEM,
            movements: [(); 2].map(|()| world.clock.document_id()),
            currency: Currency::GBP,
            time_zone: "Pacific/Auckland".to_owned(),
        };
        self.keep(world.must_submit(Command::of(ReturnCommand::Create(Box::new(create)))).await);
    }

    /// A sale of the service, which has no stock, free of charge, in `lines` lines.
    pub async fn sell_many(&mut self, world: &World, lines: usize, quantity: i64) {
        let (kind, product, quantity) = (LineKind::Product, Some(world.products[2]), Quantity::new(quantity).unwrap());
        let line = NewLine { product, unit_price: Some(money(0, "GBP")), ..NewLine::of(kind, quantity) };
        let deal = Deal { store: world.stores[0], status: NewStatus::Fulfilled, placed_at: Timestamp(START), number: None };
        self.create(world, deal, vec![line; lines]).await;
    }

    /// A counter sale on each of `days` days, with some of these products, and sometimes postage.
    pub async fn sell_daily(&mut self, world: &World, days: usize, products: &[ProductId]) {
        for day in 0..days {
            let sold = (0..3).map(|n| products[(day * 3 + n) % products.len()]);
            let line = |(n, product): (usize, ProductId)| NewLine {
                product: Some(product),
                unit_price: Some(money((day * 37 + n * 11) as i64 % 1_999, "GBP")),
                tax: Some(money((day % 13) as i64, "GBP")),
                ..NewLine::of(LineKind::Product, Quantity::new((day % 7 + n + 1) as i64).unwrap())
            };
            let mut lines: Vec<NewLine> = sold.enumerate().map(line).collect();
            if day % 5 == 0 {
                let (kind, name, quantity) = (LineKind::Charge, Some("Postage".to_owned()), Quantity::new(1).unwrap());
                let unit_price = Some(money(399, "GBP"));
                lines.push(NewLine { name, unit_price, ..NewLine::of(kind, quantity) });
            }
            let placed_at = Timestamp(START - 24 * HOUR * (day as i64 + 1));
            let deal = Deal { store: world.stores[day % 2], status: NewStatus::Fulfilled, placed_at, number: Some(1_000 + day) };
            self.create(world, deal, lines).await;
        }
    }

    /// An order of the service, which has no stock; all units but `delivered` are cancelled.
    pub async fn sell_large(&mut self, world: &World, quantity: i64, price: i64, delivered: i64) {
        let (kind, product, quantity) = (LineKind::Product, Some(world.products[2]), Quantity::new(quantity).unwrap());
        let (unit_price, discount) = (Some(money(price, "GBP")), Some(money(7, "GBP")));
        let lines = vec![NewLine { product, unit_price, discount, ..NewLine::of(kind, quantity) }];
        let (status, placed_at) = (NewStatus::Confirmed, Timestamp(START));
        let id = self.create(world, Deal { store: world.stores[0], status, placed_at, number: None }, lines).await;
        let order = self.orders[&id].clone();
        let part = LineQuantity { line: order.line_id(1), quantity: Quantity::new(delivered).unwrap(), lot: LotChoice::Unsaid };
        self.fulfil(world, &order, Some(vec![part])).await;
        if delivered > 1 {
            let movement = world.clock.document_id();
            let action = ActOnOrder {
                order: id,
                expected_version: None,
                note: None,
                reason: None,
                register: None,
                actor: Actor::SYSTEM,
                by_channel: false,
                movement,
            };
            self.keep(world.must_submit(Command::of(OrderCommand::Cancel(action, keys(&order)))).await);
        }
    }
}

fn line(world: &World, random: &mut StdRng, currency: &str) -> NewLine {
    let index = random.random_range(0..4);
    let quantity = if index == 1 { random.random_range(1..9_999) } else { random.random_range(1..30) };
    let price = random.random_range(0..2_000);
    // Small enough for the smallest line that rounds to something.
    let discount = (index != 1 && price > 10).then_some(random.random_range(0..10));
    NewLine {
        product: Some(world.products[index]),
        unit_price: Some(money(price, currency)),
        discount: discount.map(|minor| money(minor, currency)),
        tax: random.random_bool(0.5).then(|| money(random.random_range(0..99), currency)),
        ..NewLine::of(LineKind::Product, Quantity::new(quantity).unwrap())
    }
}
