//! Facts of each kind of alert: its subject, the parts of a rule that it takes, the days that open
//! it, its sentence in an e-mail, and the descriptions in the API that name kinds (`alert_text!`).

use entity::prelude::*;
use inventory::stock::core::LevelKey;

use super::{
    alert::{Alert, AlertValues, Subject, SubjectIds},
    limits::{DEFAULT_EXPIRING_DAYS, FAILED_RUNS_THRESHOLD},
    named::{AlertNames, DayText, money, quantity},
};

/// Descriptions of fields in the API that say which kinds they are for. The crates that describe the fields take them from here.
#[macro_export]
macro_rules! alert_text {
    (store) => {
        "The store: of TRANSFER_OVERDUE the one that receives, of FULFILMENT_REJECTED the one that sold the order; null of NEGATIVE_MARGIN,\n\
         SAVED_VIEW_SCHEDULE_FAILED and EXPORT_SCHEDULE_FAILED, which are of none."
    };
    (product) => {
        "The product; null of PURCHASE_ORDER_LATE, TRANSFER_OVERDUE, COUNT_DIFFERENCE, FULFILMENT_OVERDUE and FULFILMENT_REJECTED, which may be about\n\
         many, and of SAVED_VIEW_SCHEDULE_FAILED and EXPORT_SCHEDULE_FAILED."
    };
    (order) => {
        "Order of a FULFILMENT_OVERDUE or FULFILMENT_REJECTED alert. Null for other kinds, and without order.read in the store that sold it."
    };
    (schedule) => {
        "Schedule that delivers nothing, of SAVED_VIEW_SCHEDULE_FAILED and EXPORT_SCHEDULE_FAILED, as it was when the alert opened. Null for other kinds."
    };
    (quantity) => {
        "Value at its opening: available of a level; quantity of a lot in the store; lines of a purchase order that are late, or of a transfer that have not\n\
         all arrived; works of an order that have not left, of FULFILMENT_OVERDUE; lines of an order that wait, of FULFILMENT_REJECTED; smallest units that a\n\
         count was off by in all; dead units of DEAD_STOCK; units of a plan's line of LIQUIDATION_BEHIND; most units of a strange day of STOCK_ANOMALY; units\n\
         of FORECAST_DRIFT that eight weeks brought beyond what was forecast, negative where they brought less; weeks outside their interval of\n\
         FORECAST_COVERAGE; runs in a row that failed, of SAVED_VIEW_SCHEDULE_FAILED and EXPORT_SCHEDULE_FAILED. Null of NEGATIVE_MARGIN."
    };
    (threshold) => {
        "Threshold that the quantity reached, for LOW_STOCK, OVERSTOCK, COUNT_DIFFERENCE, FORECAST_DRIFT (on either side of 0) and\n\
         FORECAST_COVERAGE. Null for other kinds."
    };
    (day) => {
        "The lot's last day, of EXPIRING; the day for which the first late line was expected, of PURCHASE_ORDER_LATE; the day for which the transfer\n\
         was expected, by the clocks of the store that receives it, of TRANSFER_OVERDUE; the day on which the first of the works was due, of FULFILMENT_OVERDUE, or\n\
         on which the order was placed, of FULFILMENT_REJECTED; the day of the last sale of DEAD_STOCK, null where nothing was ever sold; the\n\
         last day of the line of LIQUIDATION_BEHIND; the newest strange day of STOCK_ANOMALY; the Monday since which forecasts are off of FORECAST_DRIFT and\n\
         FORECAST_COVERAGE, null where that is longer ago than 26 weeks."
    };
    (rule_threshold) => {
        "The line that is crossed, in smallest units; null for the level's own, for any difference of a count, or, of\n\
         FORECAST_DRIFT, for units by the tracking signal alone."
    };
    (rule_days) => {
        "Days before a lot's expiry date, or of grace after the expected day of an order or a transfer, or the day on which works\n\
         are due; 0 to 3,650. Null for 30 before an expiry date, for 1 after the day of works, and else for no grace."
    };
    (set_threshold) => {
        "Threshold for LOW_STOCK, OVERSTOCK and COUNT_DIFFERENCE, in smallest units, 0 or more; for FORECAST_DRIFT, the fewest units that\n\
         eight weeks must be off by, beside the tracking signal. Null for the level's own, and for 1 of COUNT_DIFFERENCE."
    };
    (set_days) => {
        "Days before a lot's expiry date (EXPIRING), or of grace after the expected day of an order (PURCHASE_ORDER_LATE) or a\n\
         transfer (TRANSFER_OVERDUE), or the day on which works are due (FULFILMENT_OVERDUE); 0 to 3,650. Null for 30 before an expiry\n\
         date, for 1 after the day of works, and else for no grace."
    };
}

