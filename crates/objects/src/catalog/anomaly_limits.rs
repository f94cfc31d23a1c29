//! A store's own limits of anomalies.

use async_graphql::{InputObject, SimpleObject};
use inventory::catalog::core::anomaly_limits;

use crate::graphql::scalars::Long;

/// Limits of anomalies that a store has of its own.
#[derive(Debug, Clone, SimpleObject)]
pub struct StoreAnomalyLimits {
    /// Whole units in the largest line of a day from which the day is an anomaly of stock. Null for the tenant's anomalySize.
    pub size: Option<Long>,
    /// Whole units of an order line below its cost from which the line is an anomaly, BELOW_COST. Null for the tenant's anomalyLossUnits.
    pub loss_units: Option<Long>,
    /// Whole units of its currency that an order line below its cost loses, from which the line is an anomaly whatever its quantity, BELOW_COST. Null for
    /// the tenant's anomalyLossAmount.
    pub loss_amount: Option<Long>,
    /// Returns and cancellations of a member or an integration in 28 days from which they can be an anomaly, REVERSALS. Null for the tenant's
    /// anomalyReversals.
    pub reversals: Option<Long>,
    /// Counts of a product in a row that all miss units, from which they are an anomaly, COUNTS_SHORT. Null for the tenant's anomalyShortCounts.
    pub short_counts: Option<Long>,
    /// Most minutes between equal orders of a customer that are an anomaly, DUPLICATE. Null for the tenant's anomalyDuplicateMinutes.
    pub duplicate_minutes: Option<Long>,
    /// Days without a movement or a count from which stock is an anomaly, UNMOVED. Null for the tenant's anomalyUnmovedDays.
    pub unmoved_days: Option<Long>,
    /// Most days between equal receipts of goods that are an anomaly, RECEIVED_TWICE. Null for the tenant's duplicateReceiptDays.
    pub duplicate_receipt_days: Option<Long>,
}

/// Limits of anomalies that a store has of its own: those that are left out are the tenant's.
#[derive(Debug, Clone, InputObject)]
pub struct StoreAnomalyLimitsInput {
    /// Whole units in the largest line of a day from which the day is an anomaly of stock, 1 to 1,000,000. Null for the tenant's anomalySize.
    pub size: Option<Long>,
    /// Whole units of an order line below its cost from which the line is an anomaly, BELOW_COST, 1 to 1,000,000. Null for the tenant's
    /// anomalyLossUnits.
    pub loss_units: Option<Long>,
    /// Whole units of its currency that an order line below its cost loses, from which the line is an anomaly whatever its quantity, BELOW_COST, 1 to
    /// 1,000,000. Null for the tenant's anomalyLossAmount.
    pub loss_amount: Option<Long>,
    /// Returns and cancellations of a member or an integration in 28 days from which they can be an anomaly, REVERSALS, 2 to 10,000. Null for the
    /// tenant's anomalyReversals.
    pub reversals: Option<Long>,
    /// Counts of a product in a row that all miss units, from which they are an anomaly, COUNTS_SHORT, 2 to 20. Null for the tenant's
    /// anomalyShortCounts.
    pub short_counts: Option<Long>,
    /// Most minutes between equal orders of a customer that are an anomaly, DUPLICATE, 1 to 1,440. Null for the tenant's anomalyDuplicateMinutes.
    pub duplicate_minutes: Option<Long>,
    /// Days without a movement or a count from which stock is an anomaly, UNMOVED, 30 to 730. Null for the tenant's anomalyUnmovedDays.
    pub unmoved_days: Option<Long>,
    /// Most days between equal receipts of goods that are an anomaly, RECEIVED_TWICE, 1 to 30. Null for the tenant's duplicateReceiptDays.
    pub duplicate_receipt_days: Option<Long>,
}

/// Parses the limits in a column. None if the store has none of its own.
pub fn anomaly_limits(text: &str) -> Option<StoreAnomalyLimits> {
    let limits = anomaly_limits::AnomalyLimits::read(text)?;
    Some(StoreAnomalyLimits {
        size: limits.size.map(Long),
        loss_units: limits.loss_units.map(Long),
        loss_amount: limits.loss_amount.map(Long),
        reversals: limits.reversals.map(Long),
        short_counts: limits.short_counts.map(Long),
        duplicate_minutes: limits.duplicate_minutes.map(Long),
        unmoved_days: limits.unmoved_days.map(Long),
        duplicate_receipt_days: limits.duplicate_receipt_days.map(Long),
    })
}

impl From<StoreAnomalyLimitsInput> for anomaly_limits::AnomalyLimits {
    fn from(input: StoreAnomalyLimitsInput) -> Self {
        let long = |limit: Option<Long>| limit.map(|Long(number)| number);
        Self {
            size: long(input.size),
            loss_units: long(input.loss_units),
            loss_amount: long(input.loss_amount),
            reversals: long(input.reversals),
            short_counts: long(input.short_counts),
            duplicate_minutes: long(input.duplicate_minutes),
            unmoved_days: long(input.unmoved_days),
            duplicate_receipt_days: long(input.duplicate_receipt_days),
        }
    }
}
