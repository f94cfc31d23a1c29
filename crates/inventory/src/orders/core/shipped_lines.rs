//! Lines of an order, and their quantities, that a shipment takes.

use super::{
    line::Line,
    order::Order,
    refusal::Refusal,
    shipment::{Fulfil, LineQuantity},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, Reservation, RoomRefusal, whole_kits};

/// Position and quantity of a line that leaves, its lot, and its place in the input.
type LineToShip = (u16, i64, LotChoice, At);
type Wanted = Vec<LineToShip>;

/// Returns the lines that a shipment names; if it names none, all that can leave.
pub(super) fn wanted_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    held: &[Reservation],
) -> Result<Wanted, Rejection> {
    let Some(named) = &command.lines else { return all_lines(order, command, held) };
    if named.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut wanted: Wanted = Vec::with_capacity(named.len());
    for (index, one) in named.iter().enumerate() {
        let line = wanted_line(order, &wanted, (index, one));
        wanted.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(wanted)
}

fn wanted_line(order: &Order, before: &[LineToShip], (index, one): (usize, &LineQuantity)) -> Result<LineToShip, Rejection> {
    let (of, position) = one.line.split_line();
    let at = |name: Field| At::line(index).field(name);
    let line = order.lines.iter().find(|line| of == order.id && line.position == position);
    let Some(line) = line else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    if before.iter().any(|(p, ..)| *p == position) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    if !one.quantity.is_positive() || one.quantity.get() > line.outstanding() {
        return Err(Refusal::ShippableUpTo { most: line.outstanding() }.at(at(Field::Quantity)));
    }
    Ok((position, one.quantity.get(), one.lot.clone(), at(Field::Quantity)))
}

/// Returns all open units; of an order with reservations in several stores, those reserved in the
/// store that it leaves. Backordered units stay backordered.
fn all_lines(order: &Order, command: &Fulfil, held: &[Reservation]) -> Result<Wanted, Rejection> {
    let store = command.store.unwrap_or(order.store);
    let is_here = held.iter().any(|r| r.key.store == store);
    let is_elsewhere = held.iter().any(|r| r.key.store != store);
    if is_elsewhere && !is_here && command.store.is_none() {
        return Err(Refusal::HeldInOtherStores.at(At::input(Field::Store)));
    }
    let wanted = |line: &Line| {
        if !is_here || !is_elsewhere || line.goods().next().is_none() {
            return line.open.get();
        }
        let units = |product| {
            let own = held.iter().filter(|r| r.key == LevelKey { product, store } && r.order == Some((order.id, line.position)));
            own.map(|r| r.remaining.get()).sum::<i64>()
        };
        whole_kits(line.goods().map(|(product, takes)| (units(product), takes))).min(line.open.get())
    };
    let lines = order.lines.iter().map(|line| (line.position, wanted(line))).filter(|(_, quantity)| *quantity > 0);
    let all: Wanted =
        lines.map(|(position, quantity)| (position, quantity, LotChoice::Unsaid, At::input(Field::Lines))).collect();
    if all.is_empty() {
        let why = if order.has_open() { Refusal::NothingHeldThere } else { Refusal::WaitsForStock };
        return Err(why.at(At::input(Field::Lines)));
    }
    Ok(all)
}