impl Subject {
    /// Returns the subject of a kind; `None` if the IDs are not those of the kind.
    pub fn of(kind: AlertKind, ids: SubjectIds) -> Option<Self> {
        let level = || Some(LevelKey { product: ids.product?, store: ids.store? });
        match kind {
            AlertKind::LowStock
            | AlertKind::OutOfStock
            | AlertKind::BackInStock
            | AlertKind::Overstock
            | AlertKind::DeadStock
            | AlertKind::LiquidationBehind
            | AlertKind::StockAnomaly
            | AlertKind::ForecastDrift
            | AlertKind::ForecastCoverage => level().map(Self::Level),
            AlertKind::NegativeMargin => ids.product.map(Self::Product),
            AlertKind::Expiring => Some(Self::Lot(ids.lot?, level()?)),
            AlertKind::PurchaseOrderLate => Some(Self::PurchaseOrder(ids.purchase_order?, ids.store?)),
            AlertKind::TransferOverdue => Some(Self::Transfer(ids.transfer?, ids.store?)),
            AlertKind::CountDifference => Some(Self::Count(ids.count?, ids.store?)),
            AlertKind::FulfilmentOverdue | AlertKind::FulfilmentRejected => Some(Self::Order(ids.order?, ids.store?)),
            AlertKind::SavedViewScheduleFailed => ids.schedule.map(Id::from_uuid).map(Self::SavedViewSchedule),
            AlertKind::ExportScheduleFailed => ids.schedule.map(Id::from_uuid).map(Self::ExportSchedule),
        }
    }
}

/// Returns which fields of scope and parameters a rule of the kind accepts: store, product or
/// category, threshold, days.
pub const fn accepted_fields(kind: AlertKind) -> [bool; 4] {
    match kind {
        AlertKind::LowStock | AlertKind::Overstock | AlertKind::ForecastDrift => [true, true, true, false],
        AlertKind::OutOfStock
        | AlertKind::BackInStock
        | AlertKind::DeadStock
        | AlertKind::LiquidationBehind
        | AlertKind::StockAnomaly
        | AlertKind::ForecastCoverage => [true, true, false, false],
        AlertKind::Expiring => [true, true, false, true],
        AlertKind::NegativeMargin => [false, true, false, false],
        AlertKind::PurchaseOrderLate | AlertKind::TransferOverdue | AlertKind::FulfilmentOverdue => [true, false, false, true],
        AlertKind::FulfilmentRejected => [true, false, false, false],
        AlertKind::CountDifference => [true, false, true, false],
        AlertKind::SavedViewScheduleFailed | AlertKind::ExportScheduleFailed => [false, false, false, false],
    }
}

/// The kinds that are about schedules.
pub const SCHEDULE_KINDS: [AlertKind; 2] = [AlertKind::SavedViewScheduleFailed, AlertKind::ExportScheduleFailed];

/// A kind of alert that a date opens, without an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatedKind {
    /// A lot approaches its expiry date.
    Expiring,
    /// A purchase order has not arrived on its due day.
    PurchaseOrderLate,
    /// A transfer has not arrived on its due day.
    TransferOverdue,
    /// A past day was anomalous, and no member has accepted it.
    StockAnomaly,
    /// A store has not shipped a fulfilment by its due day.
    FulfilmentOverdue,
    /// All stores that had stock for an order have rejected its fulfilments, and the order waits.
    FulfilmentRejected,
}

