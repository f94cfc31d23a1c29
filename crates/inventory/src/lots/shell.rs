//! Lots: creating and changing them, taking them out of sale and back; and unavailable stock.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::Fault;
use serde::Serialize;

use crate::{
    catalog::core::Patch,
    ledger::{
        Checks, Command, Ledger, LotRef, MAX_NOTE, MissingReferences, Mode, Names, ProductRef, Stop, StoreRef, SubmitResult,
        check_key, check_override, key_of, lot_choice, may_override,
        shell::{Head, Lines, MAX_LINES, build_head, check_call},
        stored_answer_or, submit, submit_with_missing,
    },
    lots::core::{ActOnLot, CreateLot, Destination, LotAction, LotCommand, MoveItem, MoveStock},
    stock::{
        core::{At, Field, LotName, MovementHead, Reference, ReferenceKind, Shortage},
        rows::lots::levels_with_lots,
    },
};

/// Input of `lotCreate`.
#[derive(Debug, Clone, Serialize)]
pub struct LotCreateInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub product: ProductRef,
    pub code: String,
    pub made_on: Option<i32>,
    pub expires_on: Option<i32>,
    pub note: Option<String>,
}

/// Creates a lot before it has stock.
pub async fn lot_create(ledger: &Ledger, permit: Permit<kind::LotWrite>, input: LotCreateInput, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.code(&input.code, || At::input(Field::Code));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, "lotCreate", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let names = Names::look_up(&scope, [&input.product]).await?;
    let product = match names.product(&input.product, || At::input(Field::Product)) {
        Ok(product) => product,
        Err(missing) => return stored_answer_or(ledger, &permit, &key, missing.into()).await,
    };
    let name = LotName::new(ledger.clock().id(), &input.code, input.made_on, input.expires_on);
    let create = CreateLot { product, name, note: input.note };
    submit(ledger, &permit, Command::of(LotCommand::Create(Box::new(create))), key, mode).await
}

/// Input of an action on a lot.
#[derive(Debug, Clone, Serialize)]
pub struct LotActInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub lot: LotId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub fields: Option<LotFields>,
}

/// Changes of a lot's fields.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LotFields {
    pub made_on: Patch<i32>,
    pub expires_on: Patch<i32>,
    pub note: Patch<String>,
}

/// Maximum attempts to load a lot's levels if stock of it keeps arriving in other stores.
const MAX_ATTEMPTS: u32 = 4;

