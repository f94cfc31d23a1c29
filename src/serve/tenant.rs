//! `entrepot tenant`: everything a tenant owns as files, and its end.

use entity::prelude::*;
use iam::tenancy::{erase, export};
use platform::{
    audit::{self, AuditWriter, Target},
    clock::{self, Clock},
    secrets,
    storage::{Database, Fault, Row},
};
use services::files;

use super::{StartError, migrated, say};
use crate::config::{KeysOf, TenantAction};

pub async fn run(action: TenantAction) -> Result<(), StartError> {
    let clock = Clock::system();
    match action {
        TenantAction::Export { of, slug, to } => {
            let command = TenantCommand::open(&of, &clock, &slug).await?;
            let manifest = export::export(&command.db, command.tenant, &slug, clock.now(), &to).await?;
            command.record("tenant.export", serde_json::json!({ "head": manifest.head })).await?;
            let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
            say(&format!("{rows} rows in {} files, and manifest.json, in {}", manifest.files.len(), to.display()))?;
            command.db.close().await?;
        }
        TenantAction::Erase { of, slug, cancel, due, files: kept } => {
            let command = TenantCommand::open(&of, &clock, &slug).await?;
            if cancel {
                let taken = erase::cancel(&command.db, command.tenant).await?;
                if taken {
                    command.record("tenant.erase.cancel", serde_json::json!({})).await?;
                }
                say(if taken { "the erasure is taken back" } else { "no erasure was asked for, or it is done" })?;
            } else if due {
                let erased = erase::run(&command.db, command.tenant, clock.now()).await?;
                let said = match erased {
                    Some(erased) => {
                        let place = kept.place(&of.database.database_url);
                        let bytes = files::erase(&place, command.tenant).await;
                        bytes.map_err(|error| {
                            Fault::Broken(format!("its rows are erased, and its files in {place:?} are not: {error}"))
                        })?;
                        format!("erased: {} rows and {} people who belonged to no other tenant", erased.rows, erased.users)
                    }
                    None => format!("nothing is due: ask with `entrepot tenant erase {slug}` first, and let the grace pass"),
                };
                say(&said)?;
            } else {
                let due_at = erase::ask(&command.db, command.tenant, "command line", clock.now()).await?;
                command.record("tenant.erase", serde_json::json!({ "dueAt": clock::rfc3339(due_at) })).await?;
                say(&format!(
                    "{slug} can be erased from {} on: `entrepot tenant erase {slug} --due`; until then --cancel takes it back",
                    clock::rfc3339(due_at)
                ))?;
            }
            command.db.close().await?;
        }
    }
    Ok(())
}

/// The database, the tenant that is meant, and the writer of its log.
struct TenantCommand {
    db: Database,
    tenant: TenantId,
    audit_writer: AuditWriter,
}

impl TenantCommand {
    async fn open(of: &KeysOf, clock: &Clock, slug: &str) -> Result<Self, StartError> {
        let url = &of.database.database_url;
        let db = migrated(url, of.database.options()).await?;
        let found = db.global().rows("SELECT id FROM tenant WHERE slug = $1", vec![slug.into()]).await?;
        let row = found.first().ok_or_else(|| Fault::Broken(format!("there is no tenant {slug}")))?;
        let tenant = Row::new(row).take()?;
        let audit_writer = AuditWriter::new(secrets::open(&db, &of.keys.source(url), clock).await?, clock.clone());
        Ok(Self { db, tenant, audit_writer })
    }

    /// Whoever stands at the machine is the system; that they did it is in the tenant's own log.
    async fn record(&self, action: &str, changes: serde_json::Value) -> Result<(), Fault> {
        let about = Some(Target::of(self.tenant));
        let entry = self.audit_writer.of_the_system(self.tenant, action, about, "command line", changes.to_string());
        let work = self.db.tenant(self.tenant).begin().await?;
        work.write(audit::rows::waiting(&self.audit_writer, [(entry, None)])).await?;
        work.commit().await
    }
}
