//! `entrepot backup`: backups of an embedded database, and their restore.

use std::path::PathBuf;

use entity::prelude::Timestamp;
use platform::{
    clock::{self, Clock},
    secrets::{self, KeySource, SecretStore},
    storage::{Database, Fault},
};
use services::backups::{self, BackupError, Backups, Keys, Listed, Source, examine_file};

use super::{StartError, epoch, migrated, say};
use crate::config::{BackupAction, BackupsOf, Epoch};

pub async fn run(action: BackupAction) -> Result<(), StartError> {
    match action {
        BackupAction::Run(of) => make(&of).await,
        BackupAction::List(of) => list(&of).await,
        BackupAction::Verify { of, id } => {
            let backups = opened(&of)?;
            let id = chosen(&backups, id).await?;
            let bytes = backups.verify(&id).await?;
            say(&format!("{id} can be restored: {bytes} bytes are as they were"))?;
            Ok(())
        }
        BackupAction::Restore { of, id, revoke_keys, reset_passwords } => {
            let backups = opened(&of)?;
            let id = chosen(&backups, id).await?;
            let ends = Epoch { of: of.of.clone(), revoke_keys, reset_passwords };
            restore(&of, &backups, &id, ends).await
        }
        BackupAction::Prune(of) => {
            let (marked, removed) = opened(&of)?.prune().await?;
            for id in &marked {
                say(&format!("marked {id}: it is removed by a prune in a day or later"))?;
            }
            for id in &removed {
                say(&format!("removed {id}"))?;
            }
            say(&format!("{} marked, {} removed", marked.len(), removed.len()))?;
            Ok(())
        }
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
    let path = url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//")).filter(|path| !path.is_empty());
    path.map(PathBuf::from).ok_or_else(|| {
        Fault::Broken("only an embedded database (sqlite://FILE) is backed up by this command: docs/backups.md has pgBackRest and pg_dump for Postgres".to_owned())
    })
}

fn opened(of: &BackupsOf) -> Result<Backups, StartError> {
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
    let text =
        text.ok_or_else(|| Fault::Broken(format!("{} is not there: backups do not open without their keys", store.name())))?;
    Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))
}

async fn chosen(backups: &Backups, id: String) -> Result<String, BackupError> {
    if id == "newest" { backups.newest().await } else { Ok(id) }
}

async fn make(of: &BackupsOf) -> Result<(), StartError> {
    let (file, url, options) = (file(of)?, &of.of.database.database_url, of.of.database.options());
    let db = migrated(url, options).await?;
    secrets::prove(&db, &of.of.keys.source(url), &Clock::system()).await?;
    db.close().await?;
    let source = Source { file, options, version: env!("CARGO_PKG_VERSION") };
    let made = backups::run(&opened(of)?, &source).await?;
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

/// ID, when, sizes, keys, and what else there is to say, between tabs.
fn line(backup: &Listed) -> String {
    let keys = match backup.missing.len() {
        0 => "keys: present".to_owned(),
        missing => format!("keys: missing {missing} of {} ({})", backup.keys, backup.missing.join(", ")),
    };
    let at = if backup.made_at > 0 { clock::rfc3339(Timestamp(backup.made_at)) } else { "-".to_owned() };
    let mut line = format!("{}\t{at}\t{} bytes\t{} stored\t{keys}", backup.id, backup.bytes, backup.stored);
    if backup.is_verified {
        line.push_str("\tverified");
    }
    if let Some(at) = backup.marked_at {
        line.push_str(&format!("\tmarked {}", clock::rfc3339(Timestamp(at))));
    }
    if let Some(problem) = &backup.problem {
        line.push_str(&format!("\tBROKEN: {problem}"));
    }
    line
}

async fn restore(of: &BackupsOf, backups: &Backups, id: &str, mut ends: Epoch) -> Result<(), StartError> {
    let target = file(of)?;
    let restored = backups::restore(backups, id, &target).await?;
    // Keys beside the file are looked for where it will be.
    ends.of.database.database_url = format!("sqlite://{}", restored.file.display());
    let keys = &mut ends.of.keys;
    if keys.keys_file.is_none() {
        keys.keys_file = Some(PathBuf::from(format!("{}.keys", target.display())));
    }
    let settled = settle(&restored.file, &ends).await;
    if let Err(error) = settled {
        restored.give_up();
        return Err(error);
    }
    let manifest = restored.manifest.clone();
    restored.put_in_place()?;
    let at = clock::rfc3339(Timestamp(manifest.made_at));
    say(&format!("{} holds {id}, as it was at {at}: {} tenant(s)", target.display(), manifest.tenants.len()))?;
    for tenant in &manifest.tenants {
        say(&format!("{}\thead {}", tenant.slug, tenant.head))?;
    }
    say(&format!("bring the {} stored file(s) back from their own copy, run `entrepot verify`, then serve it", manifest.files))?;
    Ok(())
}

/// Looks through the file, and ends what a restored database would take for good.
async fn settle(file: &std::path::Path, ends: &Epoch) -> Result<(), StartError> {
    examine_file(file).await?;
    let url = &ends.of.database.database_url;
    let db = Database::open(url, ends.of.database.options()).await?;
    db.migrate().await?;
    db.close().await?;
    epoch::renew(ends).await
}
