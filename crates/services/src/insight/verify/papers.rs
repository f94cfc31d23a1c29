//! Papers as they are stored: a paper's file has the bytes that were rendered.
//!
//! Rows alone cannot prove it: a caller that knows the file store runs this in addition to the
//! proof of the rows.

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
    report::{Line, Report, Violation},
    tenants::{TenantRow, load_tenants},
};
use crate::files::{FileLocation, Store, StoreError};

pub(super) const BYTES: &str = "paper: the stored bytes of its files have the hashes that it states";
/// Files whose rows are read at once.
const PAGE: i64 = 2_000;
/// Files whose bytes are read at once, to hide the latency of a remote store.
const FILES_AT_ONCE: usize = 16;

/// Selection of papers whose files are verified, and their location.
#[derive(Debug, Clone, Copy)]
pub struct StoredPapers<'a> {
    pub location: &'a FileLocation,
    /// Only this tenant's files; None for all tenants.
    pub tenant: Option<TenantId>,
    /// Maximum files of each tenant, the newest first; None for all.
    pub most: Option<u32>,
}

impl<'a> StoredPapers<'a> {
    /// All papers that are stored there.
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

/// Progress of the verification.
struct VerificationProgress<'a> {
    papers: StoredPapers<'a>,
    /// Opened for the first file.
    store: Option<Store>,
    files: u64,
    missing: u64,
    broken: Option<(TenantId, Violation)>,
}

/// Reasons to stop reading.
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

/// Reads the files of papers at that location, the newest first, and adds to the report whether
/// they have the bytes that were rendered. Missing bytes prove nothing: they are deleted shortly
/// before the row records it.
pub async fn verify_papers(
    db: &Database,
    stored_papers: StoredPapers<'_>,
    report: &mut Report,
    progress: impl Fn(&str),
    on_line: impl Fn(&Line),
) -> Result<(), Fault> {
    let location = stored_papers.location;
    let mut reading = VerificationProgress { papers: stored_papers, store: None, files: 0, missing: 0, broken: None };
    let mut unproven = None;
    for TenantRow { id: tenant, slug } in load_tenants(db).await? {
        if stored_papers.tenant.is_some_and(|selected_tenant| selected_tenant != tenant) {
            continue;
        }
        progress(&format!("{slug}: files of papers"));
        match reading.check_tenant(db, tenant).await {
            Ok(()) => {}
            Err(Stop::Store(error)) => {
                unproven = Some(format!("{location}: {error}"));
                break;
            }
            Err(Stop::Fault(fault)) if fault.is_corrupt_row() => {
                let broken = Violation::unreadable("file", "one of its rows", &fault);
                reading.broken = reading.broken.take().or(Some((tenant, broken)));
            }
            Err(Stop::Fault(fault)) => return Err(fault),
        }
    }
    let VerificationProgress { files: rows, missing, broken, .. } = reading;
    if missing > 0 && unproven.is_none() {
        unproven = Some(format!("{location}: {missing} file(s) are not there"));
    }
    on_line(report.push(Line { invariant: BYTES, rows, broken, unproven }));
    Ok(())
}

impl VerificationProgress<'_> {
    async fn check_tenant(&mut self, db: &Database, tenant: TenantId) -> Result<(), Stop> {
        let mut before = FileId::from_uuid(Uuid::max());
        let mut remaining = self.papers.most.map_or(i64::MAX, i64::from);
        while remaining > 0 {
            let page = load_page(db, tenant, (before, remaining.min(PAGE))).await?;
            let Some(last) = page.last() else { return Ok(()) };
            (before, remaining) = (last.id, remaining - page.len() as i64);
            let store = self.store()?;
            let hash_futures: Vec<_> = page.iter().map(|file| hash(store, &file.blob)).collect();
            let hashes: Vec<Option<String>> = stream::iter(hash_futures).buffered(FILES_AT_ONCE).try_collect().await?;
            for (file, found) in page.iter().zip(hashes) {
                self.files += 1;
                match found {
                    None => self.missing += 1,
                    Some(found) if found != file.sha256 && self.broken.is_none() => {
                        let expected = format!("bytes whose hash is {}", file.sha256);
                        let key = format!("{} of {}", file.id, file.paper);
                        self.broken = Some((tenant, Violation { table: "file", key, expected, found }));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Opens the store; a missing folder is not created, because this only reads.
    fn store(&mut self) -> Result<&Store, StoreError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => match self.papers.location {
                FileLocation::Folder(folder) if !folder.exists() => {
                    return Err(StoreError::Away("there is no such folder".to_owned()));
                }
                location => Store::open(location)?,
            },
        };
        Ok(&*self.store.insert(store))
    }
}

/// Stored files of a tenant's papers with IDs before `before`, in descending order.
async fn load_page(db: &Database, tenant: TenantId, (before, limit): (FileId, i64)) -> Result<Vec<PaperFile>, Fault> {
    let sql = format!(
        "SELECT {} FROM (SELECT id AS paper_id, html_file_id AS file_id, html_sha256 AS sha256 FROM paper WHERE tenant_id = $1
               UNION ALL SELECT id, pdf_file_id, pdf_sha256 FROM paper WHERE tenant_id = $1 AND pdf_file_id IS NOT NULL) h
         JOIN file f ON f.tenant_id = $1 AND f.id = h.file_id
         WHERE f.state = 'READY' AND f.blob IS NOT NULL AND f.id < $2 ORDER BY f.id DESC LIMIT $3",
        PaperFile::SELECT
    );
    db.tenant(tenant).records(&sql, vec![before.into(), limit.into()]).await
}

/// The hash of an object's bytes, in hex; None if they are missing.
async fn hash(store: &Store, blob: &str) -> Result<Option<String>, StoreError> {
    let mut bytes = match store.read(blob).await {
        Err(StoreError::Missing) => return Ok(None),
        opened => opened?,
    };
    let mut hasher = Sha256::new();
    while let Some(chunk) = bytes.next().await {
        hasher.update(&chunk?);
    }
    Ok(Some(hex::encode(hasher.finalize())))
}
