//! The time that a store takes from an order to its shipment.

use async_graphql::{InputObject, SimpleObject};
use inventory::catalog::core::handling;

/// Time from an order to its shipment: working days, and hours after them.
#[derive(Debug, Clone, SimpleObject)]
pub struct HandlingTime {
    /// Hours of any day, 0 to 720. They count after the working days.
    pub hours: i32,
    /// Working days after the day of the order, 0 to 60.
    pub working_days: i32,
    /// Weekdays that are working days, from 1, a Monday, to 7, ascending.
    pub open_days: Vec<i32>,
}

/// Time from an order to its shipment: working days, and hours after them. One of 0 hours and 0 working days is none.
#[derive(Debug, Clone, InputObject)]
pub struct HandlingTimeInput {
    /// Hours of any day, 0 to 720. They count after the working days. Null for 0.
    pub hours: Option<i32>,
    /// Working days after the day of the order, 0 to 60. Null for 0.
    pub working_days: Option<i32>,
    /// Weekdays that are working days, from 1, a Monday, to 7. Null or an empty list for Monday to Friday.
    pub open_days: Option<Vec<i32>>,
}

/// Parses the handling time in a column. None if the store has none.
pub fn handling_time(text: &str) -> Option<HandlingTime> {
    let time = handling::HandlingTime::read(text)?;
    Some(HandlingTime { hours: time.hours, working_days: time.working_days, open_days: time.days().to_vec() })
}

impl From<HandlingTimeInput> for handling::HandlingTime {
    fn from(input: HandlingTimeInput) -> Self {
        Self {
            hours: input.hours.unwrap_or_default(),
            working_days: input.working_days.unwrap_or_default(),
            open_days: input.open_days.unwrap_or_default(),
        }
    }
}
