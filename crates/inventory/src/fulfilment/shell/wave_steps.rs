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
    input::{LabelSaid, MAX_LINES},
    ready_email::{self, ReadyEmail},
    wave_parts::{Part, WaveFound, has_no_changes, pack_steps, pick_steps, ready_steps, reject_as_closed, ship_steps},
    waves::{WaveRefusal, WaveStop, WaveWorkRefusal, close, own_wave, remember, works_of},
};
use crate::{
    fulfilment::{
        core::{MAX_WAVE_WORKS, ReadyOptions, Wave, is_over},
        rows,
    },
    ledger::{Checks, Done, Ledger, Mode, Stop, check_key, key_of, stored_answer_or, submit},
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
    pub found: Vec<WaveFound>,
}

/// Input for packing the picked goods of a wave, a parcel for each work.
#[derive(Debug, Clone, Serialize)]
pub struct WavePack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    pub label: LabelSaid,
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
    pub parts: Vec<(FulfilmentWorkId, Done)>,
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
) -> Result<WaveStepResult, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWavePick", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    own_wave(&scope, &permit, input.wave).await?;
    let works = works_of(&scope, input.wave).await?;
    check_found(&works, &input.found)?;
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&works)
    } else {
        pick_steps(ledger, &permit, &works, &input.found).await?
    };
    Ok(stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Packs picked goods: one parcel for each work.
pub async fn wave_pack(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WavePack,
    mode: Mode,
) -> Result<WaveStepResult, WaveStop> {
    check(&input.idempotency_key, Some(&input.label))?;
    let key = key_of(&permit, "fulfilmentWavePack", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    let sent = active_works(&scope, &works).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&sent)
    } else {
        pack_steps(ledger, &permit, &sent, &input.label).await?
    };
    Ok(stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Marks packed goods as ready for pickup, and sends the customers e-mails if the call or a setting
/// says so. Works of orders that are shipped to their customers are skipped.
pub async fn wave_ready(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WaveReady,
    mode: Mode,
) -> Result<WaveStepResult, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveReady", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    let collected = collected(&scope, &active_works(&scope, &works).await?).await?;
    let parts =
        if is_ended(&wave, is_known) { reject_as_closed(&collected) } else { ready_steps(ledger, &permit, &collected).await? };
    let stepped = stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit && !dry_run::is_on() {
        let terms = rows::ready_terms(&scope, stepped.wave.store).await?;
        let locale = terms.sends_in(ReadyOptions { is_wanted: input.is_notified, locale: input.notify });
        if let Some(locale) = locale {
            let done = stepped.parts.iter().filter(|(_, done)| done.is_ok());
            let emails = done.map(|(work, _)| (work_step_key(&key, *work), ReadyEmail { work: *work, locale })).collect();
            ready_email::enqueue_emails(ledger, &permit, emails).await?;
        }
    }
    Ok(stepped)
}

/// Ships all packed goods: one sale, and one fulfilment of its order, for each work. Closes the
/// wave if no work has anything left.
pub async fn wave_ship(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentShip>,
    input: WaveShip,
    mode: Mode,
) -> Result<WaveStepResult, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveShip", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    // Works that are ready for collection are handed over by a step of their own.
    let sent = works_not_in(&scope, &works, &[WorkStatus::Rejected, WorkStatus::Cancelled, WorkStatus::Ready]).await?;
    let parts = if is_ended(&wave, is_known) {
        reject_as_closed(&sent)
    } else {
        ship_steps(ledger, &permit, &sent, input.occurred_at).await?
    };
    let mut stepped = stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit {
        (stepped.wave, stepped.seq) = close_finished_wave(ledger, &permit, stepped.wave, &stepped.works).await?;
    }
    Ok(stepped)
}

/// Submits the steps; returns the wave with their results.
async fn stepped<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    ((wave, is_known), works): ((Wave, bool), Vec<FulfilmentWorkId>),
    parts: Vec<Part>,
    (key, mode): (&Key, Mode),
) -> WaveStepResult {
    let parts = all(ledger, permit, parts, key, mode).await;
    let is_replayed = is_known && has_no_changes(&parts);
    WaveStepResult { wave, works, parts, seq: None, is_replayed }
}

