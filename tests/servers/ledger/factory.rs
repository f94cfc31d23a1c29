//! Commands in a few words.

use super::world::{PRODUCTS, STORES};
use entity::prelude::*;
use entrepot::{
    clock::Clock,
    ledger::{Command, StockCommand},
    orders::core::{ActOnOrder, Create, Fulfil, LineQuantity, NewLine, NewStatus, OrderCommand},
    returns::core::{CreateReturn, NewReturnLine, Receive, ReturnMatch},
    stock::core::{
        Adjust, Change, Compare, Costs, Expire, LevelKey, LotChoice, Movement, MovementHead, Release, Reserve, ReserveItem,
        Reverse, Set, SetItem, Shortage,
    },
    storage::idempotency::Key,
};

/// Makes commands about a tenant's products and stores, by their place.
#[derive(Clone)]
pub struct CommandFactory {
    pub clock: Clock,
    pub products: Vec<ProductId>,
    pub stores: Vec<StoreId>,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub actor: Actor,
}

pub fn q(n: i64) -> Quantity {
    Quantity::new(n).unwrap()
}
pub fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

impl CommandFactory {
    pub fn new(clock: Clock) -> Self {
        let products = (0..PRODUCTS).map(|_| clock.id()).collect();
        let stores = (0..STORES).map(|_| clock.id()).collect();
        let (channel, actor) = (clock.id(), Actor::member(clock.id()));
        Self { clock, products, stores, channel, customer: None, actor }
    }
    pub fn key(&self, product: usize, store: usize) -> LevelKey {
        LevelKey { product: self.products[product], store: self.stores[store] }
    }
    pub fn head(&self, kind: MovementKind) -> MovementHead {
        MovementHead {
            id: self.clock.document_id(),
            kind,
            reason: Some(ReasonCode::Correction),
            note: None,
            external_ref: None,
            reference: None,
            actor: self.actor,
            reverses: None,
            occurred_at: self.clock.now(),
        }
    }
    /// An idempotency key over an input that is represented by one word.
    pub fn idempotency(&self, mutation: &'static str, key: &str, input: &str) -> Key {
        Key { owner: self.actor.id, mutation, key: key.to_owned(), hash: entrepot::storage::idempotency::hash_of(&input) }
    }

    pub fn adjust(&self, kind: MovementKind, changes: &[(usize, usize, i64)]) -> Command {
        Command::of(StockCommand::Adjust(self.adjusting(kind, Shortage::Refuse, changes)))
    }
    pub fn adjusting(&self, kind: MovementKind, on_shortage: Shortage, changes: &[(usize, usize, i64)]) -> Adjust {
        let change = |(product, store, delta): &(usize, usize, i64)| Change {
            key: self.key(*product, *store),
            delta: q(*delta),
            expected_version: None,
            unit_cost: None,
            note: None,
            lot: LotChoice::Unsaid,
        };
        let changes = changes.iter().map(change).collect();
        Adjust { head: self.head(kind), room: self.clock.document_id(), on_shortage, costs: Costs::default(), changes }
    }
    pub fn setting(&self, on_shortage: Shortage, items: &[(usize, usize, i64, Compare)]) -> Set {
        let items = items.iter().map(|(p, s, n, compare)| SetItem {
            key: self.key(*p, *s),
            on_hand: q(*n),
            compare: *compare,
            lot: LotChoice::Unsaid,
        });
        Set { head: self.head(MovementKind::Adjustment), room: self.clock.document_id(), on_shortage, items: items.collect() }
    }
    pub fn reversing(&self, original: Movement, on_shortage: Shortage) -> Reverse {
        let head = MovementHead { reverses: Some(original.id), ..self.head(MovementKind::Reversal) };
        Reverse { head, room: self.clock.document_id(), on_shortage, original }
    }
    pub fn reserving(&self, expires_at: Option<Timestamp>, items: &[(usize, usize, i64)]) -> Reserve {
        let items =
            items.iter().map(|(p, s, n)| ReserveItem { id: self.clock.id(), key: self.key(*p, *s), quantity: q(*n) }).collect();
        Reserve { head: self.head(MovementKind::Reserve), expires_at, channel: None, items }
    }
    pub fn releasing(&self, reservations: &[ReservationId]) -> Release {
        Release { head: self.head(MovementKind::Release), reservations: reservations.to_vec() }
    }
    pub fn expiring(&self, reservations: &[ReservationId]) -> Expire {
        Expire { head: self.head(MovementKind::Release), reservations: reservations.to_vec() }
    }
    /// Levels that a document of these products may touch.
    pub fn keys(&self, products: impl IntoIterator<Item = usize>) -> Vec<LevelKey> {
        products.into_iter().flat_map(|p| (0..STORES).map(move |s| (p, s))).map(|(p, s)| self.key(p, s)).collect()
    }

