//! Rules without a database: a state, a command, and its outcome.

use std::sync::Arc;

use entity::prelude::*;
use entrepot::{
    api::{
        graphql::refusal::ErrorCode,
        stock::{describe_reason, path},
    },
    clock::{self, Clock},
    ledger::{Books, Command, Decision},
    orders::core::{Order, OrderBook, StoreFacts},
    returns::core::ReturnBook,
    stock::core::{Book, Draft, Facts, Level, LevelKey, Reason, Rejection, Reservation, RowState},
};

use super::{
    factory::{CommandFactory, gbp, q},
    world::{PRODUCTS, STORES, product_traits},
};

/// Noon on 14 November 2023: the present of every scenario.
pub const NOW: Timestamp = Timestamp(1_699_963_200_000_000);
pub const HOUR: i64 = 3_600;

/// Whether held units have been paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Ends automatically.
    Unpaid,
    /// Belongs to a confirmed order.
    Paid,
}

pub struct Scenario {
    pub make: CommandFactory,
    pub book: Book,
    pub orders: OrderBook,
    pub returns: ReturnBook,
    pub result: Result<Decision, Rejection>,
    pub holds: Vec<ReservationId>,
}

impl Scenario {
    /// Mugs at the first store; everything else is at zero.
    pub fn given(on_hand: i64, unavailable: i64) -> Self {
        let make = CommandFactory::new(Clock::manual(|| NOW, 1));
        let mut book = Book::new(NOW, clock::local_day);
        for (product, store) in (0..PRODUCTS).flat_map(|p| (0..STORES).map(move |s| (p, s))) {
            let key = make.key(product, store);
            book.levels.insert(key, Level::empty(key, make.clock.id(), Arc::new(facts(product))));
        }
        let mut orders = OrderBook::default();
        orders.channels.insert(make.channel, None);
        let shop = StoreFacts { time_zone: "Europe/London".to_owned(), archived: false };
        orders.stores.extend(make.stores.iter().map(|store| (*store, shop.clone())));
        let returns = ReturnBook::default();
        let scenario = Self { make, book, orders, returns, result: Ok(Decision::default()), holds: Vec::new() };
        scenario.with_level(0, 0, |level| (level.on_hand, level.unavailable) = (q(on_hand), q(unavailable)))
    }
    pub fn with_level(mut self, product: usize, store: usize, change: impl FnOnce(&mut Level)) -> Self {
        change(self.book.levels.get_mut(&self.make.key(product, store)).unwrap());
        self
    }
    pub fn with_facts(self, product: usize, store: usize, change: impl FnOnce(&mut Facts)) -> Self {
        self.with_level(product, store, |level| change(Arc::make_mut(&mut level.facts)))
    }
    pub fn stocked(self, product: usize, store: usize, quantity: i64) -> Self {
        self.with_level(product, store, |level| level.on_hand = q(quantity))
    }
    /// Mugs held at the first store, each hold newer than the ones before.
    pub fn held(mut self, quantity: i64, hold: Hold) -> Self {
        let key = self.make.key(0, 0);
        let id = self.make.clock.id();
        let age = 100 - self.holds.len() as i64;
        let reservation = Reservation {
            id,
            key,
            quantity: q(quantity),
            remaining: q(quantity),
            status: ReservationStatus::Active,
            expires_at: (hold == Hold::Unpaid).then(|| NOW.plus_seconds(HOUR)),
            channel: None,
            order: None,
            reference: None,
            version: 1,
            created_at: NOW.plus_seconds(-age),
            updated_at: NOW,
            row: RowState::Stored,
        };
        self.book.reservations.insert(id, reservation);
        self.holds.push(id);
        self.with_level(0, 0, |level| level.reserved = q(level.reserved.get() + quantity))
    }
    pub fn closed_through(mut self, day: &str) -> Self {
        self.book.closed_through = clock::parse_day(day);
        self
    }
    /// Time passes.
    pub fn later(mut self, seconds: i64) -> Self {
        self.book.now = self.book.now.plus_seconds(seconds);
        self
    }

    pub fn when(mut self, command: impl FnOnce(&CommandFactory) -> Command) -> Self {
        let command = command(&self.make);
        let mut draft = Draft::new(&self.book);
        let mut books = Books::of(self.orders.clone());
        books.put(self.returns.clone());
        self.result = command.decide(&mut draft, &books).map(|mut decision| {
            decision.stock = draft.finish().unwrap();
            decision
        });
        if let Ok(decision) = &self.result {
            self.book.evolve(&decision.stock);
            decision.documents.get().into_iter().for_each(|own| self.orders.evolve(own));
            decision.documents.get().into_iter().for_each(|own| self.returns.evolve(own));
            self.assert_sound();
        }
        self
    }
    /// A step that is only there to get to the next one.
    pub fn after(self, command: impl FnOnce(&CommandFactory) -> Command) -> Self {
        let outcome = self.when(command);
        assert!(outcome.result.is_ok(), "a step of the preparation was refused: {:?}", outcome.result);
        outcome
    }

