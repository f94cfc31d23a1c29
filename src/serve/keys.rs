//! `entrepot keys`: the master keys, from the command line.

use std::{fs, io, path::Path};

use iam::identity::{self, OldKeys, rotate_signing_key};
use inventory::catalog;
use platform::{
    clock::Clock,
    secrets::{self, KeyRing, SealedColumn},
    storage::Database,
};
use services::{export_schedules, suggestions, webhooks};

use super::{StartError, backup::given, migrated, say};
use crate::config::{KeysAction, KeysOf, RotateSigningKey};

/// Every sealed column of every room.
pub fn sealed_columns() -> Vec<SealedColumn> {
    [identity::SEALED, catalog::SEALED, webhooks::SEALED, export_schedules::SEALED, suggestions::SEALED].concat()
}

pub async fn run(action: KeysAction) -> Result<(), StartError> {
    let clock = Clock::system();
    match action {
        KeysAction::New(args) => match &args.file {
            None => say(&secrets::new_key(&clock).line())?,
            Some(file) => make_file(file, &clock)?,
        },
        KeysAction::List(of) => {
            let (db, ring) = open(&of, &clock).await?;
            list(&db, &ring).await?;
            db.close().await?;
        }
        KeysAction::Lost(of) => lost(&of, &clock).await?,
        KeysAction::Rotate { of, new_key } => {
            let (db, ring) = open(&of, &clock).await?;
            if new_key {
                say(&format!("{} seals from now on", secrets::add_key(&db, &ring, &clock).await?))?;
            }
            let walked = secrets::reseal(&db, &ring, &sealed_columns()).await?;
            say(&format!("{} of {} values sealed anew", walked.resealed, walked.by_key.values().sum::<u64>()))?;
            db.close().await?;
        }
        KeysAction::Retire { of, id } => {
            let (db, ring) = open(&of, &clock).await?;
            secrets::retire(&db, &ring, &id, &clock, &sealed_columns()).await?;
            say(&format!("{id} is retired"))?;
            db.close().await?;
        }
    }
    Ok(())
}

/// Writes a new key to a file, whole or not at all. One that has keys stays as it is: what they seal would be lost.
fn make_file(file: &Path, clock: &Clock) -> io::Result<()> {
    if fs::metadata(file).is_ok_and(|found| found.len() > 0) {
        return say(&format!("{} has keys already and stays as it is", file.display()));
    }
    let made = file.with_added_extension("new");
    fs::write(&made, format!("{}\n", secrets::new_key(clock).line()))?;
    fs::File::open(&made)?.sync_all()?;
    fs::rename(&made, file)?;
    say(&format!("a new key is in {}: keep a copy of it", file.display()))
}

/// `entrepot signing-key rotate`.
pub async fn rotate_signing(args: &RotateSigningKey) -> Result<(), StartError> {
    let clock = Clock::system();
    let (db, ring) = open(&args.of, &clock).await?;
    let (minutes, old) = if args.remove_old { (0, OldKeys::Remove) } else { (args.lead_minutes, OldKeys::Retire) };
    let key = rotate_signing_key(&db, &ring, &clock, minutes * 60, old).await?;
    say(&format!("{key} is published and signs in {minutes} min; every node has it within ten seconds"))?;
    db.close().await?;
    Ok(())
}

async fn open(of: &KeysOf, clock: &Clock) -> Result<(Database, KeyRing), StartError> {
    let url = &of.database.database_url;
    let db = migrated(url, of.database.options()).await?;
    let ring = secrets::open(&db, &of.keys.source(url), clock).await?;
    Ok((db, ring))
}

/// Says what no key opens that is given: key, table and column, and values, between tabs.
async fn lost(of: &KeysOf, clock: &Clock) -> Result<(), StartError> {
    let url = &of.database.database_url;
    let db = migrated(url, of.database.options()).await?;
    // Where no key is given at all, all that is sealed is lost.
    let keys = match given(&of.keys.source(url), clock) {
        Ok(keys) => Some(keys),
        Err(fault) => {
            say(&format!("no key is given: {fault}"))?;
            None
        }
    };
    let mut sum = 0;
    for column in sealed_columns() {
        for (id, values) in secrets::count(&db, std::slice::from_ref(&column)).await?.by_key {
            let is_open = id.is_empty() || keys.as_ref().is_some_and(|keys| keys.get(&id).is_some());
            if !is_open {
                sum += values;
                say(&format!("{id}\t{}.{}\t{values} values", column.table, column.column))?;
            }
        }
    }
    say(&format!("{sum} value(s) are lost unless their keys are brought back; nothing is changed"))?;
    db.close().await?;
    Ok(())
}

async fn list(db: &Database, ring: &KeyRing) -> Result<(), StartError> {
    let counted = secrets::count(db, &sealed_columns()).await?;
    let keys = ring.keys();
    for known in secrets::known(db).await? {
        let state = match (known.retired_at, keys.first().id == known.id) {
            (Some(at), _) => format!("retired {}", platform::clock::rfc3339(at)),
            (None, true) => "seals".to_owned(),
            (None, false) => "opens".to_owned(),
        };
        let values = counted.by_key.get(&known.id).copied().unwrap_or_default();
        say(&format!("{}\tsince {}\t{state}\t{values} values", known.id, platform::clock::rfc3339(known.created_at)))?;
    }
    if let Some(plain) = counted.by_key.get("") {
        say(&format!("not sealed\t{plain} values: `entrepot keys rotate`"))?;
    }
    Ok(())
}
