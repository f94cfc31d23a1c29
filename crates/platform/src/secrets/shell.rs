//! Opening of the ring at start, and rotation of its keys while the deployment runs.

use std::{collections::BTreeMap, sync::Arc};

use entity::{prelude::*, secret_key};

use super::{
    core::{KEY_BYTES, Keys, MasterKey, OpenError, SealedColumn, key_of},
    ring::KeyRing,
    rows::{self, LockedRows, Resealed},
    source::KeySource,
    store::{Command, EnvironmentKeys, KeyFile, SecretStore},
};
use crate::{
    clock::Clock,
    plurals::pluralize,
    storage::{Database, Fault, Work},
};

/// Text that is sealed under each key, so that a start with another key of the same name is noticed.
const CHECK: &str = "entrepot key check";
/// Values resealed in one transaction: few, so that requests proceed in between.
pub(super) const PAGE: u64 = 100;
/// Time after which every node that follows its source has read a new key.
const KEY_PROPAGATION_SECONDS: i64 = 60;

/// Generates a key. Its ID contains the date.
pub fn new_key(clock: &Clock) -> MasterKey {
    let mut secret = [0; KEY_BYTES];
    clock.fill(&mut secret);
    let mut suffix_bytes = [0; 2];
    clock.fill(&mut suffix_bytes);
    let day = crate::clock::day_text(crate::clock::local_day(clock.now(), "UTC")).replace('-', "");
    MasterKey::new(format!("k{day}-{:02x}{:02x}", suffix_bytes[0], suffix_bytes[1]), secret)
}

fn store_of(source: &KeySource, clock: &Clock) -> Result<Arc<dyn SecretStore>, Fault> {
    #[cfg(not(feature = "aws-secrets"))]
    let _ = clock;
    Ok(match source {
        KeySource::Given(text) => Arc::new(EnvironmentKeys(text.clone())),
        KeySource::File(path) => Arc::new(KeyFile::at(path.clone())),
        KeySource::Command(words) => Arc::new(Command(words.clone())),
        #[cfg(feature = "aws-secrets")]
        KeySource::Aws(secret) => Arc::new(super::SecretsManager::new(secret.clone(), clock.clone())),
        KeySource::Nowhere => return Err(Fault::Broken(NO_KEY_MESSAGE.to_owned())),
    })
}

/// Opens a sealed value under each key in use, without writing. Returns the number of keys.
///
/// # Errors
/// Keys are missing, or other keys have their names.
pub async fn check_master_keys(db: &Database, source: &KeySource, clock: &Clock) -> Result<usize, Fault> {
    let known_keys = rows::recorded_keys(&db.global()).await?;
    if known_keys.is_empty() {
        return Ok(0);
    }
    let store = store_of(source, clock)?;
    let Some(text) = store.read()? else { return Err(missing_store_fault(&known_keys, &*store)) };
    let keys = Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))?;
    check_keys(&keys, &known_keys, &*store)?;
    Ok(known_keys.iter().filter(|key| key.retired_at.is_none()).count())
}

/// Opens the deployment's ring. On the first start of a database a key file is created; later, missing or wrong keys end the start.
pub async fn open(db: &Database, source: &KeySource, clock: &Clock) -> Result<KeyRing, Fault> {
    let store = store_of(source, clock)?;
    let known_keys = rows::recorded_keys(&db.global()).await?;
    let text = match store.read()? {
        Some(text) => text,
        None if known_keys.is_empty() => {
            let text = store.begin(Keys::text(&Keys::of(new_key(clock))))?;
            tracing::info!("created {}; keep a copy of it apart from the database's backups", store.name());
            text
        }
        None => return Err(missing_store_fault(&known_keys, &*store)),
    };
    let keys = Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))?;
    record_and_check_keys(db, &keys, &known_keys, clock, &*store).await?;
    let ring = KeyRing::new(keys, clock.clone(), store);
    db.extensions().insert(ring.clone());
    Ok(ring)
}

const NO_KEY_MESSAGE: &str = "no key to seal secrets with: make one with `entrepot keys new > FILE` and give it with --keys-file FILE \
    (ENTREPOT_KEYS_FILE), or as ENTREPOT_KEYS; every node and every command of this database needs the same";

fn ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    ids.collect::<Vec<_>>().join(", ")
}

fn missing_store_fault(known_keys: &[secret_key::Model], store: &dyn SecretStore) -> Fault {
    let (ids, name) = (ids(known_keys.iter().filter(|key| key.retired_at.is_none()).map(|key| key.id.as_str())), store.name());
    Fault::Broken(format!(
        "this database is sealed under the key {ids}, and {name} was not found: restore it from your copy; without it the sealed values are lost"
    ))
}

