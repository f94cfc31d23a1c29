//! Storing export schedules, and executing them.

mod change;
mod destination;
mod refusal;
mod runs;
mod sections;
mod service;
mod stop_reason;

pub use change::{ScheduleDelete, ScheduleResult, ScheduleRun, ScheduleSet};
pub use refusal::{ExportScheduleError, ExportScheduleRefusal};
pub use runs::{ExportRun, JOB, MAX_TRIES, restart_schedules, skip_due};
pub use service::ExportSchedules;
