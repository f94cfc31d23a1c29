//! Storing and reading views.

mod change;
mod destinations;
mod due;
mod engine;
mod links;
mod live;
mod read;
mod link_use_cache;
mod refusal;
mod runs;
mod schedules;
mod service;
mod failure_notices;
mod uses;

pub use change::{ViewCreate, ViewDelete, ViewUpdate};
pub use due::next_run;
pub use engine::{DocumentProblem, DocumentRefusal, Outcome, Reader, Table, TableOutcome, TableRequest, ViewEngine};
pub use failure_notices::{STOPPED_JOB, STOPPED_TRIES, StoppedSchedule};
pub use links::{LinkCreate, LinkRevoke, LinkWithView, OpenedLink};
pub use live::{LiveView, SubscribeRefusal};
pub use read::{ReadError, Status, ViewRequest, ViewResult};
pub use refusal::{SavedViewError, SavedViewRefusal};
pub use runs::{MAX_TRIES, SCHEDULE_JOB, ScheduledRun, skip_due};
pub use schedules::{ScheduleDelete, ScheduleSet, ScheduleWithView};
pub use service::SavedViews;