/// Quarantines a lot: no unit of it is sold until it is released.
pub async fn lot_quarantine(ledger: &Ledger, permit: Permit<kind::LotWrite>, input: LotActInput, mode: Mode) -> SubmitResult {
    act_on_lot(ledger, &permit, ("lotQuarantine", ReasonCode::Quarantine), (input, LotAction::Quarantine), mode).await
}
pub async fn lot_release(ledger: &Ledger, permit: Permit<kind::LotWrite>, input: LotActInput, mode: Mode) -> SubmitResult {
    act_on_lot(ledger, &permit, ("lotRelease", ReasonCode::Correction), (input, LotAction::Release), mode).await
}
pub async fn lot_recall(ledger: &Ledger, permit: Permit<kind::LotWrite>, input: LotActInput, mode: Mode) -> SubmitResult {
    act_on_lot(ledger, &permit, ("lotRecall", ReasonCode::Recall), (input, LotAction::Recall), mode).await
}
pub async fn lot_update(ledger: &Ledger, permit: Permit<kind::LotWrite>, input: LotActInput, mode: Mode) -> SubmitResult {
    let LotFields { made_on, expires_on, note } = input.fields.clone().unwrap_or_default();
    let mut checks = Checks::default();
    checks.text(note.set().map(String::as_str), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let change = LotAction::Change { made_on, expires_on, note };
    act_on_lot(ledger, &permit, ("lotUpdate", ReasonCode::Correction), (input, change), mode).await
}

async fn act_on_lot(
    ledger: &Ledger,
    permit: &Permit<kind::LotWrite>,
    (mutation, reason): (&'static str, ReasonCode),
    (input, action): (LotActInput, LotAction),
    mode: Mode,
) -> SubmitResult {
    let override_reach = may_override(permit, input.on_shortage)?;
    check_call(&input.idempotency_key, 1, Field::Id, &[(input.note.as_ref(), MAX_NOTE, Field::Note)]).done()?;
    let scope = permit.scope(ledger.database());
    let mut attempt_count = 0;
    loop {
        let level_keys = levels_with_lots(&scope, &[input.lot]).await?;
        check_override(&override_reach, level_keys.iter().map(|key| key.store))?;
        let reference = Some(Reference { kind: ReferenceKind::Lot, id: input.lot.uuid() });
        let new_head = Head {
            kind: MovementKind::Adjustment,
            reason: Some(reason),
            note: input.note.as_ref(),
            external_ref: None,
            reference,
            occurred_at: None,
        };
        let command = ActOnLot {
            head: build_head(ledger, permit, new_head),
            room: ledger.clock().document_id(),
            on_shortage: input.on_shortage,
            lot: input.lot,
            action: action.clone(),
            expected_version: input.expected_version,
            places: level_keys.clone(),
        };
        let key = key_of(permit, mutation, &input.idempotency_key, &input);
        let outcome = submit(ledger, permit, Command::of(LotCommand::Act(Box::new(command))), key, mode).await;
        attempt_count += 1;
        if matches!(outcome, Err(Stop::Refused(_)))
            && attempt_count < MAX_ATTEMPTS
            && levels_with_lots(&scope, &[input.lot]).await? != level_keys
        {
            continue;
        }
        return outcome;
    }
}

/// Input of `stockMove`.
#[derive(Debug, Clone, Serialize)]
pub struct MoveInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub from: Option<Condition>,
    #[serde(serialize_with = "serialize_destination")]
    pub to: Destination,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub items: Vec<MoveItemInput>,
}
#[derive(Debug, Clone, Serialize)]
pub struct MoveItemInput {
    pub product: ProductRef,
    pub store: StoreRef,
    pub quantity: Quantity,
    pub lot: Option<LotRef>,
    pub note: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn serialize_destination<S: serde::Serializer>(to: &Destination, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match to {
        Destination::Available => "AVAILABLE",
        Destination::Quarantine => "QUARANTINE",
        Destination::Damaged => "DAMAGED",
        Destination::WrittenOff => "WRITTEN_OFF",
    })
}

/// Sets stock aside, makes it available or writes it off, all items or none.
pub async fn stock_move(ledger: &Ledger, permit: Permit<kind::StockAdjust>, input: MoveInput, mode: Mode) -> SubmitResult {
    let override_reach = may_override(&permit, input.on_shortage)?;
    let mut checks =
        check_call(&input.idempotency_key, input.items.len(), Field::Items, &[(input.note.as_ref(), MAX_NOTE, Field::Note)]);
    for (index, item) in input.items.iter().enumerate().take(MAX_LINES) {
        checks.text(item.note.as_deref(), MAX_NOTE, || At::row(Field::Items, index).field(Field::Note));
        checks.lot(item.lot.as_ref(), || At::row(Field::Items, index).field(Field::Lot));
    }
    checks.done()?;
    let key = key_of(&permit, "stockMove", &input.idempotency_key, &input);
    let command = build_move_command(ledger, &permit, &input, &override_reach).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_move_command(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    input: &MoveInput,
    override_reach: &Reach,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let lines =
        Lines::look_up(&scope, permit.reach(), input.items.iter().map(|item_input| (&item_input.product, &item_input.store)))
            .await?;
    let is_written_off = input.to == Destination::WrittenOff;
    let new_head = Head {
        kind: if is_written_off { MovementKind::Removal } else { MovementKind::Adjustment },
        reason: Some(input.reason),
        note: input.note.as_ref(),
        external_ref: None,
        reference: None,
        occurred_at: input.occurred_at,
    };
    let head = build_head(ledger, permit, new_head);
    let mut missing = MissingReferences::default();
    let mut items = Vec::with_capacity(input.items.len());
    for (index, item) in input.items.iter().enumerate() {
        let key = lines.key(&mut missing, (&item.product, &item.store), At::row(Field::Items, index));
        let lot = lot_choice(ledger, item.lot.as_ref());
        items.push(MoveItem { key, quantity: item.quantity, lot, note: item.note.clone() });
    }
    check_override(override_reach, items.iter().map(|item| item.key.store))?;
    let (room, on_shortage) = (ledger.clock().document_id(), input.on_shortage);
    let command = MoveStock { head, room, on_shortage, from: input.from, to: input.to, items };
    Ok((Command::of(LotCommand::Move(Box::new(command))), missing))
}

/// Blocks the sale of an expired lot. Returns true if stock was moved, false if none was or the
/// ledger refused it.
pub async fn expire_lot(ledger: &Ledger, tenant: TenantId, lot: LotId) -> Result<bool, Fault> {
    let level_keys = levels_with_lots(&ledger.database().tenant(tenant), &[lot]).await?;
    let head = MovementHead {
        id: ledger.clock().document_id(),
        kind: MovementKind::Adjustment,
        reason: Some(ReasonCode::Expiry),
        note: None,
        external_ref: None,
        reference: Some(Reference { kind: ReferenceKind::Lot, id: lot.uuid() }),
        actor: Actor::SYSTEM,
        reverses: None,
        occurred_at: ledger.clock().now(),
    };
    // Expired stock may not be sold even if it is reserved: its reservations are shortened, and
    // their orders show as short.
    let command = ActOnLot {
        head,
        room: ledger.clock().document_id(),
        on_shortage: Shortage::Shorten,
        lot,
        action: LotAction::Expire,
        expected_version: None,
        places: level_keys,
    };
    match ledger.submit(tenant, Command::of(LotCommand::Act(Box::new(command))), None).await? {
        Ok(receipt) => Ok(!receipt.movements.is_empty()),
        Err(rejection) => {
            tracing::warn!(%tenant, %lot, ?rejection, "expired stock could not be made unavailable; it is retried");
            Ok(false)
        }
    }
}
