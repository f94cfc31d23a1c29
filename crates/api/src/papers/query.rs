//! Queries of papers.

use async_graphql::{Context, Enum, ID, InputObject};
use macros::resolvers;
use platform::{
    audit::Target,
    paging::{CursorSigner, Key},
};
use services::papers::{Papers, rows};

use super::{Paper, PaperConnection, PaperKind, document::find_document};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::DateTimeFilter,
        nested::read_nested,
        scalars::Cursor,
    },
    orders::{filters::span, links::MAX_PAGE_SIZE},
    periods::resolve_filter_periods,
    references::{DocumentRef, Names, is_unknown, resolve_argument_references},
};

/// Filter of papers of a document. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PaperFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<PaperFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<PaperFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<PaperFilter>>,
    /// Kinds of paper to include; an empty list matches nothing.
    pub kind: Option<Vec<PaperKind>>,
    /// Time at which the paper was drawn, which a paper shows as `issuedAt`.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(PaperFilter);
crate::dated_filter!(PaperFilter, [] "createdAt" created_at);

/// Sort order of a list of papers; papers with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct PaperSort {
    /// Field by which the papers are sorted.
    pub field: PaperSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which papers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PaperSortField {
    /// Time at which the paper was drawn.
    CreatedAt,
}

/// The root field of papers.
#[derive(Default)]
pub struct PaperQuery;

#[resolvers]
impl PaperQuery {
    /// Papers that were drawn of a document, the newest first unless another order is asked for. Null when there is no such document, or it is not
    /// yours.
    ///
    /// Requires the permission that reading the document requires.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn papers(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Deprecated form of `document`: its ID.",
            deprecation = "2026-11-28: use document. Removed after 2027-11-28."
        )]
        document_id: Option<ID>,
        #[graphql(desc = "Document that the papers were drawn of. Required, unless the deprecated `documentId` is given.")]
        document: Option<DocumentRef>,
        #[graphql(desc = "Filter of the papers; all papers of the document by default.")] filter: Option<PaperFilter>,
        #[graphql(desc = "Sort of the papers. Null for CREATED_AT, DESC.")] sort: Option<PaperSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Option<Answer<PaperConnection>> {
        let args = PageArgs { first, after, last, before };
        page(ctx, (document, document_id), (filter, sort), args).await.transpose()
    }
}

async fn page(
    ctx: &Context<'_>,
    (document, mut document_id): (Option<DocumentRef>, Option<ID>),
    (filter, sort): (Option<PaperFilter>, Option<PaperSort>),
    args: PageArgs,
) -> Answer<Option<PaperConnection>> {
    let names = Names::of(Vec::new()).required(("document", document), ("documentId", &mut document_id));
    resolve_argument_references(ctx, names).await?;
    let document_id = document_id.unwrap_or_default();
    let descending = sort.is_none_or(|PaperSort { field: PaperSortField::CreatedAt, direction }| direction == Direction::Desc);
    // Cursors of the default order stay compatible with those from before there were sorts.
    let order = if descending { "" } else { ":CREATED_AT:ASC" };
    let (signer, list) = (ctx.required_data::<CursorSigner>()?, format!("papers:{}{order}", document_id.as_str()));
    let filter = read_nested(resolve_filter_periods(ctx, filter).await?.unwrap_or_default(), &mut |filter: PaperFilter, _| {
        Ok(rows::PaperTest {
            kinds: filter.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            created: filter.created_at.map(|test| span(&test)),
        })
    })?;
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    // A reference that named no document is not found, whatever the caller's permissions.
    if is_unknown(&document_id) {
        return Ok(None);
    }
    let Some(target) = find_document(ctx, &document_id).await?.and_then(|_| Target::parse(&document_id)) else { return Ok(None) };
    let scope = ctx.required_data::<Papers>()?.scope(ctx.caller()?);
    let page_rows = rows::page(&scope, (target.id, &filter), descending, &request).await?;
    let nodes = page_rows.rows.into_iter().map(|paper| {
        let keys = vec![Key::Int(paper.created_at.micros()), paper.id.into()];
        (Paper::from(paper), keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, page_rows.source).into()))
}
