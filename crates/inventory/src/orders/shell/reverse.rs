//! Undoing sales over the counter.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Ledger, Mode, SubmitResult, key_of, stored_answer_or, submit},
    orders::{
        core::{Order, ReverseSale, SaleReversal},
        rows,
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

/// An order with the movement that its sale posted, or the reason why it cannot be undone.
struct ReversibleSale {
    order: Order,
    original: Result<Movement, ReversalRefusal>,
}

/// Takes back a sale over the counter, whole, and cancels the order: the caller may reverse
/// documents and sell, in the order's store.
pub async fn sale_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    order: OrderId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    let selling = permit.also::<kind::OrderWrite>()?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let covers =
        |order: &Order| permit.covers_document(order.store, order.channel) && selling.covers_document(order.store, order.channel);
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(reversible_sale) = load_original(&scope, order).await?.filter(|reversible_sale| covers(&reversible_sale.order))
        else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let original = match &reversible_sale.original {
            Ok(original) => original,
            Err(refusal) => {
                return stored_answer_or(ledger, permit, &key, refusal.clone().at(At::input(Field::Document)).into()).await;
            }
        };
        match attempt_reversal(ledger, permit, (input, mode), (&reversible_sale.order, original), key.clone()).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(with_document_names(&scope, stop, std::slice::from_ref(original)).await?),
            outcome => return outcome,
        }
    }
}

async fn attempt_reversal(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (order, original): (&Order, &Movement),
    key: Key,
) -> SubmitResult {
    let reverse = ReverseSale {
        order: order.id,
        expected_version: input.expected_version,
        seen: order.version,
        original: original.clone(),
        lines: requested_lines(input),
        register: input.register.as_deref().map(|code| code.trim().to_owned()),
        call: build_call(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(SaleReversal(Box::new(reverse))), key, mode).await
}

/// The order is read first: rows read later are never older than its version.
async fn load_original(reads: &impl Reads, id: OrderId) -> Result<Option<ReversibleSale>, Fault> {
    let Some(order) = rows::orders(reads, &[id]).await?.pop() else { return Ok(None) };
    let is_shipped = !rows::fulfilments_of(reads, &[id]).await?.is_empty();
    let reference = Reference { kind: ReferenceKind::Order, id: id.uuid() };
    let posted = movements_of(reads, reference, &[MovementKind::Sale]).await?.pop();
    let original = match posted {
        _ if is_shipped => Err(ReversalRefusal::OfShipments),
        Some(original) => Ok(original),
        None => Err(ReversalRefusal::NothingMoved),
    };
    Ok(Some(ReversibleSale { order, original }))
}
