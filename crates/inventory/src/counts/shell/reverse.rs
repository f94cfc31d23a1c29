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
    ledger::{Command, Done, Ledger, Mode, key_of, stored_answer_or, submit},
    reversals::{
        rows::movements_of,
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, named,
            requested_lines,
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
) -> Done {
    check_input(input)?;
    let approving = permit.also::<kind::CountApprove>()?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let covers = |store: StoreId| permit.covers(store) && approving.covers(store);
    let mut tries = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(found) = load_reversal_inputs(&scope, count).await?.filter(|found| covers(found.count.store)) else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        match attempt(ledger, permit, (input, mode), &found, key.clone()).await {
            Err(stop) if tries.should_retry(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, &found.originals).await?),
            done => return done,
        }
    }
}

async fn attempt(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    found: &ReversalInputs,
    key: Key,
) -> Done {
    let ReversalInputs { count, lines, originals } = found;
    let is_named = |line: &&Line| input.lines.as_ref().is_none_or(|all| all.iter().any(|one| one.line == line.id.uuid()));
    let named: BTreeSet<ProductId> = lines.iter().filter(is_named).map(|line| line.product).collect();
    let products: BTreeSet<ProductId> = lines.iter().map(|line| line.product).collect();
    let undone = CountToReverse {
        count: count.id,
        store: count.store,
        products: named.into_iter().collect(),
        completed_at: count.state.completed_at().unwrap_or(count.updated_at),
        seq: originals.iter().map(|movement| movement.seq).min().unwrap_or_default(),
    };
    let reverse = ReverseCount {
        expected_version: input.expected_version,
        seen: count.version,
        undone,
        products: products.into_iter().collect(),
        lots: lines.iter().filter_map(|line| line.lot.as_ref()?.id).collect(),
        originals: originals.clone(),
        lines: requested_lines(input),
        call: build_call(ledger, permit, input, originals)?,
    };
    submit(ledger, permit, Command::of(CountReversal(Box::new(reverse))), key, mode).await
}

/// The count is read first: later reads are never older than its version.
async fn load_reversal_inputs(reads: &impl Reads, id: CountId) -> Result<Option<ReversalInputs>, Fault> {
    let Some(count) = rows::counts(reads, &[id]).await?.pop() else { return Ok(None) };
    let lines = rows::lines(reads, id, None).await?;
    let lines = lines.into_values().filter(|line| line.state.posted().is_some()).collect();
    let of = Reference { kind: ReferenceKind::Count, id: id.uuid() };
    let originals = movements_of(reads, of, &[MovementKind::Count]).await?;
    Ok(Some(ReversalInputs { count, lines, originals }))
}
