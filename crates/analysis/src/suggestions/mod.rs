//! Suggestions from the texts of products in GraphQL.

mod description;
mod duplicate;
mod enums;
mod mutation;
mod page;
mod query;
mod refused;
mod suggestion;
mod tag;

pub use description::{
    DescriptionMutation, DescriptionQuery, ProductDescriptionEndpoint, ProductDescriptionEndpointPayload,
    ProductDescriptionFailure, ProductDescriptionPrompt, ProductDescriptionProposePayload,
};
pub use duplicate::{
    ProductDuplicate, ProductDuplicateConnection, ProductDuplicateEdge, ProductDuplicateReason, ProductNameChange,
    ProductNameCleanup, ProductNameCleanupConnection, ProductNameCleanupEdge,
};
pub use enums::{ProductDuplicateReasonKind, ProductNameRule, ProductTextStatus};
pub use mutation::{ProductSuggestionRefusePayload, ProductTextAcceptPayload, SuggestionMutation};
pub use query::SuggestionQuery;
pub use suggestion::{
    ProductCategorySuggestion, ProductCategorySuggestionConnection, ProductCategorySuggestionEdge, ProductTextModel,
    SuggestedCategory, SuggestedCategoryReason,
};
pub use tag::{ProductTagModel, ProductTagSuggestion, ProductTagSuggestionConnection, ProductTagSuggestionEdge, SuggestedTag};
