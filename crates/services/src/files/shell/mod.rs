//! Making files, sending and fetching their bytes, taking them away.

mod logos;
mod mark;
mod pictures;
mod upload_slots;
mod receive;
mod results;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use entity::prelude::*;
use iam::access::{Changed, Permit, kind};
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

pub use logos::LogoError;
pub use pictures::{DRAW, Draw};
pub use results::{Made, Writer};

use super::{
    core::{
        Area, File, Purpose, State,
        limits::{FETCH_SECONDS, TENANT_BYTES, UPLOAD_SECONDS},
        link::{Link, Signer, Size, Verb},
        safe_name,
    },
    imports, rows,
    store::{Bytestream, FileLocation, Store, StoreError},
};
use crate::files::events;

/// Why something about a file came to nothing: nothing was kept.
#[derive(Debug)]
pub enum FileError {
    /// There is no such file, or the link is not good.
    NotFound,
    /// The operator has suspended the tenant.
    Suspended,
    /// Its bytes have come before, or its time is over.
    NotAwaited,
    /// Its bytes have not come yet, or its time is over.
    NotReady,
    NoName,
    /// A name of which nothing can be kept.
    OddName,
    NoBytes,
    TooLarge {
        most: u64,
    },
    /// All files of the tenant together would be more than this.
    Quota {
        most: u64,
    },
    /// The bytes are nothing that files of this purpose may be.
    WrongKind(Purpose),
    /// The picture is so large that it would not be drawn.
    TooManyPixels(Area),
    /// It belongs to something already.
    Held,
    /// They did not come whole.
    Broken,
    /// They came so slowly that their place was given to others.
    TooSlow,
    /// So many uploads run already, of whom it says.
    Crowded {
        whose: &'static str,
        most: usize,
    },
    /// So many uploads run on this node that there is no place for one more.
    Busy,
    /// There is no room where files are kept.
    Full,
    /// Where files are kept cannot be reached.
    Away,
    Fault(Fault),
}
impl From<Fault> for FileError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::NotReady,
            StoreError::Full => Self::Full,
            StoreError::Away(why) => {
                tracing::error!(why, "where files are kept cannot be reached");
                Self::Away
            }
        }
    }
}

/// A file as it is wanted.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub purpose: Purpose,
    pub name: String,
    /// How many bytes will come, where that is known.
    pub size: Option<i64>,
}

/// A file and its bytes.
pub struct Opened {
    pub file: File,
    pub bytes: Bytestream,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    audit_writer: AuditWriter,
    signer: Signer,
    location: RwLock<(FileLocation, Option<Store>)>,
    /// The store lacks the mark of the deployment's: what is written here, other processes would not find.
    strange: AtomicBool,
    uploads: upload_slots::UploadSlots,
    /// Pictures are drawn one at a time: each takes much memory.
    drawing: tokio::sync::Semaphore,
}

/// Files that are taken away before others are looked for.
const PAGE: i64 = 200;
/// Files whose bytes cannot be removed, in one run. They are read with each page, so it is less than one.
const MOST_PASSED: usize = 20;

