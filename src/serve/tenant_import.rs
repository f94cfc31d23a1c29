//! `entrepot tenant import`: a tenant's export into this deployment.

use std::{
    io::{self, Write},
    path::Path,
};

use entity::prelude::TenantId;
use iam::tenancy::import::{self, Export, ImportError, ImportOptions, ImportResult, Refusal};
use inventory::catalog::core::text;
use platform::{
    audit::AuditWriter,
    clock::{Clock, Monotonic},
    secrets::{self, KeyRing},
    storage::{Database, Fault, ImportLock},
};
use services::{
    files::{self, FileLocation},
    insight::verify::{self, Report, StoredPapers},
};

use super::{StartError, copy, open_migrated, print_stdout};
use crate::config::{FileArgs, ImportArgs, KeysOf};

/// Source and options of an import.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    pub from: &'a Path,
    pub slug: Option<&'a str>,
    /// Undo everything at the end.
    pub dry_run: bool,
    /// Commit rows that break an invariant.
    pub accept_broken: bool,
    /// Locations that stored files are copied from, and to.
    pub files: Option<(&'a FileLocation, &'a FileLocation)>,
}

/// Target of an import.
#[derive(Clone, Copy)]
pub struct ImportTarget<'a> {
    pub db: &'a Database,
    pub ring: &'a KeyRing,
    pub clock: &'a Clock,
}

/// Result of an import.
#[derive(Debug)]
pub struct ImportOutcome {
    pub tenant: TenantId,
    pub imported: ImportResult,
    pub report: Report,
    pub files: files::FileCopyResult,
}

/// Imports an export: all of it, or nothing. One at a time, except for dry runs, so that files of a
/// killed import can be distinguished from those of a running one.
///
/// # Errors
/// The export is not whole, does not fit this deployment, or breaks a rule; or another import runs;
/// or the database or a store of files fails.
pub async fn import_tenant(
    target: ImportTarget<'_>,
    request: ImportRequest<'_>,
    progress: impl Fn(&str),
) -> Result<ImportOutcome, ImportError> {
    let export = Export::open(request.from)?;
    if request.dry_run {
        return Box::pin(import_locked(target, &export, request, None, &progress)).await;
    }
    let busy_fault = || Fault::Broken("another import is running: let it finish, then run this one again".to_owned());
    let lock = target.db.lock_imports().await?.ok_or_else(busy_fault)?;
    let outcome = Box::pin(import_locked(target, &export, request, Some(&lock), &progress)).await;
    lock.release().await;
    outcome
}

/// Checks the export, copies its files and writes its rows; without the lock it is a dry run. A
/// failed import leaves no files; a killed one leaves a note, by which its files are found.
async fn import_locked(
    target: ImportTarget<'_>,
    export: &Export,
    request: ImportRequest<'_>,
    lock: Option<&ImportLock>,
    progress: &impl Fn(&str),
) -> Result<ImportOutcome, ImportError> {
    export.check_tenant_is_new(target.db, request.slug).await?;
    export.check(progress)?;
    export.refuse_missing_months(target.db).await?;
    let tenant = export.manifest().tenant;
    let noted_location = match (request.files, lock) {
        (Some((from, to)), Some(lock)) if from != to => begin_file_import(target.db, to, lock, tenant).await?.then_some(to),
        _ => None,
    };
    let import_result = match copy_files(export, request).await {
        Ok(files) => {
            let write_result = write_import(target, export, request, lock, progress).await;
            write_result.map(|(imported, report)| ImportOutcome { tenant, imported, report, files })
        }
        Err(fault) => Err(fault.into()),
    };
    let Some(to) = noted_location else { return import_result };
    let error = match import_result {
        Ok(outcome) => {
            if let Err(error) = files::end_import(to, tenant).await {
                progress(&format!("the note of this import stays in {to} until the job file.forget removes it: {error}"));
            }
            return Ok(outcome);
        }
        Err(error) => error,
    };
    // A commit whose answer was lost may have created the tenant: then the files are its own. If
    // that cannot be determined, the files and the note are kept.
    if matches!(
        export.check_tenant_is_new(target.db, request.slug).await,
        Ok(()) | Err(ImportError::Refused(Refusal::SlugTaken(_)))
    ) {
        let cleanup = async {
            files::erase(to, tenant).await?;
            files::end_import(to, tenant).await
        };
        cleanup.await.map_err(|error| Fault::Broken(format!("the files in {to:?} could not be removed: {error}")))?;
    }
    Err(error)
}

