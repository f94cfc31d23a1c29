//! Products that are probably one, and names that can be cleaned.

use async_graphql::SimpleObject;
use macros::resolvers;
use services::{
    demand::core::round6,
    suggestions::{
        core::DuplicateReason,
        shell::{ListedCleanup, ListedPair},
    },
};

use super::{
    enums::{ProductDuplicateReasonKind, ProductNameRule, ProductTextStatus},
    page::suggestions,
};
use crate::{catalog::Product, graphql::connection::CountedPage};

/// Two products that are probably one.
pub struct ProductDuplicate(pub ListedPair);

/// Pair of products that are probably duplicates.
#[resolvers(requires = ProductRead)]
impl ProductDuplicate {
    /// The product that was created first.
    async fn first(&self) -> Product {
        self.0.first.clone().into()
    }
    /// The product that was created later.
    async fn second(&self) -> Product {
        self.0.second.clone().into()
    }
    /// Likeness of the names, from 0.8 to 1; 1 if they are the same text. Names of two sizes, colours, counts or numbers are never a pair.
    async fn score(&self) -> f64 {
        round6(self.0.score)
    }
    /// Reasons for which they are held to be one.
    #[field(list_size(assumed = 3))]
    async fn reasons(&self) -> Vec<ProductDuplicateReason> {
        self.0.reasons.iter().map(ProductDuplicateReason::from).collect()
    }
}

suggestions!(ProductDuplicateConnection, ProductDuplicateEdge, ProductDuplicate, "pairs of probable duplicates");

/// A reason for which two products are probably one.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductDuplicateReason {
    /// Kind of the reason.
    pub kind: ProductDuplicateReasonKind,
    /// Words that it is about: two of a pair, one that is extra, none where the names agree as a whole.
    pub words: Vec<String>,
}

impl From<&DuplicateReason> for ProductDuplicateReason {
    fn from(reason: &DuplicateReason) -> Self {
        use ProductDuplicateReasonKind as Kind;
        let (kind, words) = match reason {
            DuplicateReason::SameText => (Kind::SameText, Vec::new()),
            DuplicateReason::SameWords => (Kind::SameWords, Vec::new()),
            DuplicateReason::Joined => (Kind::Joined, Vec::new()),
            DuplicateReason::Ending(one, other) => (Kind::Ending, vec![one.clone(), other.clone()]),
            DuplicateReason::Misspelled(one, other) => (Kind::Misspelled, vec![one.clone(), other.clone()]),
            DuplicateReason::Shortened(one, other) => (Kind::Shortened, vec![one.clone(), other.clone()]),
            DuplicateReason::Extra(word) => (Kind::ExtraWord, vec![word.clone()]),
        };
        Self { kind, words }
    }
}

/// A product whose name can be cleaned.
pub struct ProductNameCleanup(pub ListedCleanup);

/// A product whose name can be cleaned by rules. Numbers and codes stay as they are.
#[resolvers(requires = ProductRead)]
impl ProductNameCleanup {
    /// Product.
    async fn product(&self) -> Product {
        self.0.product.clone().into()
    }
    /// Name as it is now.
    async fn name(&self) -> &str {
        &self.0.product.name
    }
    /// Name that is proposed.
    async fn proposed(&self) -> &str {
        &self.0.cleaned.name
    }
    /// Rules that changed the name, in their order.
    #[field(list_size(assumed = 5))]
    async fn changes(&self) -> Vec<ProductNameChange> {
        let changes = self.0.cleaned.changes.iter();
        changes
            .map(|change| ProductNameChange {
                rule: change.rule.into(),
                before: change.before.clone(),
                after: change.after.clone(),
            })
            .collect()
    }
}

suggestions!(ProductNameCleanupConnection, ProductNameCleanupEdge, ProductNameCleanup, "products whose names can be cleaned");

/// The change that one rule made to a name.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductNameChange {
    /// Rule.
    pub rule: ProductNameRule,
    /// Name before the rule.
    pub before: String,
    /// Name after the rule.
    pub after: String,
}
