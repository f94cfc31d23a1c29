//! Picking, packing and shipping the works of a wave: each by its own step, and all of them handed to the ledger together. What is refused of one
//! work keeps no other back.

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
    LabelSaid, Lines, MAX_LINES,
    ready_email::{self, ReadyEmail},
    wave_parts::{Part, arrivals, ended, is_nothing_new, packings, pickings, shipments},
    waves::{WaveRefusal, WaveStop, WaveWorkRefusal, close, own_wave, remember, works_of},
};
use crate::{
    fulfilment::{
        core::{MAX_WAVE, ReadyAsked, Wave, is_over},
        rows,
    },
    ledger::{Checks, Done, Ledger, Mode, Stop, check_key, first_answer, key_of, submit},
    stock::core::At,
};

/// Pick the works of a wave.
#[derive(Debug, Clone, Serialize)]
pub struct WavePick {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    /// Of these works not all was found, or not all is picked now; all of the others.
    pub found: Vec<WaveFound>,
}

/// What was found for a work.
#[derive(Debug, Clone, Serialize)]
pub struct WaveFound {
    pub work: FulfilmentWorkId,
    pub lines: Lines,
    /// The rest is not there.
    pub is_short: bool,
}

/// Pack what was picked for a wave, a parcel for each work.
#[derive(Debug, Clone, Serialize)]
pub struct WavePack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    pub label: LabelSaid,
}

/// Say that what is packed of a wave can be collected.
#[derive(Debug, Clone, Serialize)]
pub struct WaveReady {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    /// The language in which customers are written to; None: the one that is set.
    pub notify: Option<PaperLocale>,
    /// Whether they are written to; None: as is set.
    pub is_notified: Option<bool>,
}

/// Ship all that is packed of a wave.
#[derive(Debug, Clone, Serialize)]
pub struct WaveShip {
    #[serde(skip)]
    pub idempotency_key: String,
    pub wave: FulfilmentWaveId,
    pub occurred_at: Option<Timestamp>,
}

/// A wave after a step, with what came of the step for each of its works.
#[derive(Debug)]
pub struct WaveStepped {
    pub wave: Wave,
    pub works: Vec<FulfilmentWorkId>,
    pub parts: Vec<(FulfilmentWorkId, Done)>,
    /// The event of the wave itself.
    pub seq: Option<i64>,
    /// The key was used before, and nothing was done now.
    pub is_replayed: bool,
}

