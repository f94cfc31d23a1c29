//! Commands on orders, which go through the ledger.

use entity::prelude::*;

use super::{
    act::{ActOnOrder, Confirm, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil, decide_reopen},
    book::OrderBook,
    cancel_lines::{CancelLines, decide_cancel_lines},
    create::{Create, NewStatus, decide_create},
    decision::OrderDecision,
    edit::{Update, decide_update},
    fill::{Fill, decide_fill},
    fulfil::Fulfil,
    hold_rule::apply_hold_rules,
    needs::OrderNeeds,
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
    Cancel(ActOnOrder, Vec<LevelKey>),
    CancelLines(Box<CancelLines>, Vec<LevelKey>),
    Expire(ActOnOrder, Vec<LevelKey>),
    Close(ActOnOrder),
    Fulfil(Fulfil, Vec<LevelKey>),
    Fill(Fill),
    Update(Box<Update>),
    Reopen(ActOnOrder),
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
            Self::Create(command, _) => command.lines.len() + command.sourcing.iter().map(Sourcing::weight).sum::<usize>(),
            Self::Confirm(command, keys) => keys.len() + command.sourcing.iter().map(Sourcing::weight).sum::<usize>(),
            Self::Cancel(_, keys) | Self::CancelLines(_, keys) | Self::Expire(_, keys) | Self::Fulfil(_, keys) => keys.len(),
            Self::Close(_) | Self::Reopen(_) => 1,
            Self::Update(command) => {
                command.set_lines.len() + command.add_lines.len() + command.sourcing.iter().map(Sourcing::weight).sum::<usize>()
            }
            Self::Fill(command) => command.levels.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(command, keys) => create(command, keys, needs),
            Self::Confirm(command, keys) => {
                needs.levels.extend(keys);
                needs.levels.extend(command.sourcing.iter().flat_map(Sourcing::levels));
                order(command.act.order, needs);
                add_rule_needs(command.act.order, needs);
            }
            Self::Cancel(command, keys) | Self::Expire(command, keys) => {
                needs.levels.extend(keys);
                order(command.order, needs);
            }
            Self::CancelLines(command, keys) => {
                needs.levels.extend(keys);
                order(command.act.order, needs);
            }
            Self::Close(command) | Self::Reopen(command) => order(command.order, needs),
            Self::Update(command) => update(command, needs),
            Self::Fulfil(command, keys) => fulfil(command, keys, needs),
            Self::Fill(command) => {
                needs.levels.extend(&command.levels);
                order(command.order, needs);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let result: Result<OrderDecision, Rejection> = books.read(|book: &OrderBook| {
            let mut decision = self.decide_without_hold_rules(book, draft)?;
            self.set_rule_holds(book, draft.now(), &mut decision);
            Ok(decision)
        });
        result.map(Decision::of)
    }
}

impl OrderCommand {
    /// Decides the command without the rules that set holds.
    pub(crate) fn decide_without_hold_rules(&self, book: &OrderBook, draft: &mut Draft<'_>) -> Result<OrderDecision, Rejection> {
        match self {
            Self::Create(command, _) => decide_create(book, draft, command),
            Self::Confirm(command, _) => decide_confirm(book, draft, command),
            Self::Cancel(command, _) => decide_cancel(book, draft, command),
            Self::CancelLines(command, _) => decide_cancel_lines(book, draft, command),
            Self::Expire(command, _) => decide_expire(book, draft, command).map(Option::unwrap_or_default),
            Self::Close(command) => decide_close(book, draft, command),
            Self::Reopen(command) => decide_reopen(book, draft, command),
            Self::Update(command) => decide_update(book, draft, command),
            Self::Fulfil(command, _) => decide_fulfil(book, draft, command),
            Self::Fill(command) => decide_fill(book, draft, command).map(Option::unwrap_or_default),
        }
    }

    /// Applies the rules that set holds to the order, if it is placed, confirmed or changed.
    pub(crate) fn set_rule_holds(&self, book: &OrderBook, now: Timestamp, decision: &mut OrderDecision) {
        if matches!(self, Self::Create(..) | Self::Confirm(..) | Self::Update(_)) {
            apply_hold_rules(book, now, decision);
        }
    }
}

/// Adds the rules that set holds, for the order, to the needs.
fn add_rule_needs(order: OrderId, needs: &mut Needs) {
    needs.documents.with(|document_needs: &mut OrderNeeds| {
        document_needs.hold_rules = true;
        document_needs.judged.insert(order);
    });
}

/// Adds the order and its reservations to the needs.
pub(super) fn order(order: OrderId, needs: &mut Needs) {
    needs.held_by_orders.insert(order);
    needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.orders.insert(order));
}

fn create(command: &Create, keys: &[LevelKey], needs: &mut Needs) {
    let goods = command.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: command.store }));
    let levels: Vec<LevelKey> =
        goods.clone().chain(keys.iter().copied()).chain(command.sourcing.iter().flat_map(Sourcing::levels)).collect();
    needs.levels.extend(&levels);
    needs.reservations.extend(&command.reservations);
    needs.lots.note_departure(command.placed_at);
    needs.shortage(command.on_shortage, &levels);
    needs.documents.with(|document_needs: &mut OrderNeeds| {
        document_needs.goods.extend(goods);
        document_needs.channels.insert(command.channel);
        document_needs.customers.extend(command.customer);
        document_needs.order_refs.extend(command.external_ref.clone());
        document_needs.hold_rules |= command.status == NewStatus::Confirmed;
        if command.is_only_charges() {
            document_needs.stores.insert(command.store);
        }
    });
}

fn update(command: &Update, needs: &mut Needs) {
    let goods = command.add_lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: command.store }));
    needs.levels.extend(goods.clone());
    needs.levels.extend(command.sourcing.iter().flat_map(Sourcing::levels));
    needs.documents.with(|document_needs: &mut OrderNeeds| {
        document_needs.goods.extend(goods);
        document_needs.customers.extend(command.customer.set());
        document_needs.order_refs.extend(command.external_ref.set().cloned());
        document_needs.details.insert(command.order);
        let redraft = &command.redraft;
        document_needs.leaves_from.extend(redraft.store.map(|store| (command.order, store)));
        document_needs.channels.extend(redraft.channel);
        document_needs.resourced.extend((!redraft.sourcing.is_keep()).then_some(command.order));
        document_needs.rechannelled.extend(redraft.channel.map(|_| command.order));
        if redraft.store.is_some() || redraft.placed_at.is_some() {
            document_needs.stores.insert(command.store);
        }
    });
    add_rule_needs(command.order, needs);
    order(command.order, needs);
}

fn fulfil(command: &Fulfil, keys: &[LevelKey], needs: &mut Needs) {
    for line in command.lines.iter().flatten() {
        // The product of a line is unknown here: a lot code is looked up among those of all
        // products of the order.
        keys.iter().for_each(|key| needs.lots.choice(key.product, &line.lot));
    }
    needs.levels.extend(keys);
    needs.documents.with(|document_needs: &mut OrderNeeds| {
        document_needs.leaves_from.extend(command.store.map(|store| (command.order, store)));
    });
    if keys.is_empty() {
        needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.stores.extend(command.store));
    }
    needs.lots.note_departure(command.occurred_at);
    needs.shortage(command.on_shortage, keys);
    order(command.order, needs);
}
