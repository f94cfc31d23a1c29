//! `entrepot backup`: backups of an embedded database, and their restore.

use std::path::{Path, PathBuf};

use entity::prelude::Timestamp;
use platform::{
    clock::{self, Clock},
    secrets::{self, KeySource, SecretStore},
    storage::{Database, Fault},
};
use services::{
    backups::{self, BackupError, BackupId, Backups, Content, Keys, Listed, Manifest, Source, examine_file},
    files::FileLocation,
    insight::verify,
};

use super::{StartError, epoch, say};
use crate::config::{BackupAction, BackupsOf, Epoch, KeysOf};

/// IDs of keys that a line of the list has.
const KEYS_LISTED: usize = 8;

pub async fn run(action: BackupAction) -> Result<(), StartError> {
    match action {
        BackupAction::Run(of) => make(&of).await,
        BackupAction::List(of) => list(&of).await,
        BackupAction::Verify { of, id } => {
            let backups = opened(&of)?;
            let id = backups.find(&id).await?;
            let bytes = backups.verify(&id).await?;
            say(&format!("{id} can be restored: {bytes} bytes are as they were"))?;
            Ok(())
        }
        BackupAction::Restore { of, id, revoke_keys, reset_passwords } => {
            let target = file(&of)?;
            let backups = opened(&of)?;
            let id = backups.find(&id).await?;
            let ends = Epoch { of: of.of.clone(), revoke_keys, reset_passwords };
            restore(&backups, &id, &target, ends).await
        }
        BackupAction::Drill { of, id } => Box::pin(drill(&of, &id)).await,
        BackupAction::Prune(of) => prune(&of).await,
    }
}

impl From<BackupError> for StartError {
    fn from(error: BackupError) -> Self {
        Self::Fault(match error {
            BackupError::Fault(fault) => fault,
            other => Fault::Broken(other.to_string()),
        })
    }
}

/// The file of an embedded database.
fn file(of: &BackupsOf) -> Result<PathBuf, Fault> {
    let url = &of.of.database.database_url;
    let path = url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    match path.filter(|path| !path.is_empty() && !path.contains('?') && !path.contains(":memory:")) {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(Fault::Broken(
            "only an embedded database is backed up here: give it as --database-url sqlite://FILE. Back up Postgres with pgBackRest or pg_dump"
                .to_owned(),
        )),
    }
}

/// The backups that are there already: a folder that is missing is a wrong name, or a disk that is not mounted.
fn opened(of: &BackupsOf) -> Result<Backups, StartError> {
    match &of.backups {
        FileLocation::Folder(folder) if !folder.is_dir() => Err(Fault::Broken(format!(
            "there is no folder {}: give --backups as it was given to `entrepot backup run`",
            folder.display()
        ))
        .into()),
        _ => opened_or_made(of),
    }
}

fn opened_or_made(of: &BackupsOf) -> Result<Backups, StartError> {
    let (clock, source) = (Clock::system(), of.of.keys.source(&of.of.database.database_url));
    Ok(Backups::open(&of.backups, given(&source, &clock)?, clock)?)
}

/// The keys as they are given, without a database that they could be compared with.
fn given(source: &KeySource, clock: &Clock) -> Result<Keys, Fault> {
    #[cfg(not(feature = "aws-secrets"))]
    let _ = clock;
    let store: Box<dyn SecretStore> = match source {
        KeySource::Given(text) => Box::new(secrets::Given(text.clone())),
        KeySource::File(path) => Box::new(secrets::KeyFile::at(path.clone())),
        KeySource::Command(words) => Box::new(secrets::Command(words.clone())),
        #[cfg(feature = "aws-secrets")]
        KeySource::Aws(secret) => Box::new(secrets::SecretsManager::new(secret.clone(), clock.clone())),
        KeySource::Nowhere => return Err(Fault::Broken("no keys are given: name their file with --keys-file".to_owned())),
    };
    let text = store.read()?;
    let text = text.ok_or_else(|| {
        Fault::Broken(format!("{} is not there: backups do not open without their keys (--keys-file)", store.name()))
    })?;
    Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))
}

async fn make(of: &BackupsOf) -> Result<(), StartError> {
    let (file, url, options) = (file(of)?, &of.of.database.database_url, of.of.database.options());
    // One of another version is backed up too: best before it is migrated.
    let db = Database::open(url, options).await?;
    secrets::prove(&db, &of.of.keys.source(url), &Clock::system()).await?;
    db.close().await?;
    let source = Source { file, options, version: env!("CARGO_PKG_VERSION") };
    let made = backups::run(&opened_or_made(of)?, &source).await?;
    say(&format!("{}: {} tenant(s), {} bytes, {} as stored", made.id, made.tenants, made.bytes, made.stored))?;
    say(&format!(
        "not inside: the keys, without which it does not open, and {} stored file(s): keep copies of both",
        made.files
    ))?;
    Ok(())
}

async fn list(of: &BackupsOf) -> Result<(), StartError> {
    for backup in opened(of)?.list().await? {
        say(&line(&backup))?;
    }
    Ok(())
}

