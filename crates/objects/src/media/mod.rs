//! GraphQL of products' pictures and documents.

pub mod loaders;
pub mod types;

use async_graphql::Context;
use entity::prelude::{DocumentId, ImageId, ProductId};
use iam::access::kind;

pub use loaders::{MediaLoads, with_files};
pub use types::{ImageSize, ProductDocument, ProductImage, WithFile, require_link};

use crate::graphql::{context::ContextExt, fault::Answer};

use loaders::media;

/// A product's pictures, in their order.
pub async fn images_of(ctx: &Context<'_>, product: ProductId) -> Answer<Vec<ProductImage>> {
    let images = Box::pin(media(ctx)?.images_of(product)).await?;
    Ok(images.iter().cloned().map(ProductImage).collect())
}

/// A product's documents, the oldest first.
pub async fn documents_of(ctx: &Context<'_>, product: ProductId) -> Answer<Vec<ProductDocument>> {
    let documents = Box::pin(media(ctx)?.documents_of(product)).await?;
    Ok(documents.iter().cloned().map(ProductDocument).collect())
}

/// The picture of an id.
pub async fn find_product_image(ctx: &Context<'_>, id: ImageId) -> Answer<Option<ProductImage>> {
    ctx.permit::<kind::ProductRead>()?;
    Ok(Box::pin(media(ctx)?.image(id)).await?.map(ProductImage))
}

/// The document of an id.
pub async fn find_product_document(ctx: &Context<'_>, id: DocumentId) -> Answer<Option<ProductDocument>> {
    ctx.permit::<kind::ProductRead>()?;
    Ok(Box::pin(media(ctx)?.document(id)).await?.map(ProductDocument))
}
