//! Schedules: times, recipients and results of sending a view.

use entity::prelude::*;
use serde::Serialize;

use super::{
    problem::Problem,
    view::{Variables, variables_problem},
};
use crate::{alerts::core::check_address, buckets::core::Bucket};

/// Maximum schedules of a tenant.
pub const MAX_SCHEDULES: i64 = 200;
/// Maximum schedules of a view.
pub const MAX_SCHEDULES_OF_A_VIEW: usize = 20;
/// Maximum addresses and members of a schedule.
pub const MAX_RECIPIENTS: usize = 20;
/// Consecutive failures after which a schedule is BROKEN.
pub const MAX_FAILED_RUNS: i64 = 5;
/// Maximum bytes of a table in an e-mail.
pub const MAX_MAIL_BYTES: usize = 5 << 20;
/// Maximum characters of a stored error.
pub const MAX_ERROR_CHARACTERS: usize = 500;
const MAX_PATH: usize = 200;

/// The times at which a view is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduleRule {
    pub period: SchedulePeriod,
    /// 0 to 23.
    pub hour: i32,
    /// Day of a WEEKLY schedule: 1, a Monday, to 7.
    pub day_of_week: i32,
    /// Day of a MONTHLY schedule: 1 to 31; a shorter month has its last day instead.
    pub day_of_month: i32,
    /// Time zone of the hour and the days.
    pub time_zone: String,
}

/// Input fields of a schedule. Its JSON is part of the idempotency key's hash.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct ScheduleFields {
    /// Values of the view's variables.
    pub variables: Variables,
    /// Path of the list whose rows are sent, where the view has several.
    pub rows: Option<String>,
    pub format: TableFormat,
    pub rule: ScheduleRule,
    pub emails: Vec<String>,
    pub members: Vec<MemberId>,
    /// Whether a table that equals the one before is not sent.
    pub only_if_changed: bool,
    /// Whether an event tells webhooks of each table.
    pub emits_event: bool,
    /// Language of a PDF. Left out of the hash if it is English, so that the hashes of earlier
    /// calls stay the same.
    #[serde(skip_serializing_if = "is_english")]
    pub locale: PaperLocale,
    /// Whether each table is stored as a file of the owner.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_file: bool,
    /// Whether the event of a table has its first rows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tells_rows: bool,
    /// Bucket of the tenant's into which each table is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Bucket>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_english(locale: &PaperLocale) -> bool {
    *locale == PaperLocale::English
}

/// Stored schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub id: SavedViewScheduleId,
    pub view: SavedViewId,
    pub fields: ScheduleFields,
    pub status: ScheduleStatus,
    /// Actor whose rights each run has.
    pub maker: Actor,
    /// API key with which a program set it: the schedule is paused when the key is removed.
    pub key: Option<ApiKeyId>,
    /// Consecutive failed runs.
    pub failures: i64,
    /// The run that has not ended.
    pub run: Option<Run>,
    pub last_run_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// SHA-256 of the table that was sent last, in hexadecimal digits.
    pub last_hash: Option<String>,
    pub next_run_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The file of the last stored table.
    pub last_file: Option<FileId>,
    /// The bucket's secret, sealed.
    pub sealed: Option<Vec<u8>>,
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub due_at: Timestamp,
    /// Addresses that the table was sent to.
    pub sent: Vec<String>,
}

/// Outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// All recipients have the table with this hash, or had it before.
    Sent(String),
    /// The run was skipped, such as for a paused view, which is no failure.
    Skipped(String),
    Failed(String),
    /// The schedule cannot run until a member sets it again.
    Paused(String),
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarDay {
    /// 1, a Monday, to 7.
    pub of_week: i32,
    pub of_month: i32,
    pub is_last_of_month: bool,
}

impl ScheduleRule {
    /// Whether the view is sent on this day.
    pub fn is_due_on(&self, day: CalendarDay) -> bool {
        match self.period {
            SchedulePeriod::Hourly | SchedulePeriod::Daily => true,
            SchedulePeriod::Weekdays => day.of_week <= 5,
            SchedulePeriod::Weekly => day.of_week == self.day_of_week,
            SchedulePeriod::Monthly => {
                day.of_month == self.day_of_month || (day.is_last_of_month && day.of_month < self.day_of_month)
            }
        }
    }
}

impl ScheduleFields {
    /// Whether a table has no recipient, event, file or bucket.
    fn has_no_output(&self) -> bool {
        !(self.is_mailed() || self.emits_event || self.keeps_file || self.bucket.is_some())
    }

    /// Whether the schedule has recipients of e-mails.
    pub fn is_mailed(&self) -> bool {
        !(self.emails.is_empty() && self.members.is_empty())
    }

