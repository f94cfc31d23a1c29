//! Setting and removing external series. The next run of forecasts reads them.

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use inventory::ledger::Mode;
use platform::{
    audit::{self, Fields},
    clock::{Clock, day_text},
    paging::{ListPage, PageRequest},
    stages::{Refusals, Stage, Staged, Stop},
    storage::{
        Database, Fault, Nested, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, KeyProblem, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use crate::forecasting::{
    core::{FactorFields, FactorGoods, FactorProblem, FactorSeries},
    events::{EventType, FACTOR_SERIES_REMOVED, FACTOR_SERIES_SET, FactorEvent},
    rows::{self, FactorFilter, FactorsSorted},
};

/// Input of a series.
#[derive(Debug, Clone)]
pub struct FactorSet {
    pub idempotency_key: String,
    pub expected_version: Option<i64>,
    pub fields: FactorFields,
}

/// Input of a deletion. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct FactorRemoval {
    #[serde(skip)]
    pub idempotency_key: String,
    pub code: String,
}

/// Refusal of a call that wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorRefusal {
    BadKey(KeyProblem),
    Field(FactorProblem),
    NoStore,
    NoProduct,
    NoCategory,
    NotFound,
    /// A caller with rights for some stores must name one of them.
    StoreNeeded,
    /// The code belongs to another store, which is not named.
    OthersCode,
    /// Maximum stored series of this kind.
    TooMany(usize),
    /// The series was changed after it was read; its version now.
    Stale(i64),
    KeyReused,
}

impl Staged for FactorRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::StoreNeeded => Stage::Permission,
            Self::NoStore | Self::NoProduct | Self::NoCategory | Self::NotFound => Stage::Reference,
            Self::OthersCode | Self::TooMany(_) | Self::Stale(_) | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written.
pub type FactorError = Stop<FactorRefusal>;

/// Stored result of a call, for its idempotency key.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    code: String,
    seq: Option<i64>,
}

type PolicyPermit = Permit<kind::StockPolicy>;
type FactorOutcome = Result<CallResult<Option<FactorSeries>>, FactorError>;

/// Whether the permit covers a series; one without a store needs a permit for all stores.
fn covers(permit: &PolicyPermit, store: Option<StoreId>) -> bool {
    store.map_or_else(|| permit.reach() == Reach::Everywhere, |store| permit.covers(store))
}

/// Reads a page of series, sorted: those of the permit's stores, and those without a store.
pub async fn factor_page(
    permit: &PolicyPermit,
    db: &Database,
    (filter, sorted): (&Nested<FactorFilter>, FactorsSorted),
    request: &PageRequest,
) -> Result<ListPage<FactorSeries>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let source = rows::factor_source(scope.backend(), filter, stores);
    Ok(ListPage { rows: rows::factor_page(&scope, source.clone(), sorted, request).await?, source })
}

/// Creates or replaces the series with a code.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_factor(db: &Database, clock: &Clock, permit: PolicyPermit, input: FactorSet, mode: Mode) -> FactorOutcome {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(FactorRefusal::BadKey));
    refusals.extend(input.fields.problems().into_iter().map(FactorRefusal::Field));
    refusals.end(Stage::Shape)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = set(&mut work, clock.now(), &permit, (&input, refusals)).await;
    settle(work, outcome, mode.is_dry()).await
}

async fn set(
    work: &mut Work,
    now: Timestamp,
    permit: &PolicyPermit,
    (input, mut refusals): (&FactorSet, Refusals<FactorRefusal>),
) -> FactorOutcome {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "factorSeriesSet", key: text, hash: hash_of(&input.fields) };
    match idempotency::lock_and_look_up(work, &key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(FactorRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => return replay_result(work, permit, receipt).await,
    }
    refusals.extend(find_unknown(work, permit, &input.fields).await?);
    let needs_store = input.fields.store.is_none() && !covers(permit, None);
    refusals.extend(needs_store.then_some(FactorRefusal::StoreNeeded));
    refusals.end(Stage::Value)?;
    let mut series = input.fields.validate(1, now).map_err(field_refusals)?;
    let before = rows::factor(work, &series.code).await?;
    if before.as_ref().is_some_and(|before| !covers(permit, before.store)) {
        return Err(FactorRefusal::OthersCode.into());
    }
    let actual = before.as_ref().map_or(0, |before| before.version);
    let is_stale = input.expected_version.is_some_and(|expected| expected != actual);
    refusals.extend(is_stale.then_some(FactorRefusal::Stale(actual)));
    let limit = series.goods.max_series();
    let is_new_scope = before.as_ref().is_none_or(|before| !before.goods.has_same_scope_kind(&series.goods));
    if is_new_scope && rows::count_factors(work, series.goods).await? >= limit as i64 {
        refusals.add(FactorRefusal::TooMany(limit));
    }
    refusals.end(Stage::State)?;
    series.version = actual + 1;
    audit_changes(work, before.as_ref(), Some(&series));
    match before {
        Some(_) => rows::update_factor(work, &series).await?,
        None => rows::insert_factor(work, &series).await?,
    }
    end(work, (&key, FACTOR_SERIES_SET), series).await
}

