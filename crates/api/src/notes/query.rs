//! Queries of notes.

use async_graphql::{Context, Enum, ID, InputObject};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    audit::Target,
    paging::{CursorSigner, Key},
    storage::Nested,
};
use services::notes::rows;

use super::{Note, NoteAudience, NoteConnection};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    orders::{
        filters::{below, span},
        links::MAX_PAGE_SIZE,
    },
    schema,
};

/// Filter of notes on a thing. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct NoteFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<NoteFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<NoteFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<NoteFilter>>,
    /// Members and integrations that wrote the note.
    pub author: Option<IdFilter>,
    /// Audiences to include; an empty list matches nothing.
    pub audience: Option<Vec<NoteAudience>>,
    /// Part of the text, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Time at which the note was written.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the note last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(NoteFilter);
crate::keyed_filter!(NoteFilter, "author" author MemberEmail; [] "createdAt" created_at, "updatedAt" updated_at);

/// Sort order of a list of notes; notes with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct NoteSort {
    /// Field by which the notes are sorted.
    pub field: NoteSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which notes can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum NoteSortField {
    /// Time at which the note was written.
    CreatedAt,
}

impl NoteFilter {
    /// The filter as rows understand it.
    fn read(self) -> Answer<Nested<rows::NoteFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// Returns the conditions of one filter, without nested ones.
    fn tests(self, path: &Path) -> Answer<rows::NoteFilter> {
        if let Some(text) = &self.search {
            searchable(text, || below(path, "search"))?;
        }
        Ok(rows::NoteFilter {
            authors: self.author.map(|filter| filter.of_any_kind(&field_path(path, "author"))).transpose()?.flatten(),
            audiences: self.audience.map(|list| list.into_iter().map(Into::into).collect()),
            search: self.search,
            created_at: self.created_at.map(|test| span(&test)),
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}

/// The root field of notes.
#[derive(Default)]
pub struct NoteQuery;

#[resolvers]
impl NoteQuery {
    /// Notes on a thing, the newest first unless another order is asked for. Null when there is no such thing, or it is not yours.
    ///
    /// Requires the permission that reading the thing requires.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the thing.")] node_id: ID,
        #[graphql(desc = "Filter of the notes; all notes on the thing by default.")] filter: Option<NoteFilter>,
        #[graphql(desc = "Sort of the notes. Null for CREATED_AT, DESC.")] sort: Option<NoteSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Option<Answer<NoteConnection>> {
        page(ctx, &node_id, (filter, sort), PageArgs { first, after, last, before }).await.transpose()
    }
}

async fn page(
    ctx: &Context<'_>,
    node_id: &ID,
    (filter, sort): (Option<NoteFilter>, Option<NoteSort>),
    args: PageArgs,
) -> Answer<Option<NoteConnection>> {
    let descending = sort.is_none_or(|NoteSort { field: NoteSortField::CreatedAt, direction }| direction == Direction::Desc);
    // Cursors of the default order stay compatible with those from before there were sorts.
    let order = if descending { "" } else { ":CREATED_AT:ASC" };
    let (signer, list) = (ctx.required_data::<CursorSigner>()?, format!("notes:{}{order}", node_id.as_str()));
    let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    let Some(target) = schema::find(ctx, node_id).await?.and_then(|_| Target::parse(node_id)) else { return Ok(None) };
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let page_rows = rows::page(&scope, (target.id, &filter), descending, &request).await?;
    let nodes = page_rows.rows.into_iter().map(|note| {
        let keys = vec![Key::Int(note.created_at.micros()), note.id.into()];
        (Note::from(note), keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, page_rows.source).into()))
}
