//! Setting, reversing, reserving and releasing stock; adjusting is in `adjust.rs`.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads};
use serde::Serialize;

pub(crate) use super::lines::{Head, Lines, build_head, check_call};
pub use super::{
    adjust::{AdjustInput, ChangeInput, stock_adjust},
    lines::MAX_LINES,
};
use crate::{
    ledger::{
        Command, Ledger, LotRef, MAX_NOTE, MissingReferences, Mode, ProductRef, StockCommand, Stop, StoreRef, SubmitResult,
        check_override, key_of, lot_choice, may_override, resolve_reservations, stored_answer_or, submit, submit_with_missing,
    },
    stock::{
        core::{
            At, Compare, Field, MovementHead, Noun, Reference, ReferenceKind, Refusal, Rejection, Release, Reserve, ReserveItem,
            Reverse, Set, SetItem, Shortage,
        },
        rows,
    },
};

/// Allowed seconds of a reservation: up to 30 days.
pub const TTL_SECONDS: std::ops::RangeInclusive<i64> = 1..=30 * 24 * 3600;

/// Input of `stockSet`.
#[derive(Debug, Clone, Serialize)]
pub struct SetInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub reason: ReasonCode,
    pub note: Option<String>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub items: Vec<SetItemInput>,
}
#[derive(Debug, Clone, Serialize)]
pub struct SetItemInput {
    pub product: ProductRef,
    pub store: StoreRef,
    pub on_hand: Quantity,
    #[serde(skip)]
    pub compare: Compare,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}

/// Sets stock to absolute figures, all or none.
pub async fn stock_set(ledger: &Ledger, permit: Permit<kind::StockSet>, input: SetInput, mode: Mode) -> SubmitResult {
    let override_reach = may_override(&permit, input.on_shortage)?;
    let mut checks =
        check_call(&input.idempotency_key, input.items.len(), Field::Items, &[(input.note.as_ref(), MAX_NOTE, Field::Note)]);
    for (index, item) in input.items.iter().enumerate().take(MAX_LINES) {
        checks.lot(item.lot.as_ref(), || At::row(Field::Items, index).field(Field::Lot));
    }
    checks.done()?;
    let key = key_of(&permit, "stockSet", &input.idempotency_key, &input);
    let command = build_set_command(ledger, &permit, &input, &override_reach).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_set_command(
    ledger: &Ledger,
    permit: &Permit<kind::StockSet>,
    input: &SetInput,
    override_reach: &Reach,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let lines =
        Lines::look_up(&scope, permit.reach(), input.items.iter().map(|item_input| (&item_input.product, &item_input.store)))
            .await?;
    let new_head = Head {
        kind: MovementKind::Adjustment,
        reason: Some(input.reason),
        note: input.note.as_ref(),
        external_ref: None,
        reference: None,
        occurred_at: None,
    };
    let head = build_head(ledger, permit, new_head);
    let mut missing = MissingReferences::default();
    let mut items = Vec::with_capacity(input.items.len());
    for (index, item) in input.items.iter().enumerate() {
        let key = lines.key(&mut missing, (&item.product, &item.store), At::row(Field::Items, index));
        let lot = lot_choice(ledger, item.lot.as_ref());
        items.push(SetItem { key, on_hand: item.on_hand, compare: item.compare, lot });
    }
    check_override(override_reach, items.iter().map(|item| item.key.store))?;
    let command = Set { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, items };
    Ok((Command::of(StockCommand::Set(command)), missing))
}

/// Input of `stockReverse`.
#[derive(Debug, Clone, Serialize)]
pub struct ReverseInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub movement: MovementId,
    pub note: String,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
}

/// Reverses a whole movement by one that mirrors it.
pub async fn stock_reverse(ledger: &Ledger, permit: Permit<kind::StockReverse>, input: ReverseInput, mode: Mode) -> SubmitResult {
    let override_reach = may_override(&permit, input.on_shortage)?;
    check_call(&input.idempotency_key, 1, Field::Movement, &[(Some(&input.note), MAX_NOTE, Field::Note)]).done()?;
    let key = key_of(&permit, "stockReverse", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let reach = permit.reach();
    let original = rows::movement_of(&scope, input.movement).await?;
    // A movement is reversed whole: for a caller who may not act in all of its stores, it does not
    // exist.
    let original = original.filter(|movement| movement.entries.iter().all(|entry| reach.covers(entry.key.store)));
    let Some(original) = original else {
        let missing = Rejection::not_found(Noun::Movement, At::input(Field::Movement));
        return stored_answer_or(ledger, &permit, &key, missing.into()).await;
    };
    check_override(&override_reach, original.entries.iter().map(|entry| entry.key.store))?;
    let new_head = Head {
        kind: MovementKind::Reversal,
        reason: Some(ReasonCode::Correction),
        note: Some(&input.note),
        external_ref: original.external_ref.as_ref(),
        reference: None,
        occurred_at: input.occurred_at,
    };
    let head = MovementHead { reverses: Some(original.id), ..build_head(ledger, &permit, new_head) };
    let command = Reverse { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, original };
    submit(ledger, &permit, Command::of(StockCommand::Reverse(command)), key, mode).await
}

/// Input of `stockReserve`.
#[derive(Debug, Clone, Serialize)]
pub struct ReserveInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub ttl_seconds: i64,
    #[serde(serialize_with = "serialize_reference_id")]
    pub reference: Option<Reference>,
    pub items: Vec<ReserveItemInput>,
}
#[derive(Debug, Clone, Serialize)]
pub struct ReserveItemInput {
    pub product: ProductRef,
    pub store: StoreRef,
    pub quantity: Quantity,
}

