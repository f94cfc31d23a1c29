//! Undoing shipments.

use entity::prelude::*;
use iam::access::{Denied, Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    fulfilment::core::{ReverseShipment, ShipmentReversal},
    ledger::{Command, Done, Ledger, Mode, first_answer, key_of, submit},
    orders::{
        self,
        core::{Fulfilment, Order, goods_of, sales_of},
    },
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::movements_of,
        shell::{DocumentReverse, MUTATION, Tries, call_of, checked, missing, named, wanted},
    },
    stock::core::{At, Field, Movement, Reference, ReferenceKind, RoomRefusal},
};

/// A shipment with its order, and what it posted; nothing where no stock moved with it.
struct Undoing {
    order: Order,
    shipment: Fulfilment,
    original: Option<Movement>,
}

/// Takes back what left with a shipment, whole. The caller may reverse documents in the store that it left from, and ship there: works where it left with
/// one, else orders.
pub async fn shipment_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    id: FulfilmentId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let mut tries = Tries::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let found = undoing(&scope, id).await?;
        let may = found.as_ref().map(|found| may(permit, &found.shipment)).transpose()?;
        let Some(found) = found.filter(|_| may == Some(true)) else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        let Some(original) = &found.original else {
            let nothing = ReversalRefusal::NothingMoved.at(At::input(Field::Document));
            return first_answer(ledger, permit, &key, nothing.into()).await;
        };
        match attempt(ledger, permit, (input, mode), (&found, original), key.clone()).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, std::slice::from_ref(original)).await?),
            done => return done,
        }
    }
}

/// Whether the caller may undo it. Whoever is bound to a channel sees orders, and never what stores do about them.
fn may(permit: &Permit<kind::DocumentReverse>, shipment: &Fulfilment) -> Result<bool, Denied> {
    if permit.channel().is_some() || !permit.covers(shipment.store) {
        return Ok(false);
    }
    Ok(if shipment.work.is_some() {
        permit.also::<kind::FulfilmentShip>()?.covers(shipment.store)
    } else {
        permit.also::<kind::OrderFulfil>()?.covers(shipment.store)
    })
}

async fn attempt(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (found, original): (&Undoing, &Movement),
    key: Key,
) -> Done {
    let reverse = ReverseShipment {
        order: found.order.id,
        fulfilment: found.shipment.id,
        store: found.shipment.store,
        expected_version: input.expected_version,
        seen: found.order.version,
        original: original.clone(),
        lines: wanted(input),
        holding: ledger.clock().document_id(),
        call: call_of(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(ShipmentReversal(Box::new(reverse))), key, mode).await
}

/// A shipment never changes its order. That is read before the rest, which is never older than its version.
async fn undoing(reads: &impl Reads, id: FulfilmentId) -> Result<Option<Undoing>, Fault> {
    let Some(order) = orders::rows::fulfilment(reads, id).await?.map(|one| one.order) else { return Ok(None) };
    let Some(order) = orders::rows::orders(reads, &[order]).await?.pop() else { return Ok(None) };
    let all = orders::rows::fulfilments_of(reads, &[order.id]).await?;
    let of = Reference { kind: ReferenceKind::Order, id: order.id.uuid() };
    let posted = movements_of(reads, of, &[MovementKind::Sale]).await?;
    let mut original = original_of(&order, &all, &posted, id);
    let Some(shipment) = all.into_iter().find(|one| one.id == id) else { return Ok(None) };
    if goods_of(&order, &shipment.lines).is_empty() {
        original = None;
    } else if original.is_none() {
        return Err(Fault::corrupt("fulfilment", "each that took stock has its movement"));
    }
    Ok(Some(Undoing { order, shipment, original }))
}

/// The sale that a shipment posted.
fn original_of(order: &Order, shipments: &[Fulfilment], posted: &[Movement], id: FulfilmentId) -> Option<Movement> {
    let sales = sales_of(order, shipments, posted);
    shipments.iter().zip(sales).find(|(shipment, _)| shipment.id == id)?.1.cloned()
}
