//! The days on which suppliers take orders and deliver.

use async_graphql::{InputObject, SimpleObject};
use inventory::catalog::core::calendar;

use super::company::all;
use crate::graphql::scalars::Date;

/// Calendar of a supplier: the days on which it takes orders and delivers.
#[derive(Debug, Clone, SimpleObject)]
pub struct SupplierCalendar {
    /// Weekdays on which the supplier takes orders, from 1, a Monday, to 7, ascending. Empty for any weekday.
    pub order_days: Vec<i32>,
    /// Weekdays on which the supplier delivers, from 1, a Monday, to 7, ascending. Empty for any weekday.
    pub delivery_days: Vec<i32>,
    /// Days on which the supplier neither takes orders nor delivers, 0 to 60, the earliest first.
    pub closed_days: Vec<SupplierClosedDay>,
}

/// Day on which a supplier neither takes orders nor delivers.
#[derive(Debug, Clone, SimpleObject)]
pub struct SupplierClosedDay {
    /// Date of the day, where the supplier is.
    pub date: Date,
    /// Name of the day, such as a holiday's. Null when none was given.
    pub name: Option<String>,
}

/// Calendar of a supplier: the days on which it takes orders and delivers. A calendar whose lists are empty is none.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierCalendarInput {
    /// Weekdays on which the supplier takes orders, from 1, a Monday, to 7. Null or an empty list for any weekday.
    pub order_days: Option<Vec<i32>>,
    /// Weekdays on which the supplier delivers, from 1, a Monday, to 7. Null or an empty list for any weekday.
    pub delivery_days: Option<Vec<i32>>,
    /// Days on which the supplier neither takes orders nor delivers, at most 60, each date once. Null or an empty list for none.
    pub closed_days: Option<Vec<SupplierClosedDayInput>>,
}

/// Day on which a supplier neither takes orders nor delivers.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierClosedDayInput {
    /// Date of the day, where the supplier is.
    pub date: Date,
    /// Name of the day, such as a holiday's, at most 120 characters. Null for none.
    pub name: Option<String>,
}

/// The calendar in a column.
pub fn calendar(text: &str) -> SupplierCalendar {
    let record = calendar::SupplierCalendar::read(Some(text));
    let to_closed_day = |record: calendar::ClosedDay| SupplierClosedDay { date: Date(record.day), name: record.name };
    SupplierCalendar {
        order_days: record.order_days,
        delivery_days: record.delivery_days,
        closed_days: record.closed_days.into_iter().map(to_closed_day).collect(),
    }
}

impl From<SupplierCalendarInput> for calendar::SupplierCalendar {
    fn from(input: SupplierCalendarInput) -> Self {
        Self {
            order_days: input.order_days.unwrap_or_default(),
            delivery_days: input.delivery_days.unwrap_or_default(),
            closed_days: input.closed_days.map(all).unwrap_or_default(),
        }
    }
}

impl From<SupplierClosedDayInput> for calendar::ClosedDay {
    fn from(input: SupplierClosedDayInput) -> Self {
        Self { day: input.date.0, name: input.name }
    }
}