    /// Returns all faults of the fields, except those of referenced rows, which are checked later.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problem_list: Vec<Problem> = variables_problem(&self.variables).into_iter().collect();
        if self.rows.as_ref().is_some_and(|rows| rows.chars().nth(MAX_PATH).is_some()) {
            problem_list.push(Problem::TooLong { most: MAX_PATH, name: "rows" });
        }
        if self.rows.as_ref().is_some_and(|rows| rows.contains('\0')) {
            problem_list.push(Problem::Invalid { message: "the path of a list is expected, as in stores", name: "rows" });
        }
        let ranges = [
            (self.rule.hour, 0..=23, "an hour from 0 to 23 is expected", "hour"),
            (self.rule.day_of_week, 1..=7, "a day from 1, a Monday, to 7 is expected", "dayOfWeek"),
            (self.rule.day_of_month, 1..=31, "a day from 1 to 31 is expected", "dayOfMonth"),
        ];
        for (value, range, message, name) in ranges {
            if !range.contains(&value) {
                problem_list.push(Problem::OutOfRange { message, name });
            }
        }
        if self.has_no_output() {
            problem_list.push(Problem::Missing {
                message: "an address, a member, the event, a kept file or a bucket is needed",
                name: "emails",
            });
        }
        if self.emails.len() + self.members.len() > MAX_RECIPIENTS {
            problem_list.push(Problem::TooMany { most: MAX_RECIPIENTS, name: "emails" });
        }
        for (nth, email) in self.emails.iter().enumerate().take(MAX_RECIPIENTS) {
            problem_list.extend(check_address(email).err().map(|bad| Problem::Address { nth, bad }));
        }
        if self.tells_rows && !self.emits_event {
            problem_list.push(Problem::Invalid { message: "rows are sent with the event: set hasEvent", name: "hasEventRows" });
        }
        problem_list
    }
}

impl Schedule {
    /// Name in the bucket of the table that is due at a time, as in RFC 3339 and UTC: equal for each try of a run.
    pub fn bucket_name(&self, slug: &str, due_at: &str, extension: &str) -> String {
        let moment: String = due_at.chars().take(19).map(|c| if c == ':' { '-' } else { c }).collect();
        format!("{slug}/{moment}Z-{}.{extension}", self.id)
    }
    /// Returns the schedule after the end of its run.
    #[must_use]
    pub fn after_run(&self, end: RunEnd, now: Timestamp) -> Self {
        let ended = Self { run: None, last_run_at: Some(now), ..self.clone() };
        let shortened = |error: String| -> Option<String> { Some(error.chars().take(MAX_ERROR_CHARACTERS).collect()) };
        match end {
            RunEnd::Sent(hash) => Self { failures: 0, last_error: None, last_hash: Some(hash), ..ended },
            RunEnd::Skipped(reason) => Self { last_run_at: self.last_run_at, last_error: shortened(reason), ..ended },
            RunEnd::Failed(reason) => Self { last_error: shortened(reason), ..ended.after_failure() },
            RunEnd::Paused(reason) => {
                Self { status: ScheduleStatus::Paused, next_run_at: None, last_error: shortened(reason), ..ended }
            }
        }
    }

    /// Returns the file of the last table if the schedule is set again with the same API key:
    /// another key may have fewer rights than the one of the table.
    pub fn file_for(&self, key: Option<ApiKeyId>) -> Option<FileId> {
        self.last_file.filter(|_| self.key == key)
    }

    /// Returns the schedule after one more failed run.
    #[must_use]
    pub fn after_failure(self) -> Self {
        let failures = self.failures + 1;
        if failures < MAX_FAILED_RUNS {
            return Self { failures, ..self };
        }
        Self { failures, status: ScheduleStatus::Broken, next_run_at: None, ..self }
    }
}

/// Returns the file name extension of this format.
pub fn file_extension(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "csv",
        TableFormat::Jsonl => "jsonl",
        TableFormat::Xlsx => "xlsx",
        TableFormat::Pdf => "pdf",
        TableFormat::Parquet => "parquet",
    }
}