/// Removes the files that killed imports have copied, and notes that this one begins. False if the
/// target has files of the tenant that no import has copied: those are not removed.
async fn begin_file_import(db: &Database, to: &FileLocation, lock: &ImportLock, tenant: TenantId) -> Result<bool, Fault> {
    files::remove_killed_imports(db, to, lock).await?;
    let result = files::begin_import(to, tenant).await;
    result.map_err(|error| Fault::Broken(format!("the files in {to:?} cannot be listed or written: {error}")))
}

async fn copy_files(export: &Export, request: ImportRequest<'_>) -> Result<files::FileCopyResult, Fault> {
    match request.files {
        Some((from, to)) if !request.dry_run => {
            let result = files::copy_of_tenant(from, to, export.manifest().tenant).await;
            result.map_err(|error| Fault::Broken(format!("the files of {from:?} cannot be copied to {to:?}: {error}")))
        }
        _ => Ok(files::FileCopyResult::default()),
    }
}

/// Writes, proves and commits; without the lock it undoes all.
async fn write_import(
    target: ImportTarget<'_>,
    export: &Export,
    request: ImportRequest<'_>,
    lock: Option<&ImportLock>,
    progress: &impl Fn(&str),
) -> Result<(ImportResult, Report), ImportError> {
    let ImportTarget { db, ring, clock } = target;
    let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
    let address_form = |address: &str| text::fold(address.trim());
    let terms = ImportOptions { audit_writer: &audit_writer, ring, slug: request.slug, address_form };
    let (work, imported) = import::write(db, export, &terms, progress).await?;
    let (work, report) = Box::pin(verify::verify_transaction(db, work, progress)).await?;
    if !report.is_sound() && !request.accept_broken {
        work.rollback().await?;
        return Err(Refusal::Unsound(broken_invariants(&report)).into());
    }
    let Some(lock) = lock else {
        work.rollback().await?;
        return Ok((imported, report));
    };
    if !lock.is_held().await {
        work.rollback().await?;
        let message =
            "the connection with the lock of imports was lost, and copied files may have been removed: run the import again";
        return Err(Fault::Broken(message.to_owned()).into());
    }
    work.commit().await?;
    Ok((imported, report))
}

