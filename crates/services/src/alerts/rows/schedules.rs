//! Schedules of saved views and of exports that deliver nothing: several consecutive runs have
//! failed, or the schedule was stopped automatically.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{export_schedule, saved_view, saved_view_schedule},
};
use platform::storage::{Fault, Finds, Reads};

use crate::alerts::core::{FailedSchedule, Subject};

/// The condition of such a schedule, as the indexes have it. A schedule that a member pauses, or sets again, has neither failures nor an error.
pub(super) const IS_FAILING: &str = "(s.failures >= 3 OR (s.status = 'PAUSED' AND s.last_error IS NOT NULL))";

/// A schedule that delivers nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingSchedule {
    pub kind: AlertKind,
    pub subject: Subject,
    /// Consecutive failed runs.
    pub runs: i64,
    pub schedule: FailedSchedule,
    /// End of the last run; `None` before the first.
    pub last_run_at: Option<Timestamp>,
}

#[derive(Record)]
struct ViewSchedule {
    #[record(of = saved_view_schedule, alias = "s")]
    id: SavedViewScheduleId,
    #[record(of = saved_view_schedule, alias = "s")]
    failures: i64,
    #[record(of = saved_view_schedule, alias = "s")]
    last_run_at: Option<Timestamp>,
    #[record(of = saved_view_schedule, alias = "s")]
    last_error: Option<String>,
    #[record(of = saved_view, alias = "v")]
    name: String,
}

impl From<ViewSchedule> for FailingSchedule {
    fn from(row: ViewSchedule) -> Self {
        Self {
            kind: AlertKind::SavedViewScheduleFailed,
            subject: Subject::SavedViewSchedule(row.id),
            runs: row.failures,
            schedule: FailedSchedule { name: row.name, error: row.last_error },
            last_run_at: row.last_run_at,
        }
    }
}

#[derive(Record)]
#[record(of = export_schedule, alias = "s")]
struct ExportSchedule {
    id: ExportScheduleId,
    name: String,
    failures: i64,
    last_run_at: Option<Timestamp>,
    last_error: Option<String>,
}

impl From<ExportSchedule> for FailingSchedule {
    fn from(row: ExportSchedule) -> Self {
        Self {
            kind: AlertKind::ExportScheduleFailed,
            subject: Subject::ExportSchedule(row.id),
            runs: row.failures,
            schedule: FailedSchedule { name: row.name, error: row.last_error },
            last_run_at: row.last_run_at,
        }
    }
}

/// Reads the schedules of a tenant that deliver nothing.
pub async fn failing_schedules(reads: &impl Reads) -> Result<Vec<FailingSchedule>, Fault> {
    let views = format!(
        "SELECT {} FROM saved_view_schedule s JOIN saved_view v ON v.tenant_id = $1 AND v.id = s.view_id
         WHERE s.tenant_id = $1 AND {IS_FAILING} ORDER BY s.id",
        ViewSchedule::SELECT
    );
    let exports =
        format!("SELECT {} FROM export_schedule s WHERE s.tenant_id = $1 AND {IS_FAILING} ORDER BY s.id", ExportSchedule::SELECT);
    let views = reads.records::<ViewSchedule>(&views, vec![]).await?;
    let exports = reads.records::<ExportSchedule>(&exports, vec![]).await?;
    let exports = exports.into_iter().map(FailingSchedule::from);
    Ok(views.into_iter().map(FailingSchedule::from).chain(exports).collect())
}

#[cfg(test)]
mod tests {
    use super::IS_FAILING;
    use crate::alerts::core::FAILED_RUNS_THRESHOLD;

    #[test]
    fn schedules_that_fail_are_found_by_their_indexes() {
        let condition = IS_FAILING.trim_start_matches('(').replace("s.", "");
        let index = format!("WHERE {}", condition.strip_suffix(')').unwrap());
        let migration = include_str!("../../../../../migration/src/m0202/failed_schedules.sql");
        assert_eq!(migration.matches(&index).count(), 2, "{index}");
        assert!(IS_FAILING.contains(&format!("failures >= {FAILED_RUNS_THRESHOLD} ")));
    }
}
