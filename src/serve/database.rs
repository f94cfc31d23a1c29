//! The database of a process: migrated, writable, and with row security as configured.

use platform::{
    clock::Clock,
    storage::{ActiveRowSecurity, Backend, Database, Fault, Options, RowSecurityProof, copying::CopyMarks},
};

use super::StartError;

/// Reason for which a database with an unfinished restore is neither served nor backed up.
pub(super) const RESTORING: &str = "a restore of this database is running or was interrupted (it has a table entrepot_restoring), so e-mails and webhooks may not be held: let it finish, or drop the database, create it again, and repeat the restore";

/// A database that has all of this version's migrations.
pub async fn open_migrated(url: &str, options: Options) -> Result<Database, StartError> {
    let db = Database::open(url, options).await?;
    let versions = db.versions().await?;
    match versions.mismatch() {
        Some(reason) if versions.needed.is_some() => return Err(StartError::NewSchema(reason)),
        // One that has no tables yet must not be migrated: the restore is repeated.
        Some(_) if db.is_restoring().await? => return Err(Fault::Broken(RESTORING.to_owned()).into()),
        Some(_) => return Err(StartError::OldSchema(versions.missing)),
        None => {}
    }
    if let Some(notice) = versions.notice() {
        tracing::warn!("{notice}");
    }
    match CopyMarks::of(&db).await?.write_refusal() {
        Some(reason) => Err(Fault::Broken(reason).into()),
        None => Ok(db),
    }
}

/// A database that this version can serve.
pub(super) async fn open_for_serving(url: &str, options: Options) -> Result<Database, StartError> {
    let db = open_migrated(url, options).await?;
    if let Some(reason) = CopyMarks::of(&db).await?.serve_refusal() {
        return Err(Fault::Broken(reason).into());
    }
    if db.is_restoring().await? {
        return Err(Fault::Broken(RESTORING.to_owned()).into());
    }
    // A standby server may become the primary while this node waits; until then `/readyz` reports
    // it.
    if db.backend() == Backend::Sqlite && !db.accepts_writes().await? {
        return Err(StartError::ReadOnly);
    }
    if options.row_security_proof == RowSecurityProof::AtStart {
        log_row_security(&db).await?;
    }
    create_missing_parts(&db).await;
    Ok(db)
}

/// Makes the parts of the months to come, where this login may. A node starts without: there are parts for months, an alarm for fewer, and a job each day.
async fn create_missing_parts(db: &Database) {
    match db.create_missing_parts(Clock::system().now()).await {
        Ok(0) => {}
        Ok(made) => tracing::info!(made, "partitions were created for the coming months"),
        Err(fault) => {
            tracing::warn!(%fault, "partitions could not be created for the coming months: run `entrepot partitions run` with the login that owns the tables");
        }
    }
}

/// Logs whether row security separates tenants; row security that has gaps ends the start.
async fn log_row_security(db: &Database) -> Result<(), Fault> {
    let advice = db.prove_row_security().await?;
    match db.active_row_security() {
        ActiveRowSecurity::Embedded => {}
        ActiveRowSecurity::None(_) => tracing::warn!("{}", db.active_row_security()),
        ActiveRowSecurity::Writes | ActiveRowSecurity::All => tracing::info!("{}", db.active_row_security()),
    }
    if let Some(advice) = advice {
        tracing::info!("{advice}");
    }
    Ok(())
}
