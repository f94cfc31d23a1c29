//! Asking for notes.

use async_graphql::{Context, ID};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    audit::Target,
    paging::{CursorSigner, Key},
};
use services::notes::rows;

use super::{Note, NoteConnection};
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

/// The root field of notes.
#[derive(Default)]
pub struct NoteQuery;

#[resolvers]
impl NoteQuery {
    /// Notes on a thing, the newest first. Null when there is no such thing, or it is not yours.
    ///
    /// Requires the permission that reading the thing requires.
    #[field(authenticated, paged)]
    async fn notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the thing.")] node_id: ID,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Option<Answer<NoteConnection>> {
        page(ctx, &node_id, PageArgs { first, after, last, before }).await.transpose()
    }
}

async fn page(ctx: &Context<'_>, node_id: &ID, args: PageArgs) -> Answer<Option<NoteConnection>> {
    let (signer, list) = (ctx.given::<CursorSigner>()?, format!("notes:{}", node_id.as_str()));
    let request = args.check(&list, signer, MOST_A_PAGE)?;
    let Some(target) = schema::find(ctx, node_id).await?.and_then(|_| Target::parse(node_id)) else { return Ok(None) };
    let scope = ctx.given::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let listed = rows::page(&scope, target.id, &request).await?;
    let nodes = listed.rows.into_iter().map(|note| {
        let keys = vec![Key::Int(note.created_at.micros()), note.id.into()];
        (Note::from(note), keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).counted(scope, listed.source).into()))
}
