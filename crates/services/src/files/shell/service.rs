//! The service of files: creates, finds and removes them.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use entity::prelude::*;
use iam::access::{ChangedValue, Permit, kind};
use platform::{
    audit::AuditWriter,
    clock::Clock,
    storage::{
        Database, Fault, Work,
        events::EventType,
        is_suspended,
        journal::{self, NewEvent},
    },
};

use super::{error::FileError, upload_slots::UploadSlots};
use crate::files::{
    core::{
        File, Purpose, State,
        limits::{DOWNLOAD_LINK_SECONDS, TENANT_BYTES, UPLOAD_LINK_SECONDS},
        link::{Link, LinkPurpose, Signer, Size},
        safe_name,
    },
    events, imports, rows,
    store::{Bytestream, FileLocation, Store, StoreError},
};

/// Input of a file.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub purpose: Purpose,
    pub name: String,
    /// Number of bytes that will be uploaded, if it is known.
    pub size: Option<i64>,
}

/// A file and its bytes.
pub struct OpenedFile {
    pub file: File,
    pub bytes: Bytestream,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Files(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) audit_writer: AuditWriter,
    pub(super) signer: Signer,
    location: RwLock<(FileLocation, Option<Store>)>,
    /// The store lacks the mark of the deployment's store: other processes would not find files
    /// that are written here.
    pub(super) lacks_mark: AtomicBool,
    pub(super) uploads: UploadSlots,
    /// Pictures are drawn one at a time: each takes much memory.
    pub(super) drawing: tokio::sync::Semaphore,
}

/// Page size of files that are removed.
const PAGE: i64 = 200;
/// Maximum files of a run whose bytes cannot be removed. They are read with each page, so this is
/// less than a page.
const MAX_PASSED: usize = 20;

