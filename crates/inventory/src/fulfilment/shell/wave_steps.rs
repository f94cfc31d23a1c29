//! Picking, packing and shipping the works of a wave: each by its own step, and all of them
//! submitted to the ledger together. The rejection of one work does not stop the others.

use std::collections::HashSet;

use entity::prelude::*;
use futures_util::future::join_all;
use iam::access::{Permission, Permit, kind};
use platform::storage::{
    Fault, Reads, Work, dry_run,
    idempotency::{self, Key, KeyUse, hash_of},
    journal,
};
use serde::Serialize;

use super::{
    input::{LabelFields, MAX_LINES},
    ready_email::{self, ReadyEmail},
    wave_parts::{FoundQuantities, Part, has_no_changes, pack_steps, pick_steps, ready_steps, reject_as_closed, ship_steps},
    waves::{WaveError, WaveRefusal, WaveWorkRefusal, find_visible_wave, load_wave_works, remember, write_closed_wave},
};
use crate::{
    fulfilment::{
        core::{MAX_WAVE_WORKS, ReadyOptions, Wave, is_over},
        rows,
    },
    ledger::{Checks, Ledger, Mode, Stop, SubmitResult, check_key, key_of, stored_answer_or, submit},
    stock::core::At,
};

/// Input for picking the works of a wave.
#[derive(Debug, Clone, Serialize)]
pub struct WavePick {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    /// Works that were found only in part, or of which only a part is picked now; the others are
    /// picked whole.
    pub found: Vec<FoundQuantities>,
}

/// Input for packing the picked goods of a wave, a parcel for each work.
#[derive(Debug, Clone, Serialize)]
pub struct WavePack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    pub label: LabelFields,
}

/// Input for marking the packed goods of a wave as ready for pickup.
#[derive(Debug, Clone, Serialize)]
pub struct WaveReady {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    /// Language of the e-mails to customers; None for that of the setting.
    pub notify: Option<PaperLocale>,
    /// True to send the e-mails, false not to; None to follow the setting.
    pub is_notified: Option<bool>,
}

/// Input for shipping the packed goods of a wave.
#[derive(Debug, Clone, Serialize)]
pub struct WaveShip {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    pub occurred_at: Option<Timestamp>,
}

/// A wave after a step, with the step's result for each of its works.
#[derive(Debug)]
pub struct WaveStepResult {
    pub wave: Wave,
    pub works: Vec<FulfilmentWorkId>,
    pub parts: Vec<(FulfilmentWorkId, SubmitResult)>,
    /// The event of the wave itself.
    pub seq: Option<i64>,
    /// True if the key was used before, and nothing was done now.
    pub is_replayed: bool,
}