    /// Asserts the invariants that hold after every accepted command.
    fn assert_sound(&self) {
        for level in self.book.levels.values() {
            let held: i64 = self.book.reservations.values().filter(|r| r.key == level.key).map(|r| r.remaining.get()).sum();
            assert_eq!(level.reserved.get(), held, "open reservations sum to reserved");
            assert!(level.available() >= 0 && !level.on_hand.is_negative() && !level.unavailable.is_negative());
        }
        for line in self.orders.orders.values().flat_map(|order| &order.lines) {
            let sum = line.open.get() + line.backordered.get() + line.cancelled.get() + line.fulfilled.get();
            assert_eq!(line.quantity.get(), sum, "a line's counters");
            assert!(line.returned <= line.fulfilled);
        }
    }

    #[track_caller]
    pub fn then_level(self, product: usize, store: usize, expected: [i64; 3]) -> Self {
        assert!(self.result.is_ok(), "refused: {:?}", self.result);
        let level = &self.book.levels[&self.make.key(product, store)];
        assert_eq!([level.on_hand, level.reserved, level.unavailable].map(Quantity::get), expected);
        self
    }
    #[track_caller]
    pub fn then_mugs(self, on_hand: i64, reserved: i64) -> Self {
        let unavailable = self.book.levels[&self.make.key(0, 0)].unavailable.get();
        self.then_level(0, 0, [on_hand, reserved, unavailable])
    }
    #[track_caller]
    pub fn then_posts(self, kinds: &[MovementKind]) -> Self {
        let posted: Vec<_> = self.result.as_ref().unwrap().stock.movements.iter().map(|m| m.kind).collect();
        assert_eq!(posted, kinds);
        self
    }
    #[track_caller]
    pub fn then_refused(self, code: &str) -> Self {
        let refusal = self.result.as_ref().expect_err("it was accepted");
        assert_eq!(code_of(refusal), code, "{refusal:?}");
        self
    }
    /// Refused at this input field.
    #[track_caller]
    pub fn at(self, place: &str) -> Self {
        assert_eq!(path(self.result.as_ref().unwrap_err().at).join("."), place);
        self
    }
    pub fn remaining(&self, hold: usize) -> (i64, ReservationStatus) {
        let reservation = &self.book.reservations[&self.holds[hold]];
        (reservation.remaining.get(), reservation.status)
    }
    pub fn the_order(&self) -> &Order {
        self.orders.orders.values().next().unwrap()
    }
    pub fn key(&self, product: usize, store: usize) -> LevelKey {
        self.make.key(product, store)
    }
}

fn facts(product: usize) -> Facts {
    let (policy, status, decimals) = product_traits(product);
    Facts {
        sku: format!("p{product}"),
        name: format!("Product {product}"),
        status,
        policy,
        is_kit: false,
        decimals: decimals as u8,
        category: None,
        low_stock_threshold: None,
        tracking: Tracking::None,
        minimum_remaining_days: 0,
        price: Some(gbp(255)),
        cost: Some(gbp(101)),
        time_zone: "Europe/London".to_owned(),
        store_archived: false,
        handling: None,
    }
}

/// A refusal's name, as clients would see it.
pub fn code_of(rejection: &Rejection) -> &'static str {
    match &rejection.why {
        Reason::LotShort { .. } => "LOT_SHORT",
        Reason::StaleDocument { .. } => "STALE_DOCUMENT",
        Reason::Insufficient { .. } => "INSUFFICIENT",
        Reason::KeyReused => "KEY_REUSED",
        why => match describe_reason(why).0 {
            ErrorCode::NotFound => "NOT_FOUND",
            ErrorCode::Invalid => "INVALID",
            ErrorCode::OutOfRange => "OUT_OF_RANGE",
            ErrorCode::TooLong => "TOO_LONG",
            ErrorCode::InvalidState => "INVALID_STATE",
            ErrorCode::PeriodClosed => "PERIOD_CLOSED",
            ErrorCode::VersionConflict => "VERSION_CONFLICT",
            ErrorCode::Duplicate => "DUPLICATE",
            ErrorCode::LimitExceeded => "LIMIT_EXCEEDED",
            ErrorCode::RateMissing => "RATE_MISSING",
            other => panic!("{other:?} is no code of the ledger"),
        },
    }
}
