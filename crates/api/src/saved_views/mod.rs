//! Saved views in GraphQL.

mod filter;
mod inputs;
mod link;
mod live;
pub mod moved_by;
mod mutation;
mod not_live;
mod payloads;
mod query;
mod schedule;
mod update;
mod view;
mod view_ref;

pub use inputs::{
    SavedViewCreateInput, SavedViewDeleteInput, SavedViewLinkCreateInput, SavedViewLinkRevokeInput, SavedViewReadersInput,
    SavedViewScheduleDeleteInput, SavedViewScheduleSetInput, SavedViewUpdateInput,
};
pub use link::SavedViewLink;
pub use live::SavedViewSubscription;
pub use moved_by::moved_by;
pub use mutation::SavedViewMutation;
pub use payloads::{SavedViewLinkPayload, SavedViewPayload, SavedViewSchedulePayload};
pub use query::{SavedViewError, SavedViewQuery, SavedViewResult, Turns};
pub use schedule::{SavedViewSchedule, SavedViewScheduleStatus, SavedViewTableFormat, SchedulePeriod};
pub use update::SavedViewUpdate;
pub use view::{SavedView, SavedViewConnection, SavedViewEdge, SavedViewReaders, SavedViewStatus, find_view, views_named};
pub use view_ref::SavedViewRef;
