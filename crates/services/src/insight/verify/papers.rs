//! Papers as they are stored: the bytes of a file that a paper names are those that were drawn.
//!
//! Rows alone cannot tell: whoever knows where files are kept asks for this beside the proof of the rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::file,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::storage::{Database, Fault, Finds};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    TenantRow,
    report::{Broken, Line, Report},
    tenants,
};
use crate::files::{FileLocation, Store, StoreError};

pub(super) const BYTES: &str = "paper: what is stored of its files has the hashes that it names";
/// Files whose rows are read at once.
const PAGE: i64 = 2_000;
/// Files whose bytes are read at once: a store that is far away answers each by itself no faster than one.
const AT_ONCE: usize = 16;

/// Which papers' files are read, and where they are kept.
#[derive(Debug, Clone, Copy)]
pub struct StoredPapers<'a> {
    pub location: &'a FileLocation,
    /// Of this tenant alone; None: of all.
    pub tenant: Option<TenantId>,
    /// The newest files of each tenant, so many; None: all of them.
    pub most: Option<u32>,
}

impl<'a> StoredPapers<'a> {
    /// All that are kept there.
    pub fn all(location: &'a FileLocation) -> Self {
        Self { location, tenant: None, most: None }
    }
}

/// A file of a paper.
#[derive(Record)]
struct PaperFile {
    #[record(of = file, alias = "f")]
    id: FileId,
    #[record(sql = "h.paper_id")]
    paper: PaperId,
    #[record(of = file, alias = "f", not_null)]
    blob: String,
    #[record(sql = "h.sha256")]
    sha256: String,
}

/// How far the files have been read.
struct Reading<'a> {
    of: StoredPapers<'a>,
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

/// Reads the files of papers that are kept there, the newest first, and adds to the report whether they are what was drawn. Bytes that are not there prove
/// nothing: they are taken away shortly before their row says so.
pub async fn verify_papers(
    db: &Database,
    of: StoredPapers<'_>,
    report: &mut Report,
    progress: impl Fn(&str),
    told: impl Fn(&Line),
) -> Result<(), Fault> {
    let location = of.location;
    let mut reading = Reading { of, store: None, files: 0, missing: 0, broken: None };
    let mut unproven = None;
    for TenantRow { id: tenant, slug } in tenants(db).await? {
        if of.tenant.is_some_and(|only| only != tenant) {
            continue;
        }
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
        let mut before = FileId::from_uuid(Uuid::max());
        let mut left = self.of.most.map_or(i64::MAX, i64::from);
        while left > 0 {
            let page = page(db, tenant, (before, left.min(PAGE))).await?;
            let Some(last) = page.last() else { return Ok(()) };
            (before, left) = (last.id, left - page.len() as i64);
            let store = self.store()?;
            let reading: Vec<_> = page.iter().map(|file| hash(store, &file.blob)).collect();
            let hashes: Vec<Option<String>> = stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
            for (file, found) in page.iter().zip(hashes) {
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
        Ok(())
    }

    /// A folder that is not there is not made: this only reads.
    fn store(&mut self) -> Result<&Store, StoreError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => match self.of.location {
                FileLocation::Folder(folder) if !folder.exists() => {
                    return Err(StoreError::Away("there is no such folder".to_owned()));
                }
                location => Store::open(location)?,
            },
        };
        Ok(&*self.store.insert(store))
    }
}

/// Files of a tenant's papers whose bytes are kept, those before a file by their ids, the last first.
async fn page(db: &Database, tenant: TenantId, (before, most): (FileId, i64)) -> Result<Vec<PaperFile>, Fault> {
    let sql = format!(
        "SELECT {} FROM (SELECT id AS paper_id, html_file_id AS file_id, html_sha256 AS sha256 FROM paper WHERE tenant_id = $1
               UNION ALL SELECT id, pdf_file_id, pdf_sha256 FROM paper WHERE tenant_id = $1 AND pdf_file_id IS NOT NULL) h
         JOIN file f ON f.tenant_id = $1 AND f.id = h.file_id
         WHERE f.state = 'READY' AND f.blob IS NOT NULL AND f.id < $2 ORDER BY f.id DESC LIMIT $3",
        PaperFile::SELECT
    );
    db.tenant(tenant).records(&sql, vec![before.into(), most.into()]).await
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
