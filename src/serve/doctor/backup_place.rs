//! The place of backups: whether it answers, and whether this user may write there. Nothing is written to it.

use std::path::{Path, PathBuf};

use services::files::{FileLocation, Store};

use super::report::Finding;

pub(super) const CHECK: &str = "backup place";

/// The place of `--backups`, and the file of an embedded database.
pub(super) async fn check_place(location: FileLocation, database: Option<PathBuf>) -> Vec<Finding> {
    vec![match &location {
        FileLocation::Folder(folder) => of_folder(folder, database.as_deref()),
        FileLocation::Bucket { .. } => of_bucket(&location).await,
    }]
}

async fn of_bucket(location: &FileLocation) -> Finding {
    let answer = match Store::open(location) {
        Ok(store) => store.has_any("revocations").await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(_) => Finding::ok(CHECK, format!("{location} can be listed; the next backup shows whether it takes writes")),
        Err(error) => Finding::fail(CHECK, format!("{location}: {error}"), "check --backups, AWS_… and the network"),
    }
}

#[cfg(unix)]
fn of_folder(folder: &Path, database: Option<&Path>) -> Finding {
    use std::{fs, io::ErrorKind, os::unix::fs::MetadataExt};

    use rustix::fs::{Access, access};

    const RIGHTS: &str = "check --backups, and that this user may read and write there";
    let name = folder.display();
    let folder_metadata = match fs::metadata(folder) {
        Ok(folder_metadata) if folder_metadata.is_dir() => folder_metadata,
        Ok(_) => return Finding::fail(CHECK, format!("{name} is no folder"), RIGHTS),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let advice = "mount the disk of the backups, if it has one; the first backup makes the folder";
            return Finding::warn(CHECK, format!("there is no folder {name}"), advice);
        }
        Err(error) => return Finding::fail(CHECK, format!("{name}: {error}"), RIGHTS),
    };
    if let Err(error) = access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        return Finding::fail(CHECK, format!("{name}: {error}"), RIGHTS);
    }
    if database.and_then(|file| fs::metadata(file).ok()).is_some_and(|file| file.dev() == folder_metadata.dev()) {
        let observation = format!("{name} is on the disk of the database: both are lost with it");
        return Finding::warn(CHECK, observation, "use another disk or a bucket, or copy the folder to another machine");
    }
    Finding::ok(CHECK, format!("this user may write to {name}"))
}

#[cfg(not(unix))]
fn of_folder(folder: &Path, _database: Option<&Path>) -> Finding {
    Finding::ok(CHECK, format!("{} is not checked on this system", folder.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::{super::report::Verdict, *};

    #[test]
    fn a_folder_of_backups_that_is_missing_or_beside_the_database_is_told() {
        let kept = tempfile::tempdir().unwrap();
        let (folder, database) = (kept.path().join("backups"), kept.path().join("shop.sqlite"));
        fs::write(&database, "").unwrap();
        let judged = |place: &Path, database: Option<&Path>| {
            let found = of_folder(place, database);
            (found.verdict, found.seen)
        };
        let name = folder.display().to_string();
        assert_eq!(judged(&folder, None), (Verdict::Warn, format!("there is no folder {name}")));
        assert!(!folder.exists(), "it makes no folder");
        fs::create_dir(&folder).unwrap();
        assert_eq!(judged(&folder, None), (Verdict::Ok, format!("this user may write to {name}")));
        let beside = format!("{name} is on the disk of the database: both are lost with it");
        assert_eq!(judged(&folder, Some(&database)), (Verdict::Warn, beside));
        let file = format!("{} is no folder", database.display());
        assert_eq!(judged(&database, Some(&database)), (Verdict::Fail, file));
    }
}
