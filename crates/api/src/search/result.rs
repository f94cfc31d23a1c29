//! Results of a search, as the API shows them.

use async_graphql::{Enum, Object};
use macros::resolvers;
use services::search::core::{Field, Tier};

use crate::{
    graphql::{
        connection::{COUNTED_BY_DEFAULT, Count, CountedPage},
        fault::Answer,
    },
    scan::SearchKind,
    schema::Node,
};

/// Tier of a search result: its nearness to the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Tier", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SearchTier {
    /// A code, number, external reference, tracking number or e-mail address equals the query.
    Exact,
    /// A code, external reference, tracking number or name begins with the query.
    Prefix,
    /// Each word of the query begins a word of the name, in any order; of products, also of the SKU and the barcodes.
    Words,
}

/// Results of a search.
pub struct SearchResults {
    pub page: CountedPage<SearchResult>,
    pub has_more: bool,
    pub skipped: Vec<SearchKind>,
}
crate::connection!(@edge SearchResultEdge, SearchResult, "search results");

/// A page of the results of a search.
#[resolvers(connection(page, SearchResultEdge, SearchResult))]
impl SearchResults {
    /// Things that were found, best first, each once; at most `first` of them, and empty if there are none.
    async fn nodes(&self) -> &[SearchResult] {
        &self.page.page.nodes
    }
    /// Number of results on all pages together, 0 to 200, counted up to a limit. AT_LEAST where more may match than the pages have. Costs 3.
    #[field(cost = "3")]
    async fn total_count(
        &self,
        #[graphql(desc = "Count no further than this: 1 to 100,000. Default 1,000.", default_with = "COUNTED_BY_DEFAULT")]
        limit: i32,
    ) -> Answer<Count> {
        self.page.total(limit).await
    }
    /// Deprecated name of `nodes`.
    #[field(deprecation = "2026-11-26: use nodes. Removed after 2027-11-26.")]
    async fn results(&self) -> &[SearchResult] {
        &self.page.page.nodes
    }
    /// True if there are more results, or more may match than all pages have. On the last page: add characters to the query, or name fewer kinds.
    async fn has_more(&self) -> bool {
        self.has_more
    }
    /// Kinds that were not searched, because the caller lacks their read permission. Empty if all were.
    async fn skipped_kinds(&self) -> &[SearchKind] {
        &self.skipped
    }
}

/// Thing that a search found.
pub struct SearchResult {
    pub node: Node,
    pub kind: SearchKind,
    pub tier: Tier,
    pub field: Field,
    pub text: String,
    pub title: String,
}

/// Thing that a search found.
#[Object]
impl SearchResult {
    /// The thing.
    async fn node(&self) -> &Node {
        &self.node
    }
    /// Kind of the thing.
    async fn kind(&self) -> SearchKind {
        self.kind
    }
    /// Tier of the result: exact before prefix before words.
    async fn tier(&self) -> SearchTier {
        self.tier.into()
    }
    /// Field that matched: "barcode", "sku", "number", "code", "slug", "lotCode", "externalRef", "trackingNumber", "orderNumber", "email" or "name". Words
    /// of a product's SKU and barcodes count as "name".
    async fn field(&self) -> &'static str {
        match self.field {
            Field::Barcode => "barcode",
            Field::Sku => "sku",
            Field::Number => "number",
            Field::Code => "code",
            Field::Slug => "slug",
            Field::LotCode => "lotCode",
            Field::ExternalRef => "externalRef",
            Field::TrackingNumber => "trackingNumber",
            Field::OrderNumber => "orderNumber",
            Field::Email => "email",
            Field::Name => "name",
        }
    }
    /// Value of the field that matched; the query itself where an e-mail address matched.
    async fn text(&self) -> &str {
        &self.text
    }
    /// Title for people: the name of a product, store, supplier, category or customer, the number of a document as in SO-000007, the code of a lot, the
    /// tracking number of a parcel. The external reference of a customer without a name, or else its ID; the number of the work and the position of a
    /// parcel without a tracking number, as in 1041-2/1.
    async fn title(&self) -> &str {
        &self.title
    }
}
