//! Commands on orders, which go through the ledger.

use entity::prelude::*;

use super::{
    act::{Act, Confirm, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil, decide_reopen},
    book::OrderBook,
    cancel_lines::{CancelLines, decide_cancel_lines},
    create::{Create, NewStatus, decide_create},
    decision::OrderDecision,
    edit::{Update, decide_update},
    fill::{Fill, decide_fill},
    hold_rule::apply_hold_rules,
    needs::OrderNeeds,
    shipment::Fulfil,
    sourcing::Sourcing,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    stock::core::{Draft, LevelKey, Rejection},
};

/// A command on one order, with the levels of the order's lines, read before. An edit may have
/// added lines since: `expand` reads them again under the counter's lock.
#[derive(Debug, Clone)]
pub enum OrderCommand {
    Create(Box<Create>, Vec<LevelKey>),
    Confirm(Box<Confirm>, Vec<LevelKey>),
    Cancel(Act, Vec<LevelKey>),
    CancelLines(Box<CancelLines>, Vec<LevelKey>),
    Expire(Act, Vec<LevelKey>),
    Close(Act),
    Fulfil(Fulfil, Vec<LevelKey>),
    Fill(Fill),
    Update(Box<Update>),
    Reopen(Act),
}

impl Decide for OrderCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Create(..) => "order.create",
            Self::Confirm(..) => "order.confirm",
            Self::Cancel(..) | Self::CancelLines(..) => "order.cancel",
            Self::Expire(..) => "order.expire",
            Self::Close(_) => "order.close",
            Self::Fulfil(..) => "order.fulfil",
            Self::Fill(_) => "order.fill",
            Self::Update(_) => "order.update",
            Self::Reopen(_) => "order.reopen",
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Create(c, _) => c.lines.len() + c.sourcing.iter().map(Sourcing::weight).sum::<usize>(),
            Self::Confirm(c, keys) => keys.len() + c.sourcing.iter().map(Sourcing::weight).sum::<usize>(),
            Self::Cancel(_, keys) | Self::CancelLines(_, keys) | Self::Expire(_, keys) | Self::Fulfil(_, keys) => keys.len(),
            Self::Close(_) | Self::Reopen(_) => 1,
            Self::Update(c) => c.set_lines.len() + c.add_lines.len() + c.sourcing.iter().map(Sourcing::weight).sum::<usize>(),
            Self::Fill(c) => c.levels.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(c, keys) => create(c, keys, needs),
            Self::Confirm(c, keys) => {
                needs.levels.extend(keys);
                needs.levels.extend(c.sourcing.iter().flat_map(Sourcing::levels));
                order(c.act.order, needs);
                judged(c.act.order, needs);
            }
            Self::Cancel(c, keys) | Self::Expire(c, keys) => {
                needs.levels.extend(keys);
                order(c.order, needs);
            }
            Self::CancelLines(c, keys) => {
                needs.levels.extend(keys);
                order(c.act.order, needs);
            }
            Self::Close(c) | Self::Reopen(c) => order(c.order, needs),
            Self::Update(c) => update(c, needs),
            Self::Fulfil(c, keys) => fulfil(c, keys, needs),
            Self::Fill(c) => {
                needs.levels.extend(&c.levels);
                order(c.order, needs);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let decided: Result<OrderDecision, Rejection> = books.read(|book: &OrderBook| {
            let mut decision = self.decide_without_hold_rules(book, draft)?;
            self.hold(book, draft.now(), &mut decision);
            Ok(decision)
        });
        decided.map(Decision::of)
    }
}

