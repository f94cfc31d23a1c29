//! GraphQL enums of anomalies.

use async_graphql::Enum;
use entity::prelude;

/// Kind of an anomaly: a movement whose days are judged, by product and store, or a pattern.
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
    /// Pattern: units sold for less than their cost, without tax, on order lines of 5 whole units or more, or with a loss of 5.00 or more:
    /// `anomalyLossUnits` and `anomalyLossAmount` of the tenant's settings.
    BelowCost,
    /// Pattern: a member, an integration or a register has so many returns and cancellations in 28 days, 10 (`anomalyReversals`) or more, that the others of
    /// the store make a chance below 0.001. Registers are compared with registers.
    Reversals,
    /// Pattern: the last three (`anomalyShortCounts`) counts of a product, or more, all found fewer units than the books had.
    CountsShort,
    /// Pattern: a customer's orders with equal lines and totals in a store, each at most 10 minutes (`anomalyDuplicateMinutes`) after the one before.
    Duplicate,
    /// Pattern: stock that has neither moved nor been counted for 180 days (`anomalyUnmovedDays`).
    Unmoved,
    /// Pattern: receipts of a product from a supplier in a store with equal quantities and references, each at most `duplicateReceiptDays` after the one
    /// before.
    ReceivedTwice,
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
    /// The rule of a pattern, as its kind describes it.
    Pattern,
}

/// Status of an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AnomalyState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAnomalyStatus {
    /// The anomaly was not accepted yet.
    Open,
    /// The anomaly was accepted as correct.
    Accepted,
}

/// Order of a list of anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "services::anomalies::rows::AnomalySort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAnomalySort {
    /// Newest business day first.
    Day,
    /// Largest value first, in minor units whatever the currency; anomalies without a value come last. Requires product.cost.read.
    Value,
}
