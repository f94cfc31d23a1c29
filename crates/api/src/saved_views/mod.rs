//! Saved views in GraphQL.

mod inputs;
mod mutation;
mod payloads;
mod query;
mod view;

pub use inputs::{SavedViewCreateInput, SavedViewDeleteInput, SavedViewRef, SavedViewUpdateInput};
pub use mutation::SavedViewMutation;
pub use payloads::SavedViewPayload;
pub use query::{SavedViewError, SavedViewQuery, SavedViewResult, Turns};
pub use view::{SavedView, SavedViewConnection, SavedViewEdge, SavedViewStatus, find_view};