impl OrderCommand {
    /// Decides the command without the rules that set holds.
    pub(crate) fn decide_without_hold_rules(&self, book: &OrderBook, draft: &mut Draft<'_>) -> Result<OrderDecision, Rejection> {
        match self {
            Self::Create(c, _) => decide_create(book, draft, c),
            Self::Confirm(c, _) => decide_confirm(book, draft, c),
            Self::Cancel(c, _) => decide_cancel(book, draft, c),
            Self::CancelLines(c, _) => decide_cancel_lines(book, draft, c),
            Self::Expire(c, _) => decide_expire(book, draft, c).map(Option::unwrap_or_default),
            Self::Close(c) => decide_close(book, draft, c),
            Self::Reopen(c) => decide_reopen(book, draft, c),
            Self::Update(c) => decide_update(book, draft, c),
            Self::Fulfil(c, _) => decide_fulfil(book, draft, c),
            Self::Fill(c) => decide_fill(book, draft, c).map(Option::unwrap_or_default),
        }
    }

    /// Applies the rules that set holds to the order, if it is placed, confirmed or changed.
    pub(crate) fn hold(&self, book: &OrderBook, now: Timestamp, decision: &mut OrderDecision) {
        if matches!(self, Self::Create(..) | Self::Confirm(..) | Self::Update(_)) {
            apply_hold_rules(book, now, decision);
        }
    }
}

/// Adds the rules that set holds, for the order, to the needs.
fn judged(order: OrderId, needs: &mut Needs) {
    needs.documents.with(|own: &mut OrderNeeds| {
        own.hold_rules = true;
        own.judged.insert(order);
    });
}

/// Adds the order and its reservations to the needs.
pub(super) fn order(order: OrderId, needs: &mut Needs) {
    needs.held_by_orders.insert(order);
    needs.documents.with(|own: &mut OrderNeeds| own.orders.insert(order));
}

fn create(c: &Create, keys: &[LevelKey], needs: &mut Needs) {
    let goods = c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store }));
    let levels: Vec<LevelKey> =
        goods.clone().chain(keys.iter().copied()).chain(c.sourcing.iter().flat_map(Sourcing::levels)).collect();
    needs.levels.extend(&levels);
    needs.reservations.extend(&c.reservations);
    needs.lots.left_at(c.placed_at);
    needs.shortage(c.on_shortage, &levels);
    needs.documents.with(|own: &mut OrderNeeds| {
        own.goods.extend(goods);
        own.channels.insert(c.channel);
        own.customers.extend(c.customer);
        own.order_refs.extend(c.external_ref.clone());
        own.hold_rules |= c.status == NewStatus::Confirmed;
        if c.is_only_charges() {
            own.stores.insert(c.store);
        }
    });
}

fn update(c: &Update, needs: &mut Needs) {
    let goods = c.add_lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store }));
    needs.levels.extend(goods.clone());
    needs.levels.extend(c.sourcing.iter().flat_map(Sourcing::levels));
    needs.documents.with(|own: &mut OrderNeeds| {
        own.goods.extend(goods);
        own.customers.extend(c.customer.set());
        own.order_refs.extend(c.external_ref.set().cloned());
        own.details.insert(c.order);
        let redraft = &c.redraft;
        own.leaves_from.extend(redraft.store.map(|store| (c.order, store)));
        own.channels.extend(redraft.channel);
        own.resourced.extend((!redraft.sourcing.is_keep()).then_some(c.order));
        own.rechannelled.extend(redraft.channel.map(|_| c.order));
        if redraft.store.is_some() || redraft.placed_at.is_some() {
            own.stores.insert(c.store);
        }
    });
    judged(c.order, needs);
    order(c.order, needs);
}

fn fulfil(c: &Fulfil, keys: &[LevelKey], needs: &mut Needs) {
    for line in c.lines.iter().flatten() {
        // The product of a line is unknown here: a lot code is looked up among those of all
        // products of the order.
        keys.iter().for_each(|key| needs.lots.choice(key.product, &line.lot));
    }
    needs.levels.extend(keys);
    needs.documents.with(|own: &mut OrderNeeds| own.leaves_from.extend(c.store.map(|store| (c.order, store))));
    if keys.is_empty() {
        needs.documents.with(|own: &mut OrderNeeds| own.stores.extend(c.store));
    }
    needs.lots.left_at(c.occurred_at);
    needs.shortage(c.on_shortage, keys);
    order(c.order, needs);
}
