//! Creating a transfer.

use std::collections::HashSet;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads};

use super::{
    input::{MAX_LINES, TransferCreate, TransferStart, check_metadata},
    lines::{build_planned_lines, level_keys},
    side::Side,
};
use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, StoreRef, SubmitResult,
        check_key, document_ids, key_of, store_of, submit_with_missing,
    },
    stock::core::{At, Field, Noun, Rejection},
    transfers::{
        core::{Begin, NewTransfer, Step, Steps, TransferCommand},
        rows,
    },
};

/// Requests goods from another store, or offers them to one. To reserve or send them at once, the
/// caller needs the right to ship in the sender's store.
pub async fn transfer_create(
    ledger: &Ledger,
    permit: Permit<kind::TransferWrite>,
    input: TransferCreate,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    if let Some(value) = &input.metadata {
        check_metadata(&mut checks, value);
    }
    checks.done()?;
    let key = key_of(&permit, "transferCreate", &input.idempotency_key, &input);
    let command = build_create_command(ledger, &permit, &input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_create_command(
    ledger: &Ledger,
    permit: &Permit<kind::TransferWrite>,
    input: &TransferCreate,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let stores = [&input.from, &input.to];
    let (names, codes) = Names::with_stores(&scope, input.lines.iter().map(|line| &line.product), &stores).await?;
    let from = missing.or_nil(store_of(&input.from, &codes, || At::input(Field::FromStore)));
    let to = missing.or_nil(store_of(&input.to, &codes, || At::input(Field::ToStore)));
    if !missing.has_any() && !may_create(permit, input, (from, to))? {
        missing.note(Rejection::not_found(Noun::Store, At::input(Field::FromStore)));
    } else {
        check_stores_exist(&scope, &mut missing, input, (from, to)).await?;
    }
    let lacks_stores = missing.has_any();
    let lines = build_planned_lines(&names, &mut missing, &input.lines);
    if lacks_stores {
        let product_refs =
            input.lines.iter().enumerate().map(|(index, line)| (&line.product, At::line(index).field(Field::Product)));
        missing.add_missing_products(&scope, product_refs).await?;
        return Err(missing.stop());
    }
    let levels = level_keys(lines.iter().map(|line| line.product), from, to);
    let new = NewTransfer {
        from,
        to,
        external_ref: input.external_ref.clone(),
        note: input.note.clone(),
        expected_at: input.expected_at,
        metadata: input.metadata.as_ref().map(ToString::to_string),
        begin: match input.status {
            None => Begin::Draft,
            Some(TransferStart::Ready) => Begin::Ready(lines.iter().map(|_| ledger.clock().id()).collect()),
            Some(TransferStart::InTransit) => Begin::InTransit,
        },
        lines,
    };
    let steps = Steps {
        transfer: ledger.clock().document_id(),
        actor: permit.actor(),
        expected_version: None,
        step: Step::Create(new),
        sent: Vec::new(),
        movements: document_ids(ledger),
    };
    Ok((Command::of(TransferCommand(Box::new(steps), levels)), missing))
}

/// True if the caller has rights at one of the sides; to reserve or send at once, also the right to
/// ship in the sender's store.
fn may_create(
    permit: &Permit<kind::TransferWrite>,
    input: &TransferCreate,
    (from, to): (StoreId, StoreId),
) -> Result<bool, Stop> {
    let has_side = Side::Either.is_within(&permit.reach(), from, to);
    Ok(has_side && (input.status.is_none() || permit.also::<kind::TransferShip>()?.covers(from)))
}

/// Reports a store that does not exist at its own field: lines would only report that the product
/// or store does not. A store that was found by its code exists.
async fn check_stores_exist(
    reads: &impl Reads,
    missing: &mut MissingReferences,
    input: &TransferCreate,
    (from, to): (StoreId, StoreId),
) -> Result<(), Fault> {
    let sides = [(&input.from, from, Field::FromStore), (&input.to, to, Field::ToStore)];
    let unknown_sides: Vec<_> = sides.into_iter().filter(|side| !is_found_by_code(side.0, side.1)).collect();
    let store_ids: Vec<StoreId> = unknown_sides.iter().map(|side| side.1).collect();
    let existing_ids = if store_ids.is_empty() { HashSet::new() } else { rows::existing_stores(reads, &store_ids).await? };
    for (_, store, field) in unknown_sides {
        if !existing_ids.contains(&store) {
            missing.note(Rejection::not_found(Noun::Store, At::input(field)));
        }
    }
    Ok(())
}

/// Whether a store was found by its code.
fn is_found_by_code(store_ref: &StoreRef, store: StoreId) -> bool {
    matches!(store_ref, StoreRef::Code(_)) && store != StoreId::NIL
}