/// Opens the value that each key of the database sealed first, as a test of the keys.
fn check_keys(keys: &Keys, known_keys: &[secret_key::Model], store: &dyn SecretStore) -> Result<(), Fault> {
    for recorded in known_keys.iter().filter(|key| key.retired_at.is_none() || keys.get(&key.id).is_some()) {
        let context = format!("secret_key/{}", recorded.id);
        keys.open(&context, &recorded.check_sealed).map_err(|reason| {
            let id = &recorded.id;
            let reason = match reason {
                OpenError::UnknownKey(_) => {
                    format!("it is sealed under the key {id}, which is not among those given ({})", ids(keys.ids()))
                }
                // The first sealed value of each key is never changed.
                OpenError::Broken(_) => {
                    format!("it is sealed under a key {id}, and the one given as {id} is another, which only has its name")
                }
                OpenError::NotSealed => format!("the check value of its key {id} is not sealed"),
            };
            Fault::Broken(format!("{} does not fit this database: {reason}; give the key that was used before", store.name()))
        })?;
    }
    Ok(())
}

/// Compares the keys with those recorded in the database, and records a new one that seals.
async fn record_and_check_keys(
    db: &Database,
    keys: &Keys,
    known_keys: &[secret_key::Model],
    clock: &Clock,
    store: &dyn SecretStore,
) -> Result<(), Fault> {
    check_keys(keys, known_keys, store)?;
    record_sealing_key(db, keys, known_keys, clock).await
}

/// Writes down the key that seals, if the database has not met it.
async fn record_sealing_key(db: &Database, keys: &Keys, known_keys: &[secret_key::Model], clock: &Clock) -> Result<(), Fault> {
    let id = &keys.first().id;
    match known_keys.iter().find(|recorded| recorded.id == *id) {
        Some(recorded) if recorded.retired_at.is_some() => {
            return Err(Fault::Broken(format!(
                "the key {id} was retired and must not seal again: make a new one with `entrepot keys rotate`"
            )));
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let row = sealing_key_row(keys, known_keys, clock)?;
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    match work.insert_global::<secret_key::Entity>(row).await {
        Ok(()) => work.commit().await,
        Err(fault) if fault.unique_violation().is_some() => {
            work.rollback().await?;
            let recorded = rows::recorded_keys(&db.global()).await?;
            if recorded.iter().any(|key| key.id == *id && keys.open(&format!("secret_key/{id}"), &key.check_sealed).is_ok()) {
                return Ok(());
            }
            Err(Fault::Broken(
                "another node has just initialized this database with a key of its own: give both the same keys".to_owned(),
            ))
        }
        Err(fault) => Err(fault),
    }
}

/// Returns the row of a sealing key that the database does not have yet.
fn sealing_key_row(keys: &Keys, known_keys: &[secret_key::Model], clock: &Clock) -> Result<secret_key::Model, Fault> {
    let id = &keys.first().id;
    let mut nonce = [0; 12];
    clock.fill(&mut nonce);
    let sealed = keys.seal(&format!("secret_key/{id}"), CHECK.as_bytes(), nonce);
    let check_sealed = sealed.ok_or_else(|| Fault::Broken("a value could not be sealed".to_owned()))?;
    // Numbers are without gaps: if two nodes start with different keys, the unique number admits only one.
    let serial = known_keys.last().map_or(1, |last| last.serial + 1);
    Ok(secret_key::Model { id: id.clone(), serial, check_sealed, created_at: clock.now(), retired_at: None })
}

/// Checks, without writing, that a key is the only one missing, so that the database can continue without it.
///
/// # Errors
/// There is no such key, it is given, or others are missing.
pub async fn verify_without(db: &Database, source: &KeySource, id: &str, clock: &Clock) -> Result<(), Fault> {
    without(db, source, id, clock).await.map(drop)
}

/// Opens the deployment's ring without a lost key, which is the only one that may be missing.
pub async fn open_without(db: &Database, source: &KeySource, id: &str, clock: &Clock) -> Result<KeyRing, Fault> {
    let (keys, store) = without(db, source, id, clock).await?;
    record_sealing_key(db, &keys, &rows::recorded_keys(&db.global()).await?, clock).await?;
    let ring = KeyRing::new(keys, clock.clone(), store);
    db.extensions().insert(ring.clone());
    Ok(ring)
}

async fn without(db: &Database, source: &KeySource, id: &str, clock: &Clock) -> Result<(Keys, Arc<dyn SecretStore>), Fault> {
    let store = store_of(source, clock)?;
    let (lost_keys, other_keys): (Vec<_>, Vec<_>) =
        rows::recorded_keys(&db.global()).await?.into_iter().partition(|key| key.id == id);
    if lost_keys.is_empty() {
        let known_ids = ids(other_keys.iter().map(|key| key.id.as_str()));
        return Err(Fault::Broken(format!("there is no key {id}; there are {known_ids}")));
    }
    let text = store.read()?.ok_or_else(|| {
        let name = store.name();
        Fault::Broken(format!("{name} is not there: make a key that seals from now on with `entrepot keys new --file FILE`"))
    })?;
    let keys = Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))?;
    if keys.get(id).is_some() {
        return Err(Fault::Broken(format!(
            "a key {id} is given: `entrepot keys rotate` and `retire` take it out of use and lose nothing; if it is another of that name, take its line away"
        )));
    }
    check_keys(&keys, &other_keys, &*store)?;
    let first = &keys.first().id;
    if other_keys.iter().any(|key| key.id == *first && key.retired_at.is_some()) {
        return Err(Fault::Broken(format!("the key {first} was retired and must not seal again: put a new one first")));
    }
    Ok((keys, store))
}

