//! `entrepot copy`: a whole deployment into another database.

use std::{
    cell::Cell,
    io::{self, Write},
};

use platform::{
    clock::{Clock, Monotonic},
    secrets,
    storage::{
        Database, Fault, Options,
        copying::{ClaimedCopy, Claims, CopyRun, Plan},
    },
};
use services::{
    files::{self, FileLocation},
    insight::verify::{self, StoredPapers},
};

use super::{StartError, print_stdout};
use crate::config::CopyArgs;

/// Copies, compares and verifies; false where the target is not the same, or not sound.
pub async fn run(args: CopyArgs) -> Result<bool, StartError> {
    let clock = Clock::system();
    let runner = clock.uuid();
    let options = args.options(runner);
    let started_at = clock.monotonic();
    let (source, target) = (source(&args, options).await?, target(&args, options).await?);
    let keys = secrets::check_master_keys(&source, &args.keys.source(&args.from), &clock).await?;
    progress(&format!("{keys} key(s) can open the values that they have sealed"));
    let (source_name, target_name) = (redacted_url(&args.from), redacted_url(&args.to));
    let claims = Claims {
        source: &source,
        target: &target,
        source_name: &source_name,
        target_name: &target_name,
        runner,
        now: clock.now(),
    };
    let claim_outcome = claims.claim(clock.uuid()).await?;
    let (source, target) = ensure_exclusive(&args, options, (source, target), claim_outcome).await?;
    if !claim_outcome.is_new {
        progress("an earlier copy is not finished: continuing after its last batch");
    }
    let copy_run =
        CopyRun { source, target, id: claim_outcome.id, runner, clock: clock.clone(), batch_rows: args.batch_rows as usize };
    let is_same = claim_outcome.is_done || copy_rows_and_files(&args, &copy_run, started_at).await?;
    if is_same {
        copy_run.finish().await?;
        print_stdout(&format!("done in {}: {source_name} is copied to {target_name}", elapsed_text(started_at, &clock)))?;
        print_stdout(&next_steps_text(&args))?;
    }
    copy_run.source.close().await?;
    copy_run.target.close().await?;
    Ok(is_same)
}

async fn source(args: &CopyArgs, options: Options) -> Result<Database, StartError> {
    if args.from == args.to {
        return Err(Fault::Broken("--from and --to are the same database: give another target".to_owned()).into());
    }
    let db = Database::open(&args.from, options).await?;
    check_versions(&db, "source").await?;
    Ok(db)
}

/// The target, with tables.
async fn target(args: &CopyArgs, options: Options) -> Result<Database, StartError> {
    let db = Database::make(&args.to, options).await?;
    if db.versions().await?.missing == Database::all_migrations() {
        progress("the target has no tables yet: migrating it");
        db.migrate().await?;
    }
    check_versions(&db, "target").await?;
    db.prove_row_security().await?;
    Ok(db)
}

/// Checks that a database has exactly this version's tables.
pub(super) async fn check_versions(db: &Database, database_name: &str) -> Result<(), Fault> {
    let versions = db.versions().await?;
    if versions.missing == 0 && versions.newer.is_empty() {
        return Ok(());
    }
    let reason = versions.mismatch().or_else(|| versions.notice()).unwrap_or_default();
    Err(Fault::Broken(format!("the {database_name} does not have the tables of this version: {reason}")))
}

/// Makes sure that no other process uses either database. The marks are set already, so no process
/// can start.
async fn ensure_exclusive(
    args: &CopyArgs,
    options: Options,
    (source, target): (Database, Database),
    claim_outcome: ClaimedCopy,
) -> Result<(Database, Database), StartError> {
    // If one of the two is refused, both marks are removed, through connections of their own.
    let (source, target) =
        (source.require_exclusive(&args.from, options).await, target.require_exclusive(&args.to, options).await);
    match (source, target) {
        (Ok(source), Ok(target)) => Ok((source, target)),
        (source, target) => {
            if claim_outcome.is_new {
                let source = Database::open(&args.from, options).await?;
                let target = Database::open(&args.to, options).await?;
                Claims::remove_copy_marks(&source, &target, claim_outcome.id).await?;
            }
            let fault = source.err().or(target.err());
            Err(fault.unwrap_or_else(|| Fault::Broken("one of the databases is in use".to_owned())).into())
        }
    }
}

