//! Reason texts for the effect of a product's weekdays on a promised service level.

use forecast::{intervals::DayShape, reorder::DemandOutlook, weekdays::NAMES};
use platform::plurals::pluralize;

use super::reason::{Reason, ReasonCode};

/// Reasons that stock is kept for certain weekdays, and that too few sales make the service level
/// uncertain. Empty if sales are even over the week.
pub(super) fn weekday_reasons(outlook: &DemandOutlook<'_>, service: f64) -> Vec<Reason> {
    let Some(days) = outlook.days() else { return Vec::new() };
    let DayShape { sales, is_even, .. } = *days.shape();
    let mut reasons = Vec::new();
    if !is_even {
        let weekday = days.weekday();
        let text = format!("it does not sell evenly over the week: stock is kept for the demand from {} on", NAMES[weekday]);
        reasons.push(Reason::new(ReasonCode::Weekdays, text, &[("weekday", (weekday + 1) as f64)]));
    }
    if !days.shape().has_enough_sales(service) {
        let text = format!(
            "it sold on {} of the last year: too few to estimate the size of a single sale, so that {:.1} % is not certain",
            pluralize(sales, "day", "days"),
            service * 100.0
        );
        reasons.push(Reason::new(ReasonCode::FewSales, text, &[("days", f64::from(sales)), ("serviceLevel", service)]));
    }
    reasons
}
