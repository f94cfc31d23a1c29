//! Reversing a return to a supplier: the goods are back in the condition in which they left, and
//! the credit is reduced.

use std::collections::{BTreeMap, btree_map::Entry};

use entity::prelude::*;
use uuid::Uuid;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    command::PurchaseNeeds,
    landed_shares::share,
    order::PurchaseOrder,
    quantities::count,
    refusal::Refusal,
    supplier_return::{ReversedReturnLine, SupplierReturn, SupplierReturnLine},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    purchasing::events,
    reversals::core::{
        Call, Effect, Original, Part, RequestedLine, Reversal, ReversalBook, ReversalDecision, Subject, level_effects,
        needs as mirror_needs, post_mirror, select_entries,
    },
    stock::core::{At, Draft, Entry as StockEntry, Field, Movement, Noun, Rejection, RoomRefusal},
};

/// A return to reverse, with its lines, and its movement: neither changes.
#[derive(Debug, Clone)]
pub struct ReverseReturn {
    pub ret: SupplierReturn,
    pub original: Movement,
    /// Lines to reverse, by product; None for all that are left.
    pub lines: Option<Vec<RequestedLine>>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct ReturnReversal(pub Box<ReverseReturn>);

impl Decide for ReturnReversal {
    fn name(&self) -> &'static str {
        "supplier_return.reverse"
    }

    fn weight(&self) -> usize {
        self.0.original.entries.len()
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseReturn { ret, original, call, .. } = self.0.as_ref();
        mirror_needs(needs, std::slice::from_ref(original), call.on_shortage);
        let orders = ret.lines.iter().filter_map(|line| line.of).map(order_of);
        needs.documents.with(|document_needs: &mut PurchaseNeeds| document_needs.orders.extend(orders));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (purchases, reversal) =
            books.read(|book: &PurchaseBook| books.read(|reversed: &ReversalBook| decide(book, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(purchases);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn order_of(line: PurchaseOrderLineId) -> PurchaseOrderId {
    line.split_line().0
}

fn decide(
    book: &PurchaseBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseReturn,
) -> Result<(PurchaseDecision, Reversal), Rejection> {
    let ReverseReturn { ret: supplier_return, original, call, .. } = command;
    let line_entries = entries_by_line(supplier_return, original);
    let of = |(line, entry): &(&SupplierReturnLine, &StockEntry)| Original {
        line: line.product.uuid(),
        movement: original.id,
        entry: (*entry).clone(),
    };
    let originals: Vec<Original> = line_entries.iter().map(of).collect();
    let parts = select_entries(draft, &originals, reversed, command.lines.as_deref())?;
    let occurred_at = call.moment(draft, supplier_return.occurred_at)?;
    let mut orders: BTreeMap<PurchaseOrderId, PurchaseOrder> = BTreeMap::new();
    let (mut brought_back, mut effects, mut credit) = (Vec::new(), Vec::new(), 0);
    for line in &supplier_return.lines {
        let entry_lines: Vec<u16> =
            line_entries.iter().filter(|(of, _)| of.position == line.position).map(|(_, entry)| entry.line).collect();
        let units: i64 = parts.iter().filter(|part| entry_lines.contains(&part.entry.line)).map(|part| part.quantity).sum();
        if units == 0 {
            continue;
        }
        let reversed_units = |entry: &u16| reversed.reversed.get(&(original.id, *entry)).copied().unwrap_or(0);
        let before: i64 = entry_lines.iter().map(reversed_units).sum();
        let credit_of = |back: i64| share(line.total.minor, back, line.quantity.get());
        credit += credit_of(before + units) - credit_of(before);
        brought_back.push(ReversedReturnLine {
            ret: supplier_return.id,
            position: line.position,
            reversed: count(before + units),
        });
        if let Some(of) = line.of {
            reduce_returned_quantity(book, &mut orders, of, units)?;
            effects.push(Effect::quantity(&of, ReversalEffect::Returned, -units));
        }
    }
    if credit != 0 {
        effects.push(Effect::money(
            &supplier_return.id,
            ReversalEffect::Credit,
            Money::new(-credit, supplier_return.credit.currency),
        ));
    }
    let lines = post_mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let missing = || Rejection::not_found(Noun::Document, At::input(Field::Document));
    let first_key = parts.first().map(|part: &Part| part.entry.key).ok_or_else(missing)?;
    let id: Uuid = supplier_return.id.uuid();
    let subject =
        Subject { kind: ReversedKind::SupplierReturn, part: id, document: id, store: supplier_return.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first_key), lines, effects)?;
    let now = draft.now();
    orders.values_mut().for_each(|order| order.touch(now));
    let orders: Vec<PurchaseOrder> = orders.into_values().collect();
    let events = orders.iter().map(|order| order.event(events::PURCHASE_ORDER_UPDATED, Some(order.status()))).collect();
    Ok((PurchaseDecision { orders, events, brought_back, ..PurchaseDecision::default() }, reversal))
}

/// Returns the entries of the return with their lines: they have the order of the lines, and sum to
/// them.
fn entries_by_line<'r>(
    supplier_return: &'r SupplierReturn,
    original: &'r Movement,
) -> Vec<(&'r SupplierReturnLine, &'r StockEntry)> {
    let mut entries = original.entries.iter().filter(|entry| entry.on_hand_delta != 0);
    let mut line_entries = Vec::with_capacity(original.entries.len());
    for line in &supplier_return.lines {
        let mut unposted_quantity = line.quantity.get();
        while unposted_quantity > 0 {
            let Some(entry) = entries.next() else { return line_entries };
            unposted_quantity += entry.on_hand_delta;
            line_entries.push((line, entry));
        }
    }
    line_entries
}

/// Reduces the returned quantity of the order's line. A closed order stays closed.
fn reduce_returned_quantity(
    book: &PurchaseBook,
    orders: &mut BTreeMap<PurchaseOrderId, PurchaseOrder>,
    line_id: PurchaseOrderLineId,
    units: i64,
) -> Result<(), Rejection> {
    let (id, position) = line_id.split_line();
    let field = At::input(Field::Document);
    let missing = || Rejection::not_found(Noun::PurchaseOrderLine, field);
    let order = match orders.entry(id) {
        Entry::Occupied(occupied) => occupied.into_mut(),
        Entry::Vacant(vacant) => vacant.insert(book.orders.get(&id).ok_or_else(missing)?.clone()),
    };
    if order.status() == PurchaseOrderStatus::Closed {
        return Err(Refusal::Status(order.status()).at(field));
    }
    let line = order.lines.iter_mut().find(|line| line.position == position).ok_or_else(missing)?;
    line.returned = count(line.returned.get() - units);
    Ok(())
}
