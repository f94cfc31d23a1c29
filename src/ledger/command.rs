//! What can be asked of the ledger, what it needs loaded, and what comes back.

use std::{collections::BTreeSet, sync::Arc};

use entity::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::decision::{Decision, Documents};
use crate::{
    audit::Stamp,
    orders::core as order_rules,
    orders::core::{Act, Create, CreateReturn, Fulfil, Order, Return},
    stock::core::{
        self as stock_rules, Adjust, Draft, Expire, Level, LevelKey, Movement, Rejection, Release, Reservation, Reserve, Reverse,
        Set, Shortage,
    },
    storage::{Fault, idempotency::Key},
};

/// A command on stock, or on a document that moves it.
#[derive(Debug, Clone)]
pub enum Command {
    Adjust(Adjust),
    Set(Set),
    Reverse(Reverse),
    Reserve(Reserve),
    /// With the levels that the reservations are on, read before: they never change.
    Release(Release, Vec<LevelKey>),
    Expire(Expire, Vec<LevelKey>),
    OrderCreate(Box<Create>, Vec<LevelKey>),
    /// With the levels of the order's lines, read before: lines are frozen.
    OrderConfirm(Act, Vec<LevelKey>),
    OrderCancel(Act, Vec<LevelKey>),
    OrderExpire(Act, Vec<LevelKey>),
    OrderClose(Act),
    OrderFulfil(Fulfil, Vec<LevelKey>),
    ReturnCreate(Box<CreateReturn>),
}

/// What must be loaded and locked before a command can be decided.
#[derive(Debug, Default)]
pub struct Footprint {
    pub levels: BTreeSet<LevelKey>,
    pub reservations: BTreeSet<ReservationId>,
    /// Levels whose holds may have to give way.
    pub holds_on: BTreeSet<LevelKey>,
    pub reversals: BTreeSet<MovementId>,
    pub orders: BTreeSet<OrderId>,
    pub channels: BTreeSet<ChannelId>,
    pub customers: BTreeSet<CustomerId>,
    /// Stores of orders that name no product, and so no level that knows its store.
    pub stores: BTreeSet<StoreId>,
    pub order_refs: BTreeSet<String>,
    pub return_refs: BTreeSet<String>,
}

impl Footprint {
    /// Whether it rests on rows that change from command to command besides levels: those are read under a lock.
    pub fn needs_locks(&self) -> bool {
        !(self.reservations.is_empty()
            && self.holds_on.is_empty()
            && self.reversals.is_empty()
            && self.orders.is_empty()
            && self.return_refs.is_empty())
    }
    fn shortage(&mut self, policy: Shortage) {
        if policy == Shortage::Shorten {
            self.holds_on.extend(&self.levels);
        }
    }
}

impl Command {
    /// What the audit log calls it when nobody asked for it by a mutation.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adjust(_) => "stock.adjust",
            Self::Set(_) => "stock.set",
            Self::Reverse(_) => "stock.reverse",
            Self::Reserve(_) => "stock.reserve",
            Self::Release(..) => "stock.release",
            Self::Expire(..) => "stock.expire",
            Self::OrderCreate(..) => "order.create",
            Self::OrderConfirm(..) => "order.confirm",
            Self::OrderCancel(..) => "order.cancel",
            Self::OrderExpire(..) => "order.expire",
            Self::OrderClose(_) => "order.close",
            Self::OrderFulfil(..) => "order.fulfil",
            Self::ReturnCreate(_) => "return.create",
        }
    }

    /// How many lines it has: what a batch is measured in.
    pub fn weight(&self) -> usize {
        match self {
            Self::Adjust(c) => c.changes.len(),
            Self::Set(c) => c.items.len(),
            Self::Reverse(c) => c.original.entries.len(),
            Self::Reserve(c) => c.items.len(),
            Self::Release(_, keys) | Self::Expire(_, keys) => keys.len(),
            Self::OrderCreate(c, _) => c.lines.len(),
            Self::OrderConfirm(_, keys)
            | Self::OrderCancel(_, keys)
            | Self::OrderExpire(_, keys)
            | Self::OrderFulfil(_, keys) => keys.len(),
            Self::OrderClose(_) => 1,
            Self::ReturnCreate(c) => c.lines.len(),
        }
        .max(1)
    }

    /// Adds what it needs to the batch's footprint.
    pub fn footprint(&self, all: &mut Footprint) {
        let mut own = Footprint::default();
        match self {
            Self::Adjust(c) => {
                own.levels.extend(c.changes.iter().map(|change| change.key));
                own.shortage(c.on_shortage);
            }
            Self::Set(c) => {
                own.levels.extend(c.items.iter().map(|item| item.key));
                // A set figure that is short makes room from holds whatever the policy is called.
                own.shortage(if c.on_shortage == Shortage::Refuse { Shortage::Refuse } else { Shortage::Shorten });
            }
            Self::Reverse(c) => {
                own.levels.extend(c.original.entries.iter().map(|entry| entry.key));
                own.reversals.insert(c.original.id);
                own.shortage(c.on_shortage);
            }
            Self::Reserve(c) => own.levels.extend(c.items.iter().map(|item| item.key)),
            Self::Release(c, keys) => {
                own.levels.extend(keys);
                own.reservations.extend(&c.reservations);
            }
            Self::Expire(c, keys) => {
                own.levels.extend(keys);
                own.reservations.extend(&c.reservations);
            }
            Self::OrderCreate(c, keys) => own.create(c, keys),
            Self::OrderConfirm(c, keys) | Self::OrderCancel(c, keys) | Self::OrderExpire(c, keys) => {
                own.levels.extend(keys);
                own.orders.insert(c.order);
            }
            Self::OrderClose(c) => {
                own.orders.insert(c.order);
            }
            Self::OrderFulfil(c, keys) => {
                own.levels.extend(keys);
                own.orders.insert(c.order);
                own.shortage(c.on_shortage);
            }
            Self::ReturnCreate(c) => own.take_back(c),
        }
        all.absorb(own);
    }

    /// Decides against what was loaded; the draft holds what it would do to stock. Pure.
    pub fn decide(&self, draft: &mut Draft<'_>, documents: &Documents) -> Result<Decision, Rejection> {
        let stock_only = |()| Decision::default();
        let book = &documents.orders;
        match self {
            Self::Adjust(c) => stock_rules::decide_adjust(draft, c).map(stock_only),
            Self::Set(c) => stock_rules::decide_set(draft, c).map(stock_only),
            Self::Reverse(c) => stock_rules::decide_reverse(draft, c).map(stock_only),
            Self::Reserve(c) => stock_rules::decide_reserve(draft, c).map(|_| Decision::default()),
            Self::Release(c, _) => stock_rules::decide_release(draft, c).map(stock_only),
            Self::Expire(c, _) => stock_rules::decide_expire(draft, c).map(stock_only),
            Self::OrderCreate(c, _) => order_rules::decide_create(book, draft, c).map(Decision::of_orders),
            Self::OrderConfirm(c, _) => order_rules::decide_confirm(book, draft, c).map(Decision::of_orders),
            Self::OrderCancel(c, _) => order_rules::decide_cancel(book, draft, c).map(Decision::of_orders),
            Self::OrderExpire(c, _) => {
                order_rules::decide_expire(book, draft, c).map(Option::unwrap_or_default).map(Decision::of_orders)
            }
            Self::OrderClose(c) => order_rules::decide_close(book, draft, c).map(Decision::of_orders),
            Self::OrderFulfil(c, _) => order_rules::decide_fulfil(book, draft, c).map(Decision::of_orders),
            Self::ReturnCreate(c) => order_rules::decide_return(book, draft, c).map(Decision::of_orders),
        }
    }
}

