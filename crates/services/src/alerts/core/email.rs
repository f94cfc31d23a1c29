//! What a letter about alerts says, as text and as HTML.

use entity::prelude::*;
use platform::markup::escaped;

use super::{
    alert::Alert,
    kind::sentence,
    named::{DayText, Named},
};

/// Alerts that one letter lists; of more it says how many.
pub const MOST_LISTED: usize = 200;

/// A letter's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The letter about these alerts, `more` beside those that are listed.
pub fn written(tenant: &str, alerts: &[(Alert, Named)], more: usize, day: DayText) -> Written {
    let lines: Vec<String> = alerts.iter().map(|(alert, named)| line(alert, named, day)).collect();
    let subject = match (lines.as_slice(), more) {
        ([only], 0) => only.clone(),
        _ => format!("{} alerts of {tenant}", alerts.len() + more),
    };
    let rest = (more > 0).then(|| format!("and {more} more: ask for alerts to see them all."));
    let last = "You get this letter because a rule of your company for alerts names you.";
    let (mut text, mut html) = (format!("Alerts of {tenant}:\n\n"), format!("<p>Alerts of {}:</p>\n<ul>\n", escaped(tenant)));
    for line in lines.iter().chain(&rest) {
        text.push_str(&format!("* {line}\n"));
        html.push_str(&format!("<li>{}</li>\n", escaped(line)));
    }
    text.push_str(&format!("\n{last}\n"));
    let subject = plain(&subject);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{html}</ul>\n<p>{last}</p>\n</body></html>\n",
        escaped(&subject)
    );
    Written { subject, text, html }
}

/// One line: names of things stand in it, and none of them ends it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(alert: &Alert, named: &Named, day: DayText) -> String {
    let said = sentence(alert, named, day);
    let is_over = alert.state() == AlertState::Resolved && alert.kind != AlertKind::BackInStock;
    plain(&if is_over { format!("{said} (over by now)") } else { said })
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
    fn named() -> Named {
        let text = |text: &str| Some(text.to_owned());
        Named {
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
        let email = written("Mugs", &[(alert(AlertKind::LowStock, figures), named())], 0, day);
        assert_eq!(
            email.subject,
            "RICE Rice & \"peas\"  Bcc: eve@example.com runs low in Shop <1>: 1.500 kg available, told from 2.000 kg on"
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
        let email = written("Mugs", &[(out, named()), (over, named()), (cheap, named())], 40, day);
        assert_eq!(email.subject, "43 alerts of Mugs");
        assert!(email.text.contains("has run out in Shop <1> (over by now)\n"), "{}", email.text);
        assert!(email.text.contains("price 0.05 GBP, cost 12.50 GBP\n* and 40 more"), "{}", email.text);
    }

    #[test]
    fn a_transfer_is_told_by_its_number_and_the_day_for_which_it_was_expected() {
        let overdue = alert(AlertKind::TransferOverdue, AlertValues { day: Some(1), ..AlertValues::default() });
        let email = written("Mugs", &[(overdue, named())], 0, day);
        assert_eq!(email.subject, "transfer TR-000007 to Shop <1> is overdue: it was expected on 2026-11-30");
    }

    #[test]
    fn dead_stock_plans_and_strange_days_are_told_in_words() {
        let figures = AlertValues { quantity: Some(1_500), day: Some(1), ..AlertValues::default() };
        let subject = |kind| written("Mugs", &[(alert(kind, figures.clone()), named())], 0, day).subject;
        let rice = "RICE Rice & \"peas\"  Bcc: eve@example.com";
        assert_eq!(subject(AlertKind::DeadStock), format!("{rice} lies dead in Shop <1>: 1.500 kg"));
        let behind = format!("the plan for 1.500 kg of {rice} in Shop <1> until 2026-11-30 brings less than expected");
        assert_eq!(subject(AlertKind::LiquidationBehind), behind);
        assert_eq!(subject(AlertKind::StockAnomaly), format!("2026-11-30 was a strange day of {rice} in Shop <1>: 1.500 kg"));
    }

    #[test]
    fn a_schedule_that_fails_or_has_stopped_is_told_with_its_error() {
        let subject = |kind, runs, error: Option<&str>| {
            let schedule = FailedSchedule { name: "Low stock".to_owned(), error: error.map(ToOwned::to_owned) };
            let figures = AlertValues { quantity: Some(runs), schedule: Some(schedule), ..AlertValues::default() };
            written("Mugs", &[(alert(kind, figures), named())], 0, day).subject
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
            written("Mugs", &[(alert(kind, figures), named())], 0, day).subject
        };
        let of = "RICE Rice & \"peas\"  Bcc: eve@example.com in Shop <1>";
        let low =
            "too low: eight weeks brought 45.000 kg more than was forecast, told from 36.750 kg on, since the week of 2026-11-30";
        assert_eq!(subject(AlertKind::ForecastDrift, 45_000, 36_750, Some(1)), format!("forecasts of {of} are {low}"));
        let high = "too high: eight weeks brought 0.045 kg less than was forecast, told from 0.037 kg on";
        assert_eq!(subject(AlertKind::ForecastDrift, -45, 37, None), format!("forecasts of {of} are {high}"));
        let wide = "do not hold: 10 of 16 weeks were outside, told from 9 on";
        assert_eq!(subject(AlertKind::ForecastCoverage, 10, 9, None), format!("intervals of the forecasts of {of} {wide}"));
    }
}
