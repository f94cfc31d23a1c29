//! Returns: documents of their own, at any store, from one order, several or none, at their own price.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use entity::prelude::*;
use serde::Serialize;

use super::{
    book::{Before, Decided, ReturnBasis, ReturnDecision},
    close::close,
    kit,
    lots_left::ReturnableLots,
    refusal::ReturnRefusal,
    sales_return::{Return, ReturnLine, ReturnPiece, ReturnState},
    take_in::take_in,
};
use crate::{
    ledger::DocumentNumber,
    orders::{
        core::{LineRefusal, Order, OrderDecision, OrderFact, Refusal, count},
        events::ORDER_UPDATED,
    },
    returns::events::{self, EventType, ReturnEvent},
    stock::core::{At, Draft, Facts, Field, LevelKey, LotChoice, Noun, Rejection, RoomRefusal, check_moment},
};

/// Quantity of a new return line that goes back on an order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnMatch {
    pub line: OrderLineId,
    pub quantity: Quantity,
}

#[derive(Debug, Clone)]
pub struct CreateReturn {
    pub id: ReturnId,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// The register at which it is created; None if none is named.
    pub register: Option<String>,
    /// Received at once; otherwise it is only REQUESTED and moves no stock.
    pub receive: Receive,
    /// Closes it at once with a refund: only possible if the goods are received now.
    pub settle: Option<Settle>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Vec<NewReturnLine>,
    /// Levels of the components of returned kits, read before: an order's components of a kit never
    /// change.
    pub parts: Vec<LevelKey>,
    /// Lots in which goods of lines without a named lot can come back; None until one is missing.
    pub left: Option<ReturnableLots>,
    pub actor: Actor,
    /// IDs for the return's movement and the write-off's.
    pub movements: [MovementId; 2],
    pub currency: Currency,
    pub time_zone: String,
}

impl CreateReturn {
    /// Whether no line names a product, so that no level is loaded with it.
    pub fn is_only_charges(&self) -> bool {
        self.lines.iter().all(|line| line.product.is_none())
    }