/// Picks the goods of a wave.
pub async fn wave_pick(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WavePick,
    mode: Mode,
) -> Result<WaveStepResult, WaveError> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWavePick", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    find_visible_wave(&scope, &permit, input.wave).await?;
    let works = load_wave_works(&scope, input.wave).await?;
    check_found_goods(&works, &input.found)?;
    let (wave, is_known) = claim_wave(ledger, &permit, &key, input.wave, mode).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&works)
    } else {
        pick_steps(ledger, &permit, &works, &input.found).await?
    };
    Ok(submit_steps(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Packs picked goods: one parcel for each work.
pub async fn wave_pack(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WavePack,
    mode: Mode,
) -> Result<WaveStepResult, WaveError> {
    check(&input.idempotency_key, Some(&input.label))?;
    let key = key_of(&permit, "fulfilmentWavePack", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim_wave(ledger, &permit, &key, input.wave, mode).await?;
    let works = load_wave_works(&scope, input.wave).await?;
    let packed_works = filter_active_works(&scope, &works).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&packed_works)
    } else {
        pack_steps(ledger, &permit, &packed_works, &input.label).await?
    };
    Ok(submit_steps(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Marks packed goods as ready for pickup, and sends the customers e-mails if the call or a setting
/// says so. Works of orders that are shipped to their customers are skipped.
pub async fn wave_ready(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WaveReady,
    mode: Mode,
) -> Result<WaveStepResult, WaveError> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveReady", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim_wave(ledger, &permit, &key, input.wave, mode).await?;
    let works = load_wave_works(&scope, input.wave).await?;
    let collected = filter_collected_works(&scope, &filter_active_works(&scope, &works).await?).await?;
    let parts =
        if is_ended(&wave, is_known) { reject_as_closed(&collected) } else { ready_steps(ledger, &permit, &collected).await? };
    let step_result = submit_steps(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit && !dry_run::is_on() {
        let terms = rows::load_ready_terms(&scope, step_result.wave.store).await?;
        let locale = terms.sends_in(ReadyOptions { is_wanted: input.is_notified, locale: input.notify });
        if let Some(locale) = locale {
            let outcome = step_result.parts.iter().filter(|(_, outcome)| outcome.is_ok());
            let emails = outcome.map(|(work, _)| (work_step_key(&key, *work), ReadyEmail { work: *work, locale })).collect();
            ready_email::enqueue_emails(ledger, &permit, emails).await?;
        }
    }
    Ok(step_result)
}

/// Ships all packed goods: one sale, and one fulfilment of its order, for each work. Closes the
/// wave if no work has anything left.
pub async fn wave_ship(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentShip>,
    input: WaveShip,
    mode: Mode,
) -> Result<WaveStepResult, WaveError> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveShip", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim_wave(ledger, &permit, &key, input.wave, mode).await?;
    let works = load_wave_works(&scope, input.wave).await?;
    // Works that are ready for collection are handed over by a step of their own.
    let shipped_works = works_not_in(&scope, &works, &[WorkStatus::Rejected, WorkStatus::Cancelled, WorkStatus::Ready]).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&shipped_works)
    } else {
        ship_steps(ledger, &permit, &shipped_works, input.occurred_at).await?
    };
    let mut step_result = submit_steps(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit {
        (step_result.wave, step_result.seq) = close_finished_wave(ledger, &permit, step_result.wave, &step_result.works).await?;
    }
    Ok(step_result)
}

/// Submits the steps; returns the wave with their results.
async fn submit_steps<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    ((wave, is_known), works): ((Wave, bool), Vec<FulfilmentWorkId>),
    parts: Vec<Part>,
    (key, mode): (&Key, Mode),
) -> WaveStepResult {
    let parts = submit_all(ledger, permit, parts, key, mode).await;
    let is_replayed = is_known && has_no_changes(&parts);
    WaveStepResult { wave, works, parts, seq: None, is_replayed }
}

/// True if the call is repeated after its wave was closed.
fn is_ended(wave: &Wave, is_known: bool) -> bool {
    is_known && wave.closed_at.is_some()
}

fn check(key: &str, label: Option<&LabelFields>) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    if let Some(label) = label {
        label.check(&mut checks, At::INPUT);
    }
    checks.done()
}

/// Checks that the found quantities are of works of the wave, each named once.
fn check_found_goods(works: &[FulfilmentWorkId], found_works: &[FoundQuantities]) -> Result<(), WaveError> {
    if found_works.len() > MAX_WAVE_WORKS {
        return Err(WaveRefusal::TooManyWorks { most: MAX_WAVE_WORKS }.into());
    }
    if found_works.iter().map(|found_work| found_work.lines.as_ref().map_or(0, Vec::len)).sum::<usize>() > MAX_LINES {
        return Err(WaveRefusal::TooManyLines { most: MAX_LINES }.into());
    }
    let (mut seen_works, mut refusals) = (HashSet::new(), Vec::new());
    for (index, found_work) in found_works.iter().enumerate() {
        if !works.contains(&found_work.work) {
            refusals.push(WaveRefusal::Work(index, WaveWorkRefusal::Unknown));
        } else if !seen_works.insert(found_work.work) {
            refusals.push(WaveRefusal::Work(index, WaveWorkRefusal::Twice));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(WaveError::Refused(refusals)) }
}

/// Returns the works that are neither rejected nor cancelled.
async fn filter_active_works(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    works_not_in(reads, works, &[WorkStatus::Rejected, WorkStatus::Cancelled]).await
}

/// Returns the works that are in none of these states.
async fn works_not_in(
    reads: &impl Reads,
    works: &[FulfilmentWorkId],
    states: &[WorkStatus],
) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::load_heads(reads, works).await?;
    let is_in_states = |id: &FulfilmentWorkId| heads.iter().any(|head| head.id == *id && states.contains(&head.status));
    Ok(works.iter().copied().filter(|id| !is_in_states(id)).collect())
}