impl Footprint {
    fn create(&mut self, c: &Create, keys: &[LevelKey]) {
        self.levels.extend(c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store })));
        self.levels.extend(keys);
        self.reservations.extend(&c.reservations);
        self.channels.insert(c.channel);
        self.customers.extend(c.customer);
        self.order_refs.extend(c.external_ref.clone());
        if c.is_only_charges() {
            self.stores.insert(c.store);
        }
        self.shortage(c.on_shortage);
    }
    fn take_back(&mut self, c: &CreateReturn) {
        self.levels.extend(c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store })));
        self.orders.extend(c.lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0));
        self.customers.extend(c.customer);
        self.return_refs.extend(c.external_ref.clone());
    }
    fn absorb(&mut self, mut own: Self) {
        self.levels.append(&mut own.levels);
        self.reservations.append(&mut own.reservations);
        self.holds_on.append(&mut own.holds_on);
        self.reversals.append(&mut own.reversals);
        self.orders.append(&mut own.orders);
        self.channels.append(&mut own.channels);
        self.customers.append(&mut own.customers);
        self.stores.append(&mut own.stores);
        self.order_refs.append(&mut own.order_refs);
        self.return_refs.append(&mut own.return_refs);
    }
}

/// What an accepted command did.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// The last event's number; None when nothing was written.
    pub seq: Option<i64>,
    pub movements: Vec<Movement>,
    /// The levels it changed, as they are after it.
    pub levels: Vec<Level>,
    pub reservations: Vec<Reservation>,
    pub orders: Vec<Order>,
    pub returns: Vec<Return>,
    /// The stored result of an earlier call with the same key: only `stored` and `seq` are set.
    pub stored: Option<StoredReceipt>,
}

/// What is kept of a receipt under its idempotency key, enough to build the answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReceipt {
    pub seq: Option<i64>,
    /// The command's own movement: the last one it posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<ReservationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ret: Option<ReturnId>,
}

impl Receipt {
    pub(super) fn of(decision: Decision) -> Self {
        Self {
            seq: decision.last_seq(),
            movements: decision.stock.movements,
            levels: decision.stock.levels,
            reservations: decision.stock.reservations,
            orders: decision.orders.orders,
            returns: decision.orders.returns,
            stored: None,
        }
    }
    pub(super) fn stored(&self) -> StoredReceipt {
        StoredReceipt::of(self.seq, &self.movements, &self.reservations, &self.orders, &self.returns)
    }
}

impl StoredReceipt {
    pub(super) fn of(
        seq: Option<i64>,
        movements: &[Movement],
        reservations: &[Reservation],
        orders: &[Order],
        returns: &[Return],
    ) -> Self {
        Self {
            seq,
            movement: movements.last().map(|m| m.seq),
            reservations: reservations.iter().map(|r| r.id).collect(),
            order: if returns.is_empty() { orders.first().map(|o| o.id) } else { None },
            ret: returns.first().map(|r| r.id),
        }
    }
}

/// Accepted, refused, or not known to have been done.
pub type Outcome = Result<Result<Receipt, Rejection>, Fault>;

/// A command in the queue, with who waits for it.
pub struct Queued {
    pub(super) command: Command,
    pub(super) key: Option<Key>,
    pub(super) reply: oneshot::Sender<Outcome>,
    pub(super) result: Option<Result<Receipt, Rejection>>,
    /// On whose behalf, for the audit log; none for the jobs of the system.
    pub(super) stamp: Option<Arc<Stamp>>,
}
