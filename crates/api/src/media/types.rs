//! Pictures and documents as clients see them.

use async_graphql::{Context, Enum, ID, Object};
use services::{
    files::{
        Files,
        core::{Thumbnails, link::Size},
    },
    media::core::{Document, Image},
};

use super::loaders::Shown;
use crate::graphql::{
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::{DateTime, Long},
};

/// How large a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "Size")]
pub enum ImageSize {
    /// As it was sent.
    Original,
    /// At most 128 pixels a side: for lists.
    Small,
    /// At most 512 pixels a side: for a page of its own.
    Medium,
}

/// What is held has its bytes: without them something of ours has taken them away.
fn linked(link: Option<String>) -> Answer<String> {
    link.ok_or_else(|| {
        tracing::error!("a file that a product holds has no bytes");
        TopError::Internal
    })
}

/// A picture of a product.
#[derive(Clone)]
pub struct ProductImage(pub(super) Shown<Image>);

/// A picture of a product.
#[Object]
impl ProductImage {
    /// Its id: a TypeID that begins with img_.
    pub async fn id(&self) -> ID {
        ID(self.0.0.id.to_string())
    }
    /// Its place among the product's pictures, from 1 on.
    async fn position(&self) -> Long {
        Long(self.0.0.position)
    }
    /// What it shows, in words for who cannot see it; empty when nothing was said.
    async fn alt(&self) -> &str {
        &self.0.0.alt
    }
    /// What its bytes are, as in image/png.
    async fn media_type(&self) -> &str {
        &self.0.1.media_type
    }
    /// How wide it is, in pixels, as it was sent.
    async fn width(&self) -> Option<Long> {
        self.0.1.area.map(|area| Long(area.width.into()))
    }
    /// How high it is, in pixels, as it was sent.
    async fn height(&self) -> Option<Long> {
        self.0.1.area.map(|area| Long(area.height.into()))
    }
    /// Whether there are small versions of it: they are made a moment after it was added, and never of a GIF.
    async fn has_thumbnails(&self) -> bool {
        self.0.1.thumbnails == Some(Thumbnails::Made)
    }
    /// Where it can be fetched with GET for a quarter of an hour, as a path of this server. Without a small version it is the original.
    async fn url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How large.", default_with = "ImageSize::Original")] size: ImageSize,
    ) -> Answer<String> {
        linked(ctx.given::<Files>()?.picture_link(&self.0.1, size.into()))
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.0.created_at)
    }
}

/// A document of a product, such as a data sheet.
#[derive(Clone)]
pub struct ProductDocument(pub(super) Shown<Document>);

/// A document of a product, such as a data sheet.
#[Object]
impl ProductDocument {
    /// Its id: a TypeID that begins with doc_.
    pub async fn id(&self) -> ID {
        ID(self.0.0.id.to_string())
    }
    /// What it is, in words.
    async fn title(&self) -> &str {
        &self.0.0.title
    }
    /// What its file is called.
    async fn name(&self) -> &str {
        &self.0.1.name
    }
    /// What its bytes are, as in application/pdf.
    async fn media_type(&self) -> &str {
        &self.0.1.media_type
    }
    /// How many bytes it has.
    async fn size(&self) -> Long {
        Long(self.0.1.size)
    }
    /// Where it can be fetched with GET for a quarter of an hour, as a path of this server. It is saved, not shown.
    async fn url(&self, ctx: &Context<'_>) -> Answer<String> {
        linked(ctx.given::<Files>()?.fetch_link(&self.0.1))
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.0.created_at)
    }
}
