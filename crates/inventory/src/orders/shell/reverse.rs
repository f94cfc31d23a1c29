//! Undoing sales over the counter.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, first_answer, key_of, submit},
    orders::{
        core::{Order, ReverseSale, SaleReversal},
        rows,
    },
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::movements_of,
        shell::{DocumentReverse, MUTATION, Tries, call_of, checked, missing, named, wanted},
    },
    stock::core::{At, Field, Movement, Reference, ReferenceKind, RoomRefusal},
};

/// An order with what it posted when it was sold; or why it is not undone.
struct Undoing {
    order: Order,
    original: Result<Movement, ReversalRefusal>,
}

/// Takes back what was sold over the counter, whole, and cancels the order: the caller may reverse documents and sell, in the order's store.
pub async fn sale_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    order: OrderId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let selling = permit.also::<kind::OrderWrite>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let covers =
        |order: &Order| permit.covers_document(order.store, order.channel) && selling.covers_document(order.store, order.channel);
    let mut tries = Tries::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(found) = undoing(&scope, order).await?.filter(|found| covers(&found.order)) else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        let original = match &found.original {
            Ok(original) => original,
            Err(why) => return first_answer(ledger, permit, &key, why.clone().at(At::input(Field::Document)).into()).await,
        };
        match attempt(ledger, permit, (input, mode), (&found.order, original), key.clone()).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, std::slice::from_ref(original)).await?),
            done => return done,
        }
    }
}

async fn attempt(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (order, original): (&Order, &Movement),
    key: Key,
) -> Done {
    let reverse = ReverseSale {
        order: order.id,
        expected_version: input.expected_version,
        seen: order.version,
        original: original.clone(),
        lines: wanted(input),
        register: input.register.as_deref().map(|code| code.trim().to_owned()),
        call: call_of(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(SaleReversal(Box::new(reverse))), key, mode).await
}

/// The order is read first: what is read later is never older than its version.
async fn undoing(reads: &impl Reads, id: OrderId) -> Result<Option<Undoing>, Fault> {
    let Some(order) = rows::orders(reads, &[id]).await?.pop() else { return Ok(None) };
    let is_shipped = !rows::fulfilments_of(reads, &[id]).await?.is_empty();
    let of = Reference { kind: ReferenceKind::Order, id: id.uuid() };
    let posted = movements_of(reads, of, &[MovementKind::Sale]).await?.pop();
    let original = match posted {
        _ if is_shipped => Err(ReversalRefusal::OfShipments),
        Some(original) => Ok(original),
        None => Err(ReversalRefusal::NothingMoved),
    };
    Ok(Some(Undoing { order, original }))
}
