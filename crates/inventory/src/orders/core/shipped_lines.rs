//! Lines of an order, and their quantities, that a shipment takes.

use super::{
    fulfil::{Fulfil, LineQuantity},
    line::Line,
    order::Order,
    refusal::Refusal,
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, Reservation, RoomRefusal, whole_kits};

/// Position and quantity of a line that leaves, its lot, and its place in the input.
type LineToShip = (u16, i64, LotChoice, At);
type LinesToShip = Vec<LineToShip>;

/// Returns the lines that a shipment names; if it names none, all that can leave.
pub(super) fn resolve_shipped_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    reservations: &[Reservation],
) -> Result<LinesToShip, Rejection> {
    let Some(requested) = &command.lines else { return all_open_lines(order, command, reservations) };
    if requested.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut lines_to_ship: LinesToShip = Vec::with_capacity(requested.len());
    for (index, line_quantity) in requested.iter().enumerate() {
        let line = find_requested_line(order, &lines_to_ship, (index, line_quantity));
        lines_to_ship.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(lines_to_ship)
}

fn find_requested_line(
    order: &Order,
    before: &[LineToShip],
    (index, requested): (usize, &LineQuantity),
) -> Result<LineToShip, Rejection> {
    let (order_id, position) = requested.line.split_line();
    let at = |name: Field| At::line(index).field(name);
    let line = order.lines.iter().find(|line| order_id == order.id && line.position == position);
    let Some(line) = line else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    if before.iter().any(|(earlier_position, ..)| *earlier_position == position) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    if !requested.quantity.is_positive() || requested.quantity.get() > line.outstanding() {
        return Err(Refusal::ShippableUpTo { most: line.outstanding() }.at(at(Field::Quantity)));
    }
    Ok((position, requested.quantity.get(), requested.lot.clone(), at(Field::Quantity)))
}

/// Returns all open units; of an order with reservations in several stores, those reserved in the
/// store that it leaves. Backordered units stay backordered.
fn all_open_lines(order: &Order, command: &Fulfil, reservations: &[Reservation]) -> Result<LinesToShip, Rejection> {
    let store = command.store.unwrap_or(order.store);
    let is_here = reservations.iter().any(|reservation| reservation.key.store == store);
    let is_elsewhere = reservations.iter().any(|reservation| reservation.key.store != store);
    if is_elsewhere && !is_here && command.store.is_none() {
        return Err(Refusal::HeldInOtherStores.at(At::input(Field::Store)));
    }
    let shippable = |line: &Line| {
        if !is_here || !is_elsewhere || line.goods().next().is_none() {
            return line.open.get();
        }
        let units = |product| {
            let line_reservations = reservations.iter().filter(|reservation| {
                reservation.key == LevelKey { product, store } && reservation.order == Some((order.id, line.position))
            });
            line_reservations.map(|reservation| reservation.remaining.get()).sum::<i64>()
        };
        whole_kits(line.goods().map(|(product, part_quantity)| (units(product), part_quantity))).min(line.open.get())
    };
    let lines = order.lines.iter().map(|line| (line.position, shippable(line))).filter(|(_, quantity)| *quantity > 0);
    let lines_to_ship: LinesToShip =
        lines.map(|(position, quantity)| (position, quantity, LotChoice::Unsaid, At::input(Field::Lines))).collect();
    if lines_to_ship.is_empty() {
        let refusal = if order.has_open() { Refusal::NothingHeldThere } else { Refusal::WaitsForStock };
        return Err(refusal.at(At::input(Field::Lines)));
    }
    Ok(lines_to_ship)
}