impl Files {
    pub fn new(db: Database, clock: Clock, audit_writer: AuditWriter, signer: Signer, location: FileLocation) -> Self {
        Self(Arc::new(Inner {
            db,
            clock,
            audit_writer,
            signer,
            location: RwLock::new((location, None)),
            strange: AtomicBool::new(false),
            uploads: upload_slots::UploadSlots::default(),
            drawing: tokio::sync::Semaphore::new(1),
        }))
    }
    /// Keeps files there from now on. Said at the start, before the first one.
    pub fn keep_in(&self, location: FileLocation) {
        *self.0.location.write().unwrap_or_else(PoisonError::into_inner) = (location, None);
    }
    /// Opens where they are kept, to find out at the start that it is not there. Of a bucket only the settings are looked at.
    pub fn look(&self) -> Result<(), StoreError> {
        self.store().map(drop)
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The store, opened when it is first needed: a node that keeps no files needs no folder.
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        if let (_, Some(store)) = &*self.0.location.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(store.clone());
        }
        let mut location = self.0.location.write().unwrap_or_else(PoisonError::into_inner);
        let store = Store::open(&location.0)?;
        location.1 = Some(store.clone());
        Ok(store)
    }

    /// The store, to change what it holds. Refused where it is not the one that the deployment's other processes use.
    pub(super) fn store_to_change(&self) -> Result<Store, StoreError> {
        if self.0.strange.load(Ordering::Relaxed) {
            return Err(StoreError::Away("it is not the file store of this deployment; /readyz says more".to_owned()));
        }
        self.store()
    }

    /// The store of this deployment, for exports that lie in it as they are: no row is kept of what is written there.
    pub fn deployment_store(&self) -> Result<Store, StoreError> {
        self.store_to_change()
    }

    /// Makes a file whose bytes are still to come, and the link that they are to be sent to.
    pub async fn create(&self, permit: Permit<kind::FileWrite>, new: NewFile) -> Result<Changed<(File, String)>, FileError> {
        let most = new.purpose.most_bytes();
        let odd = if new.name.trim().is_empty() { FileError::NoName } else { FileError::OddName };
        let name = safe_name(&new.name).ok_or(odd)?;
        match new.size {
            Some(size) if size <= 0 => return Err(FileError::NoBytes),
            Some(size) if size.unsigned_abs() > most => return Err(FileError::TooLarge { most }),
            _ => {}
        }
        let file = self.blank(permit.tenant(), (permit.actor(), permit.caller().key), new.purpose, name, UPLOAD_SECONDS * 24);
        let mut work = permit.scope(&self.0.db).begin().await?;
        if rows::held(&work).await?.saturating_add(new.size.unwrap_or(1)).unsigned_abs() > TENANT_BYTES {
            work.rollback().await?;
            return Err(FileError::Quota { most: TENANT_BYTES });
        }
        rows::add(&work, &file).await?;
        let seq = journal::append(&mut work, vec![file_event(events::FILE_CREATED, &file)], self.0.clock.now()).await?;
        work.commit().await?;
        let link = self.link(Verb::Send, &file, UPLOAD_SECONDS);
        Ok(Changed { value: (file, link), seq })
    }

    fn blank(
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

    fn link(&self, verb: Verb, file: &File, seconds: i64) -> String {
        self.link_to(verb, (file.tenant, file.id), seconds)
    }

    fn link_to(&self, verb: Verb, (tenant, file): (TenantId, FileId), seconds: i64) -> String {
        let until = self.0.clock.now().plus_seconds(seconds);
        let token = self.0.signer.sign(&Link { verb, tenant, file, until });
        format!("/files/{token}")
    }

    /// The same for a file that was made ready and need not be read for it. What has gone since, the link does not find.
    pub fn fetch_link_of(&self, tenant: TenantId, file: FileId) -> String {
        self.link_to(Verb::Fetch(Size::Original), (tenant, file), FETCH_SECONDS)
    }

    /// A link that the bytes of a file can be fetched by for a quarter of an hour. Whoever hands it out has looked who may see it.
    pub fn fetch_link(&self, file: &File) -> Option<String> {
        (file.state == State::Ready).then(|| self.link(Verb::Fetch(Size::Original), file, FETCH_SECONDS))
    }

    /// A link that the bytes of a file can be sent by, while they are awaited. Whoever hands it out has looked who may send them.
    pub fn send_link(&self, file: &File) -> Option<String> {
        (file.state == State::Awaited).then(|| self.link(Verb::Send, file, UPLOAD_SECONDS))
    }

    /// A file of the caller's own tenant.
    pub async fn find<P>(&self, permit: &Permit<P>, id: FileId) -> Result<Option<File>, Fault> {
        self.of_tenant(permit.tenant(), id).await
    }
    /// A file, for who works for its tenant.
    pub async fn of_tenant(&self, tenant: TenantId, id: FileId) -> Result<Option<File>, Fault> {
        Ok(rows::by_ids(&self.0.db.tenant(tenant), &[id]).await?.pop())
    }

    /// The file of a link, while its tenant is served.
    async fn linked(&self, tenant: TenantId, id: FileId) -> Result<File, FileError> {
        let file = self.of_tenant(tenant, id).await?.ok_or(FileError::NotFound)?;
        if is_suspended(&self.0.db.tenant(tenant)).await? {
            return Err(FileError::Suspended);
        }
        Ok(file)
    }

    /// What a link leads to.
    pub async fn fetch(&self, token: &str) -> Result<Opened, FileError> {
        let fetch = Verb::Fetch(Size::Original);
        let link = self.0.signer.open(token, fetch, self.0.clock.now()).ok_or(FileError::NotFound)?;
        let file = self.linked(link.tenant, link.file).await?;
        if let Verb::Fetch(size) = link.verb
            && let Some(opened) = self.thumbnail(&file, size).await?
        {
            return Ok(opened);
        }
        let bytes = self.read(&file).await?;
        Ok(Opened { file, bytes })
    }

    /// The bytes of a file.
    pub async fn read(&self, file: &File) -> Result<Bytestream, FileError> {
        let blob = file.blob.as_deref().ok_or(FileError::NotReady)?;
        Ok(self.store()?.read(blob).await?)
    }

    /// Takes files away whose time is over: bytes first, so that none stay that nobody names. Says how many. A file whose bytes cannot be removed is
    /// passed over, and the run fails at its end; after so many of them the store is taken to be away, and it ends at once.
    pub async fn forget_old(&self) -> Result<usize, Fault> {
        let (global, mut forgotten) = (self.0.db.global(), 0);
        let (mut passed, mut last) = (Vec::<FileId>::new(), None);
        loop {
            let page = rows::expired(&global, self.0.clock.now(), PAGE).await?;
            for file in &page {
                if passed.contains(&file.id) {
                    continue;
                }
                if let Err(error) = self.remove_bytes(file).await {
                    tracing::error!(file = %file.id, ?error, "the bytes of a file cannot be removed");
                    passed.push(file.id);
                    if passed.len() == MOST_PASSED {
                        return Err(error);
                    }
                    last = Some(error);
                    continue;
                }
                let work = global.maintenance_for(file.tenant).await?;
                rows::change(&work, &File { state: State::Gone, blob: None, ..file.clone() }).await?;
                work.commit().await?;
                forgotten += 1;
            }
            if page.len() < PAGE as usize {
                return last.map_or(Ok(forgotten), Err);
            }
        }
    }

    /// Removes the files that killed imports of tenants have left; of how many tenants. None while an import runs, and none where the store is not the
    /// deployment's.
    pub async fn forget_killed_imports(&self) -> Result<usize, Fault> {
        let location = self.0.location.read().unwrap_or_else(PoisonError::into_inner).0.clone();
        let noted = imports::has_imports(&location).await;
        let noted = noted.map_err(|error| Fault::Broken(format!("the files of imports in {location}: {error}")))?;
        if !noted || self.0.strange.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let Some(lock) = self.0.db.lock_imports().await? else { return Ok(0) };
        let removed = imports::remove_killed_imports(&self.0.db, &location, &lock).await;
        lock.release().await;
        removed
    }

    /// Whatever was ever sent for a file.
    async fn remove_bytes(&self, file: &File) -> Result<u64, Fault> {
        let removed = async { self.store_to_change()?.remove_all(&folder(file)).await };
        removed.await.map_err(|error| Fault::Broken(format!("the bytes of {}: {error}", file.id)))
    }
}

/// Where all that is sent for a file lies.
fn folder(file: &File) -> String {
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

/// Makes a file ready in a transaction of its own room: an event, the quota looked at behind the counter's lock, the row.
async fn settle(work: &mut Work, after: &File, now: Timestamp) -> Result<(), FileError> {
    // The counter's row is locked by this: two files that come at once are counted one after the other.
    journal::append(work, vec![file_event(events::FILE_UPLOADED, after)], now).await?;
    if rows::held(work).await?.saturating_add(after.size).unsigned_abs() > TENANT_BYTES {
        return Err(FileError::Quota { most: TENANT_BYTES });
    }
    Ok(rows::change(work, after).await?)
}
