//! From texts to suggestions, and from what was accepted to changes of products. No database, no clock.

mod accept;
mod description;
mod model;
mod names;
mod tags;

pub use accept::{AcceptRefusal, Accepted, AcceptedLine, AcceptedList, AcceptedLists, MOST_ACCEPTED, merged};
pub use description::{
    Endpoint, EndpointFields, EndpointRefusal, MOST_CALLS, MOST_KEY, MOST_MODEL, MOST_PROPOSED, MOST_TOKENS, MOST_URL, Proposal,
    Unusable, proposal, request,
};
pub use model::{CategoryModel, Example, ModelStatus, SuggestedCategory, is_confident};
pub use names::{MOST_LISTED, NamePair, Named, Names, RightNames};
pub use product_text::{
    classifier::Reason as CategoryReason,
    cleaning::{Change, Cleaned, Rule},
    duplicates::Reason as DuplicateReason,
};
pub use tags::{SuggestedTag, TagBaseline, TagModel, TaggedExample};
