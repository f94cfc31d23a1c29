//! Subject, text and HTML of an e-mail about alerts.

use entity::prelude::*;
use platform::markup::escape_markup;

use super::{
    alert::Alert,
    kind::sentence,
    named::{AlertNames, DayText},
};

/// Maximum alerts that an e-mail lists; it gives the number of the rest.
pub const MAX_LISTED: usize = 200;

/// Parts of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailParts {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes the e-mail about these alerts; `unlisted_count` is the number of alerts that are not listed.
pub fn compose_email(tenant: &str, alerts: &[(Alert, AlertNames)], unlisted_count: usize, day: DayText) -> EmailParts {
    let lines: Vec<String> = alerts.iter().map(|(alert, names)| line(alert, names, day)).collect();
    let subject = match (lines.as_slice(), unlisted_count) {
        ([only], 0) => only.clone(),
        _ => format!("{} alerts of {tenant}", alerts.len() + unlisted_count),
    };
    let rest = (unlisted_count > 0).then(|| format!("and {unlisted_count} more: query alerts to see all of them."));
    let footer = "You get this e-mail because an alert rule of your company names you.";
    let (mut text, mut html) =
        (format!("Alerts of {tenant}:\n\n"), format!("<p>Alerts of {}:</p>\n<ul>\n", escape_markup(tenant)));
    for line in lines.iter().chain(&rest) {
        text.push_str(&format!("* {line}\n"));
        html.push_str(&format!("<li>{}</li>\n", escape_markup(line)));
    }
    text.push_str(&format!("\n{footer}\n"));
    let subject = replace_control_chars(&subject);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{html}</ul>\n<p>{footer}</p>\n</body></html>\n",
        escape_markup(&subject)
    );
    EmailParts { subject, text, html }
}