/// Takes the goods of a wave off their places.
pub async fn wave_pick(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WavePick,
    mode: Mode,
) -> Result<WaveStepped, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWavePick", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    own_wave(&scope, &permit, input.wave).await?;
    let works = works_of(&scope, input.wave).await?;
    check_found(&works, &input.found)?;
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let parts = if is_ended(&wave, is_known) { ended(&works) } else { pickings(ledger, &permit, &works, &input.found).await? };
    Ok(stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Packs what was picked: one parcel for each work.
pub async fn wave_pack(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WavePack,
    mode: Mode,
) -> Result<WaveStepped, WaveStop> {
    check(&input.idempotency_key, Some(&input.label))?;
    let key = key_of(&permit, "fulfilmentWavePack", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    let sent = sent_by(&scope, &works).await?;
    let parts = if is_ended(&wave, is_known) { ended(&sent) } else { packings(ledger, &permit, &sent, &input.label).await? };
    Ok(stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await)
}

/// Says that customers may fetch what is packed for them, and writes to them where that is asked for or set. Works of orders that are sent are left out.
pub async fn wave_ready(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentWork>,
    input: WaveReady,
    mode: Mode,
) -> Result<WaveStepped, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveReady", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    let collected = collected(&scope, &sent_by(&scope, &works).await?).await?;
    let parts = if is_ended(&wave, is_known) { ended(&collected) } else { arrivals(ledger, &permit, &collected).await? };
    let stepped = stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit && !dry_run::is_on() {
        let terms = rows::ready_terms(&scope, stepped.wave.store).await?;
        let locale = terms.sends_in(ReadyAsked { is_wanted: input.is_notified, locale: input.notify });
        if let Some(locale) = locale {
            let done = stepped.parts.iter().filter(|(_, done)| done.is_ok());
            let emails = done.map(|(work, _)| (key_of_part(&key, *work), ReadyEmail { work: *work, locale })).collect();
            ready_email::queue(ledger, &permit, emails).await?;
        }
    }
    Ok(stepped)
}

/// Ships all that is packed: one sale, and one fulfilment of its order, for each work. A wave of which nothing is left is closed by it.
pub async fn wave_ship(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentShip>,
    input: WaveShip,
    mode: Mode,
) -> Result<WaveStepped, WaveStop> {
    check(&input.idempotency_key, None)?;
    let key = key_of(&permit, "fulfilmentWaveShip", &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let (wave, is_known) = claim(ledger, &permit, &key, input.wave, mode).await?;
    let works = works_of(&scope, input.wave).await?;
    // What waits for its customer is handed over by its own step.
    let sent = without(&scope, &works, &[WorkStatus::Rejected, WorkStatus::Cancelled, WorkStatus::Ready]).await?;
    let parts =
        if is_ended(&wave, is_known) { ended(&sent) } else { shipments(ledger, &permit, &sent, input.occurred_at).await? };
    let mut stepped = stepped(ledger, &permit, ((wave, is_known), works), parts, (&key, mode)).await;
    if mode == Mode::Commit {
        (stepped.wave, stepped.seq) = settle(ledger, &permit, stepped.wave, &stepped.works).await?;
    }
    Ok(stepped)
}

/// Hands the steps in; what came of them.
async fn stepped<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    ((wave, is_known), works): ((Wave, bool), Vec<FulfilmentWorkId>),
    parts: Vec<Part>,
    (key, mode): (&Key, Mode),
) -> WaveStepped {
    let parts = all(ledger, permit, parts, key, mode).await;
    let is_replayed = is_known && is_nothing_new(&parts);
    WaveStepped { wave, works, parts, seq: None, is_replayed }
}

/// Whether the call is repeated after its wave was closed.
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

/// Whether what was found is of works of the wave, each once.
fn check_found(works: &[FulfilmentWorkId], found: &[WaveFound]) -> Result<(), WaveStop> {
    if found.len() > MAX_WAVE {
        return Err(WaveRefusal::TooManyWorks { most: MAX_WAVE }.into());
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

/// Those of the works that something is sent of, or was: not those that were refused or cancelled whole.
async fn sent_by(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    without(reads, works, &[WorkStatus::Rejected, WorkStatus::Cancelled]).await
}

/// Those of the works that stand in none of these states.
async fn without(reads: &impl Reads, works: &[FulfilmentWorkId], states: &[WorkStatus]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::heads(reads, works).await?;
    let stands = |id: &FulfilmentWorkId| heads.iter().any(|head| head.id == *id && states.contains(&head.status));
    Ok(works.iter().copied().filter(|id| !stands(id)).collect())
}

/// Those of the works whose customers come for the goods.
async fn collected(reads: &impl Reads, works: &[FulfilmentWorkId]) -> Result<Vec<FulfilmentWorkId>, Fault> {
    let heads = rows::heads(reads, works).await?;
    let orders: Vec<OrderId> = heads.iter().map(|head| head.order).collect();
    let facts = rows::order_facts(reads, &orders).await?;
    let is_collected = |order: OrderId| facts.iter().any(|one| one.order == order && one.method == DeliveryMethod::Collect);
    let order = |id: FulfilmentWorkId| heads.iter().find(|head| head.id == id).map(|head| head.order);
    Ok(works.iter().copied().filter(|id| order(*id).is_some_and(is_collected)).collect())
}

/// Takes the key for this wave. A call that was broken off goes on with the same key: each of its works has a key of its own.
async fn claim<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    key: &Key,
    id: FulfilmentWaveId,
    mode: Mode,
) -> Result<(Wave, bool), WaveStop> {
    let work = permit.scope(ledger.database()).begin().await?;
    match claimed(&work, permit, key, (id, ledger.clock().now())).await {
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

async fn claimed<P: Permission>(
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

/// Hands the steps in, so that the ledger decides and writes them in as few transactions as it can. A dry run tries one after the other.
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
    let key = key_of_part(key, work);
    let done = match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => first_answer(ledger, permit, &key, stop).await,
    };
    (work, done)
}

/// The key of one work's step: of the call's key and the work, and of the call's input.
fn key_of_part(key: &Key, work: FulfilmentWorkId) -> Key {
    let half = hash_of(&key.key).hash.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    Key { key: format!("{work}:{half:032x}"), ..key.clone() }
}

/// Closes a wave of which nothing is left to be sent.
async fn settle<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    wave: Wave,
    works: &[FulfilmentWorkId],
) -> Result<(Wave, Option<i64>), WaveStop> {
    let mut work = permit.scope(ledger.database()).begin().await?;
    match settled(&mut work, ledger, wave.id, works).await {
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

async fn settled(
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
