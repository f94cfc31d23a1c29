//! A schedule as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use entity::prelude::{self, SchedulePeriod};
use macros::resolvers;
use services::export_schedules::core::Schedule;

use crate::{
    buckets::ExportBucket,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long},
    },
    identity::{Actor, actor},
};

/// Rows that an export schedule writes. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ExportEntity", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportScheduleEntity {
    /// Demand facts, by business day, product, store, channel and currency: those that were revised.
    DemandFacts,
    /// Entries of the ledger: those that were added.
    Movements,
    /// Lines of orders: all lines of each order that has changed.
    Orders,
    /// Stock: all rows of each product and store whose quantities have changed.
    Stock,
}

/// Format of the files of an export schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ExportFormat", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportScheduleFormat {
    /// Apache Parquet with typed columns, compressed with Zstandard.
    Parquet,
    /// Comma-separated values with a head, as in RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Rule by which an export schedule is run. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportSchedulePeriod {
    /// The schedule is run at each full hour.
    Hourly,
    /// The schedule is run once a day.
    Daily,
}

impl From<ExportSchedulePeriod> for SchedulePeriod {
    fn from(period: ExportSchedulePeriod) -> Self {
        match period {
            ExportSchedulePeriod::Hourly => Self::Hourly,
            ExportSchedulePeriod::Daily => Self::Daily,
        }
    }
}

/// Status of an export schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ExportScheduleStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportScheduleStatus {
    /// The schedule is run.
    Active,
    /// The schedule was paused, its owner has left or may not see its rows any more, or another schedule has written into its folder.
    Paused,
}

/// A schedule's row.
#[derive(Clone)]
pub struct ExportSchedule(pub Arc<Schedule>);

impl From<Schedule> for ExportSchedule {
    fn from(schedule: Schedule) -> Self {
        Self(Arc::new(schedule))
    }
}

crate::connection!(counted ExportScheduleConnection, ExportScheduleEdge, ExportSchedule, "export schedules");

/// Schedule by which rows are written as files into the deployment's file store or a bucket, each run what has changed since the run before, with the
/// rights of the member or integration that set the schedule last.
#[resolvers(requires = ExchangeRun)]
impl ExportSchedule {
    /// ID of the schedule, which begins with xsc_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.fields.name
    }
    /// Rows that are written.
    async fn entity(&self) -> ExportScheduleEntity {
        self.0.fields.entity.into()
    }
    /// Format of the files.
    async fn format(&self) -> ExportScheduleFormat {
        self.0.fields.format.into()
    }
    /// Rule by which the schedule is run.
    async fn every(&self) -> ExportSchedulePeriod {
        match self.0.fields.period {
            SchedulePeriod::Hourly => ExportSchedulePeriod::Hourly,
            _ => ExportSchedulePeriod::Daily,
        }
    }
    /// Hour of the day, 0 to 23, at which a DAILY schedule is run; HOURLY does not use it.
    async fn hour(&self) -> i32 {
        self.0.fields.hour
    }
    /// IANA time zone of the hour.
    async fn time_zone(&self) -> &str {
        &self.0.fields.time_zone
    }
    /// Bucket into which the files are written. Null for the deployment's file store, where they begin with the ID of the tenant, exports and the ID of
    /// the schedule.
    async fn bucket(&self) -> Option<ExportBucket> {
        self.0.bucket.as_ref().map(Into::into)
    }
    /// Status of the schedule: it runs while it is ACTIVE.
    async fn status(&self) -> ExportScheduleStatus {
        self.0.status.into()
    }
    /// Member or integration that set the schedule last, whose rights each run has. A member other than the caller is shown with member.read only.
    async fn owner(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.maker).await
    }
    /// Number of the set of files that is written now, from 1. A new set begins with all rows; readers need no earlier one. 0 before the first run.
    async fn set(&self) -> Long {
        Long(self.0.set)
    }
    /// Number of the last event that the set includes. Null until all rows are in it.
    async fn through_seq(&self) -> Option<Long> {
        self.0.through.map(Long)
    }
    /// True if a run has begun and not ended; it may wait for its next try.
    async fn is_running(&self) -> bool {
        self.0.run.is_some()
    }
    /// Number of runs in a row whose tries have all failed; 0 after one that went well.
    async fn consecutive_failures(&self) -> Long {
        Long(self.0.failures)
    }
    /// Time of the next run. Null unless the schedule is ACTIVE.
    async fn next_run_at(&self) -> Option<DateTime> {
        self.0.next_run_at.map(DateTime)
    }
    /// Time at which the last run ended, well or not. Null before the first.
    async fn last_run_at(&self) -> Option<DateTime> {
        self.0.last_run_at.map(DateTime)
    }
    /// Reason for which the last run failed or is tried again. Null when it went well, and before the first.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }
    /// Time at which the schedule was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time at which the schedule was last set. Runs do not change it.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Version of the schedule: 1 when it was created, +1 each time that it is set. Runs do not change it.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
}