impl DatedKind {
    /// Returns `None` for a kind that an event, a schedule or another room opens.
    fn of(kind: AlertKind) -> Option<Self> {
        match kind {
            AlertKind::Expiring => Some(Self::Expiring),
            AlertKind::PurchaseOrderLate => Some(Self::PurchaseOrderLate),
            AlertKind::TransferOverdue => Some(Self::TransferOverdue),
            AlertKind::StockAnomaly => Some(Self::StockAnomaly),
            AlertKind::FulfilmentOverdue => Some(Self::FulfilmentOverdue),
            AlertKind::FulfilmentRejected => Some(Self::FulfilmentRejected),
            AlertKind::LowStock
            | AlertKind::OutOfStock
            | AlertKind::BackInStock
            | AlertKind::Overstock
            | AlertKind::NegativeMargin
            | AlertKind::CountDifference
            | AlertKind::DeadStock
            | AlertKind::LiquidationBehind
            | AlertKind::ForecastDrift
            | AlertKind::ForecastCoverage
            | AlertKind::SavedViewScheduleFailed
            | AlertKind::ExportScheduleFailed => None,
        }
    }
    /// Returns each dated kind with the kind of its alerts.
    pub fn all() -> impl Iterator<Item = (Self, AlertKind)> {
        AlertKind::ALL.iter().filter_map(|kind| Some((Self::of(*kind)?, *kind)))
    }
    /// Returns the days of a rule that sets none.
    pub const fn default_days(self) -> i32 {
        match self {
            Self::Expiring => DEFAULT_EXPIRING_DAYS,
            // Without requestedFor and a handling time a fulfilment is due when its order is
            // placed.
            Self::FulfilmentOverdue => 1,
            Self::PurchaseOrderLate | Self::TransferOverdue | Self::StockAnomaly | Self::FulfilmentRejected => 0,
        }
    }
    /// Whether a subject with a date is due today: at most `days` days before the date, or more
    /// than `days` days after it, by kind.
    pub const fn is_due(self, day: i32, days: i32, today: i32) -> bool {
        match self {
            Self::Expiring => day <= today.saturating_add(days),
            Self::PurchaseOrderLate | Self::TransferOverdue | Self::FulfilmentOverdue => day.saturating_add(days) < today,
            // The day was judged after its end in the store; a rejected fulfilment is due from the
            // moment of the rejection.
            Self::StockAnomaly | Self::FulfilmentRejected => true,
        }
    }
}

/// The sentence of an e-mail about an alert. Names in it may have control characters.
pub(super) fn sentence(alert: &Alert, names: &AlertNames, day: DayText) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (store, product) = (text(&names.store), format!("{} {}", text(&names.sku), text(&names.product)));
    let values = &alert.figures;
    let amount = |value: Option<i64>| value.map_or_else(|| "?".to_owned(), |value| quantity(value, names.unit.as_ref()));
    let date = values.day.map(day).unwrap_or_default();
    let number = text(&names.number);
    match alert.kind {
        AlertKind::LowStock => {
            format!(
                "{product} runs low in {store}: {} available, alert threshold {}",
                amount(values.quantity),
                amount(values.threshold)
            )
        }
        AlertKind::OutOfStock => format!("{product} has run out in {store}"),
        AlertKind::BackInStock => format!("{product} is back in {store}: {} available", amount(values.quantity)),
        AlertKind::Overstock => {
            format!(
                "{store} has too much of {product}: {} available, alert threshold {}",
                amount(values.quantity),
                amount(values.threshold)
            )
        }
        AlertKind::Expiring => {
            format!("{product}, lot {} in {store}, is good until {date}: {} there", text(&names.lot), amount(values.quantity))
        }
        AlertKind::NegativeMargin => match values.margin {
            Some(margin) => {
                format!("{product} is sold below its cost: price {}, cost {}", money(margin.price), money(margin.cost))
            }
            None => format!("{product} is sold below its cost"),
        },
        AlertKind::PurchaseOrderLate => format!("purchase order {number} for {store} is late: it was expected on {date}"),
        AlertKind::TransferOverdue => format!("transfer {number} to {store} is overdue: it was expected on {date}"),
        AlertKind::CountDifference => {
            format!("count {number} of {store} was off by {} in all", values.quantity.unwrap_or_default())
        }
        AlertKind::DeadStock => format!("{product} is dead stock in {store}: {}", amount(values.quantity)),
        AlertKind::LiquidationBehind => {
            format!(
                "the liquidation plan for {} of {product} in {store} until {date} recovers less than expected",
                amount(values.quantity)
            )
        }
        AlertKind::StockAnomaly => format!("{date} was an anomaly of {product} in {store}: {}", amount(values.quantity)),
        AlertKind::FulfilmentOverdue => format!("order {number} has not left {store}: it was due on {date}"),
        AlertKind::FulfilmentRejected => {
            let lines = values.quantity.unwrap_or_default();
            format!("order {number} of {store} waits for goods that every store has refused: {lines} of its lines")
        }
        AlertKind::ForecastDrift | AlertKind::ForecastCoverage => forecast(alert, &format!("{product} in {store}"), names, &date),
        AlertKind::SavedViewScheduleFailed => schedule(values, "schedule of the saved view"),
        AlertKind::ExportScheduleFailed => schedule(values, "export schedule"),
    }
}

