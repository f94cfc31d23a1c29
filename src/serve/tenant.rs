//! `entrepot tenant`: everything a tenant owns as files, into another deployment, its end, its rate limits, and whether it is served.

mod command;
mod suspension;

use std::path::Path;

use entity::{prelude::*, tables::TenantPlan};
use iam::{
    identity::file_store_mark,
    tenancy::{
        erase::{self, Erased},
        export, plan,
    },
};
use platform::{
    clock::{self, Clock},
    storage::Fault,
};
use services::{
    backups,
    files::{self, FileLocation, Store, StoreError},
};

use super::{StartError, print_stdout, tenant_import};
use crate::config::TenantAction;

use command::TenantCommand;

pub async fn run(action: TenantAction) -> Result<(), StartError> {
    let clock = Clock::system();
    match action {
        TenantAction::List(database) => suspension::list(&database, None).await?,
        TenantAction::Show { database, slug } => suspension::list(&database, Some(&slug)).await?,
        TenantAction::Suspend { of: args, slug, reason } => {
            let command = TenantCommand::open(&args, &clock, &slug).await?;
            suspension::suspend(command, &slug, &reason, &clock).await?;
        }
        TenantAction::Resume { of: args, slug } => {
            suspension::resume(TenantCommand::open(&args, &clock, &slug).await?, &slug).await?;
        }
        TenantAction::Export { of: args, slug, to } => {
            export_to(TenantCommand::open(&args, &clock, &slug).await?, &slug, &to, &clock).await?;
        }
        TenantAction::Import { of: args, import, files } => Box::pin(tenant_import::run(&args, &import, &files, &clock)).await?,
        TenantAction::Erase { of: args, slug, cancel, due, files: file_args } => {
            let command = TenantCommand::open(&args, &clock, &slug).await?;
            if cancel {
                let is_cancelled = erase::cancel(&command.db, command.tenant).await?;
                if is_cancelled {
                    command.record("tenant.erase.cancel", serde_json::json!({})).await?;
                }
                print_stdout(if is_cancelled { "the erasure is cancelled" } else { "no erasure was requested, or it is done" })?;
            } else if due {
                print_stdout(
                    &erase_due(&command, &slug, &file_args.resolve_location(&args.database.database_url), clock.now()).await?,
                )?;
            } else {
                let due_at = erase::request_erasure(&command.db, command.tenant, "command line", clock.now()).await?;
                command.record("tenant.erase", serde_json::json!({ "dueAt": clock::rfc3339(due_at) })).await?;
                print_stdout(&format!(
                    "{slug} can be erased from {} on: `entrepot tenant erase {slug} --due`; until then --cancel cancels it",
                    clock::rfc3339(due_at)
                ))?;
            }
            command.db.close().await?;
        }
        TenantAction::Plan { of: args, slug, member, integration, together } => {
            let command = TenantCommand::open(&args, &clock, &slug).await?;
            let limits = [member, integration, together];
            let tenant_plan = if limits.iter().all(Option::is_none) {
                plan::find(&command.db.tenant(command.tenant)).await?
            } else {
                Some(command.set_plan(limits, clock.now()).await?)
            };
            print_stdout(&plan_text(&slug, tenant_plan.as_ref()))?;
            command.db.close().await?;
        }
    }
    Ok(())
}

/// Erases a tenant whose grace is over: its rows, its stored files, and its rows in archived
/// months. Another run completes an interrupted one.
async fn erase_due(command: &TenantCommand, slug: &str, location: &FileLocation, now: Timestamp) -> Result<String, Fault> {
    refuse_other_store(command, location).await?;
    let TenantCommand { db, tenant, .. } = command;
    let erased = erase::run(db, *tenant, now).await?;
    if erased.is_none() && !erase::is_done(db, *tenant).await? {
        return Ok(format!(
            "nothing is due: request it with `entrepot tenant erase {slug}` first, and wait until the grace is over"
        ));
    }
    let bytes = files::erase(location, *tenant).await;
    bytes.map_err(|error| {
        Fault::Broken(format!(
            "its rows are erased, but its files in {location} are not: {error}. Fix the cause, and run it again"
        ))
    })?;
    let archived = backups::erase_from_months(db, location, *tenant).await.map_err(|fault| {
        Fault::Broken(format!("its rows are erased, but not those in detached months: {fault}. Fix the cause, and run it again"))
    })?;
    let Erased { rows, users } = erased.unwrap_or_default();
    Ok(format!("erased: {rows} rows, {users} people who belonged to no other tenant, and {archived} rows of archived months"))
}

/// Refuses a place that is not the deployment's file store: the tenant's files and archived rows would stay in the other one. A deployment without a mark has no file yet.
async fn refuse_other_store(command: &TenantCommand, location: &FileLocation) -> Result<(), Fault> {
    let Some(mark) = file_store_mark(&command.db, &command.ring).await? else { return Ok(()) };
    let is_missing = matches!(location, FileLocation::Folder(folder) if !folder.is_dir());
    let match_result = if is_missing { Ok(false) } else { verify_mark(location, &mark).await };
    let problem = match match_result {
        Ok(true) => return Ok(()),
        Ok(false) => "is not the file store of this deployment".to_owned(),
        Err(error) => format!("cannot be used ({error})"),
    };
    let advice = "give --files as it was given to `serve`; if those files are lost, run `entrepot files adopt`";
    Err(Fault::Broken(format!("nothing was erased, as {location} {problem}: {advice}")))
}

async fn verify_mark(location: &FileLocation, mark: &str) -> Result<bool, StoreError> {
    Store::open(location)?.verify_mark(mark).await
}

async fn export_to(command: TenantCommand, slug: &str, to: &Path, clock: &Clock) -> Result<(), StartError> {
    let manifest = export::export(&command.db, command.tenant, slug, clock.now(), to).await?;
    command.record("tenant.export", serde_json::json!({ "head": manifest.head })).await?;
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    print_stdout(&format!("{rows} rows in {} files, and manifest.json, in {}", manifest.files.len(), to.display()))?;
    for omitted in &manifest.left_out {
        print_stdout(&format!("not in it: {}, {}", omitted.table, omitted.why))?;
    }
    print_stdout("stored files are not in it: `entrepot tenant import --files-from` copies them from where they are")?;
    Ok(command.db.close().await?)
}

/// A tenant's plan, a line a limit.
fn plan_text(slug: &str, plan: Option<&TenantPlan>) -> String {
    let text = |limit: fn(&TenantPlan) -> &Option<String>| plan.and_then(|plan| limit(plan).as_deref()).unwrap_or("default");
    format!(
        "{slug}: each member {}, each integration {}, all together {} (points/points per second)",
        text(|plan| &plan.member),
        text(|plan| &plan.integration),
        text(|plan| &plan.tenant)
    )
}
