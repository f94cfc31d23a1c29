//! What a letter about alerts says, as text and as HTML.

use entity::prelude::*;
use platform::markup::escaped;

use super::alert::{Alert, AlertValues};

/// Alerts that one letter lists; of more it says how many.
pub const MOST_LISTED: usize = 200;

/// The names of what an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    pub store: Option<String>,
    pub sku: Option<String>,
    pub product: Option<String>,
    /// The product's unit, and its decimals.
    pub unit: Option<(String, u8)>,
    pub lot: Option<String>,
    /// Of a purchase order, a transfer, a count or an order.
    pub number: Option<String>,
}

/// A letter's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// How days and moments are told, which the clock knows.
pub type DayText = fn(i32) -> String;

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
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (store, product) = (text(&named.store), format!("{} {}", text(&named.sku), text(&named.product)));
    let figures = &alert.figures;
    let amount = |figure: Option<i64>| figure.map_or_else(|| "?".to_owned(), |figure| quantity(figure, named.unit.as_ref()));
    let on = figures.day.map(day).unwrap_or_default();
    let number = text(&named.number);
    let said = match alert.kind {
        AlertKind::LowStock => {
            format!(
                "{product} runs low in {store}: {} available, told from {} on",
                amount(figures.quantity),
                amount(figures.threshold)
            )
        }
        AlertKind::OutOfStock => format!("{product} has run out in {store}"),
        AlertKind::BackInStock => format!("{product} is back in {store}: {} available", amount(figures.quantity)),
        AlertKind::Overstock => {
            format!(
                "{store} has too much of {product}: {} available, told from {} on",
                amount(figures.quantity),
                amount(figures.threshold)
            )
        }
        AlertKind::Expiring => {
            format!("{product}, lot {} in {store}, is good until {on}: {} there", text(&named.lot), amount(figures.quantity))
        }
        AlertKind::NegativeMargin => match figures.margin {
            Some(margin) => {
                format!("{product} is sold below its cost: price {}, cost {}", money(margin.price), money(margin.cost))
            }
            None => format!("{product} is sold below its cost"),
        },
        AlertKind::PurchaseOrderLate => format!("purchase order {number} for {store} is late: it was expected on {on}"),
        AlertKind::TransferOverdue => format!("transfer {number} to {store} is overdue: it was expected on {on}"),
        AlertKind::CountDifference => {
            format!("count {number} of {store} was off by {} in all", figures.quantity.unwrap_or_default())
        }
        AlertKind::DeadStock => format!("{product} lies dead in {store}: {}", amount(figures.quantity)),
        AlertKind::LiquidationBehind => {
            format!("the plan for {} of {product} in {store} until {on} brings less than expected", amount(figures.quantity))
        }
        AlertKind::StockAnomaly => format!("{on} was a strange day of {product} in {store}: {}", amount(figures.quantity)),
        AlertKind::FulfilmentOverdue => format!("order {number} has not left {store}: it was due on {on}"),
        AlertKind::FulfilmentRejected => {
            let lines = figures.quantity.unwrap_or_default();
            format!("order {number} of {store} waits for goods that every store has refused: {lines} of its lines")
        }
        AlertKind::ForecastDrift | AlertKind::ForecastCoverage => forecast(alert, &format!("{product} in {store}"), named, &on),
    };
    let is_over = alert.state() == AlertState::Resolved && alert.kind != AlertKind::BackInStock;
    plain(&if is_over { format!("{said} (over by now)") } else { said })
}

/// How forecasts of a product in a store are off, and since which week.
fn forecast(alert: &Alert, of: &str, named: &Named, on: &str) -> String {
    let AlertValues { quantity: Some(off), threshold: Some(line), .. } = alert.figures else {
        return format!("forecasts of {of} are off");
    };
    let since = if on.is_empty() { String::new() } else { format!(", since the week of {on}") };
    if alert.kind == AlertKind::ForecastCoverage {
        return format!(
            "intervals of the forecasts of {of} do not hold: {off} of 16 weeks were outside, told from {line} on{since}"
        );
    }
    let (low_or_high, more_or_less) = if off < 0 { ("high", "less") } else { ("low", "more") };
    let amount = |units: i64| quantity(units, named.unit.as_ref());
    format!(
        "forecasts of {of} are too {low_or_high}: eight weeks brought {} {more_or_less} than was forecast, told from {} on{since}",
        amount(off.saturating_abs()),
        amount(line)
    )
}

/// An integer of smallest units as people write it: 1500 of a kg with three decimals is 1.500 kg.
fn quantity(figure: i64, unit: Option<&(String, u8)>) -> String {
    let Some((code, decimals)) = unit else { return figure.to_string() };
    let amount = decimal(figure, usize::from(*decimals));
    format!("{amount} {code}")
}

fn money(money: Money) -> String {
    format!("{} {}", money.amount(), money.currency)
}

fn decimal(figure: i64, decimals: usize) -> String {
    if decimals == 0 {
        return figure.to_string();
    }
    let sign = if figure < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", figure.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::alerts::core::{Handling, Margin, Subject};
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
        let subject = |kind| written("Mugs", &[(alert(kind, figures), named())], 0, day).subject;
        let rice = "RICE Rice & \"peas\"  Bcc: eve@example.com";
        assert_eq!(subject(AlertKind::DeadStock), format!("{rice} lies dead in Shop <1>: 1.500 kg"));
        let behind = format!("the plan for 1.500 kg of {rice} in Shop <1> until 2026-11-30 brings less than expected");
        assert_eq!(subject(AlertKind::LiquidationBehind), behind);
        assert_eq!(subject(AlertKind::StockAnomaly), format!("2026-11-30 was a strange day of {rice} in Shop <1>: 1.500 kg"));
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

    #[test]
    fn figures_are_told_in_units() {
        assert_eq!(quantity(-1_500, Some(&("kg".to_owned(), 3))), "-1.500 kg");
        assert_eq!(quantity(7, Some(&("kg".to_owned(), 3))), "0.007 kg");
        assert_eq!(quantity(i64::MIN, Some(&("pc".to_owned(), 0))), "-9223372036854775808 pc");
    }
}
