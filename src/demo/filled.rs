//! Record of the data that filled a demo's database, in a file beside it: a later start compares it
//! with the requested data.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use platform::storage::{Fault, LockFile};
use serde::{Deserialize, Serialize};

use crate::config::Demo;

#[derive(Debug, Serialize, Deserialize)]
pub struct SeedRecord {
    /// SHA-256 of the data's uncompressed bytes.
    pub csv_sha256: String,
    /// The arguments that named the data. Stored as `asked`, the name in records of older versions.
    #[serde(rename = "asked")]
    pub arguments: String,
    /// Whether all of the data came in and their totals were checked.
    pub is_complete: bool,
    /// The first day of the data that were generated; None: of a file, or by a release whose data began on a day of their own.
    #[serde(default)]
    pub first_day: Option<String>,
    /// From which day's date the shop beside the data is reckoned; kept, so that a start that broke off is taken up with the same dates.
    #[serde(default)]
    pub shop_day: Option<String>,
    /// Whether that shop is set up.
    #[serde(default)]
    pub is_furnished: bool,
    /// Whether its people, invoices, plans and pictures are created too.
    #[serde(default)]
    pub is_staffed: bool,
}

impl SeedRecord {
    /// The record of a start that begins to fill the database.
    pub fn started_record(csv_sha256: &str, first_day: Option<String>, args: &Demo) -> Self {
        let arguments = match &args.data {
            Some(path) => format!("--data {}", path.display()),
            None => format!("--rows {} --seed {}", args.rows, args.seed),
        };
        let csv_sha256 = csv_sha256.to_owned();
        Self { csv_sha256, arguments, is_complete: false, first_day, shop_day: None, is_furnished: false, is_staffed: false }
    }

    /// `None` if there is no readable record: then the data are sent, and existing data are
    /// recognised.
    pub fn read(database: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(record(database)).ok()?).ok()
    }

    /// Writes the record whole or not at all.
    pub fn write(&self, database: &Path) -> io::Result<()> {
        let path = record(database);
        let part = path.with_extension("part");
        fs::write(&part, serde_json::to_vec(self)?)?;
        fs::rename(&part, &path)
    }
}

/// The first day of the newest data in a folder that were generated for this seed and number of
/// rows: those of a database whose record cannot be read.
pub fn latest_first_day(folder: &Path, (seed, rows): (u64, u64)) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let beginning = format!("retailer-{seed}-{rows}-");
    let names = fs::read_dir(folder).ok()?.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let days = names.filter_map(|name| Some(name.strip_prefix(&beginning)?.strip_suffix(".csv")?.to_owned()));
    days.filter(|day| day.parse::<Date>().is_ok()).max()
}

/// Lock of the demo that fills a database; released when its process ends in any way.
pub struct FillLock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl FillLock {
    /// `None` while another demo fills it.
    ///
    /// # Errors
    /// The lock's file cannot be written.
    pub fn acquire(database: &Path) -> Result<Option<Self>, Fault> {
        Ok(LockFile::Demo.lock(database)?.map(Self))
    }
}

/// Returns the folder that a demo's e-mails are written to: beside its database.
pub fn emails_folder(database: &Path) -> PathBuf {
    sibling(database, ".emails")
}

fn record(database: &Path) -> PathBuf {
    sibling(database, ".filled.json")
}

/// A file of the demo that is next to its database.
pub fn sibling(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_data_of_a_seed_and_size_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let day = || latest_first_day(folder.path(), (1, 50));
        assert_eq!(day(), None);
        for name in ["1-50-2025-03-01.csv", "1-50-2025-11-02.csv", "1-50-2025-12-01.part", "1-500-2025-12-02.csv", "1-50-x.csv"] {
            fs::write(folder.path().join(format!("retailer-{name}")), "").unwrap();
        }
        assert_eq!(day().as_deref(), Some("2025-11-02"));
        assert_eq!(latest_first_day(&folder.path().join("absent"), (1, 50)), None);
    }

    #[test]
    fn one_demo_fills_a_database_at_a_time() {
        let database = std::env::temp_dir().join(format!("entrepot-filling-{}.sqlite", std::process::id()));
        let first = FillLock::acquire(&database).unwrap();
        assert!(first.is_some() && FillLock::acquire(&database).unwrap().is_none());
        drop(first);
        assert!(FillLock::acquire(&database).unwrap().is_some());
        fs::remove_file(LockFile::Demo.path(&database)).unwrap();
    }
}
