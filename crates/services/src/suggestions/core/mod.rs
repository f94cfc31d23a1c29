//! Computes suggestions from texts, and changes of products from accepted suggestions. No database,
//! no clock.

mod accept;
mod description;
mod model;
mod names;
mod tags;

pub use accept::{AcceptRefusal, AcceptedLine, AcceptedList, AcceptedLists, AcceptedValue, MAX_ACCEPTED, merge_lists};
pub use description::{
    Endpoint, EndpointFields, EndpointRefusal, MAX_CALLS, MAX_KEY, MAX_MODEL, MAX_PROPOSED, MAX_TOKENS, MAX_URL, Proposal,
    UnusableAnswer, proposal, request,
};
pub use model::{CategoryModel, Example, ModelStatus, SuggestedCategory, is_confident};
pub use names::{ConfirmedNames, MAX_LISTED, NamePair, NamedProduct, Names};
pub use product_text::{
    classifier::Reason as CategoryReason,
    cleaning::{Change, CleanedName, Rule},
    duplicates::Reason as DuplicateReason,
};
pub use tags::{SuggestedTag, TagBaseline, TagModel, TaggedExample};
