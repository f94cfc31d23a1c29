//! A paper as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use entity::prelude::{FileId, PaperId};
use macros::resolvers;
use services::{
    files::core::limits::FILE_RETENTION_SECONDS,
    papers::{Papers, core, shell},
};

use super::{
    document::find_document,
    loaders::{FileApiKeyKey, load},
};
use crate::{
    access::{CreatedResult, KeyUse, may_receive_result},
    graphql::{context::ContextExt, fault::Answer, scalars::DateTime},
    history::HistoryActor,
};

/// Kind of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "entity::enums::PaperKind")]
pub enum PaperKind {
    /// Contents of each parcel of a fulfilment work, without prices.
    PackingSlip,
    /// Goods of a fulfilment work or of a wave that are still to be picked, without prices and without the customer.
    PickingList,
    /// Goods that left with a fulfilment, without prices.
    DeliveryNote,
    /// Lines of an order with their prices, without what was cancelled.
    OrderConfirmation,
    /// Lines of a purchase order with their costs.
    PurchaseOrder,
    /// An invoice, as it was issued.
    Invoice,
    /// A credit note, as it was issued.
    CreditNote,
    /// Address of the store that goods of a return are sent back to, with the return's number as a barcode.
    ReturnLabel,
    /// Goods of a fulfilment work that the customer collects from the store, with the order's number as a barcode; without prices.
    CollectSlip,
}

/// Language of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::PaperLocale")]
pub enum PaperLocale {
    /// English.
    #[graphql(name = "EN")]
    English,
    /// German.
    #[graphql(name = "DE")]
    German,
    /// French.
    #[graphql(name = "FR")]
    French,
}

/// A paper's row.
#[derive(Debug, Clone)]
pub struct Paper(pub Arc<core::Paper>);

impl From<core::Paper> for Paper {
    fn from(paper: core::Paper) -> Self {
        Self(Arc::new(paper))
    }
}

crate::connection!(counted PaperConnection, PaperEdge, Paper, "papers");

impl Paper {
    /// A link to a file of the paper, for the caller who drew it, since it shows what they may see.
    /// A key of an integration needs at least the rights of the key that drew it.
    async fn link(&self, ctx: &Context<'_>, file: Option<FileId>) -> Answer<Option<String>> {
        let (caller, papers) = (ctx.caller()?, ctx.required_data::<Papers>()?);
        let is_kept = papers.clock().now() < self.0.created_at.plus_seconds(FILE_RETENTION_SECONDS);
        let own_file = file.filter(|file| *file != FileId::NIL && is_kept && caller.actor == self.0.actor);
        let Some(file) = own_file else { return Ok(None) };
        let drawing_key = if ctx.data_opt::<KeyUse>().is_some() { load(ctx, FileApiKeyKey(file)).await? } else { None };
        Ok(may_receive_result(ctx, CreatedResult { with: drawing_key, at: self.0.created_at })
            .await?
            .then(|| papers.files().fetch_link_of(caller.tenant, file)))
    }
}

/// Paper that was drawn of a document, as a page and as a PDF. Callers who may read the document may read
/// the paper's row; its files are for the caller who drew it.
#[resolvers]
impl Paper {
    /// ID of the paper.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of the paper.
    async fn kind(&self) -> PaperKind {
        self.0.kind.into()
    }
    /// ID of the document that the paper was drawn of.
    async fn document_id(&self) -> ID {
        ID(self.0.target.to_string())
    }
    /// Number that is printed on the paper: that of its document.
    async fn number(&self) -> &str {
        &self.0.number
    }
    /// Language of the paper's own words. Names and notes are printed as they were entered.
    async fn locale(&self) -> PaperLocale {
        self.0.locale.into()
    }
    /// Path on this server from which the HTML page can be downloaded with GET for 15 minutes; with `?inline=1` after it, a browser
    /// shows the page. Null when another caller drew the paper, seven days after it was drawn, for a key of an integration that lacks
    /// a permission or a store of the key that drew it, and for an integration that is bound to a channel and was changed since.
    async fn html(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        self.link(ctx, Some(self.0.html)).await
    }
    /// Path on this server from which the PDF can be downloaded with GET for 15 minutes; with `?inline=1` after it, a browser
    /// shows the PDF. Null as of the page, and when a text has characters that PDFs lack: they have Latin,
    /// Greek and Cyrillic letters.
    async fn pdf(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        self.link(ctx, self.0.pdf).await
    }
    /// SHA-256 over the bytes of the HTML page, as 64 hexadecimal digits.
    async fn html_sha256(&self) -> &str {
        &self.0.html_sha256
    }
    /// SHA-256 over the bytes of the PDF, as 64 hexadecimal digits; null when there is none.
    async fn pdf_sha256(&self) -> Option<&str> {
        self.0.pdf_sha256.as_deref()
    }
    /// Member or integration that drew the paper.
    async fn issued_by(&self) -> HistoryActor {
        HistoryActor(Some(self.0.actor))
    }
    /// Time at which the paper was drawn.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// The paper with an ID, for callers who may read its document.
pub async fn find_paper(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<Paper>> {
    let scope = ctx.required_data::<Papers>()?.scope(ctx.caller()?);
    let Some(paper) = shell::find(&scope, PaperId::from_uuid(id)).await? else { return Ok(None) };
    let document = Box::pin(find_document(ctx, &paper.target.to_string())).await?;
    Ok(document.map(|_| paper.into()))
}
