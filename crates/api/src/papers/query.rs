//! Asking for papers.

use async_graphql::{Context, ID};
use macros::resolvers;
use platform::{
    audit::Target,
    paging::{CursorSigner, Key},
};
use services::papers::{Papers, rows};

use super::{Paper, PaperConnection, document::find_document};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::Cursor,
    },
    orders::links::MOST_A_PAGE,
};

/// The root field of papers.
#[derive(Default)]
pub struct PaperQuery;

#[resolvers]
impl PaperQuery {
    /// Papers that were drawn of a document, the newest first. Null when there is no such document, or it is not yours.
    ///
    /// Requires the permission that reading the document requires.
    #[field(authenticated, paged)]
    async fn papers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the document.")] document_id: ID,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Option<Answer<PaperConnection>> {
        page(ctx, &document_id, PageArgs { first, after, ..PageArgs::default() }).await.transpose()
    }
}

async fn page(ctx: &Context<'_>, document_id: &ID, args: PageArgs) -> Answer<Option<PaperConnection>> {
    let (signer, list) = (ctx.given::<CursorSigner>()?, format!("papers:{}", document_id.as_str()));
    let request = args.check(&list, signer, MOST_A_PAGE)?;
    let Some(target) = find_document(ctx, document_id).await?.and_then(|_| Target::parse(document_id)) else { return Ok(None) };
    let scope = ctx.given::<Papers>()?.scope(ctx.caller()?);
    let listed = rows::page(&scope, target.id, &request).await?;
    let nodes = listed.rows.into_iter().map(|paper| {
        let keys = vec![Key::Int(paper.created_at.micros()), paper.id.into()];
        (Paper::from(paper), keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).counted(scope, listed.source).into()))
}
