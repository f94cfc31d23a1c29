//! What the days of a product say of a promise, in words.

use forecast::{intervals::DayShape, reorder::Outlook, weekdays::NAMES};
use platform::plurals::counted;

use super::reason::{Reason, ReasonCode};

/// That stock is kept for certain days of the week, and that few sales cannot bear what is promised. Nothing where days are even.
pub(super) fn of_days(outlook: &Outlook<'_>, service: f64) -> Vec<Reason> {
    let Some(days) = outlook.days() else { return Vec::new() };
    let DayShape { sales, is_even, .. } = *days.shape();
    let mut found = Vec::new();
    if !is_even {
        let weekday = days.weekday();
        let text = format!("it does not sell evenly over the week: stock is kept for the demand from {} on", NAMES[weekday]);
        found.push(Reason::new(ReasonCode::Weekdays, text, &[("weekday", (weekday + 1) as f64)]));
    }
    if !days.shape().bears(service) {
        let text = format!(
            "it sold on {} of the last year: too few to tell how much a single sale may ask for, so that {:.1} % is not certain",
            counted(sales, "day", "days"),
            service * 100.0
        );
        found.push(Reason::new(ReasonCode::FewSales, text, &[("days", f64::from(sales)), ("serviceLevel", service)]));
    }
    found
}
