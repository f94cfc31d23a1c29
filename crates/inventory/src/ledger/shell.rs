//! Adjusting, setting, reversing, reserving and releasing stock.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads};
use serde::Serialize;

use super::rated::submit_adjustment;
use crate::{
    ledger::{
        Checks, Command, Done, Ledger, LotRef, MAX_NOTE, MAX_REFERENCE, Missing, Mode, Names, ProductRef, StockCommand, Stop,
        StoreRef, check_key, check_override, key_of, lot_choice, may_override, own_reservations, store_of, stored_answer_or,
        submit, submit_with_missing,
    },
    stock::{
        core::{
            Adjust, At, Change, Compare, Costs, Field, LevelKey, MovementHead, Noun, RateLookup, Reference, ReferenceKind,
            Refusal, Rejection, Release, Reserve, ReserveItem, Reverse, Set, SetItem, Shortage,
        },
        rows,
    },
};

/// Maximum lines of a call.
pub const MAX_LINES: usize = 500;
/// Allowed seconds of a reservation: up to 30 days.
pub const TTL_SECONDS: std::ops::RangeInclusive<i64> = 1..=30 * 24 * 3600;

/// Input of `stockAdjust`.
#[derive(Debug, Clone, Serialize)]
pub struct AdjustInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: MovementKind,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub changes: Vec<ChangeInput>,
}
#[derive(Debug, Clone, Serialize)]
pub struct ChangeInput {
    pub product: ProductRef,
    pub store: StoreRef,
    pub delta: Quantity,
    /// Not part of the hash: the same change may be sent again with a newer version.
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub unit_cost: Option<Money>,
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}

/// Products and stores of a call's lines, by their references. Stores beyond the caller's reach are
/// not found.
pub(crate) struct Lines {
    products: Names,
    stores: HashMap<String, StoreId>,
    reach: Reach,
}

impl Lines {
    pub(crate) async fn look_up<'a, I>(reads: &impl Reads, reach: Reach, lines: I) -> Result<Self, Stop>
    where
        I: Iterator<Item = (&'a ProductRef, &'a StoreRef)> + Clone,
    {
        let named: Vec<&StoreRef> = lines.clone().map(|(_, store)| store).collect();
        let (products, mut stores) = Names::with_stores(reads, lines.map(|(product, _)| product), &named).await?;
        stores.retain(|_, store| reach.covers(*store));
        Ok(Self { products, stores, reach })
    }
    /// Returns the level that a line refers to, with nil IDs for unknown references.
    pub(crate) fn key(&self, missing: &mut Missing, (product, store): (&ProductRef, &StoreRef), line: At) -> LevelKey {
        let product = self.products.product(product, || line.field(Field::Product));
        let store = store_of(store, &self.stores, || line.field(Field::Store));
        LevelKey { product: missing.or_nil(product), store: self.reach.or_nil(missing.or_nil(store)) }
    }
}

/// Common fields of stock movements that are created through the API; `occurred_at` is None for
/// now.
pub(crate) struct Head<'a> {
    pub kind: MovementKind,
    pub reason: Option<ReasonCode>,
    pub note: Option<&'a String>,
    pub external_ref: Option<&'a String>,
    pub reference: Option<Reference>,
    pub occurred_at: Option<Timestamp>,
}

pub(crate) fn head<P>(ledger: &Ledger, permit: &Permit<P>, of: Head<'_>) -> MovementHead {
    MovementHead {
        id: ledger.clock().document_id(),
        kind: of.kind,
        reason: of.reason,
        note: of.note.cloned(),
        external_ref: of.external_ref.cloned(),
        reference: of.reference,
        actor: permit.actor(),
        reverses: None,
        occurred_at: of.occurred_at.unwrap_or_else(|| ledger.clock().now()),
    }
}

pub(crate) fn check_call(key: &str, lines: usize, list: Field, texts: &[(Option<&String>, usize, Field)]) -> Checks {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    checks.items(lines, MAX_LINES, || At::input(list));
    for (text, most, name) in texts {
        checks.text(text.map(String::as_str), *most, || At::input(*name));
    }
    checks
}

