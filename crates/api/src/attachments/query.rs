//! Asking for attachments.

use async_graphql::{Context, ID};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    audit::Target,
    paging::{CursorSigner, Key},
};
use services::attachments::shell;

use super::{AttachmentConnection, attachment::with_files};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::Cursor,
    },
    orders::links::MOST_A_PAGE,
    schema,
};

/// The root field of attachments.
#[derive(Default)]
pub struct AttachmentQuery;

#[resolvers]
impl AttachmentQuery {
    /// Files attached to a thing, the newest first; of a customer or a supplier with those of the ones that are merged into it. Null when there is
    /// no such thing, or it is not yours.
    ///
    /// Requires the permission that reading the thing requires.
    #[field(authenticated, paged)]
    async fn attachments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the thing.")] node_id: ID,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Option<Answer<AttachmentConnection>> {
        page(ctx, &node_id, PageArgs { first, after, ..PageArgs::default() }).await.transpose()
    }
}

async fn page(ctx: &Context<'_>, node_id: &ID, args: PageArgs) -> Answer<Option<AttachmentConnection>> {
    let (signer, list) = (ctx.given::<CursorSigner>()?, format!("attachments:{}", node_id.as_str()));
    let request = args.check(&list, signer, MOST_A_PAGE)?;
    let Some(target) = schema::find(ctx, node_id).await?.and_then(|_| Target::parse(node_id)) else { return Ok(None) };
    let scope = ctx.given::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let listed = shell::page(&scope, &target, &request).await?;
    let nodes = with_files(&scope, listed.rows).await?.into_iter().map(|attachment| {
        let keys = vec![Key::Int(attachment.0.0.created_at.micros()), attachment.0.0.id.into()];
        (attachment, keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).counted(scope, listed.source).into()))
}
