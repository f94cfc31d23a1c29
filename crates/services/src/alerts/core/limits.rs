//! Limits and defaults of alerts and rules.

/// The longest note on an alert.
pub const MAX_NOTE: usize = 1_000;
/// Maximum rules of a tenant.
pub const MAX_RULES: i64 = 500;
/// Maximum addresses and members of a rule.
pub const MAX_RECIPIENTS: usize = 20;
/// Maximum days that a rule looks ahead or waits.
pub const MAX_DAYS: i32 = 3_650;
/// Days before its expiry date from which a lot has an alert, if no rule sets them.
pub const DEFAULT_EXPIRING_DAYS: i32 = 30;
/// Consecutive failures of a schedule before there is an alert.
pub const FAILED_RUNS_THRESHOLD: i64 = 3;
/// Maximum snooze: a year.
pub const MAX_SNOOZE_SECONDS: i64 = 366 * 24 * 3600;
