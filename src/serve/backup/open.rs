//! The place of backups, opened with the keys of its database.

use std::path::PathBuf;

use entity::prelude::Timestamp;
use platform::{
    clock::Clock,
    secrets::{self, KeySource, SecretStore},
    storage::Fault,
};
use services::{
    backups::{BackupError, BackupId, Backups, Keys},
    files::FileLocation,
};

use crate::config::{BackupsOf, DatabaseArgs};

/// The file of an embedded database.
pub(super) fn database_file(args: &BackupsOf) -> Result<PathBuf, Fault> {
    embedded(&args.of.database).ok_or_else(|| {
        Fault::Broken(
            "--database-url names no database that can be backed up: give the file of an embedded one as sqlite://FILE, without parameters, or a Postgres as postgres://…"
                .to_owned(),
        )
    })
}

pub(super) fn embedded(database: &DatabaseArgs) -> Option<PathBuf> {
    let path = database.database_url.strip_prefix("sqlite:")?.trim_start_matches("//");
    (!path.is_empty() && !path.contains('?') && !path.contains(":memory:")).then(|| PathBuf::from(path))
}

/// Opens existing backups: a missing folder is a wrong name, or a disk that is not mounted.
pub(super) fn open_existing(args: &BackupsOf) -> Result<Backups, BackupError> {
    refuse_missing(&args.backups)?;
    open_or_create(args)
}

pub(in crate::serve) fn refuse_missing(location: &FileLocation) -> Result<(), Fault> {
    match location {
        FileLocation::Folder(folder) if !folder.is_dir() => Err(Fault::Broken(format!(
            "there is no folder {}: give --backups as it was given to `entrepot backup run`",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn open_or_create(args: &BackupsOf) -> Result<Backups, BackupError> {
    let (clock, source) = (Clock::system(), args.of.keys.source(&args.of.database.database_url));
    Backups::open(&args.backups, load_keys(&source, &clock)?, clock)
}

const HOW_TO_GIVE: &str = "name the file of the keys with --keys-file, or give them with --keys-command or ENTREPOT_KEYS";

/// The given keys, without a database to compare them with.
pub(in crate::serve) fn load_keys(source: &KeySource, clock: &Clock) -> Result<Keys, Fault> {
    #[cfg(not(feature = "aws-secrets"))]
    let _ = clock;
    let store: Box<dyn SecretStore> = match source {
        KeySource::Given(text) => Box::new(secrets::EnvironmentKeys(text.clone())),
        KeySource::File(path) => Box::new(secrets::KeyFile::at(path.clone())),
        KeySource::Command(words) => Box::new(secrets::Command(words.clone())),
        #[cfg(feature = "aws-secrets")]
        KeySource::Aws(secret) => Box::new(secrets::SecretsManager::new(secret.clone(), clock.clone())),
        KeySource::Nowhere => return Err(Fault::Broken(format!("no keys are given: {HOW_TO_GIVE}"))),
    };
    let text = store.read()?;
    let text = text.ok_or_else(|| Fault::Broken(format!("{} is not there: {HOW_TO_GIVE}", store.name())))?;
    Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))
}

/// The backup of this name; the one before the moment, where no other is named.
pub(super) async fn find_backup(backups: &Backups, name: &str, point: Option<Timestamp>) -> Result<BackupId, BackupError> {
    match point {
        Some(point) if name == "newest" => backups.find_at(point).await,
        _ => backups.find(name).await,
    }
}
