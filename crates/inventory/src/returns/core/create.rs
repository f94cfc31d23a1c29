//! Returns: documents of their own, at any store, from one order, several or none, at their own
//! price.

use std::collections::{BTreeMap, btree_map::Entry};

use entity::prelude::*;

use super::{
    book::{ReturnBasis, ReturnOutcome, build_decision},
    close::close_return,
    kit,
    new_return::{CreateReturn, NewReturnLine, Receive, Settle},
    refusal::ReturnRefusal,
    sales_return::{Return, ReturnLine, ReturnPiece, ReturnState},
    take_in::{check_receivable, post_receipt},
};
use crate::{
    ledger::DocumentNumber,
    orders::core::{LineRefusal, Order, Refusal, count},
    returns::events,
    stock::core::{At, Draft, Field, LevelKey, Noun, Rejection, RoomRefusal, check_moment},
};

pub fn decide_return(basis: ReturnBasis<'_>, draft: &mut Draft<'_>, command: &CreateReturn) -> Result<ReturnOutcome, Rejection> {
    check_names(basis, draft, command)?;
    if let Some(returnable_lots) = &command.left {
        returnable_lots.expect(basis)?;
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
    let mut sales_return = Return {
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
        post_receipt(basis, draft, &sales_return, command)?;
    }
    if let (true, Some(Settle { refund })) = (received, command.settle) {
        // Goods that are received at once were inspected at the counter.
        sales_return.state = ReturnState::Inspected { received_at: occurred_at };
        close_return(basis, (&mut sales_return, &mut orders), refund)?;
    }
    orders.values_mut().for_each(|order| order.touch(now));
    Ok(build_decision(sales_return, None, events::RETURN_CREATED, orders, command.actor))
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
    let goods = kit::expand_return_line(&basis.orders.kits, orders, new, index)?;
    line.parts = goods
        .iter()
        .filter(|(product, _)| line.product != Some(*product))
        .map(|(part, part_quantity)| (*part, count(*part_quantity)))
        .collect();
    if command.receive == Receive::Later && !line.parts.is_empty() {
        return Err(ReturnRefusal::KitLater { sku: line.sku }.at(At::line(index).field(Field::Product)));
    }
    Ok(line)
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
        check_not_archived(basis.orders.stores.get(&command.store).is_some_and(|store| store.archived))?;
    }
    Ok(())
}

fn check_not_archived(is_archived: bool) -> Result<(), Rejection> {
    if is_archived { Err(Refusal::StoreArchived.at(At::input(Field::Store))) } else { Ok(()) }
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
            check_not_archived(facts.store_archived)?;
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
    let unit_price =
        new.unit_price.or(sold_at.map(|sold| sold.0)).or_else(|| facts.as_ref().and_then(|product_facts| product_facts.price));
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
    let decimals = sold_at.map(|sold| sold.1).or_else(|| facts.as_ref().map(|product_facts| product_facts.decimals)).unwrap_or(0);
    let total = unit_price.times(new.quantity, decimals);
    let if_received_now = |quantity: Quantity| if command.receive == Receive::Now { quantity } else { Quantity::ZERO };
    let return_pieces = new.matches.iter();
    let return_pieces = return_pieces.map(|piece| ReturnPiece {
        line: piece.line,
        quantity: piece.quantity,
        received: if_received_now(piece.quantity),
        given: None,
    });
    let mut line = ReturnLine {
        position: index as u16 + 1,
        kind: new.kind,
        product: new.product,
        sku: facts.as_ref().map_or_else(|| name.clone(), |product_facts| product_facts.sku.clone()),
        name,
        decimals,
        quantity: new.quantity,
        unit_price,
        total: total.ok_or_else(|| LineRefusal::TooLarge.at(at(Field::Quantity)))?,
        disposition: new.disposition,
        received: if_received_now(new.quantity),
        restocked: Quantity::ZERO,
        quarantined: Quantity::ZERO,
        written_off: Quantity::ZERO,
        matches: return_pieces.collect(),
        lots: Vec::new(),
        parts: Vec::new(),
    };
    // Goods that are received at once were inspected at the counter.
    line.record_inspection(new.disposition, line.uninspected());
    Ok(line)
}

/// Price of the first order line of a return's line, with the decimals of its quantity, and the
/// quantity of the line that has no order line so far.
type MatchedPrice = (Option<(Money, u8)>, i64);

/// Credits the line's quantity to the order lines that it names, or requests it there; returns the
/// price of the first of them, and the decimals of its quantity.
fn match_lines(
    (basis, draft): (ReturnBasis<'_>, &mut Draft<'_>),
    (index, receive): (usize, Receive),
    new: &NewReturnLine,
    orders: &mut BTreeMap<OrderId, Order>,
) -> Result<Option<(Money, u8)>, Rejection> {
    let mut matched: MatchedPrice = (None, new.quantity.get());
    let mut first_rejection = None;
    for piece_index in 0..new.matches.len() {
        if let Err(rejection) = match_piece(basis, (index, receive), (new, piece_index), orders, &mut matched) {
            draft.refuse(rejection.clone())?;
            first_rejection.get_or_insert(rejection);
        }
    }
    // The line is refused if a piece is.
    first_rejection.map_or(Ok(matched.0), Err)
}

fn match_piece(
    basis: ReturnBasis<'_>,
    (index, receive): (usize, Receive),
    (new, piece_index): (&NewReturnLine, usize),
    orders: &mut BTreeMap<OrderId, Order>,
    (sold_at, unmatched_units): &mut MatchedPrice,
) -> Result<(), Rejection> {
    let (matched, field) = (new.matches[piece_index], At::line(index).part(Field::Matches, piece_index));
    let (id, position) = matched.line.split_line();
    let missing = || Rejection::not_found(Noun::OrderLine, field);
    if new.matches[..piece_index].iter().any(|earlier| earlier.line == matched.line) {
        return Err(ReturnRefusal::PieceTwice.at(field));
    }
    let order = match orders.entry(id) {
        Entry::Occupied(loaded_order) => loaded_order.into_mut(),
        Entry::Vacant(vacant) => vacant.insert(basis.order(id).ok_or_else(missing)?.clone()),
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
    if matched.quantity.get() > *unmatched_units {
        return Err(ReturnRefusal::PiecesAboveLine.at(field));
    }
    *unmatched_units -= matched.quantity.get();
    let counted_units = match receive {
        Receive::Now => &mut line.returned,
        Receive::Later => &mut line.return_pending,
    };
    *counted_units = count(counted_units.get() + matched.quantity.get());
    if sold_at.get_or_insert((line.unit_price, line.decimals)).1 != line.decimals {
        return Err(ReturnRefusal::PiecesOfUnits.at(field));
    }
    Ok(())
}
