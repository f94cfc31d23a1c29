//! Saved views in GraphQL.

pub mod link;
pub mod live_refusals;
pub mod schedule;
pub mod view;
pub mod view_ref;

pub use link::SavedViewLink;
pub use schedule::{SavedViewSchedule, SavedViewScheduleStatus, SavedViewTableFormat, SchedulePeriod};
pub use view::{SavedView, SavedViewConnection, SavedViewEdge, SavedViewReaders, SavedViewStatus, find_view, find_views_by_slug};
pub use view_ref::SavedViewRef;
