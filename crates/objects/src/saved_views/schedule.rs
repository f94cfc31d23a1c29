//! A schedule as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use entity::prelude;
use macros::resolvers;
use services::{
    files::{self, Files},
    saved_views::core::Schedule,
};

use crate::{
    buckets::ExportBucket,
    files::{File, filter_accessible_file},
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long},
    },
    identity::{Member, find_member},
    orders::links::{Actor, actor},
    papers::PaperLocale,
};

/// Rule by which a saved view is sent. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::SchedulePeriod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SchedulePeriod {
    /// The view is sent at each full hour.
    Hourly,
    /// The view is sent once a day.
    Daily,
    /// The view is sent once a day from Monday to Friday.
    Weekdays,
    /// The view is sent once a week.
    Weekly,
    /// The view is sent once a month.
    Monthly,
}

/// Status of a schedule of a saved view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ScheduleStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SavedViewScheduleStatus {
    /// The schedule is run.
    Active,
    /// The schedule was paused, or its owner has left or may not see all of the view any more.
    Paused,
    /// Five runs in a row have failed; the schedule has to be set again.
    Broken,
}

/// Format of a table. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::TableFormat", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SavedViewTableFormat {
    /// Comma-separated values with a head, as in RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Workbook of one sheet, as in Office Open XML.
    Xlsx,
    /// Pages of A4 with the name of the view, what its document selects beside the list, a chart where it selects one, and the table.
    Pdf,
    /// Apache Parquet with typed columns, compressed with Zstandard.
    Parquet,
}

/// A schedule's row.
#[derive(Clone)]
pub struct SavedViewSchedule(pub Arc<Schedule>);

impl From<Schedule> for SavedViewSchedule {
    fn from(schedule: Schedule) -> Self {
        Self(Arc::new(schedule))
    }
}

/// Schedule of a saved view: its table is sent by e-mail with the rights of the member or integration that set the schedule last.
#[resolvers(requires = ViewManage)]
impl SavedViewSchedule {
    /// ID of the schedule.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Values of the view's variables that the schedule fixes, as an object.
    async fn variables(&self) -> Json {
        Json(serde_json::Value::Object(self.0.fields.variables.clone()))
    }
    /// Path of the list whose rows are sent; null where the view has one list.
    async fn rows(&self) -> Option<&str> {
        self.0.fields.rows.as_deref()
    }
    /// Format of the table.
    async fn format(&self) -> SavedViewTableFormat {
        self.0.fields.format.into()
    }
    /// Rule by which the view is sent.
    async fn every(&self) -> SchedulePeriod {
        self.0.fields.rule.period.into()
    }
    /// Hour of the day, 0 to 23, at which the view is sent; HOURLY does not use it.
    async fn hour(&self) -> i32 {
        self.0.fields.rule.hour
    }
    /// Day of the week of WEEKLY, from 1, a Monday, to 7.
    async fn day_of_week(&self) -> i32 {
        self.0.fields.rule.day_of_week
    }
    /// Day of the month of MONTHLY, 1 to 31; a shorter month has its last day instead.
    async fn day_of_month(&self) -> i32 {
        self.0.fields.rule.day_of_month
    }
    /// IANA time zone of the hour and the days.
    async fn time_zone(&self) -> &str {
        &self.0.fields.rule.time_zone
    }
    /// E-mail addresses that get the table, at most 20.
    async fn emails(&self) -> &[String] {
        &self.0.fields.emails
    }
    /// Members who get the table by e-mail, as long as they are active, at most 20.
    async fn members(&self, ctx: &Context<'_>) -> Answer<Vec<Member>> {
        ctx.caller()?;
        let mut schedule_members = Vec::with_capacity(self.0.fields.members.len());
        for id in &self.0.fields.members {
            schedule_members.extend(find_member(ctx, *id).await?);
        }
        Ok(schedule_members)
    }
    /// True if a table that equals the one before is not sent.
    #[field(was("onlyIfChanged", "2026-11-27"))]
    async fn is_sent_only_if_changed(&self) -> bool {
        self.0.fields.only_if_changed
    }
    /// True if the event view.result reports each table to webhooks.
    #[field(was("emitsEvent", "2026-11-27"))]
    async fn has_event(&self) -> bool {
        self.0.fields.emits_event
    }
    /// True if the event view.result has the first rows of each table, for the owner and their webhooks.
    #[field(was("tellsRows", "2026-11-27"))]
    async fn has_event_rows(&self) -> bool {
        self.0.fields.tells_rows
    }
    /// True if each table is kept as a file of the owner's, for seven days.
    #[field(was("keepsFile", "2026-11-27"))]
    async fn has_file(&self) -> bool {
        self.0.fields.keeps_file
    }
    /// Bucket of the company's own into which each table is written. Null for none.
    async fn bucket(&self) -> Option<ExportBucket> {
        self.0.fields.bucket.as_ref().map(Into::into)
    }
    /// File of the last table that was kept: with hasFile of each, else of one that could not be sent by e-mail. Null before the first, for all but the
    /// owner, for a key that lacks a permission or a store of the key that set the schedule, and for an integration that is bound to a channel and was
    /// changed since. Another key that sets the schedule anew sees no table of before.
    #[field(permit = ViewManage, cost = "1")]
    async fn last_file(&self, ctx: &Context<'_>) -> Answer<Option<File>> {
        let Some(id) = self.0.last_file else { return Ok(None) };
        let stored_file = ctx.required_data::<Files>()?.find(&permit, id).await?;
        // Older files have no key: they were created with the schedule's.
        let stored_file = stored_file.map(|file| files::core::File { key: file.key.or(self.0.key), ..file });
        Ok(filter_accessible_file(ctx, stored_file).await?.map(File::from))
    }
    /// Language of the words and decimal signs of a PDF.
    async fn locale(&self) -> PaperLocale {
        self.0.fields.locale.into()
    }
    /// Status of the schedule: it runs while it is ACTIVE.
    async fn status(&self) -> SavedViewScheduleStatus {
        self.0.status.into()
    }
    /// Member or integration that set the schedule last, whose rights each run has. A member other than the caller is shown with member.read only.
    async fn owner(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.maker).await
    }
    /// Time of the next run; null unless the schedule is ACTIVE.
    async fn next_run_at(&self) -> Option<DateTime> {
        self.0.next_run_at.map(DateTime)
    }
    /// Time at which the last run ended, well or not; null before the first.
    async fn last_run_at(&self) -> Option<DateTime> {
        self.0.last_run_at.map(DateTime)
    }
    /// Reason for which the last run failed, is tried again, or was left out; null when it went well, and before the first.
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