/// The invariants that do not hold, and the first row of each that breaks it.
fn broken_invariants(report: &Report) -> String {
    let broken_rows = report.lines.iter().filter_map(|line| line.broken.as_ref().map(|(_, row)| (line.invariant, row)));
    let texts = broken_rows.map(|(invariant, row)| {
        format!("{invariant} ({} {}: expected {}, found {})", row.table, row.key, row.expected, row.found)
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// The command.
pub async fn run(keys_args: &KeysOf, args: &ImportArgs, files: &FileArgs, clock: &Clock) -> Result<(), StartError> {
    let started_at = clock.monotonic();
    let url = &keys_args.database.database_url;
    let db = open_migrated(url, keys_args.database.options()).await?;
    copy::check_versions(&db, "database").await?;
    let ring = secrets::open(&db, &keys_args.keys.source(url), clock).await?;
    let location = files.resolve_location(url);
    let request = ImportRequest {
        from: &args.from,
        slug: args.slug.as_deref(),
        dry_run: args.dry_run,
        accept_broken: args.accept_broken,
        files: args.files_from.as_ref().map(|from| (from, &location)),
    };
    let outcome = Box::pin(import_tenant(ImportTarget { db: &db, ring: &ring, clock }, request, print_progress)).await.map_err(
        |error| match error {
            ImportError::Fault(fault) => fault,
            ImportError::Refused(refusal) => Fault::Broken(format!("nothing was imported: {refusal}")),
        },
    )?;
    if !args.dry_run {
        // Requests are planned for as many rows as there are now.
        db.analyze(&[]).await?;
    }
    print_outcome(&outcome, seconds(started_at, clock), args.dry_run)?;
    if args.files_from.is_some() && !args.dry_run {
        print_files(&db, &outcome, &location).await?;
    }
    print_next_steps(&outcome.imported)?;
    db.close().await?;
    Ok(())
}

fn print_outcome(outcome: &ImportOutcome, seconds: String, is_dry: bool) -> io::Result<()> {
    let tables = &outcome.imported.tables;
    for (table, rows) in tables {
        print_stdout(&format!("{rows:>10}  {table}"))?;
    }
    let width = verify::invariant_width();
    for line in outcome.report.lines.iter().filter(|line| line.broken.is_some()) {
        print_stdout(&line.text(width))?;
    }
    print_stdout(&outcome.report.summary())?;
    let rows: u64 = tables.iter().map(|(_, rows)| rows).sum();
    let headline = if is_dry { "dry run, nothing was stored" } else { "the tenant is imported" };
    print_stdout(&format!("{headline}: {rows} rows of {} tables in {seconds}", tables.len()))
}

async fn print_files(db: &Database, outcome: &ImportOutcome, location: &FileLocation) -> Result<(), StartError> {
    print_stdout(&format!("{} stored file(s) copied, {} were there", outcome.files.copied, outcome.files.there))?;
    for file in files::find_missing_of_tenant(db, location, Some(outcome.tenant)).await? {
        print_stdout(&format!("MISSING FILE {}: {} ({} bytes)", file.id, file.name, file.size))?;
    }
    let (mut report, width) = (Report::default(), verify::invariant_width());
    let papers = StoredPapers { tenant: Some(outcome.tenant), ..StoredPapers::all(location) };
    verify::verify_papers(db, papers, &mut report, print_progress, |_| ()).await?;
    for line in report.lines.iter().filter(|line| line.broken.is_some()) {
        print_stdout(&line.text(width))?;
        print_stdout(
            "a stored file of a paper was changed or is missing, also in the export's files: restore it from a copy of them",
        )?;
    }
    Ok(())
}

/// Prints the follow-up work: data that an export lacks, and who has to act on it.
fn print_next_steps(imported: &ImportResult) -> io::Result<()> {
    let ImportResult { matched, newcomers, integrations, keys, endpoints, .. } = imported;
    print_stdout(&format!("{matched} member(s) have an account here and keep its password"))?;
    for address in newcomers {
        print_stdout(&format!("{address} has no password and no second factor here: passwordResetRequest sends a link"))?;
    }
    for name in integrations {
        print_stdout(&format!("the integration {name} is disabled: integrationUpdate enables it"))?;
    }
    if *keys > 0 {
        print_stdout(&format!("{keys} API key(s) are revoked: apiKeyCreate makes new ones"))?;
    }
    for url in endpoints {
        print_stdout(&format!(
            "the webhook endpoint {url} is disabled and has a new secret: webhookEndpointRotateSecret, then webhookEndpointUpdate"
        ))?;
    }
    print_stdout("invitations, links to saved views and the tenant's own rate limits are not in an export")?;
    print_stdout(
        "streams and cursors of the other deployment start over here; erase the tenant there, or do not serve it: both would send its e-mails",
    )
}

fn seconds(started_at: Monotonic, clock: &Clock) -> String {
    let micros = clock.monotonic().micros() - started_at.micros();
    format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10)
}

/// Prints the progress to stderr, which may be closed.
fn print_progress(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
