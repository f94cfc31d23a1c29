//! GraphQL of imports, exports and mutations for each line of a file.

pub mod types;

use async_graphql::Context;
use entity::id::{DocumentId, ExchangeId, FileId, ImageId, Kind, kind as prefix};
use iam::access::kind;

pub use types::DataJob;

use crate::{
    attachments::find_attachment,
    files::find_file,
    graphql::{context::ContextExt, fault::Answer},
    media,
    nodes::Node,
};

/// The file or the data job of an id; None for ids of other kinds.
pub async fn find(ctx: &Context<'_>, id_prefix: &str, id: uuid::Uuid) -> Answer<Option<Option<Node>>> {
    Ok(match id_prefix {
        prefix::FileId::PREFIX => Some(find_file(ctx, FileId::from_uuid(id)).await?.map(Node::File)),
        prefix::ImageId::PREFIX => Some(media::find_product_image(ctx, ImageId::from_uuid(id)).await?.map(Node::ProductImage)),
        prefix::DocumentId::PREFIX => {
            Some(media::find_product_document(ctx, DocumentId::from_uuid(id)).await?.map(Node::ProductDocument))
        }
        prefix::AttachmentId::PREFIX => Some(Box::pin(find_attachment(ctx, id)).await?.map(Node::Attachment)),
        prefix::ExchangeId::PREFIX => {
            let permit = ctx.permit::<kind::ExchangeRun>()?;
            let data_job = ctx.required_data::<services::exchange::Exchange>()?.find(&permit, ExchangeId::from_uuid(id)).await?;
            Some(data_job.map(|run| Node::DataJob(run.into())))
        }
        _ => None,
    })
}
