//! The closed sets of words that alerts have, with what each means.

use async_graphql::Enum;
use entity::prelude;

/// Kind of an alert: the condition that it reports. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AlertKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertKind {
    /// Available fell to the rule's threshold, or to one and a half times the reorder point or the product's own threshold.
    LowStock,
    /// No stock is available.
    OutOfStock,
    /// Stock is available again. The alert is RESOLVED from the start, as nothing remains to be
    /// done.
    BackInStock,
    /// Available rose to the rule's threshold, or to the level's maximum.
    Overstock,
    /// A store has some of a lot that is for sale and near its date or past it.
    Expiring,
    /// The price of a product is below its cost.
    NegativeMargin,
    /// Lines of a purchase order were expected by now.
    PurchaseOrderLate,
    /// A transfer was expected by now, and something of it is still under way.
    TransferOverdue,
    /// A count was posted, and the books were off.
    CountDifference,
    /// Dead or slow units of a product in a store cost the `alertValue` of `liquidationSettings` or more, and no plan does anything with them.
    DeadStock,
    /// A line of a liquidation plan has brought less than its lower bound asks for by now, or its day is over and the plan was not followed.
    LiquidationBehind,
    /// A day of a product in a store was strange, and is not accepted yet.
    StockAnomaly,
    /// Forecasts of a product in a store are too low, or too high, again and again: the tracking signal of the last eight weeks is beyond 6 on either side, and
    /// was a week before. RESOLVED within 4.
    ForecastDrift,
    /// Intervals of a product in a store hold too few weeks: at least 9 of the last 16 were outside those of 80 %, and were a week before. RESOLVED at 6.
    ForecastCoverage,
    /// Works of an order were due in a store, and something of them has not left.
    FulfilmentOverdue,
    /// An order waits for goods that a store has refused, and no other store has them.
    FulfilmentRejected,
}

/// State of an alert. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AlertState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertStatus {
    /// The alert was not acknowledged yet.
    Open,
    /// The alert was acknowledged.
    Acknowledged,
    /// Put off; it is OPEN again when its time comes.
    Snoozed,
    /// The condition has ended, or the alert was resolved by hand.
    Resolved,
}

/// Collection of e-mails about alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AlertDigest", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertDigest {
    /// E-mails are sent at once.
    None,
    /// E-mails are collected and sent once an hour, at the full hour.
    Hourly,
    /// E-mails are collected and sent once a day, at the hour that the rule sets.
    Daily,
}