/// True if the call is repeated after its wave was closed.
fn is_ended(wave: &Wave, is_known: bool) -> bool {
    is_known && wave.closed_at.is_some()
}

fn check(key: &str, label: Option<&LabelSaid>) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    if let Some(label) = label {
        label.check(&mut checks, At::INPUT);
    }
    checks.done()
}

/// Checks that the found quantities are of works of the wave, each named once.
fn check_found(works: &[FulfilmentWorkId], found: &[WaveFound]) -> Result<(), WaveStop> {
    if found.len() > MAX_WAVE_WORKS {
        return Err(WaveRefusal::TooManyWorks { most: MAX_WAVE_WORKS }.into());
    }
    if found.iter().map(|one| one.lines.as_ref().map_or(0, Vec::len)).sum::<usize>() > MAX_LINES {
        return Err(WaveRefusal::TooManyLines { most: MAX_LINES }.into());
    }
    let (mut seen, mut refused) = (HashSet::new(), Vec::new());
    for (index, one) in found.iter().enumerate() {
        if !works.contains(&one.work) {
            refused.push(WaveRefusal::Work(index, WaveWorkRefusal::Unknown));
        } else if !seen.insert(one.work) {
            refused.push(WaveRefusal::Work(index, WaveWorkRefusal::Twice));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(WaveStop::Refused(refused)) }
}

/// Returns the works that are neither rejected nor cancelled.
async fn active_works(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    works_not_in(reads, works, &[WorkStatus::Rejected, WorkStatus::Cancelled]).await
}

/// Returns the works that are in none of these states.
async fn works_not_in(
    reads: &impl Reads,
    works: &[FulfilmentWorkId],
    states: &[WorkStatus],
) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::heads(reads, works).await?;
    let stands = |id: &FulfilmentWorkId| heads.iter().any(|head| head.id == *id && states.contains(&head.status));
    Ok(works.iter().copied().filter(|id| !stands(id)).collect())
}

/// Returns the works whose goods the customers collect.
async fn collected(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::heads(reads, works).await?;
    let orders: Vec<OrderId> = heads.iter().map(|head| head.order).collect();
    let facts = rows::order_facts(reads, &orders).await?;
    let is_collected = |order: OrderId| facts.iter().any(|one| one.order == order && one.method == DeliveryMethod::Collect);
    let order = |id: FulfilmentWorkId| heads.iter().find(|head| head.id == id).map(|head| head.order);
    Ok(works.iter().copied().filter(|id| order(*id).is_some_and(is_collected)).collect())
}

/// Stores the key for this wave. An interrupted call continues when it is repeated with the same
/// key: each of its works has a key of its own.
async fn claim<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    key: &Key,
    id: FulfilmentWaveId,
    mode: Mode,
) -> Result<(Wave, bool), WaveStop> {
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
) -> Result<(Wave, bool), WaveStop> {
    journal::hold(work).await?;
    let wave = own_wave(work, permit, id).await?;
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
async fn all<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    parts: Vec<Part>,
    key: &Key,
    mode: Mode,
) -> Vec<(FulfilmentWorkId, Done)> {
    let mut waiting = Vec::with_capacity(parts.len());
    for part in parts {
        waiting.push(Box::pin(one(ledger, permit, part, key, mode)));
    }
    if !mode.is_dry() {
        return join_all(waiting).await;
    }
    let mut done = Vec::with_capacity(waiting.len());
    for part in waiting {
        done.push(part.await);
    }
    done
}

async fn one<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    (work, command): Part,
    key: &Key,
    mode: Mode,
) -> (FulfilmentWorkId, Done) {
    let key = work_step_key(key, work);
    let done = match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => stored_answer_or(ledger, permit, &key, stop).await,
    };
    (work, done)
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
) -> Result<(Wave, Option<i64>), WaveStop> {
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
    let Some(wave) = rows::wave(work, id).await?.filter(|wave| wave.closed_at.is_none()) else { return Ok(None) };
    let heads = rows::heads(work, works).await?;
    if heads.is_empty() || !heads.iter().all(|head| is_over(head.status)) {
        return Ok(None);
    }
    close(work, ledger, wave, works).await.map(Some)
}
