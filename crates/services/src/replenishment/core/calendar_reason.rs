//! Reason text for the days that a supplier's calendar adds to a lead time.

use platform::calendar::civil;

use super::{
    product::LeadTimes,
    reason::{Reason, ReasonCode},
};

/// The reason that an order waits for the supplier's days; None if the calendar does not lengthen
/// the lead time.
pub(super) fn waiting_reason(today: i32, leads: &LeadTimes, calendar_leads: &LeadTimes) -> Option<Reason> {
    let (lead_days, calendar_days) = (leads.lead_time().mean_days(), calendar_leads.lead_time().mean_days());
    if calendar_days <= lead_days {
        return None;
    }
    let order_on = format_date(leads.calendar.order_day(today));
    let arrives_on = format_date(leads.calendar.arrival(today, lead_days.ceil() as i32));
    let text = format!(
        "by the supplier's calendar an order goes out on {order_on} and arrives on {arrives_on}; \
         the lead time counts as {calendar_days:.0} days instead of {lead_days:.0}"
    );
    Some(Reason::new(ReasonCode::SupplierCalendar, text, &[("leadDays", lead_days), ("calendarDays", calendar_days)]))
}

/// Formats a day as `2026-11-30`.
fn format_date(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}
