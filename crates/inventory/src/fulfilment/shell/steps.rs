//! Accepting, picking, packing.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::dry_run;
use serde::Serialize;

use super::{
    LabelSaid, Lines, MAX_LINES, MAX_PARCELS, MAX_WORKS, let_go, on, on_one,
    packed_lots::{self, PackLot},
    ready_email::{self, ReadyEmail},
};
use crate::{
    fulfilment::{
        core::{NamedLot, NewParcel, ReadyAsked, Step, Why, WorkCommand},
        rows,
    },
    ledger::{Checks, Command, Done, Ledger, Mode, check_key, key_of, submit},
    stock::core::{At, Field},
};

/// Take works on. Its JSON is what the idempotency key's hash is over, as of all inputs here.
#[derive(Debug, Clone, Serialize)]
pub struct WorksAccept {
    #[serde(skip)]
    pub idempotency_key: String,
    pub works: Vec<FulfilmentWorkId>,
}

/// Pick goods, or put them back.
#[derive(Debug, Clone, Serialize)]
pub struct WorkPick {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub lines: Lines,
    /// The rest is not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_short: bool,
}

/// Pack what was picked.
#[derive(Debug, Clone, Serialize)]
pub struct WorkPack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub parcels: Vec<PackParcel>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PackParcel {
    pub lines: Lines,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<PackLot>,
    pub weight: Option<i64>,
    pub label: LabelSaid,
}

/// A step that needs no more than the work.
#[derive(Debug, Clone, Serialize)]
pub struct WorkAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// The language in which the customer is written to; None: the one that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<PaperLocale>,
    /// Whether they are written to; None: as is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_notified: Option<bool>,
}

/// Takes works on, all of them or none.
pub async fn works_accept(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorksAccept, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.works.len(), MAX_WORKS, || At::input(Field::Ids));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkAccept", &input.idempotency_key, &input);
    let all = on(ledger, &permit, &input.works, None).await?.into_iter().map(|(on, _)| on).collect();
    submit(ledger, &permit, Command::of(WorkCommand::Accept(all)), key, mode).await
}

/// Takes goods off their places. With `is_short` the rest is let go and looked for elsewhere, as when it is rejected.
pub async fn work_pick(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPick, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkPick", &input.idempotency_key, &input);
    let (on, store) = on_one(ledger, &permit, input.work, input.expected_version).await?;
    let command = if input.is_short {
        let scope = permit.scope(ledger.database());
        let_go::letting_go(ledger, &scope, (on, store), (input.lines, Why::NotFound)).await?
    } else {
        WorkCommand::Step(on, Step::Pick(input.lines))
    };
    submit(ledger, &permit, Command::of(command), key, mode).await
}

/// Puts goods back that have not left.
pub async fn work_unpick(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPick, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkUnpick", &input.idempotency_key, &input);
    let (on, _) = on_one(ledger, &permit, input.work, input.expected_version).await?;
    submit(ledger, &permit, Command::of(WorkCommand::Step(on, Step::Unpick(input.lines))), key, mode).await
}

/// Packs what was picked.
pub async fn work_pack(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkPack, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.parcels.len(), MAX_PARCELS, || At::input(Field::Parcels));
    let lines = input.parcels.iter().map(|parcel| parcel.lines.as_ref().map_or(0, Vec::len)).sum();
    checks.items(lines, MAX_LINES, || At::input(Field::Parcels));
    for (index, parcel) in input.parcels.iter().enumerate().take(MAX_PARCELS) {
        parcel.label.check(&mut checks, At::row(Field::Parcels, index));
    }
    packed_lots::check(&input.parcels, &mut checks);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkPack", &input.idempotency_key, &input);
    let (on, _) = on_one(ledger, &permit, input.work, input.expected_version).await?;
    let lots = packed_lots::named_lots(ledger, &permit.scope(ledger.database()), on.work, &input.parcels).await?;
    let parcel = |(parcel, lots): (PackParcel, Vec<NamedLot>)| NewParcel {
        id: ledger.clock().id(),
        lines: parcel.lines,
        lots,
        weight: parcel.weight,
        label: parcel.label.label(),
    };
    let parcels = input.parcels.into_iter().zip(lots).map(parcel).collect();
    submit(ledger, &permit, Command::of(WorkCommand::Step(on, Step::Pack(parcels))), key, mode).await
}

/// Says that the customer may fetch it here, and writes to them where that is asked for or set.
pub async fn work_ready(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkAct, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkReady", &input.idempotency_key, &input);
    let (on, store) = on_one(ledger, &permit, input.work, input.expected_version).await?;
    let step = Step::Ready(collect_code(ledger));
    let done = submit(ledger, &permit, Command::of(WorkCommand::Step(on, step)), key.clone(), mode).await?;
    // Whoever repeats a call and has no right in the store any more has no store here, and writes to nobody.
    if mode == Mode::Commit && !dry_run::is_on() && store != StoreId::NIL {
        let terms = rows::ready_terms(&permit.scope(ledger.database()), store).await?;
        if let Some(locale) = terms.sends_in(ReadyAsked { is_wanted: input.is_notified, locale: input.notify }) {
            ready_email::queue(ledger, &permit, vec![(key, ReadyEmail { work: input.work, locale })]).await?;
        }
    }
    Ok(done)
}

/// What a customer says who comes for goods.
pub(super) fn collect_code(ledger: &Ledger) -> String {
    let mut bytes = [0; 8];
    ledger.clock().fill(&mut bytes);
    format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)
}
