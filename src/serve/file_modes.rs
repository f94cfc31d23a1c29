//! File modes: files of this process are readable by its user only, as they hold rows, e-mails with
//! links that set passwords, and uploads.

/// Sets the umask so that new files can be read and written by the process's user only: files 0600,
/// folders 0700. SQLite's files beside the database, exports and the demo's files are among them.
/// Called before other threads start.
#[cfg(unix)]
pub fn restrict_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Removes the access of other users that an earlier version has left open: to the database's file
/// and those beside it, the keys, and the folders of e-mails and files. The access of a group is
/// kept. Files of other owners, and folders shared with all users on purpose (`/tmp`), are not
/// changed, and the log reports them.
#[cfg(unix)]
pub fn remove_other_access<'a>(files: impl IntoIterator<Item = &'a std::path::Path>) {
    use std::{fs, os::unix::fs::MetadataExt, os::unix::fs::PermissionsExt};

    /// Mode bits of other users, and those of a folder that all users write to, each only their own
    /// files.
    const OTHER_USERS_MODE: u32 = 0o007;
    const SHARED_FOLDER_MODE: u32 = 0o1002;

    for file in files {
        let Ok(attributes) = fs::metadata(file) else { continue };
        let mode = attributes.mode() & 0o7777;
        if mode & OTHER_USERS_MODE == 0 || !(attributes.is_file() || attributes.is_dir()) {
            continue;
        }
        let path = file.display();
        let is_ours = attributes.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || mode & SHARED_FOLDER_MODE != 0 && attributes.is_dir() {
            tracing::warn!(%path, mode = format!("{mode:o}"), "every user of this machine can read it: choose a place of its own");
            continue;
        }
        match fs::set_permissions(file, fs::Permissions::from_mode(mode & !OTHER_USERS_MODE)) {
            Ok(()) => {
                tracing::warn!(%path, mode = format!("{mode:o}"), "could be read by every user of this machine, and no longer can");
            }
            Err(error) => {
                tracing::warn!(%path, %error, "every user of this machine can read it, and it cannot be closed to them");
            }
        }
    }
}

/// Elsewhere the folder's own rights are inherited.
#[cfg(not(unix))]
pub fn restrict_umask() {}

#[cfg(not(unix))]
pub fn remove_other_access<'a>(_places: impl IntoIterator<Item = &'a std::path::Path>) {}

/// The file of an embedded database and those that SQLite keeps beside it.
pub fn embedded(database_url: &str) -> Vec<std::path::PathBuf> {
    let file = database_url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    let file = file.and_then(|rest| rest.split('?').next()).filter(|file| !file.is_empty() && *file != ":memory:");
    let database_files = |file: &str| ["", "-wal", "-shm"].map(|end| format!("{file}{end}").into());
    file.map(database_files).into_iter().flatten().collect()
}