    /// Returns the orders of lines without a named lot, each once.
    pub fn orders_of_lines_without_lots(&self) -> Vec<OrderId> {
        let silent = self.lines.iter().filter(|line| line.product.is_some() && !line.lot.is_said());
        let orders: BTreeSet<OrderId> = silent.flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0).collect();
        orders.into_iter().collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receive {
    Now,
    Later,
}

/// Refund that is paid when a return is created.
#[derive(Debug, Clone, Serialize)]
pub struct RefundAtOnce {
    /// None for the one order of the return.
    pub order: Option<OrderId>,
    /// None for the rest of the refund.
    pub amount: Option<Money>,
    pub method: String,
    pub reference: Option<String>,
    pub parent: Option<PaymentId>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Settlement of a return that is closed as it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Refund; `None` for the received goods at their lines' prices.
    pub refund: Option<Money>,
}

#[derive(Debug, Clone)]
pub struct NewReturnLine {
    pub kind: LineKind,
    pub product: Option<ProductId>,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub unit_price: Option<Money>,
    pub disposition: Disposition,
    pub matches: Vec<ReturnMatch>,
    /// Lot of the returned goods, if stock is kept by lots.
    pub lot: LotChoice,
}

pub fn decide_return(basis: ReturnBasis<'_>, draft: &mut Draft<'_>, command: &CreateReturn) -> Result<Decided, Rejection> {
    check_names(basis, draft, command)?;
    if let Some(left) = &command.left {
        left.expect(basis)?;
    }
    let now = draft.now();
    let occurred_at = command.occurred_at.unwrap_or(now);
    let mut orders: BTreeMap<OrderId, Order> = BTreeMap::new();
    let mut lines = Vec::with_capacity(command.lines.len());
    let mut currency = None;
    check_products_exist(draft, command)?;
    for (index, new) in command.lines.iter().enumerate() {
        let line = line_with_components(basis, draft, command, (index, new), &mut orders);
        let Some(line) = draft.pass(line)? else { continue };
        if *currency.get_or_insert(line.total.currency) != line.total.currency {
            draft.refuse(ReturnRefusal::OtherCurrency.at(At::line(index).field(Field::UnitPriceCurrency)))?;
        }
        lines.push(line);
    }
    draft.end_pass()?;
    let products = lines.iter().map(|line| line.total);
    let refund = products.into_iter().try_fold(Money::zero(currency.unwrap_or(command.currency)), Money::checked_add);
    let refund = refund.ok_or_else(|| ReturnRefusal::RefundTooLarge.at(At::input(Field::Lines)))?;
    let received = command.receive == Receive::Now;
    let mut ret = Return {
        id: command.id,
        number: DocumentNumber::Pending,
        state: if received { ReturnState::Received { received_at: occurred_at } } else { ReturnState::Requested },
        store: command.store,
        customer: command.customer,
        external_ref: command.external_ref.clone(),
        country: command.customer.and_then(|customer| basis.orders.customers.get(&customer)?.country.clone()),
        at_counter: Some(received),
        register: command.register.clone(),
        refund,
        note: command.note.clone(),
        occurred_at,
        business_date: check_moment(draft.book(), occurred_at, &command.time_zone)?,
        actor: command.actor,
        version: 1,
        created_at: now,
        updated_at: now,
        lines,
    };
    if received {
        take_in(basis, draft, &ret, command)?;
    }
    if let (true, Some(Settle { refund })) = (received, command.settle) {
        // Goods that are received at once were inspected at the counter.
        ret.state = ReturnState::Inspected { received_at: occurred_at };
        close(basis, (&mut ret, &mut orders), refund)?;
    }
    orders.values_mut().for_each(|order| order.touch(now));
    Ok(decided(ret, None, events::RETURN_CREATED, orders, command.actor))
}

/// Reports products of the lines that do not exist, before all other checks.
fn check_products_exist(draft: &mut Draft<'_>, command: &CreateReturn) -> Result<(), Rejection> {
    if draft.collects_refusals() {
        for (index, line) in command.lines.iter().enumerate() {
            if let Some(product) = line.product {
                let key = LevelKey { product, store: command.store };
                draft.check_exists(key, At::line(index).field(Field::Product))?;
            }
        }
    }
    Ok(())
}

/// A line with its components, if the product is a kit.
fn line_with_components(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    command: &CreateReturn,
    (index, new): (usize, &NewReturnLine),
    orders: &mut BTreeMap<OrderId, Order>,
) -> Result<ReturnLine, Rejection> {
    let mut line = return_line(basis, draft, command, index, new, orders)?;
    let goods = kit::comes_back(&basis.orders.kits, orders, new, index)?;
    line.parts = goods.iter().filter(|(product, _)| line.product != Some(*product)).map(|(p, n)| (*p, count(*n))).collect();
    if command.receive == Receive::Later && !line.parts.is_empty() {
        return Err(ReturnRefusal::KitLater { sku: line.sku }.at(At::line(index).field(Field::Product)));
    }
    Ok(line)
}

/// Returns the decision with a return and the orders that it changed, each with its event.
pub(super) fn decided(
    sales_return: Return,
    before: Option<Before>,
    event: EventType<ReturnEvent>,
    orders: BTreeMap<OrderId, Order>,
    actor: Actor,
) -> Decided {
    // A return changes no order's status.
    let updated = |order: &Order| {
        let (before, by, changed) = (Some(order.status), actor.into(), Vec::new());
        OrderFact { kind: ORDER_UPDATED, order: order.id, before, by, changed }
    };
    let events = orders.values().map(updated).collect();
    let changed = OrderDecision { orders: orders.into_values().collect(), events, ..OrderDecision::default() };
    (ReturnDecision { sales_return, event, before }, changed)
}

fn check_names(basis: ReturnBasis<'_>, draft: &mut Draft<'_>, command: &CreateReturn) -> Result<(), Rejection> {
    if command.customer.is_some_and(|customer| !basis.orders.customers.contains_key(&customer)) {
        draft.refuse(Rejection::not_found(Noun::Customer, At::input(Field::Customer)))?;
    }
    if let Some(reference) = &command.external_ref
        && basis.returns.taken_refs.contains(reference)
    {
        draft.refuse(ReturnRefusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))?;
    }
    if command.lines.is_empty() {
        return Err(ReturnRefusal::NoLines.at(At::input(Field::Lines)));
    }
    // If a line names a product, the store is checked with its level.
    if command.is_only_charges() {
        is_open(basis.orders.stores.get(&command.store).is_some_and(|store| store.archived))?;
    }
    Ok(())
}

