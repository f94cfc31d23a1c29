//! Papers as they are stored: the bytes of a file that a paper names are those that were drawn.
//!
//! Rows alone cannot tell: whoever knows where files are kept asks for this beside the proof of the rows.

use entity::prelude::*;
use futures_util::StreamExt;
use platform::storage::{Database, Fault, Reads, Row};
use sha2::{Digest as _, Sha256};

use super::{
    TenantRow,
    report::{Broken, Line, Report},
    tenants,
};
use crate::files::{FileLocation, Store, StoreError};

pub(super) const BYTES: &str = "paper: what is stored of its files has the hashes that it names";
/// Files whose rows are read at once.
const PAGE: i64 = 2_000;

/// A file of a paper.
struct PaperFile {
    id: FileId,
    paper: PaperId,
    blob: String,
    sha256: String,
}

/// How far the files have been read.
struct Reading<'a> {
    location: &'a FileLocation,
    /// Opened for the first file.
    store: Option<Store>,
    files: u64,
    missing: u64,
    broken: Option<(TenantId, Broken)>,
}

/// Why no more is read.
enum Stop {
    Fault(Fault),
    Store(StoreError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads the files of all papers that are kept there, and adds to the report whether they are what was drawn. Bytes that are not there prove
/// nothing: they are taken away shortly before their row says so.
pub async fn verify_papers(
    db: &Database,
    location: &FileLocation,
    report: &mut Report,
    progress: impl Fn(&str),
    told: impl Fn(&Line),
) -> Result<(), Fault> {
    let mut reading = Reading { location, store: None, files: 0, missing: 0, broken: None };
    let mut unproven = None;
    for TenantRow { id: tenant, slug } in tenants(db).await? {
        progress(&format!("{slug}: files of papers"));
        match reading.tenant(db, tenant).await {
            Ok(()) => {}
            Err(Stop::Store(error)) => {
                unproven = Some(format!("{location}: {error}"));
                break;
            }
            Err(Stop::Fault(fault)) if fault.is_of_rows() => {
                let broken = Broken::unreadable("file", "one of its rows", &fault);
                reading.broken = reading.broken.take().or(Some((tenant, broken)));
            }
            Err(Stop::Fault(fault)) => return Err(fault),
        }
    }
    let Reading { files: rows, missing, broken, .. } = reading;
    if missing > 0 && unproven.is_none() {
        unproven = Some(format!("{location}: {missing} file(s) are not there"));
    }
    told(report.push(Line { invariant: BYTES, rows, broken, unproven }));
    Ok(())
}

impl Reading<'_> {
    async fn tenant(&mut self, db: &Database, tenant: TenantId) -> Result<(), Stop> {
        let mut after = FileId::NIL;
        loop {
            let page = page(db, tenant, after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for file in page {
                let found = hash(self.store()?, &file.blob).await?;
                self.files += 1;
                match found {
                    None => self.missing += 1,
                    Some(found) if found != file.sha256 && self.broken.is_none() => {
                        let expected = format!("bytes whose hash is {}", file.sha256);
                        let key = format!("{} of {}", file.id, file.paper);
                        self.broken = Some((tenant, Broken { table: "file", key, expected, found }));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// A folder that is not there is not made: this only reads.
    fn store(&mut self) -> Result<&Store, StoreError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => match self.location {
                FileLocation::Folder(folder) if !folder.exists() => {
                    return Err(StoreError::Away("there is no such folder".to_owned()));
                }
                location => Store::open(location)?,
            },
        };
        Ok(&*self.store.insert(store))
    }
}

/// Files of a tenant's papers whose bytes are kept, in the order of their ids.
async fn page(db: &Database, tenant: TenantId, after: FileId) -> Result<Vec<PaperFile>, Fault> {
    let sql = "SELECT f.id, h.paper_id, f.blob, h.sha256
         FROM (SELECT id AS paper_id, html_file_id AS file_id, html_sha256 AS sha256 FROM paper WHERE tenant_id = $1
               UNION ALL SELECT id, pdf_file_id, pdf_sha256 FROM paper WHERE tenant_id = $1 AND pdf_file_id IS NOT NULL) h
         JOIN file f ON f.tenant_id = $1 AND f.id = h.file_id
         WHERE f.state = 'READY' AND f.blob IS NOT NULL AND f.id > $2 ORDER BY f.id LIMIT $3";
    let rows = db.tenant(tenant).rows(sql, vec![after.into(), PAGE.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(PaperFile { id: row.take()?, paper: row.take()?, blob: row.take()?, sha256: row.take()? })
        })
        .collect()
}

/// The hash of an object's bytes, in hex; None where they are not there.
async fn hash(store: &Store, blob: &str) -> Result<Option<String>, StoreError> {
    let mut bytes = match store.read(blob).await {
        Err(StoreError::Missing) => return Ok(None),
        opened => opened?,
    };
    let mut hasher = Sha256::new();
    while let Some(piece) = bytes.next().await {
        hasher.update(&piece?);
    }
    Ok(Some(hex::encode(hasher.finalize())))
}
