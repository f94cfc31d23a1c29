//! The fields of a schedule that its owner sets.

use entity::prelude::*;
use serde::Serialize;

use super::problem::Problem;
use crate::saved_views::core::ScheduleRule;

const MAX_NAME: usize = 100;

/// Input of a schedule without the bucket. Its JSON is part of the idempotency key's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fields {
    pub name: String,
    pub entity: ExportEntity,
    pub format: ExportFormat,
    /// Hourly or daily.
    pub period: SchedulePeriod,
    /// Hour of a daily schedule: 0 to 23.
    pub hour: i32,
    /// Time zone of the hour.
    pub time_zone: String,
}

impl Fields {
    /// Returns the times of its runs.
    pub fn rule(&self) -> ScheduleRule {
        ScheduleRule { period: self.period, hour: self.hour, day_of_week: 1, day_of_month: 1, time_zone: self.time_zone.clone() }
    }

    /// Returns all faults of the fields, except those of the time zone, which the caller checks.
    pub fn problems(&self) -> Vec<Problem> {
        let mut field_problems = Vec::new();
        if self.name.trim().is_empty() {
            field_problems.push(Problem::Missing { message: "a name is needed", name: "name" });
        } else if self.name.chars().nth(MAX_NAME).is_some() {
            field_problems.push(Problem::TooLong { most: MAX_NAME, name: "name" });
        } else if self.name.chars().any(char::is_control) {
            field_problems.push(Problem::Invalid { message: "a name without control characters is expected", name: "name" });
        }
        if !(0..=23).contains(&self.hour) {
            field_problems.push(Problem::OutOfRange { message: "an hour from 0 to 23 is expected", name: "hour" });
        }
        field_problems
    }
}
