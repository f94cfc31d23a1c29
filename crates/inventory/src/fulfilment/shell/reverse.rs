//! Undoing shipments.

use entity::prelude::*;
use iam::access::{Denied, Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    fulfilment::core::{ReverseShipment, ShipmentReversal},
    ledger::{Command, Ledger, Mode, SubmitResult, key_of, stored_answer_or, submit},
    orders::{
        self,
        core::{Fulfilment, Order, sales_of, shipped_goods},
    },
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::movements_of,
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, requested_lines,
            with_document_names,
        },
    },
    stock::core::{At, Field, Movement, Reference, ReferenceKind, RoomRefusal},
};

/// A shipment with its order and the movement that it posted; None if no stock moved with it.
struct ReversibleShipment {
    order: Order,
    shipment: Fulfilment,
    original: Option<Movement>,
}

/// Undoes a shipment, whole. The caller may reverse documents in the store that it left, and ship
/// there: works if it left with a work, else orders.
pub async fn shipment_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    id: FulfilmentId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let reversible = load_shipment(&scope, id).await?;
        let is_allowed = reversible.as_ref().map(|reversible| may_reverse(permit, &reversible.shipment)).transpose()?;
        let Some(reversible) = reversible.filter(|_| is_allowed == Some(true)) else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let Some(original) = &reversible.original else {
            let refusal = ReversalRefusal::NothingMoved.at(At::input(Field::Document));
            return stored_answer_or(ledger, permit, &key, refusal.into()).await;
        };
        match try_reverse(ledger, permit, (input, mode), (&reversible, original), key.clone()).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(with_document_names(&scope, stop, std::slice::from_ref(original)).await?),
            done => return done,
        }
    }
}

/// True if the caller may undo the shipment. Callers that are bound to a channel see orders, and
/// never the stores' part in them.
fn may_reverse(permit: &Permit<kind::DocumentReverse>, shipment: &Fulfilment) -> Result<bool, Denied> {
    if permit.channel().is_some() || !permit.covers(shipment.store) {
        return Ok(false);
    }
    Ok(if shipment.work.is_some() {
        permit.also::<kind::FulfilmentShip>()?.covers(shipment.store)
    } else {
        permit.also::<kind::OrderFulfil>()?.covers(shipment.store)
    })
}

async fn try_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (reversible, original): (&ReversibleShipment, &Movement),
    key: Key,
) -> SubmitResult {
    let command = ReverseShipment {
        order: reversible.order.id,
        fulfilment: reversible.shipment.id,
        store: reversible.shipment.store,
        expected_version: input.expected_version,
        seen: reversible.order.version,
        original: original.clone(),
        lines: requested_lines(input),
        holding: ledger.clock().document_id(),
        call: build_call(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(ShipmentReversal(Box::new(command))), key, mode).await
}

/// A shipment never changes its order. The order is read first: rows read later are never older
/// than its version.
async fn load_shipment(reads: &impl Reads, id: FulfilmentId) -> Result<Option<ReversibleShipment>, Fault> {
    let Some(order) = orders::rows::fulfilment(reads, id).await?.map(|shipped_fulfilment| shipped_fulfilment.order) else {
        return Ok(None);
    };
    let Some(order) = orders::rows::orders(reads, &[order]).await?.pop() else { return Ok(None) };
    let fulfilments = orders::rows::fulfilments_of(reads, &[order.id]).await?;
    let reference = Reference { kind: ReferenceKind::Order, id: order.id.uuid() };
    let sale_movements = movements_of(reads, reference, &[MovementKind::Sale]).await?;
    let mut original = find_original(&order, &fulfilments, &sale_movements, id);
    let Some(shipment) = fulfilments.into_iter().find(|shipped| shipped.id == id) else { return Ok(None) };
    if shipped_goods(&order, &shipment.lines).is_empty() {
        original = None;
    } else if original.is_none() {
        return Err(Fault::corrupt("fulfilment", "each that took stock has its movement"));
    }
    Ok(Some(ReversibleShipment { order, shipment, original }))
}

/// Returns the sale that a shipment posted.
fn find_original(order: &Order, shipments: &[Fulfilment], sale_movements: &[Movement], id: FulfilmentId) -> Option<Movement> {
    let sales = sales_of(order, shipments, sale_movements);
    shipments.iter().zip(sales).find(|(shipment, _)| shipment.id == id)?.1.cloned()
}
