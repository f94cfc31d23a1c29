//! Searching all kinds of things at once.

use async_graphql::Context;
use futures_util::future::try_join_all;
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key},
    path,
};
use services::{
    scan::core::Kind,
    search::{
        core::{self, Field, Hit, MAX_CHARACTERS, MAX_PAGE_HITS, MIN_CHARACTERS, Query, SearchHits},
        rows::{self, SearchedKind},
    },
};

use super::result::{SearchResult, SearchResults};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::refuse_nul,
        scalars::Cursor,
    },
    numbering,
    scan::{SearchKind, node_of, permitted_scope},
    schema::Node,
};

/// The root field that searches.
#[derive(Default)]
pub struct SearchQuery;

#[resolvers]
impl SearchQuery {
    /// Finds products by SKU, barcode and name, documents by number and external reference, customers by external reference and whole e-mail address, lots
    /// by code, stores and suppliers by code and name, categories by slug and name, parcels and the orders of shipped parcels by tracking number: best
    /// first, an exact code or number before what begins with the query before words in any order. Numbers count with or without their letters: "PO-7" names
    /// one purchase order, "7" every document with this number. Invoices and credit notes have those of their legal entity, as in "INV-7", and fulfilment
    /// works the number of their order before theirs, as in "1041-2". The number of an order also finds its works and parcels. Percent signs, underscores
    /// and other signs are compared as they are. All pages together have the best 200 results at most. A cursor is of one query; `kinds` may change from
    /// page to page.
    ///
    /// Requires the read permission of each kind: kinds without it are left out and named in `skippedKinds`. Stores that the caller may not see are
    /// left out with all that is theirs; an e-mail address also requires customer.contact.read. Costs 10.
    #[field(authenticated, cost = "10", list_size(assumed = 20, arguments("first"), fields("nodes", "edges", "results")))]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code, number, reference or words: 2 to 200 characters without the blanks around them.")] query: String,
        #[graphql(desc = "Kinds to find. Default: all that the caller may read.")] kinds: Option<Vec<SearchKind>>,
        #[graphql(desc = "Results in this page, 1 to 50. Default 20.", default = 20)] first: i32,
        after: Option<Cursor>,
    ) -> Answer<SearchResults> {
        refuse_nul(&query, || path!["query"])?;
        let query = Query::parse(&query, numbering::patterns(ctx).await?.as_ref()).ok_or_else(|| {
            TopError::bad_input(
                format!("query must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters, without the blanks around it"),
                path!["query"],
            )
        })?;
        // A rank is valid for one query. Other kinds only add or omit results.
        let (cursors_of, signer) = (format!("search:{}", query.text), ctx.required_data::<CursorSigner>()?);
        let request = PageArgs { first: Some(first), after, ..PageArgs::default() }.check(&cursors_of, signer, MAX_PAGE_HITS)?;
        let mut kinds: Vec<Kind> = kinds.map_or_else(|| Kind::ALL.to_vec(), |kinds| kinds.into_iter().map(Kind::from).collect());
        kinds.sort_unstable();
        kinds.dedup();
        let (mut searched_kinds, mut skipped, mut tenant) = (Vec::new(), Vec::new(), None);
        for kind in kinds {
            match permitted_scope(ctx, kind) {
                Ok((scope, visible)) => {
                    searched_kinds.push(SearchedKind { visible, by_email: caller.sees_contacts() });
                    tenant = Some(scope);
                }
                Err(TopError::Forbidden(_)) => skipped.push(kind.into()),
                Err(other) => return Err(other),
            }
        }
        let matches = match &tenant {
            Some(scope) => Box::pin(rows::find_hits(scope, &query, &searched_kinds)).await?,
            None => SearchHits::default(),
        };
        let SearchHits { hits, is_cut } = core::rank_hits(matches);
        let total = hits.len();
        let ranked = hits.into_iter().map(|hit| {
            let keys = rows::keys(&hit);
            (hit, keys)
        });
        let mut picked = request.pick(ranked.collect());
        let has_next = picked.len() > request.limit as usize;
        picked.truncate(request.limit as usize);
        let shown = try_join_all(picked.into_iter().map(|(hit, keys)| Box::pin(load_result(ctx, hit, keys)))).await?;
        let page = Page::forward(shown.into_iter().flatten().collect(), has_next, &request, cursors_of, signer);
        Ok(SearchResults { page: page.with_total(total).with_inexact_count(is_cut), has_more: has_next || is_cut, skipped })
    }
}

/// Returns a hit with its keys, and the data that the caller may see: read like `node(id:)`, all
/// hits of a kind together.
async fn load_result(ctx: &Context<'_>, hit: Hit, keys: Vec<Key>) -> Answer<Option<(SearchResult, Vec<Key>)>> {
    let Some(node) = node_of(ctx, hit.kind, hit.id).await? else { return Ok(None) };
    let title = match &node {
        Node::Customer(customer) => customer.0.name.clone().or(hit.title).unwrap_or_else(|| customer.0.id.to_string()),
        _ => document_number_text(ctx, hit.kind, hit.title.unwrap_or_default()).await?,
    };
    let text = match hit.field {
        Field::Number => document_number_text(ctx, hit.kind, hit.text).await?,
        Field::OrderNumber => document_number_text(ctx, Kind::Order, hit.text).await?,
        _ => hit.text,
    };
    Ok(Some((SearchResult { node, kind: hit.kind.into(), tier: hit.tier, field: hit.field, text, title }, keys)))
}

/// Returns the digits of a document number as clients see it; other texts are returned unchanged.
async fn document_number_text(ctx: &Context<'_>, kind: Kind, text: String) -> Answer<String> {
    let numbered_kind = Kind::NUMBERED.iter().find(|(document, _)| *document == kind);
    match (numbered_kind, text.parse()) {
        (Some((_, numbered_kind)), Ok(number)) => numbering::format_number(ctx, *numbered_kind, number).await,
        _ => Ok(text),
    }
}
