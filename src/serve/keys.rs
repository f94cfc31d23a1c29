//! `entrepot keys`: the master keys, from the command line.

mod abandon;
mod columns;

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use iam::identity::{OldKeyPolicy, rotate_signing_key};
use platform::{
    audit::{self, AuditWriter},
    clock::Clock,
    secrets::{self, KeyRing},
    storage::{Database, Fault},
};

use super::{StartError, backup::load_keys, open_migrated, print_stdout};
use crate::config::{KeysAction, KeysOf, RotateSigningKey};

pub use abandon::{LostFactors, abandon};
pub use columns::sealed_columns;

pub async fn run(action: KeysAction) -> Result<(), StartError> {
    let clock = Clock::system();
    match action {
        KeysAction::New(args) => match &args.file {
            None => print_stdout(&secrets::new_key(&clock).line())?,
            Some(file) => make_file(file, &clock)?,
        },
        KeysAction::List(keys_args) => {
            let (db, ring) = open(&keys_args, &clock).await?;
            list(&db, &ring).await?;
            db.close().await?;
        }
        KeysAction::Lost(keys_args) => print_lost_values(&keys_args, &clock).await?,
        KeysAction::Abandon(args) => Box::pin(abandon::run(&args, &clock)).await?,
        KeysAction::Rotate { of: keys_args, new_key } => {
            let (db, ring) = open(&keys_args, &clock).await?;
            if new_key {
                print_stdout(&format!("{} seals from now on", secrets::add_key(&db, &ring, &clock).await?))?;
            }
            let reseal_counts = secrets::reseal(&db, &ring, &sealed_columns()).await?;
            print_stdout(&format!(
                "{} of {} values sealed again",
                reseal_counts.resealed,
                reseal_counts.by_key.values().sum::<u64>()
            ))?;
            db.close().await?;
        }
        KeysAction::Retire { of: keys_args, id } => {
            let (db, ring) = open(&keys_args, &clock).await?;
            retire(&db, &ring, &id, &clock).await?;
            print_stdout(&format!("{id} is retired"))?;
            db.close().await?;
        }
    }
    Ok(())
}

/// Retires a key under which nothing is sealed any more, and that has signed no audit entry which
/// is not chained yet: without the key such an entry looks as if it had been changed.
///
/// # Errors
/// The key is still needed, or the database fails.
pub async fn retire(db: &Database, ring: &KeyRing, id: &str, clock: &Clock) -> Result<(), Fault> {
    if ring.keys().first().id != id && secrets::is_key_propagated(db, ring, clock).await? {
        let unchained_count = audit::count_unchained_by_key(db, &AuditWriter::new(ring.clone(), clock.clone()), id).await?;
        if unchained_count > 0 {
            return Err(Fault::Broken(format!(
                "{unchained_count} entries of audit logs wait to be chained with the key {id}: let a node or worker run for a minute, and repeat the command"
            )));
        }
    }
    secrets::retire(db, ring, id, clock, &sealed_columns()).await
}