/// Retires a lost key, once all values that it sealed are given up: the database opens without it from now on.
pub async fn retire_lost_key(db: &Database, id: &str, clock: &Clock) -> Result<(), Fault> {
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    rows::retire(&work, id, clock.now()).await?;
    work.commit().await
}

/// Result of a walk over the sealed columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WalkResult {
    /// Number of values that each key seals; the empty name counts values that are not sealed.
    pub by_key: BTreeMap<String, u64>,
    pub resealed: u64,
}

/// Counts the values of each key.
pub async fn count(db: &Database, columns: &[SealedColumn]) -> Result<WalkResult, Fault> {
    walk(db, None, columns).await
}

/// Reseals under the first key all values sealed by other keys. If interrupted, a further call continues; when all is done,
/// a call finds nothing.
pub async fn reseal(db: &Database, ring: &KeyRing, columns: &[SealedColumn]) -> Result<WalkResult, Fault> {
    walk(db, Some(ring), columns).await
}

async fn walk(db: &Database, ring: Option<&KeyRing>, columns: &[SealedColumn]) -> Result<WalkResult, Fault> {
    let mut result = WalkResult::default();
    let global = db.global();
    for column in columns {
        let mut after: Option<Vec<uuid::Uuid>> = None;
        loop {
            let page = rows::values_after(&global, column, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.ids.clone());
            if let Some(ring) = ring {
                result.resealed += reseal_page(db, ring, column, &page).await?;
            }
            for stored in &page {
                *result.by_key.entry(key_of(&stored.value).unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
    Ok(result)
}

async fn reseal_page(db: &Database, ring: &KeyRing, column: &SealedColumn, page: &[rows::StoredValue]) -> Result<u64, Fault> {
    let first = ring.keys().first().id.clone();
    let outdated = page.iter().filter(|stored| key_of(&stored.value) != Some(first.as_str())).collect();
    let (mut resealed, mut locked_rows) = (0, Vec::new());
    for (tenant, outdated) in rows::by_tenant(column, outdated) {
        let work = db.global().maintenance_for(tenant).await?;
        for stored in outdated {
            let sealed = resealed_value(ring, column, stored)?;
            if rows::replace(&work, column, stored, &sealed, LockedRows::PassedOver).await? {
                resealed += 1;
            } else {
                locked_rows.push((tenant, stored, sealed));
            }
        }
        work.commit().await?;
    }
    // A transaction that holds a row of the page may wait for another row of it: these rows are waited for one at a time.
    for (tenant, stored, sealed) in locked_rows {
        let work = db.global().maintenance_for(tenant).await?;
        resealed += u64::from(rows::replace(&work, column, stored, &sealed, LockedRows::Awaited).await?);
        work.commit().await?;
    }
    Ok(resealed)
}

fn resealed_value(ring: &KeyRing, column: &SealedColumn, stored: &rows::StoredValue) -> Result<Resealed, Fault> {
    let context = column.context(&stored.ids);
    // A value from before there were keys is plain text: it is sealed as stored.
    let plaintext = if key_of(&stored.value).is_some() { ring.open(&context, &stored.value)? } else { stored.value.clone() };
    let blind = match (column.blind, std::str::from_utf8(&plaintext)) {
        (Some(_), Ok(text)) => {
            let tenant = stored.ids.first().copied().unwrap_or_default();
            ring.blind(&column.blind_context(tenant), text).first().map(|index| index.to_vec())
        }
        _ => None,
    };
    Ok(Resealed { value: ring.seal(&context, &plaintext)?, blind })
}

/// Adds a new key in front of those in the source, if the source is writable, and makes this ring seal with it.
pub async fn add_key(db: &Database, ring: &KeyRing, clock: &Clock) -> Result<String, Fault> {
    let work = lock_keys(db, ring).await?;
    let keys = ring.keys().with_sealing_key(new_key(clock));
    let known_keys = rows::recorded_keys(&db.global()).await?;
    check_keys(&keys, &known_keys, ring.store())?;
    work.insert_global::<secret_key::Entity>(sealing_key_row(&keys, &known_keys, clock)?).await?;
    // If this process is killed after the write, the next start inserts the row: a key that is in
    // the source alone seals nothing yet.
    ring.store().write(&keys.text())?;
    work.commit().await?;
    let id = keys.first().id.clone();
    ring.replace(keys);
    Ok(id)
}

/// Locks the keys against other commands until the transaction ends, and reads them again: a change is based on the source's
/// current keys.
async fn lock_keys(db: &Database, ring: &KeyRing) -> Result<Work, Fault> {
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    rows::lock(&work).await?;
    ring.reload()?;
    Ok(work)
}

/// Whether every node that follows its source has read the key that seals.
pub async fn is_key_propagated(db: &Database, ring: &KeyRing, clock: &Clock) -> Result<bool, Fault> {
    let first = ring.keys().first().id.clone();
    let sealing_key = rows::recorded_keys(&db.global()).await?.into_iter().find(|key| key.id == first);
    Ok(sealing_key.is_some_and(|key| key.created_at.plus_seconds(KEY_PROPAGATION_SECONDS) <= clock.now()))
}

/// Retires a key under which no value is sealed any more.
pub async fn retire(db: &Database, ring: &KeyRing, id: &str, clock: &Clock, columns: &[SealedColumn]) -> Result<(), Fault> {
    if ring.keys().first().id == id {
        return Err(Fault::Broken(format!("the key {id} is the one that seals: `entrepot keys rotate` first")));
    }
    let known_keys = rows::recorded_keys(&db.global()).await?;
    let loaded = ring.keys();
    if loaded.get(id).is_none() && !known_keys.iter().any(|key| key.id == id) {
        // One that was just added may be in the source only.
        let unrecorded = loaded.ids().filter(|loaded| !known_keys.iter().any(|key| key.id == *loaded));
        let known_ids = ids(known_keys.iter().map(|key| key.id.as_str()).chain(unrecorded));
        return Err(Fault::Broken(format!("there is no key {id}; there are {known_ids}")));
    }
    if !is_key_propagated(db, ring, clock).await? {
        return Err(Fault::Broken(format!(
            "the new key is younger than {KEY_PROPAGATION_SECONDS} s: a node that has not read it yet may still seal under {id}"
        )));
    }
    if let Some(remaining) = count(db, columns).await?.by_key.get(id) {
        let remaining = pluralize(remaining, "value is", "values are");
        return Err(Fault::Broken(format!("{remaining} sealed under the key {id}: `entrepot keys rotate` first")));
    }
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    rows::retire(&work, id, clock.now()).await?;
    work.commit().await?;
    if let Err(fault) = remove_retired_key(db, ring, id).await {
        tracing::info!("{fault}; the key {id} may be taken away there now");
    }
    Ok(())
}

/// Removes a retired key from the ring, and from the source if that is writable. Keys that were added meanwhile stay.
async fn remove_retired_key(db: &Database, ring: &KeyRing, id: &str) -> Result<(), Fault> {
    let work = lock_keys(db, ring).await?;
    if ring.keys().first().id == id {
        return Err(Fault::Broken(format!("{} has the key {id} first again", ring.store().name())));
    }
    let keys = ring.keys().without(id);
    let text = keys.text();
    ring.replace(keys);
    ring.store().write(&text)?;
    work.rollback().await
}

/// Returns the keys recorded in the database: ID, time, and time of retirement.
pub async fn recorded_keys(db: &Database) -> Result<Vec<secret_key::Model>, Fault> {
    rows::recorded_keys(&db.global()).await
}

/// Reads the keys' source now and then, so that a node seals with a key soon after it was added.
pub async fn follow(ring: KeyRing) {
    loop {
        tokio::time::sleep(ring.store().check_interval()).await;
        let ring_clone = ring.clone();
        // Reading a store may involve the network or a child process.
        match tokio::task::spawn_blocking(move || ring_clone.reload()).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => {
                tracing::warn!(%fault, "the keys could not be read again; the ones that were read before stay in use");
            }
            Err(error) => tracing::error!(%error, "reading the keys again failed"),
        }
    }
}