/// Changes stock by deltas, all or none.
pub async fn stock_adjust(ledger: &Ledger, permit: Permit<kind::StockAdjust>, input: AdjustInput, mode: Mode) -> Done {
    let overriding = may_override(&permit, input.on_shortage)?;
    let texts = [(input.note.as_ref(), MAX_NOTE, Field::Note), (input.external_ref.as_ref(), MAX_REFERENCE, Field::ExternalRef)];
    let mut checks = check_call(&input.idempotency_key, input.changes.len(), Field::Changes, &texts);
    for (index, change) in input.changes.iter().enumerate().take(MAX_LINES) {
        checks.text(change.note.as_deref(), MAX_NOTE, || At::row(Field::Changes, index).field(Field::Note));
        checks.lot(change.lot.as_ref(), || At::row(Field::Changes, index).field(Field::Lot));
        if change.unit_cost.is_some_and(|cost| cost.minor < 0) {
            checks.refuse(Refusal::NegativeCost.at(At::row(Field::Changes, index).field(Field::UnitCost)));
        }
    }
    checks.done()?;
    let key = key_of(&permit, "stockAdjust", &input.idempotency_key, &input);
    submit_adjustment(ledger, &permit, (&input, &overriding), key, mode).await
}

pub(super) async fn adjustment(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    (input, overriding): (&AdjustInput, &Reach),
    rates: &[RateLookup],
) -> Result<(Command, Missing), Stop> {
    let scope = permit.scope(ledger.database());
    let lines = Lines::look_up(&scope, permit.reach(), input.changes.iter().map(|c| (&c.product, &c.store))).await?;
    let of = Head {
        kind: input.kind,
        reason: Some(input.reason),
        note: input.note.as_ref(),
        external_ref: input.external_ref.as_ref(),
        reference: None,
        occurred_at: input.occurred_at,
    };
    let head = head(ledger, permit, of);
    let mut missing = Missing::default();
    let mut changes = Vec::with_capacity(input.changes.len());
    for (index, change) in input.changes.iter().enumerate() {
        changes.push(Change {
            key: lines.key(&mut missing, (&change.product, &change.store), At::row(Field::Changes, index)),
            delta: change.delta,
            expected_version: change.expected_version,
            unit_cost: change.unit_cost,
            note: change.note.clone(),
            lot: lot_choice(ledger, change.lot.as_ref()),
        });
    }
    check_override(overriding, changes.iter().map(|change| change.key.store))?;
    let costs = Costs { books: Some(ledger.terms(&scope).await?.currency), rates: rates.to_vec() };
    let adjust = Adjust { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, costs, changes };
    Ok((Command::of(StockCommand::Adjust(adjust)), missing))
}

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
pub async fn stock_set(ledger: &Ledger, permit: Permit<kind::StockSet>, input: SetInput, mode: Mode) -> Done {
    let overriding = may_override(&permit, input.on_shortage)?;
    let mut checks =
        check_call(&input.idempotency_key, input.items.len(), Field::Items, &[(input.note.as_ref(), MAX_NOTE, Field::Note)]);
    for (index, item) in input.items.iter().enumerate().take(MAX_LINES) {
        checks.lot(item.lot.as_ref(), || At::row(Field::Items, index).field(Field::Lot));
    }
    checks.done()?;
    let key = key_of(&permit, "stockSet", &input.idempotency_key, &input);
    let command = build_set_command(ledger, &permit, &input, &overriding).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_set_command(
    ledger: &Ledger,
    permit: &Permit<kind::StockSet>,
    input: &SetInput,
    overriding: &Reach,
) -> Result<(Command, Missing), Stop> {
    let scope = permit.scope(ledger.database());
    let lines = Lines::look_up(&scope, permit.reach(), input.items.iter().map(|i| (&i.product, &i.store))).await?;
    let of = Head {
        kind: MovementKind::Adjustment,
        reason: Some(input.reason),
        note: input.note.as_ref(),
        external_ref: None,
        reference: None,
        occurred_at: None,
    };
    let head = head(ledger, permit, of);
    let mut missing = Missing::default();
    let mut items = Vec::with_capacity(input.items.len());
    for (index, item) in input.items.iter().enumerate() {
        let key = lines.key(&mut missing, (&item.product, &item.store), At::row(Field::Items, index));
        let lot = lot_choice(ledger, item.lot.as_ref());
        items.push(SetItem { key, on_hand: item.on_hand, compare: item.compare, lot });
    }
    check_override(overriding, items.iter().map(|item| item.key.store))?;
    let set = Set { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, items };
    Ok((Command::of(StockCommand::Set(set)), missing))
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
pub async fn stock_reverse(ledger: &Ledger, permit: Permit<kind::StockReverse>, input: ReverseInput, mode: Mode) -> Done {
    let overriding = may_override(&permit, input.on_shortage)?;
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
    check_override(&overriding, original.entries.iter().map(|entry| entry.key.store))?;
    let of = Head {
        kind: MovementKind::Reversal,
        reason: Some(ReasonCode::Correction),
        note: Some(&input.note),
        external_ref: original.external_ref.as_ref(),
        reference: None,
        occurred_at: input.occurred_at,
    };
    let head = MovementHead { reverses: Some(original.id), ..head(ledger, &permit, of) };
    let reverse = Reverse { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, original };
    submit(ledger, &permit, Command::of(StockCommand::Reverse(reverse)), key, mode).await
}

/// Input of `stockReserve`.
#[derive(Debug, Clone, Serialize)]
pub struct ReserveInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub ttl_seconds: i64,
    #[serde(serialize_with = "id_of")]
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
fn id_of<S: serde::Serializer>(reference: &Option<Reference>, serializer: S) -> Result<S::Ok, S::Error> {
    reference.map(|reference| reference.id).serialize(serializer)
}

/// Returns the document that stock is held for, if it exists and, where it belongs to stores, one
/// of them is the caller's; else None. A transfer becomes `Other`, as the holds of a transfer
/// itself are found by its own kind of reference.
async fn reservation_reference(reads: &impl Reads, reach: &Reach, named: Reference) -> Result<Option<Reference>, Fault> {
    let is_there = match named.kind {
        ReferenceKind::Reservation | ReferenceKind::Other => return Ok(Some(named)),
        ReferenceKind::Lot => rows::stores_of(reads, named).await?.is_some(),
        _ => rows::stores_of(reads, named).await?.is_some_and(|stores| stores.iter().any(|store| reach.covers(*store))),
    };
    let kind = if named.kind == ReferenceKind::Transfer { ReferenceKind::Other } else { named.kind };
    Ok(is_there.then_some(Reference { kind, ..named }))
}

/// Reserves stock for some time, all items or none.
pub async fn stock_reserve(ledger: &Ledger, permit: Permit<kind::StockReserve>, input: ReserveInput, mode: Mode) -> Done {
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
) -> Result<(Command, Missing), Stop> {
    let scope = permit.scope(ledger.database());
    let lines = Lines::look_up(&scope, permit.reach(), input.items.iter().map(|i| (&i.product, &i.store))).await?;
    let mut missing = Missing::default();
    let reference = match input.reference {
        Some(named) => reservation_reference(&scope, &permit.reach(), named).await?,
        None => None,
    };
    if input.reference.is_some() && reference.is_none() {
        missing.note(Rejection::not_found(Noun::Document, At::input(Field::Reference)));
    }
    let of = Head { kind: MovementKind::Reserve, reason: None, note: None, external_ref: None, reference, occurred_at: None };
    let head = head(ledger, permit, of);
    let mut items = Vec::with_capacity(input.items.len());
    for (index, item) in input.items.iter().enumerate() {
        let key = lines.key(&mut missing, (&item.product, &item.store), At::row(Field::Items, index));
        items.push(ReserveItem { id: ledger.clock().id(), key, quantity: item.quantity });
    }
    let expires_at = Some(ledger.clock().now().plus_seconds(input.ttl_seconds));
    let reserve = Reserve { head, expires_at, channel: permit.channel(), items };
    Ok((Command::of(StockCommand::Reserve(reserve)), missing))
}

/// Input of `stockRelease`.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub reservations: Vec<ReservationId>,
}

/// Releases reservations, all or none.
pub async fn stock_release(ledger: &Ledger, permit: Permit<kind::StockReserve>, input: ReleaseInput, mode: Mode) -> Done {
    check_call(&input.idempotency_key, input.reservations.len(), Field::Reservations, &[]).done()?;
    let key = key_of(&permit, "stockRelease", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    // The levels of reservations never change, so they may be read before anything is locked.
    let (reservations, levels) = own_reservations(ledger, &permit, &scope, input.reservations).await?;
    let of =
        Head { kind: MovementKind::Release, reason: None, note: None, external_ref: None, reference: None, occurred_at: None };
    let head = head(ledger, &permit, of);
    let release = Release { head, reservations };
    submit(ledger, &permit, Command::of(StockCommand::Release(release, levels)), key, mode).await
}
