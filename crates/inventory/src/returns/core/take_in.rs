//! Receiving the goods of a new return at once.

use entity::prelude::*;

use super::{
    book::ReturnBasis,
    lots_chosen::{Goods, LotSelection},
    new_return::CreateReturn,
    refusal::ReturnRefusal,
    sales_return::{Return, ReturnLine},
};
use crate::stock::core::{
    At, Dates, Delta, Draft, Facts, Field, LevelKey, LotChoice, MovementHead, Posting, Reference, ReferenceKind, Rejection,
    RoomRefusal,
};

/// Level of goods, their quantity, and their unit cost.
type StockedGoods = (LevelKey, i64, Option<Money>);

/// Returns the stocked goods of a line: its own product, or the components of a kit.
fn find_stocked_goods(draft: &Draft<'_>, sales_return: &Return, line: &ReturnLine) -> Vec<StockedGoods> {
    let own_product = line.product.filter(|_| line.parts.is_empty()).map(|product| (product, line.quantity.get()));
    let parts = line.parts.iter().map(|(product, quantity)| (*product, quantity.get()));
    let stocked = |(product, quantity)| {
        let level = draft.level(LevelKey { product, store: sales_return.store }, At::NOWHERE).ok()?;
        (level.facts.policy != StockPolicy::Untracked).then(|| (level.key, quantity, level.facts.cost))
    };
    own_product.into_iter().chain(parts).filter_map(stocked).collect()
}

/// Returns the lots for goods of lines without a named lot.
fn select_lots(draft: &Draft<'_>, sales_return: &Return, command: &CreateReturn) -> LotSelection {
    let Some(returnable_lots) = &command.left else { return LotSelection::default() };
    let mut all_goods = Vec::new();
    for (index, (line, new)) in sales_return.lines.iter().zip(&command.lines).enumerate() {
        let line_goods = find_stocked_goods(draft, sales_return, line).into_iter();
        all_goods.extend(line_goods.map(|(key, units, _)| Goods::of(line, index, (key, units, new.lot.clone()))));
    }
    LotSelection::of(draft, returnable_lots, &all_goods)
}

/// Refuses goods that could not be received: already at the request, so that they are not sent in.
pub(super) fn check_receivable(facts: &Facts, field: At) -> Result<(), Rejection> {
    if facts.status == ProductStatus::Archived && facts.policy != StockPolicy::Untracked {
        return Err(ReturnRefusal::ProductArchived { sku: facts.sku.clone() }.at(field));
    }
    Ok(())
}

/// Refuses the serial number that was posted last if its line names orders and none of them sent
/// it.
pub(super) fn check_serial_was_shipped(
    basis: ReturnBasis<'_>,
    draft: &Draft<'_>,
    line: &ReturnLine,
    field: At,
) -> Result<(), Rejection> {
    let lot = draft.last_posted_lot().and_then(|lot| draft.lot(lot)).filter(|lot| lot.tracking == Tracking::Serial);
    let Some(serial) = lot.filter(|serial| line.product == Some(serial.product)) else { return Ok(()) };
    let matched: i64 = line.matches.iter().map(|piece| piece.quantity.get()).sum();
    let orders = line.matches.iter().filter_map(|piece| basis.returns.shipped.get(&piece.line.split_line().0));
    let mut shipped_lots = orders.flatten().filter(|(product, _)| *product == serial.product).peekable();
    // Goods that were not kept by serial numbers when they left may have any.
    let is_known = shipped_lots.peek().is_none() || shipped_lots.any(|(_, lot)| lot.is_none_or(|lot| lot == serial.id));
    if is_known || matched < line.quantity.get() {
        return Ok(());
    }
    Err(ReturnRefusal::SerialLeftElsewhere { code: serial.code.clone() }.at(field))
}

/// Brings all stock in; written-off units leave by a movement of their own, so that the ledger has
/// both.
pub(super) fn post_receipt(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    sales_return: &Return,
    command: &CreateReturn,
) -> Result<(), Rejection> {
    let head = MovementHead {
        id: command.movements[0],
        kind: MovementKind::Return,
        reason: Some(ReasonCode::CustomerReturn),
        note: sales_return.note.clone(),
        external_ref: sales_return.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Return, id: sales_return.id.uuid() }),
        actor: sales_return.actor,
        reverses: None,
        occurred_at: sales_return.occurred_at,
    };
    let removal =
        MovementHead { id: command.movements[1], kind: MovementKind::Removal, reason: Some(ReasonCode::Damage), ..head.clone() };
    let lots = select_lots(draft, sales_return, command);
    for (head, sign) in [(head, 1), (removal, -1)] {
        let posting = StockPosting { basis, lots: &lots, sign };
        let mut has_begun = false;
        for (index, line) in sales_return.lines.iter().enumerate() {
            if sign < 0 && line.disposition != Disposition::WriteOff {
                continue;
            }
            let lot_choice = command.lines.get(index).map(|new| new.lot.clone()).unwrap_or_default();
            for stocked_goods in find_stocked_goods(draft, sales_return, line) {
                if !has_begun {
                    draft.begin(head.clone(), stocked_goods.0, At::line(index))?;
                    has_begun = true;
                }
                let post_result = posting.post(draft, (index, line), &lot_choice, stocked_goods);
                draft.pass(post_result)?;
            }
        }
        // Goods whose receipt was refused are not written off.
        draft.end_pass()?;
    }
    Ok(())
}

/// Goods that are received (`sign` 1) or written off (−1).
struct StockPosting<'a> {
    basis: ReturnBasis<'a>,
    lots: &'a LotSelection,
    sign: i64,
}

impl StockPosting<'_> {
    fn post(
        &self,
        draft: &mut Draft<'_>,
        (index, line): (usize, &ReturnLine),
        lot_choice: &LotChoice,
        (key, quantity, cost): StockedGoods,
    ) -> Result<(), Rejection> {
        let (row, sign) = (At::line(index), self.sign);
        check_receivable(&draft.level(key, row)?.facts, row)?;
        let field = row.field(Field::Quantity);
        let lot = self.lots.lot((index, key.product), lot_choice, field)?;
        let is_aside = sign > 0 && line.disposition == Disposition::Quarantine;
        // Goods that were received into a blocked lot became unavailable at once, and are written
        // off from there.
        let condition = if is_aside { None } else { draft.blocked(key, &lot) };
        let unavailable = if is_aside || condition.is_some() { sign * quantity } else { 0 };
        let delta = Delta { on_hand: sign * quantity, unavailable, ..Delta::default() };
        let posting = Posting { delta, cost, note: None, lot, condition, dates: Dates::Override };
        draft.post_to(key, posting, field)?;
        check_serial_was_shipped(self.basis, draft, line, row.field(Field::Lot))
    }
}
