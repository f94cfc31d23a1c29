//! Saved views in GraphQL.

pub use objects::saved_views::*;

mod filter;
mod inputs;
mod live;
pub mod dependencies;
mod mutation;
mod payload;
mod query;
mod update;

pub use dependencies::invalidated_by;
pub use inputs::{
    SavedViewCreateInput, SavedViewDeleteInput, SavedViewLinkCreateInput, SavedViewLinkRevokeInput, SavedViewReadersInput,
    SavedViewScheduleDeleteInput, SavedViewScheduleSetInput, SavedViewUpdateInput,
};
pub use live::SavedViewSubscription;
pub use mutation::SavedViewMutation;
pub use payload::{SavedViewLinkPayload, SavedViewPayload, SavedViewSchedulePayload};
pub use query::{SavedViewError, SavedViewQuery, SavedViewResult, ViewReadLock};
pub use update::SavedViewUpdate;
