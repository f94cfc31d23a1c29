//! Creating and closing waves.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::{
    audit::{self, Fields},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, Key, KeyUse},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::ownership::is_visible_store;
use crate::{
    fulfilment::{
        core::{MAX_WAVE_WORKS, Wave},
        events::{EventType, WAVE_CLOSED, WAVE_CREATED, WaveEvent},
        rows,
    },
    ledger::{Checks, Ledger, Mode, Stop, StoreRef, check_key, key_of, load_known_store},
};

/// Input of a new wave. Its JSON is hashed for the idempotency key, like all inputs here.
#[derive(Debug, Clone, Serialize)]
pub struct WaveCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub store: StoreRef,
    /// None for the accepted works that are due first and in no open wave.
    pub works: Option<Vec<FulfilmentWorkId>>,
    pub due_before: Option<Timestamp>,
}

/// Input for closing a wave.
#[derive(Debug, Clone, Serialize)]
pub struct WaveClose {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
}

/// Reasons to refuse to create or change a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveRefusal {
    KeyReused,
    NoStore,
    NoWave,
    Closed,
    NoWorks,
    TooManyWorks {
        most: usize,
    },
    TooManyLines {
        most: usize,
    },
    /// Problem of the work at this index of the input.
    Work(usize, WaveWorkRefusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveWorkRefusal {
    /// The work is not of this store, not in this wave, or does not exist.
    Unknown,
    Twice,
    Status(WorkStatus),
    /// The work is in another open wave.
    Taken,
}

/// Refusal or failure of a call about a wave; nothing was written.
#[derive(Debug)]
pub enum WaveError {
    Refused(Vec<WaveRefusal>),
    Call(Stop),
}

impl From<WaveRefusal> for WaveError {
    fn from(refusal: WaveRefusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
impl From<Stop> for WaveError {
    fn from(stop: Stop) -> Self {
        Self::Call(stop)
    }
}
impl From<Fault> for WaveError {
    fn from(fault: Fault) -> Self {
        Self::Call(Stop::Fault(fault))
    }
}

/// The wave after the change, with its works, and the event of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveResult {
    pub wave: Wave,
    pub works: Vec<FulfilmentWorkId>,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

/// Receipt of a call about a wave.
#[derive(Serialize, Deserialize)]
struct WaveReceipt {
    wave: FulfilmentWaveId,
    seq: Option<i64>,
}

/// Creates a wave of accepted works of one store.
pub async fn wave_create(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WaveCreate,
    mode: Mode,
) -> Result<WaveResult, WaveError> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWaveCreate", &input.idempotency_key, &input);
    let mut work = permit.scope(ledger.database()).begin().await?;
    let made = create_wave(&mut work, ledger, &permit, (&key, &input)).await;
    finish_call(work, made, mode).await
}

/// Closes a wave: its works can join another one.
pub async fn wave_close(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WaveClose,
    mode: Mode,
) -> Result<WaveResult, WaveError> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWaveClose", &input.idempotency_key, &input);
    let mut work = permit.scope(ledger.database()).begin().await?;
    let closed = close_wave_once(&mut work, ledger, &permit, (&key, input.wave)).await;
    finish_call(work, closed, mode).await
}

async fn finish_call(work: Work, answer: Result<WaveResult, WaveError>, mode: Mode) -> Result<WaveResult, WaveError> {
    match answer {
        Ok(outcome) if !outcome.is_replayed && mode == Mode::Commit => {
            work.commit().await?;
            Ok(outcome)
        }
        Ok(outcome) => {
            work.rollback().await?;
            Ok(if outcome.is_replayed { outcome } else { WaveResult { seq: None, ..outcome } })
        }
        Err(stop) => {
            let _ = work.rollback().await;
            Err(stop)
        }
    }
}

async fn create_wave(
    work: &mut Work,
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    (key, input): (&Key, &WaveCreate),
) -> Result<WaveResult, WaveError> {
    let now = ledger.clock().now();
    // A concurrent call with the same works or the same key waits here.
    journal::hold(work).await?;
    if let Some(outcome) = stored_answer(work, key).await? {
        return Ok(outcome);
    }
    let store = load_known_store(work, &input.store, &permit.reach()).await?.map(|store| store.id);
    let Some(store) = store.filter(|store| is_visible_store(permit, *store)) else { return Err(WaveRefusal::NoStore.into()) };
    let works = match &input.works {
        Some(work_ids) => {
            check_works(work, store, work_ids).await?;
            work_ids.clone()
        }
        None => rows::works_for_wave(work, store, input.due_before).await?,
    };
    if works.is_empty() {
        return Err(WaveRefusal::NoWorks.into());
    }
    let wave = Wave { id: ledger.clock().id(), store, closed_at: None, version: 1, created_at: now, updated_at: now };
    for rows in rows::new_wave(work.tenant(), &wave, &works) {
        work.write(rows).await?;
    }
    audit::changed(work, wave.id, None, Some(&audit_fields(&wave)), None);
    let seq = append_event(work, WAVE_CREATED, &wave).await?;
    remember(work, key, (wave.id, seq), now).await?;
    Ok(WaveResult { wave, works, seq, is_replayed: false })
}

/// Checks that these works can be in a new wave of the store.
async fn check_works(work: &Work, store: StoreId, work_ids: &[FulfilmentWorkId]) -> Result<(), WaveError> {
    if work_ids.len() > MAX_WAVE_WORKS {
        return Err(WaveRefusal::TooManyWorks { most: MAX_WAVE_WORKS }.into());
    }
    let heads = rows::load_heads(work, work_ids).await?;
    let taken_works = rows::works_in_waves(work, work_ids).await?;
    let mut refusals = Vec::new();
    for (index, id) in work_ids.iter().enumerate() {
        let refusal = match heads.iter().find(|head| head.id == *id && head.store == store) {
            None => WaveWorkRefusal::Unknown,
            Some(_) if work_ids.iter().take(index).any(|earlier_id| earlier_id == id) => WaveWorkRefusal::Twice,
            Some(head) if head.status != WorkStatus::Accepted => WaveWorkRefusal::Status(head.status),
            Some(_) if taken_works.contains(id) => WaveWorkRefusal::Taken,
            Some(_) => continue,
        };
        refusals.push(WaveRefusal::Work(index, refusal));
    }
    if refusals.is_empty() { Ok(()) } else { Err(WaveError::Refused(refusals)) }
}

async fn close_wave_once(
    work: &mut Work,
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    (key, id): (&Key, FulfilmentWaveId),
) -> Result<WaveResult, WaveError> {
    journal::hold(work).await?;
    if let Some(outcome) = stored_answer(work, key).await? {
        return Ok(outcome);
    }
    let wave = find_visible_wave(work, permit, id).await?;
    if wave.closed_at.is_some() {
        return Err(WaveRefusal::Closed.into());
    }
    let works = load_wave_works(work, id).await?;
    let (wave, seq) = write_closed_wave(work, ledger, wave, &works).await?;
    remember(work, key, (id, seq), wave.updated_at).await?;
    Ok(WaveResult { wave, works, seq, is_replayed: false })
}

/// Closes an open wave in this transaction.
pub(super) async fn write_closed_wave(
    work: &mut Work,
    ledger: &Ledger,
    wave: Wave,
    works: &[FulfilmentWorkId],
) -> Result<(Wave, Option<i64>), Fault> {
    let now = ledger.clock().now();
    let closed = Wave { closed_at: Some(now), version: wave.version + 1, updated_at: now, ..wave };
    for rows in rows::closed_wave(work.tenant(), &closed, works) {
        work.write(rows).await?;
    }
    audit::changed(work, wave.id, Some(&audit_fields(&wave)), Some(&audit_fields(&closed)), None);
    let seq = append_event(work, WAVE_CLOSED, &closed).await?;
    Ok((closed, seq))
}

/// Returns the wave with an ID, if its store is within the caller's reach.
pub(super) async fn find_visible_wave<P: Permission>(
    reads: &impl Reads,
    permit: &Permit<P>,
    id: FulfilmentWaveId,
) -> Result<Wave, WaveError> {
    let visible_wave = rows::load_wave(reads, id).await?.filter(|wave| is_visible_store(permit, wave.store));
    visible_wave.ok_or_else(|| WaveRefusal::NoWave.into())
}

/// Returns the works of a wave, in its order.
pub(super) async fn load_wave_works(reads: &impl Reads, id: FulfilmentWaveId) -> Result<Vec<FulfilmentWorkId>, Fault> {
    Ok(rows::works_of_waves(reads, &[id]).await?.into_iter().map(|(_, work)| work).collect())
}

/// Returns the result of an earlier call with the key, or None.
async fn stored_answer(work: &Work, key: &Key) -> Result<Option<WaveResult>, WaveError> {
    let text = match idempotency::before(work, key).await? {
        None => return Ok(None),
        Some(KeyUse::Reused) => return Err(WaveRefusal::KeyReused.into()),
        Some(KeyUse::Same(text)) => text,
    };
    let receipt: WaveReceipt = serde_json::from_str(&text).map_err(|err| Fault::corrupt("idempotency", err.to_string()))?;
    let missing_wave = || Fault::corrupt("fulfilment_wave", "a receipt names a wave that exists");
    let wave = rows::load_wave(work, receipt.wave).await?.ok_or_else(missing_wave)?;
    let works = load_wave_works(work, receipt.wave).await?;
    Ok(Some(WaveResult { wave, works, seq: receipt.seq, is_replayed: true }))
}

/// Stores a key with its result.
pub(super) async fn remember(
    work: &Work,
    key: &Key,
    (wave, seq): (FulfilmentWaveId, Option<i64>),
    now: Timestamp,
) -> Result<(), Fault> {
    let receipt = serde_json::to_string(&WaveReceipt { wave, seq }).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], now).await
}

async fn append_event(work: &mut Work, kind: EventType<WaveEvent>, wave: &Wave) -> Result<Option<i64>, Fault> {
    let event = kind.event(&WaveEvent { wave: wave.id, store: wave.store, version: wave.version });
    journal::append(work, vec![event], wave.updated_at).await
}

/// Fields that the audit log compares, under their names in the API.
fn audit_fields(wave: &Wave) -> Fields {
    Fields::default().with("storeId", wave.store).with("isOpen", wave.closed_at.is_none())
}
