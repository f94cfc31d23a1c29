//! The check of an argument's number against its range.

use platform::path;

use crate::graphql::fault::{Answer, TopError};

pub(super) fn check_range(value: i32, range: std::ops::RangeInclusive<i32>, name: &str) -> Answer<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(TopError::bad_input(format!("{name} is {} to {}", range.start(), range.end()), path![name]))
}
