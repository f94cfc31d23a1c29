//! Adding and removing pictures and documents of products.

use entity::prelude::*;
use iam::access::{ChangedValue, Permit, kind};
use platform::{
    clock::Clock,
    storage::{
        Database, Fault, Work, dry_run,
        events::EventType,
        idempotency::{self, InputDigest, Key, KeyProblem, KeyUse, hash_of},
        journal,
    },
};
use serde::Serialize;

use super::{
    core::{
        ALT_CHARACTERS, Document, Image, MAX_DOCUMENTS, Rejection, TITLE_CHARACTERS, positions_after_insert,
        positions_after_removal, positions_after_reorder,
    },
    rows,
};
use crate::files::{FileError, Files, core::Purpose};
use crate::media::events;

/// Error of a change of pictures or documents that wrote nothing.
#[derive(Debug)]
pub enum MediaError {
    Rejected(Rejection),
    BadKey(KeyProblem),
    /// The file cannot be used.
    File(FileError),
    Fault(Fault),
}
impl From<Rejection> for MediaError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
impl From<Fault> for MediaError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<FileError> for MediaError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            other => Self::File(other),
        }
    }
}

/// Input of a picture.
#[derive(Debug, Clone, Serialize)]
pub struct NewImage {
    #[serde(skip)]
    pub key: String,
    pub product: ProductId,
    pub file: FileId,
    pub alt: String,
    pub position: Option<i64>,
}

/// Input of a document.
#[derive(Debug, Clone, Serialize)]
pub struct NewDocument {
    #[serde(skip)]
    pub key: String,
    pub product: ProductId,
    pub file: FileId,
    pub title: String,
}

/// Result of a change, and whether it is the stored result of an earlier call with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaChange<I> {
    pub id: I,
    pub product: ProductId,
    pub replayed: bool,
    /// Pictures and documents of the product after a dry run; `None` for a call that wrote.
    pub would_be: Option<ProductMedia>,
}

/// All pictures and documents of a product, by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductMedia {
    pub images: Vec<Image>,
    pub documents: Vec<Document>,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    db: Database,
    clock: Clock,
    files: Files,
}

type Outcome<I> = Result<ChangedValue<MediaChange<I>>, MediaError>;

/// A transaction under an idempotency key.
struct KeyedWork {
    work: Work,
    key: Key,
}

/// State of a call that begins with a key.
enum CallStart<I> {
    Now(Box<KeyedWork>),
    /// Result of the first call with this key.
    Before(ChangedValue<MediaChange<I>>),
}

impl Media {
    pub fn new(db: Database, clock: Clock, files: Files) -> Self {
        Self { db, clock, files }
    }
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Adds a picture to a product; the file was uploaded by its maker.
    pub async fn image_add(&self, permit: Permit<kind::ProductWrite>, new: NewImage) -> Outcome<ImageId> {
        check_length(&new.alt, "alt", ALT_CHARACTERS)?;
        let keyed_work = match self.begin(&permit, ("productImageAdd", &new.key), hash_of(&new)).await? {
            CallStart::Before(replay) => return Ok(replay),
            CallStart::Now(keyed_work) => *keyed_work,
        };
        let outcome = self.add_image(&keyed_work.work, permit.actor(), &new).await;
        self.end(keyed_work, events::PRODUCT_IMAGES_CHANGED, outcome).await
    }

    async fn add_image(&self, work: &Work, actor: Actor, new: &NewImage) -> ChangeResult<ImageId> {
        check_product_exists(work, new.product).await?;
        let (position, shifted) = positions_after_insert(&rows::images_of(work, &[new.product]).await?, new.position)?;
        self.files.claim_upload(work, (new.file, Purpose::Image), actor).await?;
        let id = self.clock.id();
        let (alt, created_at) = (new.alt.clone(), self.clock.now());
        rows::update_positions(work, &shifted).await?;
        rows::add_image(work, &Image { id, product: new.product, file: new.file, position, alt, created_at }).await?;
        Ok((id, new.product))
    }