/// Rows, files, digests, proofs.
async fn copy_rows_and_files(args: &CopyArgs, copy_run: &CopyRun, started_at: Monotonic) -> Result<bool, StartError> {
    let plan = Plan::of(&copy_run.target).await?;
    let (tables, rows) = (plan.len(), Cell::new(0));
    copy_run
        .rows(&plan, |table_progress| {
            if table_progress.new_rows > 0 {
                let mebibytes = table_progress.bytes >> 20;
                progress(&format!(
                    "{}/{tables} {}: {} rows, {mebibytes} MiB",
                    table_progress.number, table_progress.table, table_progress.rows
                ));
            }
        })
        .await?;
    copy_run.target.analyze(&[]).await?;
    copy_files(args, copy_run).await?;
    progress(&format!("copied in {}; comparing digests", elapsed_text(started_at, &copy_run.clock)));
    let difference = copy_run
        .compare(&plan, |table, number, digests| {
            let of_table: u64 = digests.values().map(|digest| digest.rows).sum();
            rows.set(rows.get() + of_table);
            if of_table > 0 {
                progress(&format!("{number}/{tables} {table}: {of_table} rows are equal, of {} owner(s)", digests.len()));
            }
        })
        .await?;
    if let Some(difference) = difference {
        print_stdout(&format!("NOT THE SAME: {difference}. Do not serve the target: empty it, and run the same command again"))?;
        return Ok(false);
    }
    print_stdout(&format!("{} rows of {tables} tables are the same in both databases", rows.get()))?;
    let mut report = verify::Report::default();
    let width = verify::invariant_width();
    let print_line = |line: &verify::Line| drop(print_stdout(&line.text(width)));
    verify::verify_into(&copy_run.target, &mut report, progress, print_line).await?;
    if args.files {
        // Papers are compared with their digests as drawn; the copied bytes have none.
        let to = files_to(args);
        verify::verify_papers(&copy_run.target, StoredPapers::all(&to), &mut report, progress, print_line).await?;
    }
    print_stdout(&report.summary())?;
    if !report.is_sound() && !args.accept_broken {
        print_stdout(
            "the rows are those of the source, so they are broken there, too: repair them, or end the copy with --accept-broken",
        )?;
        return Ok(false);
    }
    Ok(true)
}

/// Copies the files if requested, and lists those that are missing.
async fn copy_files(args: &CopyArgs, copy_run: &CopyRun) -> Result<(), StartError> {
    if !args.files {
        return Ok(());
    }
    let from = args.files_from.clone().unwrap_or_else(|| FileLocation::default_for(&args.from));
    let to = files_to(args);
    let failed = |error: files::StoreError| Fault::Broken(format!("the files of {from:?} cannot be copied to {to:?}: {error}"));
    let outcome = files::copy_all(&from, &to).await.map_err(failed)?;
    progress(&format!("{} files copied, {} were there", outcome.copied, outcome.there));
    let missing = files::find_missing_files(&copy_run.source, &to).await?;
    for file in &missing {
        print_stdout(&format!("MISSING FILE {} of tenant {}: {} ({} bytes)", file.id, file.tenant, file.name, file.size))?;
    }
    if !missing.is_empty() {
        print_stdout(&format!(
            "{} file(s) have rows and no bytes, also in the source: restore them from a backup",
            missing.len()
        ))?;
    }
    Ok(())
}

/// Returns the location that files are written to.
fn files_to(args: &CopyArgs) -> FileLocation {
    args.files_to.clone().unwrap_or_else(|| FileLocation::default_for(&args.to))
}

/// Returns the sentence with the next step.
fn next_steps_text(args: &CopyArgs) -> String {
    let is_embedded = |url: &str| url.starts_with("sqlite:");
    let keys = match (is_embedded(&args.from), is_embedded(&args.to)) {
        (true, _) => "give it the key file of the source (FILE.keys, with --keys-file)",
        (false, _) => "give it the same keys",
    };
    let files = if args.files { "and the copied files with --files" } else { "and the same --files" };
    format!("serve the target: {keys} {files}; the source refuses to be served from now on")
}

/// The database without a password.
fn redacted_url(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((login, place)) => format!("{scheme}://{}@{place}", login.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

fn elapsed_text(started_at: Monotonic, clock: &Clock) -> String {
    let micros = clock.monotonic().micros() - started_at.micros();
    format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10)
}

/// Prints the progress to stderr, which may be closed.
fn progress(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Allows a database to be served again that was, or is being, copied elsewhere.
pub async fn give_up(url: &str, options: Options) -> Result<(), StartError> {
    let db = Database::open(url, options).await?;
    check_versions(&db, "database").await?;
    if platform::storage::copying::give_up(&db).await? > 0 {
        tracing::warn!("the copy of this database is abandoned: do not serve the database that it was copied to");
    }
    db.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_password() {
        for (url, expected) in [
            ("postgres://shop:secret@db.example:5432/shop?sslmode=require&password=x", "postgres://shop@db.example:5432/shop"),
            ("postgres://shop:p@ss@db/shop", "postgres://shop@db/shop"),
            ("postgres://db/shop", "postgres://db/shop"),
            ("sqlite://data/shop.sqlite", "sqlite://data/shop.sqlite"),
        ] {
            assert_eq!(redacted_url(url), expected);
        }
    }
}
