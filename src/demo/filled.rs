//! From what a demo's database was filled: a record beside it, by which a later start knows whether it is asked for the same data.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::config::Demo;

#[derive(Debug, Serialize, Deserialize)]
pub struct Filled {
    /// Of the data's uncompressed bytes.
    pub csv_sha256: String,
    /// How the data were asked for.
    pub asked: String,
    /// Whether all of the data came in and their totals were checked.
    pub is_complete: bool,
}

impl Filled {
    /// As a start begins to fill it.
    pub fn begun(csv_sha256: &str, args: &Demo) -> Self {
        let asked = match &args.data {
            Some(path) => format!("--data {}", path.display()),
            None => format!("--rows {} --seed {}", args.rows, args.seed),
        };
        Self { csv_sha256: csv_sha256.to_owned(), asked, is_complete: false }
    }

    /// None where there is none that can be read: then the data are sent, and what is there already is known again.
    pub fn read(database: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(beside(database)).ok()?).ok()
    }

    /// Kept whole or not at all.
    pub fn write(&self, database: &Path) -> io::Result<()> {
        let path = beside(database);
        let part = path.with_extension("part");
        fs::write(&part, serde_json::to_vec(self)?)?;
        fs::rename(&part, &path)
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".filled.json");
    name.into()
}