/// ID, when it began, sizes, keys, and what else there is to say, between tabs.
fn line(backup: &Listed) -> String {
    let mut line = format!("{}\t{}\t{} stored", backup.id, clock::rfc3339(backup.id.at()), backup.stored);
    let problem = match &backup.content {
        Content::Unfinished => Some("it was never finished"),
        Content::Unreadable(why) => Some(why.as_str()),
        Content::Finished(summary) => {
            line.push_str(&format!("\t{} bytes", summary.bytes));
            line.push_str(&match summary.missing.len() {
                0 => "\tkeys: present".to_owned(),
                missing => {
                    let ids = &summary.missing[..missing.min(KEYS_LISTED)];
                    format!("\tkeys: missing {missing} of {} ({})", summary.keys, ids.join(", "))
                }
            });
            summary.problem.as_ref().map(backups::Problem::why)
        }
    };
    if backup.is_verified {
        line.push_str("\tverified");
    }
    if let Some(at) = backup.marked_at {
        line.push_str(&format!("\tmarked {}", clock::rfc3339(Timestamp(at))));
    }
    if let Some(problem) = problem {
        line.push_str(&format!("\tBROKEN: {problem}"));
    }
    line
}

async fn prune(of: &BackupsOf) -> Result<(), StartError> {
    let pruned = opened(of)?.prune().await?;
    for id in &pruned.marked {
        say(&format!("marked {id}: it is removed by a prune in a day or later"))?;
    }
    for id in &pruned.removed {
        say(&format!("removed {id}"))?;
    }
    for id in &pruned.unreadable {
        say(&format!("kept {id}, whose manifest cannot be read here: a newer version may read it, else remove it yourself"))?;
    }
    say(&format!("{} marked, {} removed", pruned.marked.len(), pruned.removed.len()))?;
    Ok(())
}

async fn restore(backups: &Backups, id: &BackupId, target: &Path, mut ends: Epoch) -> Result<(), StartError> {
    // Keys that nothing names are beside the file where it will be.
    ends.of.keys.keys_file.get_or_insert_with(|| PathBuf::from(format!("{}.keys", target.display())));
    let restored = backups::restore(backups, id, target).await?;
    ends.of.database.database_url = format!("sqlite://{}", restored.file.display());
    settle(&restored.file, &ends).await?;
    let manifest = restored.manifest.clone();
    restored.put_in_place()?;
    let at = clock::rfc3339(Timestamp(manifest.taken_at));
    say(&format!("{} holds {id}, as it was at {at}: {} tenant(s)", target.display(), manifest.tenants.len()))?;
    for tenant in &manifest.tenants {
        say(&format!("{}\thead {}", tenant.slug, tenant.head))?;
    }
    say(&format!("bring the {} stored file(s) back from their own copy, run `entrepot verify`, then serve it", manifest.files))?;
    Ok(())
}

/// Looks through the file, and ends what a restored database would take for good.
async fn settle(file: &Path, ends: &Epoch) -> Result<(), StartError> {
    prepared(file, &ends.of).await?.close().await?;
    Box::pin(epoch::renew(ends)).await
}

/// The database of a restored file, looked through and migrated.
async fn prepared(file: &Path, of: &KeysOf) -> Result<Database, StartError> {
    examine_file(file).await?;
    let db = Database::open(&format!("sqlite://{}", file.display()), of.database.options()).await?;
    // Another key of the same name would be found only when a value is needed.
    let proven = secrets::prove(&db, &of.keys.source(&of.database.database_url), &Clock::system()).await;
    let migrated = match proven {
        Ok(_) => db.migrate().await,
        Err(fault) => Err(fault),
    };
    match migrated {
        Ok(_) => Ok(db),
        Err(fault) => {
            db.close().await?;
            Err(fault.into())
        }
    }
}

/// Restores a backup beside the database, proves it, and removes it again.
async fn drill(of: &BackupsOf, name: &str) -> Result<(), StartError> {
    let (clock, target) = (Clock::system(), PathBuf::from(format!("{}.drill", file(of)?.display())));
    let began = clock.monotonic();
    let backups = opened(of)?;
    let id = backups.find(name).await?;
    // The file is removed when this ends.
    let restored = backups::restore(&backups, &id, &target).await?;
    let restored_in = clock.monotonic().since(began);
    let db = prepared(&restored.file, &of.of).await?;
    let proven = proven(&db, &restored.manifest).await;
    db.close().await?;
    proven?;
    backups.note_verified(&id).await?;
    let lost = clock.now().micros().saturating_sub(restored.manifest.taken_at) / 1_000_000;
    let all = clock.monotonic().since(began);
    say(&format!(
        "{id} can be restored: the invariants hold, and the heads of {} tenant(s) are those of its manifest",
        restored.manifest.tenants.len()
    ))?;
    say(&format!("RPO {lost} s: what was committed since the backup began is lost when the database is gone now"))?;
    say(&format!(
        "RTO {:.1} s: {:.1} s to read and write it, the rest to prove it",
        all.as_secs_f64(),
        restored_in.as_secs_f64()
    ))?;
    Ok(())
}

/// Proves the restored rows as `entrepot verify` does, and compares the heads with those of the manifest.
async fn proven(db: &Database, manifest: &Manifest) -> Result<(), StartError> {
    let report = verify::verify(db, |_| ()).await?;
    let width = verify::width();
    let faulty = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    faulty.clone().try_for_each(|line| say(&line.text(width)))?;
    say(&report.summary())?;
    if faulty.count() > 0 {
        return Err(Fault::Broken(
            "the drill failed: the restored database breaks invariants. Run `entrepot verify` on the database that is served, and restore an older backup beside it"
                .to_owned(),
        )
        .into());
    }
    if backups::heads(db).await? != manifest.tenants {
        return Err(Fault::Broken(
            "the drill failed: heads of tenants are not those of the manifest. Make another backup, and keep this one to look into".to_owned(),
        )
        .into());
    }
    Ok(())
}
