//! What can be asked of the ledger, and what it needs loaded.

use std::sync::Arc;

use platform::{
    audit::AuditContext,
    storage::{Fault, idempotency::Key},
};
use tokio::sync::oneshot;

pub use super::footprint::Footprint;
use super::{
    count_events,
    decision::{Decision, Documents},
    receipt::Receipt,
};
use crate::{
    counts::core::{self as count_rules, Steps as CountSteps},
    orders::{
        core as order_rules,
        core::{Act, ActOnReturn, Confirm, Create, CreateReturn, Fill, Fulfil, ReturnAction, Sourcing},
    },
    purchasing::core as purchasing,
    stock::core::{
        self as stock_rules, ActOnLot, Adjust, CreateLot, Draft, Expire, LevelKey, LotAction, MoveStock, Rejection, Release,
        Reserve, Reverse, Set, Shortage,
    },
    transfers::core::{self as transfer_rules, Steps},
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
    OrderConfirm(Box<Confirm>, Vec<LevelKey>),
    OrderCancel(Act, Vec<LevelKey>),
    OrderExpire(Act, Vec<LevelKey>),
    OrderClose(Act),
    OrderFulfil(Fulfil, Vec<LevelKey>),
    OrderFill(Fill),
    ReturnCreate(Box<CreateReturn>),
    /// With the levels of the return's lines, read before: what was asked back never changes.
    Return(Box<ActOnReturn>, Vec<LevelKey>),
    /// Between what can be sold, what is set aside, and nowhere.
    Move(MoveStock),
    LotCreate(Box<CreateLot>),
    Lot(Box<ActOnLot>),
    /// With the levels of the transfer's lines at both ends.
    Transfer(Box<Steps>, Vec<LevelKey>),
    /// With the levels of the lines that the step names or posts.
    Count(Box<CountSteps>, Vec<LevelKey>),
    /// With the levels of the order's lines, read before: what is ordered never changes.
    Purchase(Box<purchasing::Command>, Vec<LevelKey>),
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
            Self::OrderFill(_) => "order.fill",
            Self::ReturnCreate(_) => "return.create",
            Self::Return(c, _) => match c.step.action() {
                ReturnAction::Approve => "return.approve",
                ReturnAction::Reject => "return.reject",
                ReturnAction::Receive => "return.receive",
                ReturnAction::Inspect => "return.inspect",
                ReturnAction::Close => "return.close",
            },
            Self::Move(_) => "stock.move",
            Self::LotCreate(_) => "lot.create",
            Self::Lot(c) => match c.action {
                LotAction::Quarantine => "lot.quarantine",
                LotAction::Recall => "lot.recall",
                LotAction::Release => "lot.release",
                LotAction::Change { .. } => "lot.update",
                LotAction::Expire => "lot.expire",
            },
            Self::Transfer(..) => "transfer.change",
            Self::Count(..) => "count.change",
            Self::Purchase(c, _) => c.name(),
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
            Self::OrderCreate(c, _) => c.lines.len() + c.sourcing.iter().flat_map(Sourcing::levels).count(),
            Self::OrderConfirm(c, keys) => keys.len() + c.sourcing.iter().flat_map(Sourcing::levels).count(),
            Self::OrderCancel(_, keys)
            | Self::OrderExpire(_, keys)
            | Self::OrderFulfil(_, keys)
            | Self::Return(_, keys)
            | Self::Transfer(_, keys) => keys.len(),
            Self::OrderClose(_) => 1,
            Self::OrderFill(c) => c.levels.len(),
            Self::Count(c, keys) => count_events::weight(c, keys),
            Self::ReturnCreate(c) => c.lines.len(),
            Self::Move(c) => c.items.len(),
            Self::LotCreate(_) => 1,
            Self::Lot(c) => c.places.len(),
            Self::Purchase(c, keys) => c.weight().max(keys.len()),
        }
        .max(1)
    }

    /// Adds what it needs to the batch's footprint.
    pub fn footprint(&self, all: &mut Footprint) {
        let mut own = Footprint::default();
        match self {
            Self::Adjust(c) => {
                own.levels.extend(c.changes.iter().map(|change| change.key));
                c.changes.iter().for_each(|change| own.lots.choice(change.key.product, &change.lot));
                own.lots.left_at(Some(c.head.occurred_at));
                own.shortage(c.on_shortage);
            }
            Self::Set(c) => {
                own.levels.extend(c.items.iter().map(|item| item.key));
                c.items.iter().for_each(|item| own.lots.choice(item.key.product, &item.lot));
                own.lots.left_at(Some(c.head.occurred_at));
                // A set figure that is short makes room from holds whatever the policy is called.
                own.shortage(if c.on_shortage == Shortage::Refuse { Shortage::Refuse } else { Shortage::Shorten });
            }
            Self::Reverse(c) => {
                own.levels.extend(c.original.entries.iter().map(|entry| entry.key));
                own.reversals.insert(c.original.id);
                own.lots.ids.extend(c.original.entries.iter().filter_map(|entry| entry.lot));
                let aside = c.original.entries.iter().filter(|entry| entry.unavailable_delta != 0);
                own.lots.asides.extend(aside.map(|entry| entry.key));
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
            Self::OrderConfirm(c, keys) => own.confirm(c, keys),
            Self::OrderCancel(c, keys) | Self::OrderExpire(c, keys) => {
                own.levels.extend(keys);
                own.orders.insert(c.order);
            }
            Self::OrderClose(c) => {
                own.orders.insert(c.order);
            }
            Self::OrderFulfil(c, keys) => own.fulfil(c, keys),
            Self::OrderFill(c) => own.fill(c),
            Self::ReturnCreate(c) => own.take_back(c),
            Self::Return(c, keys) => own.act_on_return(c, keys),
            Self::Move(c) => {
                own.levels.extend(c.items.iter().map(|item| item.key));
                own.lots.asides.extend(c.items.iter().map(|item| item.key));
                c.items.iter().for_each(|item| own.lots.choice(item.key.product, &item.lot));
                own.lots.left_at(Some(c.head.occurred_at));
                own.shortage(c.on_shortage);
            }
            Self::LotCreate(c) => {
                own.lots.products.insert(c.product);
                own.lots.codes.insert((c.product, c.name.key.clone()));
            }
            Self::Lot(c) => {
                own.levels.extend(&c.places);
                own.lots.asides.extend(&c.places);
                own.lots.whole.insert(c.lot);
                own.shortage(c.on_shortage);
            }
            Self::Transfer(c, keys) => own.transfer(c, keys),
            Self::Count(c, keys) => own.count(c, keys),
            Self::Purchase(c, keys) => own.purchase(c, keys),
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
            Self::OrderFill(c) => {
                order_rules::decide_fill(book, draft, c).map(Option::unwrap_or_default).map(Decision::of_orders)
            }
            Self::ReturnCreate(c) => order_rules::decide_return(book, draft, c).map(Decision::of_orders),
            Self::Return(c, _) => order_rules::decide_return_step(book, draft, c).map(Decision::of_orders),
            Self::Move(c) => stock_rules::decide_move(draft, c).map(stock_only),
            Self::LotCreate(c) => stock_rules::decide_create_lot(draft, c).map(stock_only),
            Self::Lot(c) => stock_rules::decide_act_on_lot(draft, c).map(stock_only),
            Self::Count(c, _) => count_rules::decide(&documents.counts, draft, c).map(Decision::of_count),
            Self::Transfer(c, _) => transfer_rules::decide(&documents.transfers, draft, c).map(Decision::of_transfer),
            Self::Purchase(c, _) => c.decide(&documents.purchases, draft).map(Decision::of_purchases),
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
    pub(super) audit_context: Option<Arc<AuditContext>>,
}
