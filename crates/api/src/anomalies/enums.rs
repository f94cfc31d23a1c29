//! The closed sets of words that anomalies have.

use async_graphql::Enum;
use entity::prelude;

/// Kind of movement whose days are judged, by product and store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AnomalyKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAnomalyKind {
    /// Units of confirmed orders less cancelled ones, on the day they were ordered, and sales posted to the ledger without an order.
    Sale,
    /// Units that customers brought back.
    Return,
    /// Units that adjustments, counts and discrepancies added.
    AdjustIn,
    /// Units that adjustments, counts and discrepancies took away.
    AdjustOut,
    /// Units that were removed, as damaged, lost or expired ones.
    Removal,
}

/// Rule by which a day was flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AnomalyRule", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAnomalyRule {
    /// The day's units are 3.5 robust deviations or more from those of the last 60 active days, on a logarithmic scale.
    Unusual,
    /// A line has 2,000 whole units or more.
    LargeLine,
    /// A line has 20 times the usual largest line or more, where 20 active days are known.
    ManyUsualLines,
}

/// State of an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AnomalyState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAnomalyState {
    /// The anomaly was not accepted yet.
    Open,
    /// The anomaly was accepted as correct.
    Accepted,
}
