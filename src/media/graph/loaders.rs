//! What a request's resolvers ask for together is read together: pictures and documents of a page of products, each in two statements.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context, Request,
    dataloader::{DataLoader, Loader},
};
use entity::prelude::{DocumentId, FileId, ImageId, ProductId};

use crate::{
    files::{Files, core::File},
    graphql::{at_once::at_once, context::Asks, fault::Answer, late::Late},
    media::{
        core::{Document, Image},
        rows,
    },
    storage::{Fault, TenantScope},
};

/// Gives a request the loader of pictures and documents.
pub fn attach(request: Request, scope: &Arc<TenantScope>) -> Request {
    request.data(Late::<DataLoader<Rows>>::new(scope))
}

impl From<TenantScope> for DataLoader<Rows> {
    fn from(scope: TenantScope) -> Self {
        at_once(Rows(scope))
    }
}

/// Reads the pictures and documents of one tenant.
pub struct Rows(TenantScope);

/// The pictures of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImagesOf(pub ProductId);
/// The documents of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentsOf(pub ProductId);

/// A thing of a product, with the file that it is.
pub type Shown<T> = Arc<(T, File)>;

impl Rows {
    /// The same with their files.
    async fn shown<T>(&self, rows: Vec<T>, file: impl Fn(&T) -> FileId) -> Result<Vec<Shown<T>>, Fault> {
        let ids: Vec<FileId> = rows.iter().map(&file).collect();
        let mut files: HashMap<FileId, File> =
            Files::of_ids(&self.0, &ids).await?.into_iter().map(|file| (file.id, file)).collect();
        let with = |row: T| {
            let found = files.remove(&file(&row)).ok_or_else(|| Fault::corrupt("file", "a file that is held is there"))?;
            Ok(Arc::new((row, found)))
        };
        rows.into_iter().map(with).collect()
    }
}

impl Loader<ImagesOf> for Rows {
    type Value = Arc<Vec<Shown<Image>>>;
    type Error = Fault;
    async fn load(&self, keys: &[ImagesOf]) -> Result<HashMap<ImagesOf, Self::Value>, Fault> {
        let ids: Vec<ProductId> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<ImagesOf, Vec<Shown<Image>>> = HashMap::new();
        for image in self.shown(rows::images_of(&self.0, &ids).await?, |image| image.file).await? {
            found.entry(ImagesOf(image.0.product)).or_default().push(image);
        }
        Ok(found.into_iter().map(|(product, images)| (product, Arc::new(images))).collect())
    }
}

impl Loader<DocumentsOf> for Rows {
    type Value = Arc<Vec<Shown<Document>>>;
    type Error = Fault;
    async fn load(&self, keys: &[DocumentsOf]) -> Result<HashMap<DocumentsOf, Self::Value>, Fault> {
        let ids: Vec<ProductId> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<DocumentsOf, Vec<Shown<Document>>> = HashMap::new();
        for document in self.shown(rows::documents_of(&self.0, &ids).await?, |document| document.file).await? {
            found.entry(DocumentsOf(document.0.product)).or_default().push(document);
        }
        Ok(found.into_iter().map(|(product, documents)| (product, Arc::new(documents))).collect())
    }
}

impl Loader<ImageId> for Rows {
    type Value = Shown<Image>;
    type Error = Fault;
    async fn load(&self, keys: &[ImageId]) -> Result<HashMap<ImageId, Self::Value>, Fault> {
        let found = self.shown(rows::images_by_id(&self.0, keys).await?, |image| image.file).await?;
        Ok(found.into_iter().map(|image| (image.0.id, image)).collect())
    }
}

impl Loader<DocumentId> for Rows {
    type Value = Shown<Document>;
    type Error = Fault;
    async fn load(&self, keys: &[DocumentId]) -> Result<HashMap<DocumentId, Self::Value>, Fault> {
        let found = self.shown(rows::documents_by_id(&self.0, keys).await?, |document| document.file).await?;
        Ok(found.into_iter().map(|document| (document.0.id, document)).collect())
    }
}

/// What the request's loader finds for a key.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Answer<Option<<Rows as Loader<K>>::Value>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = Fault>,
{
    // Boxed, because the engine moves about what the largest field of an object may come to, for each of its fields.
    Ok(Box::pin(ctx.late::<DataLoader<Rows>>()?.load_one(key)).await?)
}