    /// Removes a picture. Its bytes are removed later.
    pub async fn image_remove(&self, permit: Permit<kind::ProductWrite>, key: &str, id: ImageId) -> Outcome<ImageId> {
        let keyed_work = match self.begin(&permit, ("productImageRemove", key), hash_of(&id)).await? {
            CallStart::Before(replay) => return Ok(replay),
            CallStart::Now(keyed_work) => *keyed_work,
        };
        let outcome = self.remove_image(&keyed_work.work, id).await;
        self.end(keyed_work, events::PRODUCT_IMAGES_CHANGED, outcome).await
    }

    async fn remove_image(&self, work: &Work, id: ImageId) -> ChangeResult<ImageId> {
        let stored_image = rows::images_by_id(work, &[id]).await?.pop();
        let image = stored_image.ok_or(Rejection::NotFound { what: "picture", field: "id" })?;
        let product_images = rows::images_of(work, &[image.product]).await?;
        rows::remove_image(work, id).await?;
        rows::update_positions(work, &positions_after_removal(&product_images, id)).await?;
        self.files.expire_file(work, image.file).await?;
        Ok((id, image.product))
    }

    /// Moves pictures of a product to the front, in this order.
    pub async fn image_reorder(
        &self,
        permit: Permit<kind::ProductWrite>,
        key: &str,
        (product, first): (ProductId, Vec<ImageId>),
    ) -> Outcome<ProductId> {
        let keyed_work = match self.begin(&permit, ("productImageReorder", key), hash_of(&(product, &first))).await? {
            CallStart::Before(replay) => return Ok(replay),
            CallStart::Now(keyed_work) => *keyed_work,
        };
        let outcome = reorder(&keyed_work.work, product, &first).await;
        self.end(keyed_work, events::PRODUCT_IMAGES_CHANGED, outcome).await
    }

    /// Adds a document to a product; the file was uploaded by its maker.
    pub async fn document_add(&self, permit: Permit<kind::ProductWrite>, new: NewDocument) -> Outcome<DocumentId> {
        check_length(&new.title, "title", TITLE_CHARACTERS)?;
        if new.title.trim().is_empty() {
            return Err(Rejection::NoTitle.into());
        }
        let keyed_work = match self.begin(&permit, ("productDocumentAdd", &new.key), hash_of(&new)).await? {
            CallStart::Before(replay) => return Ok(replay),
            CallStart::Now(keyed_work) => *keyed_work,
        };
        let outcome = self.add_document(&keyed_work.work, permit.actor(), &new).await;
        self.end(keyed_work, events::PRODUCT_DOCUMENTS_CHANGED, outcome).await
    }

    async fn add_document(&self, work: &Work, actor: Actor, new: &NewDocument) -> ChangeResult<DocumentId> {
        check_product_exists(work, new.product).await?;
        if rows::documents_of(work, &[new.product]).await?.len() >= MAX_DOCUMENTS {
            return Err(Rejection::TooMany { what: "documents", most: MAX_DOCUMENTS }.into());
        }
        self.files.claim_upload(work, (new.file, Purpose::Document), actor).await?;
        let id = self.clock.id();
        let (title, created_at) = (new.title.trim().to_owned(), self.clock.now());
        rows::add_document(work, &Document { id, product: new.product, file: new.file, title, created_at }).await?;
        Ok((id, new.product))
    }

    /// Removes a document. Its bytes are removed later.
    pub async fn document_remove(&self, permit: Permit<kind::ProductWrite>, key: &str, id: DocumentId) -> Outcome<DocumentId> {
        let keyed_work = match self.begin(&permit, ("productDocumentRemove", key), hash_of(&id)).await? {
            CallStart::Before(replay) => return Ok(replay),
            CallStart::Now(keyed_work) => *keyed_work,
        };
        let outcome = self.remove_document(&keyed_work.work, id).await;
        self.end(keyed_work, events::PRODUCT_DOCUMENTS_CHANGED, outcome).await
    }

