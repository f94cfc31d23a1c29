//! An attachment as clients see it.

use async_graphql::{Context, ID};
use entity::prelude::AttachmentId;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::storage::TenantScope;
use services::{
    attachments::{core, shell},
    files::Files,
};

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Long},
    },
    history::HistoryActor,
    media::{self, WithFile},
    nodes,
};

/// An attachment: its row, and its file.
#[derive(Debug, Clone)]
pub struct Attachment(pub WithFile<core::Attachment>);

crate::connection!(counted AttachmentConnection, AttachmentEdge, Attachment, "attachments");

/// File attached to an object, such as the photo of a delivery note. Callers who may read the
/// object may read the attachment.
#[resolvers]
impl Attachment {
    /// TypeID of the attachment, which begins with att_.
    pub async fn id(&self) -> ID {
        ID(self.0.0.id.to_string())
    }
    /// ID of the thing that the file is attached to.
    async fn node_id(&self) -> ID {
        ID(self.0.0.target.to_string())
    }
    /// Name, 1 to 200 characters. Several attachments of a thing may have the same name.
    async fn name(&self) -> &str {
        &self.0.0.name
    }
    /// Description, at most 1,000 characters; empty when there is none.
    async fn description(&self) -> &str {
        &self.0.0.description
    }
    /// Media type of the file, such as application/pdf.
    async fn media_type(&self) -> &str {
        &self.0.1.media_type
    }
    /// Size of the file in bytes.
    async fn size(&self) -> Long {
        Long(self.0.1.size)
    }
    /// Path on this server from which the file can be downloaded with GET for 15 minutes.
    async fn url(&self, ctx: &Context<'_>) -> Answer<String> {
        media::require_link(ctx.required_data::<Files>()?.fetch_link(&self.0.1))
    }
    /// Author.
    async fn author(&self) -> HistoryActor {
        HistoryActor(Some(self.0.0.author))
    }
    /// Time at which the file was attached.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.0.created_at)
    }
}

/// Attachments of these rows, with their files.
pub async fn with_files(scope: &TenantScope, rows: Vec<core::Attachment>) -> Answer<Vec<Attachment>> {
    Ok(media::with_files(scope, rows, |row| row.file).await?.into_iter().map(Attachment).collect())
}

/// The attachment with an ID, for callers who may read the object that it is attached to.
pub async fn find_attachment(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<Attachment>> {
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let Some(row) = shell::find(&scope, AttachmentId::from_uuid(id)).await? else { return Ok(None) };
    // Attachments have no attachments, so the recursion ends after one step.
    let node = Box::pin(nodes::find(ctx, &row.target.to_string())).await?;
    if node.is_none() {
        return Ok(None);
    }
    Ok(with_files(&scope, vec![row]).await?.pop())
}
