//! Pictures and documents as clients see them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use services::{
    files::{
        Files,
        core::{File, Thumbnails, link::Size},
    },
    media::core::{Document, Image},
};

use crate::graphql::{
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::{DateTime, Long},
};

/// A row with the file that it is or holds.
pub type WithFile<T> = Arc<(T, File)>;

/// Size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "Size")]
pub enum ImageSize {
    /// The picture as it was uploaded.
    Original,
    /// The picture with at most 128 pixels a side, for lists.
    Small,
    /// The picture with at most 512 pixels a side, for a page of its own.
    Medium,
}

/// Returns the link of a file in use, which always has bytes: without them the platform has lost
/// them, and an error is logged.
pub fn require_link(link: Option<String>) -> Answer<String> {
    link.ok_or_else(|| {
        tracing::error!("a file that is held has no bytes");
        TopError::Internal
    })
}

/// A picture of a product.
#[derive(Clone)]
pub struct ProductImage(pub WithFile<Image>);

/// A picture of a product.
#[Object]
impl ProductImage {
    /// TypeID of the picture, which begins with img_.
    pub async fn id(&self) -> ID {
        ID(self.0.0.id.to_string())
    }
    /// Position among the product's pictures, from 1.
    async fn position(&self) -> Long {
        Long(self.0.0.position)
    }
    /// Alternative text of the picture, for readers who cannot see it; empty when there is none.
    async fn alt(&self) -> &str {
        &self.0.0.alt
    }
    /// Media type of the picture, such as image/png.
    async fn media_type(&self) -> &str {
        &self.0.1.media_type
    }
    /// Width of the original picture in pixels; null where it is unknown.
    async fn width(&self) -> Option<Long> {
        self.0.1.area.map(|area| Long(area.width.into()))
    }
    /// Height of the original picture in pixels; null where it is unknown.
    async fn height(&self) -> Option<Long> {
        self.0.1.area.map(|area| Long(area.height.into()))
    }
    /// True if the picture has small versions: they are made shortly after it was added, and never of a GIF.
    async fn has_thumbnails(&self) -> bool {
        self.0.1.thumbnails == Some(Thumbnails::Made)
    }
    /// Path on this server from which the picture can be downloaded with GET for 15 minutes. It is the original where there is no small
    /// version.
    async fn url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Size of the picture. Default ORIGINAL.", default_with = "ImageSize::Original")] size: ImageSize,
    ) -> Answer<String> {
        require_link(ctx.required_data::<Files>()?.picture_link(&self.0.1, size.into()))
    }
    /// Time at which the picture was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.0.created_at)
    }
}

/// A document of a product, such as a data sheet.
#[derive(Clone)]
pub struct ProductDocument(pub WithFile<Document>);

/// A document of a product, such as a data sheet.
#[Object]
impl ProductDocument {
    /// TypeID of the document, which begins with doc_.
    pub async fn id(&self) -> ID {
        ID(self.0.0.id.to_string())
    }
    /// Title of the document.
    async fn title(&self) -> &str {
        &self.0.0.title
    }
    /// Name of the document's file.
    async fn name(&self) -> &str {
        &self.0.1.name
    }
    /// Media type of the document, such as application/pdf.
    async fn media_type(&self) -> &str {
        &self.0.1.media_type
    }
    /// Size of the document in bytes.
    async fn size(&self) -> Long {
        Long(self.0.1.size)
    }
    /// Path on this server from which the document can be downloaded with GET for 15 minutes, as an attachment.
    async fn url(&self, ctx: &Context<'_>) -> Answer<String> {
        require_link(ctx.required_data::<Files>()?.fetch_link(&self.0.1))
    }
    /// Time at which the document was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.0.created_at)
    }
}