fn is_open(is_archived: bool) -> Result<(), Rejection> {
    if is_archived { Err(Refusal::StoreArchived.at(At::input(Field::Store))) } else { Ok(()) }
}

/// Refuses goods that could not be received: already at the request, so that they are not sent in.
pub(super) fn check_receivable(facts: &Facts, field: At) -> Result<(), Rejection> {
    if facts.status == ProductStatus::Archived && facts.policy != StockPolicy::Untracked {
        return Err(ReturnRefusal::ProductArchived { sku: facts.sku.clone() }.at(field));
    }
    Ok(())
}

fn return_line(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    command: &CreateReturn,
    index: usize,
    new: &NewReturnLine,
    orders: &mut BTreeMap<OrderId, Order>,
) -> Result<ReturnLine, Rejection> {
    let at = |name: Field| At::line(index).field(name);
    if !new.quantity.is_positive() {
        return Err(LineRefusal::NotPositive.at(at(Field::Quantity)));
    }
    let facts = match (new.kind, new.product) {
        (LineKind::Product, Some(product)) => {
            let facts = draft.level(LevelKey { product, store: command.store }, at(Field::Product))?.facts.clone();
            is_open(facts.store_archived)?;
            check_receivable(&facts, at(Field::Product))?;
            Some(facts)
        }
        (LineKind::Product, None) => {
            return Err(ReturnRefusal::ProductUnnamed.at(at(Field::Product)));
        }
        (LineKind::Charge, Some(_)) => return Err(LineRefusal::ChargeWithProduct.at(at(Field::Product))),
        (LineKind::Charge, None) => None,
    };
    let sold_at = match_lines((basis, draft), (index, command.receive), new, orders)?;
    let unit_price = new.unit_price.or(sold_at.map(|sold| sold.0)).or_else(|| facts.as_ref().and_then(|f| f.price));
    let Some(unit_price) = unit_price else {
        return Err(LineRefusal::NoPrice.at(at(Field::UnitPrice)));
    };
    if unit_price.minor < 0 && new.kind == LineKind::Product {
        return Err(LineRefusal::NegativePrice.at(at(Field::UnitPrice)));
    }
    let name = match (&facts, &new.name) {
        (Some(facts), _) => facts.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(LineRefusal::ChargeUnnamed.at(at(Field::Name))),
    };
    // Sold goods are counted in the decimals that they were sold in.
    let decimals = sold_at.map(|sold| sold.1).or_else(|| facts.as_ref().map(|f| f.decimals)).unwrap_or(0);
    let total = unit_price.times(new.quantity, decimals);
    let now = |quantity: Quantity| if command.receive == Receive::Now { quantity } else { Quantity::ZERO };
    let pieces = new.matches.iter();
    let pieces =
        pieces.map(|one| ReturnPiece { line: one.line, quantity: one.quantity, received: now(one.quantity), given: None });
    let mut line = ReturnLine {
        position: index as u16 + 1,
        kind: new.kind,
        product: new.product,
        sku: facts.as_ref().map_or_else(|| name.clone(), |f| f.sku.clone()),
        name,
        decimals,
        quantity: new.quantity,
        unit_price,
        total: total.ok_or_else(|| LineRefusal::TooLarge.at(at(Field::Quantity)))?,
        disposition: new.disposition,
        received: now(new.quantity),
        restocked: Quantity::ZERO,
        quarantined: Quantity::ZERO,
        written_off: Quantity::ZERO,
        matches: pieces.collect(),
        lots: Vec::new(),
        parts: Vec::new(),
    };
    // Goods that are received at once were inspected at the counter.
    line.record_inspection(new.disposition, line.uninspected());
    Ok(line)
}

