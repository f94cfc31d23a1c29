//! The database of a demo: a file, or one of Postgres that is its own.

use std::fs;

use platform::storage::{Database, Options};

use super::{error::DemoError, filled::sibling};
use crate::config::Demo;

/// Returns the settings with the place of the files beside the database, and the URL of the
/// database.
pub fn with_file_locations(mut args: Demo) -> (Demo, String) {
    if args.database_url.is_some() {
        args.file.set_extension("postgres");
    }
    let url = args.database_url.clone().unwrap_or_else(|| format!("sqlite://{}", args.file.display()));
    (args, url)
}

/// Creates or migrates the database for this version, and returns whether it is new.
pub async fn prepare_database(args: &Demo, url: &str) -> Result<bool, DemoError> {
    let is_file = args.database_url.is_none();
    let is_missing = is_file && !args.file.exists();
    let db = Database::make(url, Options::default()).await?;
    let claim_outcome = if is_file { Ok(is_missing) } else { claim_database(args, &db).await };
    let fresh = match claim_outcome {
        Ok(fresh) => fresh,
        Err(refusal) => {
            db.close().await?;
            return Err(refusal);
        }
    };
    db.migrate().await?;
    db.close().await?;
    // The URL has a password.
    let kind = if is_file { "" } else { "Postgres, with keys and e-mails next to " };
    println!("Database  {kind}{}{}", args.file.display(), if fresh { " (new)" } else { " (kept from an earlier start)" });
    Ok(fresh)
}

/// Claims an empty database of Postgres for the demo, and returns whether it was empty. A database
/// with tables must be the one claimed before: under any URL another one is left unchanged.
async fn claim_database(args: &Demo, db: &Database) -> Result<bool, DemoError> {
    let path = sibling(&args.file, ".database");
    let (identity, is_empty) = db.identity().await?;
    if is_empty {
        fs::write(&path, &identity).map_err(|err| DemoError::File(path, err))?;
    } else if fs::read_to_string(&path).ok() != Some(identity) {
        return Err(DemoError::OtherDatabase);
    }
    Ok(is_empty)
}
