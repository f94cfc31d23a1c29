//! Searching all kinds of things at once.

use async_graphql::Context;
use futures_util::future::try_join_all;
use macros::resolvers;
use platform::path;
use services::{
    scan::core::Kind,
    search::{
        core::{self, FEWEST_CHARACTERS, Field, Hit, MOST_CHARACTERS, MOST_HITS, Query},
        rows::{self, Sought},
    },
};

use super::result::{SearchResult, SearchResults};
use crate::{
    graphql::{
        fault::{Answer, TopError},
        filters::plain,
    },
    numbering,
    scan::{SearchKind, allowed, node_of},
    schema::Node,
};

/// The root field that searches.
#[derive(Default)]
pub struct SearchQuery;

#[resolvers]
impl SearchQuery {
    /// Finds products by SKU, barcode and name, documents by number and external reference, customers by external reference and whole e-mail address,
    /// lots by code, stores and suppliers by code and name, categories by slug and name: best first, an exact code or number before what begins with
    /// the query before words in any order. Numbers count with or without their letters: "PO-7" names one purchase order, "7" every document with this
    /// number. Percent signs, underscores and other signs stand for themselves.
    ///
    /// Requires the read permission of each kind: kinds without it are left out and named in `skippedKinds`. Stores that the caller may not see are
    /// left out with all that is theirs; an e-mail address also requires customer.contact.read. Costs 10.
    #[field(authenticated, cost = "10", list_size(assumed = 20, arguments("first"), fields("results")))]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code, number, reference or words: 2 to 100 characters without the blanks around them.")] query: String,
        #[graphql(desc = "Kinds to find. Default: all that the caller may read.")] kinds: Option<Vec<SearchKind>>,
        #[graphql(desc = "Most results: 1 to 50.", default = 20)] first: i32,
    ) -> Answer<SearchResults> {
        plain(&query, || path!["query"])?;
        let query = Query::parse(&query, numbering::patterns(ctx).await?.as_ref()).ok_or_else(|| {
            TopError::bad_input(
                format!("query must have {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters, without the blanks around it"),
                path!["query"],
            )
        })?;
        let most = usize::try_from(first).ok().filter(|most| (1..=MOST_HITS).contains(most));
        let most =
            most.ok_or_else(|| TopError::bad_input(format!("first must lie between 1 and {MOST_HITS}"), path!["first"]))?;
        let mut kinds: Vec<Kind> = kinds.map_or_else(|| Kind::ALL.to_vec(), |kinds| kinds.into_iter().map(Kind::from).collect());
        kinds.sort_unstable();
        kinds.dedup();
        let (mut sought, mut skipped, mut tenant) = (Vec::new(), Vec::new(), None);
        for kind in kinds {
            match allowed(ctx, kind) {
                Ok((scope, reach)) => {
                    sought.push(Sought { kind, reach, channel: caller.channel, by_email: caller.sees_contacts() });
                    tenant = Some(scope);
                }
                Err(TopError::Forbidden(_)) => skipped.push(kind.into()),
                Err(other) => return Err(other),
            }
        }
        let hits = match &tenant {
            Some(scope) => Box::pin(rows::hits(scope, &query, &sought)).await?,
            None => Vec::new(),
        };
        let (hits, has_more) = core::best(hits, most);
        let results = try_join_all(hits.into_iter().map(|hit| Box::pin(shown(ctx, hit)))).await?;
        Ok(SearchResults { results: results.into_iter().flatten().collect(), has_more, skipped })
    }
}

/// A hit as far as the caller may see it: read as `node(id:)` reads it, those of a kind together.
async fn shown(ctx: &Context<'_>, hit: Hit) -> Answer<Option<SearchResult>> {
    let Some(node) = node_of(ctx, hit.kind, hit.id).await? else { return Ok(None) };
    let title = match &node {
        Node::Customer(customer) => customer.0.name.clone().or(hit.title).unwrap_or_else(|| customer.0.id.to_string()),
        _ => numbered(ctx, hit.kind, hit.title.unwrap_or_default()).await?,
    };
    let text = if hit.field == Field::Number { numbered(ctx, hit.kind, hit.text).await? } else { hit.text };
    Ok(Some(SearchResult { node, kind: hit.kind.into(), tier: hit.tier, field: hit.field, text, title }))
}

/// The digits of a document's number as clients see it; any other text as it is.
async fn numbered(ctx: &Context<'_>, kind: Kind, text: String) -> Answer<String> {
    let of = Kind::NUMBERED.iter().find(|(document, _)| *document == kind);
    match (of, text.parse()) {
        (Some((_, of)), Ok(number)) => numbering::shown(ctx, *of, number).await,
        _ => Ok(text),
    }
}