/// Returns the sentence about the last outcome of a schedule and its cause.
fn schedule(values: &AlertValues, schedule_kind: &str) -> String {
    let Some(schedule) = &values.schedule else { return format!("the {schedule_kind} delivers nothing") };
    let outcome = match values.quantity {
        Some(runs) if runs >= FAILED_RUNS_THRESHOLD => format!("has failed {runs} times in a row"),
        _ => "has stopped".to_owned(),
    };
    let error_text = schedule.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("the {schedule_kind} {} {outcome}{error_text}", schedule.name)
}

/// Returns the sentence about a product's forecasts in a store that are biased, or whose intervals
/// do not hold, and the week in which that began.
fn forecast(alert: &Alert, subject: &str, names: &AlertNames, date: &str) -> String {
    let AlertValues { quantity: Some(deviation), threshold: Some(limit), .. } = alert.figures else {
        return format!("forecasts of {subject} are off");
    };
    let since = if date.is_empty() { String::new() } else { format!(", since the week of {date}") };
    if alert.kind == AlertKind::ForecastCoverage {
        return format!(
            "forecast intervals of {subject} do not hold: {deviation} of 16 weeks were outside, alert threshold {limit}{since}"
        );
    }
    let (low_or_high, more_or_less) = if deviation < 0 { ("high", "less") } else { ("low", "more") };
    let amount = |units: i64| quantity(units, names.unit.as_ref());
    format!(
        "forecasts of {subject} are too {low_or_high}: eight weeks had {} {more_or_less} than was forecast, alert threshold {}{since}",
        amount(deviation.saturating_abs()),
        amount(limit)
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_expected_is_overdue_when_its_day_and_its_days_of_grace_are_over() {
        for kind in [DatedKind::PurchaseOrderLate, DatedKind::TransferOverdue, DatedKind::FulfilmentOverdue] {
            assert_eq!([9, 10, 11].map(|today| kind.is_due(10, 0, today)), [false, false, true]);
            assert_eq!([11, 12, 13].map(|today| kind.is_due(10, 2, today)), [false, false, true]);
            assert!(!kind.is_due(i32::MAX, 1, 10), "it has no day");
        }
        assert_eq!([7, 8, 9].map(|today| DatedKind::Expiring.is_due(10, 2, today)), [false, true, true]);
    }

    /// All IDs: a subject takes those of its kind.
    const EVERY: SubjectIds = SubjectIds {
        store: Some(StoreId::NIL),
        product: Some(ProductId::NIL),
        lot: Some(LotId::NIL),
        purchase_order: Some(PurchaseOrderId::NIL),
        transfer: Some(TransferId::NIL),
        count: Some(CountId::NIL),
        order: Some(OrderId::NIL),
        schedule: Some(Uuid::nil()),
    };

    #[test]
    fn descriptions_name_the_kinds_that_they_are_for_and_the_page_has_each() {
        let page = include_str!("../../../../../docs/alerts.md");
        for kind in AlertKind::ALL {
            let ids = Subject::of(*kind, EVERY).unwrap().ids();
            let [_, _, threshold, days] = accepted_fields(*kind);
            for (text, is_named) in [
                (alert_text!(product), ids.product.is_none()),
                (alert_text!(order), ids.order.is_some()),
                (alert_text!(schedule), ids.schedule.is_some()),
                (alert_text!(set_threshold), threshold),
                (alert_text!(set_days), days),
            ] {
                assert_eq!(text.contains(kind.as_str()), is_named, "{kind}: {text}");
            }
            assert!(page.contains(&format!("\n| `{kind}` |")), "docs/alerts.md has no row of {kind}");
        }
    }
}