    async fn remove_document(&self, work: &Work, id: DocumentId) -> ChangeResult<DocumentId> {
        let stored_document = rows::documents_by_id(work, &[id]).await?.pop();
        let document = stored_document.ok_or(Rejection::NotFound { what: "document", field: "id" })?;
        rows::remove_document(work, id).await?;
        self.files.expire_file(work, document.file).await?;
        Ok((id, document.product))
    }

    /// Begins a transaction that has locked the tenant's counter: changes are serialized, and the
    /// second call with a key finds the first.
    async fn begin<K: entity::id::Kind>(
        &self,
        permit: &Permit<kind::ProductWrite>,
        (mutation, key): (&'static str, &str),
        hash: InputDigest,
    ) -> Result<CallStart<Id<K>>, MediaError> {
        idempotency::check_key(key).map_err(MediaError::BadKey)?;
        let key = Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash };
        let work = permit.scope(&self.db).begin().await?;
        journal::lock(&work).await?;
        let receipt = match idempotency::before(&work, &key).await? {
            None => return Ok(CallStart::Now(Box::new(KeyedWork { work, key }))),
            Some(key_use) => {
                work.rollback().await?;
                match key_use {
                    KeyUse::Same(receipt) => receipt,
                    KeyUse::Reused => return Err(Rejection::KeyReused.into()),
                }
            }
        };
        let (id, product) = serde_json::from_str::<(Id<K>, ProductId)>(&receipt)
            .map_err(|error| Fault::corrupt("idempotency", format!("the receipt of {mutation}: {error}")))?;
        Ok(CallStart::Before(ChangedValue { value: MediaChange { id, product, replayed: true, would_be: None }, seq: None }))
    }

    /// Appends the event of a change and stores its receipt; or rolls back a failed change.
    async fn end<K: entity::id::Kind>(
        &self,
        keyed_work: KeyedWork,
        event: EventType<events::MediaChanged>,
        outcome: ChangeResult<Id<K>>,
    ) -> Outcome<Id<K>> {
        let KeyedWork { mut work, key } = keyed_work;
        let (id, product) = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                work.rollback().await?;
                return Err(error);
            }
        };
        let now = self.clock.now();
        let seq = journal::append(&mut work, vec![event.event(&events::MediaChanged { id: product })], now).await?;
        let receipt = serde_json::to_string(&(id, product)).map_err(|error| Fault::Broken(format!("a receipt: {error}")))?;
        idempotency::store_receipts(&work, [(&key, receipt)], now).await?;
        let would_be = if dry_run::is_on() {
            let (images, documents) = (rows::images_of(&work, &[product]).await?, rows::documents_of(&work, &[product]).await?);
            Some(ProductMedia { images, documents })
        } else {
            None
        };
        work.commit().await?;
        Ok(ChangedValue { value: MediaChange { id, product, replayed: false, would_be }, seq })
    }
}

/// ID of the changed picture or document, and its product.
type ChangeResult<I> = Result<(I, ProductId), MediaError>;

async fn reorder(work: &Work, product: ProductId, first: &[ImageId]) -> ChangeResult<ProductId> {
    check_product_exists(work, product).await?;
    let places = positions_after_reorder(&rows::images_of(work, &[product]).await?, first)?;
    rows::update_positions(work, &places).await?;
    Ok((product, product))
}

fn check_length(text: &str, field: &'static str, limit: usize) -> Result<(), Rejection> {
    if text.contains('\0') {
        return Err(Rejection::NotPlain { field });
    }
    if text.chars().count() > limit { Err(Rejection::TooLong { field, most: limit }) } else { Ok(()) }
}

async fn check_product_exists(work: &Work, product: ProductId) -> Result<(), MediaError> {
    if rows::has_product(work, product).await? {
        return Ok(());
    }
    Err(Rejection::NotFound { what: "product", field: "productId" }.into())
}
