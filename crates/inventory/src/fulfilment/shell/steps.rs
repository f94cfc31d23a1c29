//! Accepting works, picking and packing their goods, and marking these as ready for pickup.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::dry_run;
use serde::Serialize;

use super::{
    decline,
    input::{Lines, MAX_LINES, MAX_PARCELS, MAX_WORKS},
    ownership::{resolve_work, resolve_works},
    packed_lots::{self, PackParcel},
    ready_email::{self, ReadyEmail},
};
use crate::{
    fulfilment::{
        core::{NewParcel, ReadyOptions, ReleaseReason, RequestedLot, Step, WorkCommand},
        rows,
    },
    ledger::{Checks, Command, Ledger, Mode, SubmitResult, check_key, key_of, submit},
    stock::core::{At, Field},
};

/// Input for accepting works. Its JSON is hashed for the idempotency key, like all inputs here.
#[derive(Debug, Clone, Serialize)]
pub struct WorksAccept {
    #[serde(skip)]
    pub idempotency_key: String,
    pub works: Vec<FulfilmentWorkId>,
}

/// Input for picking goods, or for putting them back.
#[derive(Debug, Clone, Serialize)]
pub struct WorkPick {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub lines: Lines,
    /// True if the rest is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_short: bool,
}

/// Input for packing picked goods.
#[derive(Debug, Clone, Serialize)]
pub struct WorkPack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub parcels: Vec<PackParcel>,
}

/// Input of a step that needs only the work.
#[derive(Debug, Clone, Serialize)]
pub struct WorkAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Language of the e-mail to the customer; None for that of the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<PaperLocale>,
    /// True to send the e-mail, false not to; None to follow the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_notified: Option<bool>,
}

/// Accepts works, all of them or none.
pub async fn works_accept(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorksAccept, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.works.len(), MAX_WORKS, || At::input(Field::Ids));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkAccept", &input.idempotency_key, &input);
    let work_refs = resolve_works(ledger, &permit, &input.works, None).await?.into_iter().map(|(work_ref, _)| work_ref).collect();
    submit(ledger, &permit, Command::of(WorkCommand::Accept(work_refs)), key, mode).await
}

/// Picks goods. With `is_short`, the rest is taken off the store and sourced elsewhere, as in a
/// rejection.
pub async fn work_pick(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPick, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkPick", &input.idempotency_key, &input);
    let (work_ref, store) = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let command = if input.is_short {
        let scope = permit.scope(ledger.database());
        decline::build_release_command(ledger, &scope, (work_ref, store), (input.lines, ReleaseReason::NotFound)).await?
    } else {
        WorkCommand::Step(work_ref, Step::Pick(input.lines))
    };
    submit(ledger, &permit, Command::of(command), key, mode).await
}

/// Puts back goods that have not left.
pub async fn work_unpick(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPick, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkUnpick", &input.idempotency_key, &input);
    let (work_ref, _) = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    submit(ledger, &permit, Command::of(WorkCommand::Step(work_ref, Step::Unpick(input.lines))), key, mode).await
}

/// Packs picked goods.
pub async fn work_pack(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPack, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.parcels.len(), MAX_PARCELS, || At::input(Field::Parcels));
    let lines = input.parcels.iter().map(|parcel| parcel.lines.as_ref().map_or(0, Vec::len)).sum();
    checks.items(lines, MAX_LINES, || At::input(Field::Parcels));
    for (index, parcel) in input.parcels.iter().enumerate().take(MAX_PARCELS) {
        parcel.label.check(&mut checks, At::row(Field::Parcels, index));
    }
    packed_lots::check_packed_lots(&input.parcels, &mut checks);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkPack", &input.idempotency_key, &input);
    let (work_ref, _) = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let lots = packed_lots::resolve_named_lots(ledger, &permit.scope(ledger.database()), work_ref.work, &input.parcels).await?;
    let parcel = |(parcel, lots): (PackParcel, Vec<RequestedLot>)| NewParcel {
        id: ledger.clock().id(),
        lines: parcel.lines,
        lots,
        weight: parcel.weight,
        label: parcel.label.label(),
    };
    let parcels = input.parcels.into_iter().zip(lots).map(parcel).collect();
    submit(ledger, &permit, Command::of(WorkCommand::Step(work_ref, Step::Pack(parcels))), key, mode).await
}

/// Marks goods as ready for pickup, and sends the customer an e-mail if the call or a setting says
/// so.
pub async fn work_ready(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkAct, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkReady", &input.idempotency_key, &input);
    let (work_ref, store) = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let step = Step::Ready(generate_pickup_code(ledger));
    let receipt = submit(ledger, &permit, Command::of(WorkCommand::Step(work_ref, step)), key.clone(), mode).await?;
    // A repeated call by someone who has lost the right to the store finds no store here, and sends
    // no e-mail.
    if mode == Mode::Commit && !dry_run::is_on() && store != StoreId::NIL {
        let terms = rows::load_ready_terms(&permit.scope(ledger.database()), store).await?;
        if let Some(locale) = terms.sends_in(ReadyOptions { is_wanted: input.is_notified, locale: input.notify }) {
            ready_email::enqueue_emails(ledger, &permit, vec![(key, ReadyEmail { work: input.work, locale })]).await?;
        }
    }
    Ok(receipt)
}

/// Generates the six-digit code that a customer gives on collection.
pub(super) fn generate_pickup_code(ledger: &Ledger) -> String {
    let mut bytes = [0; 8];
    ledger.clock().fill(&mut bytes);
    format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)
}
