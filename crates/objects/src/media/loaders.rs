//! Loaders of media, which read in batches for the resolvers of a request: pictures and documents
//! of a page of products, each in two statements.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use async_graphql::Context;
use entity::prelude::{DocumentId, FileId, ImageId, ProductId};
use platform::storage::{Fault, TenantScope};
use services::{
    files::{Files, core::File},
    media::{
        core::{Document, Image},
        rows,
    },
};

use super::types::{ProductDocument, ProductImage, WithFile};
use crate::{
    catalog::catalog_loaders,
    graphql::{fault::Answer, lazy::OfTenant, upstream::loader::Batcher},
};

/// The things of a product.
type ProductFiles<T> = Arc<Vec<WithFile<T>>>;

/// Loaders of one request. The catalogue keeps them with its own, and clears them together.
pub struct MediaLoads {
    scope: TenantScope,
    images_of: Batcher<ProductId, ProductFiles<Image>>,
    documents_of: Batcher<ProductId, ProductFiles<Document>>,
    images: Batcher<ImageId, WithFile<Image>>,
    documents: Batcher<DocumentId, WithFile<Document>>,
}

impl OfTenant for MediaLoads {
    fn of(scope: TenantScope) -> Self {
        Self {
            scope,
            images_of: Batcher::default(),
            documents_of: Batcher::default(),
            images: Batcher::default(),
            documents: Batcher::default(),
        }
    }
}

impl MediaLoads {
    /// Forgets everything: something has been written since.
    pub fn forget(&self) {
        self.images_of.forget();
        self.documents_of.forget();
        self.images.forget();
        self.documents.forget();
    }

    pub async fn images_of(&self, product: ProductId) -> Answer<ProductFiles<Image>> {
        let load = |ids: Vec<ProductId>| async move {
            let images = with_files(&self.scope, rows::images_of(&self.scope, &ids).await?, |image| image.file).await?;
            Ok(group_by_key(images, |image| image.product))
        };
        Ok(self.images_of.one(product, load).await?.unwrap_or_default())
    }

    pub async fn documents_of(&self, product: ProductId) -> Answer<ProductFiles<Document>> {
        let load = |ids: Vec<ProductId>| async move {
            let documents =
                with_files(&self.scope, rows::documents_of(&self.scope, &ids).await?, |document| document.file).await?;
            Ok(group_by_key(documents, |document| document.product))
        };
        Ok(self.documents_of.one(product, load).await?.unwrap_or_default())
    }

    pub async fn image(&self, id: ImageId) -> Answer<Option<WithFile<Image>>> {
        let load = |ids: Vec<ImageId>| async move {
            let images_with_files =
                with_files(&self.scope, rows::images_by_id(&self.scope, &ids).await?, |image| image.file).await?;
            Ok(images_with_files.into_iter().map(|image| (image.0.id, image)).collect())
        };
        self.images.one(id, load).await
    }

    pub async fn document(&self, id: DocumentId) -> Answer<Option<WithFile<Document>>> {
        let load = |ids: Vec<DocumentId>| async move {
            let documents_with_files =
                with_files(&self.scope, rows::documents_by_id(&self.scope, &ids).await?, |document| document.file).await?;
            Ok(documents_with_files.into_iter().map(|document| (document.0.id, document)).collect())
        };
        self.documents.one(id, load).await
    }

    /// Pictures after a dry run, as they would be shown.
    pub async fn dry_run_images(&self, images: Vec<Image>) -> Answer<Vec<ProductImage>> {
        Ok(with_files(&self.scope, images, |image| image.file).await?.into_iter().map(ProductImage).collect())
    }

    /// Documents after a dry run, as they would be shown.
    pub async fn dry_run_documents(&self, documents: Vec<Document>) -> Answer<Vec<ProductDocument>> {
        Ok(with_files(&self.scope, documents, |document| document.file).await?.into_iter().map(ProductDocument).collect())
    }
}

/// Things with the files that they hold, all files in one statement.
pub async fn with_files<T>(scope: &TenantScope, rows: Vec<T>, file: fn(&T) -> FileId) -> Result<Vec<WithFile<T>>, Fault> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<FileId> = rows.iter().map(file).collect();
    let mut files: HashMap<FileId, File> = Files::of_ids(scope, &ids).await?.into_iter().map(|file| (file.id, file)).collect();
    let with = |row: T| {
        let held_file = files.remove(&file(&row)).ok_or_else(|| Fault::corrupt("file", "a file that is held is there"))?;
        Ok(Arc::new((row, held_file)))
    };
    rows.into_iter().map(with).collect()
}

fn group_by_key<K: Eq + Hash, T>(rows: Vec<WithFile<T>>, key_of: fn(&T) -> K) -> HashMap<K, ProductFiles<T>> {
    let mut groups: HashMap<K, Vec<WithFile<T>>> = HashMap::new();
    for row in rows {
        groups.entry(key_of(&row.0)).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect()
}

/// The request's loaders.
pub fn media<'a>(ctx: &'a Context<'_>) -> Answer<&'a MediaLoads> {
    Ok(&catalog_loaders(ctx)?.media)
}
