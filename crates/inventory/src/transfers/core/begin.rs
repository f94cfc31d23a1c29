//! First steps of a transfer in the call that creates it.

use super::{
    holds::reserve_lines,
    moves::ship_goods,
    step::{Begin, Parcel, Shipment, Steps},
    transfer::{CreatedState, Line, Transfer},
};
use crate::stock::core::{At, Draft, Field, Rejection};

/// Applies the first steps of a new transfer, and returns the state in which it was created before
/// them; `None` for a draft.
pub(super) fn apply_first_steps(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    begin: &Begin,
) -> Result<Option<CreatedState>, Rejection> {
    let created_state = CreatedState { status: transfer.status(), version: transfer.version };
    let field = |index: usize| At::line(index).field(Field::Quantity);
    match begin {
        Begin::Draft => return Ok(None),
        Begin::Ready(reservations) => reserve_lines(draft, transfer, steps, reservations, field)?,
        Begin::InTransit => {
            let whole_parcel =
                |line: &Line| Parcel { line: transfer.line_id(line.position), quantity: line.quantity, lots: Vec::new() };
            let lines = Some(transfer.lines.iter().map(whole_parcel).collect());
            ship_goods(draft, transfer, steps, &Shipment { lines, occurred_at: None, note: None })?;
        }
    }
    Ok(Some(created_state))
}
