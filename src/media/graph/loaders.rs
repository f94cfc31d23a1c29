//! What a request's resolvers ask for together is read together: pictures and documents of a page of products, each in two statements.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context, Request,
    dataloader::{DataLoader, Loader},
};
use entity::prelude::{DocumentId, FileId, ImageId, ProductId};

use crate::{
    files::{Files, core::File},
    graphql::{at_once::at_once, context::Asks, fault::Answer, late::Late, loader::Batcher},
    media::{
        core::{Document, Image},
        rows,
    },
    storage::{Fault, TenantScope},
};

/// Gives a request the loader of pictures and documents.
pub fn attach(request: Request, scope: &Arc<TenantScope>) -> Request {
    request.data(Late::<DataLoader<Rows>>::new(scope)).data(Late::<OfProducts>::new(scope))
}

impl From<TenantScope> for DataLoader<Rows> {
    fn from(scope: TenantScope) -> Self {
        at_once(Rows(scope))
    }
}

/// Reads the pictures and documents of one tenant.
pub struct Rows(TenantScope);

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

impl Rows {
    async fn images_of(&self, products: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<Vec<Shown<Image>>>>, Fault> {
        let mut found: HashMap<ProductId, Vec<Shown<Image>>> = HashMap::new();
        for image in self.shown(rows::images_of(&self.0, &products).await?, |image| image.file).await? {
            found.entry(image.0.product).or_default().push(image);
        }
        Ok(found.into_iter().map(|(product, images)| (product, Arc::new(images))).collect())
    }
    async fn documents_of(&self, products: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<Vec<Shown<Document>>>>, Fault> {
        let mut found: HashMap<ProductId, Vec<Shown<Document>>> = HashMap::new();
        for document in self.shown(rows::documents_of(&self.0, &products).await?, |document| document.file).await? {
            found.entry(document.0.product).or_default().push(document);
        }
        Ok(found.into_iter().map(|(product, documents)| (product, Arc::new(documents))).collect())
    }
}

/// What products have, remembered until something is changed: however many a page has, it is the same number of statements.
pub struct OfProducts {
    rows: Rows,
    images: Batcher<ProductId, Arc<Vec<Shown<Image>>>>,
    documents: Batcher<ProductId, Arc<Vec<Shown<Document>>>>,
}

impl From<TenantScope> for OfProducts {
    fn from(scope: TenantScope) -> Self {
        Self { rows: Rows(scope), images: Batcher::default(), documents: Batcher::default() }
    }
}

impl OfProducts {
    pub async fn images(&self, product: ProductId) -> Answer<Arc<Vec<Shown<Image>>>> {
        Ok(self.images.one(product, |ids| self.rows.images_of(ids)).await?.unwrap_or_default())
    }
    pub async fn documents(&self, product: ProductId) -> Answer<Arc<Vec<Shown<Document>>>> {
        Ok(self.documents.one(product, |ids| self.rows.documents_of(ids)).await?.unwrap_or_default())
    }
    /// Something has been changed since.
    pub fn forget(&self) {
        self.images.forget();
        self.documents.forget();
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