/// The media type of a file of this format.
pub fn media_type(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "text/csv; charset=utf-8",
        TableFormat::Jsonl => "application/jsonl; charset=utf-8",
        TableFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        TableFormat::Pdf => "application/pdf",
        TableFormat::Parquet => "application/vnd.apache.parquet",
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::alerts::core::InvalidAddress;

    fn rule(period: SchedulePeriod) -> ScheduleRule {
        ScheduleRule { period, hour: 7, day_of_week: 3, day_of_month: 30, time_zone: "Europe/London".to_owned() }
    }

    fn fields() -> ScheduleFields {
        ScheduleFields {
            variables: Variables::new(),
            rows: None,
            format: TableFormat::Csv,
            rule: rule(SchedulePeriod::Daily),
            emails: vec!["ada@example.com".to_owned()],
            members: Vec::new(),
            only_if_changed: false,
            emits_event: false,
            locale: PaperLocale::English,
            keeps_file: false,
            tells_rows: false,
            bucket: None,
        }
    }

    fn schedule() -> Schedule {
        Schedule {
            id: Id::from_uuid(Uuid::from_u128(1)),
            view: Id::from_uuid(Uuid::from_u128(2)),
            fields: fields(),
            status: ScheduleStatus::Active,
            maker: Actor::SYSTEM,
            key: None,
            failures: 0,
            run: Some(Run { due_at: Timestamp(5), sent: Vec::new() }),
            last_run_at: None,
            last_error: None,
            last_hash: None,
            next_run_at: Some(Timestamp(9)),
            version: 1,
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            last_file: None,
            sealed: None,
        }
    }

    #[test]
    fn a_file_in_a_bucket_is_named_after_its_time() {
        let name = schedule().bucket_name("low-stock", "2026-12-01T07:00:00.000000Z", "csv");
        let id = schedule().id;
        assert_eq!(name, format!("low-stock/2026-12-01T07-00-00Z-{id}.csv"));
    }

    #[test]
    fn a_short_month_has_its_last_day() {
        let day = |of_week, of_month, is_last_of_month| CalendarDay { of_week, of_month, is_last_of_month };
        let days = [day(3, 28, true), day(6, 30, false), day(7, 31, true), day(1, 29, false)];
        let on = |period| days.map(|day| rule(period).is_due_on(day));
        assert_eq!(on(SchedulePeriod::Monthly), [true, true, false, false]);
        assert_eq!(on(SchedulePeriod::Weekly), [true, false, false, false]);
        assert_eq!(on(SchedulePeriod::Weekdays), [true, false, false, true]);
        assert_eq!(on(SchedulePeriod::Daily), [true; 4]);
    }

    #[test]
    fn a_schedule_has_one_to_twenty_recipients() {
        let with = |count| ScheduleFields { emails: vec!["ada@example.com".to_owned(); count], ..fields() }.problems();
        assert_eq!((with(1), with(20)), (vec![], vec![]));
        assert!(matches!(with(0)[..], [Problem::Missing { name: "emails", .. }]));
        assert_eq!(ScheduleFields { emails: Vec::new(), emits_event: true, ..fields() }.problems(), []);
        assert_eq!(ScheduleFields { emails: Vec::new(), keeps_file: true, ..fields() }.problems(), []);
        let refused = ScheduleFields { tells_rows: true, ..fields() }.problems();
        assert!(matches!(refused[..], [Problem::Invalid { name: "hasEventRows", .. }]), "{refused:?}");
        assert_eq!(with(21), [Problem::TooMany { most: 20, name: "emails" }]);
        for bad in ["ada", "ada@", "a@b@c", "ada@example.com,bob@example.com", "ada@example.com\r\nBcc: x@y.z"] {
            let found = ScheduleFields { emails: vec!["ada@x".to_owned(), bad.to_owned()], ..fields() }.problems();
            assert_eq!(found, [Problem::Address { nth: 1, bad: InvalidAddress::Invalid }], "{bad}");
        }
        let late = ScheduleFields { rule: ScheduleRule { hour: 24, ..rule(SchedulePeriod::Daily) }, ..fields() };
        assert!(matches!(late.problems()[..], [Problem::OutOfRange { name: "hour", .. }]));
        let worse = ScheduleFields { emails: vec![String::new()], ..late };
        assert_eq!(worse.problems().len(), 2, "all of it is told");
    }

    #[test]
    fn five_failures_in_a_row_break_a_schedule_and_one_success_forgets_them() {
        let failed = |schedule: &Schedule| schedule.after_run(RunEnd::Failed("no".to_owned()), Timestamp(6));
        let four = (0..4).fold(schedule(), |schedule, _| failed(&schedule));
        assert_eq!((four.status, four.failures, four.next_run_at), (ScheduleStatus::Active, 4, Some(Timestamp(9))));
        let five = failed(&four);
        assert_eq!((five.status, five.next_run_at, five.last_error.as_deref()), (ScheduleStatus::Broken, None, Some("no")));
        let well = four.after_run(RunEnd::Sent("h".to_owned()), Timestamp(7));
        assert_eq!((well.failures, well.last_error, well.last_run_at, well.run), (0, None, Some(Timestamp(7)), None));
        let paused = schedule().after_run(RunEnd::Paused("gone".to_owned()), Timestamp(7));
        assert_eq!((paused.status, paused.failures, paused.next_run_at), (ScheduleStatus::Paused, 0, None));
    }

    #[test]
    fn a_schedule_that_another_key_sets_anew_hands_it_no_file() {
        let (file, key) = (Id::from_uuid(Uuid::from_u128(3)), Id::from_uuid(Uuid::from_u128(4)));
        let of_member = Schedule { last_file: Some(file), ..schedule() };
        assert_eq!((of_member.file_for(None), of_member.file_for(Some(key))), (Some(file), None));
        let of_key = Schedule { key: Some(key), ..of_member };
        assert_eq!((of_key.file_for(Some(key)), of_key.file_for(Some(Id::from_uuid(Uuid::from_u128(5))))), (Some(file), None));
    }
}
