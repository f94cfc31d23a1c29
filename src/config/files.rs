//! Settings of the file store.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::database::KeysOf;

/// Location of the files.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// Location of files: file:FOLDER, or s3://bucket/prefix with the usual AWS_… of the environment. Nodes and workers share it. When not given: a
    /// folder beside an embedded database, FILE.files; elsewhere entrepot.files where the process was started.
    #[arg(long = "files", env = "ENTREPOT_FILES")]
    pub place: Option<services::files::FileLocation>,
}

impl FileArgs {
    /// Returns the location of the files: the given one, or one beside the database.
    pub fn resolve_location(&self, database_url: &str) -> services::files::FileLocation {
        self.place.clone().unwrap_or_else(|| services::files::FileLocation::default_for(database_url))
    }
    /// Whether files are kept in this place, a folder by whichever path.
    pub fn is_same_location(&self, database_url: &str, other: &services::files::FileLocation) -> bool {
        use services::files::FileLocation::Folder;
        let location = self.resolve_location(database_url);
        let canonical_path = |folder: &PathBuf| folder.canonicalize().or_else(|_| std::path::absolute(folder)).ok();
        match (&location, other) {
            (Folder(one), Folder(other)) => {
                one == other || canonical_path(one).is_some_and(|one| Some(one) == canonical_path(other))
            }
            _ => location == *other,
        }
    }
    /// Sets the file store to the operator's place, if one is given.
    ///
    /// # Errors
    /// Files cannot be kept there.
    pub fn apply(&self, files: &services::files::Files) -> Result<(), platform::storage::Fault> {
        let Some(location) = &self.place else { return Ok(()) };
        files.set_location(location.clone());
        files.check_location().map_err(|error| platform::storage::Fault::Broken(format!("--files: {error}")))
    }
}

#[derive(Debug, Clone, Args)]
pub struct FilesArgs {
    #[command(subcommand)]
    pub action: FilesAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum FilesAction {
    /// Use this folder or bucket as the file store of the deployment, in place of one that is lost. A store that was moved needs it not: its mark moved with it.
    Adopt {
        #[command(flatten)]
        of: KeysOf,
        #[command(flatten)]
        files: FileArgs,
    },
}
