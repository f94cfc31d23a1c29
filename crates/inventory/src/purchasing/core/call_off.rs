//! Purchase orders that call off from a blanket order: at its prices, of its products, within its
//! days, and no more than is agreed.

use std::{borrow::Cow, collections::HashMap};

use entity::prelude::*;

use super::{
    blanket::BlanketOrder,
    blanket_refusal::BlanketRefusal,
    book::{PurchaseBook, PurchaseDecision},
    call_off_terms::CallOffTerms,
    new_line::NewLine,
    order::{Line, PurchaseOrder},
    quantities::count,
};
use crate::purchasing::events;
use crate::stock::core::{At, Book, Draft, Field, LevelKey, Noun, Rejection};

impl Line {
    /// Returns the quantity that a line takes from its blanket order: its own, less the quantity
    /// that will not come.
    pub(super) fn called_off(&self) -> Quantity {
        count(self.quantity.get() - self.short.get())
    }
}

impl PurchaseOrder {
    /// Returns the quantity of a product that the order calls off.
    pub(super) fn called_off(&self, product: ProductId) -> i64 {
        self.lines.iter().filter(|line| line.product == product).map(|line| line.called_off().get()).sum()
    }
}

/// The blanket order that an order calls off from, if it does.
pub(super) fn blanket_of<'a>(book: &'a PurchaseBook, order: &PurchaseOrder) -> Option<&'a BlanketOrder> {
    order.blanket.and_then(|id| book.blankets.get(&id))
}

/// Returns new lines at the agreed prices. Refuses a line that states another price, and a product
/// that is not agreed.
pub(super) fn build_agreed_lines<'a>(
    draft: &mut Draft<'_>,
    (blanket, store): (Option<&BlanketOrder>, StoreId),
    (lines, list): (&'a [NewLine], Field),
) -> Result<Cow<'a, [NewLine]>, Rejection> {
    let Some(blanket) = blanket else { return Ok(Cow::Borrowed(lines)) };
    let mut priced_lines = Vec::with_capacity(lines.len());
    for new_line in lines {
        let line = apply_agreed_price(draft, (blanket, store), (new_line, list));
        priced_lines.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(Cow::Owned(priced_lines))
}

fn apply_agreed_price(
    draft: &Draft<'_>,
    (blanket, store): (&BlanketOrder, StoreId),
    (new_line, list): (&NewLine, Field),
) -> Result<NewLine, Rejection> {
    let at = |name: Field| At::row(list, new_line.place).field(name);
    let Some(line) = blanket.line_of(new_line.product) else {
        let level = draft.level(LevelKey { product: new_line.product, store }, at(Field::Product))?;
        return Err(BlanketRefusal::NotAgreed { sku: level.facts.sku.clone() }.at(at(Field::Product)));
    };
    match new_line.unit_cost {
        Some(stated) if stated != line.unit_cost => {
            Err(BlanketRefusal::OtherPrice { sku: line.sku.clone(), agreed: line.unit_cost }.at(at(Field::UnitCost)))
        }
        _ => Ok(NewLine { unit_cost: Some(line.unit_cost), ..new_line.clone() }),
    }
}

/// Refuses an order that calls off more than is left; `previous` is the order before, and `at` returns
/// the place of a line in the input. An order may call off more than before only while the blanket
/// order is in force.
pub(super) fn check_remaining_quantity(
    draft: &mut Draft<'_>,
    blanket: Option<&BlanketOrder>,
    (previous, order): (Option<&PurchaseOrder>, &PurchaseOrder),
    at: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let Some(blanket) = blanket else { return Ok(()) };
    let before = |product: ProductId| previous.map_or(0, |previous| previous.called_off(product));
    if previous.is_some()
        && let Some(line) = order.lines.iter().find(|line| order.called_off(line.product) > before(line.product))
    {
        let today = draft.business_date(draft.now(), order.key(line), At::input(Field::Id))?;
        draft.pass(blanket.check_in_force(today, At::input(Field::Id)))?;
    }
    let mut remaining_units: HashMap<ProductId, i64> =
        blanket.lines.iter().map(|line| (line.product, line.remaining_quantity().get() + before(line.product))).collect();
    for (index, line) in order.lines.iter().enumerate() {
        let Some(remaining_units) = remaining_units.get_mut(&line.product) else { continue };
        let requested_units = line.called_off().get();
        if requested_units > *remaining_units {
            draft.refuse(BlanketRefusal::LeftOnly { sku: line.sku.clone(), left: count(*remaining_units) }.at(at(index)))?;
        }
        // A line that wants too much takes what is left.
        *remaining_units -= requested_units.min(*remaining_units);
    }
    check_call_off_terms(draft, blanket, (previous, order), at)
}

