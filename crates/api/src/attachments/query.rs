//! Queries of attachments.

use async_graphql::{Context, Enum, ID, InputObject};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{audit::Target, paging::CursorSigner};
use services::attachments::{
    rows::{AttachmentSort as By, AttachmentTest, AttachmentsSorted},
    shell,
};

use super::{AttachmentConnection, attachment::with_files};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, searchable},
        nested::read_nested,
        scalars::Cursor,
    },
    orders::{
        filters::{below, span},
        links::MAX_PAGE_SIZE,
    },
    periods::resolve_filter_periods,
    schema,
};

/// Filter of files attached to a thing. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AttachmentFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<AttachmentFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<AttachmentFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<AttachmentFilter>>,
    /// Part of the name or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Time at which the file was attached.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(AttachmentFilter);
crate::dated_filter!(AttachmentFilter, [] "createdAt" created_at);

/// Sort order of a list of attachments; attachments with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct AttachmentSort {
    /// Field by which the attachments are sorted.
    pub field: AttachmentSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which attachments can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AttachmentSortField {
    /// Time at which the file was attached.
    CreatedAt,
    /// Name of the attachment; the case of the letters A to Z is ignored.
    Name,
}

crate::sorts::rows_sorted!(from AttachmentSort => AttachmentsSorted);

/// The root field of attachments.
#[derive(Default)]
pub struct AttachmentQuery;

#[resolvers]
impl AttachmentQuery {
    /// Files attached to a thing, the newest first unless another order is asked for; of a customer or a supplier with those of the ones that are
    /// merged into it. Null when there is no such thing, or it is not yours.
    ///
    /// Requires the permission that reading the thing requires.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn attachments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the thing.")] node_id: ID,
        #[graphql(desc = "Filter of the attachments; all attachments of the thing by default.")] filter: Option<AttachmentFilter>,
        #[graphql(desc = "Sort of the attachments. Null for CREATED_AT, DESC.")] sort: Option<AttachmentSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Option<Answer<AttachmentConnection>> {
        page(ctx, &node_id, (filter, sort), PageArgs { first, after, last, before }).await.transpose()
    }
}

async fn page(
    ctx: &Context<'_>,
    node_id: &ID,
    (filter, sort): (Option<AttachmentFilter>, Option<AttachmentSort>),
    args: PageArgs,
) -> Answer<Option<AttachmentConnection>> {
    let sorted = sort.map_or(AttachmentsSorted::NEWEST, AttachmentsSorted::from);
    let (signer, list) = (ctx.required_data::<CursorSigner>()?, sorted.kind(&format!("attachments:{}", node_id.as_str())));
    let filter =
        read_nested(resolve_filter_periods(ctx, filter).await?.unwrap_or_default(), &mut |filter: AttachmentFilter, path| {
            if let Some(text) = &filter.search {
                searchable(text, || below(path, "search"))?;
            }
            Ok(AttachmentTest { search: filter.search, created: filter.created_at.map(|test| span(&test)) })
        })?;
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    let Some(target) = schema::find(ctx, node_id).await?.and_then(|_| Target::parse(node_id)) else { return Ok(None) };
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let page_rows = shell::page(&scope, &target, (&filter, sorted), &request).await?;
    let nodes = with_files(&scope, page_rows.rows).await?.into_iter().map(|attachment| {
        let keys = sorted.keys(&attachment.0.0);
        (attachment, keys)
    });
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, page_rows.source).into()))
}
