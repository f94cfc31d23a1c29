//! How far a transfer comes in the call that makes it.

use super::{
    decide::{Begin, Steps, hold},
    moves::{Parcel, Shipment, ship},
    transfer::{Line, Made, Transfer},
};
use crate::stock::core::{At, Draft, Field, Rejection};

/// What a new transfer does at once, and how it was made before.
pub(super) fn begun(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    begin: &Begin,
) -> Result<Option<Made>, Rejection> {
    let made = Made { status: transfer.status(), version: transfer.version };
    let field = |index: usize| At::line(index).field(Field::Quantity);
    match begin {
        Begin::Draft => return Ok(None),
        Begin::Ready(reservations) => hold(draft, transfer, steps, reservations, field)?,
        Begin::InTransit => {
            let whole = |line: &Line| Parcel { line: transfer.line_id(line.position), quantity: line.quantity, lots: Vec::new() };
            let lines = Some(transfer.lines.iter().map(whole).collect());
            ship(draft, transfer, steps, &Shipment { lines, occurred_at: None, note: None })?;
        }
    }
    Ok(Some(made))
}