/// Refuses an order that calls off less of a product than the agreed minimum, or no multiple of the
/// agreed pack. The quantity of an order that the supplier has may be lowered.
fn check_call_off_terms(
    draft: &mut Draft<'_>,
    blanket: &BlanketOrder,
    (previous, order): (Option<&PurchaseOrder>, &PurchaseOrder),
    at: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let is_with_supplier = matches!(order.status(), PurchaseOrderStatus::Ordered | PurchaseOrderStatus::PartiallyReceived);
    for line in blanket.lines.iter().filter(|line| line.terms != CallOffTerms::default()) {
        let (before, requested_units) =
            (previous.map_or(0, |previous| previous.called_off(line.product)), order.called_off(line.product));
        if requested_units == before || requested_units == 0 || (is_with_supplier && requested_units < before) {
            continue;
        }
        let remaining_units = line.remaining_quantity().get() + before;
        // More than is left was refused as `LeftOnly`.
        if requested_units <= remaining_units && !line.terms.allows(requested_units, remaining_units) {
            let line_index = order.lines.iter().position(|order_line| order_line.product == line.product).unwrap_or_default();
            let refusal = BlanketRefusal::AgainstTerms { sku: line.sku.clone(), terms: line.terms, left: count(remaining_units) };
            draft.refuse(refusal.at(at(line_index)))?;
        }
    }
    Ok(())
}

/// Updates each blanket order by the quantities that the decision calls off or returns, for all
/// commands, and refuses more than is agreed.
pub fn update_call_offs(stock: &Book, book: &PurchaseBook, decision: &mut PurchaseDecision) -> Result<(), Rejection> {
    let mut changed: Vec<BlanketOrder> = Vec::new();
    for order in &decision.orders {
        let Some(id) = order.blanket else { continue };
        let index = if let Some(index) = changed.iter().position(|blanket| blanket.id == id) {
            index
        } else {
            let missing = || Rejection::not_found(Noun::BlanketOrder, At::INPUT);
            changed.push(book.blankets.get(&id).ok_or_else(missing)?.clone());
            changed.len() - 1
        };
        apply_call_offs(&mut changed[index], book.orders.get(&order.id), order)?;
    }
    for mut blanket in changed {
        let Some(previous) = book.blankets.get(&blanket.id).filter(|previous| previous.lines != blanket.lines) else { continue };
        let before = previous.status;
        blanket.update_status(local_date_of(stock, decision, blanket.id), stock.now);
        blanket.touch(stock.now);
        decision.events.push(blanket.event(events::BLANKET_ORDER_UPDATED, Some(before)));
        decision.blankets.push(blanket);
    }
    Ok(())
}

fn apply_call_offs(blanket: &mut BlanketOrder, previous: Option<&PurchaseOrder>, order: &PurchaseOrder) -> Result<(), Rejection> {
    for line in &mut blanket.lines {
        let before = previous.map_or(0, |previous| previous.called_off(line.product));
        let called_off = line.called_off.get() - before + order.called_off(line.product);
        if called_off > line.quantity.get() {
            let remaining_quantity = count((line.remaining_quantity().get() + before).max(0));
            return Err(BlanketRefusal::LeftOnly { sku: line.sku.clone(), left: remaining_quantity }.at(At::INPUT));
        }
        line.called_off = count(called_off);
    }
    Ok(())
}

/// Returns the local date in the store of the order that changes the called-off quantity.
fn local_date_of(stock: &Book, decision: &PurchaseDecision, blanket: BlanketOrderId) -> i32 {
    let order = decision.orders.iter().find(|order| order.blanket == Some(blanket));
    let level = order.and_then(|order| order.lines.first().and_then(|line| stock.levels.get(&order.key(line))));
    (stock.local_day)(stock.now, level.map_or("UTC", |level| &level.facts.time_zone))
}