/// Returns the works whose goods the customers collect.
async fn filter_collected_works(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::load_heads(reads, works).await?;
    let orders: Vec<OrderId> = heads.iter().map(|head| head.order).collect();
    let facts = rows::order_facts(reads, &orders).await?;
    let is_collected =
        |order: OrderId| facts.iter().any(|order_fact| order_fact.order == order && order_fact.method == DeliveryMethod::Collect);
    let order = |id: FulfilmentWorkId| heads.iter().find(|head| head.id == id).map(|head| head.order);
    Ok(works.iter().copied().filter(|id| order(*id).is_some_and(is_collected)).collect())
}

/// Stores the key for this wave. An interrupted call continues when it is repeated with the same
/// key: each of its works has a key of its own.
async fn claim_wave<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    key: &Key,
    id: FulfilmentWaveId,
    mode: Mode,
) -> Result<(Wave, bool), WaveError> {
    let work = permit.scope(ledger.database()).begin().await?;
    match claim_key(&work, permit, key, (id, ledger.clock().now())).await {
        Ok((wave, false)) if mode == Mode::Commit => {
            work.commit().await?;
            Ok((wave, false))
        }
        answer => {
            work.rollback().await?;
            answer
        }
    }
}

async fn claim_key<P: Permission>(
    work: &Work,
    permit: &Permit<P>,
    key: &Key,
    (id, now): (FulfilmentWaveId, Timestamp),
) -> Result<(Wave, bool), WaveError> {
    journal::hold(work).await?;
    let wave = find_visible_wave(work, permit, id).await?;
    match idempotency::before(work, key).await? {
        Some(KeyUse::Same(_)) => return Ok((wave, true)),
        Some(KeyUse::Reused) => return Err(WaveRefusal::KeyReused.into()),
        None if wave.closed_at.is_some() => return Err(WaveRefusal::Closed.into()),
        None => {}
    }
    remember(work, key, (id, None), now).await?;
    Ok((wave, false))
}

/// Submits the steps at once, so that the ledger decides and writes them in as few transactions as
/// it can. A dry run submits one after the other.
async fn submit_all<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    parts: Vec<Part>,
    key: &Key,
    mode: Mode,
) -> Vec<(FulfilmentWorkId, SubmitResult)> {
    let mut pending = Vec::with_capacity(parts.len());
    for part in parts {
        pending.push(Box::pin(submit_one(ledger, permit, part, key, mode)));
    }
    if !mode.is_dry() {
        return join_all(pending).await;
    }
    let mut outcomes = Vec::with_capacity(pending.len());
    for part in pending {
        outcomes.push(part.await);
    }
    outcomes
}

async fn submit_one<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    (work, command): Part,
    key: &Key,
    mode: Mode,
) -> (FulfilmentWorkId, SubmitResult) {
    let key = work_step_key(key, work);
    let outcome = match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => stored_answer_or(ledger, permit, &key, stop).await,
    };
    (work, outcome)
}

/// Returns the key of one work's step: from the call's key and the work, with the hash of the
/// call's input.
fn work_step_key(key: &Key, work: FulfilmentWorkId) -> Key {
    let half = hash_of(&key.key).hash.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    Key { key: format!("{work}:{half:032x}"), ..key.clone() }
}

/// Closes a wave whose works have nothing left to send.
async fn close_finished_wave<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    wave: Wave,
    works: &[FulfilmentWorkId],
) -> Result<(Wave, Option<i64>), WaveError> {
    let mut work = permit.scope(ledger.database()).begin().await?;
    match close_if_finished(&mut work, ledger, wave.id, works).await {
        Ok(Some(closed)) => {
            work.commit().await?;
            Ok(closed)
        }
        Ok(None) => {
            work.rollback().await?;
            Ok((wave, None))
        }
        Err(fault) => {
            let _ = work.rollback().await;
            Err(fault.into())
        }
    }
}

async fn close_if_finished(
    work: &mut Work,
    ledger: &Ledger,
    id: FulfilmentWaveId,
    works: &[FulfilmentWorkId],
) -> Result<Option<(Wave, Option<i64>)>, Fault> {
    journal::hold(work).await?;
    let Some(wave) = rows::load_wave(work, id).await?.filter(|wave| wave.closed_at.is_none()) else { return Ok(None) };
    let heads = rows::load_heads(work, works).await?;
    if heads.is_empty() || !heads.iter().all(|head| is_over(head.status)) {
        return Ok(None);
    }
    write_closed_wave(work, ledger, wave, works).await.map(Some)
}