/// Price of the first order line of a return's line, with the decimals of its quantity, and the
/// quantity of the line that has no order line so far.
type Matched = (Option<(Money, u8)>, i64);

/// Credits the line's quantity to the order lines that it names, or requests it there; returns the
/// price of the first of them, and the decimals of its quantity.
fn match_lines(
    (basis, draft): (ReturnBasis<'_>, &mut Draft<'_>),
    (index, receive): (usize, Receive),
    new: &NewReturnLine,
    orders: &mut BTreeMap<OrderId, Order>,
) -> Result<Option<(Money, u8)>, Rejection> {
    let mut matched: Matched = (None, new.quantity.get());
    let mut refused = None;
    for piece in 0..new.matches.len() {
        if let Err(why) = match_piece(basis, (index, receive), (new, piece), orders, &mut matched) {
            draft.refuse(why.clone())?;
            refused.get_or_insert(why);
        }
    }
    // The line is refused if a piece is.
    refused.map_or(Ok(matched.0), Err)
}

fn match_piece(
    basis: ReturnBasis<'_>,
    (index, receive): (usize, Receive),
    (new, piece): (&NewReturnLine, usize),
    orders: &mut BTreeMap<OrderId, Order>,
    (sold_at, left): &mut Matched,
) -> Result<(), Rejection> {
    let (matched, field) = (new.matches[piece], At::line(index).part(Field::Matches, piece));
    let (id, position) = matched.line.split_line();
    let missing = || Rejection::not_found(Noun::OrderLine, field);
    if new.matches[..piece].iter().any(|earlier| earlier.line == matched.line) {
        return Err(ReturnRefusal::PieceTwice.at(field));
    }
    let order = match orders.entry(id) {
        Entry::Occupied(taken) => taken.into_mut(),
        Entry::Vacant(free) => free.insert(basis.order(id).ok_or_else(missing)?.clone()),
    };
    let line = order.line_mut(position).ok_or_else(missing)?;
    if line.product() != new.product {
        return Err(ReturnRefusal::OtherProduct.at(field));
    }
    let currency = line.total.currency;
    if new.unit_price.is_some_and(|price| price.currency != currency) {
        let field = At::line(index).field(Field::UnitPriceCurrency);
        return Err(ReturnRefusal::SoldIn(currency).at(field));
    }
    if sold_at.is_some_and(|(price, _)| price.currency != currency) {
        return Err(ReturnRefusal::PiecesOfCurrencies.at(field));
    }
    let returnable = line.returnable();
    if !matched.quantity.is_positive() || matched.quantity.get() > returnable {
        return Err(ReturnRefusal::ReturnableUpTo { most: returnable }.at(field));
    }
    if matched.quantity.get() > *left {
        return Err(ReturnRefusal::PiecesAboveLine.at(field));
    }
    *left -= matched.quantity.get();
    let counted = match receive {
        Receive::Now => &mut line.returned,
        Receive::Later => &mut line.return_pending,
    };
    *counted = count(counted.get() + matched.quantity.get());
    if sold_at.get_or_insert((line.unit_price, line.decimals)).1 != line.decimals {
        return Err(ReturnRefusal::PiecesOfUnits.at(field));
    }
    Ok(())
}
