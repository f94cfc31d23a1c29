//! The database of a demo: a file, or one of Postgres that is its own.

use std::fs;

use platform::storage::{Database, Options};

use super::{filled::sibling, run::DemoError};
use crate::config::Demo;

/// The settings with the place of what is beside the database, and the URL of the database.
pub fn placed(mut args: Demo) -> (Demo, String) {
    if args.database_url.is_some() {
        args.file.set_extension("postgres");
    }
    let url = args.database_url.clone().unwrap_or_else(|| format!("sqlite://{}", args.file.display()));
    (args, url)
}

/// Makes the database what this version expects, and says whether it is a new one.
pub async fn prepared(args: &Demo, url: &str) -> Result<bool, DemoError> {
    let is_file = args.database_url.is_none();
    let is_missing = is_file && !args.file.exists();
    let db = Database::make(url, Options::default()).await?;
    let owned = if is_file { Ok(is_missing) } else { owned(args, &db).await };
    let fresh = match owned {
        Ok(fresh) => fresh,
        Err(refusal) => {
            db.close().await?;
            return Err(refusal);
        }
    };
    db.migrate().await?;
    db.close().await?;
    // The URL has a password.
    let kind = if is_file { "" } else { "Postgres, with keys and e-mails beside " };
    println!("Database  {kind}{}{}", args.file.display(), if fresh { " (new)" } else { " (kept from an earlier start)" });
    Ok(fresh)
}

/// Makes a database of Postgres that has no table the demo's own, and says whether it had none. One with tables has to be the one that was: by whatever
/// URL another is reached, nothing is changed in it.
async fn owned(args: &Demo, db: &Database) -> Result<bool, DemoError> {
    let path = sibling(&args.file, ".database");
    let (identity, is_empty) = db.identity().await?;
    if is_empty {
        fs::write(&path, &identity).map_err(|err| DemoError::File(path, err))?;
    } else if fs::read_to_string(&path).ok() != Some(identity) {
        return Err(DemoError::OtherDatabase);
    }
    Ok(is_empty)
}