/// Writes a new key to a file that does not exist, whole or not at all. A file with keys is not
/// changed: values sealed with them would be lost.
fn make_file(file: &Path, clock: &Clock) -> io::Result<()> {
    let report_existing = || print_stdout(&format!("{} already has keys and is not changed", file.display()));
    if has_keys(file)? {
        return report_existing();
    }
    let new_file = file.with_added_extension(format!("{}.new", clock.uuid().simple()));
    // A hard link never replaces an existing file.
    let linked = write_key(&new_file, clock).and_then(|()| fs::hard_link(&new_file, file));
    let removal = fs::remove_file(&new_file);
    match linked {
        // Another process was quicker.
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists && has_keys(file)? => return report_existing(),
        linked => linked.map_err(|err| with_file_name(file, &err))?,
    }
    removal?;
    if cfg!(unix)
        && let Some(folder) = file.parent()
    {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    print_stdout(&format!("a new key is in {}: keep a copy of it", file.display()))
}

fn write_key(file: &Path, clock: &Clock) -> io::Result<()> {
    let mut output = fs::File::create_new(file)?;
    output.write_all(format!("{}\n", secrets::new_key(clock).line()).as_bytes())?;
    output.sync_all()
}

/// Whether a file exists and has keys. Anything but a missing path or a file that is not empty is
/// refused.
fn has_keys(file: &Path) -> io::Result<bool> {
    match fs::metadata(file) {
        Ok(attributes) if attributes.is_file() && attributes.len() > 0 => Ok(true),
        Ok(_) => {
            Err(io::Error::other(format!("{} already exists and is not a file with keys: name another file", file.display())))
        }
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(err) => Err(with_file_name(file, &err)),
    }
}

fn with_file_name(file: &Path, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{}: {err}", file.display()))
}

/// `entrepot signing-key rotate`.
pub async fn rotate_signing(args: &RotateSigningKey) -> Result<(), StartError> {
    let clock = Clock::system();
    let (db, ring) = open(&args.of, &clock).await?;
    let (minutes, old) = if args.remove_old { (0, OldKeyPolicy::Remove) } else { (args.lead_minutes, OldKeyPolicy::Retire) };
    let key = rotate_signing_key(&db, &ring, &clock, minutes * 60, old).await?;
    print_stdout(&format!("{key} is published and signs in {minutes} min; every node has it within ten seconds"))?;
    db.close().await?;
    Ok(())
}

async fn open(args: &KeysOf, clock: &Clock) -> Result<(Database, KeyRing), StartError> {
    let url = &args.database.database_url;
    let db = open_migrated(url, args.database.options()).await?;
    let ring = secrets::open(&db, &args.keys.source(url), clock).await?;
    Ok((db, ring))
}

/// Prints the values that no given key opens: key, table and column, and number of values, between
/// tabs.
async fn print_lost_values(args: &KeysOf, clock: &Clock) -> Result<(), StartError> {
    let url = &args.database.database_url;
    let db = open_migrated(url, args.database.options()).await?;
    // Without any key, all sealed values are lost.
    let keys = match load_keys(&args.keys.source(url), clock) {
        Ok(keys) => Some(keys),
        Err(fault) => {
            print_stdout(&format!("{fault}. If that file is lost, restore its copy: without it all values below are lost"))?;
            None
        }
    };
    let mut sum = 0;
    for column in sealed_columns() {
        for (id, values) in secrets::count(&db, std::slice::from_ref(&column)).await?.by_key {
            let is_open = id.is_empty() || keys.as_ref().is_some_and(|keys| keys.get(&id).is_some());
            if !is_open {
                sum += values;
                print_stdout(&format!("{id}\t{}.{}\t{values} values", column.table, column.column))?;
            }
        }
    }
    print_stdout(&format!(
        "{sum} value(s) are lost unless their keys are restored; nothing is changed. `entrepot keys abandon` continues without a key"
    ))?;
    db.close().await?;
    Ok(())
}

async fn list(db: &Database, ring: &KeyRing) -> Result<(), StartError> {
    let sealed_counts = secrets::count(db, &sealed_columns()).await?;
    let keys = ring.keys();
    for key in secrets::recorded_keys(db).await? {
        let state = match (key.retired_at, keys.first().id == key.id) {
            (Some(at), _) => format!("retired {}", platform::clock::rfc3339(at)),
            (None, true) => "seals".to_owned(),
            (None, false) => "opens".to_owned(),
        };
        let values = sealed_counts.by_key.get(&key.id).copied().unwrap_or_default();
        print_stdout(&format!("{}\tsince {}\t{state}\t{values} values", key.id, platform::clock::rfc3339(key.created_at)))?;
    }
    if let Some(unsealed_count) = sealed_counts.by_key.get("") {
        print_stdout(&format!("not sealed\t{unsealed_count} values: `entrepot keys rotate`"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_keys_is_made_once() {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system());
        let file = folder.path().join("entrepot.keys");
        make_file(&file, &clock).unwrap();
        let made = fs::read_to_string(&file).unwrap();
        assert!(made.contains(':') && made.ends_with('\n'), "a key is in it");
        make_file(&file, &clock).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), made);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|found| found.unwrap().file_name()).collect();
        assert_eq!(names, ["entrepot.keys"], "nothing else is left");
    }

    #[test]
    fn a_place_that_is_taken_by_something_else_is_refused() {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system());
        assert!(make_file(folder.path(), &clock).is_err());
        let empty = folder.path().join("empty");
        fs::write(&empty, "").unwrap();
        assert!(make_file(&empty, &clock).is_err() && fs::read(&empty).unwrap().is_empty());
        let below = empty.join("entrepot.keys");
        assert!(make_file(&below, &clock).is_err(), "a folder that is a file is not an absent file");
        assert!(make_file(&folder.path().join("absent/entrepot.keys"), &clock).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