impl Files {
    pub fn new(db: Database, clock: Clock, audit_writer: AuditWriter, signer: Signer, location: FileLocation) -> Self {
        Self(Arc::new(Inner {
            db,
            clock,
            audit_writer,
            signer,
            location: RwLock::new((location, None)),
            lacks_mark: AtomicBool::new(false),
            uploads: UploadSlots::default(),
            drawing: tokio::sync::Semaphore::new(1),
        }))
    }
    /// Sets the location of the files. Called at the start, before the first file is used.
    pub fn set_location(&self, location: FileLocation) {
        *self.0.location.write().unwrap_or_else(PoisonError::into_inner) = (location, None);
    }
    /// Opens the store, so that a missing one is found at the start. Only the settings of a bucket
    /// are checked.
    pub fn check_location(&self) -> Result<(), StoreError> {
        self.store().map(drop)
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the store, opened on first use: a node that stores no files needs no folder.
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        if let (_, Some(store)) = &*self.0.location.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(store.clone());
        }
        let mut location = self.0.location.write().unwrap_or_else(PoisonError::into_inner);
        let store = Store::open(&location.0)?;
        location.1 = Some(store.clone());
        Ok(store)
    }

    /// Returns the store for writing. Refused if it is not the one that the deployment's other
    /// processes use.
    pub(super) fn writable_store(&self) -> Result<Store, StoreError> {
        if self.0.lacks_mark.load(Ordering::Relaxed) {
            return Err(StoreError::Away("it is not the file store of this deployment; /readyz says more".to_owned()));
        }
        self.store()
    }

    /// Returns the store of this deployment for exports, whose files have no rows.
    pub fn deployment_store(&self) -> Result<Store, StoreError> {
        self.writable_store()
    }

    /// Creates a file whose bytes are not uploaded yet, and its upload link.
    pub async fn create(
        &self,
        permit: Permit<kind::FileWrite>,
        request: NewFile,
    ) -> Result<ChangedValue<(File, String)>, FileError> {
        let limit = request.purpose.max_bytes();
        let name_error = if request.name.trim().is_empty() { FileError::NoName } else { FileError::OddName };
        let name = safe_name(&request.name).ok_or(name_error)?;
        match request.size {
            Some(size) if size <= 0 => return Err(FileError::NoBytes),
            Some(size) if size.unsigned_abs() > limit => return Err(FileError::TooLarge { most: limit }),
            _ => {}
        }
        let file = self.new_file(
            permit.tenant(),
            (permit.actor(), permit.caller().key),
            request.purpose,
            name,
            UPLOAD_LINK_SECONDS * 24,
        );
        let mut work = permit.scope(&self.0.db).begin().await?;
        if rows::total_bytes(&work).await?.saturating_add(request.size.unwrap_or(1)).unsigned_abs() > TENANT_BYTES {
            work.rollback().await?;
            return Err(FileError::Quota { most: TENANT_BYTES });
        }
        rows::add(&work, &file).await?;
        let seq = journal::append(&mut work, vec![file_event(events::FILE_CREATED, &file)], self.0.clock.now()).await?;
        work.commit().await?;
        let link = self.link(LinkPurpose::Send, &file, UPLOAD_LINK_SECONDS);
        Ok(ChangedValue { value: (file, link), seq })
    }

    pub(super) fn new_file(
        &self,
        tenant: TenantId,
        (maker, key): (Actor, Option<ApiKeyId>),
        purpose: Purpose,
        name: String,
        seconds: i64,
    ) -> File {
        let now = self.0.clock.now();
        File {
            tenant,
            id: self.0.clock.id(),
            purpose,
            name,
            media_type: String::new(),
            size: 0,
            sha256: None,
            blob: None,
            state: State::Awaited,
            maker,
            key,
            created_at: now,
            ready_at: None,
            expires_at: Some(now.plus_seconds(seconds)),
            area: None,
            thumbnails: None,
        }
    }

    pub(super) fn link(&self, verb: LinkPurpose, file: &File, seconds: i64) -> String {
        self.link_to(verb, (file.tenant, file.id), seconds)
    }

    fn link_to(&self, verb: LinkPurpose, (tenant, file): (TenantId, FileId), seconds: i64) -> String {
        let until = self.0.clock.now().plus_seconds(seconds);
        let token = self.0.signer.sign(&Link { verb, tenant, file, until });
        format!("/files/{token}")
    }

    /// Returns the same link for a file that is known to be ready, without reading it. If the file
    /// has been removed since, the link finds nothing.
    pub fn fetch_link_of(&self, tenant: TenantId, file: FileId) -> String {
        self.link_to(LinkPurpose::Fetch(Size::Original), (tenant, file), DOWNLOAD_LINK_SECONDS)
    }

    /// Returns a link that downloads a file, valid for a quarter of an hour. The caller has checked
    /// the right to see it.
    pub fn fetch_link(&self, file: &File) -> Option<String> {
        (file.state == State::Ready).then(|| self.link(LinkPurpose::Fetch(Size::Original), file, DOWNLOAD_LINK_SECONDS))
    }

    /// Returns a link that uploads the bytes of a file, while they are awaited. The caller has
    /// checked the right to send them.
    pub fn send_link(&self, file: &File) -> Option<String> {
        (file.state == State::Awaited).then(|| self.link(LinkPurpose::Send, file, UPLOAD_LINK_SECONDS))
    }

    /// Reads a file of the caller's tenant.
    pub async fn find<P>(&self, permit: &Permit<P>, id: FileId) -> Result<Option<File>, Fault> {
        self.find_of_tenant(permit.tenant(), id).await
    }
    /// Reads a file of a tenant, for its jobs.
    pub async fn find_of_tenant(&self, tenant: TenantId, id: FileId) -> Result<Option<File>, Fault> {
        Ok(rows::by_ids(&self.0.db.tenant(tenant), &[id]).await?.pop())
    }

    /// Reads the file of a link, unless its tenant is suspended.
    pub(super) async fn file_of_link(&self, tenant: TenantId, id: FileId) -> Result<File, FileError> {
        let file = self.find_of_tenant(tenant, id).await?.ok_or(FileError::NotFound)?;
        if is_suspended(&self.0.db.tenant(tenant)).await? {
            return Err(FileError::Suspended);
        }
        Ok(file)
    }

    /// Returns the file, or the small version of a picture, that a link names.
    pub async fn fetch(&self, token: &str) -> Result<OpenedFile, FileError> {
        let fetch = LinkPurpose::Fetch(Size::Original);
        let link = self.0.signer.open(token, fetch, self.0.clock.now()).ok_or(FileError::NotFound)?;
        let file = self.file_of_link(link.tenant, link.file).await?;
        if let LinkPurpose::Fetch(size) = link.verb
            && let Some(thumbnail_file) = self.thumbnail(&file, size).await?
        {
            return Ok(thumbnail_file);
        }
        let bytes = self.read(&file).await?;
        Ok(OpenedFile { file, bytes })
    }

    /// The bytes of a file.
    pub async fn read(&self, file: &File) -> Result<Bytestream, FileError> {
        let blob = file.blob.as_deref().ok_or(FileError::NotReady)?;
        Ok(self.store()?.read(blob).await?)
    }

    /// Removes expired files, their bytes first, so that no bytes stay without a row; returns the
    /// number. A file whose bytes cannot be removed is skipped, and the run fails at its end; after
    /// `MAX_PASSED` of them the store counts as unavailable, and the run ends at once.
    pub async fn delete_expired_files(&self) -> Result<usize, Fault> {
        let (global, mut forgotten_count) = (self.0.db.global(), 0);
        let (mut failed_ids, mut last_error) = (Vec::<FileId>::new(), None);
        loop {
            let page = rows::expired_files(&global, self.0.clock.now(), PAGE).await?;
            for file in &page {
                if failed_ids.contains(&file.id) {
                    continue;
                }
                if let Err(error) = self.remove_bytes(file).await {
                    tracing::error!(file = %file.id, ?error, "the bytes of a file cannot be removed");
                    failed_ids.push(file.id);
                    if failed_ids.len() == MAX_PASSED {
                        return Err(error);
                    }
                    last_error = Some(error);
                    continue;
                }
                let work = global.maintenance_for(file.tenant).await?;
                rows::change(&work, &File { state: State::Gone, blob: None, ..file.clone() }).await?;
                work.commit().await?;
                forgotten_count += 1;
            }
            if page.len() < PAGE as usize {
                return last_error.map_or(Ok(forgotten_count), Err);
            }
        }
    }

    /// Removes the files that killed imports of tenants have left; returns the number of tenants.
    /// `None` while an import runs, or if the store is not the deployment's.
    pub async fn remove_killed_import_files(&self) -> Result<usize, Fault> {
        let location = self.0.location.read().unwrap_or_else(PoisonError::into_inner).0.clone();
        let has_notes = imports::has_imports(&location).await;
        let has_notes = has_notes.map_err(|error| Fault::Broken(format!("the files of imports in {location}: {error}")))?;
        if !has_notes || self.0.lacks_mark.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let Some(lock) = self.0.db.lock_imports().await? else { return Ok(0) };
        let outcome = imports::remove_killed_imports(&self.0.db, &location, &lock).await;
        lock.release().await;
        outcome
    }

    /// Removes all bytes that were ever uploaded for a file.
    pub(super) async fn remove_bytes(&self, file: &File) -> Result<u64, Fault> {
        let removal = async { self.writable_store()?.remove_all(&folder(file)).await };
        removal.await.map_err(|error| Fault::Broken(format!("the bytes of {}: {error}", file.id)))
    }
}

/// Returns the folder of a file's uploads.
pub(super) fn folder(file: &File) -> String {
    format!("{}/{}", file.tenant, file.id)
}

fn file_event(kind: EventType<events::FileChanged>, file: &File) -> NewEvent {
    kind.event(&events::FileChanged {
        id: file.id,
        purpose: file.purpose.as_str().to_owned(),
        state: file.state.as_str().to_owned(),
        size: file.size,
    })
}

/// Makes a file ready in the caller's transaction: an event, the quota (checked under the counter's
/// lock), the row.
pub(super) async fn make_ready(work: &mut Work, after: &File, now: Timestamp) -> Result<(), FileError> {
    // This locks the counter's row, so that concurrent uploads are counted one after the other.
    journal::append(work, vec![file_event(events::FILE_UPLOADED, after)], now).await?;
    if rows::total_bytes(work).await?.saturating_add(after.size).unsigned_abs() > TENANT_BYTES {
        return Err(FileError::Quota { most: TENANT_BYTES });
    }
    Ok(rows::change(work, after).await?)
}