    pub fn line(&self, product: usize, quantity: i64) -> NewLine {
        NewLine { product: Some(self.products[product]), ..NewLine::of(LineKind::Product, q(quantity)) }
    }
    pub fn charge(minor: i64) -> NewLine {
        NewLine { name: Some("Postage".to_owned()), unit_price: Some(gbp(minor)), ..NewLine::of(LineKind::Charge, Quantity::ONE) }
    }
    pub fn creating(&self, status: NewStatus, lines: Vec<NewLine>) -> Create {
        Create {
            id: self.clock.document_id(),
            store: self.stores[0],
            channel: self.channel,
            customer: self.customer,
            external_ref: None,
            country: None,
            register: None,
            placed_at: None,
            status,
            reservations: Vec::new(),
            on_shortage: Shortage::Refuse,
            lines,
            sourcing: None,
            detail: None,
            whereabouts: Default::default(),
            actor: self.actor,
            movements: std::array::from_fn(|_| self.clock.document_id()),
            currency: Currency::GBP,
        }
    }
    pub fn order(&self, status: NewStatus, lines: &[(usize, i64)]) -> (OrderId, Command) {
        let create = self.creating(status, lines.iter().map(|(p, n)| self.line(*p, *n)).collect());
        (create.id, Command::of(OrderCommand::Create(Box::new(create), Vec::new())))
    }
    pub fn act(&self, order: OrderId) -> ActOnOrder {
        ActOnOrder {
            order,
            expected_version: None,
            note: None,
            reason: None,
            register: None,
            actor: self.actor,
            by_channel: false,
            movement: self.clock.document_id(),
        }
    }
    /// Ships the given lines (position, quantity), or all open quantities.
    pub fn fulfilling(&self, order: OrderId, store: Option<usize>, lines: Option<&[(u16, i64)]>) -> Fulfil {
        let line =
            |(position, n): &(u16, i64)| LineQuantity { line: order.line(*position), quantity: q(*n), lot: LotChoice::Unsaid };
        Fulfil {
            order,
            expected_version: None,
            store: store.map(|s| self.stores[s]),
            lines: lines.map(|lines| lines.iter().map(line).collect()),
            lots: Vec::new(),
            occurred_at: None,
            on_shortage: Shortage::Refuse,
            actor: self.actor,
            fulfilment: self.clock.document_id(),
            movements: std::array::from_fn(|_| self.clock.document_id()),
        }
    }
    pub fn return_line(&self, product: usize, quantity: i64, disposition: Disposition) -> NewReturnLine {
        NewReturnLine {
            kind: LineKind::Product,
            product: Some(self.products[product]),
            name: None,
            quantity: q(quantity),
            unit_price: None,
            disposition,
            matches: Vec::new(),
            lot: LotChoice::Unsaid,
        }
    }
    pub fn returning(&self, receive: Receive, lines: Vec<NewReturnLine>) -> CreateReturn {
        CreateReturn {
            id: self.clock.document_id(),
            store: self.stores[0],
            customer: None,
            external_ref: None,
            register: None,
            receive,
            settle: None,
            note: None,
            occurred_at: None,
            lines,
            parts: Vec::new(),
            left: None,
            actor: self.actor,
            movements: std::array::from_fn(|_| self.clock.document_id()),
            currency: Currency::GBP,
            time_zone: "Europe/London".to_owned(),
        }
    }
}

pub fn piece(order: OrderId, position: u16, quantity: i64) -> ReturnMatch {
    ReturnMatch { line: order.line(position), quantity: q(quantity) }
}
