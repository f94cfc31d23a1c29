//! Saved views in GraphQL.

mod inputs;
mod live;
mod moved_by;
mod mutation;
mod payloads;
mod query;
mod update;
mod view;

pub use inputs::{SavedViewCreateInput, SavedViewDeleteInput, SavedViewRef, SavedViewUpdateInput};
pub use live::SavedViewSubscription;
pub use moved_by::moved_by;
pub use mutation::SavedViewMutation;
pub use payloads::SavedViewPayload;
pub use query::{SavedViewError, SavedViewQuery, SavedViewResult, Turns};
pub use update::SavedViewUpdate;
pub use view::{SavedView, SavedViewConnection, SavedViewEdge, SavedViewStatus, find_view};