/// Serializes a reference for the hash of an input.
#[expect(clippy::ref_option, reason = "serde asks for a reference to the field")]
fn serialize_reference_id<S: serde::Serializer>(reference: &Option<Reference>, serializer: S) -> Result<S::Ok, S::Error> {
    reference.map(|reference| reference.id).serialize(serializer)
}

/// Returns the document that stock is held for, if it exists and, where it belongs to stores, one
/// of them is the caller's; else None. A transfer becomes `Other`, as the holds of a transfer
/// itself are found by its own kind of reference.
async fn reservation_reference(reads: &impl Reads, reach: &Reach, reference: Reference) -> Result<Option<Reference>, Fault> {
    let exists = match reference.kind {
        ReferenceKind::Reservation | ReferenceKind::Other => return Ok(Some(reference)),
        ReferenceKind::Lot => rows::load_document_stores(reads, reference).await?.is_some(),
        _ => rows::load_document_stores(reads, reference)
            .await?
            .is_some_and(|stores| stores.iter().any(|store| reach.covers(*store))),
    };
    let kind = if reference.kind == ReferenceKind::Transfer { ReferenceKind::Other } else { reference.kind };
    Ok(exists.then_some(Reference { kind, ..reference }))
}

/// Reserves stock for some time, all items or none.
pub async fn stock_reserve(ledger: &Ledger, permit: Permit<kind::StockReserve>, input: ReserveInput, mode: Mode) -> SubmitResult {
    let mut checks = check_call(&input.idempotency_key, input.items.len(), Field::Items, &[]);
    if !TTL_SECONDS.contains(&input.ttl_seconds) {
        checks.refuse(
            Refusal::TtlOutOfRange { least: *TTL_SECONDS.start(), most: *TTL_SECONDS.end() }.at(At::input(Field::TtlSeconds)),
        );
    }
    checks.done()?;
    let key = key_of(&permit, "stockReserve", &input.idempotency_key, &input);
    let command = build_reserve_command(ledger, &permit, &input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_reserve_command(
    ledger: &Ledger,
    permit: &Permit<kind::StockReserve>,
    input: &ReserveInput,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let lines =
        Lines::look_up(&scope, permit.reach(), input.items.iter().map(|item_input| (&item_input.product, &item_input.store)))
            .await?;
    let mut missing = MissingReferences::default();
    let reference = match input.reference {
        Some(requested_reference) => reservation_reference(&scope, &permit.reach(), requested_reference).await?,
        None => None,
    };
    if input.reference.is_some() && reference.is_none() {
        missing.note(Rejection::not_found(Noun::Document, At::input(Field::Reference)));
    }
    let new_head =
        Head { kind: MovementKind::Reserve, reason: None, note: None, external_ref: None, reference, occurred_at: None };
    let head = build_head(ledger, permit, new_head);
    let mut items = Vec::with_capacity(input.items.len());
    for (index, item) in input.items.iter().enumerate() {
        let key = lines.key(&mut missing, (&item.product, &item.store), At::row(Field::Items, index));
        items.push(ReserveItem { id: ledger.clock().id(), key, quantity: item.quantity });
    }
    let expires_at = Some(ledger.clock().now().plus_seconds(input.ttl_seconds));
    let reserve_command = Reserve { head, expires_at, channel: permit.channel(), items };
    Ok((Command::of(StockCommand::Reserve(reserve_command)), missing))
}

/// Input of `stockRelease`.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub reservations: Vec<ReservationId>,
}

/// Releases reservations, all or none.
pub async fn stock_release(ledger: &Ledger, permit: Permit<kind::StockReserve>, input: ReleaseInput, mode: Mode) -> SubmitResult {
    check_call(&input.idempotency_key, input.reservations.len(), Field::Reservations, &[]).done()?;
    let key = key_of(&permit, "stockRelease", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    // The levels of reservations never change, so they may be read before anything is locked.
    let (reservations, levels) = resolve_reservations(ledger, &permit, &scope, input.reservations).await?;
    let new_head =
        Head { kind: MovementKind::Release, reason: None, note: None, external_ref: None, reference: None, occurred_at: None };
    let head = build_head(ledger, &permit, new_head);
    let command = Release { head, reservations };
    submit(ledger, &permit, Command::of(StockCommand::Release(command, levels)), key, mode).await
}