fn field_refusals(problems: Vec<FactorProblem>) -> Vec<FactorRefusal> {
    problems.into_iter().map(FactorRefusal::Field).collect()
}

/// Returns a refusal for each record that the series names and that does not exist or is outside
/// the permit.
async fn find_unknown(work: &Work, permit: &PolicyPermit, fields: &FactorFields) -> Result<Vec<FactorRefusal>, Fault> {
    let mut refusals = Vec::new();
    if let Some(store) = fields.store
        && !(covers(permit, Some(store)) && rows::is_store(work, store).await?)
    {
        refusals.push(FactorRefusal::NoStore);
    }
    if !rows::do_goods_exist(work, fields.goods).await? {
        let is_category = matches!(fields.goods, FactorGoods::Category(_));
        refusals.push(if is_category { FactorRefusal::NoCategory } else { FactorRefusal::NoProduct });
    }
    Ok(refusals)
}

/// Removes a series: forecasts are made without it from the next run on.
pub async fn remove_factor(
    db: &Database,
    clock: &Clock,
    permit: PolicyPermit,
    input: FactorRemoval,
    mode: Mode,
) -> FactorOutcome {
    idempotency::check_key(&input.idempotency_key).map_err(FactorRefusal::BadKey)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = remove(&mut work, clock.now(), &permit, &input).await;
    settle(work, outcome, mode.is_dry()).await
}

async fn remove(work: &mut Work, now: Timestamp, permit: &PolicyPermit, input: &FactorRemoval) -> FactorOutcome {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "factorSeriesRemove", key: text, hash: hash_of(input) };
    match idempotency::lock_and_look_up(work, &key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(FactorRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => return replay_result(work, permit, receipt).await,
    }
    let own_series = rows::factor(work, input.code.trim()).await?.filter(|series| covers(permit, series.store));
    let mut series = own_series.ok_or(FactorRefusal::NotFound)?;
    rows::remove_factor(work, &series.code).await?;
    audit_changes(work, Some(&series), None);
    series.updated_at = now;
    end(work, (&key, FACTOR_SERIES_REMOVED), series).await
}

/// Adds the differences of a series to the audit log: as fields of its store, or of the tenant if
/// it has no store.
fn audit_changes(work: &mut Work, before: Option<&FactorSeries>, after: Option<&FactorSeries>) {
    let has_moved = before.zip(after).is_some_and(|(before, after)| before.store != after.store);
    if has_moved {
        audit_changes(work, before, None);
        return audit_changes(work, None, after);
    }
    let (previous, current) = (before.map(audit_fields), after.map(audit_fields));
    if let Some(store) = after.or(before).and_then(|series| series.store) {
        audit::changed(work, store, previous.as_ref(), current.as_ref(), None);
    } else {
        let tenant = work.tenant();
        audit::changed(work, tenant, previous.as_ref(), current.as_ref(), None);
    }
}

fn audit_fields(series: &FactorSeries) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let path = |field: &str| format!("factorSeries.{}.{field}", series.code);
    let values: Vec<(String, f64)> = series.values.iter().map(|(day, value)| (day_text(*day), *value)).collect();
    Fields::default()
        .masked(path("kind"), MASK, series.kind.as_str())
        .masked(path("name"), MASK, &series.name)
        .masked(path("productId"), MASK, series.goods.product())
        .masked(path("categoryId"), MASK, series.goods.category())
        .masked(path("country"), MASK, &series.country)
        .masked(path("from"), MASK, day_text(series.from))
        .masked(path("until"), MASK, day_text(series.until))
        .masked(path("values"), MASK, values)
}

async fn end(work: &mut Work, (key, event): (&Key, EventType<FactorEvent>), series: FactorSeries) -> FactorOutcome {
    let now = series.updated_at;
    let seq = journal::append_other(work, vec![event.event(&FactorEvent::of(&series))], now).await?;
    idempotency::keep(work, key, &Receipt { code: series.code.clone(), seq }, now).await?;
    Ok(CallResult { value: Some(series), seq, is_replayed: false })
}

/// Answer of a repeated call: the current series, if it still exists.
async fn replay_result(work: &Work, permit: &PolicyPermit, receipt: Receipt) -> FactorOutcome {
    let Receipt { code, seq } = receipt;
    let value = rows::factor(work, &code).await?.filter(|series| covers(permit, series.store));
    Ok(CallResult { value, seq, is_replayed: true })
}
