//! Reversing counts.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    counts::{
        core::{Count, CountReversal, CountToReverse, Line, ReverseCount},
        rows,
    },
    ledger::{Command, Ledger, Mode, SubmitResult, key_of, stored_answer_or, submit},
    reversals::{
        rows::movements_of,
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, requested_lines,
            with_document_names,
        },
    },
    stock::core::{Movement, Reference, ReferenceKind},
};

/// A count with its posted lines and the movements that it posted.
struct ReversalInputs {
    count: Count,
    lines: Vec<Line>,
    originals: Vec<Movement>,
}

/// Reverses the postings of a count, whole or line by line: the caller may reverse documents and
/// approve counts, in the count's store.
pub async fn count_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    count: CountId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    let approve_permit = permit.also::<kind::CountApprove>()?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let covers = |store: StoreId| permit.covers(store) && approve_permit.covers(store);
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(inputs) = load_reversal_inputs(&scope, count).await?.filter(|inputs| covers(inputs.count.store)) else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        match try_reverse(ledger, permit, (input, mode), &inputs, key.clone()).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(with_document_names(&scope, stop, &inputs.originals).await?),
            done => return done,
        }
    }
}

async fn try_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    inputs: &ReversalInputs,
    key: Key,
) -> SubmitResult {
    let ReversalInputs { count, lines, originals } = inputs;
    let is_requested = |line: &&Line| {
        input.lines.as_ref().is_none_or(|requested| requested.iter().any(|requested_line| requested_line.line == line.id.uuid()))
    };
    let reversed_products: BTreeSet<ProductId> = lines.iter().filter(is_requested).map(|line| line.product).collect();
    let products: BTreeSet<ProductId> = lines.iter().map(|line| line.product).collect();
    let count_to_reverse = CountToReverse {
        count: count.id,
        store: count.store,
        products: reversed_products.into_iter().collect(),
        completed_at: count.state.completed_at().unwrap_or(count.updated_at),
        seq: originals.iter().map(|movement| movement.seq).min().unwrap_or_default(),
    };
    let command = ReverseCount {
        expected_version: input.expected_version,
        seen: count.version,
        undone: count_to_reverse,
        products: products.into_iter().collect(),
        lots: lines.iter().filter_map(|line| line.lot.as_ref()?.id).collect(),
        originals: originals.clone(),
        lines: requested_lines(input),
        call: build_call(ledger, permit, input, originals)?,
    };
    submit(ledger, permit, Command::of(CountReversal(Box::new(command))), key, mode).await
}

/// The count is read first: later reads are never older than its version.
async fn load_reversal_inputs(reads: &impl Reads, id: CountId) -> Result<Option<ReversalInputs>, Fault> {
    let Some(count) = rows::load_counts(reads, &[id]).await?.pop() else { return Ok(None) };
    let lines = rows::load_lines(reads, id, None).await?;
    let lines = lines.into_values().filter(|line| line.state.posted_difference().is_some()).collect();
    let reference = Reference { kind: ReferenceKind::Count, id: id.uuid() };
    let originals = movements_of(reads, reference, &[MovementKind::Count]).await?;
    Ok(Some(ReversalInputs { count, lines, originals }))
}
