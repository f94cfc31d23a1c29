//! Horizon of the moments that a job sets: a later moment comes from a clock that was ahead, and is
//! not waited for.

use entity::prelude::Timestamp;
use sea_orm::Value;

/// Maximum time between now and the next moment of a row, if the clock that set it was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    seconds: i64,
}

impl Horizon {
    pub const fn of_seconds(seconds: i64) -> Self {
        Self { seconds }
    }

    pub const fn of_days(days: i64) -> Self {
        Self::of_seconds(days * 86_400)
    }

    /// Returns the latest moment that a right clock can have set at `now`.
    pub fn latest(self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.seconds)
    }

    /// Returns the condition that the moment in a column is due at `now`, or later than a right
    /// clock can have set; its parameters are numbered from `next`.
    pub fn due_condition(self, column: &str, now: Timestamp, next: usize) -> (String, Vec<Value>) {
        let sql = format!("({column} <= ${next} OR {column} > ${})", next + 1);
        (sql, vec![now.micros().into(), self.latest(now).micros().into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_due_when_it_has_come_or_lies_behind_the_horizon() {
        let (sql, values) = Horizon::of_days(2).due_condition("s.next_run_at", Timestamp(5), 2);
        assert_eq!(sql, "(s.next_run_at <= $2 OR s.next_run_at > $3)");
        assert_eq!(values, [Value::from(5_i64), Value::from(172_800_000_005_i64)]);
    }
}
