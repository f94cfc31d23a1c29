//! Files of this process are its user's alone: rows, letters with links that set passwords, and what people have sent.

/// From now on whatever the process creates can be read and written by its own user only: files 0600, folders 0700. SQLite's files
/// beside the database, exports and the demo's files are among them. Called before there are other threads.
#[cfg(unix)]
pub fn keep_to_oneself() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Takes from every other user of the machine what an earlier version has left open to them: the database's file and those beside it, the keys, and
/// the folders of letters and files. A group keeps what it was given. What belongs to somebody else, or is shared with all on purpose
/// (`/tmp`), stays as it is, and the log says so.
#[cfg(unix)]
pub fn close<'a>(places: impl IntoIterator<Item = &'a std::path::Path>) {
    use std::{fs, os::unix::fs::MetadataExt, os::unix::fs::PermissionsExt};

    /// What every user may do; what every user may do to a folder in which each has files of their own.
    const OTHERS: u32 = 0o007;
    const SHARED: u32 = 0o1002;

    for place in places {
        let Ok(found) = fs::metadata(place) else { continue };
        let mode = found.mode() & 0o7777;
        if mode & OTHERS == 0 || !(found.is_file() || found.is_dir()) {
            continue;
        }
        let path = place.display();
        let is_ours = found.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || mode & SHARED != 0 && found.is_dir() {
            tracing::warn!(%path, mode = format!("{mode:o}"), "every user of this machine can read it: choose a place of its own");
            continue;
        }
        match fs::set_permissions(place, fs::Permissions::from_mode(mode & !OTHERS)) {
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
pub fn keep_to_oneself() {}

#[cfg(not(unix))]
pub fn close<'a>(_places: impl IntoIterator<Item = &'a std::path::Path>) {}

/// The file of an embedded database and those that SQLite keeps beside it.
pub fn embedded(database_url: &str) -> Vec<std::path::PathBuf> {
    let file = database_url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    let file = file.and_then(|rest| rest.split('?').next()).filter(|file| !file.is_empty() && *file != ":memory:");
    let beside = |file: &str| ["", "-wal", "-shm"].map(|end| format!("{file}{end}").into());
    file.map(beside).into_iter().flatten().collect()
}