/// Replaces control characters by spaces: a name within a line must not end it.
fn replace_control_chars(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(alert: &Alert, names: &AlertNames, day: DayText) -> String {
    let text = sentence(alert, names, day);
    let is_over = alert.state() == AlertState::Resolved && alert.kind != AlertKind::BackInStock;
    replace_control_chars(&if is_over { format!("{text} (resolved by now)") } else { text })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::alerts::core::{AlertValues, FailedSchedule, Handling, Margin, Subject};
    use inventory::stock::core::LevelKey;

    fn alert(kind: AlertKind, figures: AlertValues) -> Alert {
        let key = LevelKey { product: Id::from_uuid(Uuid::from_u128(1)), store: Id::from_uuid(Uuid::from_u128(2)) };
        Alert {
            id: AlertId::NIL,
            kind,
            subject: Subject::Level(key),
            handling: Handling::Open,
            figures,
            opened_at: Timestamp(0),
            seq: None,
            assignee: None,
            note: None,
            version: 1,
            updated_at: Timestamp(0),
        }
    }
    fn sample_names() -> AlertNames {
        let text = |text: &str| Some(text.to_owned());
        AlertNames {
            store: text("Shop <1>"),
            sku: text("RICE"),
            product: text("Rice & \"peas\"\r\nBcc: eve@example.com"),
            unit: Some(("kg".to_owned(), 3)),
            lot: text("L1"),
            number: text("TR-000007"),
        }
    }
    fn day(_: i32) -> String {
        "2026-11-30".to_owned()
    }

    #[test]
    fn one_alert_is_the_letters_subject_and_names_cannot_write_into_it() {
        let figures = AlertValues { quantity: Some(1_500), threshold: Some(2_000), ..AlertValues::default() };
        let email = compose_email("Mugs", &[(alert(AlertKind::LowStock, figures), sample_names())], 0, day);
        assert_eq!(
            email.subject,
            "RICE Rice & \"peas\"  Bcc: eve@example.com runs low in Shop <1>: 1.500 kg available, alert threshold 2.000 kg"
        );
        assert!(!email.html.contains("<1>") && email.html.contains("Rice &amp; &quot;peas&quot;"), "{}", email.html);
        assert_eq!(email.text.lines().filter(|line| line.starts_with("* ")).count(), 1);
    }

    #[test]
    fn several_are_a_list_and_many_are_counted() {
        let out = alert(AlertKind::OutOfStock, AlertValues::default());
        let over = Alert { handling: Handling::Resolved { at: out.updated_at, by: None }, ..out.clone() };
        let gbp = |minor| Money::new(minor, Currency::GBP);
        let margin = Some(Margin { price: gbp(5), cost: gbp(1_250) });
        let cheap = alert(AlertKind::NegativeMargin, AlertValues { margin, ..AlertValues::default() });
        let email = compose_email("Mugs", &[(out, sample_names()), (over, sample_names()), (cheap, sample_names())], 40, day);
        assert_eq!(email.subject, "43 alerts of Mugs");
        assert!(email.text.contains("has run out in Shop <1> (resolved by now)\n"), "{}", email.text);
        assert!(email.text.contains("price 0.05 GBP, cost 12.50 GBP\n* and 40 more"), "{}", email.text);
    }

    #[test]
    fn a_transfer_is_told_by_its_number_and_the_day_for_which_it_was_expected() {
        let overdue = alert(AlertKind::TransferOverdue, AlertValues { day: Some(1), ..AlertValues::default() });
        let email = compose_email("Mugs", &[(overdue, sample_names())], 0, day);
        assert_eq!(email.subject, "transfer TR-000007 to Shop <1> is overdue: it was expected on 2026-11-30");
    }

    #[test]
    fn dead_stock_plans_and_strange_days_are_told_in_words() {
        let figures = AlertValues { quantity: Some(1_500), day: Some(1), ..AlertValues::default() };
        let subject = |kind| compose_email("Mugs", &[(alert(kind, figures.clone()), sample_names())], 0, day).subject;
        let rice = "RICE Rice & \"peas\"  Bcc: eve@example.com";
        assert_eq!(subject(AlertKind::DeadStock), format!("{rice} is dead stock in Shop <1>: 1.500 kg"));
        let behind =
            format!("the liquidation plan for 1.500 kg of {rice} in Shop <1> until 2026-11-30 recovers less than expected");
        assert_eq!(subject(AlertKind::LiquidationBehind), behind);
        assert_eq!(subject(AlertKind::StockAnomaly), format!("2026-11-30 was an anomaly of {rice} in Shop <1>: 1.500 kg"));
    }

    #[test]
    fn a_schedule_that_fails_or_has_stopped_is_told_with_its_error() {
        let subject = |kind, runs, error: Option<&str>| {
            let schedule = FailedSchedule { name: "Low stock".to_owned(), error: error.map(ToOwned::to_owned) };
            let figures = AlertValues { quantity: Some(runs), schedule: Some(schedule), ..AlertValues::default() };
            compose_email("Mugs", &[(alert(kind, figures), sample_names())], 0, day).subject
        };
        assert_eq!(
            subject(AlertKind::SavedViewScheduleFailed, 3, Some("the mail server did not take\nan e-mail")),
            "the schedule of the saved view Low stock has failed 3 times in a row: the mail server did not take an e-mail"
        );
        let stopped = subject(AlertKind::ExportScheduleFailed, 1, Some("the owner has left"));
        assert_eq!(stopped, "the export schedule Low stock has stopped: the owner has left");
        let silent = subject(AlertKind::ExportScheduleFailed, 4, None);
        assert_eq!(silent, "the export schedule Low stock has failed 4 times in a row");
    }

    #[test]
    fn forecasts_that_are_off_are_told_by_which_side_and_by_how_much() {
        let subject = |kind, quantity, line, day_of| {
            let figures = AlertValues { quantity: Some(quantity), threshold: Some(line), day: day_of, ..AlertValues::default() };
            compose_email("Mugs", &[(alert(kind, figures), sample_names())], 0, day).subject
        };
        let of = "RICE Rice & \"peas\"  Bcc: eve@example.com in Shop <1>";
        let low =
            "too low: eight weeks had 45.000 kg more than was forecast, alert threshold 36.750 kg, since the week of 2026-11-30";
        assert_eq!(subject(AlertKind::ForecastDrift, 45_000, 36_750, Some(1)), format!("forecasts of {of} are {low}"));
        let high = "too high: eight weeks had 0.045 kg less than was forecast, alert threshold 0.037 kg";
        assert_eq!(subject(AlertKind::ForecastDrift, -45, 37, None), format!("forecasts of {of} are {high}"));
        let wide = "do not hold: 10 of 16 weeks were outside, alert threshold 9";
        assert_eq!(subject(AlertKind::ForecastCoverage, 10, 9, None), format!("forecast intervals of {of} {wide}"));
    }
}
